//! Every level and both methods against a plain solution in double precision.

use super::*;
use crate::kernel::{Level, RowError, Stream};
use proptest::prelude::*;

/// An index type of its own, as the models have.
#[derive(Clone, Copy)]
struct Ix(u32);

impl From<Ix> for usize {
    fn from(i: Ix) -> usize {
        i.0 as usize
    }
}

/// One problem with everything in it.
struct Problem {
    dim: usize,
    stride: usize,
    fixed: Vec<f32>,
    indices: Vec<Ix>,
    targets: Vec<f32>,
    weights: Vec<f32>,
    base: Vec<f32>,
    mean: Vec<f32>,
}

impl Problem {
    fn new(dim: usize, n: usize, seed: u64) -> Self {
        let mut normal = Stream { seed, epoch: dim as u64, side: 0, row: n as u64 }.normal();
        let stride = dim + seed as usize % 3;
        let rows = 50;
        let mut fill = |len: usize| {
            let mut v = vec![0.0; len];
            normal.fill(&mut v);
            v
        };
        let mut fixed = fill(rows * stride);
        for y in fixed.chunks_exact_mut(stride) {
            y[dim - 1] = 1.0;
        }
        let pick = fill(n);
        Self {
            dim,
            stride,
            indices: pick.iter().map(|x| Ix((x.abs() * 1000.0) as u32 % rows as u32)).collect(),
            targets: fill(n),
            weights: fill(n).iter().map(|w| 0.2 + w.abs()).collect(),
            base: fill(dim).iter().map(|p| 0.5 + p.abs()).collect(),
            mean: fill(dim),
            fixed,
        }
    }

    fn fixed(&self) -> Rows<'_> {
        Rows::new(&self.fixed, self.dim, self.stride).unwrap()
    }

    fn row(&self, weighted: bool, centred: bool) -> Row<'_, Ix> {
        Row {
            indices: &self.indices,
            targets: &self.targets,
            weights: weighted.then_some(&self.weights[..]),
            precision: Precision::diagonal(&self.base).scaled(1.5).shifted(0.25),
            mean: centred.then_some(&self.mean[..]),
        }
    }

    /// The first `n` events only.
    fn head(&self, n: usize) -> Row<'_, Ix> {
        let row = self.row(true, true);
        Row {
            indices: &row.indices[..n],
            targets: &row.targets[..n],
            weights: row.weights.map(|w| &w[..n]),
            ..row
        }
    }
}

/// Solution and covariance diagonal by Gauss-Jordan elimination in f64.
fn reference(fixed: Rows<'_>, row: Row<'_, Ix>) -> (Vec<f64>, Vec<f64>) {
    let d = fixed.width();
    let wide = 2 * d + 1;
    let mut a = vec![vec![0.0f64; wide]; d];
    for (k, a) in a.iter_mut().enumerate() {
        let p = f64::from(row.precision.scale) * f64::from(row.precision.base[k])
            + f64::from(row.precision.shift);
        a[k] = p;
        a[d] = p * row.mean.map_or(0.0, |m| f64::from(m[k]));
        a[d + 1 + k] = 1.0;
    }
    for (j, &i) in row.indices.iter().enumerate() {
        let y: Vec<f64> = fixed.row(i.into()).unwrap().iter().map(|&y| y.into()).collect();
        let w = row.weights.map_or(1.0, |w| f64::from(w[j]));
        for (k, a) in a.iter_mut().enumerate() {
            for (l, y_l) in y.iter().enumerate() {
                a[l] += w * y[k] * y_l;
            }
            a[d] += w * y[k] * f64::from(row.targets[j]);
        }
    }
    for k in 0..d {
        let pivot = a[k].clone();
        for (i, row) in a.iter_mut().enumerate() {
            let factor = if i == k { 1.0 - 1.0 / pivot[k] } else { row[k] / pivot[k] };
            for (x, p) in row.iter_mut().zip(&pivot) {
                *x -= factor * p;
            }
        }
    }
    (a.iter().map(|a| a[d]).collect(), a.iter().enumerate().map(|(k, a)| a[d + 1 + k]).collect())
}

