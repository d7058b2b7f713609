//! Ratings, and what is known of users and films.

use std::path::Path;

use foldin::data::synthetic::Synthetic;
use foldin::data::{Encoding, Ids, ItemAttributes, TableLayout, TextTable, UserAttributes};
use foldin::prelude::*;

use crate::Failure;
use crate::args::Args;

/// Part of the variance that attributes tell of generated users and films.
const TOLD: f32 = 0.5;

pub struct World {
    pub data: Interactions,
    /// A name for each film.
    pub titles: Vec<String>,
}

pub fn read(args: &Args) -> Result<World, Failure> {
    let Some(path) = &args.ratings else { return generated(args.seed) };
    let (mut data, ids) = InteractionsBuilder::new().from_csv_path(path)?;
    let mut titles = ids.items.keys().to_vec();
    if let Some(path) = &args.item_attributes {
        let (films, report) =
            either(|layout| ItemAttributes::builder().add_file(path, layout))?.build(&ids)?;
        eprintln!("{report}");
        data = data.with_item_attributes(films.into())?;
        titles = names(path, &ids)?;
    }
    if let Some(path) = &args.user_attributes {
        let (users, report) =
            either(|layout| UserAttributes::builder().add_file(path, layout))?.build(&ids)?;
        eprintln!("{report}");
        data = data.with_user_attributes(users.into())?;
    }
    Ok(World { data, titles })
}

fn generated(seed: u64) -> Result<World, Failure> {
    let world = Synthetic::new().told(TOLD).seed(seed).generate()?;
    let (users, films) = (world.user_attributes()?, world.item_attributes()?);
    let data = world.interactions.with_user_attributes(users.into())?.with_item_attributes(films.into())?;
    Ok(World { data, titles: world.titles })
}

/// Reads a table as UTF-8, or else as Latin-1.
fn either<T, E>(read: impl Fn(&TableLayout) -> Result<T, E>) -> Result<T, E> {
    read(&TableLayout::new()).or_else(|_| read(&TableLayout::new().encoding(Encoding::Latin1)))
}

/// The second column of the table, or the id where the table has no such row.
fn names(path: &Path, ids: &Ids) -> Result<Vec<String>, Failure> {
    let table = either(|layout| TextTable::from_path(path, layout))?;
    Ok(ids.items.keys().iter().map(|id| table.text(id, 1).unwrap_or(id).to_string()).collect())
}
