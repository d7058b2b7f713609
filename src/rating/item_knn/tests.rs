use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::data::{History, ItemIx, UserIx};
use crate::model::{Basis, PredictRating, Profile, Query, Score};
use crate::persist::{model_from_bytes, model_to_bytes};
use crate::rating::bias::tests::data;

const A: ItemIx = ItemIx::new(0);
const B: ItemIx = ItemIx::new(1);
const C: ItemIx = ItemIx::new(2);

/// Rows and columns of residuals that sum to 0 around a mean of 3, so that all biases are 0. Two of
/// the people did not rate B.
fn balanced() -> Interactions {
    let a = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let b = [1.0, -1.0, 0.0, 0.0];
    let c = [-2.0, 2.0, -1.0, 1.0, -1.0, 1.0];
    let mut rows = Vec::new();
    for (item, column) in [&a[..], &b, &c].into_iter().enumerate() {
        rows.extend(column.iter().enumerate().map(|(user, e)| (user as u32, item as u32, 3.0 + e)));
    }
    data(6, 4, &rows)
}

fn by_hand() -> ItemKnnParams {
    ItemKnnParams::new().shrinkage(4.0).regularization(1.0 / 12.0).user_regularization(1.0)
}

#[test]
fn similarity_by_hand() {
    let model = by_hand().fit(&balanced()).unwrap();
    // a.b = 2, |a|^2 = 6 over all its raters, |b|^2 = 2: correlation 1 / sqrt 3, halved by 4 / (4 + 4).
    let neighbours: Vec<_> = model.neighbours(A).collect();
    assert_eq!(neighbours.len(), 1, "a and c are opposite: {neighbours:?}");
    assert_eq!(neighbours[0].0, B);
    approx::assert_abs_diff_eq!(neighbours[0].1, 1.0 / 12.0, epsilon = 1e-6);
    assert_eq!(model.neighbours(C).count(), 0);
    assert_eq!(model.neighbours(ItemIx::new(4)).count(), 0);
    let few = by_hand().min_overlap(5).fit(&balanced()).unwrap();
    assert_eq!(few.neighbours(A).count(), 0);
}

#[test]
fn prediction_by_hand() {
    let model = by_hand().fit(&balanced()).unwrap();
    let ask = |values: &[f32], item| {
        let ids = vec![B; values.len()];
        model.predict_one(&Query::history(History::new(&ids, values).unwrap()), item).unwrap()
    };
    // b_u = 2 / (1 + 1), residual 1, weight 1/12 over 1/12 + 1/12.
    let prediction = ask(&[5.0], A);
    approx::assert_abs_diff_eq!(prediction.rating, 4.5, epsilon = 1e-5);
    assert_eq!(prediction.basis, Basis::Learned);
    // Twice: b_u = 4 / 3, residuals 2/3 each, weight 2/12 over 3/12; 3 + 4/3 + 4/9.
    approx::assert_abs_diff_eq!(ask(&[5.0, 5.0], A).rating, 3.0 + 16.0 / 9.0, epsilon = 1e-5);
    // Opposite to b, so the baseline alone; and an item without ratings.
    assert_eq!(ask(&[5.0], C).basis, Basis::Biases);
    assert_eq!(ask(&[], ItemIx::new(3)).basis, Basis::GlobalMean);
}

#[test]
fn no_more_than_k_neighbours_speak() {
    // Three items alike and the one asked for; the nearest has the most common raters.
    let mut rows = Vec::new();
    for user in 0..8u32 {
        let value = if user % 2 == 0 { 5.0 } else { 1.0 };
        rows.extend((0..4).filter(|item| user < 8 - 2 * item).map(|item| (user, item, value)));
    }
    let all = data(8, 4, &rows);
    let params = ItemKnnParams::new().user_regularization(1e9).regularization(0.0);
    let (ids, values) = ([ItemIx::new(1), ItemIx::new(2)], [5.0, 1.0]);
    let ask = |params: ItemKnnParams| {
        let model = params.fit(&all).unwrap();
        let query = Query::history(History::new(&ids, &values).unwrap());
        model.predict_one(&query, A).unwrap().rating
    };
    assert!(ask(params.clone().neighbours(1)) > 4.9);
    assert!(ask(params) < 4.9);
}

