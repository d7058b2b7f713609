//! Many small systems at once, one per lane.
//!
//! A 20 x 20 Cholesky factorisation waits for its square roots most of the time. Real data is made of such
//! rows, so here every entry of a matrix is a vector over `LANES` systems of the same order, and one
//! instruction advances all of them. No lane ever meets another: the bits of a system do not depend on its
//! neighbours, and a system padded to a larger order by an identity keeps its bits too, because every padded
//! term is an exact zero added at the end of a sum.
//!
//! A matrix is stored by columns, `m[j][i]` being a vector, so that finished columns are the ranks of the next
//! ones. Rows below the triangle ride along, as in [`super::cholesky`].
//!
//! Cost for `LANES` systems of order n: `n^3 / 6` vector multiply-adds.

use super::simd::{Job, Simd};

/// `LANES` systems of the same order.
pub(crate) struct Interleaved<'a> {
    /// Column j starts at `j * rows * LANES`; entries above the diagonal are neither read nor written.
    pub(crate) m: &'a mut [f32],
    /// Rows, those under the triangle included.
    pub(crate) rows: usize,
    /// Columns.
    pub(crate) order: usize,
    /// `1 / L_jj`, a vector per column.
    pub(crate) pivots: &'a mut [f32],
}

/// Calls `$tile::<S, R, C>` with the run-time height and width, both at most 4, as constants.
macro_rules! shaped {
    ($self:ident . $tile:ident ($s:expr, $height:expr, $width:expr, $($arg:expr),*)) => {
        match ($height, $width) {
            (1, 1) => $self.$tile::<S, 1, 1>($s, $($arg),*),
            (1, 2) => $self.$tile::<S, 1, 2>($s, $($arg),*),
            (1, 3) => $self.$tile::<S, 1, 3>($s, $($arg),*),
            (1, _) => $self.$tile::<S, 1, 4>($s, $($arg),*),
            (2, 1) => $self.$tile::<S, 2, 1>($s, $($arg),*),
            (2, 2) => $self.$tile::<S, 2, 2>($s, $($arg),*),
            (2, 3) => $self.$tile::<S, 2, 3>($s, $($arg),*),
            (2, _) => $self.$tile::<S, 2, 4>($s, $($arg),*),
            (3, 1) => $self.$tile::<S, 3, 1>($s, $($arg),*),
            (3, 2) => $self.$tile::<S, 3, 2>($s, $($arg),*),
            (3, 3) => $self.$tile::<S, 3, 3>($s, $($arg),*),
            (3, _) => $self.$tile::<S, 3, 4>($s, $($arg),*),
            (_, 1) => $self.$tile::<S, 4, 1>($s, $($arg),*),
            (_, 2) => $self.$tile::<S, 4, 2>($s, $($arg),*),
            (_, 3) => $self.$tile::<S, 4, 3>($s, $($arg),*),
            (_, _) => $self.$tile::<S, 4, 4>($s, $($arg),*),
        }
    };
}

impl Interleaved<'_> {
    /// Factors, with all rows below the triangle.
    #[inline(always)]
    pub(crate) fn factor<S: Simd>(&mut self, s: S) {
        for j in (0..self.order).step_by(S::SIDE) {
            let columns = S::SIDE.min(self.order - j);
            match columns {
                1 => self.pivot_tile::<S, 1>(s, j),
                2 => self.pivot_tile::<S, 2>(s, j),
                3 => self.pivot_tile::<S, 3>(s, j),
                _ => self.pivot_tile::<S, 4>(s, j),
            }
            for i in (j + columns..self.rows).step_by(S::SIDE) {
                let height = S::SIDE.min(self.rows - i);
                shaped!(self.solve_tile(s, height, columns, (i, j)));
            }
        }
    }

    #[inline(always)]
    fn pivot_tile<S: Simd, const C: usize>(&mut self, s: S, j: usize) {
        s.vectorize(Pivot::<C> { m: self.m, rows: self.rows, pivots: self.pivots, j });
    }

    #[inline(always)]
    fn solve_tile<S: Simd, const R: usize, const C: usize>(&mut self, s: S, at: (usize, usize)) {
        s.vectorize(Solve::<R, C> { m: self.m, rows: self.rows, pivots: self.pivots, at });
    }

    /// Solves L' x = z in place; `z` holds `order` vectors.
    #[inline(always)]
    pub(crate) fn back_substitute<S: Simd>(&self, s: S, z: &mut [f32]) {
        for i in (0..self.order).rev() {
            let (before, last) = z.split_at_mut(i * S::LANES);
            let x = s.mul(s.load(last), s.load(&self.pivots[i * S::LANES..]));
            s.store(x, last);
            for (j, z) in before.chunks_exact_mut(S::LANES).enumerate() {
                let l = s.load(&self.m[(j * self.rows + i) * S::LANES..]);
                s.store(s.fnma(l, x, s.load(z)), z);
            }
        }
    }
}

