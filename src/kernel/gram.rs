//! The Gram matrix of gathered rows.

use super::buffer::{Buffer, stride_for};
use super::error::SolveError;
use super::gathered::{Gathered, gathered_update};
use super::level::Level;
use super::row::{Ahead, Rows, check_len};
use super::simd::{Job, Simd};
use super::tile::tiles;

/// Rows between two passes over the triangle. Few, so that what is fetched beside a tile is about as much as a first
/// cache waits for at once. The Gram matrices of one epoch of `Ials` on Gowalla, K 64, one thread, ms: nothing fetched
/// and 96 rows 5.0, fetched 3.6, 64 rows 3.2, 48 rows 3.0, 32 rows 2.8, where 2.2 is what the arithmetic takes.
const CHUNK: usize = 32;

/// The symmetric matrix Y'Y of rows added one call after another.
///
/// The sum is made in the order of the calls, and inside a call in fixed chunks of its rows: to have the same
/// bits whatever the threads, give each fixed chunk of rows a `Gram` of its own and add those in order.
///
/// ```
/// use foldin::kernel::{Gram, Level, Rows};
///
/// let y = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
/// let mut gram = Gram::new(2, Level::detect());
/// gram.add(y, 0..y.count())?;
/// let mut out = [0.0; 4];
/// gram.lower(&mut out)?;
/// assert_eq!(out, [10.0, 0.0, 14.0, 20.0]);
/// let mut sum = [0.5, 0.0, 0.0];
/// gram.add_packed_to(&mut sum)?;
/// assert_eq!(sum, [10.5, 14.0, 20.0]);
/// # Ok::<(), foldin::kernel::SolveError>(())
/// ```
#[derive(Debug)]
pub struct Gram {
    dim: usize,
    level: Level,
    packed: Buffer,
    /// Where the rows of this pass over the triangle start, and those of the next.
    starts: [Vec<usize>; 2],
    sums: Buffer,
}

impl Gram {
    /// The zero matrix of order `dim`.
    #[must_use]
    pub fn new(dim: usize, level: Level) -> Self {
        let mut gram = Self {
            dim,
            level,
            packed: Buffer::default(),
            starts: Default::default(),
            sums: Buffer::default(),
        };
        gram.clear();
        gram
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.sums.get(self.dim * stride_for(self.dim)).fill(0.0);
    }

    /// Adds `y y'` for the rows of `rows` at `indices`; `dim (dim + 1) / 2` multiply-adds each.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when the rows are not `dim` wide; [`SolveError::Index`], after the rows before the
    /// wrong one were added or not.
    pub fn add<I: Into<usize>>(
        &mut self,
        rows: Rows<'_>,
        indices: impl IntoIterator<Item = I>,
    ) -> Result<(), SolveError> {
        let dim = self.dim;
        check_len("width of the rows", dim, rows.width())?;
        let stride = stride_for(dim);
        let indices = indices.into_iter().map(Into::into);
        let sums = self.sums.get(dim * stride);
        self.level.run(Add { rows, indices, starts: &mut self.starts, packed: &mut self.packed, sums })
    }

    /// Writes the lower triangle, row-major, diagonal included; what lies above is left alone.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `out` is not `dim * dim` long.
    pub fn lower(&mut self, out: &mut [f32]) -> Result<(), SolveError> {
        let dim = self.dim;
        check_len("Gram matrix", dim * dim, out.len())?;
        let stride = stride_for(dim);
        let sums = self.sums.get(dim * stride).chunks_exact(stride);
        for (i, (to, from)) in out.chunks_exact_mut(dim.max(1)).zip(sums).enumerate() {
            to[..=i].copy_from_slice(&from[..=i]);
        }
        Ok(())
    }

    /// Adds the lower triangle to a sum in double precision that holds nothing else: row after row without gaps.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `sum` is not `dim (dim + 1) / 2` long.
    pub fn add_packed_to(&mut self, mut sum: &mut [f64]) -> Result<(), SolveError> {
        let dim = self.dim;
        check_len("packed Gram matrix", dim * (dim + 1) / 2, sum.len())?;
        let stride = stride_for(dim);
        for (i, from) in self.sums.get(dim * stride).chunks_exact(stride).enumerate() {
            let (to, rest) = sum.split_at_mut(i + 1);
            to.iter_mut().zip(from).for_each(|(to, &from)| *to += f64::from(from));
            sum = rest;
        }
        Ok(())
    }
}

struct Add<'a, T> {
    rows: Rows<'a>,
    indices: T,
    starts: &'a mut [Vec<usize>; 2],
    packed: &'a mut Buffer,
    sums: &'a mut [f32],
}

impl<T: Iterator<Item = usize>> Job for Add<'_, T> {
    type Out = Result<(), SolveError>;

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) -> Self::Out {
        let rows = self.rows;
        let order = rows.width();
        let [mut now, mut next] = self.starts.each_mut();
        read(&mut self.indices, rows, CHUNK, now)?;
        while !now.is_empty() {
            read(&mut self.indices, rows, CHUNK, next)?;
            // The next rows come while these are multiplied.
            let mut ahead = Ahead::new(rows, next.iter().copied(), tiles::<S>(order));
            let from = Gathered { rows, starts: now, targets: &[] };
            let sums = (&mut *self.sums, stride_for(order));
            gathered_update(s, from, None, self.packed, sums, || ahead.step(s));
            std::mem::swap(&mut now, &mut next);
        }
        Ok(())
    }
}

/// The starts of the next `count` rows, or of those that are left.
#[inline(always)]
fn read(
    indices: &mut impl Iterator<Item = usize>,
    rows: Rows<'_>,
    count: usize,
    starts: &mut Vec<usize>,
) -> Result<(), SolveError> {
    starts.clear();
    for index in indices.take(count) {
        if index >= rows.count() {
            return Err(SolveError::Index { index, rows: rows.count() });
        }
        starts.push(rows.start(index));
    }
    Ok(())
}
