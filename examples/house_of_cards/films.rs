//! Holding out whole films.

use foldin::data::EncodedRow;
use foldin::evaluate::Split;
use foldin::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Failure;
use crate::args::Args;
use crate::world::World;

/// The least ratings of a film that can be held out: fewer say little of its true mean.
const LEAST: usize = 20;

pub struct Parts {
    pub train: Interactions,
    /// Ratings held out of films that have others.
    pub ordinary: Interactions,
    /// All ratings of the films held out.
    pub of_films: Interactions,
    pub films: Vec<HeldOut>,
}

/// A film as it was before anybody had seen it.
pub struct HeldOut {
    pub item: ItemIx,
    pub attributes: EncodedRow,
}

pub fn hold_out(world: &World, args: &Args) -> Result<Parts, Failure> {
    let data = &world.data;
    let chosen = if data.item_attributes().is_some() { choose(data, args) } else { Vec::new() };
    let mut held = vec![false; data.n_items() as usize];
    chosen.iter().for_each(|item| held[item.ix()] = true);
    let marks: Vec<bool> = data.events().map(|event| held[event.item.ix()]).collect();
    let (of_films, rest) = data.partition(&marks)?;
    let Split { train, test: ordinary } = Split::random(&rest, 0.1, args.seed)?;
    Ok(Parts { train, ordinary, of_films, films: chosen.into_iter().map(|item| of(data, item)).collect() })
}

/// A share of the films with enough ratings, at random.
fn choose(data: &Interactions, args: &Args) -> Vec<ItemIx> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(args.seed);
    let mut films: Vec<ItemIx> =
        data.items().filter(|(_, audience)| audience.len() >= LEAST).map(|(item, _)| item).collect();
    let n = (args.films * films.len() as f64).ceil() as usize;
    for at in 0..n {
        let other = random.random_range(at..films.len());
        films.swap(at, other);
    }
    films.truncate(n);
    films
}

fn of(data: &Interactions, item: ItemIx) -> HeldOut {
    let mut attributes = EncodedRow::default();
    if let Some(all) = data.item_attributes() {
        let (features, values) = all.row(item);
        (attributes.features, attributes.values) = (features.to_vec(), values.to_vec());
    }
    HeldOut { item, attributes }
}
