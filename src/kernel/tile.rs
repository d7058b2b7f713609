//! The triangle of a rank-k update, in register tiles.
//!
//! A *panel* holds one rank per row: `panel[k]` is a vector y_k. The update adds `alpha * sum_k y_k y_k'` to
//! the lower triangle of a row-major matrix C. In a tile the rows of C are scalars broadcast from memory and
//! its columns are lanes, so rows cost one each however odd their number is; both operands stream from the
//! same panel row. Whole vectors are computed across the diagonal: what lies above it is scratch, and the
//! square blocks on it come out exactly symmetric.
//!
//! Cost: about `k * n * (n + LANES) / 2` multiply-adds for order n. The sum over k of an entry is made in the
//! order of the panel, from zero, and added to C once.

use super::simd::{Job, Simd};

/// Rows `at.0 ..` and columns `at.1 ..` of C, `R` rows by `V` vectors.
struct Tile<'a, const R: usize, const V: usize> {
    alpha: f32,
    panel: &'a [f32],
    panel_stride: usize,
    c: &'a mut [f32],
    c_stride: usize,
    at: (usize, usize),
}

impl<const R: usize, const V: usize> Job for Tile<'_, R, V> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (i, j) = self.at;
        let mut sums = [[s.zero(); V]; R];
        for y in self.panel.chunks_exact(self.panel_stride) {
            let across = &y[j..j + V * S::LANES];
            let mut columns = [s.zero(); V];
            for (v, column) in columns.iter_mut().enumerate() {
                *column = s.load(&across[v * S::LANES..]);
            }
            let down = &y[i..i + R];
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = s.splat(down[r]);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = s.fma(x, column, *sum);
                }
            }
        }
        let alpha = s.splat(self.alpha);
        for (r, sums) in sums.into_iter().enumerate() {
            let c = &mut self.c[(i + r) * self.c_stride + j..][..V * S::LANES];
            for (v, sum) in sums.into_iter().enumerate() {
                let c = &mut c[v * S::LANES..];
                s.store(s.fma(alpha, sum, s.load(c)), c);
            }
        }
    }
}

/// What is updated, and with what: see [`rank_update`].
pub(crate) struct Update<'a> {
    /// The factor of the sum.
    pub(crate) alpha: f32,
    /// One rank per row, `panel_stride` apart; entries up to the vector that holds the last column are read.
    pub(crate) panel: &'a [f32],
    /// Floats from one panel row to the next.
    pub(crate) panel_stride: usize,
    /// The matrix, row-major; columns up to a whole vector are written.
    pub(crate) c: &'a mut [f32],
    /// Floats from one row of C to the next.
    pub(crate) c_stride: usize,
}

impl Update<'_> {
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&mut self, s: S, at: (usize, usize)) {
        s.vectorize(Tile::<R, V> {
            alpha: self.alpha,
            panel: self.panel,
            panel_stride: self.panel_stride,
            c: self.c,
            c_stride: self.c_stride,
            at,
        });
    }

    /// Rows `from .. to` of the `V` vectors of columns from `column`, in tiles of even height.
    #[inline(always)]
    pub(crate) fn strip<S: Simd, const V: usize>(
        &mut self,
        s: S,
        column: usize,
        from: usize,
        to: usize,
        mut between: impl FnMut(),
    ) {
        let tallest = if V == 1 { S::ROWS_BY_1 } else { S::ROWS_BY_2 };
        let mut left = to.saturating_sub(from).div_ceil(tallest);
        let mut row = from;
        while row < to {
            let height = (to - row).div_ceil(left);
            self.tile_of_height::<S, V>(s, height, (row, column));
            row += height;
            left -= 1;
            between();
        }
    }

    #[inline(always)]
    fn tile_of_height<S: Simd, const V: usize>(&mut self, s: S, height: usize, at: (usize, usize)) {
        match height {
            1 => self.tile::<S, 1, V>(s, at),
            2 => self.tile::<S, 2, V>(s, at),
            3 => self.tile::<S, 3, V>(s, at),
            4 => self.tile::<S, 4, V>(s, at),
            5 => self.tile::<S, 5, V>(s, at),
            6 => self.tile::<S, 6, V>(s, at),
            7 => self.tile::<S, 7, V>(s, at),
            8 => self.tile::<S, 8, V>(s, at),
            9 => self.tile::<S, 9, V>(s, at),
            10 => self.tile::<S, 10, V>(s, at),
            11 => self.tile::<S, 11, V>(s, at),
            12 => self.tile::<S, 12, V>(s, at),
            13 => self.tile::<S, 13, V>(s, at),
            14 => self.tile::<S, 14, V>(s, at),
            15 => self.tile::<S, 15, V>(s, at),
            _ => self.tile::<S, 16, V>(s, at),
        }
    }
}

/// Adds `alpha * sum_k y_k y_k'` to rows `first .. rows` and columns `first .. order` of C, on and below the
/// diagonal. `first` is a multiple of `LANES`; rows from `order` on are a rectangle below the triangle.
/// `between` is called after each tile, to prefetch in the shadow of the arithmetic.
#[inline(always)]
pub(crate) fn rank_update<S: Simd>(
    s: S,
    mut update: Update<'_>,
    first: usize,
    order: usize,
    rows: usize,
    mut between: impl FnMut(),
) {
    let mut column = first;
    while column < order {
        let next = column + S::LANES;
        if next < order {
            update.strip::<S, 1>(s, column, column, next, &mut between);
            update.strip::<S, 2>(s, column, next, rows, &mut between);
            column = next + S::LANES;
        } else {
            update.strip::<S, 1>(s, column, column, rows, &mut between);
            column = next;
        }
    }
}
