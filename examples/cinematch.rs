//! What a person rated, what is predicted for them, and what they should watch next and why, by title.
//!
//! ```text
//! cargo run --release --example cinematch -- --ratings ratings.dat --titles movies.dat --person 42
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--ratings FILE` | generated data |
//! | `--titles FILE` | the ids; first column the id, second the title, in any layout, UTF-8 or Latin-1 |
//! | `--person ID` | the person with the most ratings |
//! | `-n N` | 10 |

use std::path::PathBuf;

use foldin::data::synthetic::Synthetic;
use foldin::data::{Encoding, TableLayout, TextTable};
use foldin::model::{Explain, Explanation, Profile, Reason};
use foldin::prelude::*;
use foldin::rating::BiasedMf;

/// Reasons named for a film.
const REASONS: usize = 2;

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Args {
    ratings: Option<PathBuf>,
    titles: Option<PathBuf>,
    person: Option<String>,
    n: usize,
}

/// Ratings with the title of every item.
struct Films {
    data: Interactions,
    ids: Ids,
    titles: Vec<String>,
}

fn main() -> Result<(), Failure> {
    let args = args(std::env::args().skip(1))?;
    let films = films(&args)?;
    let model = BiasedMfParams::new().fit(&films.data)?;
    let person = match &args.person {
        Some(id) => films.ids.user(id.as_str())?,
        None => busiest(&films.data).ok_or("there are no ratings")?,
    };
    show_history(&films, &model, person, args.n)?;
    show_list(&films, &model, person, args.n)
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args { n: 10, ..Args::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--ratings" => args.ratings = Some(value()?.into()),
            "--titles" => args.titles = Some(value()?.into()),
            "--person" => args.person = Some(value()?),
            "-n" => args.n = value()?.parse()?,
            _ => return Err(format!("`{word}` is none of --ratings, --titles, --person, -n").into()),
        }
    }
    Ok(args)
}

fn films(args: &Args) -> Result<Films, Failure> {
    let Some(ratings) = &args.ratings else {
        let world = Synthetic::default().generate()?;
        return Ok(Films { data: world.interactions, ids: world.ids, titles: world.titles });
    };
    let (data, ids) = InteractionsBuilder::new().from_csv_path(ratings)?;
    let titles = match &args.titles {
        Some(path) => titles(path, &ids)?,
        None => ids.items.keys().to_vec(),
    };
    Ok(Films { data, ids, titles })
}

/// The second column of the table, or the id where the table has no such row.
fn titles(path: &PathBuf, ids: &Ids) -> Result<Vec<String>, Failure> {
    let table = TextTable::from_path(path, &TableLayout::new())
        .or_else(|_| TextTable::from_path(path, &TableLayout::new().encoding(Encoding::Latin1)))?;
    Ok(ids.items.keys().iter().map(|id| table.text(id, 1).unwrap_or(id).to_string()).collect())
}

fn busiest(data: &Interactions) -> Option<UserIx> {
    data.users().max_by_key(|(_, history)| history.len()).map(|(user, _)| user)
}

fn show_history(films: &Films, model: &BiasedMf, person: UserIx, n: usize) -> Result<(), Failure> {
    let history = films.data.user(person).unwrap_or_default();
    let mut rated: Vec<_> = history.iter().collect();
    rated.sort_by(|a, b| b.1.total_cmp(&a.1));
    let name = films.ids.user_id(person).map_or("", String::as_str);
    println!("{name} rated {} films; the highest:\n", history.len());
    println!("rated  fitted");
    let mut profile = Profile::new();
    model.profile(&Query::user(person), &mut profile)?;
    for (item, value) in rated.into_iter().take(n) {
        let fitted = model.predict(&profile, item)?;
        println!("{value:>5.1}  {:>6.2}  {}", fitted.rating, films.titles[item.ix()]);
    }
    Ok(())
}

fn show_list(films: &Films, model: &BiasedMf, person: UserIx, n: usize) -> Result<(), Failure> {
    let query = Query::user(person).with_history(films.data.user(person).unwrap_or_default());
    println!("\nto watch next:\n\npredicted  rests on  ratings");
    let hits = model.top_n(&query, &TopN::new(n))?;
    let items: Vec<_> = hits.iter().map(|hit| hit.item).collect();
    for (hit, why) in hits.iter().zip(model.explain_many(&query, &items)?) {
        let prediction = model.predict_one(&query, hit.item)?;
        let ratings = films.data.item(hit.item).map_or(0, |audience| audience.len());
        println!(
            "{:>9.2}  {:<8}  {ratings:>7}  {}",
            prediction.rating,
            format!("{:?}", prediction.basis).to_lowercase(),
            films.titles[hit.item.ix()]
        );
        show_reasons(films, &why);
    }
    Ok(())
}

/// The ratings that raised a prediction most, and by how much.
fn show_reasons(films: &Films, why: &Explanation) {
    let named = |reason: &Reason| {
        format!("{} ({} stars: {:+.2})", films.titles[reason.item.ix()], reason.value, reason.contribution)
    };
    let named: Vec<_> = why.because(REASONS).iter().map(named).collect();
    if !named.is_empty() {
        println!("{:31}because you watched {}", "", named.join(", "));
    }
}
