//! Short rows, through the matrices of their events.
//!
//! The row is the minimum of `sum_j w_j (t_j - b_j - y_j.x)^2 + (x - m')' R (x - m')` with R = V + Q and m' = Q m / R:
//! a diagonal prior, which is what [`RowSolver`] takes, many rows at once. Its error follows from x itself. The prior
//! mean is taken off the targets beforehand and put back afterwards.

use super::gather::{Squares, Targets};
use super::rows::View;
use super::{Beliefs, Evidence, Posterior, UncertainRows, UncertainWorkspace};
use crate::kernel::error::SolveError;
use crate::kernel::row::{Precision, Row, RowSolver, RowsMut};
use crate::kernel::simd::{Job, Simd};
use crate::kernel::vector::dot_in;

/// One short row of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    /// Its position in the call.
    pub(super) position: usize,
    /// Where its targets start.
    pub(super) start: usize,
    /// omega, as known so far.
    pub(super) omega: f32,
}

/// The vectors of one row: V (the offset's entry included), the sum of w y^2, and the prior R, m'.
struct Vectors<'a> {
    variance: &'a mut [f32],
    square: &'a mut [f32],
    precision: &'a mut [f32],
    mean: &'a mut [f32],
}

/// How many those are.
const VECTORS: usize = 4;

impl<'a> Vectors<'a> {
    fn of(all: &'a mut [f32], p: usize, dim: usize) -> Self {
        let (sums, priors) = all[VECTORS * dim * p..][..VECTORS * dim].split_at_mut(2 * dim);
        let (variance, square) = sums.split_at_mut(dim);
        let (precision, mean) = priors.split_at_mut(dim);
        Self { variance, square, precision, mean }
    }

    /// What the variances of the fixed rows add to the precision of coordinate k: nothing for the offset.
    fn pull(&self, k: usize) -> f32 {
        if k + 1 < self.variance.len() { self.variance[k] } else { 0.0 }
    }

    /// Sums up the events.
    fn gather<I: Copy + Into<usize>>(&mut self, fixed: View<'_>, indices: &[I]) {
        self.variance.fill(0.0);
        self.square.fill(0.0);
        for &i in indices {
            let (y, v) = fixed.at(i.into()).split_at(fixed.half);
            self.variance.iter_mut().zip(v).for_each(|(sum, v)| *sum += v);
            self.square.iter_mut().zip(y).for_each(|(sum, y)| *sum += y * y);
        }
    }

    /// The prior at this noise precision; its mean also goes to `mean`.
    fn set_prior(&mut self, beliefs: &Beliefs<'_>, covariate: f32, tau: f32, mean: &mut [f32]) {
        for k in 0..self.variance.len() {
            let prior = beliefs.precision[k] / tau;
            let precision = prior + self.pull(k);
            self.precision[k] = precision;
            self.mean[k] = (beliefs.mean[k] + beliefs.slope[k] * covariate) * (prior / precision);
        }
        mean[..self.mean.len()].copy_from_slice(self.mean);
    }

    /// The variances of the solution x, and what they and those of the fixed rows add to the error.
    fn spread(&self, x: &[f32], tau: f32, variance: &mut [f32]) -> f64 {
        let mut error = f64::from(self.variance[self.variance.len() - 1]);
        for (k, to) in variance.iter_mut().enumerate() {
            *to = 1.0 / (tau * (self.square[k] + self.precision[k]));
            error += f64::from((self.square[k] + self.pull(k)) * *to + self.pull(k) * x[k] * x[k]);
        }
        error
    }
}

