//! Guards what the model promises: the objective, exactly; bits; the meaning of values; honest answers at the edges.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{Confidence, Ials, IalsParams, Negatives, Objective};
use crate::data::{Event, History, Interactions, ItemIx, UserIx};
use crate::kernel::Stream;
use crate::model::{
    Basis, Fit, FitContext, FitError, FitFrom, FitReport, Params, Profile, Progress, Query, QueryError,
    Score, Stop, StopReason,
};
use crate::persist::{model_from_bytes, model_to_bytes};

fn event(user: u32, item: u32, value: f32) -> Event {
    Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: None }
}

/// Users and items of three groups; `value` makes a value of a positive draw and the pair. The first item has
/// everybody, the last user and the last item nobody.
fn grouped(n_users: u32, n_items: u32, value: impl Fn(f32, u32, u32) -> f32) -> Interactions {
    let mut events = Vec::new();
    for user in 0..n_users - 1 {
        let mut normal = Stream { seed: 2, epoch: 0, side: 0, row: u64::from(user) }.normal();
        for item in 0..n_items - 1 {
            let draw = normal.draw().abs() as f32;
            let likes = if user % 3 == item % 3 { 1.0 } else { 2.3 };
            if item == 0 || draw > likes {
                events.push(event(user, item, value(draw, user, item)));
            }
        }
    }
    Interactions::from_events(n_users, n_items, &events).unwrap()
}

pub(super) fn plain(n_users: u32, n_items: u32) -> Interactions {
    grouped(n_users, n_items, |_, _, _| 1.0)
}

/// Likes of all sizes, dislikes, and values that say nothing.
pub(super) fn mixed(n_users: u32, n_items: u32) -> Interactions {
    grouped(n_users, n_items, |draw, user, item| match (user + 2 * item) % 7 {
        0 => -draw,
        1 => 0.0,
        2 => 100.0 * draw,
        _ => draw,
    })
}

pub(super) fn fitted(params: &IalsParams, data: &Interactions, threads: usize) -> (Ials, FitReport) {
    let fitted = params.fit_with(data, &mut FitContext::new().seed(5).threads(threads)).unwrap();
    (fitted.model, fitted.report)
}

pub(super) fn profile(model: &Ials, query: &Query<'_>) -> Profile {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    profile
}

fn scores(model: &Ials, query: &Query<'_>) -> Vec<f32> {
    let mut scores = vec![0.0; model.n_items() as usize];
    model.score_block(&profile(model, query), ItemIx::new(0), &mut scores);
    scores
}

/// The parameters of both objectives, with several confidences.
pub(super) fn forms(factors: usize) -> Vec<IalsParams> {
    let params = IalsParams::new().factors(factors).epochs(3);
    let huge = Confidence::Linear { alpha: 1e4 };
    let log = Confidence::Logarithmic { alpha: 3.0, epsilon: 0.5 };
    vec![
        params.clone(),
        params.clone().negatives(Negatives::Ignore).confidence(log).nu(0.5),
        params.clone().confidence(huge).regularization(0.1),
        params.clone().objective(Objective::HuKoren).unobserved_weight(1.0).nu(0.0).regularization(2.0),
        params.clone().objective(Objective::HuKoren).confidence(Confidence::Linear { alpha: 40.0 }),
        params.clone().activity_exponent(0.5),
        params.clone().confidence(log).activity_exponent(0.3).popularity_discount(0.25),
        params.objective(Objective::HuKoren).activity_exponent(1.0).popularity_discount(1.0),
    ]
}

/// Target (of the event, of the pair) and weight as the documentation defines them, written once more.
pub(super) fn told(params: &IalsParams, value: f32) -> Option<(f64, f64, f64)> {
    let size = f64::from(value.abs());
    let weight = match params.confidence {
        Confidence::Equal => 1.0,
        Confidence::Linear { alpha } => f64::from(alpha) * size,
        Confidence::Logarithmic { alpha, epsilon } => {
            f64::from(alpha) * (1.0 + size / f64::from(epsilon)).ln()
        }
    };
    let pair = if params.objective == Objective::HuKoren && value > 0.0 { 1.0 } else { 0.0 };
    match value {
        v if v > 0.0 => Some((1.0, pair, weight)),
        v if v < 0.0 && params.negatives == Negatives::Dislike => Some((0.0, 0.0, weight)),
        _ => None,
    }
}

