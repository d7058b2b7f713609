//! Short rows, through the matrices of their events.
//!
//! The row is the minimum of `sum_j w_j (t_j - b_j - y_j.x)^2 + (x - m')' R (x - m')` with R = V + Q and m' = Q m / R:
//! a diagonal prior, which is what [`RowSolver`] takes. Its error follows from x itself.

use super::primal::squares;
use super::{Beliefs, Evidence, Posterior, UncertainRows, UncertainWorkspace};
use crate::kernel::error::SolveError;
use crate::kernel::row::{Precision, Row, RowSolver, Rows, RowsMut};
use crate::kernel::simd::Simd;
use crate::kernel::vector::dot_in;

/// Vectors of `dim` kept for each row: V, sum w y^2, precision, mean and solution.
const VECTORS: usize = 5;

/// Solves the checked rows at `positions` of the call.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn solve<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    s: S,
    solver: &RowSolver,
    fixed: &UncertainRows,
    beliefs: &Beliefs<'_>,
    positions: &[usize],
    row: &impl Fn(usize) -> Evidence<'r, I>,
    workspace: &mut UncertainWorkspace,
    out: &mut Posterior<'_>,
    fail: &mut impl FnMut(usize, SolveError),
) {
    let Ok(weighted) = fixed.weighted() else { return };
    if positions.is_empty() {
        return;
    }
    let (dim, count) = (fixed.dim(), positions.len());
    let events: usize = positions.iter().map(|&r| row(r).indices.len()).sum();
    let all = workspace.batch.get(VECTORS * dim * count + count);
    let (all, omegas) = all.split_at_mut(VECTORS * dim * count);
    let (sums, all) = all.split_at_mut(2 * dim * count);
    let (priors, solutions) = all.split_at_mut(2 * dim * count);
    let targets = workspace.targets.get(events);
    omegas.fill(1.0);
    let mut at = 0;
    for (&r, sums) in positions.iter().zip(sums.chunks_exact_mut(2 * dim)) {
        let evidence = row(r);
        let n = evidence.indices.len();
        gather(s, fixed, beliefs, &evidence, &mut targets[at..at + n], sums);
        at += n;
    }
    let starts: Vec<usize> = positions
        .iter()
        .scan(0, |at, &r| {
            *at += row(r).indices.len();
            Some(*at - row(r).indices.len())
        })
        .collect();
    for _ in 0..2 {
        for (p, &r) in positions.iter().enumerate() {
            let sums = &sums[2 * dim * p..][..2 * dim];
            let priors = &mut priors[2 * dim * p..][..2 * dim];
            set_prior(beliefs, row(r).covariate, omegas[p], sums, priors);
        }
        let task = |p: usize| {
            let evidence = row(positions[p]);
            let (precision, mean) = priors[2 * dim * p..][..2 * dim].split_at(dim);
            Row {
                indices: evidence.indices,
                targets: &targets[starts[p]..][..evidence.indices.len()],
                weights: None,
                precision: Precision::diagonal(precision),
                mean: Some(mean),
            }
        };
        let Ok(to) = RowsMut::new(solutions, dim, dim) else { return };
        if let Err(error) = solver.solve_many(weighted, count, task, &mut workspace.rows, to, None) {
            fail(positions[error.row], error.error);
        }
        for (p, &r) in positions.iter().enumerate() {
            let evidence = row(r);
            let n = evidence.indices.len();
            let sums = &sums[2 * dim * p..][..2 * dim];
            let x = &solutions[dim * p..][..dim];
            let targets = &targets[starts[p]..][..n];
            let tau = beliefs.tau * omegas[p];
            let answer = out.row(r, dim);
            let mut error = weighted_squares(s, weighted, evidence.indices, targets, x);
            // The variances of the fixed rows at x, and those of x at the fixed rows.
            for k in 0..dim {
                let precision = sums[dim + k] + if k + 1 < dim { sums[k] } else { 0.0 };
                let prior = beliefs.precision[k] / tau;
                let v = 1.0 / (tau * (precision + prior));
                answer.variance[k] = v;
                error += f64::from(precision * v);
                error += f64::from(if k + 1 < dim { sums[k] * x[k] * x[k] } else { sums[k] });
            }
            *answer.error = error;
            omegas[p] = beliefs.weight(n, error);
            *answer.weight = omegas[p];
            answer.mean.copy_from_slice(x);
        }
    }
    for (p, &r) in positions.iter().enumerate() {
        let evidence = row(r);
        let answer = out.row(r, dim);
        if let Some(residual) = answer.residual {
            let targets = &targets[starts[p]..][..evidence.indices.len()];
            *residual = squares(s, fixed, evidence.indices, targets, answer.mean);
        }
        if !answer.error.is_finite() {
            fail(r, SolveError::NotFinite);
        }
    }
}

/// Writes the targets of one row, its V (the offset's entry included) and its sum of w y^2.
#[inline(always)]
fn gather<S: Simd, I: Copy + Into<usize>>(
    _: S,
    fixed: &UncertainRows,
    beliefs: &Beliefs<'_>,
    evidence: &Evidence<'_, I>,
    targets: &mut [f32],
    sums: &mut [f32],
) {
    let dim = fixed.dim();
    sums.fill(0.0);
    let (variance, square) = sums.split_at_mut(dim);
    for ((&i, &value), target) in evidence.indices.iter().zip(evidence.values).zip(targets) {
        *target = beliefs.target(fixed, i.into(), value);
        let (y, v) = fixed.at(i.into()).split_at(fixed.half());
        for (sum, v) in variance.iter_mut().zip(v) {
            *sum += v;
        }
        for (sum, y) in square.iter_mut().zip(y) {
            *sum += y * y;
        }
    }
}

/// The precision R of a row at this omega, and the mean m'.
fn set_prior(beliefs: &Beliefs<'_>, covariate: f32, omega: f32, sums: &[f32], priors: &mut [f32]) {
    let dim = sums.len() / 2;
    let (precision, mean) = priors.split_at_mut(dim);
    for k in 0..dim {
        let prior = beliefs.precision[k] / (beliefs.tau * omega);
        let variance = if k + 1 < dim { sums[k] } else { 0.0 };
        precision[k] = prior + variance;
        mean[k] = (beliefs.mean[k] + beliefs.slope[k] * covariate) * (prior / precision[k]);
    }
}

/// `sum_j w_j (t_j - b_j - y_j.x)^2`
#[inline(always)]
fn weighted_squares<S: Simd, I: Copy + Into<usize>>(
    s: S,
    weighted: Rows<'_>,
    indices: &[I],
    targets: &[f32],
    x: &[f32],
) -> f64 {
    let term = |(&i, target): (&I, &f32)| {
        let residual = target - dot_in(s, weighted.row(i.into()).unwrap_or_default(), x);
        f64::from(residual * residual)
    };
    indices.iter().zip(targets).map(term).sum()
}
