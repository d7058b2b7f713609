//! The numeric kernels beside the machine's own limit.
//!
//! First a table: GFLOP/s and the share of this thread's peak, measured in turn with the kernel (peak, kernel,
//! peak, kernel, ...) because machines drift; medians. Only useful multiply-adds count, two operations each:
//! triangles as triangles, no padding. Then criterion's own measurements of the same calls.
//! `LEVEL=avx2` forces a level, `ROUNDS=5` shortens the table.

use criterion::Criterion;
use foldin::kernel::{
    Answers, Factor, Gram, Level, Method, Precision, Row, RowSolver, Rows, RowsMut, Stream, dot, spin,
};
use std::hint::black_box;
use std::time::Instant;

/// One call to measure, and the multiply-adds it needs; made only when it is asked for.
struct Case {
    name: String,
    make: Box<dyn FnOnce() -> Work>,
}

struct Work {
    operations: f64,
    call: Box<dyn FnMut()>,
}

fn normal(len: usize, row: u64) -> Vec<f32> {
    let mut v = vec![0.0; len];
    let stream = Stream { seed: 1, epoch: 0, side: 0, row };
    stream.normal().fill(&mut v);
    v
}

/// Random floats, the first of which starts a cache line, as `Ials` keeps its rows: where D is a multiple of 16
/// every row then does.
struct Aligned {
    store: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    fn new(len: usize, row: u64) -> Self {
        let mut store = vec![0.0; len + 16];
        let start = store.as_ptr().align_offset(64).min(16);
        store[start..start + len].copy_from_slice(&normal(len, row));
        Self { store, start, len }
    }

    fn floats(&mut self) -> &mut [f32] {
        &mut self.store[self.start..][..self.len]
    }
}

fn dots(level: Level, n: usize) -> Case {
    let make = move || {
        let (a, b) = (normal(n, 1), normal(n, 2));
        Work {
            operations: n as f64,
            call: Box::new(move || {
                black_box(dot(level, black_box(&a), black_box(&b)));
            }),
        }
    };
    Case { name: format!("dot n={n}"), make: Box::new(make) }
}

/// Gathered from 4,000 rows at random indices.
fn grams(level: Level, n: usize, d: usize) -> Case {
    let make = move || {
        let mut y = Aligned::new(4000 * d, 3);
        let indices = indices(n, 4000);
        let mut gram = Gram::new(d, level);
        Work {
            operations: (n * d * (d + 1) / 2) as f64,
            call: Box::new(move || {
                gram.clear();
                gram.add(Rows::new(y.floats(), d, d).unwrap(), indices.iter().copied()).unwrap();
            }),
        }
    };
    Case { name: format!("rank-n update n={n} D={d}"), make: Box::new(make) }
}

fn choleskys(level: Level, d: usize) -> Case {
    let make = move || {
        let y = normal(2 * d * d, 4);
        let mut gram = Gram::new(d, level);
        gram.add(Rows::new(&y, d, d).unwrap(), 0..2 * d).unwrap();
        let mut a = vec![0.0; d * d];
        gram.lower(&mut a).unwrap();
        let mut factor = Factor::new(d, level);
        Work {
            operations: (d * d * d) as f64 / 6.0,
            call: Box::new(move || factor.factor(Rows::new(&a, d, d).unwrap()).unwrap()),
        }
    };
    Case { name: format!("Cholesky D={d}"), make: Box::new(make) }
}

