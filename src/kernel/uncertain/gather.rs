//! From a row's events to the sums its system needs: S, V, g and the targets.

use super::rows::View;
use super::{Beliefs, Evidence};
use crate::kernel::buffer::{Buffer, stride_for};
use crate::kernel::simd::{Job, MAX_LANES, Simd};
use crate::kernel::tile::{Update, rank_update};

/// Bytes of packed events between two passes over the triangle: they stay in a first cache of 32 KiB.
const PANEL_BYTES: usize = 24 * 1024;

/// Events between the one that is read and the one that is asked for.
const AHEAD: usize = 12;

/// Where the sums go.
pub(super) struct Sums<'a> {
    /// S in the lower triangle, g in the row under it; zero beforehand.
    pub(super) c: &'a mut [f32],
    /// Floats from one row of `c` to the next.
    pub(super) c_stride: usize,
    /// V, the entry of the offset included; zero beforehand.
    pub(super) variance: &'a mut [f32],
    /// sqrt(w) (t - b), one per event.
    pub(super) targets: &'a mut [f32],
    /// sqrt(w), one per event.
    pub(super) roots: &'a mut [f32],
}

impl Sums<'_> {
    /// Adds all events.
    #[inline(always)]
    pub(super) fn add<S: Simd, I: Copy + Into<usize>>(
        &mut self,
        s: S,
        fixed: View<'_>,
        beliefs: &Beliefs<'_>,
        evidence: &Evidence<'_, I>,
        panel: &mut Buffer,
    ) {
        let Evidence { indices, values, .. } = *evidence;
        let (center, scale) = (beliefs.center, beliefs.scale);
        let (targets, roots) = (&mut *self.targets, &mut *self.roots);
        if fixed.dim <= S::LANES {
            let (c, c_stride, variance) = (&mut *self.c, self.c_stride, &mut *self.variance);
            s.vectorize(OneVector {
                fixed,
                indices,
                values,
                center,
                scale,
                targets,
                roots,
                c,
                c_stride,
                variance,
            });
            return;
        }
        let stride = stride_for(fixed.dim + 1);
        let chunk = (PANEL_BYTES / 4 / stride).max(32);
        let panel = panel.get(chunk * stride);
        let outputs = targets.chunks_mut(chunk).zip(roots.chunks_mut(chunk));
        for ((indices, values), (targets, roots)) in
            indices.chunks(chunk).zip(values.chunks(chunk)).zip(outputs)
        {
            let panel = &mut panel[..indices.len() * stride];
            s.vectorize(Targets { fixed, indices, values, center, scale, targets, roots });
            let (variance, padded) = (&mut *self.variance, fixed.dim.next_multiple_of(S::LANES));
            let mut at = 0;
            while at < padded {
                let (panel, variance) = (&mut *panel, &mut *variance);
                at += match (padded - at) / S::LANES {
                    1 => s.vectorize(Pack::<I, 1> { fixed, indices, at, panel, stride, variance }),
                    2 | 3 => s.vectorize(Pack::<I, 2> { fixed, indices, at, panel, stride, variance }),
                    _ => s.vectorize(Pack::<I, 4> { fixed, indices, at, panel, stride, variance }),
                };
            }
            for (to, target) in panel.chunks_exact_mut(stride).zip(&*targets) {
                to[fixed.dim] = *target;
            }
            let (c, c_stride) = (&mut *self.c, self.c_stride);
            let update = Update { alpha: 1.0, panel, panel_stride: stride, c, c_stride };
            rank_update(s, update, 0, fixed.dim, fixed.dim + 1, || ());
        }
    }
}

/// Asks for the record of an event that comes soon.
#[inline(always)]
fn prefetch<S: Simd, I: Copy + Into<usize>>(s: S, fixed: View<'_>, indices: &[I], j: usize) {
    if let Some(&next) = indices.get(j + AHEAD) {
        let record = fixed.at(next.into());
        for line in 0..record.len() / MAX_LANES {
            s.prefetch(&record[line * MAX_LANES..]);
        }
    }
}

/// Everything at once, without packing, where a fixed row is one vector: the triangle fits in registers.
struct OneVector<'a, I> {
    fixed: View<'a>,
    indices: &'a [I],
    values: &'a [f32],
    center: f32,
    scale: f32,
    targets: &'a mut [f32],
    roots: &'a mut [f32],
    c: &'a mut [f32],
    c_stride: usize,
    variance: &'a mut [f32],
}

