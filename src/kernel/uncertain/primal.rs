//! One long row, through the matrix of its coordinates.

use super::{Answer, Beliefs, Evidence, UncertainRows, UncertainWorkspace};
use crate::kernel::buffer::stride_for;
use crate::kernel::cholesky::{Below, Cholesky};
use crate::kernel::simd::{Job, MAX_LANES, Simd};
use crate::kernel::tile::{Update, rank_update};
use crate::kernel::vector::dot_in;

/// Bytes of packed events between two passes over the triangle: they stay in a first cache of 32 KiB.
const PANEL_BYTES: usize = 24 * 1024;

/// Events between the one that is packed and the one that is asked for.
const AHEAD: usize = 8;

/// What is added to the diagonal for rounding: a few units in the last place of single precision, so that
/// collinear fixed rows without noise leave the matrix positive definite.
const ROUNDING: f32 = 1.0 + 16.0 * f32::EPSILON;

/// Solves one checked row; returns whether the answer is finite.
pub(super) struct Primal<'a, 'r, I> {
    pub(super) fixed: &'a UncertainRows,
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
        let dim = fixed.dim();
        let padded = dim.next_multiple_of(S::LANES);
        let n = evidence.indices.len();
        let targets = workspace.targets.get(n.next_multiple_of(S::LANES));
        let c_stride = stride_for(dim + 1);
        let c = workspace.matrix.get((dim + 1) * c_stride);
        for row in c.chunks_exact_mut(c_stride) {
            row[..padded].fill(0.0);
        }
        let vectors = workspace.vectors.get(7 * padded);
        vectors.fill(0.0);
        let [mean, variance, g, diagonal, prior, recip, x] = cut(vectors, padded);
        add_events(s, fixed, beliefs, &evidence, &mut workspace.panel, targets, c, c_stride, variance);
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
            *residual = squares(s, fixed, evidence.indices, targets, x);
        }
        answer.mean.iter().all(|x| x.is_finite()) && answer.error.is_finite()
    }
}

impl Beliefs<'_> {
    /// omega of a row of `n` events whose expected squared error is `error`.
    pub(super) fn weight(&self, n: usize, error: f64) -> f32 {
        if self.steadiness == f32::INFINITY {
            return 1.0;
        }
        let h = f64::from(self.steadiness);
        ((h + n as f64) / (h + f64::from(self.tau) * error)) as f32
    }

    /// sqrt(w) times the target of an event at the fixed row `i`.
    #[inline(always)]
    pub(super) fn target(&self, fixed: &UncertainRows, i: usize, value: f32) -> f32 {
        let root = fixed.at(i)[fixed.dim() - 1];
        root * ((value - self.center) * self.scale - fixed.offset(i))
    }
}

fn cut<const N: usize>(mut all: &mut [f32], len: usize) -> [&mut [f32]; N] {
    std::array::from_fn(|_| {
        let (head, rest) = std::mem::take(&mut all).split_at_mut(len);
        all = rest;
        head
    })
}

/// Adds S to the triangle, g to the row under it and V to `variance`, and writes the targets. A packed event has
/// its target in the place after the last coordinate.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add_events<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: &UncertainRows,
    beliefs: &Beliefs<'_>,
    evidence: &Evidence<'_, I>,
    panel: &mut crate::kernel::buffer::Buffer,
    targets: &mut [f32],
    c: &mut [f32],
    c_stride: usize,
    variance: &mut [f32],
) {
    let dim = fixed.dim();
    let padded = dim.next_multiple_of(S::LANES);
    let stride = stride_for(dim + 1);
    let chunk = (PANEL_BYTES / 4 / stride).max(32);
    let panel = panel.get(chunk * stride);
    for first in (0..evidence.indices.len()).step_by(chunk) {
        let last = evidence.indices.len().min(first + chunk);
        for (j, to) in (first..last).zip(panel.chunks_exact_mut(stride)) {
            if let Some(&next) = evidence.indices.get(j + AHEAD) {
                for line in fixed.at(next.into()).chunks_exact(MAX_LANES) {
                    s.prefetch(line);
                }
            }
            let i = evidence.indices[j].into();
            let (y, v) = fixed.at(i).split_at(fixed.half());
            for k in (0..padded).step_by(S::LANES) {
                s.store(s.load(&y[k..]), &mut to[k..]);
                s.store(s.add(s.load(&variance[k..]), s.load(&v[k..])), &mut variance[k..]);
            }
            targets[j] = beliefs.target(fixed, i, evidence.values[j]);
            to[dim] = targets[j];
            to[dim + 1..].fill(0.0);
        }
        let panel = &panel[..(last - first) * stride];
        let update = Update { alpha: 1.0, panel, panel_stride: stride, c, c_stride };
        rank_update(s, update, 0, dim, dim + 1, || ());
    }
}

/// The plain sum of squared residuals; `x` is padded with zeros.
#[inline(always)]
pub(super) fn squares<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: &UncertainRows,
    indices: &[I],
    targets: &[f32],
    x: &[f32],
) -> f64 {
    let mut sum = 0.0;
    for (&i, target) in indices.iter().zip(targets) {
        let y = fixed.at(i.into());
        let residual = (target - dot_in(s, &y[..x.len()], x)) / y[fixed.dim() - 1];
        sum += f64::from(residual * residual);
    }
    sum
}