fn solvers(dim: usize) -> impl Iterator<Item = RowSolver> {
    Level::available().flat_map(move |level| {
        let solver = RowSolver::with_level(dim, level);
        let iterating = solver.with_conjugate_gradients();
        [solver.with_method(Method::Primal), solver.with_method(Method::Dual), iterating]
    })
}

fn assert_close(got: &[f32], want: &[f64], tolerance: f64, what: &str) {
    let norm = want.iter().fold(1e-3f64, |n, x| n.max(x.abs()));
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(*g) - w).abs() / norm;
        assert!(error < tolerance, "{what}: coordinate {k}: {g} instead of {w}");
    }
}

fn check(dim: usize, n: usize, weighted: bool, centred: bool) {
    let problem = Problem::new(dim, n, 3);
    let (fixed, row) = (problem.fixed(), problem.row(weighted, centred));
    let (x, v) = reference(fixed, row);
    for solver in solvers(dim) {
        let what = format!("{} {:?} D={dim} n={n}", solver.level(), solver.method(n));
        let mut workspace = solver.workspace();
        let mut out = vec![f32::NAN; dim];
        solver.solve(fixed, row, &mut workspace, &mut out, None).unwrap();
        assert_close(&out, &x, 2e-4, &what);
        let mut variance = vec![f32::NAN; dim];
        solver.solve(fixed, row, &mut workspace, &mut out, Some(&mut variance)).unwrap();
        assert_close(&out, &x, 2e-4, &what);
        assert_close(&variance, &v, 2e-4, &what);
    }
}

#[test]
fn every_dimension() {
    for dim in 1..=130 {
        check(dim, 40, dim % 2 == 0, dim % 3 == 0);
    }
}

#[test]
fn every_length() {
    for n in (0..70).chain([96, 127, 128, 129, 200, 300]) {
        check(33, n, n % 3 == 0, n % 2 == 0);
        check(9, n, n % 2 == 0, n % 3 == 0);
    }
}

#[test]
fn large_dimensions() {
    check(257, 30, true, true);
    check(257, 300, true, true);
    check(512, 70, false, false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Rows of a batch, in any chunks, have the bits they have alone.
    #[test]
    fn a_batch_is_its_rows(
        dim in 1..70usize,
        lengths in prop::collection::vec(0..60usize, 1..50),
        chunk in 1..50usize,
    ) {
        let problem = Problem::new(dim, 60, 5);
        let fixed = problem.fixed();
        for level in Level::available() {
        for solver in [RowSolver::with_level(dim, level), RowSolver::with_level(dim, level).with_conjugate_gradients()] {
            let mut workspace = solver.workspace();
            let solve = |lengths: &[usize], workspace: &mut Workspace, out: &mut [f32], minima: &mut [f32]| {
                let rows = RowsMut::new(out, dim, dim).unwrap();
                let row = |r: usize| problem.head(lengths[r]);
                let answers = Answers { rows, variances: None, minima: Some(minima) };
                solver.solve_many(fixed, lengths.len(), row, workspace, answers).unwrap();
            };
            let mut together = vec![f32::NAN; dim * lengths.len()];
            let mut minima = vec![f32::NAN; lengths.len()];
            let outs = together.chunks_mut(chunk * dim).zip(minima.chunks_mut(chunk));
            for (lengths, (out, minima)) in lengths.chunks(chunk).zip(outs) {
                solve(lengths, &mut workspace, out, minima);
            }
            for ((&n, together), &minimum) in lengths.iter().zip(together.chunks(dim)).zip(&minima) {
                let (mut alone, mut least) = (vec![f32::NAN; dim], [f32::NAN]);
                solve(&[n], &mut solver.workspace(), &mut alone, &mut least);
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&alone), bits(together), "{} D={} n={}", level, dim, n);
                prop_assert_eq!(bits(&least), bits(&[minimum]), "{} D={} n={}", level, dim, n);
            }
        }
        }
    }
}

