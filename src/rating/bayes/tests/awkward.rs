//! Data nobody would wish for: each has an answer, or an error that says what to do.

use super::*;
use crate::model::FitError;

fn data(n_users: u32, n_items: u32, events: &[(u32, u32, f32)]) -> Interactions {
    let event = |&(u, i, value): &(u32, u32, f32)| Event {
        user: UserIx::new(u),
        item: ItemIx::new(i),
        value,
        time: None,
    };
    Interactions::from_events(n_users, n_items, &events.iter().map(event).collect::<Vec<_>>()).unwrap()
}

fn grid(n_users: u32, n_items: u32, value: impl Fn(u32, u32) -> f32) -> Interactions {
    let pairs = (0..n_users).flat_map(|u| (0..n_items).map(move |i| (u, i)));
    data(n_users, n_items, &pairs.map(|(u, i)| (u, i, value(u, i))).collect::<Vec<_>>())
}

/// Every answer is finite and on the scale, for those who were there, for a fold-in and for nobody.
fn is_sound(case: &str, model: &BayesianMf, data: &Interactions) {
    let (min, max) = data.value_range().unwrap();
    let history = data.users().map(|(_, history)| history).find(|history| !history.is_empty()).unwrap();
    let users = (0..data.n_users()).map(|user| Query::user(UserIx::new(user)));
    for query in users.chain([Query::history(history), Query::anyone()]) {
        scores(model, &query);
        let mut profile = Profile::new();
        model.profile(&query, &mut profile).unwrap();
        for item in (0..data.n_items()).map(ItemIx::new) {
            let distribution = model.distribution(&profile, item).unwrap();
            let (low, high) = distribution.interval(0.9);
            let mean = distribution.mean();
            assert!(min <= low && low <= high && high <= max, "{case}: {low} {high}");
            assert!((min..=max).contains(&mean), "{case}: {mean}");
            assert!(distribution.deviation() >= 0.0 && distribution.deviation().is_finite(), "{case}");
            assert!((0.0..=1.0).contains(&distribution.doubt()), "{case}");
            for at in [min, max, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert!(!(distribution.at_least(at) < 0.0 || distribution.at_least(at) > 1.0), "{case} {at}");
            }
            for p in [f64::NAN, -1.0, 0.0, 1.0, 2.0] {
                let (low, high) = distribution.interval(p);
                assert!(p.is_nan() || (low <= high && low >= min && high <= max), "{case} {p}: {low} {high}");
            }
        }
    }
}

#[test]
fn small_and_lopsided_data_is_fitted() {
    let cases = [
        ("one event", data(1, 1, &[(0, 0, 3.0)])),
        ("one user", grid(1, 9, |_, i| i as f32)),
        ("one item", grid(9, 1, |u, _| u as f32 * 0.5)),
        (
            "one rating per user",
            data(12, 4, &(0..12).map(|n| (n, n % 4, (n % 5) as f32)).collect::<Vec<_>>()),
        ),
        ("all ratings equal", grid(6, 6, |_, _| 4.0)),
        ("equal but for one", grid(6, 6, |u, i| if u + i == 0 { 5.0 } else { 4.0 })),
        ("two levels", grid(8, 6, |u, i| ((u + i) % 2) as f32)),
        ("levels far apart", grid(8, 6, |u, i| if (u + i) % 2 == 0 { -1e30 } else { 1e30 })),
        ("levels close to each other", grid(8, 6, |u, i| 1.0 + ((u + i) % 3) as f32 * f32::EPSILON)),
        ("huge values", grid(8, 6, |u, i| 1e30 * (1.0 + u as f32 + 0.01 * (u * 6 + i) as f32))),
        ("tiny values", grid(8, 6, |u, i| 1e-38 * (u * 6 + i) as f32)),
        ("an outlier", grid(8, 6, |u, i| if u + i == 0 { 1e20 } else { (u * 6 + i) as f32 })),
        ("rows without ratings", data(9, 9, &[(0, 0, 1.0), (3, 4, 5.0), (3, 0, 2.0)])),
    ];
    for (case, data) in cases {
        for likelihood in [Likelihood::Auto, Likelihood::Gaussian, Likelihood::Ordinal] {
            for factors in [1, 20] {
                let params = small().factors(factors).likelihood(likelihood).samples(6).kept(4);
                let model = params.fit(&data).unwrap_or_else(|error| panic!("{case}, {likelihood}: {error}"));
                is_sound(case, &model, &data);
            }
        }
    }
}

#[test]
fn values_without_room_are_an_error() {
    let huge = grid(3, 3, |u, i| if u == i { f32::MAX } else { f32::MIN });
    for likelihood in [Likelihood::Gaussian, Likelihood::Ordinal] {
        let error = small().likelihood(likelihood).fit(&huge).unwrap_err();
        assert!(matches!(error, FitError::Diverged { raise: None, .. }), "{error}");
        assert!(!error.to_string().contains("raise"), "there is nothing to raise: {error}");
    }
}

#[test]
fn equal_ratings_are_what_is_predicted() {
    let model = small().fit(&grid(6, 6, |_, _| 4.0)).unwrap();
    for query in [Query::user(UserIx::new(0)), Query::anyone()] {
        assert_eq!((0..6).map(|item| predict(&model, &query, item)).collect::<Vec<_>>(), [4.0; 6]);
    }
}

