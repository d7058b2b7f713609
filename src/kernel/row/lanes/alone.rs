//! A short row alone, as when somebody is folded in: one system, its rows along the lanes.
//!
//! The numbers of a lane are to come out to the bit, without the work of the other lanes. So every entry is the same sum
//! in the same order as in [`crate::kernel::interleaved`]: over the finished columns from zero, taken from what it was,
//! then the columns of its own block.

use super::dual::answer;
use super::pairs::{self, Pack, Pairs};
use crate::kernel::row::gather::{Ahead, Rows};
use crate::kernel::row::single::{finite, residual, root_scales};
use crate::kernel::row::{Answers, Row, Workspace};
use crate::kernel::simd::{Job, MAX_LANES, Simd};

/// The one row of a call, to be solved in the dual.
pub(in crate::kernel::row) struct Alone<'a, 'o, 'r, I> {
    pub(in crate::kernel::row) fixed: Rows<'a>,
    pub(in crate::kernel::row) row: Row<'r, I>,
    pub(in crate::kernel::row) workspace: &'a mut Workspace,
    pub(in crate::kernel::row) answers: &'a mut Answers<'o>,
}

impl<I: Copy + Into<usize>> Job for Alone<'_, '_, '_, I> {
    /// Whether the answer is finite.
    type Out = bool;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> bool {
        let Self { fixed, row, workspace, answers } = self;
        let n = row.indices.len();
        let padded = fixed.width().next_multiple_of(S::LANES);
        let (zeros, scales) = workspace.scales.get(2 * padded).split_at_mut(padded);
        zeros.fill(0.0);
        let products = workspace.systems.get(pairs::tiles(n) * pairs::TILE);
        root_scales(s, row.precision, S::vectors_mut(scales));
        let panel = workspace.panel.get(pairs::panel_len(n, padded));
        s.vectorize(Pack { fixed, indices: row.indices, scales, zeros, panel });
        let ahead = Ahead::new(fixed, std::iter::empty(), 1);
        s.vectorize(Pairs { panel, dim: padded, n, out: products, ahead });
        let whole = n.next_multiple_of(S::LANES);
        let stride = (n + 1).next_multiple_of(S::LANES);
        let m = workspace.matrix.get(whole * stride);
        let mut system = System { m, stride, order: n, pivots: workspace.inverse.get(n) };
        system.spread(products);
        for j in 0..n {
            system.m[j * stride + j] += row.weights.map_or(1.0, |w| 1.0 / w[j]);
            system.m[j * stride + n] = residual(s, fixed, &row, j);
        }
        system.factor(s);
        let z = workspace.solution.get(whole);
        system.back_substitute(s, z);
        let x = answers.rows.row_mut(0);
        answer(s, fixed, &row, (z.iter().copied(), scales), x);
        let fine = finite(x);
        answers.note_minimum(0, || system.square(s));
        fine
    }
}

/// Its system.
struct System<'a> {
    /// Column j starts at `j * stride`: what is above the diagonal means nothing, and row `order` is the right-hand side.
    /// Whole vectors of rows and as many columns as there would be lanes for.
    m: &'a mut [f32],
    stride: usize,
    order: usize,
    /// `1 / L_jj`
    pivots: &'a mut [f32],
}

