//! Guards against a mistyped number that fills the memory, starts a million threads or makes every score infinite.

use foldin::data::synthetic::Synthetic;
use foldin::data::{DataError, Event, History, Interactions, ItemIx, UserIx};
use foldin::evaluate::{Bootstrap, EvaluateError, RatingOptions, rating};
use foldin::model::{Factors, Fit, FitError, Profile, Query, QueryError, Score};
use foldin::rating::{BayesianMfParams, BiasBaselineParams};
use foldin::retrieve::{ScanError, Vectors};

fn data() -> Interactions {
    let event =
        |n: u32| Event { user: UserIx::new(n / 3), item: ItemIx::new(n % 3), value: n as f32, time: None };
    Interactions::from_events(3, 3, &(0..9).map(event).collect::<Vec<_>>()).unwrap()
}

#[test]
fn more_generated_rows_or_ratings_than_fit() {
    for world in [Synthetic::new().users(u32::MAX - 1), Synthetic::new().items(u32::MAX - 1)] {
        assert!(matches!(world.generate(), Err(DataError::Setting { .. })));
    }
    let world = Synthetic::new().users(100_000_000).items(100_000_000).ratings(1 << 60);
    assert!(matches!(world.generate(), Err(DataError::Setting { name: "ratings", .. })));
}

#[test]
fn more_resamples_than_fit() {
    let data = data();
    let model = BiasBaselineParams::new().fit(&data).unwrap();
    let options = RatingOptions::new().bootstrap(Bootstrap { resamples: usize::MAX, ..Bootstrap::default() });
    assert!(matches!(rating(&model, &data, &data, &options), Err(EvaluateError::Param(_))));
}

#[test]
fn times_that_would_take_a_number_for_each_of_trillions_of_days() {
    let event = |n: u32| Event {
        user: UserIx::new(n / 3),
        item: ItemIx::new(n % 3),
        value: n as f32,
        time: Some(i64::MAX / 8 * i64::from(n)),
    };
    let data = Interactions::from_events(3, 3, &(0..9).map(event).collect::<Vec<_>>()).unwrap();
    let error = BayesianMfParams::new().fit(&data).unwrap_err();
    assert!(matches!(&error, FitError::Param(param) if param.name == "time"), "{error}");
}

#[test]
fn more_samples_or_factors_than_fit() {
    for (name, params) in [
        ("factors", BayesianMfParams::new().factors(usize::MAX)),
        ("samples", BayesianMfParams::new().samples(usize::MAX)),
        ("burn_in", BayesianMfParams::new().burn_in(usize::MAX)),
        ("kept", BayesianMfParams::new().kept(usize::MAX)),
    ] {
        let error = params.fit(&data()).unwrap_err();
        assert!(matches!(&error, FitError::Param(param) if param.name == name), "{error}");
    }
}

#[cfg(feature = "parallel")]
#[test]
fn more_threads_than_any_machine_has() {
    let mut context = foldin::model::FitContext::new().threads(usize::MAX);
    let error = BiasBaselineParams::new().fit_with(&data(), &mut context).unwrap_err();
    assert!(matches!(error, FitError::Threads(_)), "{error:?}");
}

#[test]
fn ratings_too_large_for_a_bias() {
    // Ratings at one end of all numbers, folded in on a model from the other end.
    let low = |n: u32| Event { user: UserIx::new(n / 3), item: ItemIx::new(n % 3), value: -2e38, time: None };
    let data = Interactions::from_events(3, 3, &(0..9).map(low).collect::<Vec<_>>()).unwrap();
    let model = BiasBaselineParams::new().user_regularization(0.0).fit(&data).unwrap();
    let (items, values) = ([0, 1, 2].map(ItemIx::new), [3e38; 3]);
    let history = History::new(&items, &values).unwrap();
    let answer = model.profile(&Query::history(history), &mut Profile::new());
    assert!(matches!(answer, Err(QueryError::Unsolvable(_))), "{answer:?}");
}

#[test]
fn wider_rows_than_can_be_scanned() {
    // No rows at all, so that no shape gives the width away.
    for factors in [65_535, 1 << 31, 1 << 61, usize::MAX] {
        let rows = Factors { rows: &[], stride: factors, factors, bias: &[] };
        let error = Vectors::new(rows).unwrap_err();
        assert_eq!(error, ScanError::TooWide { factors, most: 65_534 });
    }
    let widest = Factors { rows: &[], stride: 65_534, factors: 65_534, bias: &[] };
    assert_eq!(Vectors::new(widest).unwrap().n_items(), 0);
}
