//! Forecasts by hand: two samples of one factor, two users, three titles of which the second has no ratings.

use std::collections::BTreeSet;

use super::crowd::Outcome;
use super::*;
use crate::data::synthetic::Synthetic;
use crate::data::{
    AttributeRecord, Columns, EncodedRow, Event, FieldKind, Ids, Interactions, ItemAttributes, ItemIx,
};
use crate::model::{Fit, FitContext, QueryError, RatingScale, Seen};
use crate::rating::BayesianMfParams;
use crate::rating::bayes::model::{Noise, Parts};
use crate::rating::bayes::prior::Prior;
use crate::rating::bayes::ratings::Ratings;
use crate::rating::start::Scaling;

const USERS: [UserIx; 2] = [UserIx::new(0), UserIx::new(1)];

fn genres() -> ItemAttributes {
    let ids = Ids {
        users: ["ann", "bob"].map(String::from).into_iter().collect(),
        items: ["i0", "i1", "i2"].map(String::from).into_iter().collect(),
    };
    let film = |genre: &str| AttributeRecord::new().with("genre", genre);
    let films = [("i0", film("a")), ("i1", film("b")), ("i2", film("b"))];
    let builder = ItemAttributes::builder().kind("genre", FieldKind::Categorical).min_rows(1);
    builder.add("films", films).unwrap().build(&ids).unwrap().0
}

fn model(attributes: bool) -> BayesianMf {
    let data = Interactions::from_columns(
        2,
        3,
        Columns { users: &USERS, items: &[ItemIx::new(0), ItemIx::new(2)], values: &[1.0, 5.0], times: None },
    )
    .unwrap();
    let prior = |weights: Vec<f32>| Prior {
        mean: vec![0.2, 0.0, 0.2, 0.0],
        root: [[2.0, 0.0, 0.0, 2.0]; 2].concat(),
        inverse: [[0.5, 0.0, 0.0, 0.5]; 2].concat(),
        weights,
    };
    let of_items = if attributes { vec![0.4, 0.2, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0] } else { Vec::new() };
    let range = RatingScale { min: 1.0, max: 5.0 };
    let parts = Parts {
        factors: 1,
        samples: 2,
        ratings: Ratings {
            scaling: Scaling { center: 3.0, spread: 1.0, range },
            levels: Vec::new(),
            cuts: Vec::new(),
        },
        users: vec![1.0, 0.0, 1.0, 0.0, -1.0, 0.5, -1.0, 0.5],
        items: vec![0.5, 0.1, 0.7, -0.1, 0.2, 0.0, 0.2, 0.0, -0.5, 0.0, -0.5, 0.0],
        user_prior: prior(Vec::new()),
        item_prior: prior(of_items),
        newcomers: None,
        user_sets: false,
        noise: Noise { all: 0.25, users: vec![1.0; 2], items: vec![1.0; 3] },
        time: None,
        user_attributes: None,
        item_attributes: attributes.then(|| genres().into()),
        seen: Seen::new(&data),
        few: 0,
        rated: None,
        begun: BTreeSet::new(),
    };
    parts.try_into().unwrap()
}

fn ask<'a>() -> ForecastRequest<'a> {
    ForecastRequest::new().threshold(3.1).threads(1)
}

fn of_genre_a() -> EncodedRow {
    EncodedRow { features: vec![0], values: vec![1.0], ..EncodedRow::default() }
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
}

/// Scores: ann 0.6 in both samples; bob 0.1 and -0.3. Mean ratings of the samples: 3.35 and 3.15.
#[test]
fn means_and_audiences_are_those_computed_by_hand() {
    let forecast = model(true).forecast(Title::Item(ItemIx::new(0)), &ask()).unwrap();
    close(forecast.mean.value, 3.25);
    let deviation = (0.02f64 + 2.0 * 0.25 / 4.0).sqrt();
    close(forecast.mean.deviation, deviation);
    close(forecast.mean.high, 3.25 + 1.644_854 * deviation);
    close(f64::from(forecast.expected[0]), 3.6);
    close(f64::from(forecast.expected[1]), 2.9);
    close(f64::from(forecast.deviation[0]), 0.5);
    close(f64::from(forecast.deviation[1]), 0.33f64.sqrt());
    let (ann, bob) = (0.841_345, (0.5 + 0.211_855) / 2.0);
    close(f64::from(forecast.probability[0]), ann);
    close(f64::from(forecast.probability[1]), bob);
    close(forecast.audience.value, ann + bob);
    let toss = ann * (1.0 - ann) + 0.5 * (0.25 + 0.211_855 * (1.0 - 0.211_855));
    let between = (0.5f64 - 0.211_855).powi(2) / 2.0;
    close(forecast.audience.deviation, (toss + between).sqrt());
    assert_eq!((forecast.audience.low, forecast.audience.high), (forecast.audience.low.max(0.0), 2.0));
    let top: Vec<UserIx> = forecast.top.iter().map(|prospect| prospect.user).collect();
    assert_eq!(top, USERS);
}

