//! The numeric kernels beside the machine's own limit.
//!
//! First a table: GFLOP/s and the share of this thread's peak, measured in turn with the kernel (peak, kernel,
//! peak, kernel, ...) because machines drift; medians. Only useful multiply-adds count, two operations each:
//! triangles as triangles, no padding. Then criterion's own measurements of the same calls.
//! `LEVEL=avx2` forces a level, `ROUNDS=5` shortens the table.

use criterion::Criterion;
use foldin::kernel::{
    Factor, Level, Method, Precision, Row, RowSolver, Rows, RowsMut, Stream, dot, gram, spin,
};
use std::hint::black_box;
use std::time::Instant;

/// One call to measure, and the multiply-adds it needs.
struct Case {
    name: String,
    operations: f64,
    call: Box<dyn FnMut()>,
}

fn normal(len: usize, row: u64) -> Vec<f32> {
    let mut v = vec![0.0; len];
    let stream = Stream {
        seed: 1,
        epoch: 0,
        side: 0,
        row,
    };
    stream.normal().fill(&mut v);
    v
}

fn dots(level: Level, n: usize) -> Case {
    let (a, b) = (normal(n, 1), normal(n, 2));
    Case {
        name: format!("dot n={n}"),
        operations: n as f64,
        call: Box::new(move || {
            black_box(dot(level, black_box(&a), black_box(&b)));
        }),
    }
}

fn grams(level: Level, n: usize, d: usize) -> Case {
    let y = normal(n * d, 3);
    let mut out = vec![0.0; d * d];
    Case {
        name: format!("rank-n update n={n} D={d}"),
        operations: (n * d * (d + 1) / 2) as f64,
        call: Box::new(move || gram(level, Rows::new(&y, d, d).unwrap(), &mut out).unwrap()),
    }
}

fn choleskys(level: Level, d: usize) -> Case {
    let y = normal(2 * d * d, 4);
    let mut a = vec![0.0; d * d];
    gram(level, Rows::new(&y, d, d).unwrap(), &mut a).unwrap();
    let mut factor = Factor::new(d, level);
    Case {
        name: format!("Cholesky D={d}"),
        operations: (d * d * d) as f64 / 6.0,
        call: Box::new(move || factor.factor(Rows::new(&a, d, d).unwrap()).unwrap()),
    }
}

/// Rows in one call: as many as a model hands over at once.
const CHUNK: usize = 256;

#[derive(Clone, Copy)]
struct Ix(u32);

impl From<Ix> for usize {
    fn from(i: Ix) -> usize {
        i.0 as usize
    }
}

/// Rows of `lengths` events each, at random places of `rows` fixed rows.
fn solves(
    solver: RowSolver,
    label: &str,
    lengths: impl Fn(usize) -> usize,
    count: usize,
    rows: usize,
    variance: bool,
) -> Case {
    let d = solver.dim();
    let starts: Vec<usize> = (0..=count)
        .scan(0, |at, r| {
            let start = *at;
            *at += lengths(r);
            Some(start)
        })
        .collect();
    let events = starts[count];
    let mut fixed = normal(rows * d, 5);
    fixed.chunks_exact_mut(d).for_each(|y| y[d - 1] = 1.0);
    let indices: Vec<Ix> = normal(events, 6)
        .iter()
        .map(|x| Ix((x.abs() * 1e6) as u32 % rows as u32))
        .collect();
    let targets = normal(events, 7);
    let base = vec![0.05; d];
    let mut workspace = solver.workspace();
    let mut out = vec![0.0; count * d];
    let mut spread = vec![0.0; count * d];
    let operations = (0..count)
        .map(|r| {
            let n = starts[r + 1] - starts[r];
            let extra = match solver.method(n) {
                _ if !variance => 0.0,
                Method::Primal => (d * d * d) as f64 / 6.0,
                Method::Dual => (n * n * d) as f64 / 2.0,
            };
            solver.operations(solver.method(n), n) + extra
        })
        .sum();
    Case {
        name: format!("{label} D={d}{}", if variance { " +variance" } else { "" }),
        operations,
        call: Box::new(move || {
            let row = |r: usize| {
                let at = starts[r]..starts[r + 1];
                Row {
                    indices: &indices[at.clone()],
                    targets: &targets[at.clone()],
                    weights: None,
                    precision: Precision::diagonal(&base).scaled(at.len() as f32),
                    mean: None,
                }
            };
            let fixed = Rows::new(&fixed, d, d).unwrap();
            let out = RowsMut::new(&mut out, d, d).unwrap();
            let spread = variance.then(|| RowsMut::new(&mut spread, d, d).unwrap());
            solver
                .solve_many(fixed, count, row, &mut workspace, out, spread)
                .unwrap();
        }),
    }
}

