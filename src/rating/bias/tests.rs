use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::data::{Event, History};
use crate::model::{Progress, Stop, StopReason};
use crate::persist::{model_from_bytes, model_to_bytes};

/// Rows of user, item, value.
pub(in crate::rating) fn data(n_users: u32, n_items: u32, rows: &[(u32, u32, f32)]) -> Interactions {
    let event = |&(user, item, value): &(u32, u32, f32)| Event {
        user: UserIx::new(user),
        item: ItemIx::new(item),
        value,
        time: None,
    };
    Interactions::from_events(n_users, n_items, &rows.iter().map(event).collect::<Vec<_>>()).unwrap()
}

/// Two users, two items, one pair unrated; user 2 and item 2 have no ratings.
fn small() -> Interactions {
    data(3, 3, &[(0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0)])
}

fn damped_by_one() -> BiasBaselineParams {
    BiasBaselineParams::new().user_regularization(1.0).item_regularization(1.0)
}

fn close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        approx::assert_abs_diff_eq!(f64::from(*found), *expected, epsilon = 1e-6);
    }
}

#[test]
fn one_epoch_by_hand() {
    let fitted = damped_by_one().epochs(1).fit_with(&small(), &mut FitContext::new()).unwrap();
    // mu = 4; items from (1 + 0) / 3 and -1 / 2; users from (2/3 - 1/2) / 3 and -1/3 / 2.
    let model = &fitted.model;
    assert_eq!(model.mean(), 4.0);
    close(model.item_biases(), &[1.0 / 3.0, -0.5, 0.0]);
    close(model.user_biases(), &[1.0 / 18.0, -1.0 / 6.0, 0.0]);
    // Left over: 11/18, -10/18, -3/18.
    let loss = ((121.0 + 100.0 + 9.0f64) / 324.0 / 3.0).sqrt();
    approx::assert_abs_diff_eq!(fitted.report.curve[0].loss, loss, epsilon = 1e-6);
    assert_eq!(fitted.report.stopped, StopReason::Epochs);
}

#[test]
fn the_end_is_a_minimum() {
    let params = damped_by_one().epochs(1000).tolerance(0.0);
    let fitted = params.fit_with(&small(), &mut FitContext::new()).unwrap();
    assert_eq!(fitted.report.stopped, StopReason::Converged);
    let model = fitted.model;
    let (b, c) = (model.user_biases(), model.item_biases());
    let rest = |user: usize, item: usize, value: f32| value - model.mean() - b[user] - c[item];
    // The derivative of the objective in each bias is 0.
    let (r00, r01, r10) = (rest(0, 0, 5.0), rest(0, 1, 3.0), rest(1, 0, 4.0));
    close(&[r00 + r01 - b[0], r10 - b[1], r00 + r10 - c[0], r01 - c[1]], &[0.0; 4]);
}

#[test]
fn what_a_prediction_rests_on() {
    let model = damped_by_one().fit(&small()).unwrap();
    let basis = |query: Query<'_>, item| model.predict_one(&query, ItemIx::new(item)).unwrap().basis;
    assert_eq!(basis(Query::user(UserIx::new(0)), 2), Basis::Biases);
    assert_eq!(basis(Query::user(UserIx::new(2)), 0), Basis::Biases);
    assert_eq!(basis(Query::user(UserIx::new(2)), 2), Basis::GlobalMean);
    assert_eq!(basis(Query::anyone(), 2), Basis::GlobalMean);
    let unknown = model.predict_one(&Query::anyone(), ItemIx::new(3));
    assert_eq!(unknown, Err(QueryError::UnknownItem { item: ItemIx::new(3), n_items: 3 }));
    let unknown = model.predict_one(&Query::user(UserIx::new(3)), ItemIx::new(0));
    assert_eq!(unknown, Err(QueryError::UnknownUser { user: UserIx::new(3), n_users: 3 }));
}

#[test]
fn a_training_row_folded_in_is_the_trained_row() {
    let (data, model) = (small(), BiasBaselineParams::new().fit(&small()).unwrap());
    for (user, history) in data.users() {
        let (mut trained, mut folded) = (Profile::new(), Profile::new());
        model.profile(&Query::user(user), &mut trained).unwrap();
        model.profile(&Query::history(history), &mut folded).unwrap();
        assert_eq!(trained, folded);
    }
}