pub(super) fn strength(params: &IalsParams, n: usize, others: u32) -> f64 {
    let pairs = n as f64 + f64::from(params.unobserved_weight) * f64::from(others);
    f64::from(params.regularization) * pairs.powf(f64::from(params.nu))
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// How many events that say something each row has.
fn counts<'a>(params: &IalsParams, rows: impl Iterator<Item = &'a [f32]>) -> Vec<f64> {
    let used = |values: &[f32]| values.iter().filter(|value| told(params, **value).is_some()).count();
    rows.map(|values| used(values) as f64).collect()
}

/// a_u and c_i of the documentation.
pub(super) fn shares(params: &IalsParams, data: &Interactions) -> (Vec<f64>, Vec<f64>) {
    let users = counts(params, data.users().map(|(_, history)| history.values));
    let items = counts(params, data.items().map(|(_, audience)| audience.values));
    let power = |n: &f64, exponent: f32| n.max(1.0).powf(f64::from(exponent));
    let a: Vec<f64> = users.iter().map(|n| power(n, params.activity_exponent)).collect();
    let c: Vec<f64> = items.iter().map(|n| power(n, -params.popularity_discount)).collect();
    let mean_a = a.iter().sum::<f64>() / a.len() as f64;
    let mean_c = c.iter().zip(&items).map(|(c, n)| c * n).sum::<f64>() / items.iter().sum::<f64>();
    (a.iter().map(|a| a / mean_a).collect(), c.iter().map(|c| c / mean_c).collect())
}

/// The objective of the documentation, pair by pair.
pub(super) fn objective(params: &IalsParams, data: &Interactions, model: &Ials) -> f64 {
    let (users, items) = (&model.parts.users, &model.parts.items);
    let (a, c) = shares(params, data);
    let used = |values: &[f32]| values.iter().filter(|value| told(params, **value).is_some()).count();
    let mut sum = 0.0;
    for user in 0..data.n_users() {
        let x = users.row(user as usize);
        for item in 0..data.n_items() {
            let score = dot(x, items.row(item as usize));
            let event = data.get(UserIx::new(user), ItemIx::new(item));
            let told = event.and_then(|event| told(params, event.value));
            let (target, pair, weight) = told.unwrap_or_default();
            sum += c[item as usize] * weight * (target - score).powi(2);
            sum += a[user as usize] * f64::from(params.unobserved_weight) * (pair - score).powi(2);
        }
        let n = used(data.user(UserIx::new(user)).unwrap().values);
        sum += strength(params, n, data.n_items()) * dot(x, x);
    }
    for item in 0..data.n_items() {
        let y = items.row(item as usize);
        let n = used(data.item(ItemIx::new(item)).unwrap().values);
        sum += strength(params, n, data.n_users()) * dot(y, y);
    }
    sum
}

/// Solves a dense symmetric system by elimination, in double precision.
pub(super) fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] -= factor * a[k * n + j];
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| a[k * n + j] * b[j]).sum();
        b[k] = (b[k] - sum) / a[k * n + k];
    }
    b
}

/// The row of a user that minimises the objective for the items of the model, without any of the model's ways.
fn best_row(params: &IalsParams, data: &Interactions, model: &Ials, user: u32) -> Vec<f64> {
    let k = params.factors;
    let (mut a, mut b, mut n) = (vec![0.0; k * k], vec![0.0; k], 0);
    let shares = shares(params, data);
    for item in 0..data.n_items() {
        let y = model.parts.items.row(item as usize);
        let event = data.get(UserIx::new(user), ItemIx::new(item));
        let told = event.and_then(|event| told(params, event.value));
        n += usize::from(told.is_some());
        let (target, pair, weight) = told.unwrap_or_default();
        let weight = shares.1[item as usize] * weight;
        let unobserved = shares.0[user as usize] * f64::from(params.unobserved_weight);
        for i in 0..k {
            b[i] += (weight * target + unobserved * pair) * f64::from(y[i]);
            for j in 0..k {
                a[i * k + j] += (weight + unobserved) * f64::from(y[i]) * f64::from(y[j]);
            }
        }
    }
    (0..k).for_each(|i| a[i * k + i] += strength(params, n, data.n_items()));
    solve(a, b)
}

