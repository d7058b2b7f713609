//! What a fit of `BiasedMf` costs, and an answer: seconds by stage, share of the machine's peak, latencies.
//!
//! With `FOLDIN_DATA` on MovieLens 1M (90 %), else on generated data of that shape. `TABLE=1` prints the table alone,
//! `FACTORS=15,31` chooses the columns, `THREADS=1,2` the threads, `ROUNDS` how often each fit is repeated (the best
//! counts: the machine may be busy with something else).

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use foldin::data::{Columns, Interactions, ItemIx, UserIx};
use foldin::evaluate::Split;
use foldin::kernel::{Level, Stream, UncertainSolver, spin};
use foldin::model::{Fit, FitContext, Profile, Progress, Query, Score};
use foldin::rating::{BiasedMf, BiasedMfParams};

fn interactions(n_users: u32, n_items: u32, events: &[(u32, u32, f32)]) -> Interactions {
    let users: Vec<_> = events.iter().map(|event| UserIx::new(event.0)).collect();
    let items: Vec<_> = events.iter().map(|event| ItemIx::new(event.1)).collect();
    let values: Vec<_> = events.iter().map(|event| event.2).collect();
    let columns = Columns { users: &users, items: &items, values: &values, times: None };
    Interactions::from_columns(n_users, n_items, columns).expect("events without repetition")
}

/// MovieLens 1M, numbered by its own ids.
fn movielens(path: PathBuf) -> Interactions {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let event = |line: &str| {
        let mut fields = line.split("::").map(|field| field.parse::<u32>().expect("a number"));
        let mut next = || fields.next().expect("three fields");
        (next(), next(), next() as f32)
    };
    interactions(6041, 3953, &text.lines().map(event).collect::<Vec<_>>())
}

/// As many users, items and ratings; popularity falls with the item's number.
fn generated(n_users: u32, n_items: u32) -> Interactions {
    let mut events = Vec::new();
    for user in 0..n_users {
        let mut draw = Stream { seed: 1, epoch: 0, side: 0, row: u64::from(user) }.normal();
        let activity = (draw.draw() * 0.9).exp();
        let mut taste = [0.0; 3];
        taste.fill_with(|| draw.draw());
        for item in 0..n_items {
            let popularity = 60.0 / (f64::from(item) + 60.0);
            if draw.draw().abs() > 2.0 - 1.6 * (activity * popularity).min(1.0) {
                let quality = f64::from(item % 17) / 8.0 + taste[item as usize % 3];
                events.push((user, item, (3.0 + 0.5 * quality + draw.draw()).round().clamp(1.0, 5.0) as f32));
            }
        }
    }
    interactions(n_users, n_items, &events)
}

fn data(testing: bool) -> (&'static str, Interactions) {
    match std::env::var_os("FOLDIN_DATA") {
        Some(folder) if !testing => {
            ("MovieLens 1M", movielens(PathBuf::from(folder).join("ml-1m/ratings.dat")))
        }
        _ if testing => ("small", generated(200, 100)),
        _ => ("generated", generated(6000, 3900)),
    }
}

fn numbers(name: &str, default: &[usize]) -> Vec<usize> {
    let parse = |text: String| text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    std::env::var(name).map_or_else(|_| default.to_vec(), parse)
}

/// The multiply-adds of one epoch, both passes over the precision included.
fn operations(data: &Interactions, factors: usize) -> f64 {
    let solver = UncertainSolver::new(factors + 1, Level::detect());
    let cost = |offsets: &[usize]| -> f64 {
        offsets.windows(2).map(|row| solver.operations(solver.method(row[1] - row[0]), row[1] - row[0])).sum()
    };
    cost(data.user_offsets()) + cost(data.item_offsets())
}

/// Multiply-adds per second of one thread on registers alone.
fn peak() -> f64 {
    let measure = |_| {
        let began = Instant::now();
        spin(Level::detect(), 200_000) / began.elapsed().as_secs_f64()
    };
    (0..5).map(measure).fold(0.0, f64::max)
}

