//! What an epoch of `Ials` costs: seconds, share of the machine's peak, and where the time goes.
//!
//! With `FOLDIN_DATA` on Gowalla and on MovieLens 1M (ratings of 4 and 5), else on generated data. `TABLE=1` prints the
//! table alone, `FACTORS=64,128` chooses the rows, `THREADS=1,2` the threads, `UNOBSERVED=0.02` the weight of pairs without event, `EPOCHS` how many epochs each fit does
//! (the fastest counts: the machine may be busy with something else), `DATA=gowalla` one of the two.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion};
use foldin::data::synthetic::Synthetic;
use foldin::data::{Columns, History, Interactions, ItemIx, UserIx};
use foldin::implicit::{Ials, IalsParams};
use foldin::kernel::{
    Eigen, Gram, Level, RowSolver, Rows, RowsMut, Stream, gathered_products, spin, transform,
};
use foldin::model::{Fit, FitContext, FitFrom, Profile, Query, Score};

fn interactions(n_users: u32, n_items: u32, pairs: &[(u32, u32)]) -> Interactions {
    let users: Vec<_> = pairs.iter().map(|pair| UserIx::new(pair.0)).collect();
    let items: Vec<_> = pairs.iter().map(|pair| ItemIx::new(pair.1)).collect();
    let values = vec![1.0; pairs.len()];
    let columns = Columns { users: &users, items: &items, values: &values, times: None };
    Interactions::from_columns(n_users, n_items, columns).expect("pairs without repetition")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn number(text: &str) -> u32 {
    text.parse().expect("a number")
}

/// One line per user: the user, then the items.
fn gowalla(folder: &Path) -> Interactions {
    let text = read(&folder.join("gowalla/train.txt"));
    let line = |line: &'_ str| -> Vec<(u32, u32)> {
        let mut words = line.split_whitespace().map(number);
        let user = words.next();
        user.map_or_else(Vec::new, |user| words.map(|item| (user, item)).collect())
    };
    interactions(29_858, 40_981, &text.lines().flat_map(line).collect::<Vec<_>>())
}

/// The ratings of 4 and 5, numbered by the ids of MovieLens.
fn movielens(folder: &Path) -> Interactions {
    let text = read(&folder.join("ml-1m/ratings.dat"));
    let line = |line: &'_ str| {
        let words: Vec<u32> = line.split("::").map(number).collect();
        (words[2] >= 4).then(|| (words[0] - 1, words[1] - 1))
    };
    interactions(6040, 3952, &text.lines().filter_map(line).collect::<Vec<_>>())
}

fn data(testing: bool) -> Vec<(&'static str, Interactions)> {
    let chosen = std::env::var("DATA").ok();
    let wanted = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    match std::env::var_os("FOLDIN_DATA") {
        Some(folder) if !testing => {
            let folder = Path::new(&folder);
            let gowalla = wanted("gowalla").then(|| ("gowalla", gowalla(folder)));
            let movielens = wanted("ml-1m").then(|| ("ml-1m", movielens(folder)));
            gowalla.into_iter().chain(movielens).collect()
        }
        _ => {
            let (users, items, ratings) = if testing { (200, 100, 4000) } else { (20_000, 10_000, 600_000) };
            let synthetic = Synthetic::new().users(users).items(items).ratings(ratings);
            vec![("generated", synthetic.generate().expect("it generates").interactions)]
        }
    }
}

fn numbers(name: &str, default: &[usize]) -> Vec<usize> {
    let parse = |text: String| text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    std::env::var(name).map_or_else(|_| default.to_vec(), parse)
}

/// The multiply-adds of the rows of one epoch, were each of them factored: what conjugate gradients save counts as speed.
fn operations(data: &Interactions, factors: usize) -> f64 {
    let solver = RowSolver::new(factors);
    let cost = |offsets: &[usize]| -> f64 {
        offsets.windows(2).map(|row| solver.operations(solver.method(row[1] - row[0]), row[1] - row[0])).sum()
    };
    cost(data.user_offsets()) + cost(data.item_offsets())
}

/// The weaker the prior, the more steps a row takes.
fn unobserved_weight() -> f32 {
    let chosen = std::env::var("UNOBSERVED").ok().and_then(|text| text.parse().ok());
    chosen.unwrap_or(IalsParams::new().unobserved_weight)
}

fn seconds(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    };
    (0..3).map(time).fold(f64::INFINITY, f64::min)
}

/// Multiply-adds per second of one thread on registers alone.
fn peak() -> f64 {
    let spun = || spin(Level::detect(), 200_000);
    spun() / seconds(|| _ = black_box(spun()))
}

fn draw(n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    Stream { seed: 1, epoch: 0, side: 0, row: 0 }.normal().fill(&mut out);
    out
}

