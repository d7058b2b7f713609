//! One long row, through the matrix of its coordinates.

use super::gather::{Squares, Sums};
use super::rows::View;
use super::{Answer, Beliefs, Evidence, UncertainWorkspace, cut};
use crate::kernel::buffer::stride_for;
use crate::kernel::cholesky::{Below, Cholesky};
use crate::kernel::simd::{Job, MAX_LANES, Simd};
use crate::kernel::vector::dot_in;

/// What is added to the diagonal for rounding: a few units in the last place of single precision, so that
/// collinear fixed rows without noise leave the matrix positive definite.
pub(super) const ROUNDING: f32 = 1.0 + 16.0 * f32::EPSILON;

/// Solves one checked row; returns whether the answer is finite.
pub(super) struct Primal<'a, 'r, I> {
    pub(super) fixed: View<'a>,
    pub(super) beliefs: &'a Beliefs<'a>,
    pub(super) evidence: Evidence<'r, I>,
    pub(super) workspace: &'a mut UncertainWorkspace,
    pub(super) answer: Answer<'a>,
}

impl<I: Copy + Into<usize>> Job for Primal<'_, '_, I> {
    type Out = bool;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> bool {
        let Self { fixed, beliefs, evidence, workspace, answer } = self;
        let dim = fixed.dim;
        let padded = dim.next_multiple_of(S::LANES);
        let n = evidence.indices.len();
        let events = n.next_multiple_of(S::LANES);
        let (targets, roots) = workspace.targets.get(2 * events).split_at_mut(events);
        let c_stride = stride_for(dim + 1);
        let c = workspace.matrix.get((dim + 1) * c_stride);
        for row in c.chunks_exact_mut(c_stride) {
            row[..padded].fill(0.0);
        }
        let vectors = workspace.vectors.get(7 * padded);
        vectors.fill(0.0);
        let [mean, variance, g, diagonal, prior, recip, x] = cut(vectors, padded);
        let mut sums = Sums { c, c_stride, variance, targets, roots };
        sums.add(s, fixed, beliefs, &evidence, &mut workspace.panel);
        let offset_variance = std::mem::take(&mut variance[dim - 1]);
        for (k, m) in mean.iter_mut().enumerate().take(dim) {
            *m = beliefs.mean[k] + beliefs.slope[k] * evidence.covariate;
        }
        g.copy_from_slice(&c[dim * c_stride..][..padded]);
        for (k, d) in diagonal.iter_mut().enumerate().take(dim) {
            *d = c[k * c_stride + k] * ROUNDING + variance[k];
        }
        let saved = workspace.saved.get(dim * c_stride);
        saved.copy_from_slice(&c[..dim * c_stride]);
        let u_stride = stride_for(dim + 1 + MAX_LANES);
        let constant = dot_in(s, &targets[..n], &targets[..n]) + offset_variance;
        let mut omega = 1.0;
        for pass in 0..2 {
            if pass > 0 {
                c[..dim * c_stride].copy_from_slice(saved);
            }
            let tau = beliefs.tau * omega;
            let side = &mut c[dim * c_stride..][..padded];
            for k in 0..dim {
                prior[k] = beliefs.precision[k] / tau;
                side[k] = g[k] + prior[k] * mean[k];
                recip[k] = diagonal[k] + prior[k];
            }
            for k in 0..dim {
                c[k * c_stride + k] = recip[k];
                recip[k] = 1.0 / recip[k];
            }
            let mut system = Cholesky {
                c,
                c_stride,
                u: workspace.upper.get(padded * u_stride),
                u_stride,
                inverse: workspace.inverse.get(padded * S::LANES),
                order: dim,
            };
            system.factor(s, Below { full: 1, identity: false });
            x.copy_from_slice(&system.c[dim * c_stride..][..padded]);
            system.back_substitute(s, x);
            let mut explained = s.zero();
            let mut spread = s.zero();
            for k in (0..padded).step_by(S::LANES) {
                let (x, prior) = (s.load(&x[k..]), s.load(&prior[k..]));
                let from_mean = s.fnma(s.load(&mean[k..]), s.splat(1.0), x);
                explained = s.fma(x, s.fma(prior, from_mean, s.load(&g[k..])), explained);
                spread = s.fma(prior, s.load(&recip[k..]), spread);
            }
            let spread = (dim as f64 - f64::from(s.sum(spread))) / f64::from(tau);
            let error = f64::from(constant) - f64::from(s.sum(explained)) + spread;
            *answer.error = error.max(0.0);
            omega = beliefs.weight(n, *answer.error);
            for (v, recip) in answer.variance.iter_mut().zip(&*recip) {
                *v = recip / tau;
            }
        }
        *answer.weight = omega;
        answer.mean.copy_from_slice(&x[..dim]);
        if let Some(residual) = answer.residual {
            let indices = evidence.indices;
            *residual = s.vectorize(Squares { fixed, indices, targets, roots, x });
        }
        answer.mean.iter().all(|x| x.is_finite()) && answer.error.is_finite()
    }
}
