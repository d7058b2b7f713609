//! One row, vectorised inside its own matrices.

use super::gather::{Ahead, Rows, combine};
use super::{Precision, Row, Workspace};
use crate::kernel::buffer::{Buffer, stride_for};
use crate::kernel::cholesky::{Below, Cholesky};
use crate::kernel::gathered::{Gathered, chunk_of, gathered_update};
use crate::kernel::simd::{Job, MAX_LANES, Simd};
use crate::kernel::tile::{Update, rank_update};
use crate::kernel::vector::dot_in;

/// One checked row and where its answer goes.
pub(super) struct Task<'a, 'r, I> {
    pub(super) fixed: Rows<'a>,
    pub(super) row: Row<'r, I>,
    pub(super) workspace: &'a mut Workspace,
    /// What comes after this row, to be fetched meanwhile.
    pub(super) next: &'r [I],
    pub(super) out: &'a mut [f32],
    pub(super) variance: Option<&'a mut [f32]>,
}

/// Solves through the D x D matrix; returns the minimum if the answer is finite.
pub(super) struct Primal<'a, 'r, I>(pub(super) Task<'a, 'r, I>);

/// Solves through the n x n matrix; returns the minimum if the answer is finite.
pub(super) struct Dual<'a, 'r, I>(pub(super) Task<'a, 'r, I>);

impl Precision<'_> {
    #[inline(always)]
    pub(super) fn at(&self, k: usize) -> f32 {
        self.scale * self.base[k] + self.shift
    }
}

/// Whether no number is NaN or infinite. No early exit: the loop becomes vectors.
#[inline(always)]
pub(super) fn finite(x: &[f32]) -> bool {
    x.iter().fold(true, |all, x| all & x.is_finite())
}

/// `out[k] = 1 / sqrt(P_k)`, then zeros; `out` is a whole number of vectors.
#[inline(always)]
pub(super) fn root_scales<S: Simd>(s: S, precision: Precision<'_>, out: &mut [S::Array]) {
    let (scale, shift) = (s.splat(precision.scale), s.splat(precision.shift));
    let base = S::vectors(precision.base);
    let rest = &precision.base[base.len() * S::LANES..];
    for (base, out) in base.iter().zip(out.iter_mut()) {
        s.store(s.recip_sqrt(s.fma(scale, s.load(base.as_ref()), shift)), out.as_mut());
    }
    if let Some(last) = out.get_mut(base.len()) {
        let v = s.recip_sqrt(s.fma(scale, s.load_part(rest), shift));
        s.store(s.head(v, rest.len()), last.as_mut());
    }
}

/// Zeros the triangle and puts the prior precision (or what stands for it) on the diagonal.
#[inline(always)]
fn clear(lanes: usize, c: &mut [f32], stride: usize, order: usize, diagonal: impl Fn(usize) -> f32) {
    for (i, row) in c.chunks_exact_mut(stride).take(order).enumerate() {
        row[..(i + 1).next_multiple_of(lanes)].fill(0.0);
        row[i] = diagonal(i);
    }
}

impl<I: Copy + Into<usize>> Job for Primal<'_, '_, I> {
    type Out = Option<f32>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Option<f32> {
        let Task { fixed, row, workspace, next, out, variance } = self.0;
        let dim = fixed.width();
        let padded = dim.next_multiple_of(S::LANES);
        let extra = if variance.is_some() { dim } else { 0 };
        let c_stride = stride_for(dim + 1);
        let u_stride = stride_for(dim + 1 + extra + MAX_LANES);
        let c = workspace.matrix.get((dim + 1 + extra) * c_stride);
        let (panel, starts) = (&mut workspace.panel, &mut workspace.starts);
        normal_equations(s, fixed, &row, next, Equations { c: &mut *c, c_stride, panel, starts });
        for (k, unit) in c[(dim + 1) * c_stride..].chunks_exact_mut(c_stride).enumerate() {
            unit.fill(0.0);
            unit[k] = 1.0;
        }
        let mut system = Cholesky {
            c,
            c_stride,
            u: workspace.upper.get(padded * u_stride),
            u_stride,
            inverse: workspace.inverse.get(padded * S::LANES),
            order: dim,
        };
        let below = Below { full: 1, identity: variance.is_some() };
        system.factor(s, below);
        let z = workspace.solution.get(padded);
        z.copy_from_slice(&system.c[dim * c_stride..][..padded]);
        let minimum = row.at_zero() - dot_in(s, z, z);
        system.back_substitute(s, z);
        out.copy_from_slice(&z[..dim]);
        if let Some(variance) = variance {
            let units = system.c[(dim + 1) * c_stride..].chunks_exact(c_stride);
            for ((k, unit), v) in units.enumerate().zip(variance) {
                let from = k / S::LANES * S::LANES;
                *v = dot_in(s, &unit[from..dim], &unit[from..dim]);
            }
        }
        finite(out).then_some(minimum)
    }
}

