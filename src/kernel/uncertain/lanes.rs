//! Long rows of few coordinates, one per lane.
//!
//! The sums of a row are made alone, in registers; then a vector of rows is transposed, so that every entry of the
//! system is a vector over rows, and both passes advance all of them at once without a sum across lanes. No lane meets
//! another: a row has the same bits in any company, and absent rows are priors nobody reads.

use super::gather::{Squares, Sums};
use super::primal::ROUNDING;
use super::rows::View;
use super::{Beliefs, Evidence, Posterior, UncertainWorkspace, cut};
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

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Evidence<'r, I>> Job for Lanes<'_, '_, F> {
    type Out = u32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> u32 {
        let Self { fixed, beliefs, positions, row, workspace, out } = self;
        let dim = fixed.dim;
        let padded = dim.next_multiple_of(S::LANES);
        let rows = dim + 1;
        let size = rows * padded;
        let c = workspace.matrix.get(S::LANES * size);
        c.fill(0.0);
        let vectors = workspace.vectors.get(6 * padded * S::LANES);
        let [by_row, more_by_row, variance, mean, reciprocal, x] = cut(vectors, padded * S::LANES);
        by_row.fill(0.0);
        let whole = |r: usize| row(r).indices.len().next_multiple_of(S::LANES);
        let events: usize = positions.iter().map(|&r| whole(r)).sum();
        let (targets, roots) = workspace.targets.get(2 * events).split_at_mut(events);
        let (mut constants, mut covariates, mut start) = ([0.0f32; MAX_LANES], [0.0f32; MAX_LANES], 0);
        for (lane, &r) in positions.iter().enumerate() {
            let evidence = row(r);
            let at = start..start + evidence.indices.len();
            let mut sums = Sums {
                c: &mut c[lane * size..][..size],
                c_stride: padded,
                variance: &mut by_row[lane * padded..][..padded],
                targets: &mut targets[at.clone()],
                roots: &mut roots[at.clone()],
            };
            sums.add(s, fixed, beliefs, &evidence, &mut workspace.panel);
            let offset_variance = std::mem::take(&mut by_row[lane * padded + dim - 1]);
            constants[lane] = dot_in(s, &targets[at.clone()], &targets[at]) + offset_variance;
            covariates[lane] = evidence.covariate;
            start += whole(r);
        }
        // Columns of one vector per entry; what lies above the diagonal is never read.
        let saved = workspace.saved.get(padded * rows * S::LANES);
        for i in 0..rows {
            for k in (0..=i.min(dim - 1)).step_by(S::LANES) {
                let at = i * padded + k;
                s.transpose(
                    |lane| &c[lane * size + at..],
                    |_, v| v,
                    &mut saved[(k * rows + i) * S::LANES..],
                    rows * S::LANES,
                );
            }
        }
        turn(s, by_row, padded, variance);
        let covariates = s.load(&covariates);
        for k in 0..dim {
            let m = s.fma(s.splat(beliefs.slope[k]), covariates, s.splat(beliefs.mean[k]));
            s.store(m, &mut mean[k * S::LANES..]);
        }
        let m = workspace.upper.get(padded * rows * S::LANES);
        let pivots = workspace.inverse.get(padded * S::LANES);
        let mut omegas = [1.0f32; MAX_LANES];
        let mut errors = [0.0f64; MAX_LANES];
        let mut inverse_tau = s.zero();
        for _ in 0..2 {
            inverse_tau = s.load(&omegas.map(|omega| 1.0 / (beliefs.tau * omega)));
            for k in 0..dim {
                let lower = (k * rows + k) * S::LANES..(k + 1) * rows * S::LANES;
                m[lower.clone()].copy_from_slice(&saved[lower.clone()]);
                let prior = s.mul(s.splat(beliefs.precision[k]), inverse_tau);
                let diagonal = s.add(s.load(&variance[k * S::LANES..]), prior);
                let diagonal = s.fma(s.load(&saved[lower.start..]), s.splat(ROUNDING), diagonal);
                s.store(diagonal, &mut m[lower.start..]);
                let root = s.recip_sqrt(diagonal);
                s.store(s.mul(root, root), &mut reciprocal[k * S::LANES..]);
                let side = (k * rows + dim) * S::LANES;
                let pulled = s.fma(prior, s.load(&mean[k * S::LANES..]), s.load(&saved[side..]));
                s.store(pulled, &mut m[side..]);
            }
            let mut system = Interleaved { m, rows, order: dim, pivots };
            system.factor(s);
            for (k, x) in x.chunks_exact_mut(S::LANES).enumerate().take(dim) {
                s.store(s.load(&system.m[(k * rows + dim) * S::LANES..]), x);
            }
            system.back_substitute(s, &mut x[..dim * S::LANES]);
            let (mut explained, mut certain) = (s.zero(), s.zero());
            for k in 0..dim {
                let at = k * S::LANES;
                let prior = s.mul(s.splat(beliefs.precision[k]), inverse_tau);
                let x = s.load(&x[at..]);
                let from_mean = s.fnma(s.load(&mean[at..]), s.splat(1.0), x);
                let side = s.load(&saved[(k * rows + dim) * S::LANES..]);
                explained = s.fma(x, s.fma(prior, from_mean, side), explained);
                certain = s.fma(prior, s.load(&reciprocal[at..]), certain);
            }
            let (mut by_lane, mut certain_by_lane) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
            s.store(explained, &mut by_lane);
            s.store(certain, &mut certain_by_lane);
            for (lane, &r) in positions.iter().enumerate() {
                let tau = f64::from(beliefs.tau) * f64::from(omegas[lane]);
                let spread = (dim as f64 - f64::from(certain_by_lane[lane])) / tau;
                let error = f64::from(constants[lane]) - f64::from(by_lane[lane]) + spread;
                errors[lane] = error.max(0.0);
                omegas[lane] = beliefs.weight(row(r).indices.len(), errors[lane]);
            }
        }
        for (k, v) in reciprocal.chunks_exact_mut(S::LANES).enumerate() {
            let inside = if k < dim { inverse_tau } else { s.zero() };
            s.store(s.mul(s.load(v), inside), v);
        }
        x[dim * S::LANES..].fill(0.0);
        turn_back(s, x, padded, by_row);
        turn_back(s, reciprocal, padded, more_by_row);
        let (mut bad, mut start) = (0, 0);
        for (lane, &r) in positions.iter().enumerate() {
            let answer = out.row(r, dim);
            let x = &by_row[lane * padded..][..padded];
            answer.mean.copy_from_slice(&x[..dim]);
            answer.variance.copy_from_slice(&more_by_row[lane * padded..][..dim]);
            (*answer.weight, *answer.error) = (omegas[lane], errors[lane]);
            let finite = answer.mean.iter().all(|x| x.is_finite()) && answer.weight.is_finite();
            bad |= u32::from(!finite) << lane;
            if let Some(residual) = answer.residual {
                let indices = row(r).indices;
                let (targets, roots) = (&targets[start..], &roots[start..]);
                *residual = s.vectorize(Squares { fixed, indices, targets, roots, x });
            }
            start += whole(r);
        }
        bad
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