#[test]
fn levels_are_counted_from_the_threshold_on() {
    let range = RatingScale { min: 1.0, max: 3.0 };
    let ratings = Ratings {
        scaling: Scaling { center: 2.0, spread: 1.0, range },
        levels: vec![1.0, 2.0, 3.0],
        cuts: vec![-1.0, 1.0],
    };
    let outcome = |threshold| Outcome::of(&ratings, 0.0, 1.0, threshold);
    close(outcome(2.0).mean, 2.0);
    close(outcome(2.0).variance, 2.0 * 0.158_655);
    for (threshold, likely) in
        [(1.0, 1.0), (1.5, 0.841_345), (2.0, 0.841_345), (2.5, 0.158_655), (3.0, 0.158_655)]
    {
        close(outcome(threshold).likely, likely);
    }
}

/// For ann genre a is worth 0.4 + 0.2 on a prior mean of 0.2; for both the factor averages out.
#[test]
fn reasons_add_up_to_the_forecast() {
    let model = model(true);
    let ann = ask().users(&USERS[..1]);
    let unreleased = model.forecast(Title::Attributes(&of_genre_a()), &ann).unwrap();
    close(unreleased.nothing_known, 3.2);
    close(unreleased.features[0].effect, 0.6);
    assert_eq!(unreleased.features[0].feature.to_string(), "genre = a");
    close(unreleased.fields[0].effect, 0.6);
    close(unreleased.own.effect, 0.0);
    close(unreleased.mean.value, 3.8);
    let rated = model.forecast(Title::Item(ItemIx::new(0)), &ann).unwrap();
    close(rated.own.effect, -0.2);
    close(rated.own.deviation, 0.0);
    let both = model.forecast(Title::Attributes(&of_genre_a()), &ask()).unwrap();
    close(both.features[0].effect, 0.2);
    let twice = EncodedRow { values: vec![2.0], ..of_genre_a() };
    close(model.forecast(Title::Attributes(&twice), &ask()).unwrap().features[0].effect, 0.4);
}

/// The users' factors have variance 1. Factors of the asked 0.6, of the first title 0.5 and 0.7, of the third -0.5.
#[test]
fn neighbours_please_the_same_people() {
    let forecast = model(true).forecast(Title::Attributes(&of_genre_a()), &ask()).unwrap();
    let near: Vec<u32> = forecast.neighbours.iter().map(|near| near.item.get()).collect();
    assert_eq!(near, [0, 2]);
    let alike = forecast.neighbours[0].similarity;
    close(alike, 0.72 / (0.72f64 * 0.74).sqrt());
    close(forecast.neighbours[1].similarity, -1.0);
    assert_eq!(forecast.neighbours[0].audience, 1);
    close(forecast.neighbours[0].overlap.unwrap(), f64::from(forecast.probability[0]));
    let bob = ask().users(&USERS[1..]);
    let of_bob = model(true).forecast(Title::Item(ItemIx::new(1)), &bob).unwrap();
    assert_eq!((of_bob.neighbours[0].audience, of_bob.neighbours[0].overlap), (0, None));
    let of_rated = model(true).forecast(Title::Item(ItemIx::new(0)), &ask()).unwrap();
    assert_eq!(of_rated.neighbours.len(), 1);
}