/// Where the normal equations of a row go, and the scratch for them.
pub(super) struct Equations<'a> {
    /// Row-major: the triangle, and the right-hand side under it. Whole vectors of columns.
    pub(super) c: &'a mut [f32],
    /// Floats from one row of `c` to the next.
    pub(super) c_stride: usize,
    pub(super) panel: &'a mut Buffer,
    pub(super) starts: &'a mut Vec<usize>,
}

/// P + Y'WY and P m + Y'W t; meanwhile fetches what `next` touches.
#[inline(always)]
pub(super) fn normal_equations<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: Rows<'_>,
    row: &Row<'_, I>,
    next: &[I],
    Equations { c, c_stride, panel, starts }: Equations<'_>,
) {
    let dim = fixed.width();
    clear(S::LANES, c, c_stride, dim, |k| row.precision.at(k));
    let side = &mut c[dim * c_stride..][..dim.next_multiple_of(S::LANES)];
    side.fill(0.0);
    if let Some(mean) = row.mean {
        for (k, (b, m)) in side.iter_mut().zip(mean).enumerate() {
            *b = row.precision.at(k) * m;
        }
    }
    let chunk = chunk_of(row.indices.len(), dim);
    let pairs = dim.div_ceil(2 * S::LANES);
    let tiles = pairs * (2 + (pairs - 1) * S::LANES / S::ROWS_BY_2);
    starts.clear();
    starts.extend(row.indices.iter().map(|&i| fixed.start(i.into())));
    for first in (0..row.indices.len()).step_by(chunk) {
        let end = row.indices.len().min(first + chunk);
        let starts = &starts[first..end];
        let weights = row.weights.map(|w| &w[first..end]);
        let after = row.indices.get(end..).filter(|after| !after.is_empty()).unwrap_or(next);
        let after = &after[..after.len().min(chunk)];
        let after = after.iter().map(|&i| fixed.start(i.into()));
        let mut ahead = Ahead::new(fixed, after, tiles);
        let from = Gathered { rows: fixed, starts, targets: &row.targets[first..end] };
        gathered_update(s, from, weights, panel, (&mut *c, c_stride), || ahead.step(s));
    }
}

