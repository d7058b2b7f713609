//! Guards the solver against the plain formulas in double precision, on every level and by both methods.

use super::*;
use crate::kernel::Stream;

struct Case {
    dim: usize,
    x: Vec<f32>,
    v: Vec<f32>,
    w: Vec<f32>,
    mean: Vec<f32>,
    slope: Vec<f32>,
    precision: Vec<f32>,
    indices: Vec<Vec<usize>>,
    values: Vec<Vec<f32>>,
}

const FIXED: usize = 40;
const TAU: f32 = 1.7;
const CENTER: f32 = 3.0;
const SCALE: f32 = 0.8;

fn draw(row: u64, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    Stream { seed: 11, epoch: 0, side: 0, row }.normal().fill(&mut out);
    out
}

impl Case {
    fn new(dim: usize, lengths: &[usize]) -> Self {
        let positive = |row, len| draw(row, len).into_iter().map(|x| 0.2 + x.abs()).collect::<Vec<_>>();
        let event = |r: usize, n: usize| (0..n).map(|j| (7 * j + 3 * r) % FIXED).collect();
        Self {
            dim,
            x: draw(1, FIXED * dim),
            v: positive(2, FIXED * dim),
            w: positive(3, FIXED),
            mean: draw(4, dim),
            slope: draw(5, dim),
            precision: positive(6, dim).into_iter().map(|p| 3.0 * p).collect(),
            indices: lengths.iter().enumerate().map(|(r, &n)| event(r, n)).collect(),
            values: lengths.iter().enumerate().map(|(r, &n)| draw(7 + r as u64, n)).collect(),
        }
    }

    fn packed(&self) -> UncertainRows {
        let mut rows = UncertainRows::new(self.dim, FIXED);
        let (head, mut tail) = rows.all_mut().split_at(3);
        let mut head = head;
        for i in 0..FIXED {
            let at = i * self.dim..(i + 1) * self.dim;
            let (part, row) = if i < 3 { (&mut head, i) } else { (&mut tail, i - 3) };
            part.set(row, &self.x[at.clone()], &self.v[at], self.w[i]).unwrap();
        }
        rows
    }

    fn beliefs(&self, steadiness: f32) -> Beliefs<'_> {
        let Self { mean, slope, precision, .. } = self;
        Beliefs { mean, slope, precision, tau: TAU, steadiness, center: CENTER, scale: SCALE }
    }

    fn covariate(r: usize) -> f32 {
        0.1 * r as f32 - 0.3
    }

    fn solve(&self, solver: UncertainSolver, steadiness: f32, rows: std::ops::Range<usize>) -> Answers {
        let (dim, count) = (self.dim, rows.len());
        let mut answers = Answers {
            mean: vec![0.0; count * dim],
            variance: vec![0.0; count * dim],
            weight: vec![0.0; count],
            error: vec![0.0; count],
            residual: vec![0.0; count],
        };
        let evidence = |r: usize| {
            let r = rows.start + r;
            Evidence { indices: &self.indices[r][..], values: &self.values[r], covariate: Self::covariate(r) }
        };
        let mut out = Posterior {
            mean: &mut answers.mean,
            variance: &mut answers.variance,
            weight: &mut answers.weight,
            error: &mut answers.error,
            residual: &mut answers.residual,
        };
        let mut workspace = UncertainWorkspace::default();
        let (packed, beliefs) = (self.packed(), self.beliefs(steadiness));
        solver.solve_many(&packed, &beliefs, count, evidence, &mut workspace, &mut out).unwrap();
        answers
    }
}

#[derive(Debug, PartialEq)]
struct Answers {
    mean: Vec<f32>,
    variance: Vec<f32>,
    weight: Vec<f32>,
    error: Vec<f64>,
    residual: Vec<f64>,
}

