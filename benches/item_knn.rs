//! Fit and prediction of the baseline and of the item neighbourhoods, on MovieLens 1M less a random
//! tenth (`FOLDIN_DATA`), or on ratings drawn by lot where that is not set. Prints the error once, so
//! that no speed is bought with it.

use std::fs;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldin::data::{Event, Interactions, ItemIx, UserIx};
use foldin::evaluate::Split;
use foldin::model::{Fit, FitContext, PredictRating, Profile, Query, Score};
use foldin::rating::{BiasBaselineParams, ItemKnn, ItemKnnParams};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn ratings() -> Vec<Event> {
    let Some(folder) = std::env::var_os("FOLDIN_DATA") else { return drawn() };
    let path = std::path::Path::new(&folder).join("ml-1m/ratings.dat");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let event = |line: &str| {
        let fields: Vec<u32> = line.split("::").map(|field| field.parse().expect("a number")).collect();
        let (user, item) = (UserIx::new(fields[0] - 1), ItemIx::new(fields[1] - 1));
        Event { user, item, value: fields[2] as f32, time: None }
    };
    text.lines().map(event).collect()
}

/// Long-tailed, without structure.
fn drawn() -> Vec<Event> {
    eprintln!("FOLDIN_DATA is not set: ratings are drawn by lot, errors say nothing");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut events = Vec::new();
    for user in (0..2000).map(UserIx::new) {
        for item in (0..2000).map(ItemIx::new) {
            if rng.random_bool(20.0 / f64::from(200 + item.get())) {
                events.push(Event { user, item, value: rng.random_range(1..=5u8).into(), time: None });
            }
        }
    }
    events
}

fn split() -> Split {
    let events = ratings();
    let n_users = events.iter().map(|event| event.user.get() + 1).max().unwrap_or(0);
    let n_items = events.iter().map(|event| event.item.get() + 1).max().unwrap_or(0);
    let all = Interactions::from_events(n_users, n_items, &events).expect("clean data");
    Split::random(&all, 0.1, 1).expect("a split")
}

/// Predicts a whole test part, a profile per user; the root mean squared error.
fn predict(model: &ItemKnn, test: &Interactions) -> f64 {
    let (mut profile, mut squares) = (Profile::new(), 0.0);
    for (user, history) in test.users().filter(|(_, history)| !history.is_empty()) {
        model.profile(&Query::user(user), &mut profile).expect("a known user");
        for (item, value) in history.iter() {
            let rating = model.predict(&profile, item).expect("a known item").rating;
            squares += f64::from(rating - value).powi(2);
        }
    }
    (squares / test.len() as f64).sqrt()
}

fn bench(c: &mut Criterion) {
    let Split { train, test, .. } = split();
    let model = ItemKnnParams::new().fit(&train).expect("a fit");
    println!("item-knn: RMSE {:.4} on {} of {} ratings", predict(&model, &test), test.len(), train.len());

    let mut fits = c.benchmark_group("fit");
    fits.sample_size(10).throughput(Throughput::Elements(train.len() as u64));
    for threads in [1, 2] {
        fits.bench_function(format!("bias/{threads}"), |b| {
            let fit = || BiasBaselineParams::new().fit_with(&train, &mut FitContext::new().threads(threads));
            b.iter_with_large_drop(fit);
        });
        fits.bench_function(format!("item-knn/{threads}"), |b| {
            let fit = || ItemKnnParams::new().fit_with(&train, &mut FitContext::new().threads(threads));
            b.iter_with_large_drop(fit);
        });
    }
    fits.finish();

    let mut answers = c.benchmark_group("item-knn answers");
    answers.sample_size(10).throughput(Throughput::Elements(test.len() as u64));
    answers.bench_function("a profile per user", |b| b.iter(|| predict(&model, black_box(&test))));
    answers.bench_function("a profile per rating", |b| {
        let ask = |user, item| model.predict_one(&Query::user(user), item).expect("a known pair").rating;
        b.iter(|| test.events().map(|event| ask(event.user, event.item)).sum::<f32>());
    });
    answers.throughput(Throughput::Elements(u64::from(model.n_items())));
    answers.bench_function("all items of one user", |b| {
        let mut profile = Profile::new();
        model.profile(&Query::user(UserIx::new(0)), &mut profile).expect("a known user");
        let scores = || vec![0.0; model.n_items() as usize];
        let fill = |mut scores: Vec<f32>| {
            model.score_block(&profile, ItemIx::new(0), &mut scores);
            scores
        };
        b.iter_batched(scores, fill, BatchSize::SmallInput);
    });
    answers.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