impl<I: Copy + Into<usize>> Job for Dual<'_, '_, I> {
    type Out = Option<f32>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Option<f32> {
        let Task { fixed, row, workspace, next: _, out, variance } = self.0;
        let dim = fixed.width();
        let n = row.indices.len();
        let padded = n.next_multiple_of(S::LANES);
        let extra = if variance.is_some() { dim } else { 0 };
        let c_stride = stride_for(n + 1);
        let u_stride = stride_for(n + 1 + extra + MAX_LANES);
        let scales = workspace.scales.get(dim.next_multiple_of(S::LANES));
        root_scales(s, row.precision, S::vectors_mut(scales));
        let panel_stride = stride_for(padded);
        let panel = workspace.panel.get(dim.next_multiple_of(S::LANES) * panel_stride);
        transpose_events(s, fixed, row.indices, scales, panel, panel_stride);
        let c = workspace.matrix.get((n + 1 + extra) * c_stride);
        clear(S::LANES, c, c_stride, n, |j| row.weights.map_or(1.0, |w| 1.0 / w[j]));
        let update = Update { alpha: 1.0, panel: &panel[..dim * panel_stride], panel_stride, c, c_stride };
        rank_update(s, update, 0, n, n, || ());
        let side = &mut c[n * c_stride..][..padded];
        side.fill(0.0);
        for (j, b) in side[..n].iter_mut().enumerate() {
            *b = residual(s, fixed, &row, j);
        }
        let rows = c[(n + 1) * c_stride..].chunks_exact_mut(c_stride);
        for (to, from) in rows.zip(panel.chunks_exact(panel_stride)) {
            to[..padded].copy_from_slice(&from[..padded]);
        }
        let mut system = Cholesky {
            c,
            c_stride,
            u: workspace.upper.get(padded * u_stride),
            u_stride,
            inverse: workspace.inverse.get(padded * S::LANES),
            order: n,
        };
        let below = Below { full: 1 + extra, identity: false };
        system.factor(s, below);
        let z = workspace.solution.get(padded);
        z.copy_from_slice(&system.c[n * c_stride..][..padded]);
        let minimum = dot_in(s, z, z);
        system.back_substitute(s, z);
        let terms = row.indices.iter().map(|&i| fixed.start(i.into()));
        combine(s, fixed, terms.zip(z.iter().copied()), out);
        for (k, x) in out.iter_mut().enumerate() {
            *x = *x * (scales[k] * scales[k]) + row.mean.map_or(0.0, |m| m[k]);
        }
        if let Some(variance) = variance {
            let explained = system.c[(n + 1) * c_stride..].chunks_exact(c_stride);
            for ((v, scale), e) in variance.iter_mut().zip(&*scales).zip(explained) {
                // The posterior cannot be more certain than the rounding of what is subtracted.
                let left = (1.0 - dot_in(s, &e[..n], &e[..n])).max(f32::EPSILON);
                *v = left * (scale * scale);
            }
        }
        finite(out).then_some(minimum)
    }
}

/// t_j - y_j . m
#[inline(always)]
pub(super) fn residual<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: Rows<'_>,
    row: &Row<'_, I>,
    j: usize,
) -> f32 {
    // No closure: it would not be inlined everywhere.
    let Some(mean) = row.mean else { return row.targets[j] };
    row.targets[j] - dot_in(s, fixed.at(fixed.start(row.indices[j].into())), mean)
}

/// Packs the gathered rows by coordinates: `panel[k][j] = scales[k] * y_j[k]`, zeros in the lanes left over.
#[inline(always)]
fn transpose_events<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: Rows<'_>,
    indices: &[I],
    scales: &[f32],
    panel: &mut [f32],
    stride: usize,
) {
    let dim = fixed.width();
    let zeros = [0.0; MAX_LANES];
    let mut heads = [0.0; MAX_LANES * MAX_LANES];
    for first in (0..indices.len()).step_by(S::LANES) {
        let group = &indices[first..indices.len().min(first + S::LANES)];
        let mut starts = [0; MAX_LANES];
        for (start, &i) in starts.iter_mut().zip(group) {
            *start = fixed.start(i.into());
        }
        for k in (0..dim).step_by(S::LANES) {
            let out = &mut panel[k * stride + first..];
            let finish = |c: usize, v| s.mul(v, s.splat(scales[k + c]));
            if k + S::LANES <= dim {
                let row = |i: usize| {
                    if i < group.len() { fixed.from(starts[i], k) } else { &zeros }
                };
                s.transpose(row, finish, out, stride);
                continue;
            }
            heads.fill(0.0);
            for (head, &start) in heads.chunks_exact_mut(S::LANES).zip(&starts[..group.len()]) {
                head[..dim - k].copy_from_slice(&fixed.at(start)[k..]);
            }
            s.transpose(|i| &heads[i * S::LANES..], finish, out, stride);
        }
    }
}
