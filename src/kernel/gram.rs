//! The Gram matrix of gathered rows.

use super::buffer::{Buffer, stride_for};
use super::error::SolveError;
use super::gathered::{Gathered, chunk_of, gathered_update};
use super::level::Level;
use super::row::{Rows, check_len};
use super::simd::{Job, Simd};

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
/// # Ok::<(), foldin::kernel::SolveError>(())
/// ```
#[derive(Debug)]
pub struct Gram {
    dim: usize,
    level: Level,
    packed: Buffer,
    starts: Vec<usize>,
    sums: Buffer,
}

impl Gram {
    /// The zero matrix of order `dim`.
    #[must_use]
    pub fn new(dim: usize, level: Level) -> Self {
        let mut gram =
            Self { dim, level, packed: Buffer::default(), starts: Vec::new(), sums: Buffer::default() };
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
        let chunk = chunk_of(indices.size_hint().0, dim);
        let sums = self.sums.get(dim * stride);
        self.level.run(Add { rows, indices, chunk, starts: &mut self.starts, packed: &mut self.packed, sums })
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
}

struct Add<'a, T> {
    rows: Rows<'a>,
    indices: T,
    chunk: usize,
    starts: &'a mut Vec<usize>,
    packed: &'a mut Buffer,
    sums: &'a mut [f32],
}

impl<T: Iterator<Item = usize>> Job for Add<'_, T> {
    type Out = Result<(), SolveError>;

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) -> Self::Out {
        let rows = self.rows;
        let stride = stride_for(rows.width());
        loop {
            self.starts.clear();
            for index in self.indices.by_ref().take(self.chunk) {
                if index >= rows.count() {
                    return Err(SolveError::Index { index, rows: rows.count() });
                }
                self.starts.push(rows.start(index));
            }
            if self.starts.is_empty() {
                return Ok(());
            }
            let from = Gathered { rows, starts: self.starts, targets: &[] };
            gathered_update(s, from, None, self.packed, (self.sums, stride), || ());
        }
    }
}
