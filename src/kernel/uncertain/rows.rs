//! Fixed rows with variances and weights, packed so that what one event reads stands together.

use crate::kernel::buffer::LINE;
use crate::kernel::error::SolveError;
use crate::kernel::row::{Rows, check_len};

/// Fixed rows of `dim` coordinates that are known only up to a variance, each with a weight.
///
/// The last coordinate of a row is its *offset*: what it adds to a product whatever the other side is. So row j
/// stands for y_j = (x_1 .. x_K, 1) and an offset b_j = x_D. Stored are sqrt(w) y and w v side by side, both
/// padded to whole cache lines, and the offsets apart.
#[derive(Debug, Default)]
pub struct UncertainRows {
    dim: usize,
    /// Floats of y, and of v, padding included.
    half: usize,
    store: Vec<f32>,
    /// Where the first whole cache line of `store` starts.
    start: usize,
    offsets: Vec<f32>,
}

impl UncertainRows {
    /// `count` rows at zero, with variance zero and weight one.
    #[must_use]
    pub fn new(dim: usize, count: usize) -> Self {
        let half = dim.max(1).next_multiple_of(LINE);
        let store = vec![0.0; 2 * half * count + LINE];
        let start = store.as_ptr().align_offset(4 * LINE).min(LINE);
        let mut rows = Self { dim: dim.max(1), half, store, start, offsets: vec![0.0; count] };
        let stride = 2 * half;
        for row in rows.store[start..].chunks_exact_mut(stride).take(count) {
            row[dim.max(1) - 1] = 1.0;
        }
        rows
    }

    /// Coordinates of a row, the offset included.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.offsets.len()
    }

    /// Makes it so many rows; those that are added are as in [`new`](Self::new). Adding rows one by one costs no more than
    /// adding them all.
    pub(crate) fn resize(&mut self, count: usize) {
        let (stride, before) = (2 * self.half, self.count());
        if self.start + stride * count > self.store.len() {
            let mut larger = Self::new(self.dim, count.max(before + before / 2));
            larger.store[larger.start..][..stride * before]
                .copy_from_slice(&self.store[self.start..][..stride * before]);
            larger.offsets = std::mem::take(&mut self.offsets);
            *self = larger;
        }
        self.offsets.resize(count, 0.0);
        for row in
            self.store[self.start..].chunks_exact_mut(stride).skip(count).take(before.saturating_sub(count))
        {
            row.fill(0.0);
            row[self.dim - 1] = 1.0;
        }
    }

    /// A row as it is kept, to be [put back](Self::put_back).
    pub(crate) fn kept(&self, i: usize) -> (Vec<f32>, f32) {
        (self.view().at(i).to_vec(), self.offsets[i])
    }

    /// Makes a row what it was.
    pub(crate) fn put_back(&mut self, i: usize, (row, offset): &(Vec<f32>, f32)) {
        let stride = 2 * self.half;
        self.store[self.start + stride * i..][..stride].copy_from_slice(row);
        self.offsets[i] = *offset;
    }

    /// All rows, to be written.
    pub fn all_mut(&mut self) -> UncertainRowsMut<'_> {
        let len = 2 * self.half * self.offsets.len();
        let data = &mut self.store[self.start..self.start + len];
        UncertainRowsMut { dim: self.dim, half: self.half, data, offsets: &mut self.offsets }
    }

    /// What the solver reads.
    pub(super) fn view(&self) -> View<'_> {
        let data = &self.store[self.start..][..2 * self.half * self.count()];
        View { dim: self.dim, half: self.half, data, offsets: &self.offsets }
    }

    /// The rows sqrt(w) y alone.
    pub(super) fn weighted(&self) -> Result<Rows<'_>, SolveError> {
        Rows::new(self.view().data, self.dim, 2 * self.half)
    }
}

/// [`UncertainRows`] as the solver reads them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) dim: usize,
    pub(super) half: usize,
    data: &'a [f32],
    pub(super) offsets: &'a [f32],
}

impl<'a> View<'a> {
    /// sqrt(w) y of row `i`, then w v, each `half` floats long.
    #[inline(always)]
    pub(super) fn at(self, i: usize) -> &'a [f32] {
        &self.data[2 * self.half * i..][..2 * self.half]
    }
}

impl Clone for UncertainRows {
    fn clone(&self) -> Self {
        let mut rows = Self::new(self.dim, self.count());
        let len = 2 * self.half * self.count();
        rows.store[rows.start..][..len].copy_from_slice(&self.store[self.start..][..len]);
        rows.offsets.copy_from_slice(&self.offsets);
        rows
    }
}

/// Part of [`UncertainRows`], to be written.
#[derive(Debug)]
pub struct UncertainRowsMut<'a> {
    dim: usize,
    half: usize,
    data: &'a mut [f32],
    offsets: &'a mut [f32],
}

impl<'a> UncertainRowsMut<'a> {
    /// The first `count` rows, and the rest; all rows, and none, when there are fewer.
    #[must_use]
    pub fn split_at(self, count: usize) -> (Self, Self) {
        let Self { dim, half, data, offsets } = self;
        let count = count.min(offsets.len());
        let (data, more) = data.split_at_mut(2 * half * count);
        let (offsets, others) = offsets.split_at_mut(count);
        (Self { dim, half, data, offsets }, Self { dim, half, data: more, offsets: others })
    }

    /// Sets row `i` to the mean `x` with variances `v` and weight `w` (not negative).
    ///
    /// # Errors
    /// [`SolveError::Shape`] for slices of another length than `dim`, [`SolveError::Index`].
    pub fn set(&mut self, i: usize, x: &[f32], v: &[f32], w: f32) -> Result<(), SolveError> {
        check_len("mean of a row", self.dim, x.len())?;
        check_len("variance of a row", self.dim, v.len())?;
        if i >= self.offsets.len() {
            return Err(SolveError::Index { index: i, rows: self.offsets.len() });
        }
        let root = w.sqrt();
        let (y, variance) = self.data[2 * self.half * i..][..2 * self.half].split_at_mut(self.half);
        let last = self.dim - 1;
        for (to, x) in y.iter_mut().zip(&x[..last]) {
            *to = root * x;
        }
        y[last] = root;
        for (to, v) in variance.iter_mut().zip(v) {
            *to = w * v;
        }
        self.offsets[i] = x[last];
        Ok(())
    }
}
