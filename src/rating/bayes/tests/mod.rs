//! Guards `BayesianMf`: made-up worlds in which the right answer is known.

mod awkward;
mod files;
mod fold_in;
mod posterior;
mod watch;

use super::{BayesianMf, BayesianMfParams, Likelihood};
use crate::data::synthetic::Synthetic;
use crate::data::{
    AttributeSchema, Attributes, EncodedRow, Event, Feature, Field, FieldKind, History, Interactions, ItemIx,
    UserIx,
};
use crate::kernel::Stream;
use crate::model::{Fit, FitContext, PredictRating, Profile, Query, Score};
use crate::persist::model_to_bytes;
use std::sync::Arc;

/// Ratings with normal noise about three plus biases plus two factors: what there is to find, and what is told of it.
pub(super) struct Planted {
    pub(super) told: Interactions,
    pub(super) rest: Interactions,
}

/// Noise of planted ratings.
pub(super) const NOISE: f64 = 0.4;

pub(super) fn planted(n_users: u32, n_items: u32, part: f64) -> Planted {
    let rows = |side: u64, n: u32| -> Vec<[f64; 3]> {
        let row = |row: u32| {
            let mut normal = Stream { seed: 2, epoch: 0, side, row: row.into() }.normal();
            [0.4 * normal.draw(), 0.6 * normal.draw(), 0.6 * normal.draw()]
        };
        (0..n).map(row).collect()
    };
    let (users, items) = (rows(0, n_users), rows(1, n_items));
    let mut normal = Stream { seed: 2, epoch: 0, side: 2, row: 0 }.normal();
    let (mut events, mut chosen) = (Vec::new(), Vec::new());
    for (u, x) in (0..).zip(&users) {
        for (i, y) in (0..).zip(&items) {
            let value = 3.0 + x[0] + y[0] + x[1] * y[1] + x[2] * y[2] + NOISE * normal.draw();
            events.push(Event {
                user: UserIx::new(u),
                item: ItemIx::new(i),
                value: value as f32,
                time: None,
            });
            chosen.push(normal.uniform() < part);
        }
    }
    let all = Interactions::from_events(n_users, n_items, &events).unwrap();
    let (told, rest) = all.partition(&chosen).unwrap();
    Planted { told, rest }
}

/// Stars with times, and attributes of both sides.
pub(super) fn stars() -> Interactions {
    let world = Synthetic::new().users(80).items(50).ratings(1500).generate().unwrap();
    let (users, items) = (world.user_attributes().unwrap(), world.item_attributes().unwrap());
    let data = world.interactions.with_user_attributes(Arc::new(users)).unwrap();
    data.with_item_attributes(Arc::new(items)).unwrap()
}

/// Few factors and samples.
pub(super) fn small() -> BayesianMfParams {
    BayesianMfParams::new().factors(3).burn_in(10).samples(20).kept(8)
}

fn predict(model: &BayesianMf, query: &Query<'_>, item: u32) -> f32 {
    model.predict_one(query, ItemIx::new(item)).unwrap().rating
}

/// The score of every item, not clipped to the scale.
pub(super) fn scores(model: &impl Score, query: &Query<'_>) -> Vec<f32> {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    let mut scores = vec![f32::NAN; model.n_items() as usize];
    model.score_block(&profile, ItemIx::new(0), &mut scores);
    assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
    scores
}

pub(super) fn rmse(errors: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = errors.fold((0.0, 0.0), |(n, sum), error| (n + 1.0, sum + error * error));
    f64::sqrt(sum / n)
}

/// Of predictions for known users at the moments of the events.
fn error_on(model: &BayesianMf, events: &Interactions) -> f64 {
    rmse(events.events().map(|event| {
        let query = Query { at: event.time, ..Query::user(event.user) };
        f64::from(predict(model, &query, event.item.get()) - event.value)
    }))
}

