//! Guards the accuracy that the documentation quotes: a change that makes predictions worse.
//!
//! Real data, defaults only, RMSE over all test ratings. The bars are published figures or figures of
//! other libraries on the same files; see each test. Without `FOLDIN_DATA` the tests say so and end.

mod real;

use std::fs;
use std::path::PathBuf;

use foldin::data::{Event, Interactions, ItemIx, UserIx};
use foldin::evaluate::Split;
use foldin::model::{Fit, FitContext, PredictRating, Profile, Query};
use foldin::persist::model_to_bytes;
use foldin::rating::{BiasBaselineParams, ItemKnnParams};
use real::folder;

/// The first three fields of each line: user, item, rating; ids from 1, below the given numbers.
fn read(path: PathBuf, between: &str, n_users: u32, n_items: u32) -> Interactions {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let events: Vec<_> = text
        .lines()
        .map(|line| {
            let fields: Vec<u32> =
                line.split(between).take(3).map(|field| field.parse().expect("a number")).collect();
            let (user, item) = (UserIx::new(fields[0] - 1), ItemIx::new(fields[1] - 1));
            Event { user, item, value: fields[2] as f32, time: None }
        })
        .collect();
    Interactions::from_events(n_users, n_items, &events).expect("clean data")
}

/// The five published folds of MovieLens 100K.
fn ml_100k(test: &str) -> Option<Vec<Split>> {
    let folder = folder(test)?.join("ml-100k");
    let part = |name: String| read(folder.join(name), "\t", 943, 1682);
    let fold = |n| Split::fixed(part(format!("u{n}.base")), part(format!("u{n}.test"))).expect("a split");
    Some((1..=5).map(fold).collect())
}

/// MovieLens 1M, three times a random tenth held out.
fn ml_1m(test: &str) -> Option<Vec<Split>> {
    let all = read(folder(test)?.join("ml-1m/ratings.dat"), "::", 6040, 3952);
    Some((1..=3).map(|seed| Split::random(&all, 0.1, seed).expect("a split")).collect())
}

/// The root mean squared error over all test ratings, each user's profile made once.
fn rmse(model: &impl PredictRating, test: &Interactions) -> f64 {
    let (mut profile, mut squares) = (Profile::new(), 0.0);
    for (user, history) in test.users().filter(|(_, history)| !history.is_empty()) {
        model.profile(&Query::user(user), &mut profile).expect("a training user");
        for (item, value) in history.iter() {
            let prediction = model.predict(&profile, item).expect("a training item");
            squares += (f64::from(prediction.rating) - f64::from(value)).powi(2);
        }
    }
    (squares / test.len() as f64).sqrt()
}

/// The mean RMSE over the splits must not exceed the bar.
fn hold<P: Fit>(name: &str, params: &P, splits: &[Split], bar: f64)
where
    P::Model: PredictRating,
{
    let errors: Vec<f64> = splits
        .iter()
        .map(|split| {
            let fitted = params.fit_with(&split.train, &mut FitContext::new().threads(2)).expect("a fit");
            rmse(&fitted.model, &split.test)
        })
        .collect();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    println!("{name}: RMSE {mean:.4}, bar {bar:.4}, splits {errors:.4?}");
    assert!(mean <= bar, "{name}: RMSE {mean:.4} is above {bar:.4}; splits {errors:.4?}");
}

/// MyMediaLite's item-kNN (Pearson, k = 40, shrinkage 2500) has 0.9133. The bar of the baseline is its own
/// figure, rounded up.
#[test]
fn ml_100k_five_folds() {
    let Some(folds) = ml_100k("ml_100k_five_folds") else { return };
    hold("ML-100K bias", &BiasBaselineParams::new(), &folds, 0.9420);
    hold("ML-100K item-knn", &ItemKnnParams::new(), &folds, 0.9133);
}

/// Surprise's KNNBaseline (Pearson-baseline, k = 40) has 0.8559. The bar of the baseline is its own figure,
/// rounded up.
#[test]
fn ml_1m_random_tenth() {
    let Some(splits) = ml_1m("ml_1m_random_tenth") else { return };
    hold("ML-1M bias", &BiasBaselineParams::new(), &splits, 0.9065);
    hold("ML-1M item-knn", &ItemKnnParams::new(), &splits, 0.8559);
}

/// Real histories share out unevenly among threads; the bytes of the model must not know.
#[test]
fn same_bits_for_any_number_of_threads() {
    let Some(folds) = ml_100k("same_bits_for_any_number_of_threads") else { return };
    let train = &folds[0].train;
    let bytes = |threads| {
        let context = || FitContext::new().threads(threads);
        let bias = BiasBaselineParams::new().fit_with(train, &mut context()).expect("a fit").model;
        let knn = ItemKnnParams::new().fit_with(train, &mut context()).expect("a fit").model;
        [model_to_bytes(&bias).expect("bytes"), model_to_bytes(&knn).expect("bytes")]
    };
    let one = bytes(1);
    for threads in [2, 3, 8] {
        assert!(bytes(threads) == one, "other bits with {threads} threads");
    }
}