#[test]
fn nothing_to_compare() {
    let equal: Vec<_> = (0..12).map(|at| (at / 4, at % 4, 4.0)).collect();
    let single: Vec<_> = (0..4).map(|at| (at, at, at as f32)).collect();
    let constant: Vec<_> =
        (0..12).map(|at| (at / 4, at % 4, if at % 4 == 0 { 3.0 } else { at as f32 })).collect();
    for rows in [&equal, &single, &constant] {
        let all = data(4, 4, rows);
        let undamped = ItemKnnParams::new().user_regularization(0.0).item_regularization(0.0);
        for params in [ItemKnnParams::new(), undamped.regularization(0.0).shrinkage(0.0).min_overlap(1)] {
            let model = params.fit(&all).unwrap();
            let (mut profile, mut scores) = (Profile::new(), [0.0; 6]);
            for user in (0..4).map(UserIx::new) {
                model.profile(&Query::user(user), &mut profile).unwrap();
                model.score_block(&profile, A, &mut scores);
                assert!(scores[..4].iter().all(|score| score.is_finite()), "{scores:?}");
                assert_eq!(scores[4..], [f32::NEG_INFINITY; 2]);
            }
        }
    }
}

#[test]
fn ratings_at_the_end_of_the_numbers() {
    let model = by_hand().fit(&balanced()).unwrap();
    let (ids, values) = ([A, B, C, B], [f32::MAX, f32::MIN, f32::MAX, f32::MAX]);
    let (mut profile, mut scores) = (Profile::new(), [0.0; 4]);
    model.profile(&Query::history(History::new(&ids, &values).unwrap()), &mut profile).unwrap();
    model.score_block(&profile, A, &mut scores);
    assert!(scores.iter().all(|score| !score.is_nan()), "{scores:?}");
    let huge = data(3, 2, &[(0, 0, 3e38), (0, 1, -3e38), (1, 0, -3e38), (1, 1, 3e38), (2, 0, 3e38)]);
    let model = ItemKnnParams::new().fit(&huge).unwrap();
    assert!(!model.predict_one(&Query::user(UserIx::new(2)), B).unwrap().rating.is_nan());
}

#[test]
fn a_profile_of_nobody_and_of_another_model() {
    let model = by_hand().fit(&balanced()).unwrap();
    let mut scores = [0.0; 4];
    let odd = Profile { dense: vec![1.0; 3], ..Profile::new() };
    for profile in [Profile::new(), odd] {
        model.score_block(&profile, A, &mut scores);
        assert!(scores.iter().all(|score| score.is_finite()));
        model.predict(&profile, C).unwrap();
    }
}

#[test]
fn a_deadline_that_has_passed() {
    let late = ItemKnnParams::new().fit_with(&balanced(), &mut FitContext::new().time_limit(Duration::ZERO));
    assert_eq!(late.unwrap_err(), FitError::Deadline);
}

#[test]
fn parameters_out_of_range() {
    for (name, value) in [
        ("neighbours", "0"),
        ("candidates", "39"),
        ("min_overlap", "0"),
        ("shrinkage", "-1"),
        ("amplification", "0"),
        ("regularization", "NaN"),
        ("user_regularization", "-1"),
        ("item_regularization", "inf"),
    ] {
        let mut params = ItemKnnParams::new();
        params.set(name, value).unwrap();
        assert_eq!(params.check().unwrap_err().name, name);
    }
    let all = ItemKnnParams::new().neighbours(usize::MAX).candidates(usize::MAX);
    let model = all.fit(&balanced()).unwrap();
    assert_eq!(model_from_bytes::<ItemKnn>(&model_to_bytes(&model).unwrap()).unwrap(), model);
}

/// The weight of a pair in double precision, straight from the definition.
fn naive_weight(params: &ItemKnnParams, all: &Interactions, model: &ItemKnn, pair: [ItemIx; 2]) -> f64 {
    let residual = |user: UserIx, item: ItemIx, value: f32| {
        f64::from(value - (model.biases.mean + model.biases.users[user.ix()] + model.biases.items[item.ix()]))
    };
    let column = |item: ItemIx| {
        let audience = all.item(item).unwrap();
        audience.iter().map(|(user, value)| (user, residual(user, item, value))).collect::<Vec<_>>()
    };
    let [a, b] = pair.map(column);
    let norm = |column: &[(UserIx, f64)]| column.iter().map(|(_, e)| e * e).sum::<f64>().sqrt();
    let both = || a.iter().flat_map(|x| b.iter().filter(|y| x.0 == y.0).map(|y| x.1 * y.1));
    let (product, n) = (both().sum::<f64>(), both().count());
    if n < params.min_overlap as usize || product <= 0.0 {
        return 0.0;
    }
    let similarity = product / (norm(&a) * norm(&b)) * n as f64 / (n as f64 + f64::from(params.shrinkage));
    similarity.powf(f64::from(params.amplification))
}

