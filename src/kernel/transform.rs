//! Rows times a square matrix, in register tiles.
//!
//! The matrix is packed once per call into panels of two vectors of columns, each a block of memory without gaps. Rows
//! are copied aside a block at a time, because the product takes their place; then every tile of a block meets a panel
//! while it is in the cache, and beside each tile a little of the next block is fetched. An entry is one sum in the
//! order of the coordinates, whatever tile it falls into.

use super::buffer::Buffer;
use super::error::SolveError;
use super::level::Level;
use super::row::{Rows, RowsMut, check_len};
use super::simd::{Job, Simd};

/// Rows between two passes over the matrix: with their copy and a panel they stay in a first cache of 48 KiB up to 64
/// columns. The turns of one epoch of `Ials` on Gowalla, one thread, ms: 84 rows 4.2 at K 64 and 15.5 at 128, 42 rows
/// 3.9 and 14.1, 28 rows 3.7 and 14.7; without fetching, 5.5 at K 64. (All before the rows lay in segments.)
const BLOCK: usize = 42;

/// Coordinates that lie together in a block. The rows of a segment are a fixed distance apart: addresses of a tile's rows
/// that had to be computed took the turn of multiply-adds.
const SEGMENT: usize = 64;

/// Some coordinates of one row.
type Segment = [f32; SEGMENT];

/// Multiplies every row by a square matrix from the right, in place; `rows * n^2` multiply-adds, best for some hundred
/// rows at once. A row does not depend on the others.
///
/// # Errors
/// [`SolveError::Shape`] when the matrix is not square of the rows' width.
pub fn transform(level: Level, mut rows: RowsMut<'_>, matrix: Rows<'_>) -> Result<(), SolveError> {
    let n = rows.width();
    check_len("columns of the matrix", n, matrix.width())?;
    check_len("rows of the matrix", n, matrix.count())?;
    level.run(Transform { matrix, rows: &mut rows });
    Ok(())
}

struct Transform<'a, 'r> {
    matrix: Rows<'a>,
    rows: &'a mut RowsMut<'r>,
}

impl Job for Transform<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { matrix, rows } = self;
        let (n, stride) = (rows.width(), rows.stride());
        let (mut packed, mut block) = (Buffer::default(), Buffer::default());
        let segments = n.div_ceil(SEGMENT);
        let (block, _) = block.get(segments * BLOCK * SEGMENT).as_chunks_mut();
        let width = 2 * S::LANES;
        let panels = pack(matrix, width, &mut packed);
        // What of the next block is fetched beside each tile.
        let share = (BLOCK * stride).div_ceil(n.div_ceil(width) * BLOCK.div_ceil(S::ROWS_BY_2));
        for first in (0..rows.count()).step_by(BLOCK) {
            let count = BLOCK.min(rows.count() - first);
            for r in 0..count {
                let (whole, rest) = rows.row_mut(first + r).as_chunks();
                for (segment, from) in whole.iter().enumerate() {
                    block[segment * BLOCK + r] = *from;
                }
                if !rest.is_empty() {
                    block[whole.len() * BLOCK + r][..rest.len()].copy_from_slice(rest);
                }
            }
            let mut done = 0;
            for (p, panel) in panels.chunks_exact(n * width).enumerate() {
                let columns = width.min(n - p * width);
                let mut tiles = count.div_ceil(S::ROWS_BY_2);
                let mut at = 0;
                while at < count {
                    let height = (count - at).div_ceil(tiles);
                    let rest = rows.rest_mut(first + at);
                    let (out, next) = rest.split_at_mut(rest.len().min((count - at) * stride));
                    let out = Out { out: &mut out[p * width..], stride, columns };
                    let fetched = next.chunks(share).nth(done).unwrap_or_default();
                    tile(s, &block[at..], (panel, fetched), height, out);
                    at += height;
                    tiles -= 1;
                    done += 1;
                }
            }
        }
    }
}

/// The columns of the matrix, `width` at a time, row under row; the last panel is filled up with zeros.
#[inline(always)]
fn pack<'b>(matrix: Rows<'_>, width: usize, packed: &'b mut Buffer) -> &'b [f32] {
    let n = matrix.width();
    let panels = packed.get(n * n.next_multiple_of(width));
    panels.fill(0.0);
    for (p, panel) in panels.chunks_exact_mut(n * width).enumerate() {
        for (i, to) in panel.chunks_exact_mut(width).enumerate() {
            let from = &matrix.row(i).unwrap_or_default()[p * width..];
            let count = from.len().min(width);
            to[..count].copy_from_slice(&from[..count]);
        }
    }
    panels
}

struct Tile<'a, const R: usize> {
    /// The segments of a block, from the first of `R` rows on.
    x: &'a [Segment],
    panel: &'a [f32],
    to: Out<'a>,
    /// What is asked for meanwhile.
    fetched: &'a [f32],
}

/// Where the sums of a tile go.
struct Out<'a> {
    /// From the first row and column on.
    out: &'a mut [f32],
    /// Floats from one row to the next.
    stride: usize,
    /// Columns, up to two vectors of them.
    columns: usize,
}

