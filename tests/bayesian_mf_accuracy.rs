//! Guards the accuracy that the documentation quotes for `BayesianMf`: a short chain of few factors, on real data.
//!
//! The bars are for the first fold of MovieLens 100K: the published record, 0.8808, with everything. Without `FOLDIN_DATA` the tests
//! say so and end.

#![cfg(feature = "csv")]

mod real;

use foldin::data::{
    Interactions, InteractionsBuilder, ItemAttributes, Layout, Source, TableLayout, UserAttributes,
};
use foldin::evaluate::{RatingOptions, Split, rating};
use foldin::model::{Fit, FitContext};
use foldin::rating::BayesianMfParams;

/// The first fold, with what is known of people and films.
fn first_fold(folder: &std::path::Path) -> Split {
    let file = |name: &str| folder.join("ml-100k").join(name);
    let builder: InteractionsBuilder =
        InteractionsBuilder::new().add_file("train", file("u1.base"), &Layout::new()).unwrap();
    let test = Source::new("test").held_out();
    let set = builder.add_file(test, file("u1.test"), &Layout::new()).unwrap().build().unwrap();
    let people = UserAttributes::builder().add_file(file("u.user"), &TableLayout::new()).unwrap();
    let films = ItemAttributes::builder().add_file(file("u.item"), &TableLayout::new()).unwrap();
    let (people, films) = (people.build(&set.ids).unwrap().0, films.build(&set.ids).unwrap().0);
    let train: Interactions = set.interactions.with_user_attributes(people.into()).unwrap();
    Split { train: train.with_item_attributes(films.into()).unwrap(), test: set.held_out.unwrap() }
}

/// Few samples: a fit of some seconds.
fn params() -> BayesianMfParams {
    BayesianMfParams::new().factors(10).burn_in(80).samples(120)
}

fn hold(name: &str, params: &BayesianMfParams, split: &Split, bar: f64) {
    let fitted = params.fit_with(&split.train, &mut FitContext::new()).unwrap();
    let report = rating(&fitted.model, &split.train, &split.test, &RatingOptions::new()).unwrap();
    eprintln!("{name}: RMSE {:.4}, bar {bar} ({:?})", report.rmse, fitted.report.elapsed);
    assert!(report.rmse <= bar, "{name}: RMSE {:.4} is above {bar}", report.rmse);
}

#[test]
fn movielens_100k_with_everything() {
    if let Some(folder) = real::folder("movielens_100k_with_everything") {
        hold("MovieLens 100K u1, everything", &params(), &first_fold(&folder), 0.8808);
    }
}

#[test]
fn movielens_100k_with_ids_alone() {
    if let Some(folder) = real::folder("movielens_100k_with_ids_alone") {
        let params = params().attributes(false).time(false).user_sets(false).item_sets(false);
        hold("MovieLens 100K u1, ids alone", &params, &first_fold(&folder), 0.905);
    }
}