#[test]
fn every_user_minimises_the_objective_for_every_form_and_size() {
    for (factors, n_users, n_items) in
        [(1, 20, 9), (3, 30, 12), (8, 60, 40), (17, 60, 40), (64, 90, 50), (256, 60, 40)]
    {
        let data = mixed(n_users, n_items);
        for params in forms(factors) {
            let (model, _) = fitted(&params, &data, 2);
            for user in (0..n_users).rev().step_by(7) {
                let best = best_row(&params, &data, &model, user);
                let row = model.parts.users.row(user as usize);
                let size = best.iter().fold(1e-9, |size: f64, x| size.max(x.abs()));
                for (found, best) in row.iter().zip(&best) {
                    let error = (f64::from(*found) - best).abs() / size;
                    assert!(error < 2e-3, "{params:?}, user {user}: {found} {best}");
                }
            }
        }
    }
}

#[test]
fn the_loss_is_the_objective_and_falls() {
    let data = mixed(60, 40);
    for factors in [1, 8, 20, 64] {
        for params in forms(factors) {
            let (model, report) = fitted(&params.clone().epochs(6), &data, 2);
            let expected = objective(&params, &data, &model);
            let losses: Vec<f64> = report.curve.iter().map(|epoch| epoch.loss).collect();
            let loss = losses[5];
            assert!((loss - expected).abs() < 1e-4 * expected, "{factors}: {loss} {expected}");
            let falls = losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6));
            assert!(falls && losses[5] < losses[0], "{factors}: {losses:?}");
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    for data in [plain(700, 90), mixed(300, 120)] {
        for factors in [2, 16, 33] {
            let params = IalsParams::new().factors(factors).epochs(3);
            let shared = params.clone().activity_exponent(0.3).popularity_discount(0.25);
            for params in [params, shared] {
                let one = fitted(&params, &data, 1);
                for threads in [2, 3, 8] {
                    let other = fitted(&params, &data, threads);
                    assert_eq!(one.0, other.0, "{factors} factors, {threads} threads");
                    let same = one.1.curve.iter().zip(&other.1.curve).all(|(a, b)| a.loss == b.loss);
                    assert!(same, "{factors} factors, {threads} threads");
                }
                assert_ne!(one.0, params.fit(&data).unwrap(), "the seed matters");
            }
        }
    }
}

/// Rows on both sides of the choice between the two methods of the solver.
#[test]
fn folding_in_a_training_history_gives_the_trained_row_to_the_bit() {
    for factors in [1, 4, 16, 50] {
        folding_in_is_exact(&mixed(150, 60), forms(factors));
    }
}

/// Where every value is a like, training may know that all weights are 1; an answer cannot.
#[test]
fn folding_in_likes_alone_gives_the_trained_row_to_the_bit() {
    let likes = |n_users, n_items| grouped(n_users, n_items, |draw, _, _| draw);
    for factors in [1, 4, 16, 50] {
        folding_in_is_exact(&likes(150, 60), forms(factors));
    }
    let long = likes(40, 900);
    assert!((0..39).any(|user| long.user(UserIx::new(user)).unwrap().len() > 64));
    folding_in_is_exact(&long, forms(64));
    folding_in_is_exact(&plain(40, 900), forms(61));
}

