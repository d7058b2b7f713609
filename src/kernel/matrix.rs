//! Rows of factors in memory, each at the start of a cache line.

use super::error::SolveError;
use super::row::Rows;

/// Floats in a cache line: a vector of the widest machine never straddles two.
const LINE: usize = 16;

/// Rows of `width` floats, `stride` apart, zeros between.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    store: Vec<f32>,
    start: usize,
    count: usize,
    width: usize,
    stride: usize,
}

impl Matrix {
    /// All zeros.
    pub(crate) fn new(count: usize, width: usize) -> Self {
        let stride = width.next_multiple_of(LINE);
        let store = vec![0.0; count * stride + LINE];
        let start = store.as_ptr().align_offset(4 * LINE).min(LINE);
        Self { store, start, count, width, stride }
    }

    /// Rows that lie one after the other without gaps; what is missing at the end is zeros.
    pub(crate) fn from_dense(count: usize, width: usize, dense: &[f32]) -> Self {
        let mut matrix = Self::new(count, width);
        let stride = matrix.stride;
        let rows = matrix.floats_mut().chunks_exact_mut(stride.max(1));
        for (to, from) in rows.zip(dense.chunks_exact(width.max(1))) {
            to[..width].copy_from_slice(from);
        }
        matrix
    }

    /// The rows, one after the other without gaps.
    pub(crate) fn to_dense(&self) -> Vec<f32> {
        (0..self.count).flat_map(|row| self.row(row)).copied().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Everything, with the zeros between.
    pub(crate) fn floats(&self) -> &[f32] {
        &self.store[self.start..][..self.count * self.stride]
    }

    pub(crate) fn floats_mut(&mut self) -> &mut [f32] {
        &mut self.store[self.start..][..self.count * self.stride]
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.floats()[row * self.stride..][..self.width]
    }

    /// As the kernel reads it.
    pub(crate) fn rows(&self) -> Result<Rows<'_>, SolveError> {
        Rows::new(self.floats(), self.width, self.stride)
    }
}

impl Clone for Matrix {
    /// The copy starts on a cache line of its own.
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.count, self.width);
        copy.floats_mut().copy_from_slice(self.floats());
        copy
    }
}

impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.width) == (other.count, other.width) && self.floats() == other.floats()
    }
}
