//! Rows of factors: in memory, each at the start of a cache line, or as they lie in a mapped file.

use super::error::SolveError;
use super::row::Rows;
use crate::numbers::Numbers;

/// Floats in a cache line: a vector of the widest machine never straddles two.
const LINE: usize = 16;

/// Rows of `width` floats, `stride` apart, zeros between. Rows of a mapped file have none between: the stride is the width.
/// They become rows in memory when they are first changed.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    store: Numbers<f32>,
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
        Self { store: store.into(), start, count, width, stride }
    }

    /// Rows that lie one after the other without gaps: copied, but for those of a mapped file, which are not read. There
    /// must be as many numbers.
    pub(crate) fn of_numbers(count: usize, width: usize, numbers: Numbers<f32>) -> Self {
        match numbers.is_mapped() && numbers.len() == count * width {
            true => Self { store: numbers, start: 0, count, width, stride: width },
            false => Self::from_dense(count, width, &numbers),
        }
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

    /// Whether they are rows of a mapped file, which nobody may have looked at yet.
    pub(crate) fn is_mapped(&self) -> bool {
        self.store.is_mapped()
    }

    /// The same rows in memory, to be changed.
    pub(crate) fn copy(&self) -> Self {
        match self.is_mapped() {
            true => Self::from_dense(self.count, self.width, &self.store),
            false => self.clone(),
        }
    }

    /// Copies rows of a mapped file into memory, where their stride is another.
    fn own(&mut self) {
        if self.is_mapped() {
            *self = self.copy();
        }
    }

    /// Makes it so many rows: those that are added are zeros. Adding rows one by one costs no more than adding them all.
    pub(crate) fn resize(&mut self, count: usize) {
        if count == self.count {
            return;
        }
        self.own();
        let dropped = count.min(self.count) * self.stride..self.count * self.stride;
        self.floats_mut()[dropped].fill(0.0);
        let needed = count * self.stride + LINE;
        if needed > self.store.len() {
            let (len, was) = (self.count * self.stride, self.start);
            let store = self.store.to_mut();
            store.resize(needed, 0.0);
            self.start = store.as_ptr().align_offset(4 * LINE).min(LINE);
            if self.start != was {
                store.copy_within(was..was + len, self.start);
                store[self.start + len..].fill(0.0);
                store[..self.start].fill(0.0);
            }
        }
        self.count = count;
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

    /// The same to be changed. Rows of a mapped file get another stride by it: ask for that afterwards.
    pub(crate) fn floats_mut(&mut self) -> &mut [f32] {
        self.own();
        &mut self.store.to_mut()[self.start..][..self.count * self.stride]
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.floats()[row * self.stride..][..self.width]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        self.own();
        let (stride, width) = (self.stride, self.width);
        &mut self.floats_mut()[row * stride..][..width]
    }

    /// As the kernel reads it.
    pub(crate) fn rows(&self) -> Result<Rows<'_>, SolveError> {
        Rows::new(self.floats(), self.width, self.stride)
    }
}

impl Clone for Matrix {
    /// The copy starts on a cache line of its own; rows of a mapped file are shared.
    fn clone(&self) -> Self {
        if self.is_mapped() {
            let store = self.store.clone();
            return Self { store, ..*self };
        }
        let mut copy = Self::new(self.count, self.width);
        copy.floats_mut().copy_from_slice(self.floats());
        copy
    }
}

impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        let same = |row| self.row(row) == other.row(row);
        (self.count, self.width) == (other.count, other.width) && (0..self.count).all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_when_others_come_and_go() {
        let mut rows = Matrix::new(0, 3);
        for n in 0..50 {
            rows.resize(n + 1);
            assert_eq!(rows.row(n), [0.0; 3]);
            rows.row_mut(n).fill(1.0 + n as f32);
        }
        assert_eq!(rows.floats().as_ptr().align_offset(4 * LINE), 0);
        rows.resize(20);
        rows.resize(40);
        for n in 0..40 {
            let expected = if n < 20 { 1.0 + n as f32 } else { 0.0 };
            assert_eq!(rows.row(n), [expected; 3]);
        }
        assert_eq!(rows, rows.clone());
    }
}