fn folding_in_is_exact(data: &Interactions, forms: Vec<IalsParams>) {
    for params in forms {
        let (model, _) = fitted(&params, data, 2);
        for (user, history) in data.users() {
            let trained = profile(&model, &Query::user(user));
            let folded = profile(&model, &Query::history(history));
            assert_eq!(trained.dense, folded.dense, "{user} with {params:?}");
            assert_eq!(trained.basis, folded.basis);
        }
    }
}

#[test]
fn a_value_of_zero_is_no_event_and_neither_is_an_ignored_one() {
    let whole = mixed(80, 40);
    let without = |drop: fn(f32) -> bool| {
        let events: Vec<_> = whole.events().filter(|event| !drop(event.value)).collect();
        Interactions::from_events(80, 40, &events).unwrap()
    };
    let rows = |params: &IalsParams, data: &Interactions| {
        let (model, report) = fitted(params, data, 2);
        let losses: Vec<f64> = report.curve.iter().map(|epoch| epoch.loss).collect();
        (model.parts.users, model.parts.items, losses)
    };
    for params in forms(12) {
        assert_eq!(rows(&params, &whole), rows(&params, &without(|value| value == 0.0)));
        let params = params.negatives(Negatives::Ignore);
        assert_eq!(rows(&params, &whole), rows(&params, &without(|value| value <= 0.0)));
    }
}

#[test]
fn a_dislike_lowers_a_score_and_is_never_a_like() {
    let data = plain(80, 40);
    let (model, _) = fitted(&IalsParams::new().factors(8), &data, 1);
    let ids = [3, 4].map(ItemIx::new);
    let score = |values: [f32; 2]| scores(&model, &Query::history(History::new(&ids, &values).unwrap()))[4];
    let (liked, nothing, disliked) = (score([1.0, 1.0]), score([1.0, 0.0]), score([1.0, -1.0]));
    let drawn_to_zero = disliked.abs() < nothing.abs() && disliked < liked;
    assert!(liked > nothing && drawn_to_zero, "{liked} {nothing} {disliked}");
    // Only dislikes: nothing is liked.
    let data = grouped(30, 20, |draw, _, _| -draw);
    for params in forms(4) {
        let (model, report) = fitted(&params, &data, 1);
        assert!(model.parts.users.floats().iter().all(|x| x.abs() < 1e-3), "{params:?}");
        assert!(report.curve[2].loss.abs() < 1e-3, "{:?}", report.curve);
    }
}

#[test]
fn hu_koren_is_the_confidence_form_of_their_paper() {
    // c = 1 + alpha r on every pair, target 1 where r > 0: the loss at zero factors is the sum of c over the events.
    let data = plain(30, 20);
    let params = IalsParams::new()
        .factors(2)
        .objective(Objective::HuKoren)
        .confidence(Confidence::Linear { alpha: 40.0 })
        .unobserved_weight(1.0)
        .nu(0.0)
        .regularization(1e9);
    let (_, report) = fitted(&params, &data, 1);
    let expected = 41.0 * data.len() as f64;
    assert!((report.curve[0].loss - expected).abs() < 1e-3 * expected, "{:?}", report.curve[0]);
}

#[test]
fn shares_are_powers_of_the_numbers_of_events_with_mean_one() {
    // Users of 4, 1 and 1 events, items of 3, 1, 1, 1 and none.
    let pairs = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0)];
    let events: Vec<_> = pairs.iter().map(|&(user, item)| event(user, item, 1.0)).collect();
    let data = Interactions::from_events(3, 5, &events).unwrap();
    let params = IalsParams::new().factors(2).activity_exponent(0.5).popularity_discount(1.0);
    let (model, _) = fitted(&params, &data, 1);
    // The roots are 2, 1 and 1: mean 4 / 3. Three events at 1/3 and three at 1: mean 2 / 3.
    let activity = model.parts.activity;
    assert!((activity.share(4) - 1.5).abs() < 1e-6 && (activity.share(1) - 0.75).abs() < 1e-6);
    assert_eq!(activity.share(0), activity.share(1));
    for (found, expected) in model.parts.item_weights.iter().zip([0.5, 1.5, 1.5, 1.5, 1.5]) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let (plain, _) = fitted(&IalsParams::new().factors(2), &data, 1);
    assert_eq!((plain.parts.activity.share(4), &plain.parts.item_weights[..]), (1.0, &[1.0; 5][..]));
}