/// Mean, variance, omega, e and the plain residual of one row, from the definitions.
fn oracle(case: &Case, r: usize, steadiness: f64) -> (Vec<f64>, Vec<f64>, f64, f64, f64) {
    let (dim, n) = (case.dim, case.indices[r].len());
    let f = |x: f32| f64::from(x);
    let c = f(Case::covariate(r));
    let m: Vec<f64> = (0..dim).map(|k| f(case.mean[k]) + f(case.slope[k]) * c).collect();
    let mut omega = 1.0;
    let mut answer = (vec![], vec![], 0.0, 0.0, 0.0);
    let y = |i: usize, k: usize| if k + 1 < dim { f(case.x[i * dim + k]) } else { 1.0 };
    let v = |i: usize, k: usize| f(case.v[i * dim + k]);
    for _ in 0..2 {
        let tau = f(TAU) * omega;
        let (mut a, mut b) = (vec![vec![0.0; dim]; dim], vec![0.0; dim]);
        for k in 0..dim {
            a[k][k] = f(case.precision[k]) / tau;
            b[k] = a[k][k] * m[k];
        }
        let target =
            |j: usize, i: usize| (f(case.values[r][j]) - f(CENTER)) * f(SCALE) - f(case.x[i * dim + dim - 1]);
        for (j, &i) in case.indices[r].iter().enumerate() {
            for k in 0..dim {
                (0..dim).for_each(|l| a[k][l] += f(case.w[i]) * y(i, k) * y(i, l));
                if k + 1 < dim {
                    a[k][k] += f(case.w[i]) * v(i, k);
                }
                b[k] += f(case.w[i]) * y(i, k) * target(j, i);
            }
        }
        let variance: Vec<f64> = (0..dim).map(|k| 1.0 / (tau * a[k][k])).collect();
        let x = eliminate(a, b);
        let (mut error, mut residual) = (0.0, 0.0);
        for (j, &i) in case.indices[r].iter().enumerate() {
            let left = target(j, i) - (0..dim).map(|k| y(i, k) * x[k]).sum::<f64>();
            let spread: f64 = (0..dim)
                .map(|k| {
                    let fixed = if k + 1 < dim { v(i, k) * (x[k] * x[k] + variance[k]) } else { v(i, k) };
                    y(i, k) * y(i, k) * variance[k] + fixed
                })
                .sum();
            error += f(case.w[i]) * (left * left + spread);
            residual += left * left;
        }
        omega = (steadiness + n as f64) / (steadiness + f(TAU) * error);
        answer = (x, variance, omega, error, residual);
    }
    answer
}

/// Gaussian elimination of a positive definite system.
fn eliminate(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    for k in 0..b.len() {
        let (row, right) = (a[k].clone(), b[k]);
        for i in k + 1..b.len() {
            let factor = a[i][k] / row[k];
            a[i].iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
            b[i] -= factor * right;
        }
    }
    for k in (0..b.len()).rev() {
        let sum: f64 = (k + 1..b.len()).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - sum) / a[k][k];
    }
    b
}

