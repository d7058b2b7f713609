//! What a model is worth, and what it costs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use foldin::model::Profile;
use foldin::persist::{Persist, model_to_bytes};
use foldin::prelude::*;
use foldin::rating::BayesianMf;
use foldin::retrieve::Scanner;

use crate::Failure;

/// The most people whose histories are folded in, and who get a list.
const PEOPLE: usize = 300;

/// The length of lists.
const LIST: usize = 10;

pub struct Exam<'a> {
    train: &'a Interactions,
    test: &'a Interactions,
    people: Vec<UserIx>,
    /// The lists of the model that is compressed.
    lists: Vec<Vec<ItemIx>>,
}

pub struct Line {
    name: String,
    rmse: f64,
    folded: f64,
    bytes: usize,
    list: Duration,
    fold_in: Duration,
    prediction: Duration,
    overlap: f64,
}

pub fn head() {
    println!(
        "{:<20} {:>7} {:>9} {:>10} {:>10} {:>10} {:>10} {:>8}",
        "", "RMSE", "folded in", "file, KiB", "list, us", "fold, us", "one, ns", "overlap"
    );
}

impl Line {
    pub fn print(&self) {
        let micro = |time: Duration| 1e6 * time.as_secs_f64();
        println!(
            "{:<20} {:>7.4} {:>9.4} {:>10.0} {:>10.1} {:>10.1} {:>10.0} {:>7.1}%",
            self.name,
            self.rmse,
            self.folded,
            self.bytes as f64 / 1024.0,
            micro(self.list),
            micro(self.fold_in),
            1e3 * micro(self.prediction),
            100.0 * self.overlap,
        );
    }
}

impl<'a> Exam<'a> {
    pub fn new(train: &'a Interactions, test: &'a Interactions, model: &BayesianMf) -> Result<Self, Failure> {
        let told = |user: UserIx| train.user(user).is_some_and(|history| !history.is_empty());
        let people: Vec<UserIx> = test
            .users()
            .filter(|(user, asked)| told(*user) && !asked.is_empty())
            .map(|(user, _)| user)
            .collect();
        let step = people.len().div_ceil(PEOPLE).max(1);
        let people: Vec<UserIx> = people.into_iter().step_by(step).collect();
        let scanner = Scanner::new(model)?;
        let lists = people.iter().map(|&user| list(&scanner, user)).collect::<Result<_, _>>()?;
        Ok(Self { train, test, people, lists })
    }

    pub fn of<M: PredictRating + Persist>(&self, name: &str, model: &M, at: bool) -> Result<Line, Failure> {
        let moment = |query: Query<'static>, event: Option<i64>| match event {
            Some(time) if at => query.at(time),
            _ => query,
        };
        let (mut squares, mut profile) = (0.0, Profile::new());
        for event in self.test.events() {
            model.profile(&moment(Query::user(event.user), event.time), &mut profile)?;
            squares += f64::from(model.predict(&profile, event.item)?.rating - event.value).powi(2);
        }
        let (folded, fold_in) = self.folded(model)?;
        let scanner = Scanner::new(model)?;
        let started = Instant::now();
        let lists: Vec<Vec<ItemIx>> =
            self.people.iter().map(|&user| list(&scanner, user)).collect::<Result<_, _>>()?;
        let list = started.elapsed() / self.people.len().max(1) as u32;
        let shared = |(a, b): (&Vec<ItemIx>, &Vec<ItemIx>)| a.iter().filter(|item| b.contains(item)).count();
        let shared: usize = lists.iter().zip(&self.lists).map(shared).sum();
        let most: usize = self.lists.iter().map(Vec::len).sum();
        Ok(Line {
            name: name.into(),
            rmse: (squares / self.test.len() as f64).sqrt(),
            folded,
            bytes: model_to_bytes(model)?.len(),
            list,
            fold_in,
            prediction: one(model, &profile)?,
            overlap: shared as f64 / most.max(1) as f64,
        })
    }

    /// People who are told only by their ratings of the training data; for no moment.
    fn folded(&self, model: &impl PredictRating) -> Result<(f64, Duration), Failure> {
        let (mut squares, mut n, mut profile, mut time) = (0.0, 0usize, Profile::new(), Duration::ZERO);
        for &user in &self.people {
            let history = self.train.user(user).unwrap_or_default();
            let started = Instant::now();
            model.profile(&Query::history(history), &mut profile)?;
            time += started.elapsed();
            for (item, value) in self.test.user(user).unwrap_or_default().iter() {
                squares += f64::from(model.predict(&profile, item)?.rating - value).powi(2);
                n += 1;
            }
        }
        Ok(((squares / n.max(1) as f64).sqrt(), time / self.people.len().max(1) as u32))
    }
}

fn list<M: Score>(scanner: &Scanner<&M>, user: UserIx) -> Result<Vec<ItemIx>, Failure> {
    let hits = scanner.top_n(&Query::user(user), &TopN::new(LIST))?;
    Ok(hits.into_iter().map(|hit| hit.item).collect())
}

/// The time of one prediction for an asker who is known.
fn one(model: &impl PredictRating, profile: &Profile) -> Result<Duration, Failure> {
    let started = Instant::now();
    for item in 0..model.n_items() {
        black_box(model.predict(profile, black_box(ItemIx::new(item)))?);
    }
    Ok(started.elapsed() / model.n_items().max(1))
}
