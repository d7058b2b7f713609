//! Short rows, through their n x n matrices, padded to the longest by an identity.

use super::pairs::{self, Pack, Pairs};
use super::{Group, note, solve_systems};
use crate::kernel::buffer::stride_for;
use crate::kernel::interleaved::Interleaved;
use crate::kernel::row::gather::{Ahead, Rows, combine};
use crate::kernel::row::single::{residual, root_scales};
use crate::kernel::row::{Answers, Row, Workspace};
use crate::kernel::simd::{Job, MAX_LANES, Simd};

impl<I: Copy + Into<usize>> Group<'_, '_, I> {
    /// Solves the rows in the dual. Returns a bit for every lane whose answer is not finite.
    #[inline(always)]
    pub(in crate::kernel::row) fn solve_dual<S: Simd>(
        &self,
        s: S,
        workspace: &mut Workspace,
        answers: &mut Answers<'_>,
    ) -> u32 {
        let order = self.members.last().map_or(0, |(_, row)| row.indices.len());
        let padded = self.fixed.width().next_multiple_of(S::LANES);
        let floats = pairs::tiles(order) * pairs::TILE;
        let stride = stride_for(floats);
        let products = workspace.systems.get(S::LANES * stride);
        let sides = workspace.sides.get(2 * order * S::LANES);
        let (diagonal, targets) = sides.split_at_mut(order * S::LANES);
        diagonal.fill(1.0);
        targets.fill(0.0);
        let (zeros, scales) = workspace.scales.get((1 + S::LANES) * padded).split_at_mut(padded);
        zeros.fill(0.0);
        let mut scaled = [0; MAX_LANES];
        for (lane, (r, row)) in self.members.iter().enumerate() {
            let n = row.indices.len();
            answers.rows.prefetch(s, *r);
            self.side(s, row, lane, diagonal, targets);
            // Rows of one length mostly have one precision, and follow each other.
            scaled[lane] = match lane.checked_sub(1) {
                Some(before) if self.members[before].1.precision.is(&row.precision) => scaled[before],
                _ => {
                    root_scales(s, row.precision, S::vectors_mut(&mut scales[lane * padded..][..padded]));
                    lane * padded
                }
            };
            let scales = &scales[scaled[lane]..][..padded];
            let panel = workspace.panel.get(pairs::panel_len(n, padded));
            let tiles = pairs::tiles(n);
            let next = self.after(lane).iter().map(|&i| self.fixed.start(i.into()));
            let ahead = Ahead::new(self.fixed, next, tiles / 2);
            let (out, rest) = products[lane * stride..][..floats].split_at_mut(tiles * pairs::TILE);
            // Part of this function, which short rows notice; alone they are functions of their own.
            Pack { fixed: self.fixed, indices: row.indices, scales, zeros, panel }.run(s);
            Pairs { panel, dim: padded, n, out, ahead }.run(s);
            rest.fill(0.0);
        }
        let rows = order + 1;
        let m = workspace.matrix.get(order * rows * S::LANES);
        products[self.members.len() * stride..].fill(0.0);
        s.vectorize(Interleave { products, stride, diagonal, targets, order, m });
        let z = workspace.solution.get(order * S::LANES);
        let pivots = workspace.inverse.get(order * S::LANES);
        let squares = solve_systems(s, Interleaved { m, rows, order, pivots }, z);
        let mut bad = 0;
        for (lane, (r, row)) in self.members.iter().enumerate() {
            let x = answers.rows.row_mut(*r);
            let told = z.chunks_exact(S::LANES).map(|z| z[lane]);
            answer(s, self.fixed, row, (told, &scales[scaled[lane]..][..padded]), x);
            note(&mut bad, lane, x);
            answers.note_minimum(*r, || squares[lane]);
        }
        bad
    }

    /// What stands on the diagonal beside the products, and the right-hand side.
    #[inline(always)]
    fn side<S: Simd>(&self, s: S, row: &Row<'_, I>, lane: usize, diagonal: &mut [f32], targets: &mut [f32]) {
        let place = |to: &mut [f32], j: usize, x: f32| to[j * S::LANES + lane] = x;
        for (j, w) in row.weights.unwrap_or_default().iter().enumerate() {
            place(diagonal, j, 1.0 / w);
        }
        match row.mean {
            None => row.targets.iter().enumerate().for_each(|(j, &t)| place(targets, j, t)),
            Some(_) => {
                (0..row.indices.len()).for_each(|j| place(targets, j, residual(s, self.fixed, row, j)))
            }
        }
    }
}

/// From the solution of the system to the row.
#[inline(always)]
pub(super) fn answer<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: Rows<'_>,
    row: &Row<'_, I>,
    (solution, scales): (impl Iterator<Item = f32> + Clone, &[f32]),
    x: &mut [f32],
) {
    let starts = row.indices.iter().map(|&i| fixed.start(i.into()));
    combine(s, fixed, starts.zip(solution), x);
    for (x, scale) in x.iter_mut().zip(scales) {
        *x *= scale * scale;
    }
    if let Some(mean) = row.mean {
        x.iter_mut().zip(mean).for_each(|(x, m)| *x += m);
    }
}

/// From the tiles of each row to matrices with a vector over the rows per entry, with their diagonals and
/// right-hand sides.
struct Interleave<'a> {
    products: &'a [f32],
    /// From the tiles of one row to those of the next.
    stride: usize,
    diagonal: &'a [f32],
    targets: &'a [f32],
    order: usize,
    m: &'a mut [f32],
}

impl Job for Interleave<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { products, stride, diagonal, targets, order, m } = self;
        let rows = order + 1;
        let mut turned = [0.0; MAX_LANES * MAX_LANES];
        for (t, corner) in pairs::corners(order).enumerate() {
            for part in (0..pairs::TILE).step_by(S::LANES) {
                let from = t * pairs::TILE + part;
                s.transpose(|lane| &products[lane * stride + from..], |_, v| v, &mut turned, S::LANES);
                for (at, entry) in turned.chunks_exact(S::LANES).enumerate().take(S::LANES) {
                    let (i, j) = pairs::pair(part + at, corner);
                    if i < j || i >= order {
                        continue;
                    }
                    let mut entry = s.load(entry);
                    if i == j {
                        entry = s.add(entry, s.load(&diagonal[i * S::LANES..]));
                    }
                    s.store(entry, &mut m[(j * rows + i) * S::LANES..]);
                }
            }
        }
        for (column, targets) in m.chunks_exact_mut(rows * S::LANES).zip(targets.chunks_exact(S::LANES)) {
            column[order * S::LANES..].copy_from_slice(targets);
        }
    }
}