#[test]
fn scores_end_where_the_items_end() {
    let model = BiasBaselineParams::new().fit(&small()).unwrap();
    for first in [0, 2, 3, u32::MAX] {
        let mut scores = [f32::NAN; 5];
        model.score_block(&Profile::new(), ItemIx::new(first), &mut scores);
        let inside = 3usize.saturating_sub(first as usize);
        assert!(scores[..inside].iter().all(|score| score.is_finite()));
        assert!(scores[inside..].iter().all(|&score| score == f32::NEG_INFINITY));
    }
}

#[test]
fn watched_and_stopped() {
    let end = |stop: Stop| {
        let mut observer = move |_: &Progress<'_>| ControlFlow::Break(stop);
        BiasBaselineParams::new().fit_with(&small(), &mut FitContext::new().observer(&mut observer))
    };
    assert_eq!(end(Stop::Keep).unwrap().report.stopped, StopReason::Observer);
    assert_eq!(end(Stop::Discard).unwrap_err(), FitError::Cancelled { epoch: 1 });
    let late =
        BiasBaselineParams::new().fit_with(&small(), &mut FitContext::new().time_limit(Duration::ZERO));
    assert_eq!(late.unwrap_err(), FitError::Deadline);
}

#[test]
fn held_out_ratings_are_measured() {
    let held_out = data(3, 3, &[(1, 1, 1.0)]);
    let mut context = FitContext::new().validation(&held_out);
    let Fitted { model, report } = BiasBaselineParams::new().fit_with(&small(), &mut context).unwrap();
    let predicted = model.predict_one(&Query::user(UserIx::new(1)), ItemIx::new(1)).unwrap().rating;
    let error = report.curve.last().unwrap().validation.unwrap();
    approx::assert_abs_diff_eq!(error, f64::from(predicted) - 1.0, epsilon = 1e-6);
    let nothing = data(3, 3, &[]);
    let mut context = FitContext::new().validation(&nothing);
    let report = BiasBaselineParams::new().fit_with(&small(), &mut context).unwrap().report;
    assert!(report.curve.iter().all(|epoch| epoch.validation.is_none()));
}

#[test]
fn ratings_at_the_end_of_the_numbers() {
    let far = data(2, 2, &[(0, 0, f32::MAX), (0, 1, f32::MIN), (1, 1, f32::MIN)]);
    let undamped = BiasBaselineParams::new().user_regularization(0.0).item_regularization(0.0);
    let error = undamped.fit(&far).unwrap_err();
    assert!(matches!(error, FitError::Diverged { epoch: 1, .. }), "{error}");
    assert!(error.to_string().contains("raise `user_regularization`, or check the data"), "{error}");
    let history = ([ItemIx::new(0)], [f32::MAX]);
    let history = History::new(&history.0, &history.1).unwrap();
    let model = BiasBaselineParams::new().fit(&small()).unwrap();
    let prediction = model.predict_one(&Query::history(history), ItemIx::new(1)).unwrap();
    assert_eq!(prediction.rating, 5.0);
}

#[test]
fn parameters_out_of_range() {
    for (name, value) in
        [("user_regularization", "-1"), ("item_regularization", "NaN"), ("epochs", "0"), ("tolerance", "inf")]
    {
        let mut params = BiasBaselineParams::new();
        params.set(name, value).unwrap();
        assert_eq!(params.check().unwrap_err().name, name);
    }
}

#[test]
fn the_same_after_a_file() {
    let model = BiasBaselineParams::new().fit(&small()).unwrap();
    let bytes = model_to_bytes(&model).unwrap();
    assert_eq!(model_from_bytes::<BiasBaseline>(&bytes).unwrap(), model);
}

#[cfg(feature = "serde")]
#[test]
fn the_same_after_json_and_nothing_unsound() {
    let model = BiasBaselineParams::new().fit(&small()).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<BiasBaseline>(&json).unwrap(), model);
    for (good, bad) in
        [("\"max\":5.0", "\"max\":1.0"), ("\"users\":[", "\"users\":[0.5,"), (":[0,1,", ":[0,9,")]
    {
        assert!(json.contains(good), "{json}");
        assert!(serde_json::from_str::<BiasBaseline>(&json.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}