impl<const R: usize> Job for Tile<'_, R> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = 2 * S::LANES;
        let mut sums = [[s.zero(); 2]; R];
        let lines = self.fetched.len().div_ceil(self.panel.len() / width).max(1);
        let mut fetched = self.fetched.chunks(lines);
        for (rows, panel) in self.x.chunks(BLOCK).zip(self.panel.chunks(SEGMENT * width)) {
            let Some(rows) = rows.first_chunk::<R>() else { break };
            for (i, columns) in (0..SEGMENT).zip(panel.chunks_exact(width)) {
                if let Some(next) = fetched.next() {
                    s.prefetch(next);
                }
                let (low, high) = (s.load(columns), s.load(&columns[S::LANES..]));
                for (sums, row) in sums.iter_mut().zip(rows) {
                    let x = s.splat(row[i]);
                    sums[0] = s.fma(x, low, sums[0]);
                    sums[1] = s.fma(x, high, sums[1]);
                }
            }
        }
        let Out { out, stride, columns } = self.to;
        for (r, [low, high]) in sums.into_iter().enumerate() {
            let out = &mut out[r * stride..][..columns];
            if columns == width {
                s.store(low, out);
                s.store(high, &mut out[S::LANES..]);
            } else if let Some((out, rest)) = out.split_at_mut_checked(S::LANES) {
                s.store(low, out);
                s.store_part(high, rest);
            } else {
                s.store_part(low, out);
            }
        }
    }
}

/// A tile whose height is known when it runs.
#[inline(always)]
fn tile<S: Simd>(s: S, x: &[Segment], (panel, fetched): (&[f32], &[f32]), height: usize, to: Out<'_>) {
    match height {
        1 => s.vectorize(Tile::<1> { x, panel, to, fetched }),
        2 => s.vectorize(Tile::<2> { x, panel, to, fetched }),
        3 => s.vectorize(Tile::<3> { x, panel, to, fetched }),
        4 => s.vectorize(Tile::<4> { x, panel, to, fetched }),
        5 => s.vectorize(Tile::<5> { x, panel, to, fetched }),
        6 => s.vectorize(Tile::<6> { x, panel, to, fetched }),
        7 => s.vectorize(Tile::<7> { x, panel, to, fetched }),
        8 => s.vectorize(Tile::<8> { x, panel, to, fetched }),
        9 => s.vectorize(Tile::<9> { x, panel, to, fetched }),
        10 => s.vectorize(Tile::<10> { x, panel, to, fetched }),
        11 => s.vectorize(Tile::<11> { x, panel, to, fetched }),
        12 => s.vectorize(Tile::<12> { x, panel, to, fetched }),
        13 => s.vectorize(Tile::<13> { x, panel, to, fetched }),
        _ => s.vectorize(Tile::<14> { x, panel, to, fetched }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    fn draw(row: u64, len: usize) -> Vec<f32> {
        let mut out = vec![0.0; len];
        Stream { seed: 4, epoch: 0, side: 0, row }.normal().fill(&mut out);
        out
    }

    #[test]
    fn every_level_agrees_with_f64_at_every_width_and_height() {
        for level in Level::available() {
            for (n, count) in (1..40).map(|n| (n, n / 2 + 1)).chain([(64, 200), (65, 85), (130, 9)]) {
                let stride = n + n % 3;
                let (matrix, data) = (draw(5, n * n), draw(6, count * stride));
                let mut turned = data.clone();
                let rows = RowsMut::new(&mut turned, n, stride).unwrap();
                transform(level, rows, Rows::new(&matrix, n, n).unwrap()).unwrap();
                for (at, &found) in turned.iter().enumerate() {
                    let (row, k) = (&data[at / stride * stride..][..stride], at % stride);
                    if k >= n {
                        assert_eq!(found, data[at], "what is between the rows stays");
                        continue;
                    }
                    let term = |i: usize| f64::from(row[i]) * f64::from(matrix[i * n + k]);
                    let exact: f64 = (0..n).map(term).sum();
                    assert!((f64::from(found) - exact).abs() < 1e-4, "{level} n {n}: {found} {exact}");
                }
                let mut alone = data[..stride].to_vec();
                let rows = RowsMut::new(&mut alone, n, stride).unwrap();
                transform(level, rows, Rows::new(&matrix, n, n).unwrap()).unwrap();
                assert_eq!(alone, turned[..stride], "{level} n {n}: a row does not depend on the others");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (matrix, mut data) = ([1.0; 6], [1.0; 6]);
        let tall = Rows::new(&matrix, 2, 2).unwrap();
        assert!(transform(Level::SCALAR, RowsMut::new(&mut data, 2, 2).unwrap(), tall).is_err());
        let wide = Rows::new(&matrix, 3, 3).unwrap();
        assert!(transform(Level::SCALAR, RowsMut::new(&mut data, 2, 2).unwrap(), wide).is_err());
        let square = Rows::new(&matrix[..4], 2, 2).unwrap();
        let nothing = RowsMut::new(&mut data[..0], 2, 2).unwrap();
        assert!(transform(Level::SCALAR, nothing, square).is_ok());
    }
}