#[test]
fn groups_are_found() {
    let data = plain(300, 60);
    let (model, _) = fitted(&IalsParams::new().factors(8), &data, 2);
    let mut sums = [0.0; 2];
    for user in 0..299 {
        let scores = scores(&model, &Query::user(UserIx::new(user)));
        for item in 1..59 {
            // Twice as many items are of the other groups.
            let own = user % 3 == item % 3;
            sums[usize::from(own)] += scores[item as usize] * if own { 2.0 } else { 1.0 };
        }
    }
    assert!(sums[1] > 3.0 * sums[0], "{sums:?}");
}

#[test]
fn a_warm_start_goes_on_where_the_model_ended() {
    let data = plain(300, 60);
    let params = IalsParams::new().factors(12).epochs(10);
    let (model, report) = fitted(&params, &data, 2);
    let one = params.clone().epochs(1);
    let more = one.fit_from(&model, &data, &mut FitContext::new()).unwrap();
    let (before, after) = (report.curve[9].loss, more.report.curve[0].loss);
    assert!(after <= before * (1.0 + 1e-6) && after > 0.9 * before, "{before} {after}");
    let cold = one.fit_with(&data, &mut FitContext::new()).unwrap().report.curve[0].loss;
    assert!(cold > 1.1 * after, "{cold} {after}");
    // New users and new items; users in another order.
    let larger = plain(400, 75);
    let fitted = params.fit_from(&model, &larger, &mut FitContext::new().threads(3)).unwrap();
    assert_eq!((fitted.model.n_users(), fitted.model.n_items()), (400, 75));
    assert!(fitted.model.parts.items.row(70).iter().any(|&x| x != 0.0));
    let again = params.fit_from(&model, &larger, &mut FitContext::new().threads(1).seed(9)).unwrap();
    assert_eq!(fitted.model, again.model, "nothing is drawn");
    let found = params.clone().factors(13).fit_from(&model, &data, &mut FitContext::new());
    assert_eq!(found.err(), Some(FitError::Start { what: "factors", found: 12, expected: 13 }));
    let found = params.fit_from(&fitted.model, &data, &mut FitContext::new());
    assert_eq!(found.err(), Some(FitError::Start { what: "items", found: 75, expected: 60 }));
    let empty = Interactions::from_events(300, 60, &[]).unwrap();
    assert_eq!(params.fit_from(&model, &empty, &mut FitContext::new()).err(), Some(FitError::Empty));
    // Users are solved before the first epoch: what fails there is counted to it.
    let steep = params.confidence(Confidence::Linear { alpha: 1e4 });
    let huge = grouped(300, 60, |_, _, _| 1e38);
    let found = steep.fit_from(&model, &huge, &mut FitContext::new()).err();
    assert!(matches!(found, Some(FitError::Diverged { epoch: 1, .. })), "{found:?}");
}

