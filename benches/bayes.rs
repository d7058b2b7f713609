//! What `BayesianMf` costs: seconds of a sample with everything on, and latencies of its answers.
//!
//! On generated data with attributes and times. `FACTORS=8,32` chooses the ranks, `THREADS` the threads of a sample.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use foldin::data::synthetic::Synthetic;
use foldin::data::{History, Interactions, ItemIx, UserIx};
use foldin::model::{Fit, FitContext, PredictRating, Profile, Query, Score};
use foldin::rating::{BayesianMf, BayesianMfParams};
use foldin::retrieve::{ScoreExt, TopN};

/// A tenth of MovieLens 1M, or as little as a test needs.
fn data(testing: bool) -> Interactions {
    let world = Synthetic::new();
    let world = if testing {
        world.users(60).items(60).ratings(1200)
    } else {
        world.users(1200).items(900).ratings(100_000)
    };
    let world = world.generate().expect("it generates");
    let (people, films) = (world.user_attributes().expect("people"), world.item_attributes().expect("films"));
    let data = world.interactions.with_user_attributes(people.into()).expect("a row each");
    data.with_item_attributes(films.into()).expect("a row each")
}

fn numbers(name: &str, default: &[usize]) -> Vec<usize> {
    let parse = |text: String| text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    std::env::var(name).map_or_else(|_| default.to_vec(), parse)
}

/// Fits of a few samples: their difference to a fit of one is what a sample costs, so both are shown.
fn samples(criterion: &mut Criterion, data: &Interactions, factors: usize, threads: usize) {
    for burn_in in [0, 8] {
        let params = BayesianMfParams::new().factors(factors).burn_in(burn_in).samples(2).kept(2);
        let name = format!("start and {} samples, {threads} threads", burn_in + 2);
        criterion.bench_with_input(BenchmarkId::new(name, factors), data, |b, data| {
            b.iter(|| params.fit_with(data, &mut FitContext::new().threads(threads)));
        });
    }
}

fn answers(criterion: &mut Criterion, model: &BayesianMf, data: &Interactions) {
    let name = format!("{} factors, {} samples", model.factors(), model.samples());
    let user = data.users().max_by_key(|(_, history)| history.len()).map_or(UserIx::new(0), |(user, _)| user);
    let all = data.user(user).unwrap_or_default();
    let n = all.len().min(50);
    let history =
        History { ids: &all.ids[..n], values: &all.values[..n], times: all.times.map(|times| &times[..n]) };
    let mut profile = Profile::new();
    criterion.bench_function(&format!("fold in {n} ratings, {name}"), |b| {
        b.iter(|| model.profile(&Query::history(history), black_box(&mut profile)));
    });
    criterion.bench_function(&format!("predict one pair, {name}"), |b| {
        b.iter(|| model.predict(&profile, black_box(ItemIx::new(1))));
    });
    criterion.bench_function(&format!("top 10 of {} items, {name}", model.n_items()), |b| {
        b.iter(|| model.top_n(&Query::user(black_box(user)), &TopN::new(10)));
    });
}

fn main() {
    let testing = std::env::args().any(|argument| argument == "--test");
    let data = data(testing);
    println!("{} ratings of {} users and {} items", data.len(), data.n_users(), data.n_items());
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for factors in numbers("FACTORS", if testing { &[4] } else { &[8, 32] }) {
        for threads in numbers("THREADS", &[1]) {
            samples(&mut criterion, &data, factors, threads);
        }
        let params =
            BayesianMfParams::new().factors(factors).burn_in(2).samples(if testing { 4 } else { 64 });
        answers(&mut criterion, &params.fit(&data).expect("a fit"), &data);
    }
    criterion.final_summary();
}
