//! Guards what `BayesianMf` says of people it has no ratings of: whole users of MovieLens are held out, and predicted from
//! their attributes alone, then from ever more of their ratings.
//!
//! Without `FOLDIN_DATA` the tests say so and end. `FOLDIN_STRANGERS=ml-1m` takes MovieLens 1M, which takes minutes.

#![cfg(feature = "csv")]

mod real;

use std::path::Path;

use foldin::data::{
    Encoding, History, Interactions, InteractionsBuilder, ItemAttributes, ItemIx, Layout, TableLayout,
    UserAttributes, UserIx,
};
use foldin::model::{Fit, Profile, Query, Score};
use foldin::rating::{BayesianMf, BayesianMfParams};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Parts of the probability that intervals hold.
const PARTS: [f64; 3] = [0.5, 0.8, 0.95];

/// Ratings with what is known of people and films, and where the files are.
fn ratings(folder: &Path, name: &str) -> Interactions {
    let folder = folder.join(name);
    let (events, people, films) = match name {
        "ml-100k" => ("u.data", "u.user", "u.item"),
        _ => ("ratings.dat", "users.dat", "movie_attributes.tsv"),
    };
    let layout = TableLayout::new().encoding(Encoding::Utf8Lossy);
    let set = InteractionsBuilder::new().read(folder.join(events), &Layout::new()).unwrap();
    let mut data = set.interactions;
    if folder.join(people).exists() {
        let people = UserAttributes::builder().add_file(folder.join(people), &layout).unwrap();
        data = data.with_user_attributes(people.build(&set.ids).unwrap().0.into()).unwrap();
    }
    let films = ItemAttributes::builder().add_file(folder.join(films), &layout).unwrap();
    data.with_item_attributes(films.build(&set.ids).unwrap().0.into()).unwrap()
}

fn is_held_out(user: UserIx) -> bool {
    user.get() % 5 == 2
}

/// Above a rating by less than any step of a scale.
const ABOVE: f32 = 1e-3;

/// How good predictions are, and how many ratings lie within the intervals.
#[derive(Default)]
struct Found {
    n: f64,
    squares: f64,
    inside: [f64; 3],
    width: f64,
}

impl Found {
    fn rmse(&self) -> f64 {
        (self.squares / self.n).sqrt()
    }

    fn coverage(&self) -> [f64; 3] {
        self.inside.map(|inside| inside / self.n)
    }

    fn width(&self) -> f64 {
        self.width / self.n
    }

    /// A level stands for all numbers that round to it: the part of its probability counts that lies in the interval.
    fn add(&mut self, model: &BayesianMf, query: &Query<'_>, asked: History<'_>) {
        let mut profile = Profile::new();
        model.profile(query, &mut profile).unwrap();
        for (item, value) in asked.iter() {
            let distribution = model.distribution(&profile, item).unwrap();
            self.n += 1.0;
            self.squares += f64::from(distribution.mean() - value).powi(2);
            let (below, up_to) =
                (1.0 - distribution.at_least(value), 1.0 - distribution.at_least(value + ABOVE));
            for (inside, part) in self.inside.iter_mut().zip(PARTS) {
                let tail = 0.5 - 0.5 * part;
                let within = up_to.min(1.0 - tail) - below.max(tail);
                *inside += (within / (up_to - below).max(1e-12)).clamp(0.0, 1.0);
            }
            let (low, high) = distribution.interval(0.8);
            self.width += f64::from(high - low);
        }
    }
}

/// How many ratings of a person are told at most.
const TOLD: usize = 10;

/// Some ratings of somebody.
#[derive(Default)]
struct Part {
    items: Vec<ItemIx>,
    values: Vec<f32>,
}

impl Part {
    fn first(&self, n: usize) -> History<'_> {
        History { ids: &self.items[..n], values: &self.values[..n], times: None }
    }

    fn all(&self) -> History<'_> {
        self.first(self.items.len())
    }
}

/// People held out: ratings that may be told, and those that are asked for.
fn strangers(held_out: &Interactions) -> Vec<(UserIx, Part, Part)> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let enough = held_out.users().filter(|(_, all)| all.len() > TOLD);
    enough
        .map(|(user, all)| {
            let (mut ratings, [mut told, mut asked]): (Vec<_>, [Part; 2]) =
                (all.iter().collect(), Default::default());
            for at in 0..TOLD {
                let other = random.random_range(at..ratings.len());
                ratings.swap(at, other);
            }
            for (at, (item, value)) in ratings.into_iter().enumerate() {
                let to = if at < TOLD { &mut told } else { &mut asked };
                to.items.push(item);
                to.values.push(value);
            }
            (user, told, asked)
        })
        .collect()
}

/// What a model says of the people held out.
fn ask<'a>(
    name: &str,
    model: &BayesianMf,
    strangers: &'a [(UserIx, Part, Part)],
    query: impl Fn(UserIx, &'a Part) -> Query<'a>,
) -> Found {
    let mut found = Found::default();
    strangers.iter().for_each(|(user, told, asked)| found.add(model, &query(*user, told), asked.all()));
    let (rmse, coverage, width) = (found.rmse(), found.coverage(), found.width());
    eprintln!(
        "{name}: RMSE {rmse:.4}, {coverage:.3?} within intervals of {PARTS:?}, that of 0.8 is {width:.3} wide"
    );
    found
}

#[test]
fn people_without_ratings_are_like_those_who_have_some() {
    let Some(folder) = real::folder("people_without_ratings_are_like_those_who_have_some") else { return };
    let name = std::env::var("FOLDIN_STRANGERS").unwrap_or("ml-100k".into());
    let data = ratings(&folder, &name);
    let marks: Vec<bool> = data.events().map(|event| is_held_out(event.user)).collect();
    let (held_out, train) = data.partition(&marks).unwrap();
    let strangers = strangers(&held_out);
    let params = BayesianMfParams::new().factors(8).burn_in(60).samples(120);
    let model = params.fit(&train).unwrap();
    let known = [0, 1, 3, TOLD].map(|n| {
        let name = format!("{name}, {n} ratings are known");
        ask(&name, &model, &strangers, |user, told| Query::user(user).with_history(told.first(n)))
    });
    let row = ask(&format!("{name}, the row of one without ratings"), &model, &strangers, |user, _| {
        Query::user(user)
    });
    ask(&format!("{name}, attributes are not known"), &model, &strangers, |_, _| Query::anyone());
    for found in known.iter().chain([&row]) {
        let near = |(found, part): (f64, f64)| (found - part).abs() < 0.025;
        assert!(found.coverage().into_iter().zip(PARTS).all(near), "{:?}", found.coverage());
    }
    assert!(
        known.windows(2).all(|pair| pair[1].rmse() < pair[0].rmse() && pair[1].width() < pair[0].width())
    );
    assert!((row.rmse() - known[0].rmse()).abs() < 0.005);
    // The least that is known, and the bars: about a hundredth above what was found.
    if name == "ml-100k" {
        for (found, bar) in known.iter().zip([1.03, 1.005, 0.98, 0.94]) {
            assert!(found.rmse() < bar, "RMSE {:.4} is above {bar}", found.rmse());
        }
    }
}
