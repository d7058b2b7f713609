//! Scratch memory that starts on a cache line.

/// Floats in a cache line of 64 bytes: a vector of the widest machine never straddles two when it starts at a
/// multiple of this.
pub(crate) const LINE: usize = 16;

/// A reusable slice of floats whose first element starts a cache line. It only ever grows.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    store: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// At least `len` floats, of unspecified value. Allocates only when `len` is longer than ever before.
    #[inline]
    pub(crate) fn get(&mut self, len: usize) -> &mut [f32] {
        if self.len < len {
            self.grow(len);
        }
        &mut self.store[self.start..self.start + len]
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        self.store = vec![0.0; len + LINE];
        self.start = self.store.as_ptr().align_offset(4 * LINE).min(LINE);
        self.len = len;
    }
}

/// The distance between rows of scratch: `width` rounded up to whole cache lines, and never a multiple of
/// 1 KiB, at which rows would compete for the same few places of the first cache.
pub(crate) fn stride_for(width: usize) -> usize {
    let lines = width.max(1).div_ceil(LINE);
    (lines + usize::from(lines.is_multiple_of(16))) * LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_on_a_line_and_grow() {
        let mut b = Buffer::default();
        for len in [0, 1, 17, 1000, 5] {
            let x = b.get(len);
            assert_eq!(x.len(), len);
            assert!(len == 0 || x.as_ptr().align_offset(64) == 0);
        }
    }

    #[test]
    fn strides_avoid_powers() {
        assert_eq!(stride_for(0), 16);
        assert_eq!(stride_for(65), 80);
        assert_eq!(stride_for(256), 272);
        assert_eq!(stride_for(1024), 1040);
    }
}