fn indices(len: usize, rows: usize) -> Vec<Ix> {
    let draws = normal(len, 6);
    draws.iter().map(|x| Ix((x.abs() * 1e6) as u32 % rows as u32)).collect()
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

/// Rows of `lengths(r)` events each, at random places of `rows` fixed rows.
fn solves(
    solver: RowSolver,
    label: &str,
    lengths: impl Fn(usize) -> usize + 'static,
    (count, rows): (usize, usize),
    variance: bool,
) -> Case {
    let d = solver.dim();
    Case {
        name: format!("{label} D={d}{}", if variance { " +variance" } else { "" }),
        make: Box::new(move || {
            let lengths = (0..count).map(lengths).collect();
            solve(solver, lengths, rows, variance)
        }),
    }
}

fn solve(solver: RowSolver, lengths: Vec<usize>, rows: usize, variance: bool) -> Work {
    let (d, count) = (solver.dim(), lengths.len());
    let mut fixed = Aligned::new(rows * d, 5);
    fixed.floats().chunks_exact_mut(d).for_each(|y| y[d - 1] = 1.0);
    let mut starts = vec![0];
    starts.extend(lengths.iter().scan(0, |end, n| {
        *end += n;
        Some(*end)
    }));
    let indices = indices(starts[count], rows);
    let targets = normal(starts[count], 7);
    let base = vec![0.05; d];
    let mut workspace = solver.workspace();
    let mut out = vec![0.0; count * d];
    let mut spread = vec![0.0; count * d];
    let operations = |&n: &usize| {
        let extra = match solver.method(n) {
            _ if !variance => 0.0,
            Method::Primal => (d * d * d) as f64 / 6.0,
            Method::Dual => (n * n * d) as f64 / 2.0,
        };
        solver.operations(solver.method(n), n) + extra
    };
    Work {
        operations: lengths.iter().map(operations).sum(),
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
            let fixed = Rows::new(fixed.floats(), d, d).unwrap();
            let out = RowsMut::new(&mut out, d, d).unwrap();
            let variances = variance.then(|| RowsMut::new(&mut spread, d, d).unwrap());
            let answers = Answers { rows: out, variances, minima: None };
            solver.solve_many(fixed, count, row, &mut workspace, answers).unwrap();
        }),
    }
}

/// Lengths as they are in real data: many short ones, few long ones; mean about 27.
fn ragged(r: usize) -> usize {
    const LENGTHS: [usize; 16] = [8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 23, 27, 33, 43, 60, 110];
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
        cases.push(solves(solver, "row n=200", |_| 200, (32, 4000), false));
        cases.push(solves(solver, "row n=20", |_| 20, (CHUNK, 20_000), false));
    }
    for d in [65, 129] {
        let solver = RowSolver::with_level(d, level);
        cases.push(solves(solver, "row n=20, small matrix", |_| 20, (CHUNK, 1000), false));
        for n in [5, 10, 40, 64, 100] {
            let label = format!("row n={n}");
            cases.push(solves(solver, &label, move |_| n, (CHUNK, 20_000), false));
        }
        cases.push(solves(solver, "ragged rows, mean 27", ragged, (CHUNK, 20_000), false));
        cases.push(solves(solver, "row n=200", |_| 200, (32, 4000), true));
        cases.push(solves(solver, "row n=20", |_| 20, (CHUNK, 20_000), true));
    }
    cases.push(solves(RowSolver::with_level(513, level), "row n=20", |_| 20, (CHUNK, 4000), false));
    cases.push(solves(RowSolver::with_level(513, level), "row n=200", |_| 200, (16, 4000), false));
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

fn table(level: Level, name: &str, work: &mut Work, rounds: usize, seconds: f64) {
    let (mut rates, mut shares) = (Vec::new(), Vec::new());
    (work.call)();
    for _ in 0..rounds {
        let peak = rate(|| spin(level, 1000), seconds / 2.0);
        let got = rate(
            || {
                (work.call)();
                work.operations
            },
            seconds,
        );
        rates.push(got);
        shares.push(got / peak);
    }
    let rate = median(rates);
    println!(
        "{:<8}{name:<36}{:>12.2}{:>10.1}{:>8.1}%",
        level.name(),
        work.operations / rate * 1e6,
        2.0 * rate / 1e9,
        100.0 * median(shares)
    );
}

fn main() {
    let testing = std::env::args().any(|a| a == "--test");
    let variable = |name: &str| std::env::var(name).ok();
    let level = variable("LEVEL").and_then(|name| Level::named(&name)).unwrap_or_default();
    let rounds = variable("ROUNDS").and_then(|r| r.parse().ok()).unwrap_or(41);
    let (rounds, seconds) = if testing { (1, 0.0) } else { (rounds, 0.001) };
    let only = variable("ONLY").unwrap_or_default();
    let mut chosen = cases(level);
    let exact = chosen.iter().any(|case| case.name == only);
    chosen.retain(|case| if exact { case.name == only } else { case.name.contains(&only) });
    println!("{:<44}{:>12}{:>10}{:>9}", "level   kernel", "us a call", "GFLOP/s", "of peak");
    let mut works = Vec::new();
    for case in chosen {
        let mut work = (case.make)();
        table(level, &case.name, &mut work, rounds, seconds);
        works.push((case.name, work));
    }
    if variable("TABLE").is_some() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    for (name, mut work) in works {
        criterion.bench_function(&format!("{level}/{name}"), |b| b.iter(|| (work.call)()));
    }
    criterion.final_summary();
}
