//! Cholesky factorisation of one symmetric matrix, vectorised inside the matrix.
//!
//! The lower triangle of C becomes L with C = L L'. Rows below the triangle ride along and become `row * L'^-1`:
//! a right-hand side b becomes z = L^-1 b (the forward substitution is free), rows of an identity become the
//! columns of L^-1 (whose squares sum to the diagonal of C^-1).
//!
//! Blocks of `LANES` columns, left-looking inside a chunk of 64, right-looking between chunks, so that nearly
//! all the work is the register tiles of [`super::tile`]. For them every finished block is transposed into a
//! panel U = L' whose rows are ranks. The diagonal blocks are inverted, so that the triangular solves are
//! products. A pivot that is not positive becomes NaN and poisons every entry that depends on it: who reads a
//! finite solution has had a positive definite matrix.
//!
//! Cost: `n^3 / 6` multiply-adds for order n, `n^2 / 2` for each row below.

use super::simd::{Job, MAX_LANES, Simd};
use super::tile::{Update, rank_update};

/// Columns between two right-looking updates: long enough to amortise the pass over the rest of the triangle
/// (a tile is loaded and stored once per 64 ranks), short enough for the panel to stay in the first cache.
const CHUNK: usize = 64;

/// A matrix to factor in place, and the scratch for it.
pub(crate) struct Cholesky<'a> {
    /// Row-major: the triangle, then the rows below. Whole vectors of columns are readable and writable.
    pub(crate) c: &'a mut [f32],
    /// Floats from one row of `c` to the next.
    pub(crate) c_stride: usize,
    /// The transposed factor: `order` rounded up to `LANES` rows of `u_stride`.
    pub(crate) u: &'a mut [f32],
    /// Floats from one row of `u` to the next; all rows of `c`, rounded up to `LANES`, fit in.
    pub(crate) u_stride: usize,
    /// The inverses of the diagonal blocks, row-major: `order` rounded up to `LANES`, times `LANES`.
    pub(crate) inverse: &'a mut [f32],
    /// Columns to eliminate.
    pub(crate) order: usize,
}

/// The rows under the triangle.
#[derive(Clone, Copy)]
pub(crate) struct Below {
    /// Rows that may be full, starting right under the triangle.
    pub(crate) full: usize,
    /// Whether an identity of the same order follows them; its zeros are not multiplied.
    pub(crate) identity: bool,
}

impl Below {
    /// The end of the rows that are not zero in columns before `column`.
    #[inline(always)]
    fn end(self, order: usize, column: usize) -> usize {
        order + self.full + if self.identity { column } else { 0 }
    }
}

impl Cholesky<'_> {
    /// Factors.
    #[inline(always)]
    pub(crate) fn factor<S: Simd>(&mut self, s: S, below: Below) {
        let order = self.order;
        let mut start = 0;
        while start < order {
            let end = (start + CHUNK).min(order);
            let rows = below.end(order, end);
            for column in (start..end).step_by(S::LANES) {
                if column > start {
                    self.update(start, column).triangle().strip::<S, 1>(s, column, column, rows, || ());
                }
                self.factor_block(s, column, rows);
            }
            if end < order {
                let update = self.update(start, end);
                rank_update(s, update, end, order, rows, || ());
            }
            start = end;
        }
    }

    /// Subtracts the ranks `from .. to`.
    #[inline(always)]
    fn update(&mut self, from: usize, to: usize) -> Update<'_> {
        Update {
            alpha: -1.0,
            panel: &self.u[from * self.u_stride..to * self.u_stride],
            panel_stride: self.u_stride,
            c: self.c,
            c_stride: self.c_stride,
        }
    }

    /// Factors the diagonal block at `column` and solves the rows under it, up to `rows`.
    #[inline(always)]
    fn factor_block<S: Simd>(&mut self, s: S, column: usize, rows: usize) {
        let size = S::LANES.min(self.order - column);
        let inverse = &mut self.inverse[column * S::LANES..][..S::LANES * S::LANES];
        s.vectorize(Diagonal {
            c: &self.c[column * self.c_stride + column..],
            c_stride: self.c_stride,
            inverse,
            size,
        });
        s.vectorize(Under {
            c: &mut self.c[(column + size) * self.c_stride..],
            c_stride: self.c_stride,
            column,
            rows: rows - column - size,
            u: &mut self.u[column * self.u_stride + column + size..],
            u_stride: self.u_stride,
            inverse,
            size,
        });
    }

    /// Solves L z = b in place; `b` is readable and writable up to `order` rounded up to `LANES`.
    #[inline(always)]
    pub(crate) fn forward_substitute<S: Simd>(&self, s: S, b: &mut [f32]) {
        for column in (0..self.order).step_by(S::LANES) {
            let size = S::LANES.min(self.order - column);
            let inverse = &self.inverse[column * S::LANES..];
            let head = s.load(&b[column..]);
            let mut z = [0.0; MAX_LANES];
            for (i, z) in z.iter_mut().enumerate().take(size) {
                *z = s.sum(s.mul(head, s.load(&inverse[i * S::LANES..])));
            }
            b[column..column + size].copy_from_slice(&z[..size]);
            for v in (column + S::LANES..self.order).step_by(S::LANES) {
                let mut sum = s.load(&b[v..]);
                for (k, &z) in z.iter().enumerate().take(size) {
                    let row = s.load(&self.u[(column + k) * self.u_stride + v..]);
                    sum = s.fnma(s.splat(z), row, sum);
                }
                s.store(sum, &mut b[v..]);
            }
        }
    }

    /// Solves L' x = z in place; `z` is readable and writable up to `order` rounded up to `LANES`.
    #[inline(always)]
    pub(crate) fn back_substitute<S: Simd>(&self, s: S, z: &mut [f32]) {
        let mut end = self.order;
        while end > 0 {
            let column = (end - 1) / S::LANES * S::LANES;
            let inverse = &self.inverse[column * S::LANES..];
            let mut x = s.zero();
            for j in 0..end - column {
                let row = s.load(&inverse[j * S::LANES..]);
                x = s.fma(s.splat(z[column + j]), row, x);
            }
            s.store(x, &mut z[column..]);
            let (before, x) = z.split_at_mut(column);
            for (v, rest) in before.chunks_exact_mut(S::LANES).enumerate() {
                let mut sum = s.load(rest);
                for (j, &x) in x[..end - column].iter().enumerate() {
                    let row = &self.c[(column + j) * self.c_stride + v * S::LANES..];
                    sum = s.fnma(s.splat(x), s.load(row), sum);
                }
                s.store(sum, rest);
            }
            end = column;
        }
    }
}

