use super::*;
use crate::data::Event;
use crate::persist::{model_from_bytes, model_to_bytes};

/// Rows of user, item, value and time.
fn data(rows: &[(u32, u32, f32, i64)]) -> Interactions {
    let event = |&(user, item, value, time): &(u32, u32, f32, i64)| Event {
        user: UserIx::new(user),
        item: ItemIx::new(item),
        value,
        time: Some(time),
    };
    Interactions::from_events(4, 4, &rows.iter().map(event).collect::<Vec<_>>()).unwrap()
}

/// Item 0 thrice, once negative and once zero; item 1 twice; item 2 disliked; item 3 untouched.
fn small() -> Interactions {
    data(&[
        (0, 0, 5.0, 0),
        (1, 0, -5.0, 20),
        (2, 0, 0.0, 20),
        (0, 1, 0.5, 10),
        (1, 1, 2.0, 20),
        (3, 2, -1.0, 20),
    ])
}

fn scores(params: PopularityParams) -> Vec<f32> {
    params.fit(&small()).unwrap().scores
}

#[test]
fn people_are_counted_and_nothing_below_zero_is_a_like() {
    assert_eq!(scores(PopularityParams::new()), [1.0, 2.0, 0.0, 0.0]);
}

#[test]
fn values_are_added_where_they_are_positive() {
    assert_eq!(scores(PopularityParams::new().sum_values(true)), [5.0, 2.5, 0.0, 0.0]);
}

/// Ages 20, 10 and 0 with a half-life of 10: a quarter, a half, the whole.
#[test]
fn events_age() {
    let aged = PopularityParams::new().half_life(10.0);
    assert_eq!(scores(aged.clone()), [0.25, 1.5, 0.0, 0.0]);
    assert_eq!(scores(aged.sum_values(true)), [1.25, 2.25, 0.0, 0.0]);
}

#[test]
fn times_and_values_at_the_end_of_the_numbers() {
    let far = data(&[(0, 0, f32::MAX, i64::MIN), (1, 0, f32::MAX, i64::MAX), (2, 0, f32::MAX, i64::MAX)]);
    let aged = PopularityParams::new().half_life(f64::MIN_POSITIVE);
    assert_eq!(aged.fit(&far).unwrap().scores[0], 2.0);
    assert_eq!(PopularityParams::new().sum_values(true).fit(&far).unwrap().scores[0], f32::MAX);
}

#[test]
fn ageing_needs_times() {
    let event = Event { user: UserIx::new(0), item: ItemIx::new(0), value: 1.0, time: None };
    let untimed = Interactions::from_events(1, 1, &[event]).unwrap();
    let error = PopularityParams::new().half_life(1.0).fit(&untimed).unwrap_err();
    assert!(matches!(&error, FitError::Param(error) if error.name == "half_life"), "{error:?}");
    for bad in ["-1", "NaN", "inf"] {
        let mut params = PopularityParams::new();
        params.set("half_life", bad).unwrap();
        assert_eq!(params.check().unwrap_err().name, "half_life");
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_same_after_json_and_nothing_unsound() {
    let model = PopularityParams::new().fit(&small()).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Popularity>(&json).unwrap(), model);
    for (good, bad) in [("[1.0,2.0", "[1.0,-2.0"), ("\"items\":[0,1,0,1,0,2]", "\"items\":[0,1,0,1,0,9]")] {
        assert!(json.contains(good), "{json}");
        assert!(serde_json::from_str::<Popularity>(&json.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}

#[test]
fn a_file_with_an_unpopular_number_is_refused() {
    let mut model = PopularityParams::new().fit(&small()).unwrap();
    assert_eq!(model_from_bytes::<Popularity>(&model_to_bytes(&model).unwrap()).unwrap(), model);
    model.scores[1] = -1.0;
    let error = model_from_bytes::<Popularity>(&model_to_bytes(&model).unwrap()).unwrap_err();
    assert!(error.to_string().contains("scores"), "{error}");
}
