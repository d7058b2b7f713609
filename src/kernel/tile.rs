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

/// Where a tile has its ranks from.
pub(crate) trait Ranks: Copy {
    /// The row of C whose scalars are [`Rank::target`], the last one; `usize::MAX` when there is none.
    fn target_row(&self) -> usize;
    /// The next rank, whose target is wanted or not.
    fn next(&mut self, target: bool) -> Option<Rank<'_>>;
}

/// One rank.
pub(crate) struct Rank<'a> {
    /// The vector, and what may follow it up to the end of a whole one.
    pub(crate) y: &'a [f32],
    /// One more coordinate, which is kept elsewhere.
    pub(crate) target: f32,
}

/// Ranks that were packed before, with all their coordinates.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub(crate) left: &'a [f32],
    pub(crate) stride: usize,
}

impl Ranks for Panel<'_> {
    #[inline(always)]
    fn target_row(&self) -> usize {
        usize::MAX
    }

    #[inline(always)]
    fn next(&mut self, _: bool) -> Option<Rank<'_>> {
        let (y, left) = self.left.split_at_checked(self.stride)?;
        self.left = left;
        Some(Rank { y, target: 0.0 })
    }
}

/// Where the sum goes, and its factor.
pub(crate) struct Sum<'a> {
    pub(crate) alpha: f32,
    pub(crate) c: &'a mut [f32],
    pub(crate) c_stride: usize,
}

/// The most sums of an entry that are made side by side.
const CHAINS: usize = 4;

/// So many sums of each entry of a tile of `size` vectors are made side by side, rank by rank in turn: enough
/// for a small tile, as the last coordinate of D = 65 has, not to wait for its last multiply-add.
const fn chains_of(size: usize) -> usize {
    match size {
        0..=2 => CHAINS,
        3..=4 => 2,
        _ => 1,
    }
}

/// Rows `at.0 ..` and columns `at.1 ..` of C, `R` rows by `V` vectors; with `T`, the last row is that of the
/// targets.
struct Tile<'a, P, const R: usize, const V: usize, const T: bool> {
    ranks: P,
    sum: Sum<'a>,
    at: (usize, usize),
}

impl<P: Ranks, const R: usize, const V: usize, const T: bool> Job for Tile<'_, P, R, V, T> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (i, j) = self.at;
        let mut chains = [[[s.zero(); V]; R]; CHAINS];
        'ranks: loop {
            for sums in chains.iter_mut().take(chains_of(R * V)) {
                let Some(Rank { y, target }) = self.ranks.next(T) else { break 'ranks };
                let across = &y[j..j + V * S::LANES];
                let mut columns = [s.zero(); V];
                for (v, column) in columns.iter_mut().enumerate() {
                    *column = s.load(&across[v * S::LANES..]);
                }
                let down = &y[i..i + R - usize::from(T)];
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = s.splat(if T && r + 1 == R { target } else { down[r] });
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = s.fma(x, column, *sum);
                    }
                }
            }
        }
        let (sums, others) = chains.split_at_mut(1);
        for other in &others[..chains_of(R * V) - 1] {
            for (sums, other) in sums[0].iter_mut().zip(other) {
                for (sum, other) in sums.iter_mut().zip(other) {
                    *sum = s.add(*sum, *other);
                }
            }
        }
        let Sum { alpha, c, c_stride } = self.sum;
        let alpha = s.splat(alpha);
        for (r, sums) in chains[0].into_iter().enumerate() {
            let c = &mut c[(i + r) * c_stride + j..][..V * S::LANES];
            for (v, sum) in sums.into_iter().enumerate() {
                let c = &mut c[v * S::LANES..];
                s.store(s.fma(alpha, sum, s.load(c)), c);
            }
        }
    }
}