#[test]
fn bad_requests_are_errors_that_say_what_to_do() {
    let model = model(true);
    let fails = |title: Title<'_>, request: ForecastRequest<'_>| model.forecast(title, &request).unwrap_err();
    let item = Title::Item(ItemIx::new(0));
    assert!(matches!(
        fails(Title::Item(ItemIx::new(3)), ask()),
        ForecastError::Query(QueryError::UnknownItem { .. })
    ));
    assert_eq!(fails(item, ask().users(&[])), ForecastError::NoUsers);
    assert!(matches!(fails(item, ask().users(&[USERS[0]; 2])), ForecastError::RepeatedUser { .. }));
    let stranger = [UserIx::new(2)];
    let error = fails(item, ask().users(&stranger));
    assert!(matches!(error, ForecastError::Query(QueryError::UnknownUser { .. })));
    for threshold in [0.9, 5.1, f32::NAN] {
        let error = fails(item, ask().threshold(threshold)).to_string();
        assert!(error.contains("threshold") && error.contains("from 1 to 5"), "{error}");
    }
    for interval in [0.0, 1.0, f64::NAN] {
        assert!(fails(item, ask().interval(interval)).to_string().contains("interval"));
    }
    let unknown = EncodedRow { features: vec![2], ..of_genre_a() };
    let error = fails(Title::Attributes(&unknown), ask());
    assert!(matches!(error, ForecastError::Query(QueryError::UnknownFeature { feature: 2, n_features: 2 })));
    for values in [vec![], vec![f32::NAN]] {
        let row = EncodedRow { values, ..of_genre_a() };
        let error = fails(Title::Attributes(&row), ask());
        assert_eq!(error, ForecastError::Malformed { features: 1, values: 0 });
    }
    let without = self::model(false);
    let error = without.forecast(Title::Attributes(&of_genre_a()), &ask()).unwrap_err();
    assert_eq!(error, ForecastError::NoAttributes);
}

#[test]
fn longer_lists_than_there_are_end_with_what_there_is() {
    let forecast = model(false).forecast(Title::Item(ItemIx::new(0)), &ask().top(9).neighbours(9)).unwrap();
    assert_eq!((forecast.top.len(), forecast.neighbours.len()), (2, 1));
    assert!(forecast.features.is_empty() && forecast.fields.is_empty());
    let none = model(false).forecast(Title::Item(ItemIx::new(0)), &ask().top(0).neighbours(0)).unwrap();
    assert!(none.top.is_empty() && none.neighbours.is_empty());
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let world = Synthetic::tiny().users(600).ratings(6_000).generate().unwrap();
    let films = world.item_attributes().unwrap();
    let (features, values) = films.row(ItemIx::new(3));
    let row = EncodedRow { features: features.into(), values: values.into(), ..EncodedRow::default() };
    let data = world.interactions.with_item_attributes(films.clone().into()).unwrap();
    let params = BayesianMfParams::new().factors(3).samples(6).burn_in(2);
    let model = params.fit_with(&data, &mut FitContext::new().threads(1)).unwrap().model;
    let run =
        |threads| model.forecast(Title::Attributes(&row), &ForecastRequest::new().threads(threads)).unwrap();
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), one);
    }
}

/// Titles are liked as much as they are known. One that is not out yet is forecast as the mean of those that have 19
/// in 20 ratings, and not as the obscure ones, though nobody has rated it either.
#[test]
fn what_is_not_out_yet_is_not_obscure() {
    let (n_users, n_items) = (200u32, 40u32);
    let value = |user: u32, item: u32| {
        let quality = 1.5 + 3.0 * f64::from(item) / f64::from(n_items);
        (quality + 0.5 * f64::from(user * 7 % 5) - 1.0).round().clamp(1.0, 5.0) as f32
    };
    let rates = |user: u32, item: u32| (user * 37 + item * 11) % n_items < item + 2;
    let pairs = (0..n_users).flat_map(|user| (0..n_items - 1).map(move |item| (user, item)));
    let events: Vec<Event> = pairs
        .filter(|&(user, item)| rates(user, item))
        .map(|(user, item)| Event {
            user: UserIx::new(user),
            item: ItemIx::new(item),
            value: value(user, item),
            time: None,
        })
        .collect();
    let data = Interactions::from_events(n_users, n_items, &events).unwrap();
    let params = BayesianMfParams::new().factors(2).samples(60).burn_in(60);
    let model = params.fit_with(&data, &mut FitContext::new().seed(1).threads(1)).unwrap().model;
    let mean = |item: u32| {
        let request = ForecastRequest::new().neighbours(0).threads(1);
        model.forecast(Title::Item(ItemIx::new(item)), &request).unwrap().mean.value
    };
    let watched = (8..n_items - 1).map(mean).sum::<f64>() / f64::from(n_items - 9);
    let obscure = (0..5).map(mean).sum::<f64>() / 5.0;
    let unreleased = mean(n_items - 1);
    assert!(watched - obscure > 0.6, "{watched} {obscure}");
    assert!((unreleased - watched).abs() < 0.35, "{unreleased}, not {watched}");
}