/// One categorical field; row `r` has the features `of(r)`, with the value 1.
fn attributes<R>(n_rows: u32, n_features: u32, of: impl Fn(u32) -> Vec<u32>) -> Arc<Attributes<R>> {
    let field = Field { name: "kind".into(), kind: FieldKind::List, scale: None, cuts: Vec::new() };
    let feature = |n: u32| Feature { field: "kind".into(), value: Some(format!("v{n:03}")) };
    let schema = AttributeSchema::new(vec![field], (0..n_features).map(feature).collect(), '|').unwrap();
    let (mut offsets, mut features) = (vec![0], Vec::new());
    for row in 0..n_rows {
        features.extend(of(row));
        offsets.push(features.len());
    }
    let values = vec![1.0; features.len()];
    Arc::new(Attributes::from_parts(Arc::new(schema), offsets, features, values).unwrap())
}

#[test]
pub(super) fn planted_factors_are_found() {
    let world = planted(100, 60, 0.5);
    for params in [BayesianMfParams::new(), BayesianMfParams::new().user_sets(false).item_sets(false)] {
        let model = params.factors(4).burn_in(40).samples(60).kept(30).fit(&world.told).unwrap();
        assert!(!model.parts.ratings.is_ordinal());
        let error = error_on(&model, &world.rest);
        // Noise, and what 25 ratings a user and 50 an item leave open: about a tenth of it.
        assert!(error < 1.2 * NOISE && error > 0.9 * NOISE, "RMSE {error}, noise {NOISE}");
    }
}

#[test]
fn intervals_hold_what_they_say() {
    let world = planted(100, 60, 0.5);
    let model = BayesianMfParams::new().factors(4).burn_in(40).samples(60).fit(&world.told).unwrap();
    let mut inside = [0; 3];
    const PARTS: [f64; 3] = [0.5, 0.8, 0.95];
    let mut profile = Profile::new();
    for (user, history) in world.rest.users() {
        model.profile(&Query::user(user), &mut profile).unwrap();
        for (item, value) in history.iter() {
            let distribution = model.distribution(&profile, item).unwrap();
            for (inside, part) in inside.iter_mut().zip(PARTS) {
                let (low, high) = distribution.interval(part);
                *inside += usize::from((low..=high).contains(&value));
            }
        }
    }
    for (inside, part) in inside.into_iter().zip(PARTS) {
        let found = inside as f64 / world.rest.len() as f64;
        assert!((found - part).abs() < 0.04, "{found} of the ratings are in intervals of {part}");
    }
}

/// Where the data has levels, times and attributes, everything is drawn that ever is.
#[test]
fn no_bit_depends_on_the_number_of_threads() {
    let data = stars();
    for likelihood in [Likelihood::Ordinal, Likelihood::Gaussian] {
        let fit = |threads: usize| {
            let params = small().likelihood(likelihood).burn_in(2).samples(6).kept(3);
            let mut context = FitContext::new().seed(4).threads(threads).validation(&data);
            let fitted = params.fit_with(&data, &mut context).unwrap();
            let curve: Vec<_> =
                fitted.report.curve.iter().map(|epoch| (epoch.loss, epoch.validation)).collect();
            assert!(fitted.model.user_attributes().is_some() && fitted.model.item_attributes().is_some());
            assert!(fitted.model.knows_time());
            (model_to_bytes(&fitted.model).unwrap(), curve)
        };
        let one = fit(1);
        for threads in [2, 3, 8] {
            assert!(fit(threads) == one, "{threads} threads, {likelihood}");
        }
    }
}

#[test]
fn seeds_differ_and_answers_repeat() {
    let data = stars();
    let fit = |seed| small().fit_with(&data, &mut FitContext::new().seed(seed)).unwrap().model;
    let (a, b) = (fit(1), fit(2));
    assert_ne!(a, b);
    let history = data.user(UserIx::new(3)).unwrap();
    let query = Query::history(history);
    assert_eq!(scores(&a, &query), scores(&a, &query));
}
