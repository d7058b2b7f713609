//! Row-major matrices seen by the solver, and gathered combinations of their rows.

use super::check_len;
use crate::kernel::buffer::LINE;
use crate::kernel::error::SolveError;
use crate::kernel::simd::Simd;

/// A row-major matrix that is read: rows of `width` floats, `stride` apart.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    width: usize,
    stride: usize,
    count: usize,
}

/// A row-major matrix that is written.
#[derive(Debug)]
pub struct RowsMut<'a> {
    data: &'a mut [f32],
    width: usize,
    stride: usize,
    count: usize,
}

/// Rows in `len` floats; the last may lack what follows its `width`.
fn count(len: usize, width: usize, stride: usize) -> Result<usize, SolveError> {
    if width == 0 || stride < width {
        return Err(SolveError::Shape { what: "stride", expected: width.max(1), found: stride });
    }
    let rest = len % stride;
    if rest > 0 && rest < width {
        check_len("data of whole rows", len - rest, len)?;
    }
    Ok(len / stride + usize::from(rest >= width))
}

impl<'a> Rows<'a> {
    /// Sees `data` as rows.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `width` is zero, `stride` is less than `width`, or the last row is cut off.
    pub fn new(data: &'a [f32], width: usize, stride: usize) -> Result<Self, SolveError> {
        let count = count(data.len(), width, stride)?;
        Ok(Self { data, width, stride, count })
    }

    /// Floats of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Row `i`, if there is one.
    #[must_use]
    pub fn row(&self, i: usize) -> Option<&'a [f32]> {
        (i < self.count).then(|| self.at(i * self.stride))
    }

    /// Where row `i` starts.
    #[inline(always)]
    pub(in crate::kernel) fn start(&self, i: usize) -> usize {
        i * self.stride
    }

    /// Asks for the cache lines of the row that starts there.
    #[inline(always)]
    pub(super) fn prefetch<S: Simd>(&self, s: S, start: usize) {
        for line in self.at(start).chunks(LINE) {
            s.prefetch(line);
        }
    }

    /// `LANES` or more floats of the row that starts there, from coordinate `k`.
    #[inline(always)]
    pub(in crate::kernel) fn from(&self, start: usize, k: usize) -> &'a [f32] {
        &self.data[start + k..]
    }

    /// The row that starts there.
    #[inline(always)]
    pub(in crate::kernel) fn at(&self, start: usize) -> &'a [f32] {
        &self.data[start..start + self.width]
    }
}

impl<'a> RowsMut<'a> {
    /// Sees `data` as rows.
    ///
    /// # Errors
    /// As [`Rows::new`].
    pub fn new(data: &'a mut [f32], width: usize, stride: usize) -> Result<Self, SolveError> {
        let count = count(data.len(), width, stride)?;
        Ok(Self { data, width, stride, count })
    }

    /// Floats of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    pub(in crate::kernel) fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.stride..][..self.width]
    }

    /// Asks for the cache lines of row `i`, which is to be written.
    #[inline(always)]
    pub(super) fn prefetch<S: Simd>(&self, s: S, i: usize) {
        for line in self.data[i * self.stride..][..self.width].chunks(LINE) {
            s.prefetch(line);
        }
    }

    /// Everything from row `i` on.
    #[inline(always)]
    pub(in crate::kernel) fn rest_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.stride..]
    }

    /// Floats from one row to the next.
    #[inline(always)]
    pub(in crate::kernel) fn stride(&self) -> usize {
        self.stride
    }
}

/// A matrix of so many bytes stays in a second cache of a processor with AVX-512, and is fetched in time without
/// being asked for.
const NEAR_BYTES: usize = 1 << 20;

/// Fetches rows ahead of their use, a few at each step of somebody else's arithmetic.
pub(in crate::kernel) struct Ahead<'a, T> {
    fixed: Rows<'a>,
    rows: T,
    each: usize,
}

impl<'a, T: ExactSizeIterator<Item = usize>> Ahead<'a, T> {
    /// Rows given by their starts, spread over about `steps` steps; none where the whole matrix stays near.
    #[inline(always)]
    pub(in crate::kernel) fn new(fixed: Rows<'a>, rows: T, steps: usize) -> Self {
        let far = size_of_val(fixed.data) > NEAR_BYTES;
        let each = if far { rows.len().div_ceil(steps.max(1)) } else { 0 };
        Self { fixed, rows, each }
    }

    /// Fetches the next ones.
    #[inline(always)]
    pub(in crate::kernel) fn step<S: Simd>(&mut self, s: S) {
        for start in self.rows.by_ref().take(self.each) {
            self.fixed.prefetch(s, start);
        }
    }
}

/// Copies `x`, times `scale`, to the head of `to`, and zeros up to a whole vector.
#[inline(always)]
pub(in crate::kernel) fn copy_scaled<S: Simd>(s: S, x: &[f32], scale: f32, to: &mut [f32]) {
    let factor = s.splat(scale);
    let mut from = x.chunks_exact(S::LANES);
    let mut to = to.chunks_exact_mut(S::LANES);
    for (x, to) in from.by_ref().zip(to.by_ref()) {
        s.store(s.mul(s.load(x), factor), to);
    }
    let rest = from.remainder();
    if let (false, Some(to)) = (rest.is_empty(), to.next()) {
        s.store(s.mul(s.load_part(rest), factor), to);
    }
}

/// `out = sum_j z_j y_j` over rows given by their starts; the sum of a coordinate is made in their order.
#[inline(always)]
pub(super) fn combine<S: Simd>(
    s: S,
    fixed: Rows<'_>,
    terms: impl Iterator<Item = (usize, f32)> + Clone,
    out: &mut [f32],
) {
    // As many vectors in one pass over the rows as there are; then what is left of one.
    let mut at = 0;
    loop {
        let terms = terms.clone();
        match (out.len() - at) / S::LANES {
            8.. => at += pass::<S, 8>(s, fixed, terms, at, out),
            4..8 => at += pass::<S, 4>(s, fixed, terms, at, out),
            2..4 => at += pass::<S, 2>(s, fixed, terms, at, out),
            1 => at += pass::<S, 1>(s, fixed, terms, at, out),
            0 => break,
        }
    }
    if at < out.len() {
        let mut sum = s.zero();
        for (start, z) in terms {
            sum = s.fma(s.splat(z), s.load_part(&fixed.at(start)[at..]), sum);
        }
        s.store_part(sum, &mut out[at..]);
    }
}

/// `V` vectors of coordinates from `at`. Returns how many coordinates.
#[inline(always)]
fn pass<S: Simd, const V: usize>(
    s: S,
    fixed: Rows<'_>,
    terms: impl Iterator<Item = (usize, f32)>,
    at: usize,
    out: &mut [f32],
) -> usize {
    let out = &mut out[at..][..V * S::LANES];
    let mut sums = [s.zero(); V];
    for (start, z) in terms {
        let y = &fixed.data[start + at..][..V * S::LANES];
        let z = s.splat(z);
        for (v, sum) in sums.iter_mut().enumerate() {
            *sum = s.fma(z, s.load(&y[v * S::LANES..]), *sum);
        }
    }
    for (v, sum) in sums.into_iter().enumerate() {
        s.store(sum, &mut out[v * S::LANES..]);
    }
    V * S::LANES
}
