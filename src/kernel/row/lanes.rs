//! Short rows, one per lane.

use super::gather::{Ahead, Rows, RowsMut, combine};
use super::single::{finite, residual, root_scales};
use super::{Row, Workspace};
use crate::kernel::buffer::Buffer;
use crate::kernel::interleaved::Interleaved;
use crate::kernel::simd::{Job, MAX_LANES, Simd};

/// The start of a fixed row that is not there.
const ABSENT: usize = usize::MAX;

/// Where the fixed rows of a group start: event by event, `LANES` entries each, [`ABSENT`] where a row has no
/// such event. `group` holds lengths and positions, shortest first.
#[inline(always)]
pub(super) fn find_starts<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    _: S,
    fixed: Rows<'_>,
    group: &[(usize, usize)],
    row: &impl Fn(usize) -> Row<'r, I>,
    starts: &mut Vec<usize>,
) {
    let order = group.last().map_or(0, |g| g.0);
    starts.clear();
    starts.resize(order * S::LANES, ABSENT);
    for (lane, &(_, r)) in group.iter().enumerate() {
        let lanes = starts.chunks_exact_mut(S::LANES);
        for (starts, &index) in lanes.zip(row(r).indices) {
            starts[lane] = fixed.start(index.into());
        }
    }
}

/// Solves up to `LANES` rows through their n x n matrices, padded to the longest by an identity, from the
/// starts in `workspace.starts`; meanwhile fetches those in `workspace.next_starts`. Returns a bit for every
/// lane whose answer is not finite.
#[inline(always)]
pub(super) fn solve_dual<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    s: S,
    fixed: Rows<'_>,
    group: &[(usize, usize)],
    row: &impl Fn(usize) -> Row<'r, I>,
    workspace: &mut Workspace,
    out: &mut RowsMut<'_>,
) -> u32 {
    let dim = fixed.width();
    let padded = dim.next_multiple_of(S::LANES);
    let order = group.last().map_or(0, |g| g.0);
    let rows = order + 1;
    let m = workspace.matrix.get(order * rows * S::LANES);
    m.fill(0.0);
    for j in 0..order {
        m[(j * rows + j) * S::LANES..][..S::LANES].fill(1.0);
    }
    // Scales by row for the way back, then by coordinate for the panel.
    let scales = workspace.scales.get(2 * S::LANES * padded);
    let (by_row, by_coordinate) = scales.split_at_mut(S::LANES * padded);
    for (lane, &(n, r)) in group.iter().enumerate() {
        let row = row(r);
        root_scales(s, row.precision, &mut by_row[lane * padded..][..padded]);
        for j in 0..n {
            if let Some(w) = row.weights {
                m[(j * rows + j) * S::LANES + lane] = 1.0 / w[j];
            }
            m[(j * rows + order) * S::LANES + lane] = residual(s, fixed, &row, j);
        }
    }
    by_row[group.len() * padded..].fill(0.0);
    s.vectorize(Interleave { by_row, padded, by_coordinate });
    let mut system = Interleaved { m, rows, order, pivots: workspace.inverse.get(order * S::LANES) };
    let full = if group.len() == S::LANES { group[0].0 } else { 0 };
    let events = Events { fixed, starts: &workspace.starts, full };
    let next = workspace.next_starts.iter().filter(|&&start| start != ABSENT);
    let tiles = order.div_ceil(S::SIDE);
    let steps = dim.div_ceil(S::LANES) * tiles * (tiles + 1) / 2;
    let next = Counted(next.copied(), workspace.next_starts.len());
    let ahead = Ahead::new(fixed, next, steps);
    add_events(s, events, by_coordinate, &mut workspace.panel, &mut system, ahead);
    system.factor(s);
    let z = workspace.solution.get(order * S::LANES);
    for (j, z) in z.chunks_exact_mut(S::LANES).enumerate() {
        z.copy_from_slice(&system.m[(j * rows + order) * S::LANES..][..S::LANES]);
    }
    system.back_substitute(s, z);
    let mut bad = 0;
    for (lane, &(n, r)) in group.iter().enumerate() {
        let x = out.row_mut(r);
        let starts = workspace.starts.chunks_exact(S::LANES).take(n);
        let terms = starts.zip(z.chunks_exact(S::LANES)).map(|(y, z)| (y[lane], z[lane]));
        combine(s, fixed, terms, x);
        for (x, scale) in x.iter_mut().zip(&by_row[lane * padded..]) {
            *x *= scale * scale;
        }
        if let Some(mean) = row(r).mean {
            x.iter_mut().zip(mean).for_each(|(x, m)| *x += m);
        }
        bad |= u32::from(!finite(x)) << lane;
    }
    bad
}

