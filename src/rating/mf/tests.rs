//! Guards what the model promises beyond accuracy: bits, equivariance, honest answers at the edges.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{BiasedMf, BiasedMfParams};
use crate::data::{Columns, History, Interactions, ItemIx, UserIx};
use crate::kernel::Stream;
use crate::model::{
    Basis, Fit, FitContext, FitError, Params, PredictRating, Profile, Progress, Query, QueryError, Score,
    Stop, StopReason,
};
use crate::persist::{model_from_bytes, model_to_bytes};

/// A planted model: two factors and biases, noise, and user `u` rating about one item in `thin`.
fn planted(n_users: u32, n_items: u32, thin: u64, noise: f64) -> Interactions {
    let draws = |side, row, n: usize| -> Vec<f64> {
        let mut normal = Stream { seed: 3, epoch: 0, side, row: u64::from(row) }.normal();
        (0..n).map(|_| normal.draw()).collect()
    };
    let (mut users, mut items, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let of_items: Vec<_> = (0..n_items).map(|item| draws(1, item, 3)).collect();
    for user in 0..n_users {
        let p = draws(0, user, 3);
        let draw = draws(2, user, 2 * n_items as usize);
        for (item, q) in of_items.iter().enumerate() {
            // A user without ratings, and an item without.
            let chosen = draw[item].abs() * 1e6;
            if user + 1 == n_users || item + 1 == n_items as usize || !(chosen as u64).is_multiple_of(thin) {
                continue;
            }
            users.push(UserIx::new(user));
            items.push(ItemIx::new(item as u32));
            let truth = 0.4 * (p[2] + q[2]) + 0.6 * (p[0] * q[0] + p[1] * q[1]);
            values.push((truth + noise * draw[n_items as usize + item]) as f32);
        }
    }
    of(n_users, n_items, &users, &items, &values)
}

fn of(n_users: u32, n_items: u32, users: &[UserIx], items: &[ItemIx], values: &[f32]) -> Interactions {
    Interactions::from_columns(n_users, n_items, Columns { users, items, values, times: None }).unwrap()
}

/// The same events with other values.
fn mapped(data: &Interactions, f: impl Fn(f32) -> f32) -> Interactions {
    let events: Vec<_> = data.events().collect();
    let users: Vec<_> = events.iter().map(|event| event.user).collect();
    let items: Vec<_> = events.iter().map(|event| event.item).collect();
    let values: Vec<_> = events.iter().map(|event| f(event.value)).collect();
    of(data.n_users(), data.n_items(), &users, &items, &values)
}

fn fitted(params: &BiasedMfParams, data: &Interactions, threads: usize) -> BiasedMf {
    params.fit_with(data, &mut FitContext::new().seed(5).threads(threads)).unwrap().model
}

fn profile(model: &BiasedMf, query: &Query<'_>) -> Profile {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    profile
}

fn scores(model: &BiasedMf, query: &Query<'_>) -> Vec<f32> {
    let mut scores = vec![0.0; model.n_items() as usize];
    model.score_block(&profile(model, query), ItemIx::new(0), &mut scores);
    scores
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let data = planted(400, 90, 3, 0.3);
    for factors in [2, 15, 31, 40] {
        let params = BiasedMfParams::new().factors(factors).epochs(4);
        let one = fitted(&params, &data, 1);
        for threads in [2, 3, 8] {
            assert_eq!(one, fitted(&params, &data, threads), "{factors} factors, {threads} threads");
        }
        assert_ne!(one, params.fit(&data).unwrap(), "the seed matters");
    }
}

/// Rows on both sides of the choice between the two methods of the solver.
#[test]
fn folding_in_a_training_history_gives_the_trained_row_to_the_bit() {
    let data = planted(150, 60, 4, 0.3);
    for (factors, epochs) in [(1, 1), (3, 4), (15, 3), (31, 2), (50, 2)] {
        let model = fitted(&BiasedMfParams::new().factors(factors).epochs(epochs), &data, 2);
        for (user, history) in data.users() {
            let (trained, folded) =
                (profile(&model, &Query::user(user)), profile(&model, &Query::history(history)));
            assert_eq!(trained.dense, folded.dense, "{user} with {factors} factors");
            assert_eq!((trained.offset, trained.basis), (folded.offset, folded.basis));
        }
    }
}

#[test]
fn another_scale_of_ratings_is_the_same_fit() {
    let data = planted(120, 50, 3, 0.3);
    let params = BiasedMfParams::new().factors(4).epochs(8);
    let model = fitted(&params, &data, 2);
    for (a, b) in [(2.5f32, 50.0f32), (-10.0, 3.0), (1e-6, 0.0), (1e6, -1e6)] {
        let other = fitted(&params, &mapped(&data, |value| a * value + b), 2);
        let (mut worst, spread) = (0.0f32, a.abs() * model.parts.scaling.spread);
        for user in 0..data.n_users() {
            let query = Query::user(UserIx::new(user));
            for (x, y) in scores(&model, &query).into_iter().zip(scores(&other, &query)) {
                worst = worst.max((a * x + b - y).abs() / spread);
            }
        }
        assert!(worst < 5e-3, "{a} r + {b}: off by {worst} standard deviations");
    }
}

#[test]
fn planted_factors_are_recovered_and_the_others_pruned() {
    let (noise, data) = (0.2, planted(600, 120, 3, 0.2));
    let split = |n| {
        crate::data::Interactions::partition(&data, &(0..data.len()).map(|i| i % 7 == n).collect::<Vec<_>>())
    };
    let (test, train) = split(0).unwrap();
    let rmse = |factors| {
        let model = fitted(&BiasedMfParams::new().factors(factors), &train, 2);
        let mut sum = 0.0;
        for event in test.events() {
            let rating = model.predict_one(&Query::user(event.user), event.item).unwrap().rating;
            sum += f64::from(rating - event.value).powi(2);
        }
        (sum / test.len() as f64).sqrt()
    };
    let (one, two, many) = (rmse(1), rmse(2), rmse(20));
    assert!(two < 1.15 * noise, "two factors: {two} with noise {noise}");
    assert!(many < 1.2 * noise, "twenty factors: {many} with noise {noise}");
    assert!(one > 2.0 * noise, "one factor cannot: {one}");
}

#[test]
fn a_saved_model_has_the_same_bits() {
    let data = planted(60, 30, 3, 0.3);
    let model = fitted(&BiasedMfParams::new().factors(7).epochs(3), &data, 2);
    let bytes = model_to_bytes(&model).unwrap();
    let loaded: BiasedMf = model_from_bytes(&bytes).unwrap();
    assert_eq!(model, loaded);
    assert_eq!(model_to_bytes(&loaded).unwrap(), bytes);
    for (user, history) in data.users() {
        for query in [Query::user(user), Query::history(history), Query::anyone()] {
            assert_eq!(scores(&model, &query), scores(&loaded, &query));
        }
        assert_eq!(loaded.seen(user), history.ids);
    }
}

#[test]
fn strangers_are_answered_from_the_prior_and_say_so() {
    let data = planted(150, 60, 3, 0.3);
    let model = fitted(&BiasedMfParams::new().factors(4), &data, 2);
    let (stranger, nothing) = (UserIx::new(149), ItemIx::new(59));
    let (known, item) = (UserIx::new(0), ItemIx::new(0));
    let ask = |user, item| model.predict_one(&Query::user(user), item).unwrap();
    assert_eq!(ask(known, item).basis, Basis::Learned);
    assert_eq!(ask(stranger, item).basis, Basis::Biases);
    assert_eq!(ask(known, nothing).basis, Basis::Biases);
    assert_eq!(ask(stranger, nothing).basis, Basis::GlobalMean);
    // Whoever nothing is known of is the same asker.
    let anyone = scores(&model, &Query::anyone());
    assert_eq!(anyone, scores(&model, &Query::user(stranger)));
    assert_eq!(anyone, scores(&model, &Query::history(History::default())));
    let mean = data.mean().unwrap() as f32;
    assert!((ask(stranger, nothing).rating - mean).abs() < 0.3, "far from the mean");
    assert_eq!(
        model.predict_one(&Query::anyone(), ItemIx::new(60)),
        Err(QueryError::UnknownItem { item: ItemIx::new(60), n_items: 60 })
    );
    assert!(model.predict_one(&Query::user(UserIx::new(150)), item).is_err());
}

#[test]
fn a_history_may_name_an_item_twice_and_comes_in_any_order() {
    let data = planted(150, 60, 3, 0.3);
    let model = fitted(&BiasedMfParams::new().factors(4).epochs(5), &data, 2);
    let ids = [7, 3, 7, 0].map(ItemIx::new);
    let history = History::new(&ids, &[1.0, -1.0, 0.5, 2.0]).unwrap();
    assert!(scores(&model, &Query::history(history)).iter().all(|score| score.is_finite()));
    let sorted = [0, 3, 7, 7].map(ItemIx::new);
    let other = History::new(&sorted, &[2.0, -1.0, 1.0, 0.5]).unwrap();
    let pairs =
        scores(&model, &Query::history(history)).into_iter().zip(scores(&model, &Query::history(other)));
    pairs.for_each(|(a, b)| approx::assert_abs_diff_eq!(a, b, epsilon = 1e-4));
}

#[test]
fn blocks_of_scores_agree_to_the_bit_and_end_where_the_items_end() {
    let data = planted(50, 40, 3, 0.3);
    let model = fitted(&BiasedMfParams::new().factors(5).epochs(2), &data, 1);
    let query = Query::user(UserIx::new(4));
    let (all, profile) = (scores(&model, &query), profile(&model, &query));
    for first in [0, 1, 17, 39, 40, 100] {
        let mut block = [0.0; 9];
        model.score_block(&profile, ItemIx::new(first), &mut block);
        for (at, &score) in block.iter().enumerate() {
            assert_eq!(score, all.get(first as usize + at).copied().unwrap_or(f32::NEG_INFINITY));
        }
    }
    let factors = model.inner_product().unwrap();
    for (item, row) in factors.rows.chunks_exact(factors.stride).enumerate() {
        let dot: f32 = row.iter().zip(&profile.dense).map(|(a, b)| a * b).sum();
        approx::assert_abs_diff_eq!(dot + factors.bias[item] + profile.offset, all[item], epsilon = 1e-4);
    }
}

/// Shapes and values at the edges: every answer is a number on the scale.
#[test]
fn edges() {
    let column = |n_users: u32, n_items: u32, f: &dyn Fn(u32, u32) -> f32| {
        let pairs: Vec<_> = (0..n_users).flat_map(|u| (0..n_items).map(move |i| (u, i))).collect();
        let users: Vec<_> = pairs.iter().map(|pair| UserIx::new(pair.0)).collect();
        let items: Vec<_> = pairs.iter().map(|pair| ItemIx::new(pair.1)).collect();
        let values: Vec<_> = pairs.iter().map(|pair| f(pair.0, pair.1)).collect();
        of(n_users, n_items, &users, &items, &values)
    };
    let mixed = |u: u32, i: u32| ((3 * u + 7 * i) % 5) as f32 + 1.0;
    let cases = [
        ("one event", column(1, 1, &mixed)),
        ("one user", column(1, 30, &mixed)),
        ("one item", column(30, 1, &mixed)),
        ("all equal", column(20, 20, &|_, _| 0.1)),
        ("all zero", column(20, 20, &|_, _| 0.0)),
        ("rank one without noise", column(40, 40, &|u, i| (u * i) as f32)),
        ("only biases", column(40, 40, &|u, i| u as f32 + i as f32)),
        ("huge", column(12, 12, &|u, i| 1e30 * mixed(u, i))),
        ("tiny", column(12, 12, &|u, i| 1e-38 * mixed(u, i))),
        ("one outlier", column(12, 12, &|u, i| if u + i == 0 { 1e20 } else { mixed(u, i) })),
        ("far from zero", column(12, 12, &|u, i| 1e7 + mixed(u, i))),
    ];
    for (name, data) in &cases {
        for factors in [1, 2, 31] {
            for regularization in [1e-6, 0.05, 1.0, 1e6] {
                let params = BiasedMfParams::new().factors(factors).regularization(regularization);
                let model = params.fit(data).unwrap_or_else(|error| panic!("{name}, {factors}: {error}"));
                let range = model.scale();
                for (user, history) in data.users() {
                    for query in [Query::user(user), Query::history(history), Query::anyone()] {
                        let all = scores(&model, &query);
                        assert!(
                            all.iter().all(|score| score.is_finite()),
                            "{name}, {factors}, {regularization}"
                        );
                        let rating = model.predict_one(&query, ItemIx::new(0)).unwrap().rating;
                        assert!((range.min..=range.max).contains(&rating), "{name}: {rating}");
                    }
                }
                model_to_bytes(&model).unwrap();
            }
        }
    }
    let equal = BiasedMfParams::new().fit(&cases[3].1).unwrap();
    assert_eq!(equal.predict_one(&Query::anyone(), ItemIx::new(3)).unwrap().rating, 0.1);
}

#[test]
fn more_factors_than_data() {
    let data = planted(20, 15, 3, 0.3);
    let params = BiasedMfParams::new().factors(1024).epochs(2);
    let model = fitted(&params, &data, 2);
    assert!(scores(&model, &Query::user(UserIx::new(0))).iter().all(|score| score.is_finite()));
}

#[test]
fn values_without_room_for_a_score_are_refused() {
    let data = planted(20, 15, 3, 0.3);
    let found = BiasedMfParams::new().fit(&mapped(&data, |value| value.signum() * 3e38));
    assert!(matches!(found, Err(FitError::Diverged { .. })), "{found:?}");
}

#[test]
fn parameters_have_ranges_and_names() {
    let params = BiasedMfParams::new();
    params.check().unwrap();
    for bad in [
        params.clone().factors(0),
        params.clone().factors(1025),
        params.clone().epochs(0),
        params.clone().regularization(0.0),
        params.clone().regularization(f32::NAN),
        params.clone().noise_prior(f32::INFINITY),
        params.clone().start_damping(-1.0),
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
    let mut by_name = BiasedMfParams::new();
    by_name.set("regularization", "0.05").unwrap();
    assert_eq!(by_name, params.regularization(0.05));
}

#[test]
fn a_fit_is_watched_stopped_and_cancelled() {
    let data = planted(100, 40, 3, 0.3);
    let (held_out, train) = data.partition(&(0..data.len()).map(|i| i % 5 == 0).collect::<Vec<_>>()).unwrap();
    let params = BiasedMfParams::new().factors(4);
    let mut at_three = |progress: &Progress<'_>| match progress.last.epoch {
        3 => ControlFlow::Break(Stop::Keep),
        _ => ControlFlow::Continue(()),
    };
    let mut context = FitContext::new().observer(&mut at_three).validation(&held_out);
    let kept = params.fit_with(&train, &mut context).unwrap();
    assert_eq!((kept.report.curve.len(), kept.report.stopped), (3, StopReason::Observer));
    let three = params.clone().epochs(3).fit(&train).unwrap();
    assert_eq!(kept.model, three, "the same as three epochs");

    // The curves are those of the model itself.
    let rmse = |part: &Interactions| {
        let error = |event: crate::data::Event| {
            let profile = profile(&three, &Query::user(event.user));
            let mut score = [0.0];
            three.score_block(&profile, event.item, &mut score);
            (score[0], three.scale().clip(score[0]), event.value)
        };
        let all: Vec<_> = part.events().map(error).collect();
        let mean = |f: &dyn Fn(&(f32, f32, f32)) -> f32| {
            (all.iter().map(|x| f64::from(f(x)).powi(2)).sum::<f64>() / all.len() as f64).sqrt()
        };
        (mean(&|x| x.0 - x.2), mean(&|x| x.1 - x.2))
    };
    let last = kept.report.curve.last().unwrap();
    approx::assert_relative_eq!(last.loss, rmse(&train).0, max_relative = 1e-4);
    approx::assert_relative_eq!(last.validation.unwrap(), rmse(&held_out).1, max_relative = 1e-4);

    let mut never = |_: &Progress<'_>| ControlFlow::Break(Stop::Discard);
    let cancelled = params.fit_with(&train, &mut FitContext::new().observer(&mut never));
    assert_eq!(cancelled.unwrap_err(), FitError::Cancelled { epoch: 1 });
    let late = params.fit_with(&train, &mut FitContext::new().time_limit(Duration::ZERO));
    assert_eq!(late.unwrap_err(), FitError::Deadline);
}

#[test]
fn a_history_without_room_for_a_score_is_refused() {
    let model = fitted(&BiasedMfParams::new().factors(3).epochs(2), &planted(60, 30, 3, 0.3), 1);
    let ids = [0, 1, 2, 3].map(ItemIx::new);
    let history = History::new(&ids, &[f32::MAX, -f32::MAX, f32::MAX, f32::MAX]).unwrap();
    let found = model.profile(&Query::history(history), &mut Profile::new());
    assert!(matches!(found, Err(QueryError::Unsolvable(_))), "{found:?}");
}

/// Parts that do not fit, or whose scores would leave single precision.
#[test]
fn unsound_parts_are_not_a_model() {
    let model = fitted(&BiasedMfParams::new().factors(3).epochs(2), &planted(60, 30, 3, 0.3), 1);
    let sound = model.parts.clone();
    assert_eq!(BiasedMf::try_from(sound.clone()).unwrap(), model);
    let mut all = Vec::new();
    let mut damaged = |damage: &dyn Fn(&mut super::model::Parts)| {
        let mut parts = sound.clone();
        damage(&mut parts);
        all.push(parts);
    };
    damaged(&|parts| parts.factors = 0);
    damaged(&|parts| parts.factors = usize::MAX);
    damaged(&|parts| parts.factors = 2);
    damaged(&|parts| parts.users.truncate(7));
    damaged(&|parts| parts.items.clear());
    damaged(&|parts| parts.item_variances[5] = 0.0);
    damaged(&|parts| parts.item_weights[5] = -1.0);
    damaged(&|parts| parts.item_weights.truncate(4));
    damaged(&|parts| parts.prior.mean.clear());
    damaged(&|parts| parts.prior.precision[1] = 0.0);
    damaged(&|parts| parts.tau = f32::NAN);
    damaged(&|parts| parts.scaling.spread = 0.0);
    damaged(&|parts| parts.scaling.spread = 3e38);
    damaged(&|parts| parts.scaling.range.max = parts.scaling.range.min - 1.0);
    damaged(&|parts| parts.activity.mean = f64::INFINITY);
    damaged(&|parts| (parts.users[4], parts.items[4]) = (1e30, 1e30));
    damaged(&|parts| parts.items[3] = f32::NAN);
    for parts in all {
        assert!(BiasedMf::try_from(parts.clone()).is_err(), "{parts:?}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_same_after_json() {
    let model = fitted(&BiasedMfParams::new().factors(3).epochs(2), &planted(60, 30, 3, 0.3), 1);
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<BiasedMf>(&json).unwrap(), model);
    assert!(serde_json::from_str::<BiasedMf>(&json.replacen("\"factors\":3", "\"factors\":4", 1)).is_err());
}