impl<I: Copy + Into<usize>> Job for OneVector<'_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { fixed, indices, values, center, scale, targets, roots, c, c_stride, variance } = self;
        let (dim, half) = (fixed.dim, fixed.half);
        let mut sums = [s.zero(); MAX_LANES];
        let (mut side, mut spread) = (s.zero(), s.zero());
        let outputs = targets.iter_mut().zip(roots);
        for (j, ((&i, &value), (target, root))) in indices.iter().zip(values).zip(outputs).enumerate() {
            prefetch(s, fixed, indices, j);
            let record = fixed.at(i.into());
            let y = s.load(record);
            spread = s.add(spread, s.load(&record[half..]));
            *root = record[dim - 1];
            *target = *root * ((value - center) * scale - fixed.offsets[i.into()]);
            side = s.fma(s.splat(*target), y, side);
            let record = &record[..S::LANES];
            for (sum, &x) in sums[..S::LANES].iter_mut().zip(record) {
                *sum = s.fma(s.splat(x), y, *sum);
            }
        }
        for (k, sum) in sums.into_iter().enumerate().take(dim) {
            s.store(sum, &mut c[k * c_stride..]);
        }
        s.store(side, &mut c[dim * c_stride..]);
        s.store(spread, variance);
    }
}

/// The targets of some events.
pub(super) struct Targets<'a, I> {
    pub(super) fixed: View<'a>,
    pub(super) indices: &'a [I],
    pub(super) values: &'a [f32],
    pub(super) center: f32,
    pub(super) scale: f32,
    pub(super) targets: &'a mut [f32],
    pub(super) roots: &'a mut [f32],
}

impl<I: Copy + Into<usize>> Job for Targets<'_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { fixed, indices, values, center, scale, targets, roots } = self;
        let outputs = targets.iter_mut().zip(roots);
        for (j, ((&i, &value), (target, root))) in indices.iter().zip(values).zip(outputs).enumerate() {
            prefetch(s, fixed, indices, j);
            *root = fixed.at(i.into())[fixed.dim - 1];
            *target = *root * ((value - center) * scale - fixed.offsets[i.into()]);
        }
    }
}

/// Some columns of some events on their way to the panel, and the sums of their variances.
struct Pack<'a, I, const V: usize> {
    fixed: View<'a>,
    indices: &'a [I],
    at: usize,
    panel: &'a mut [f32],
    stride: usize,
    variance: &'a mut [f32],
}

impl<I: Copy + Into<usize>, const V: usize> Job for Pack<'_, I, V> {
    type Out = usize;

    /// Packs `V` vectors of each event; returns how many columns that were.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> usize {
        let Self { fixed, indices, at, panel, stride, variance } = self;
        let width = V * S::LANES;
        let mut sums = [s.zero(); V];
        for (&i, to) in indices.iter().zip(panel.chunks_exact_mut(stride)) {
            let record = fixed.at(i.into());
            let (y, v, to) =
                (&record[at..at + width], &record[fixed.half + at..][..width], &mut to[at..at + width]);
            for (k, sum) in sums.iter_mut().enumerate() {
                s.store(s.load(&y[k * S::LANES..]), &mut to[k * S::LANES..]);
                *sum = s.add(*sum, s.load(&v[k * S::LANES..]));
            }
        }
        for (sum, to) in sums.into_iter().zip(variance[at..].chunks_exact_mut(S::LANES)) {
            s.store(s.add(s.load(to), sum), to);
        }
        width
    }
}

/// The plain sum of squared residuals of a row's events.
pub(super) struct Squares<'a, I> {
    pub(super) fixed: View<'a>,
    pub(super) indices: &'a [I],
    /// sqrt(w) (t - b) and sqrt(w), readable up to a whole vector of events.
    pub(super) targets: &'a [f32],
    pub(super) roots: &'a [f32],
    /// The row, padded with zeros to whole vectors.
    pub(super) x: &'a [f32],
}

impl<I: Copy + Into<usize>> Job for Squares<'_, I> {
    type Out = f64;

    /// A vector of events at a time: their products come out of a transposition side by side.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let Self { fixed, indices, targets, roots, x } = self;
        let mut flat = [0.0; MAX_LANES * MAX_LANES];
        let mut turned = [0.0; MAX_LANES * MAX_LANES];
        let mut total = 0.0;
        for (group, first) in indices.chunks(S::LANES).zip((0..).step_by(S::LANES)) {
            for (&i, product) in group.iter().zip(flat.chunks_exact_mut(S::LANES)) {
                let record = fixed.at(i.into());
                let mut sum = s.zero();
                for k in (0..x.len()).step_by(S::LANES) {
                    sum = s.fma(s.load(&record[k..]), s.load(&x[k..]), sum);
                }
                s.store(sum, product);
            }
            s.transpose(|lane| &flat[lane * S::LANES..], |_, v| v, &mut turned, S::LANES);
            let mut explained = [s.zero(); 2];
            for (k, column) in turned.chunks_exact(S::LANES).enumerate().take(S::LANES) {
                explained[k % 2] = s.add(explained[k % 2], s.load(column));
            }
            let explained = s.add(explained[0], explained[1]);
            let root = s.load(&roots[first..]);
            let residual = s.fnma(explained, s.splat(1.0), s.load(&targets[first..]));
            let plain = s.mul(residual, s.recip_sqrt(s.mul(root, root)));
            let squares = s.mul(plain, plain);
            total += f64::from(if group.len() == S::LANES {
                s.sum(squares)
            } else {
                let mut some = [0.0; MAX_LANES];
                s.store(squares, &mut some);
                some[..group.len()].iter().sum()
            });
        }
        total
    }
}