/// An iterator whose length is known to be at most this.
struct Counted<T>(T, usize);

impl<T: Iterator> Iterator for Counted<T> {
    type Item = T::Item;

    #[inline(always)]
    fn next(&mut self) -> Option<T::Item> {
        self.0.next()
    }

    #[inline(always)]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, Some(self.1))
    }
}

impl<T: Iterator> ExactSizeIterator for Counted<T> {}

/// From a scale per row and coordinate to a vector over the rows per coordinate.
struct Interleave<'a> {
    by_row: &'a [f32],
    padded: usize,
    by_coordinate: &'a mut [f32],
}

impl Job for Interleave<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for k in (0..self.padded).step_by(S::LANES) {
            let out = &mut self.by_coordinate[k * S::LANES..];
            s.transpose(|lane| &self.by_row[lane * self.padded + k..], |_, v| v, out, S::LANES);
        }
    }
}

/// The events of a group.
#[derive(Clone, Copy)]
struct Events<'a> {
    fixed: Rows<'a>,
    starts: &'a [usize],
    /// So many events every lane has.
    full: usize,
}

/// Adds Y P^-1 Y' to the systems, `LANES` coordinates at a time: a panel of these stays in the first cache.
#[inline(always)]
fn add_events<S: Simd>(
    s: S,
    events: Events<'_>,
    scales: &[f32],
    panel: &mut Buffer,
    system: &mut Interleaved<'_>,
    mut ahead: Ahead<'_, impl ExactSizeIterator<Item = usize>>,
) {
    let dim = events.fixed.width();
    let order = system.order;
    let width = order * S::LANES;
    let panel = panel.get(S::LANES * width);
    for k in (0..dim).step_by(S::LANES) {
        let count = S::LANES.min(dim - k);
        // The last coordinates come as the end of a whole vector that overlaps the one before.
        let first = if dim < S::LANES { 0 } else { k + count - S::LANES };
        s.vectorize(Pack { events, first, scales: &scales[first * S::LANES..], panel });
        let skip = (k - first) * width;
        let ranks = &panel[skip..skip + count * width];
        system.add_ranks(s, ranks, width, order, || ahead.step(s));
    }
}

/// Coordinates `first .. first + LANES` of all events, scaled, one coordinate per panel row.
struct Pack<'a> {
    events: Events<'a>,
    first: usize,
    scales: &'a [f32],
    panel: &'a mut [f32],
}

impl Job for Pack<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Events { fixed, starts, full } = self.events;
        let k = self.first;
        let width = starts.len();
        let count = S::LANES.min(fixed.width() - k);
        let finish = |c: usize, v| s.mul(v, s.load(&self.scales[c * S::LANES..]));
        let mut heads = [0.0; MAX_LANES * MAX_LANES];
        for (j, starts) in starts.chunks_exact(S::LANES).enumerate() {
            let out = &mut self.panel[j * S::LANES..];
            if j < full && count == S::LANES {
                s.transpose(|lane| fixed.from(starts[lane], k), finish, out, width);
                continue;
            }
            heads.fill(0.0);
            for (head, &start) in heads.chunks_exact_mut(S::LANES).zip(starts) {
                if start != ABSENT {
                    head[..count].copy_from_slice(&fixed.at(start)[k..k + count]);
                }
            }
            s.transpose(|lane| &heads[lane * S::LANES..], finish, out, width);
        }
    }
}
