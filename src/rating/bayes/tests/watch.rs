//! While it is fitted: the curve, stopping, and that held-out events are looked at and nothing else.

use super::*;
use crate::model::{FitError, Progress, Stop, StopReason};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// With plain numbers the mean prediction is linear in the samples, so that a model that keeps all of them predicts what
/// the curve ends with, to the rounding of single precision. (With levels the curve averages the ratings that samples
/// expect, and the model expects the rating of averaged samples.)
#[test]
fn the_curve_ends_with_the_error_of_the_model() {
    let data = stars();
    let chosen: Vec<bool> = (0..data.len()).map(|at| at % 7 == 0).collect();
    let (held_out, train) = data.partition(&chosen).unwrap();
    // A row nobody has rated is drawn anew for the model.
    let keep: Vec<bool> = held_out
        .events()
        .map(|event| {
            !train.user(event.user).unwrap().is_empty() && !train.item(event.item).unwrap().is_empty()
        })
        .collect();
    let (held_out, _) = held_out.partition(&keep).unwrap();
    for (likelihood, tolerance) in [(Likelihood::Gaussian, 1e-4), (Likelihood::Ordinal, 0.02)] {
        let params = small().likelihood(likelihood).kept(20);
        let mut context = FitContext::new().validation(&held_out);
        let fitted = params.fit_with(&train, &mut context).unwrap();
        assert_eq!((fitted.model.samples(), fitted.report.curve.len()), (20, 30));
        let (last, found) = (fitted.report.curve[29].validation.unwrap(), error_on(&fitted.model, &held_out));
        assert!((last - found).abs() < tolerance, "{likelihood}: the curve ends with {last}, found {found}");
        // Before a sample counts the curve is that of one sample.
        assert!(fitted.report.curve[9].validation.unwrap() > last);
    }
}

#[test]
fn held_out_events_change_no_bit() {
    let data = stars();
    let (train, other) = data.partition(&(0..data.len()).map(|at| at % 5 != 0).collect::<Vec<_>>()).unwrap();
    let fit = |held_out: Option<&Interactions>| {
        let mut context = FitContext::new().seed(9);
        if let Some(held_out) = held_out {
            context = context.validation(held_out);
        }
        model_to_bytes(&small().fit_with(&train, &mut context).unwrap().model).unwrap()
    };
    let alone = fit(None);
    let none = Interactions::from_events(data.n_users(), data.n_items(), &[]).unwrap();
    for held_out in [&other, &train, &data, &none] {
        assert!(fit(Some(held_out)) == alone);
    }
}

fn stop_at(epoch: usize, stop: Stop) -> impl FnMut(&Progress<'_>) -> ControlFlow<Stop> {
    move |progress| {
        if progress.last.epoch == epoch { ControlFlow::Break(stop) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_observer_keeps_what_there_is() {
    let data = stars();
    // (the epoch to stop at, how many samples there are to keep): 10 are burnt in, 8 of 20 are kept.
    for (epoch, samples) in [(1, 1), (10, 1), (11, 1), (20, 4), (30, 8)] {
        let mut observer = stop_at(epoch, Stop::Keep);
        let fitted = small().fit_with(&data, &mut FitContext::new().observer(&mut observer)).unwrap();
        assert_eq!(fitted.report.stopped, StopReason::Observer);
        assert_eq!((fitted.model.samples(), fitted.report.curve.len()), (samples, epoch));
        scores(&fitted.model, &Query::user(UserIx::new(0)));
        scores(&fitted.model, &Query::history(data.user(UserIx::new(1)).unwrap()));
        let bytes = model_to_bytes(&fitted.model).unwrap();
        assert_eq!(crate::persist::model_from_bytes::<BayesianMf>(&bytes).unwrap(), fitted.model);
    }
}

#[test]
fn an_observer_throws_all_away() {
    let data = stars();
    for epoch in [1, 10, 30] {
        let mut observer = stop_at(epoch, Stop::Discard);
        let error = small().fit_with(&data, &mut FitContext::new().observer(&mut observer)).unwrap_err();
        assert_eq!(error, FitError::Cancelled { epoch });
    }
}

#[test]
fn deadlines_hold() {
    let data = stars();
    let error = small().fit_with(&data, &mut FitContext::new().deadline(Instant::now())).unwrap_err();
    assert_eq!(error, FitError::Deadline);
    // The observer takes the time: the second epoch does not begin.
    let mut slow = |_: &Progress<'_>| {
        std::thread::sleep(Duration::from_secs(3));
        ControlFlow::Continue(())
    };
    let mut context = FitContext::new().time_limit(Duration::from_secs(3)).observer(&mut slow);
    let fitted = small().fit_with(&data, &mut context).unwrap();
    assert_eq!((fitted.report.stopped, fitted.report.curve.len()), (StopReason::Deadline, 1));
}

#[test]
fn held_out_events_of_other_data_are_an_error() {
    let data = stars();
    let other = Interactions::from_events(data.n_users() + 1, data.n_items(), &[]).unwrap();
    let error = small().fit_with(&data, &mut FitContext::new().validation(&other)).unwrap_err();
    assert!(matches!(error, FitError::Validation { .. }), "{error}");
}