/// Sums of products of a panel's rows `i ..` and `j ..`; above the diagonal of a `DIAGONAL` tile, nothing.
#[inline(always)]
fn products<S: Simd, const R: usize, const C: usize, const DIAGONAL: bool>(
    s: S,
    panel: &[f32],
    width: usize,
    (i, j): (usize, usize),
) -> [[S::V; C]; R] {
    let mut sums = [[s.zero(); C]; R];
    for y in panel.chunks_exact(width) {
        let a = &y[i * S::LANES..][..R * S::LANES];
        let b = &y[j * S::LANES..][..C * S::LANES];
        let mut right = [s.zero(); C];
        for (c, right) in right.iter_mut().enumerate() {
            *right = s.load(&b[c * S::LANES..]);
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let left = s.load(&a[r * S::LANES..]);
            for (c, sum) in sums.iter_mut().enumerate() {
                if !DIAGONAL || c <= r {
                    *sum = s.fma(left, right[c], *sum);
                }
            }
        }
    }
    sums
}

/// A tile under the diagonal: minus the finished columns, then divided by the diagonal tile.
struct Solve<'a, const R: usize, const C: usize> {
    m: &'a mut [f32],
    rows: usize,
    pivots: &'a [f32],
    at: (usize, usize),
}

impl<const R: usize, const C: usize> Job for Solve<'_, R, C> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (i, j) = self.at;
        let width = self.rows * S::LANES;
        let (done, open) = self.m.split_at_mut(j * width);
        let sums = products::<S, R, C, false>(s, done, width, self.at);
        let mut x = [[s.zero(); C]; R];
        for c in 0..C {
            let pivot = s.load(&self.pivots[(j + c) * S::LANES..]);
            for r in 0..R {
                let mut left = s.load(&open[c * width + (i + r) * S::LANES..]);
                left = s.fnma(sums[r][c], s.splat(1.0), left);
                for b in 0..c {
                    let l = s.load(&open[b * width + (j + c) * S::LANES..]);
                    left = s.fnma(x[r][b], l, left);
                }
                x[r][c] = s.mul(left, pivot);
                s.store(x[r][c], &mut open[c * width + (i + r) * S::LANES..]);
            }
        }
    }
}

/// A tile on the diagonal.
struct Pivot<'a, const C: usize> {
    m: &'a mut [f32],
    rows: usize,
    pivots: &'a mut [f32],
    j: usize,
}

impl<const C: usize> Job for Pivot<'_, C> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let j = self.j;
        let width = self.rows * S::LANES;
        let (done, open) = self.m.split_at_mut(j * width);
        let sums = products::<S, C, C, true>(s, done, width, (j, j));
        let mut l = [[s.zero(); C]; C];
        for c in 0..C {
            let mut pivot = s.zero();
            for r in c..C {
                let mut left = s.load(&open[c * width + (j + r) * S::LANES..]);
                left = s.fnma(sums[r][c], s.splat(1.0), left);
                for (x, y) in l[r].iter().zip(&l[c]).take(c) {
                    left = s.fnma(*x, *y, left);
                }
                if r == c {
                    pivot = s.recip_sqrt(left);
                    s.store(pivot, &mut self.pivots[(j + c) * S::LANES..]);
                }
                l[r][c] = s.mul(left, pivot);
                s.store(l[r][c], &mut open[c * width + (j + r) * S::LANES..]);
            }
        }
    }
}