/// Seconds of everything but the rows' systems in one epoch, on one thread: Gram matrices, eigenvectors, turns, scores.
fn beside(data: &Interactions, factors: usize) -> [f64; 4] {
    let (level, n) = (Level::detect(), (data.n_users() + data.n_items()) as usize);
    let mut rows = draw(n * factors);
    let view = |rows: &'_ [f32]| Rows::new(rows, factors, factors).expect("whole rows").count();
    let mut lower = vec![0.0; factors * factors];
    let gram = seconds(|| {
        let mut gram = Gram::new(factors, level);
        for from in (0..view(&rows)).step_by(1024) {
            let all = Rows::new(&rows, factors, factors).expect("whole rows");
            gram.add(all, from..n.min(from + 1024)).expect("rows that are there");
        }
        gram.lower(&mut lower).expect("a matrix of that order");
    });
    let lower: Vec<f64> = lower.iter().map(|&x| f64::from(x)).collect();
    let mut q = vec![0.0; factors * factors];
    let eigen = seconds(|| {
        let eigen = Eigen::new(level, factors, lower.clone()).expect("a Gram matrix");
        eigen.vectors(0, &mut q).expect("all rows");
    });
    let turn = seconds(|| {
        for part in rows.chunks_mut(1024 * factors) {
            let matrix = Rows::new(&q, factors, factors).expect("a square matrix");
            transform(level, RowsMut::new(part, factors, factors).expect("whole rows"), matrix)
                .expect("the width");
        }
    });
    let (mut scores, items) =
        (vec![0.0; data.len()], Rows::new(&rows, factors, factors).expect("whole rows"));
    let score = seconds(|| {
        for (_, history) in data.users() {
            let x = items.row(history.len()).unwrap_or_default();
            let out = &mut scores[..history.len()];
            gathered_products(level, items, history.ids, x, out).expect("items that are there");
        }
    });
    [gram, 2.0 * eigen, turn, score]
}

fn table(name: &str, data: &Interactions, epochs: usize) {
    let peak = peak();
    println!(
        "{name}: {} x {}, {} events; peak of one thread {:.0} GFLOP/s ({})",
        data.n_users(),
        data.n_items(),
        data.len(),
        2.0 * peak / 1e9,
        Level::detect()
    );
    println!(
        "{:>8}{:>9}{:>12}{:>14}{:>12}{:>40}",
        "factors", "threads", "epoch ms", "of peak", "loss", "ms of gram, eigen, turn, scores (1 thread)"
    );
    let unobserved = unobserved_weight();
    for factors in numbers("FACTORS", &[64, 128]) {
        let stages = beside(data, factors).map(|seconds| format!("{:.1}", 1e3 * seconds)).join(" ");
        for threads in numbers("THREADS", &[1, 2]) {
            let params = IalsParams::new().factors(factors).epochs(epochs).unobserved_weight(unobserved);
            let report =
                params.fit_with(data, &mut FitContext::new().threads(threads)).expect("a fit").report;
            let times: Vec<f64> = report.curve.iter().map(|epoch| epoch.elapsed.as_secs_f64()).collect();
            let epoch = times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
            let share = operations(data, factors) / epoch / peak / threads as f64;
            println!(
                "{factors:>8}{threads:>9}{:>12.1}{:>13.1}%{:>12.1}{stages:>40}",
                1e3 * epoch,
                100.0 * share,
                report.curve[epochs - 1].loss
            );
        }
    }
}

fn answers(criterion: &mut Criterion, name: &str, model: &Ials, data: &Interactions) {
    // Lengths on both sides of where the kernel goes another way.
    for events in [4, 8, 16, 32] {
        let user = data.users().find(|(_, history)| history.len() >= events);
        let Some((_, History { ids, values, .. })) = user else { continue };
        let history = History { ids: &ids[..events], values: &values[..events], times: None };
        let mut profile = Profile::new();
        let id = format!("{name}: fold in {events} events, {} factors", model.factors());
        criterion.bench_function(&id, |b| {
            b.iter(|| model.profile(&Query::history(history), black_box(&mut profile)));
        });
    }
}

fn main() {
    let testing = std::env::args().any(|argument| argument == "--test");
    let all = data(testing);
    let epochs = numbers("EPOCHS", &[if testing { 2 } else { 6 }])[0].max(2);
    for (name, data) in &all {
        table(name, data, epochs);
    }
    if std::env::var_os("TABLE").is_some() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for (name, data) in &all {
        for factors in numbers("FACTORS", &[64, 128]) {
            // From a fitted model, so that the start costs nothing but one pass over the users.
            let params = IalsParams::new().factors(factors).epochs(1);
            let model = params.fit(data).expect("a fit");
            criterion.bench_with_input(
                BenchmarkId::new(format!("{name}: three half-steps"), factors),
                data,
                |b, data| b.iter(|| params.fit_from(&model, data, &mut FitContext::new())),
            );
            answers(&mut criterion, name, &model, data);
        }
    }
    criterion.final_summary();
}