fn ratings() -> impl Strategy<Value = Interactions> {
    let cell = prop::option::weighted(0.6, 1..=5u8);
    prop::collection::vec(cell, 12 * 9).prop_filter_map("no ratings", |cells| {
        let rows = cells
            .iter()
            .enumerate()
            .filter_map(|(at, &cell)| Some((at as u32 / 9, at as u32 % 9, f32::from(cell?))));
        let rows: Vec<_> = rows.collect();
        (!rows.is_empty()).then(|| data(12, 9, &rows))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn neighbours_are_those_of_the_definition(all in ratings()) {
        let params = ItemKnnParams::new().neighbours(3).candidates(4);
        let model = params.fit(&all).unwrap();
        for item in (0..9).map(ItemIx::new) {
            let found: Vec<_> = model.neighbours(item).collect();
            let others = (0..9).map(ItemIx::new).filter(|&other| other != item);
            let mut expected: Vec<_> = others.map(|other| naive_weight(&params, &all, &model, [item, other])).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            // A correlation of 0 may come out as a rounding error.
            for (at, expected) in expected.iter().enumerate().take(4) {
                let weight = found.get(at).map_or(0.0, |(_, weight)| f64::from(*weight));
                prop_assert!((weight - expected).abs() < 1e-5, "{weight} {expected}");
            }
            prop_assert!(found.len() <= 4);
            for (other, weight) in found {
                let expected = naive_weight(&params, &all, &model, [item, other]);
                prop_assert!((f64::from(weight) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_training_row_folded_in_is_the_trained_row(all in ratings()) {
        let model = ItemKnnParams::new().fit(&all).unwrap();
        for (user, history) in all.users() {
            let (mut trained, mut folded) = (Profile::new(), Profile::new());
            model.profile(&Query::user(user), &mut trained).unwrap();
            model.profile(&Query::history(history), &mut folded).unwrap();
            prop_assert_eq!(trained, folded);
        }
    }

    #[test]
    fn the_same_for_any_number_of_threads_and_after_a_file(all in ratings()) {
        let fit = |threads| {
            ItemKnnParams::new().fit_with(&all, &mut FitContext::new().threads(threads)).unwrap().model
        };
        let bytes = model_to_bytes(&fit(1)).unwrap();
        for threads in [2, 3, 8] {
            prop_assert_eq!(&model_to_bytes(&fit(threads)).unwrap(), &bytes);
        }
        let loaded: ItemKnn = model_from_bytes(&bytes).unwrap();
        prop_assert_eq!(loaded, fit(1));
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_same_after_json_and_nothing_unsound() {
    let model = by_hand().fit(&balanced()).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<ItemKnn>(&json).unwrap(), model);
    let neighbours = "\"neighbours\":{\"offsets\":[0,1,2,2,2],\"items\":[1,0],\"weights\":[";
    for (good, bad) in [
        (neighbours, "\"neighbours\":{\"offsets\":[0,1,2,2],\"items\":[1,0],\"weights\":["),
        (neighbours, "\"neighbours\":{\"offsets\":[],\"items\":[1,0],\"weights\":["),
        (neighbours, "\"neighbours\":{\"offsets\":[1,1,2,2,2],\"items\":[1,0],\"weights\":["),
        (neighbours, "\"neighbours\":{\"offsets\":[0,2,1,2,2],\"items\":[1,0],\"weights\":["),
        (neighbours, "\"neighbours\":{\"offsets\":[0,1,2,2,2],\"items\":[4,0],\"weights\":["),
        (neighbours, "\"neighbours\":{\"offsets\":[0,1,2,2,2],\"items\":[1,0],\"weights\":[-1.0,"),
        ("\"residuals\":[", "\"residuals\":[0.0,"),
        ("\"k\":4", "\"k\":0"),
    ] {
        assert!(json.contains(good), "{good} in {json}");
        assert!(serde_json::from_str::<ItemKnn>(&json.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}
