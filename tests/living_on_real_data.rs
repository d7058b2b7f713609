//! Guards what living is worth: models that took in a tenth of the events live against models fitted to all of them.
//! Skipped without `FOLDIN_DATA`.
#![cfg(feature = "csv")]

mod real;

use foldin::data::{Change, Event, Interactions, InteractionsBuilder, Layout, Source};
use foldin::evaluate::{Ndcg, RankingOptions, RatingOptions, ranking, rating};
use foldin::implicit::IalsParams;
use foldin::live::Learner;
use foldin::model::{FitContext, FitFrom, PredictRating, Score, Update};
use foldin::rating::{BayesianMfParams, BiasedMfParams};
use real::folder;

/// Every tenth event arrives live.
fn parted(all: &Interactions) -> (Interactions, Vec<Change>) {
    let tenth = |at: &usize| at % 10 == 7;
    let chosen: Vec<bool> = (0..all.len()).map(|at| !tenth(&at)).collect();
    let (early, _) = all.partition(&chosen).unwrap();
    let events: Vec<Event> = all.events().collect();
    let mut late: Vec<usize> = (0..all.len()).filter(tenth).collect();
    // Not one user after the other.
    late.sort_by_key(|at| at.wrapping_mul(0x9e37_79b9) % 1_000_003);
    (early, late.into_iter().map(|at| Change::Add(events[at])).collect())
}

/// The figure of a full fit, of nine tenths, of these with a tenth live, and of a short fit from there.
fn figures<P: FitFrom<Model: Update>>(
    params: &P,
    once: &P,
    all: &Interactions,
    figure: impl Fn(&P::Model) -> f64,
) -> [f64; 4] {
    let full = figure(&params.fit(all).unwrap());
    let (early, late) = parted(all);
    let mut learner = Learner::new(params.fit(&early).unwrap(), early).unwrap();
    let without = figure(learner.model());
    late.chunks(1000).for_each(|batch| _ = learner.apply(batch).unwrap());
    assert_eq!(&learner.histories().to_interactions(), all);
    let live = figure(learner.model());
    learner.refit(once, &mut FitContext::new()).unwrap();
    [full, without, live, figure(learner.model())]
}

#[test]
fn gowalla() {
    let Some(folder) = folder("gowalla") else { return };
    let set = InteractionsBuilder::<u32, u32>::new()
        .add_file("train", folder.join("gowalla/train.txt"), &Layout::adjacency())
        .and_then(|builder| {
            let test = Source::new("test").held_out();
            builder.add_file(test, folder.join("gowalla/test.txt"), &Layout::adjacency())
        })
        .unwrap()
        .build()
        .unwrap();
    let test = set.held_out.unwrap();
    let ndcg = |model: &dyn Score| {
        let report = ranking(model, &set.interactions, &test, &RankingOptions::only(&[&Ndcg(20)])).unwrap();
        report.mean(&Ndcg(20)).unwrap()
    };
    let params = IalsParams::new().factors(32).unobserved_weight(0.03).regularization(0.006).epochs(10);
    let found = figures(&params, &params.clone().epochs(1), &set.interactions, |model| ndcg(model));
    let [full, without, live, refitted] = found;
    // How much an epoch gives back depends on where the fits stop: found were 0.995 and 0.995 here.
    assert!(live > without && live > 0.98 * full && refitted > 0.99 * full, "NDCG@20 {found:?}");
}

/// RMSE on `u1.test`, held against that of a full fit, and of a fit from nothing that is as short as the one from where
/// the model is.
fn ml_100k<P: FitFrom<Model: Update + PredictRating>>(name: &str, params: &P, once: &P, bars: [f64; 2]) {
    let Some(folder) = folder("ml_100k") else { return };
    let set = InteractionsBuilder::<u32, u32>::new()
        .add_file("base", folder.join("ml-100k/u1.base"), &Layout::default())
        .and_then(|builder| {
            let test = Source::new("test").held_out();
            builder.add_file(test, folder.join("ml-100k/u1.test"), &Layout::default())
        })
        .unwrap()
        .build()
        .unwrap();
    let test = set.held_out.unwrap();
    let rmse =
        |model: &P::Model| rating(model, &set.interactions, &test, &RatingOptions::new()).unwrap().rmse;
    let [full, without, live, refitted] = figures(params, once, &set.interactions, rmse);
    let short = rmse(&once.fit(&set.interactions).unwrap());
    println!("{name}: RMSE {full:.4} fitted; {without:.4} without a tenth, {live:.4} with it live,");
    println!("{name}: {refitted:.4} refitted, {short:.4} by as short a fit from nothing");
    assert!(live < without && live < bars[0] * full && refitted < bars[1] * full);
}

#[test]
fn biased_mf() {
    let params = BiasedMfParams::new();
    ml_100k("BiasedMf", &params, &params.clone().epochs(2), [1.005, 1.002]);
}

/// A sample is an epoch: the burn-in is short, and what averages out takes as many samples.
#[test]
fn bayesian_mf() {
    let params = BayesianMfParams::new().factors(8).burn_in(60).samples(100).kept(32);
    ml_100k("BayesianMf", &params, &params.clone().burn_in(10).samples(100), [1.01, 1.003]);
}