/// The last rows of a matrix cannot be read in whole vectors, and take another way into the sums.
#[test]
fn where_the_matrix_ends_changes_no_bits() {
    for dim in [5, 16, 33, 65] {
        let problem = Problem::new(dim, 120, 6);
        let indices: Vec<Ix> = problem.indices.iter().map(|i| Ix(i.0 % 40)).chain([Ix(39)]).collect();
        let targets = [&problem.targets[..], &[0.5]].concat();
        let row = Row { indices: &indices, targets: &targets, ..problem.row(false, true) };
        let cut = Rows::new(&problem.fixed[..39 * problem.stride + dim], dim, problem.stride).unwrap();
        for solver in solvers(dim) {
            let solve = |fixed: Rows<'_>| {
                let mut out = vec![f32::NAN; dim];
                solver.solve(fixed, row, &mut solver.workspace(), &mut out, None).unwrap();
                out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(solve(cut), solve(problem.fixed()), "{} D={dim}", solver.level());
        }
    }
}

#[test]
fn a_row_without_events_is_its_prior() {
    let problem = Problem::new(7, 0, 1);
    for solver in solvers(7) {
        let mut out = [0.0; 7];
        let mut variance = [0.0; 7];
        let mut workspace = solver.workspace();
        let row = problem.row(true, true);
        solver.solve(problem.fixed(), row, &mut workspace, &mut out, Some(&mut variance)).unwrap();
        for k in 0..7 {
            assert!((out[k] - problem.mean[k]).abs() < 1e-5);
            assert!((variance[k] * (1.5 * problem.base[k] + 0.25) - 1.0).abs() < 1e-5);
        }
    }
}

fn error(problem: &Problem, row: Row<'_, Ix>) -> SolveError {
    let mut found = None;
    for solver in solvers(problem.dim) {
        let mut workspace = solver.workspace();
        let mut out = vec![0.0; problem.dim];
        let error = solver.solve(problem.fixed(), row, &mut workspace, &mut out, None).unwrap_err();
        assert!(found.is_none_or(|f| f == error), "{error:?} {found:?}");
        found = Some(error);
    }
    found.unwrap()
}

#[test]
fn what_is_wrong_has_a_name() {
    let problem = Problem::new(5, 6, 2);
    let row = problem.row(true, true);
    for w in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let mut weights = problem.weights.clone();
        weights[4] = w;
        let row = Row { weights: Some(&weights), ..row };
        assert_eq!(error(&problem, row), SolveError::Weight { position: 4 });
    }
    for p in [0.0, -2.0, f32::NAN, f32::INFINITY] {
        let mut base = problem.base.clone();
        base[3] = p;
        let row = Row { precision: Precision::diagonal(&base), ..row };
        assert_eq!(error(&problem, row), SolveError::Precision { coordinate: 3 });
    }
    for t in [f32::NAN, f32::NEG_INFINITY] {
        let mut targets = problem.targets.clone();
        targets[0] = t;
        assert_eq!(error(&problem, Row { targets: &targets, ..row }), SolveError::NotFinite);
    }
    let mean = [f32::NAN; 5];
    assert_eq!(error(&problem, Row { mean: Some(&mean), ..row }), SolveError::NotFinite);
    let indices = [Ix(50); 6];
    let out = SolveError::Index { index: 50, rows: 50 };
    assert_eq!(error(&problem, Row { indices: &indices, ..row }), out);
    let short = Row { targets: &row.targets[1..], ..row };
    let shape = SolveError::Shape { what: "targets", expected: 6, found: 5 };
    assert_eq!(error(&problem, short), shape);
}

#[test]
fn a_row_is_solved_with_the_method_of_fewer_operations() {
    for dim in 1..=130 {
        let solver = RowSolver::new(dim);
        for n in 0..=2 * dim {
            let [dual, primal] = [Method::Dual, Method::Primal].map(|method| solver.operations(method, n));
            let expected = if dual < primal { Method::Dual } else { Method::Primal };
            assert_eq!(solver.method(n), expected, "{n} events of {dim} coordinates");
        }
    }
}