#[test]
fn held_out_likes_are_ranked_better_as_the_fit_goes_on_and_by_hand() {
    let data = plain(300, 60);
    let chosen: Vec<bool> = (0..data.len()).map(|n| n % 5 == 0).collect();
    let (test, train) = data.partition(&chosen).unwrap();
    let params = IalsParams::new().factors(6).epochs(6);
    let mut context = FitContext::new().validation(&test);
    let fitted = params.fit_with(&train, &mut context).unwrap();
    let curve: Vec<f64> = fitted.report.curve.iter().map(|epoch| epoch.validation.unwrap()).collect();
    assert!(curve[5] < curve[0], "{curve:?}");
    let (mut sum, mut count) = (0.0, 0.0);
    for (user, history) in test.users().filter(|(_, history)| !history.is_empty()) {
        let scores = scores(&fitted.model, &Query::user(user));
        let mut order: Vec<u32> = (0..60).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
        order.retain(|&item| train.get(user, ItemIx::new(item)).is_none());
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let place = |item: &ItemIx| order.iter().position(|&other| other == item.get()).unwrap();
        let found: f64 = history.ids.iter().map(|item| gain(place(item))).sum();
        sum += 1.0 - found / (0..history.len()).map(gain).sum::<f64>();
        count += 1.0;
    }
    assert!((sum / count - curve[5]).abs() < 1e-9, "{} {}", sum / count, curve[5]);
    // Nothing to rank is no figure.
    let dislikes: Vec<_> = test.events().map(|e| event(e.user.get(), e.item.get(), -1.0)).collect();
    let dislikes = Interactions::from_events(300, 60, &dislikes).unwrap();
    let fitted = params.fit_with(&train, &mut FitContext::new().validation(&dislikes)).unwrap();
    assert!(fitted.report.curve.iter().all(|epoch| epoch.validation.is_none()));
}