/// Lengths as they are in real data: many short ones, few long ones; mean about 27.
fn ragged(r: usize) -> usize {
    const LENGTHS: [usize; 16] = [
        8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 23, 27, 33, 43, 60, 110,
    ];
    LENGTHS[r * 7 % 16]
}

fn cases(level: Level) -> Vec<Case> {
    let mut cases = vec![dots(level, 64), dots(level, 1024)];
    for d in [16, 32, 64, 65, 128, 129, 256] {
        cases.push(grams(level, 200, d));
    }
    for d in [20, 32, 64, 65, 128, 256, 512, 1024] {
        cases.push(choleskys(level, d));
    }
    for d in [17, 32, 33, 64, 65, 128, 129] {
        let solver = RowSolver::with_level(d, level);
        cases.push(solves(solver, "row n=200", |_| 200, 32, 4000, false));
        cases.push(solves(solver, "row n=20", |_| 20, CHUNK, 20_000, false));
    }
    for d in [65, 129] {
        let solver = RowSolver::with_level(d, level);
        for n in [5, 10, 40, 64, 100] {
            let label = format!("row n={n}");
            cases.push(solves(solver, &label, move |_| n, CHUNK, 20_000, false));
        }
        cases.push(solves(
            solver,
            "ragged rows, mean 27",
            ragged,
            CHUNK,
            20_000,
            false,
        ));
        cases.push(solves(solver, "row n=200", |_| 200, 32, 4000, true));
        cases.push(solves(solver, "row n=20", |_| 20, CHUNK, 20_000, true));
    }
    cases.push(solves(
        RowSolver::with_level(513, level),
        "row n=20",
        |_| 20,
        CHUNK,
        4000,
        false,
    ));
    cases.push(solves(
        RowSolver::with_level(513, level),
        "row n=200",
        |_| 200,
        16,
        4000,
        false,
    ));
    cases
}

/// Multiply-adds per second of `work`, repeated for about `seconds`.
fn rate(mut work: impl FnMut() -> f64, seconds: f64) -> f64 {
    let start = Instant::now();
    let mut done = 0.0;
    loop {
        done += work();
        let elapsed = start.elapsed().as_secs_f64();
        if elapsed >= seconds {
            return done / elapsed;
        }
    }
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_unstable_by(f64::total_cmp);
    v[v.len() / 2]
}

fn table(level: Level, cases: &mut [Case], rounds: usize, seconds: f64) {
    println!(
        "\n{level}: {:<38}{:>12}{:>10}{:>9}",
        "kernel", "us a call", "GFLOP/s", "of peak"
    );
    for case in cases {
        let (mut rates, mut shares) = (Vec::new(), Vec::new());
        (case.call)();
        for _ in 0..rounds {
            let peak = rate(|| spin(level, 1000), seconds / 2.0);
            let got = rate(
                || {
                    (case.call)();
                    case.operations
                },
                seconds,
            );
            rates.push(got);
            shares.push(got / peak);
        }
        let rate = median(rates);
        println!(
            "        {:<38}{:>12.2}{:>10.1}{:>8.1}%",
            case.name,
            case.operations / rate * 1e6,
            2.0 * rate / 1e9,
            100.0 * median(shares)
        );
    }
}

fn main() {
    let testing = std::env::args().any(|a| a == "--test");
    let variable = |name: &str| std::env::var(name).ok();
    let level = variable("LEVEL")
        .and_then(|name| Level::named(&name))
        .unwrap_or_default();
    let rounds = variable("ROUNDS")
        .and_then(|r| r.parse().ok())
        .unwrap_or(15);
    let mut cases = cases(level);
    if let Some(part) = variable("ONLY") {
        cases.retain(|c| c.name.contains(&part));
    }
    let (rounds, seconds) = if testing { (1, 0.0) } else { (rounds, 0.01) };
    table(level, &mut cases, rounds, seconds);
    if variable("TABLE").is_some() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    for mut case in cases {
        criterion.bench_function(&format!("{level}/{}", case.name), |b| {
            b.iter(|| (case.call)())
        });
    }
    criterion.final_summary();
}