#[test]
fn every_level_and_method_agrees_with_the_definitions() {
    let lengths = [0, 1, 2, 5, 15, 16, 17, 40, 100, 300, 3];
    for level in Level::available() {
        for dim in [1, 2, 3, 8, 9, 15, 16, 17, 31, 32, 33, 48, 64, 65, 100] {
            let case = Case::new(dim, &lengths);
            for method in [None, Some(Method::Primal), Some(Method::Dual)] {
                let solver = UncertainSolver::new(dim, level);
                let solver = method.map_or(solver, |method| solver.with_method(method));
                let found = case.solve(solver, 5.0, 0..lengths.len());
                for r in 0..lengths.len() {
                    let (x, variance, omega, error, residual) = oracle(&case, r, 5.0);
                    let near = |a: f64, b: f64| (a - b).abs() < 2e-3 * (0.1 + b.abs());
                    let place = format!("{level} {method:?} dim {dim} row {r}");
                    for k in 0..dim {
                        let (a, b) =
                            (f64::from(found.mean[r * dim + k]), f64::from(found.variance[r * dim + k]));
                        assert!(near(a, x[k]), "{place}: mean {a} {}", x[k]);
                        assert!(near(b, variance[k]), "{place}: variance {b} {}", variance[k]);
                    }
                    assert!(near(f64::from(found.weight[r]), omega), "{place}: omega");
                    assert!(near(found.error[r], error), "{place}: e {} {error}", found.error[r]);
                    assert!(near(found.residual[r], residual), "{place}: {} {residual}", found.residual[r]);
                }
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_others() {
    let lengths: Vec<usize> = (0..70).map(|r| (r * r) % 53).collect();
    for level in Level::available() {
        for dim in [4, 16, 32, 40] {
            let (case, solver) = (Case::new(dim, &lengths), UncertainSolver::new(dim, level));
            let all = case.solve(solver, 100.0, 0..lengths.len());
            for r in 0..lengths.len() {
                let one = case.solve(solver, 100.0, r..r + 1);
                assert_eq!(one.mean[..], all.mean[r * dim..][..dim], "{level} dim {dim} row {r}");
                assert_eq!(one.variance[..], all.variance[r * dim..][..dim]);
                assert_eq!((one.weight[0], one.error[0]), (all.weight[r], all.error[r]));
                assert_eq!(one.residual[0], all.residual[r]);
            }
        }
    }
}

#[test]
fn a_row_without_events_is_its_prior() {
    for dim in [1, 16, 20, 50] {
        let case = Case::new(dim, &[0]);
        let found = case.solve(UncertainSolver::new(dim, Level::detect()), 100.0, 0..1);
        let mean = case.mean.iter().zip(&case.slope).map(|(m, s)| m + s * Case::covariate(0));
        assert!(found.mean.iter().zip(mean).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(found.variance.iter().zip(&case.precision).all(|(v, p)| (v * p - 1.0).abs() < 1e-6));
        assert_eq!((found.weight[0], found.error[0]), (1.0, 0.0));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let case = Case::new(4, &[3]);
    let (packed, beliefs) = (case.packed(), case.beliefs(100.0));
    let try_it = |beliefs: &Beliefs<'_>, indices: &[usize], values: &[f32], dim: usize| {
        let (mut mean, mut variance) = (vec![0.0; dim], vec![0.0; dim]);
        let mut out = Posterior {
            mean: &mut mean,
            variance: &mut variance,
            weight: &mut [0.0],
            error: &mut [0.0],
            residual: &mut [],
        };
        let evidence = |_| Evidence { indices, values, covariate: 0.0 };
        let solver = UncertainSolver::new(4, Level::detect());
        let mut workspace = UncertainWorkspace::default();
        solver.solve_many(&packed, beliefs, 1, evidence, &mut workspace, &mut out).map_err(|at| at.error)
    };
    assert_eq!(try_it(&beliefs, &[0, 1], &[1.0, 2.0], 4), Ok(()));
    let beyond = try_it(&beliefs, &[0, FIXED], &[1.0, 2.0], 4);
    assert_eq!(beyond, Err(SolveError::Index { index: FIXED, rows: FIXED }));
    assert!(matches!(try_it(&beliefs, &[0], &[1.0, 2.0], 4), Err(SolveError::Shape { .. })));
    assert!(matches!(try_it(&beliefs, &[0], &[1.0], 5), Err(SolveError::Shape { .. })));
    assert_eq!(try_it(&beliefs, &[0, 1], &[1.0, f32::NAN], 4), Err(SolveError::NotFinite));
    assert_eq!(try_it(&beliefs, &[0; 50], &[f32::INFINITY; 50], 4), Err(SolveError::NotFinite));
    let zero = Beliefs { precision: &[1.0, 1.0, 0.0, 1.0], ..beliefs };
    assert_eq!(try_it(&zero, &[0], &[1.0], 4), Err(SolveError::Precision { coordinate: 2 }));
}