/// Solves the checked rows that `workspace.short` names.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn solve<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    s: S,
    solver: &RowSolver,
    fixed: &UncertainRows,
    beliefs: &Beliefs<'_>,
    row: &impl Fn(usize) -> Evidence<'r, I>,
    workspace: &mut UncertainWorkspace,
    out: &mut Posterior<'_>,
    fail: &mut impl FnMut(usize, SolveError),
) {
    let UncertainWorkspace { short, batch, targets, vectors: solutions, rows: scratch, .. } = workspace;
    let (view, dim, count) = (fixed.view(), fixed.dim(), short.len());
    let stride = dim.next_multiple_of(S::LANES);
    let all = batch.get(VECTORS * dim * count);
    let solutions = solutions.get(stride * count);
    solutions.fill(0.0);
    let mut events = 0;
    for short in &mut *short {
        (short.start, short.omega) = (events, 1.0);
        events += row(short.position).indices.len().next_multiple_of(S::LANES);
    }
    let (targets, rest) = targets.get(3 * events).split_at_mut(events);
    let (roots, left) = rest.split_at_mut(events);
    for (p, short) in short.iter().enumerate() {
        let Evidence { indices, values, .. } = row(short.position);
        Vectors::of(all, p, dim).gather(view, indices);
        let at = short.start..short.start + indices.len();
        let (targets, roots) = (&mut targets[at.clone()], &mut roots[at]);
        let Beliefs { center, scale, .. } = *beliefs;
        s.vectorize(Targets { fixed: view, indices, values, center, scale, targets, roots });
    }
    let (targets, roots) = (&*targets, &*roots);
    for _ in 0..2 {
        for (p, short) in short.iter().enumerate() {
            let covariate = row(short.position).covariate;
            let x = &mut solutions[stride * p..][..stride];
            x.fill(0.0);
            Vectors::of(all, p, dim).set_prior(beliefs, covariate, beliefs.tau * short.omega, x);
            let events = short.start..short.start + row(short.position).indices.len();
            let (fixed, indices, targets) = (view, row(short.position).indices, &targets[events.clone()]);
            s.vectorize(Residuals { fixed, indices, targets, x, out: &mut left[events] });
        }
        let task = |p: usize| {
            let indices = row(short[p].position).indices;
            let precision = Precision::diagonal(&all[VECTORS * dim * p + 2 * dim..][..dim]);
            let targets = &left[short[p].start..][..indices.len()];
            Row { indices, targets, weights: None, precision, mean: None }
        };
        let solved = fixed.weighted().and_then(|weighted| {
            let to = RowsMut::new(solutions, dim, stride)?;
            let solved = solver.solve_many(weighted, count, task, scratch, to);
            solved.map_err(|at| fail(short[at.row].position, at.error)).ok();
            Ok(())
        });
        if let Err(error) = solved {
            fail(short.first().map_or(0, |short| short.position), error);
        }
        for (p, short) in short.iter_mut().enumerate() {
            let indices = row(short.position).indices;
            let x = &mut solutions[stride * p..][..stride];
            let vectors = Vectors::of(all, p, dim);
            x.iter_mut().zip(&*vectors.mean).for_each(|(x, mean)| *x += mean);
            let answer = out.row(short.position, dim);
            let spread = vectors.spread(x, beliefs.tau * short.omega, answer.variance);
            let events = short.start..short.start + indices.len();
            let (fixed, targets, out) = (view, &targets[events.clone()], &mut left[events]);
            let squares = s.vectorize(Residuals { fixed, indices, targets, x, out });
            *answer.error = f64::from(squares) + spread;
            short.omega = beliefs.weight(indices.len(), *answer.error);
            *answer.weight = short.omega;
            answer.mean.copy_from_slice(&x[..dim]);
        }
    }
    for (p, short) in short.iter().enumerate() {
        let answer = out.row(short.position, dim);
        if let Some(residual) = answer.residual {
            let indices = row(short.position).indices;
            let (targets, roots) = (&targets[short.start..], &roots[short.start..]);
            let x = &solutions[stride * p..][..stride];
            *residual = s.vectorize(Squares { fixed: view, indices, targets, roots, x });
        }
        if !answer.error.is_finite() {
            fail(short.position, SolveError::NotFinite);
        }
    }
}

/// `sqrt(w_j) (t_j - b_j - y_j.x)` of some events, and the sum of their squares; x is padded with zeros.
struct Residuals<'a, I> {
    fixed: View<'a>,
    indices: &'a [I],
    targets: &'a [f32],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl<I: Copy + Into<usize>> Job for Residuals<'_, I> {
    type Out = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let Self { fixed, indices, targets, x, out } = self;
        for ((&i, target), out) in indices.iter().zip(targets).zip(&mut *out) {
            *out = target - dot_in(s, &fixed.at(i.into())[..x.len()], x);
        }
        dot_in(s, out, out)
    }
}