#[test]
fn a_precision_is_looked_at_in_every_row_of_a_call() {
    let problem = Problem::new(9, 6, 2);
    let least = problem.base.iter().copied().fold(f32::INFINITY, f32::min);
    let coordinate = problem.base.iter().position(|&p| p == least).unwrap();
    let far = [f32::NAN, f32::NEG_INFINITY];
    for precision in [
        Precision::diagonal(&problem.base).shifted(-least),
        Precision::diagonal(&problem.base).scaled(-1.0).shifted(least),
        Precision::diagonal(&problem.base).shifted(f32::NAN),
        Precision::diagonal(&problem.base).scaled(f32::MAX),
        Precision::diagonal(&far).scaled(0.0).shifted(1.0),
    ] {
        for solver in solvers(9) {
            let row = |r: usize| match r {
                2 => Row { precision, ..problem.row(true, true) },
                _ => problem.row(true, true),
            };
            let (mut out, mut workspace) = (vec![0.0; 4 * 9], solver.workspace());
            let to = RowsMut::new(&mut out, 9, 9).unwrap();
            let found = solver.solve_many(problem.fixed(), 4, row, &mut workspace, to).unwrap_err();
            assert_eq!(found.row, 2, "{precision:?}");
            if precision.shift == -least {
                assert_eq!(found.error, SolveError::Precision { coordinate });
            }
        }
    }
}

#[test]
fn a_fixed_row_that_is_not_finite_is_found() {
    let mut problem = Problem::new(20, 30, 2);
    let at = problem.indices[7].0 as usize * problem.stride + 19;
    problem.fixed[at] = f32::NAN;
    assert_eq!(error(&problem, problem.row(true, true)), SolveError::NotFinite);
}

#[test]
fn numbers_too_large_to_factor_are_an_error() {
    let mut problem = Problem::new(20, 30, 2);
    problem.fixed.iter_mut().for_each(|y| *y *= 1e25);
    assert_eq!(error(&problem, problem.row(false, false)), SolveError::NotPositiveDefinite);
}

#[test]
fn the_lowest_failing_row_is_reported_and_the_others_are_solved() {
    let problem = Problem::new(8, 60, 4);
    let nan = [f32::NAN; 60];
    let row = |r: usize| {
        let row = problem.head([50, 3, 7, 2][r]);
        let bad = r == 2 || r == 1;
        Row { targets: if bad { &nan[..row.indices.len()] } else { row.targets }, ..row }
    };
    for level in Level::available() {
        let solver = RowSolver::with_level(8, level);
        let mut out = vec![f32::NAN; 32];
        let rows = RowsMut::new(&mut out, 8, 8).unwrap();
        let found = solver.solve_many(problem.fixed(), 4, row, &mut solver.workspace(), rows);
        assert_eq!(found, Err(RowError { row: 1, error: SolveError::NotFinite }));
        assert!(out[..8].iter().chain(&out[24..]).all(|x| x.is_finite()));
    }
}

#[test]
fn matrices_are_checked() {
    assert!(Rows::new(&[0.0; 10], 0, 5).is_err());
    assert!(Rows::new(&[0.0; 10], 4, 3).is_err());
    assert!(Rows::new(&[0.0; 10], 4, 8).is_err());
    assert_eq!(Rows::new(&[0.0; 12], 4, 8).unwrap().count(), 2);
    let solver = RowSolver::new(3);
    let problem = Problem::new(4, 2, 0);
    let mut out = [0.0; 3];
    let found =
        solver.solve(problem.fixed(), problem.row(false, false), &mut solver.workspace(), &mut out, None);
    assert!(matches!(found, Err(SolveError::Shape { .. })));
}

/// What is minimised, at `x`, in f64.
fn objective(fixed: Rows<'_>, row: Row<'_, Ix>, x: &[f64]) -> f64 {
    let event = |(j, &i): (usize, &Ix)| {
        let y = fixed.row(i.into()).unwrap();
        let score: f64 = y.iter().zip(x).map(|(&y, x)| f64::from(y) * x).sum();
        row.weights.map_or(1.0, |w| f64::from(w[j])) * (f64::from(row.targets[j]) - score).powi(2)
    };
    let Precision { base, scale, shift } = row.precision;
    let prior = |(k, x): (usize, &f64)| {
        let p = f64::from(scale) * f64::from(base[k]) + f64::from(shift);
        p * (x - row.mean.map_or(0.0, |m| f64::from(m[k]))).powi(2)
    };
    row.indices.iter().enumerate().map(event).sum::<f64>() + x.iter().enumerate().map(prior).sum::<f64>()
}