impl System<'_> {
    /// Lays the products of tiles out in columns.
    #[inline(always)]
    fn spread(&mut self, products: &[f32]) {
        for (corner, tile) in pairs::corners(self.order).zip(products.chunks_exact(pairs::TILE)) {
            for (at, part) in tile.chunks_exact(pairs::SIDE).enumerate() {
                let (i, j) = pairs::pair(at * pairs::SIDE, corner);
                if j < self.order {
                    self.m[j * self.stride + i..][..pairs::SIDE].copy_from_slice(part);
                }
            }
        }
    }

    #[inline(always)]
    fn factor<S: Simd>(&mut self, s: S) {
        for j in (0..self.order).step_by(S::SIDE) {
            match self.order - j {
                1 => self.block::<S, 1>(s, j),
                2 => self.block::<S, 2>(s, j),
                3 => self.block::<S, 3>(s, j),
                _ if S::SIDE == 3 => self.block::<S, 3>(s, j),
                _ => self.block::<S, 4>(s, j),
            }
        }
    }

    /// Columns `j ..`, from the first vector that has a row of the triangle.
    #[inline(always)]
    fn block<S: Simd, const C: usize>(&mut self, s: S, j: usize) {
        let Self { stride, order, .. } = *self;
        let (done, open) = self.m.split_at_mut(j * stride);
        let vectors = (j / S::LANES * S::LANES..=order).step_by(S::LANES);
        for i in vectors.clone() {
            let mut sums = [s.zero(); C];
            for column in done.chunks_exact(stride) {
                let left = s.load(&column[i..]);
                for (sum, &right) in sums.iter_mut().zip(&column[j..]) {
                    *sum = s.fma(left, s.splat(right), *sum);
                }
            }
            for (sum, column) in sums.into_iter().zip(open.chunks_exact_mut(stride)) {
                let left = s.fnma(sum, s.splat(1.0), s.load(&column[i..]));
                s.store(left, &mut column[i..]);
            }
        }
        for c in 0..C {
            let (before, column) = open.split_at_mut(c * stride);
            let column = &mut column[..stride];
            for i in vectors.clone() {
                let mut left = s.load(&column[i..]);
                for before in before.chunks_exact(stride) {
                    left = s.fnma(s.load(&before[i..]), s.splat(before[j + c]), left);
                }
                s.store(left, &mut column[i..]);
            }
            let pivot = s.recip_sqrt(s.splat(column[j + c]));
            for i in vectors.clone() {
                let left = s.load(&column[i..]);
                s.store(s.mul(left, pivot), &mut column[i..]);
            }
            let mut lanes = [0.0; MAX_LANES];
            s.store(pivot, &mut lanes);
            self.pivots[j + c] = lanes[0];
        }
    }

    /// `b' A^-1 b` after the factorisation.
    #[inline(always)]
    fn square<S: Simd>(&self, s: S) -> f32 {
        let mut sum = s.zero();
        for j in 0..self.order {
            let z = s.splat(self.m[j * self.stride + self.order]);
            sum = s.fma(z, z, sum);
        }
        let mut lanes = [0.0; MAX_LANES];
        s.store(sum, &mut lanes);
        lanes[0]
    }

    /// The solution, in whole vectors.
    #[inline(always)]
    fn back_substitute<S: Simd>(&self, s: S, x: &mut [f32]) {
        let Self { ref m, stride, order, ref pivots } = *self;
        for (j, x) in x.iter_mut().enumerate() {
            *x = if j < order { m[j * stride + order] } else { 0.0 };
        }
        let mut rows = [0.0; MAX_LANES * MAX_LANES];
        for first in (0..order).step_by(S::LANES).rev() {
            for left in (0..first + 1).step_by(S::LANES).rev() {
                // From vectors over the rows, a column each, to vectors over the columns, a row each.
                s.transpose(|c| &m[(left + c) * stride + first..], |_, row| row, &mut rows, S::LANES);
                let rows = rows.chunks_exact(S::LANES).enumerate().take(S::LANES.min(order - first)).rev();
                let mut z = s.load(&x[left..]);
                if left < first {
                    for (at, row) in rows {
                        z = s.fnma(s.load(row), s.splat(x[first + at]), z);
                    }
                    s.store(z, &mut x[left..]);
                    continue;
                }
                let mut found = z;
                for (at, row) in rows {
                    let x = s.mul(s.lane(z, at), s.splat(pivots[first + at]));
                    found = s.with_lane(found, at, x);
                    z = s.fnma(s.load(row), x, z);
                }
                s.store(found, &mut x[first..]);
            }
        }
    }
}