/// Start, mean epoch, whole; the RMSE after each epoch.
fn fit(
    split: &Split,
    factors: usize,
    epochs: usize,
    threads: usize,
    measured: bool,
) -> (Duration, Duration, Vec<(f64, f64)>) {
    let params = BiasedMfParams::new().factors(factors).epochs(epochs);
    let mut go_on = |_: &Progress<'_>| ControlFlow::Continue(());
    let mut context = FitContext::new().threads(threads).observer(&mut go_on);
    if measured {
        context = context.validation(&split.test);
    }
    let report = params.fit_with(&split.train, &mut context).expect("a fit").report;
    let curve = report.curve.iter().map(|e| (e.elapsed.as_secs_f64(), e.validation.unwrap_or(0.0))).collect();
    (report.elapsed, report.curve[0].elapsed, curve)
}

fn table(split: &Split, rounds: usize) {
    let peak = peak();
    println!("peak of one thread: {:.1} GFLOP/s ({})", 2.0 * peak / 1e9, Level::detect());
    println!(
        "{:>8}{:>9}{:>12}{:>12}{:>12}{:>10}",
        "factors", "threads", "start ms", "epoch ms", "20 epochs", "of peak"
    );
    for factors in numbers("FACTORS", &[15, 31]) {
        let operations = operations(&split.train, factors);
        for threads in numbers("THREADS", &[1, 2]) {
            let runs: Vec<_> = (0..rounds).map(|_| fit(split, factors, 20, threads, false)).collect();
            let gaps = runs.iter().flat_map(|run| run.2.windows(2).map(|pair| pair[1].0 - pair[0].0));
            let epoch = gaps.fold(f64::INFINITY, f64::min);
            let first = runs.iter().map(|run| run.1.as_secs_f64()).fold(f64::INFINITY, f64::min);
            let whole = runs.iter().map(|run| run.0.as_secs_f64()).fold(f64::INFINITY, f64::min);
            let share = operations / epoch / peak / threads as f64;
            println!(
                "{factors:>8}{threads:>9}{:>12.1}{:>12.1}{whole:>11.2}s{:>9.1}%",
                1e3 * (first - epoch),
                1e3 * epoch,
                100.0 * share
            );
        }
    }
    let runs: Vec<_> = (0..rounds).map(|_| fit(split, 15, 4, 2, true).2).collect();
    for epoch in 0..runs[0].len() {
        let seconds = runs.iter().map(|run| run[epoch].0).fold(f64::INFINITY, f64::min);
        println!("15 factors, 2 threads: RMSE {:.4} after {:.1} ms", runs[0][epoch].1, 1e3 * seconds);
    }
}

fn answers(criterion: &mut Criterion, model: &BiasedMf, data: &Interactions) {
    let name = format!("{} factors", model.factors());
    let user = data.users().find(|(_, history)| history.len() >= 50).map_or(UserIx::new(1), |(user, _)| user);
    let mut history = data.user(user).unwrap_or_default();
    (history.ids, history.values) =
        (&history.ids[..history.len().min(50)], &history.values[..history.len().min(50)]);
    let mut profile = Profile::new();
    criterion.bench_function(&format!("fold in {} events, {name}", history.len()), |b| {
        b.iter(|| model.profile(&Query::history(history), black_box(&mut profile)));
    });
    let mut scores = vec![0.0; model.n_items() as usize];
    criterion.bench_function(&format!("score {} items, {name}", scores.len()), |b| {
        b.iter(|| model.score_block(&profile, ItemIx::new(0), black_box(&mut scores)));
    });
}

fn main() {
    let testing = std::env::args().any(|argument| argument == "--test");
    let (name, data) = data(testing);
    let split = Split::random(&data, 0.1, 0).expect("two parts");
    println!("{name}: {} training ratings", split.train.len());
    table(&split, numbers("ROUNDS", &[if testing { 1 } else { 5 }])[0].max(1));
    if std::env::var_os("TABLE").is_some() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for factors in numbers("FACTORS", &[15, 31]) {
        let params = BiasedMfParams::new().factors(factors).epochs(1);
        criterion.bench_with_input(
            BenchmarkId::new("start and one epoch", factors),
            &split.train,
            |b, train| {
                b.iter(|| params.fit(train));
            },
        );
        answers(&mut criterion, &params.fit(&split.train).expect("a fit"), &split.train);
    }
    criterion.final_summary();
}