#[test]
fn minima_are_the_objective_at_the_answer() {
    for (dim, n) in [(5, 0), (5, 3), (20, 60), (33, 12), (64, 40), (64, 100), (90, 500)] {
        for (weighted, centred) in [(false, false), (true, false), (true, true)] {
            let problem = Problem::new(dim, n, 4);
            let (fixed, row) = (problem.fixed(), problem.row(weighted, centred));
            let expected = objective(fixed, row, &reference(fixed, row).0);
            for solver in solvers(dim) {
                let (mut out, mut minimum) = (vec![0.0; dim], [f32::NAN]);
                let rows = RowsMut::new(&mut out, dim, dim).unwrap();
                let answers = Answers { rows, variances: None, minima: Some(&mut minimum) };
                solver.solve_many(fixed, 1, |_| row, &mut solver.workspace(), answers).unwrap();
                let error = (f64::from(minimum[0]) - expected).abs();
                let size = f64::from(row.at_zero()) + 1e-3;
                assert!(error < 2e-6 * size, "{} D={dim} n={n}: {minimum:?} {expected}", solver.level());
            }
        }
    }
}

/// A prior as strong as that of unobserved pairs: no answer of conjugate gradients is farther off than is bounded, but
/// for rounding.
#[test]
fn conjugate_gradients_come_as_near_as_they_say() {
    for (dim, n) in [(16, 17), (30, 80), (64, 20), (64, 300), (128, 60), (200, 900)] {
        let problem = Problem::new(dim, n, 6);
        let precision = Precision { shift: n as f32, ..Precision::diagonal(&problem.base) };
        let row = Row { precision, ..problem.row(true, true) };
        let exact = reference(problem.fixed(), row).0;
        let least = objective(problem.fixed(), row, &exact);
        for level in Level::available() {
            let solver = RowSolver::with_level(dim, level).with_conjugate_gradients();
            assert!(solver.iterates(n), "D={dim} n={n}");
            let mut out = vec![0.0; dim];
            solver.solve(problem.fixed(), row, &mut solver.workspace(), &mut out, None).unwrap();
            let out: Vec<f64> = out.iter().map(|&x| x.into()).collect();
            let start: Vec<f64> = problem.mean.iter().map(|&m| m.into()).collect();
            let whole = objective(problem.fixed(), row, &start) - least;
            let left = objective(problem.fixed(), row, &out) - least;
            // The square of three times the bounded share: the rounding of the steps takes up to twice as much.
            assert!(left <= 9e-12 * whole, "{level} D={dim} n={n}: {left:e} of {whole:e}");
        }
    }
}

#[test]
fn what_conjugate_gradients_do_not_reach_is_factored() {
    let problem = Problem::new(80, 70, 2);
    let precision = Precision { shift: 1e-2, scale: 0.0, base: &problem.base };
    let row = Row { precision, ..problem.row(true, false) };
    for level in Level::available() {
        let direct = RowSolver::with_level(80, level);
        let iterating = direct.with_conjugate_gradients();
        assert!(iterating.iterates(70));
        let solve = |solver: RowSolver| {
            let mut out = vec![0.0; 80];
            solver.solve(problem.fixed(), row, &mut solver.workspace(), &mut out, None).unwrap();
            out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(solve(direct), solve(iterating), "{level}");
    }
}

#[test]
fn rows_too_long_for_the_cache_are_not_iterated() {
    let solver = RowSolver::new(64);
    assert!(!solver.iterates(20));
    let solver = solver.with_conjugate_gradients();
    assert!(solver.iterates(17) && solver.iterates(4096) && !solver.iterates(5000));
    assert!(!RowSolver::new(32).with_conjugate_gradients().iterates(96));
    assert!(!RowSolver::new(1024).with_conjugate_gradients().iterates(usize::MAX));
    assert!(solver.cost(20) < RowSolver::new(64).cost(200));
}

#[test]
fn short_rows_are_not_iterated() {
    for (dim, short) in [(16, 16), (255, 16), (256, 24), (1024, 24)] {
        let solver = RowSolver::new(dim).with_conjugate_gradients();
        assert!(!solver.iterates(0) && !solver.iterates(short) && solver.iterates(short + 1), "D={dim}");
    }
}

#[test]
fn the_cheaper_method_is_taken() {
    let solver = RowSolver::new(64);
    assert_eq!(solver.method(20), Method::Dual);
    assert_eq!(solver.method(200), Method::Primal);
    assert_eq!(solver.with_method(Method::Dual).method(200), Method::Dual);
}
