//! Guards the accuracy that the documentation quotes for `BiasedMf`: defaults only, on real data.
//!
//! The bars are libmf's best RMSE on MovieLens 1M (K = 128) and the best published by Surprise's SVD++ class of models
//! on the folds of MovieLens 100K. Without `FOLDIN_DATA` the tests say so and end.

mod real;

use std::fs;
use std::path::Path;

use foldin::data::{Columns, Interactions, ItemIx, UserIx};
use foldin::evaluate::{RatingErrors, RatingOptions, Split};
use foldin::model::{Fit, FitContext};
use foldin::rating::BiasedMfParams;
use real::folder;

/// User, item and rating of each line; rows are numbered by the ids themselves.
fn read(path: &Path, between: &str) -> Vec<(u32, u32, f32)> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let event = |line: &str| {
        let mut fields = line.split(between).map(|field| field.trim());
        let mut next = || fields.next().expect("three fields");
        (next().parse().expect("a user"), next().parse().expect("an item"), next().parse().expect("a rating"))
    };
    text.lines().map(event).collect()
}

fn interactions(events: &[(u32, u32, f32)], n_users: u32, n_items: u32) -> Interactions {
    let users: Vec<_> = events.iter().map(|event| UserIx::new(event.0)).collect();
    let items: Vec<_> = events.iter().map(|event| ItemIx::new(event.1)).collect();
    let values: Vec<_> = events.iter().map(|event| event.2).collect();
    let columns = Columns { users: &users, items: &items, values: &values, times: None };
    Interactions::from_columns(n_users, n_items, columns).expect("clean data")
}

fn ml_1m(folder: &Path) -> Vec<Split> {
    let all = interactions(&read(&folder.join("ml-1m/ratings.dat"), "::"), 6041, 3953);
    (0..3).map(|seed| Split::random(&all, 0.1, seed).expect("two parts")).collect()
}

fn ml_100k(folder: &Path) -> Vec<Split> {
    let part = |name: String| interactions(&read(&folder.join("ml-100k").join(name), "\t"), 944, 1683);
    (1..=5).map(|n| Split { train: part(format!("u{n}.base")), test: part(format!("u{n}.test")) }).collect()
}

/// Mean RMSE over the splits.
fn rmse(params: &BiasedMfParams, splits: &[Split]) -> f64 {
    let options = RatingOptions::new();
    let one = |split: &Split| {
        let fitted = params.fit_with(&split.train, &mut FitContext::new()).expect("a fit");
        let errors =
            RatingErrors::measure(&fitted.model, &split.train, &split.test, &options).expect("errors");
        let squares: f64 = errors.values().iter().map(|error| error * error).sum();
        let rmse = (squares / split.test.len() as f64).sqrt();
        eprintln!("  {:.4} ({:?})", rmse, fitted.report.elapsed);
        rmse
    };
    splits.iter().map(one).sum::<f64>() / splits.len() as f64
}

fn hold(name: &str, params: &BiasedMfParams, splits: &[Split], bar: f64) {
    let mean = rmse(params, splits);
    eprintln!("{name}, {} factors: RMSE {mean:.4}, bar {bar}", params.factors);
    assert!(mean <= bar, "{name}: RMSE {mean:.4} is above {bar}");
}

#[test]
fn movielens_1m() {
    if let Some(folder) = folder("movielens_1m") {
        hold("MovieLens 1M 90/10", &BiasedMfParams::new(), &ml_1m(&folder), 0.8405);
    }
}

#[test]
fn movielens_100k() {
    if let Some(folder) = folder("movielens_100k") {
        hold("MovieLens 100K u1..u5", &BiasedMfParams::new(), &ml_100k(&folder), 0.9076);
    }
}
