//! Guards the compression: made-up worlds in which a small model can say all there is to say.

use super::super::tests::{NOISE, planted, rmse, scores, small, stars};
use super::*;
use crate::data::{History, ItemIx, UserIx};
use crate::kernel::{Level, Rows, Stream};
use crate::model::{Fit, Query, Score};
use crate::persist::model_to_bytes;
use crate::rating::BayesianMfParams;
use subspace::{Tall, find};

fn apart(a: &[f32], b: &[f32]) -> f64 {
    rmse(a.iter().zip(b).map(|(a, b)| f64::from(a - b)))
}

/// Two tall matrices of rank 3 and noise: what the maps say against the product of all.
#[test]
fn the_product_is_found_without_being_made() {
    let (dim, samples, n) = (4, 5, 60);
    let width = dim * samples;
    let rows = |side: u64| {
        let mut all = vec![0.0; n * width];
        for (row, to) in (0..).zip(all.chunks_exact_mut(width)) {
            let mut normal = Stream { seed: 1, epoch: 0, side, row }.normal();
            let own: Vec<f32> = (0..dim).map(|_| normal.draw() as f32).collect();
            to.iter_mut().enumerate().for_each(|(k, x)| *x = own[k % dim] + 0.05 * normal.draw() as f32);
        }
        all
    };
    let (x, y) = (rows(0), rows(1));
    let workers = Workers::new(2).unwrap();
    let of = |rows| Tall::new((&workers, Level::detect()), rows, vec![1.0; n], dim).unwrap();
    let (users, items) = (of(Rows::new(&x, width, width).unwrap()), of(Rows::new(&y, width, width).unwrap()));
    for (factors, most) in [(3, 0.02), (40, 1e-4)] {
        let (m, q) = find(&users, &items, factors).unwrap();
        let coordinates = |rows: &[f32], center: &[f32], map: &[f32]| -> Vec<f64> {
            let at = |r: usize, f: usize| {
                (0..width)
                    .map(|k| f64::from(rows[r * width + k] - center[k]) * f64::from(map[k * factors + f]))
                    .sum()
            };
            (0..n * factors).map(|at_| at(at_ / factors, at_ % factors)).collect()
        };
        let (p, q) = (coordinates(&x, &users.center, &m), coordinates(&y, &items.center, &q));
        let (mut off, mut all) = (0.0, 0.0);
        for u in 0..n {
            for i in 0..n {
                let exact: f64 = (0..width)
                    .filter(|k| k % dim + 1 < dim)
                    .map(|k| {
                        f64::from(x[u * width + k] - users.center[k])
                            * f64::from(y[i * width + k] - items.center[k])
                    })
                    .sum();
                let found: f64 = (0..factors).map(|f| p[u * factors + f] * q[i * factors + f]).sum();
                off += (exact - found).powi(2);
                all += exact * exact;
            }
        }
        assert!(off < most * all, "{factors} factors leave {off} of {all}");
    }
}

#[test]
fn a_small_model_says_what_the_samples_say() {
    let world = planted(100, 60, 0.5);
    let model = BayesianMfParams::new().factors(4).burn_in(40).samples(60).kept(20).fit(&world.told).unwrap();
    let mut before = f64::INFINITY;
    for (factors, most) in [(1, 0.8), (2, 0.12), (8, 0.06)] {
        let small = model.compress(&Compression::new(factors)).unwrap();
        assert_eq!((small.model.factors(), small.report.line < 1e-4), (factors, true));
        assert!(small.report.apart < most && small.report.apart < before, "{factors}: {:?}", small.report);
        before = small.report.apart;
        for user in (0..100).step_by(9).map(UserIx::new) {
            let query = Query::user(user);
            let found = apart(&scores(&model, &query), &scores(&small.model, &query));
            assert!(found < 2.0 * most, "{factors}, {user:?}: {found}");
            assert_eq!(model.seen(user), small.model.seen(user));
        }
    }
}

#[test]
fn histories_are_folded_in_as_by_all_samples() {
    let world = planted(100, 60, 0.5);
    let model = BayesianMfParams::new().factors(4).burn_in(40).samples(60).kept(20).fit(&world.told).unwrap();
    let small = model.compress(&Compression::new(4)).unwrap().model;
    for (_, all) in world.told.users().step_by(9) {
        for n in [0, 3, all.len()] {
            let history = History { ids: &all.ids[..n], values: &all.values[..n], times: None };
            let query = Query::history(history);
            let found = apart(&scores(&model, &query), &scores(&small, &query));
            assert!(found < NOISE, "{n} ratings: {found}");
        }
    }
}

#[test]
fn no_bit_depends_on_the_number_of_threads() {
    let model = small().fit(&stars()).unwrap();
    let bytes = |threads| {
        model_to_bytes(&model.compress(&Compression::new(5).threads(threads)).unwrap().model).unwrap()
    };
    let one = bytes(1);
    for threads in [2, 3, 8] {
        assert!(bytes(threads) == one, "{threads} threads");
    }
}

/// More factors than there are rows or columns are zeros, and harm nothing.
#[test]
fn more_factors_than_there_are_say_nothing() {
    let model = small().fit(&stars()).unwrap();
    let (some, many) =
        (model.compress(&Compression::new(24)).unwrap(), model.compress(&Compression::new(200)).unwrap());
    assert!((some.report.apart - many.report.apart).abs() < 1e-3, "{:?} {:?}", some.report, many.report);
    let query = Query::user(UserIx::new(3));
    assert!(apart(&scores(&some.model, &query), &scores(&many.model, &query)) < 1e-2);
}

#[test]
fn what_cannot_be_is_an_error() {
    let model = small().fit(&stars()).unwrap();
    for factors in [0, 1025, usize::MAX] {
        let error = model.compress(&Compression::new(factors)).unwrap_err();
        assert!(
            matches!(error, CompressError::Param(_)) && error.to_string().contains("1 to 1024"),
            "{error}"
        );
    }
    let mut parts = model.parts;
    parts.items.iter_mut().for_each(|x| *x *= 1e11);
    parts.users.iter_mut().for_each(|x| *x *= 1e11);
    let huge = BayesianMf::try_from(parts).unwrap();
    assert_eq!(huge.compress(&Compression::new(3)).unwrap_err(), CompressError::TooLarge);
}

/// One user, one item, equal ratings.
#[test]
fn awkward_data_is_compressed() {
    let event = |user, item, value| crate::data::Event {
        user: UserIx::new(user),
        item: ItemIx::new(item),
        value,
        time: None,
    };
    for events in [
        vec![event(1, 1, 4.0)],
        (0..9).map(|n| event(n / 3, n % 3, 2.5)).collect(),
        (0..3).map(|n| event(0, n, n as f32)).collect(),
        (0..3).map(|n| event(n, 0, -(n as f32))).collect(),
    ] {
        let data = crate::data::Interactions::from_events(4, 5, &events).unwrap();
        let small = small().fit(&data).unwrap().compress(&Compression::new(2)).unwrap();
        assert!(small.report.apart.is_finite() && small.report.pairs == events.len());
        (0..4).for_each(|user| drop(scores(&small.model, &Query::user(UserIx::new(user)))));
    }
}
