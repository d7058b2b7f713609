//! Long rows of few coordinates, one per lane.
//!
//! The sums of a row are made alone, in registers; then a vector of rows is transposed, so that every entry of the
//! system is a vector over rows, and both passes advance all of them at once without a sum across lanes. No lane meets
//! another: a row has the same bits in any company, and absent rows are priors nobody reads.

use super::gather::{Squares, Sums};
use super::primal::ROUNDING;
use super::rows::View;
use super::{Beliefs, Evidence, Posterior, UncertainWorkspace, cut};
use crate::kernel::buffer::Buffer;
use crate::kernel::interleaved::Interleaved;
use crate::kernel::simd::{Job, MAX_LANES, Simd};
use crate::kernel::vector::dot_in;

/// The most coordinates solved this way: beyond, the matrices of a vector of rows outgrow the second cache.
pub(super) const UP_TO: usize = 32;

/// Solves up to `LANES` checked rows at these positions of the call; returns a bit for every one whose answer is not
/// finite.
pub(super) struct Lanes<'a, 'o, F> {
    pub(super) fixed: View<'a>,
    pub(super) beliefs: &'a Beliefs<'a>,
    pub(super) positions: &'a [usize],
    pub(super) row: &'a F,
    pub(super) workspace: &'a mut UncertainWorkspace,
    pub(super) out: &'a mut Posterior<'o>,
}

/// One number per row.
type PerLane = [f32; MAX_LANES];

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Evidence<'r, I>> Job for Lanes<'_, '_, F> {
    type Out = u32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> u32 {
        let Self { fixed, beliefs, positions, row, workspace, out } = self;
        let dim = fixed.dim;
        let (rows, padded) = (dim + 1, dim.next_multiple_of(S::LANES));
        let UncertainWorkspace { panel, targets, matrix, saved, upper, inverse, vectors, batch, .. } =
            workspace;
        let buffers = [targets, matrix, batch, panel];
        let mut by_row = ByRow::new(s, fixed, positions.iter().map(|&r| row(r)), buffers);
        for (lane, &r) in positions.iter().enumerate() {
            by_row.gather(s, fixed, beliefs, &row(r), lane);
        }
        let vectors = vectors.get(6 * padded * S::LANES);
        let [first, second, variance, mean, reciprocal, x] = cut(vectors, padded * S::LANES);
        let ByRow { sums, variances, targets, roots, starts, constants, covariates, .. } = by_row;
        let saved = saved.get(padded * rows * S::LANES);
        turn_triangle(s, sums, dim, saved);
        turn(s, variances, padded, variance);
        for k in 0..dim {
            let m = s.fma(s.splat(beliefs.slope[k]), s.load(&covariates), s.splat(beliefs.mean[k]));
            s.store(m, &mut mean[k * S::LANES..]);
        }
        let m = upper.get(padded * rows * S::LANES);
        let pivots = inverse.get(padded * S::LANES);
        let mut passes = Passes { dim, beliefs, saved, variance, mean, m, pivots, reciprocal, x };
        let (mut omegas, mut errors) = ([1.0f32; MAX_LANES], [0.0f64; MAX_LANES]);
        let mut inverse_tau = omegas;
        for _ in 0..2 {
            inverse_tau = omegas.map(|omega| 1.0 / (beliefs.tau * omega));
            let (explained, certain) = passes.run(s, s.load(&inverse_tau));
            for (lane, &r) in positions.iter().enumerate() {
                let spread = (dim as f64 - f64::from(certain[lane])) * f64::from(inverse_tau[lane]);
                let error = f64::from(constants[lane]) - f64::from(explained[lane]) + spread;
                errors[lane] = error.max(0.0);
                omegas[lane] = beliefs.weight(row(r).indices.len(), errors[lane]);
            }
        }
        x[dim * S::LANES..].fill(0.0);
        for v in reciprocal[..dim * S::LANES].chunks_exact_mut(S::LANES) {
            s.store(s.mul(s.load(v), s.load(&inverse_tau)), v);
        }
        turn_back(s, x, padded, first);
        turn_back(s, reciprocal, padded, second);
        let mut bad = 0;
        for (lane, &r) in positions.iter().enumerate() {
            let answer = out.row(r, dim);
            let x = &first[lane * padded..][..padded];
            answer.mean.copy_from_slice(&x[..dim]);
            answer.variance.copy_from_slice(&second[lane * padded..][..dim]);
            (*answer.weight, *answer.error) = (omegas[lane], errors[lane]);
            let finite = answer.mean.iter().all(|x| x.is_finite()) && answer.weight.is_finite();
            bad |= u32::from(!finite) << lane;
            if let Some(residual) = answer.residual {
                let (indices, start) = (row(r).indices, starts[lane]);
                let (targets, roots) = (&targets[start..], &roots[start..]);
                *residual = s.vectorize(Squares { fixed, indices, targets, roots, x });
            }
        }
        bad
    }
}