#[test]
fn levels_are_told_from_numbers() {
    let of = |n: u32| grid(20, 20, |u, i| ((u * 20 + i) % n) as f32);
    let levels = |n: u32, likelihood| {
        small()
            .samples(4)
            .kept(2)
            .burn_in(1)
            .likelihood(likelihood)
            .fit(&of(n))
            .map(|model| model.parts.ratings.levels.len())
    };
    assert_eq!(levels(32, Likelihood::Auto), Ok(32));
    assert_eq!(levels(33, Likelihood::Auto), Ok(0));
    assert_eq!(levels(5, Likelihood::Gaussian), Ok(0));
    assert_eq!(levels(256, Likelihood::Ordinal), Ok(256));
    let error = levels(257, Likelihood::Ordinal).unwrap_err();
    let FitError::Param(param) = &error else { panic!("{error}") };
    assert_eq!(param.name, "likelihood");
    assert!(error.to_string().contains("gaussian or auto"), "{error}");
    // Zero has two signs and is one level.
    let zeros = grid(4, 4, |u, i| {
        if u == 0 {
            1.0
        } else if i == 0 {
            -0.0
        } else {
            0.0
        }
    });
    assert_eq!(small().fit(&zeros).unwrap().parts.ratings.levels, [0.0, 1.0]);
}

#[test]
fn no_more_samples_are_kept_than_there_are() {
    let data = stars();
    for (samples, kept, expected) in [(2, 4096, 2), (7, 5, 5), (5, 7, 5)] {
        let model = small().burn_in(0).samples(samples).kept(kept).fit(&data).unwrap();
        assert_eq!(model.samples(), expected);
        scores(&model, &Query::user(UserIx::new(0)));
    }
}

#[test]
fn settings_out_of_range_are_errors() {
    let data = stars();
    let all = BayesianMfParams::new;
    for (name, params) in [
        ("factors", all().factors(0)),
        ("factors", all().factors(257)),
        ("factors", all().factors(usize::MAX)),
        ("samples", all().samples(0)),
        ("samples", all().samples(1)),
        ("samples", all().samples(usize::MAX)),
        ("burn_in", all().burn_in(usize::MAX)),
        ("kept", all().kept(1)),
        ("kept", all().kept(usize::MAX)),
    ] {
        let error = params.fit(&data).unwrap_err();
        assert!(matches!(&error, FitError::Param(param) if param.name == name), "{name}: {error}");
    }
}

#[test]
fn times_that_are_no_seconds_are_an_error_and_can_be_left_aside() {
    for times in [[i64::MIN, 0, i64::MAX], [0, 1_000, 1_700_000_000_000_000_000]] {
        let event = |n: usize| Event {
            user: UserIx::new(n as u32),
            item: ItemIx::new(n as u32),
            value: n as f32,
            time: Some(times[n]),
        };
        let data = Interactions::from_events(3, 3, &[0, 1, 2].map(event)).unwrap();
        let error = small().fit(&data).unwrap_err();
        let FitError::Param(param) = &error else { panic!("{error}") };
        assert_eq!(param.name, "time");
        assert!(error.to_string().contains("Unix seconds"), "{error}");
        let model = small().time(false).fit(&data).unwrap();
        assert!(!model.knows_time());
    }
    // One moment is one day and one period.
    let data = grid(4, 4, |u, i| ((u + i) % 3) as f32);
    let events: Vec<_> = data.events().map(|event| Event { time: Some(-5), ..event }).collect();
    let data = Interactions::from_events(4, 4, &events).unwrap();
    let model = small().fit(&data).unwrap();
    assert_eq!((model.parts.n_periods(), model.parts.time.as_ref().unwrap().days.len()), (1, 1));
    is_sound("one moment", &model, &data);
}

#[test]
fn attributes_that_tell_nothing_do_no_harm() {
    let world = planted(60, 40, 0.5);
    let params = BayesianMfParams::new().factors(4).burn_in(30).samples(40);
    let alone = error_on(&params.fit(&world.told).unwrap(), &world.rest);
    type Kinds = fn(u32) -> Vec<u32>;
    let cases: [(&str, u32, Kinds); 5] = [
        ("of every row", 1, |_| vec![0]),
        ("twice the same", 4, |row| if row % 2 == 0 { vec![0, 1] } else { vec![2, 3] }),
        ("of nobody", 3, |_| vec![]),
        ("of one row each", 60, |row| vec![row % 60]),
        ("more than rows", 300, |row| (row * 5..row * 5 + 5).collect()),
    ];
    for (case, n, of) in cases {
        let data = world.told.clone().with_user_attributes(attributes(60, n, of)).unwrap();
        let data = data.with_item_attributes(attributes(40, n, of)).unwrap();
        let model = params.fit(&data).unwrap();
        let error = error_on(&model, &world.rest);
        assert!(error < 1.05 * alone, "{case}: RMSE {error}, {alone} without");
        is_sound(case, &model, &data);
    }
    // No features at all.
    let data = world.told.clone().with_user_attributes(attributes(60, 0, |_| vec![])).unwrap();
    is_sound("no features", &small().fit(&data).unwrap(), &data);
}