/// The diagonal block: only its inverse is kept, nothing reads the factor itself.
struct Diagonal<'a> {
    c: &'a [f32],
    c_stride: usize,
    inverse: &'a mut [f32],
    size: usize,
}

impl Diagonal<'_> {
    /// Step `K`: scales row `K` and takes it from the rows below. A lane of a row belongs to the symmetric
    /// block until its step and to the inverse from then on, so that both fit into the registers at once.
    #[inline(always)]
    fn eliminate<S: Simd, const K: usize>(&self, s: S, rows: &mut [S::V; MAX_LANES]) {
        if K >= self.size.min(S::LANES) {
            return;
        }
        let scale = s.recip_sqrt(s.lane(rows[K], K));
        let row = s.mul(s.with_lane(rows[K], K, s.splat(1.0)), scale);
        rows[K] = row;
        // An iterator that skips is not unrolled here.
        let mut i = K + 1;
        while i < S::LANES {
            rows[i] = s.fnma(s.lane(row, i), row, s.with_lane(rows[i], K, s.zero()));
            i += 1;
        }
    }
}

impl Job for Diagonal<'_> {
    type Out = ();

    /// One step after the other, each written out: a loop would keep the rows in memory, and the wait for a
    /// store in every step made this nearly a third of a whole row of 200 events at D = 32.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut rows = [s.zero(); MAX_LANES];
        for (i, row) in rows.iter_mut().enumerate().take(S::LANES) {
            if i < self.size {
                *row = s.head(s.load(&self.c[i * self.c_stride..]), self.size);
            }
        }
        self.eliminate::<S, 0>(s, &mut rows);
        self.eliminate::<S, 1>(s, &mut rows);
        self.eliminate::<S, 2>(s, &mut rows);
        self.eliminate::<S, 3>(s, &mut rows);
        self.eliminate::<S, 4>(s, &mut rows);
        self.eliminate::<S, 5>(s, &mut rows);
        self.eliminate::<S, 6>(s, &mut rows);
        self.eliminate::<S, 7>(s, &mut rows);
        self.eliminate::<S, 8>(s, &mut rows);
        self.eliminate::<S, 9>(s, &mut rows);
        self.eliminate::<S, 10>(s, &mut rows);
        self.eliminate::<S, 11>(s, &mut rows);
        self.eliminate::<S, 12>(s, &mut rows);
        self.eliminate::<S, 13>(s, &mut rows);
        self.eliminate::<S, 14>(s, &mut rows);
        self.eliminate::<S, 15>(s, &mut rows);
        for (i, row) in rows.iter().enumerate().take(S::LANES) {
            let kept = if i < self.size { i + 1 } else { 0 };
            s.store(s.head(*row, kept), &mut self.inverse[i * S::LANES..]);
        }
    }
}

/// The rows under a diagonal block: each is multiplied by the inverse of the block's transpose, and goes
/// to the panel too.
struct Under<'a> {
    c: &'a mut [f32],
    c_stride: usize,
    column: usize,
    rows: usize,
    u: &'a mut [f32],
    u_stride: usize,
    inverse: &'a [f32],
    size: usize,
}

impl Job for Under<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut flat = [0.0; MAX_LANES * MAX_LANES];
        let inverse = self.inverse;
        s.transpose(|i| &inverse[i * S::LANES..], |_, v| v, &mut flat, S::LANES);
        let mut ranks = [s.zero(); MAX_LANES];
        for (k, rank) in ranks.iter_mut().enumerate().take(S::LANES) {
            *rank = s.load(&flat[k * S::LANES..]);
        }
        let zeros = [0.0; MAX_LANES];
        for first in (0..self.rows).step_by(S::LANES) {
            let count = S::LANES.min(self.rows - first);
            for i in first..first + count {
                let row = &mut self.c[i * self.c_stride + self.column..];
                let head = &row[..S::LANES];
                let mut even = s.zero();
                let mut odd = s.zero();
                if self.size == S::LANES {
                    for k in (0..S::LANES).step_by(2) {
                        even = s.fma(s.splat(head[k]), ranks[k], even);
                        odd = s.fma(s.splat(head[k + 1]), ranks[k + 1], odd);
                    }
                } else {
                    for k in 0..self.size {
                        even = s.fma(s.splat(head[k]), s.load(&flat[k * S::LANES..]), even);
                    }
                }
                s.store(s.add(even, odd), row);
            }
            let (c, c_stride, column) = (&*self.c, self.c_stride, self.column);
            s.transpose(
                |i| {
                    if i < count { &c[(first + i) * c_stride + column..] } else { &zeros }
                },
                |_, v| v,
                &mut self.u[first..],
                self.u_stride,
            );
        }
    }
}