/// The sums of each row, one after the other.
struct ByRow<'a> {
    /// S in the lower triangle and g under it, for each row.
    sums: &'a mut [f32],
    /// V of each row, its entry for the offset zero.
    variances: &'a mut [f32],
    targets: &'a mut [f32],
    roots: &'a mut [f32],
    panel: &'a mut Buffer,
    /// Where the targets of each row start.
    starts: [usize; MAX_LANES],
    /// `sum_j w_j ((t_j - b_j)^2 + v_j[offset])`
    constants: PerLane,
    covariates: PerLane,
}

impl<'a> ByRow<'a> {
    #[inline(always)]
    fn new<'r, S: Simd, I: 'r>(
        _: S,
        fixed: View<'_>,
        rows: impl Iterator<Item = Evidence<'r, I>>,
        [targets, matrix, batch, panel]: [&'a mut Buffer; 4],
    ) -> Self {
        let padded = fixed.dim.next_multiple_of(S::LANES);
        let (mut starts, mut covariates, mut events) = ([0; MAX_LANES], [0.0; MAX_LANES], 0);
        for (lane, evidence) in rows.enumerate() {
            (starts[lane], covariates[lane]) = (events, evidence.covariate);
            events += evidence.indices.len().next_multiple_of(S::LANES);
        }
        let (targets, roots) = targets.get(2 * events).split_at_mut(events);
        let sums = matrix.get(S::LANES * (fixed.dim + 1) * padded);
        let variances = batch.get(S::LANES * padded);
        sums.fill(0.0);
        variances.fill(0.0);
        Self { sums, variances, targets, roots, panel, starts, constants: [0.0; MAX_LANES], covariates }
    }

    #[inline(always)]
    fn gather<S: Simd, I: Copy + Into<usize>>(
        &mut self,
        s: S,
        fixed: View<'_>,
        beliefs: &Beliefs<'_>,
        evidence: &Evidence<'_, I>,
        lane: usize,
    ) {
        let (dim, padded) = (fixed.dim, fixed.dim.next_multiple_of(S::LANES));
        let size = (dim + 1) * padded;
        let at = self.starts[lane]..self.starts[lane] + evidence.indices.len();
        let variance = &mut self.variances[lane * padded..][..padded];
        let (c, targets) = (&mut self.sums[lane * size..][..size], &mut self.targets[at.clone()]);
        let mut sums = Sums { c, c_stride: padded, variance, targets, roots: &mut self.roots[at] };
        sums.add(s, fixed, beliefs, evidence, self.panel);
        let Sums { variance, targets, .. } = sums;
        self.constants[lane] = dot_in(s, targets, targets) + std::mem::take(&mut variance[dim - 1]);
    }
}

/// Everything as vectors over rows.
struct Passes<'a> {
    dim: usize,
    beliefs: &'a Beliefs<'a>,
    /// S and g by columns, as [`Interleaved`] has them.
    saved: &'a [f32],
    variance: &'a [f32],
    mean: &'a [f32],
    /// The matrix A, and the pivots of its factor.
    m: &'a mut [f32],
    pivots: &'a mut [f32],
    /// 1 / A_kk
    reciprocal: &'a mut [f32],
    /// The solution.
    x: &'a mut [f32],
}