#[test]
fn a_saved_model_has_the_same_bits() {
    let data = mixed(60, 30);
    for params in forms(7) {
        let (model, _) = fitted(&params, &data, 2);
        let bytes = model_to_bytes(&model).unwrap();
        let loaded: Ials = model_from_bytes(&bytes).unwrap();
        assert_eq!(model, loaded);
        assert_eq!(model_to_bytes(&loaded).unwrap(), bytes);
        for (user, history) in data.users() {
            for query in [Query::user(user), Query::history(history), Query::anyone()] {
                assert_eq!(scores(&model, &query), scores(&loaded, &query));
            }
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_keeps_the_bits_and_refuses_what_is_no_model() {
    let (model, _) = fitted(&IalsParams::new().factors(3), &mixed(20, 10), 1);
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Ials>(&json).unwrap(), model);
    let mut older = serde_json::to_value(&model).unwrap();
    for part in ["activity", "item_weights"] {
        assert!(older.as_object_mut().unwrap().remove(part).is_some());
    }
    assert_eq!(serde_json::from_value::<Ials>(older).unwrap(), model, "all weights are as they were");
    for (from, to) in [
        (r#""factors":3"#, r#""factors":4"#),
        (r#""factors":3"#, r#""factors":0"#),
        (r#""nu":1.0"#, r#""nu":1.5"#),
        (r#""unobserved_weight":0.1"#, r#""unobserved_weight":0.0"#),
    ] {
        assert!(json.contains(from));
        assert!(serde_json::from_str::<Ials>(&json.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn strangers_get_what_the_average_user_gets() {
    let data = plain(120, 40);
    let (model, _) = fitted(&IalsParams::new().factors(6), &data, 1);
    let anyone = scores(&model, &Query::anyone());
    let (ids, values) = ([ItemIx::new(7)], [0.0]);
    let nothing = History::new(&ids, &values).unwrap();
    let stranger = UserIx::new(119);
    for query in [Query::user(stranger), Query::history(History::default()), Query::history(nothing)] {
        assert_eq!(scores(&model, &query), anyone);
        assert_eq!(profile(&model, &query).basis, Basis::GlobalMean);
    }
    assert!(model.parts.users.row(119).iter().all(|&x| x == 0.0), "the row itself is the exact solution");
    // Everybody has the first item, nobody the last.
    assert!((1..40).all(|item| anyone[0] > anyone[item]) && anyone[39] == 0.0, "{anyone:?}");
    assert_eq!(profile(&model, &Query::user(UserIx::new(0))).basis, Basis::Learned);
    let mut out = Profile::new();
    let unknown = model.profile(&Query::user(UserIx::new(120)), &mut out);
    assert_eq!(unknown, Err(QueryError::UnknownUser { user: UserIx::new(120), n_users: 120 }));
}

#[test]
fn the_fit_stops_when_it_is_told_to() {
    let data = plain(60, 30);
    let params = IalsParams::new().factors(4).epochs(5);
    let late = params.fit_with(&data, &mut FitContext::new().time_limit(Duration::ZERO));
    assert_eq!(late.err(), Some(FitError::Deadline));
    let mut stop = |progress: &Progress<'_>| match progress.last.epoch {
        2 => ControlFlow::Break(Stop::Keep),
        _ => ControlFlow::Continue(()),
    };
    let fitted = params.fit_with(&data, &mut FitContext::new().observer(&mut stop)).unwrap();
    assert_eq!((fitted.report.stopped, fitted.report.curve.len()), (StopReason::Observer, 2));
    let two = params.epochs(2).fit(&data).unwrap();
    assert_eq!(fitted.model, two, "the model is that of the second epoch");
}

#[test]
fn parameters_are_reached_by_name_and_checked() {
    let mut params = IalsParams::new();
    for (name, value) in params.values() {
        params.set(name, &value).unwrap();
    }
    assert_eq!(params, IalsParams::new());
    params.set("confidence", "linear:40").unwrap();
    assert_eq!(params.confidence, Confidence::Linear { alpha: 40.0 });
    params.set("confidence", "log:2:0.5").unwrap();
    assert_eq!(params.confidence, Confidence::Logarithmic { alpha: 2.0, epsilon: 0.5 });
    params.set("objective", "hu-koren").unwrap();
    params.set("negatives", "ignore").unwrap();
    assert_eq!((params.objective, params.negatives), (Objective::HuKoren, Negatives::Ignore));
    assert!(params.check().is_ok());
    for bad in ["linear", "linear:", "linear:x", "log:1", "log:1:2:3", "equal:1", ""] {
        let error = params.set("confidence", bad).unwrap_err().to_string();
        assert!(error.contains("linear:ALPHA"), "{error}");
    }
    let base = IalsParams::new;
    let bad = [
        base().factors(0),
        base().factors(4097),
        base().epochs(0),
        base().regularization(0.0),
        base().regularization(f32::NAN),
        base().unobserved_weight(0.0),
        base().unobserved_weight(f32::INFINITY),
        base().nu(-0.1),
        base().nu(1.1),
        base().activity_exponent(-0.1),
        base().activity_exponent(1.1),
        base().popularity_discount(-0.1),
        base().popularity_discount(f32::NAN),
        base().init_scale(0.0),
        base().confidence(Confidence::Linear { alpha: 0.0 }),
        base().confidence(Confidence::Linear { alpha: f32::NAN }),
        base().confidence(Confidence::Logarithmic { alpha: 1.0, epsilon: 0.0 }),
    ];
    for params in bad {
        assert!(params.check().is_err(), "{params:?}");
    }
}

#[test]
fn values_beyond_all_measure_are_fitted_or_are_an_error() {
    for size in [1e-38f32, 1e-20, 1e20, 1e38] {
        let data = grouped(20, 10, |draw, _, _| size * draw.min(3.0));
        for params in forms(3) {
            match params.fit(&data) {
                Ok(model) => {
                    let finite =
                        |user| scores(&model, &Query::user(UserIx::new(user))).iter().all(|s| s.is_finite());
                    assert!((0..20).all(finite), "{size} {params:?}");
                }
                Err(error) => {
                    let known = matches!(error, FitError::Diverged { .. } | FitError::Singular { .. });
                    // Only a weight that grows as fast as the value can leave all bounds.
                    let linear = matches!(params.confidence, Confidence::Linear { .. });
                    assert!(known && linear && size > 1.0, "{size} {params:?}: {error}");
                }
            }
        }
    }
    // A ratio to epsilon beyond single precision.
    let steep = Confidence::Logarithmic { alpha: 1.0, epsilon: 1e-9 };
    let data = grouped(20, 10, |draw, _, _| 1e38 * draw.min(3.0));
    fitted(&IalsParams::new().factors(3).confidence(steep), &data, 1);
    // More factors than users and items.
    let (model, report) = fitted(&IalsParams::new().factors(300).epochs(2), &plain(9, 6), 2);
    assert!(report.curve[1].loss.is_finite() && scores(&model, &Query::anyone())[0] > 0.0);
}