/// A tile whose height is known when it runs.
#[inline(always)]
fn tile<S: Simd, P: Ranks, const V: usize, const T: bool>(
    s: S,
    ranks: P,
    sum: Sum<'_>,
    height: usize,
    at: (usize, usize),
) {
    match height {
        1 => s.vectorize(Tile::<P, 1, V, T> { ranks, sum, at }),
        2 => s.vectorize(Tile::<P, 2, V, T> { ranks, sum, at }),
        3 => s.vectorize(Tile::<P, 3, V, T> { ranks, sum, at }),
        4 => s.vectorize(Tile::<P, 4, V, T> { ranks, sum, at }),
        5 => s.vectorize(Tile::<P, 5, V, T> { ranks, sum, at }),
        6 => s.vectorize(Tile::<P, 6, V, T> { ranks, sum, at }),
        7 => s.vectorize(Tile::<P, 7, V, T> { ranks, sum, at }),
        8 => s.vectorize(Tile::<P, 8, V, T> { ranks, sum, at }),
        9 => s.vectorize(Tile::<P, 9, V, T> { ranks, sum, at }),
        10 => s.vectorize(Tile::<P, 10, V, T> { ranks, sum, at }),
        11 => s.vectorize(Tile::<P, 11, V, T> { ranks, sum, at }),
        12 => s.vectorize(Tile::<P, 12, V, T> { ranks, sum, at }),
        13 => s.vectorize(Tile::<P, 13, V, T> { ranks, sum, at }),
        14 => s.vectorize(Tile::<P, 14, V, T> { ranks, sum, at }),
        15 => s.vectorize(Tile::<P, 15, V, T> { ranks, sum, at }),
        _ => s.vectorize(Tile::<P, 16, V, T> { ranks, sum, at }),
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

/// About how many tiles a triangle of that order has.
pub(crate) fn tiles<S: Simd>(order: usize) -> usize {
    let below = |column: usize| order.saturating_sub(column + S::LANES).div_ceil(S::ROWS_BY_2);
    (0..order).step_by(2 * S::LANES).map(|column| 1 + below(column)).sum()
}

/// Ranks and the matrix they go to.
pub(crate) struct Triangle<'a, P> {
    pub(crate) ranks: P,
    pub(crate) sum: Sum<'a>,
}

impl<P: Ranks> Triangle<'_, P> {
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
            let sum = Sum { c: &mut *self.sum.c, ..self.sum };
            if row + height > self.ranks.target_row() {
                tile::<S, P, V, true>(s, self.ranks, sum, height, (row, column));
            } else {
                tile::<S, P, V, false>(s, self.ranks, sum, height, (row, column));
            }
            row += height;
            left -= 1;
            between();
        }
    }

    /// As [`rank_update`].
    #[inline(always)]
    pub(crate) fn update<S: Simd>(
        mut self,
        s: S,
        first: usize,
        order: usize,
        rows: usize,
        mut between: impl FnMut(),
    ) {
        let mut column = first;
        while column < order {
            let next = column + S::LANES;
            if next < order {
                self.strip::<S, 1>(s, column, column, next, &mut between);
                self.strip::<S, 2>(s, column, next, rows, &mut between);
                column = next + S::LANES;
            } else {
                self.strip::<S, 1>(s, column, column, rows, &mut between);
                column = next;
            }
        }
    }
}

impl<'a> Update<'a> {
    /// The same in parts.
    #[inline(always)]
    pub(crate) fn triangle(self) -> Triangle<'a, Panel<'a>> {
        let Self { alpha, panel, panel_stride, c, c_stride } = self;
        Triangle { ranks: Panel { left: panel, stride: panel_stride }, sum: Sum { alpha, c, c_stride } }
    }
}

/// Adds `alpha * sum_k y_k y_k'` to rows `first .. rows` and columns `first .. order` of C, on and below the
/// diagonal. `first` is a multiple of `LANES`; rows from `order` on are a rectangle below the triangle.
/// `between` is called after each tile, to prefetch in the shadow of the arithmetic.
#[inline(always)]
pub(crate) fn rank_update<S: Simd>(
    s: S,
    update: Update<'_>,
    first: usize,
    order: usize,
    rows: usize,
    between: impl FnMut(),
) {
    update.triangle().update(s, first, order, rows, between);
}
