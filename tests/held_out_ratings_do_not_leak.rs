//! Guards that nothing of a held-out rating reaches a prediction: not its value, not its moment, not that it is there.
//!
//! Rows of users and items are numbered before events are parted, so all that held-out events may bring is a row without
//! ratings; here every row has training ratings.

use foldin::data::synthetic::Synthetic;
use foldin::data::{Event, Interactions};
use foldin::evaluate::{RatingErrors, RatingOptions};
use foldin::model::{Fit, FitContext};
use foldin::persist::model_to_bytes;
use foldin::rating::{BayesianMf, BayesianMfParams};

/// Stars with moments, and attributes of both sides.
fn data() -> Interactions {
    let world = Synthetic::new().users(100).items(60).ratings(2500).generate().unwrap();
    let (people, films) = (world.user_attributes().unwrap(), world.item_attributes().unwrap());
    let data = world.interactions.with_user_attributes(people.into()).unwrap();
    data.with_item_attributes(films.into()).unwrap()
}

/// Test and training part: every ninth event, and the rest.
fn parted(data: &Interactions) -> (Interactions, Interactions) {
    data.partition(&(0..data.len()).map(|at| at % 9 == 0).collect::<Vec<_>>()).unwrap()
}

fn fit(train: &Interactions, held_out: Option<&Interactions>) -> BayesianMf {
    let params = BayesianMfParams::new().factors(4).burn_in(5).samples(10).kept(5);
    let mut context = FitContext::new().seed(1);
    if let Some(held_out) = held_out {
        context = context.validation(held_out);
    }
    params.fit_with(train, &mut context).unwrap().model
}

#[test]
fn other_held_out_ratings_change_no_bit_of_the_model() {
    let data = data();
    let (test, train) = parted(&data);
    let alone = model_to_bytes(&fit(&train, None)).unwrap();
    // The same events held out, but for what they say and when.
    let changed: Vec<_> = data
        .events()
        .zip(0..)
        .map(|(event, at)| match at % 9 {
            0 => Event { value: 6.0 - event.value, time: Some(0), ..event },
            _ => event,
        })
        .collect();
    let other = Interactions::from_events(data.n_users(), data.n_items(), &changed).unwrap();
    let other = other.with_user_attributes(data.user_attributes().unwrap().clone()).unwrap();
    let other = other.with_item_attributes(data.item_attributes().unwrap().clone()).unwrap();
    let (other_test, other_train) = parted(&other);
    assert_ne!(test, other_test);
    for (train, test) in [(&train, &test), (&train, &other_test), (&other_train, &other_test)] {
        assert!(model_to_bytes(&fit(train, Some(test))).unwrap() == alone);
    }
    // A training event more is another model.
    let (_, more) =
        data.partition(&(0..data.len()).map(|at| at % 9 == 0 && at > 0).collect::<Vec<_>>()).unwrap();
    assert!(model_to_bytes(&fit(&more, None)).unwrap() != alone);
}

#[test]
fn no_prediction_depends_on_what_else_is_asked() {
    let (test, train) = parted(&data());
    let model = fit(&train, None);
    for (fold_in, options) in [(false, RatingOptions::new()), (true, RatingOptions::new().fold_in())] {
        let errors = |test: &Interactions| RatingErrors::measure(&model, &train, test, &options).unwrap();
        let whole = errors(&test);
        let is_chosen: Vec<bool> = (0..test.len()).map(|at| at % 3 == 1).collect();
        let (chosen, rest) = test.partition(&is_chosen).unwrap();
        for (part, keep) in [(chosen, true), (rest, false)] {
            let expected: Vec<f64> = whole
                .values()
                .iter()
                .zip(&is_chosen)
                .filter(|(_, is)| **is == keep)
                .map(|(error, _)| *error)
                .collect();
            assert_eq!(errors(&part).values(), expected, "fold_in: {fold_in}");
        }
    }
}