impl Passes<'_> {
    /// Solves with the noise of each row; returns `x.(g + Q (x - m))` and `sum_k Q_k / A_kk` of each.
    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S, inverse_tau: S::V) -> (PerLane, PerLane) {
        let (dim, rows) = (self.dim, self.dim + 1);
        let prior = |k: usize| s.mul(s.splat(self.beliefs.precision[k]), inverse_tau);
        for k in 0..dim {
            let lower = (k * rows + k) * S::LANES..(k + 1) * rows * S::LANES;
            self.m[lower.clone()].copy_from_slice(&self.saved[lower.clone()]);
            let diagonal = s.add(s.load(&self.variance[k * S::LANES..]), prior(k));
            let diagonal = s.fma(s.load(&self.saved[lower.start..]), s.splat(ROUNDING), diagonal);
            s.store(diagonal, &mut self.m[lower.start..]);
            let root = s.recip_sqrt(diagonal);
            s.store(s.mul(root, root), &mut self.reciprocal[k * S::LANES..]);
            let side = (k * rows + dim) * S::LANES;
            let pulled = s.fma(prior(k), s.load(&self.mean[k * S::LANES..]), s.load(&self.saved[side..]));
            s.store(pulled, &mut self.m[side..]);
        }
        let mut system = Interleaved { m: self.m, rows, order: dim, pivots: self.pivots };
        system.factor(s);
        for (k, x) in self.x.chunks_exact_mut(S::LANES).enumerate().take(dim) {
            s.store(s.load(&system.m[(k * rows + dim) * S::LANES..]), x);
        }
        system.back_substitute(s, &mut self.x[..dim * S::LANES]);
        let (mut explained, mut certain) = (s.zero(), s.zero());
        for k in 0..dim {
            let at = k * S::LANES;
            let x = s.load(&self.x[at..]);
            let from_mean = s.fnma(s.load(&self.mean[at..]), s.splat(1.0), x);
            let side = s.load(&self.saved[(k * rows + dim) * S::LANES..]);
            explained = s.fma(x, s.fma(prior(k), from_mean, side), explained);
            certain = s.fma(prior(k), s.load(&self.reciprocal[at..]), certain);
        }
        let mut both = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        s.store(explained, &mut both.0);
        s.store(certain, &mut both.1);
        both
    }
}

/// From a triangle and a row under it per row to a vector over rows per entry, by columns. What lies above the
/// diagonal is never read.
#[inline(always)]
fn turn_triangle<S: Simd>(s: S, sums: &[f32], dim: usize, out: &mut [f32]) {
    let (rows, padded) = (dim + 1, dim.next_multiple_of(S::LANES));
    for i in 0..rows {
        for k in (0..=i.min(dim - 1)).step_by(S::LANES) {
            let place = |lane: usize| &sums[(lane * rows + i) * padded + k..];
            s.transpose(place, |_, v| v, &mut out[(k * rows + i) * S::LANES..], rows * S::LANES);
        }
    }
}

/// From `padded` floats per row to a vector over rows per coordinate.
#[inline(always)]
fn turn<S: Simd>(s: S, rows: &[f32], padded: usize, out: &mut [f32]) {
    for k in (0..padded).step_by(S::LANES) {
        s.transpose(|lane| &rows[lane * padded + k..], |_, v| v, &mut out[k * S::LANES..], S::LANES);
    }
}

/// The way back.
#[inline(always)]
fn turn_back<S: Simd>(s: S, vectors: &[f32], padded: usize, out: &mut [f32]) {
    for k in (0..padded).step_by(S::LANES) {
        s.transpose(|c| &vectors[(k + c) * S::LANES..], |_, v| v, &mut out[k..], padded);
    }
}
