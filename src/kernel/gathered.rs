//! The rank-n update by rows that lie here and there in a matrix.
//!
//! The register tiles read the rows where they are: the first tile brings them into the first cache, a chunk
//! that fits there, and the others find them. Copying them side by side first took, on AVX-512 at n = 200, a
//! quarter of the time at D = 32 and a seventh at D = 64. It is done only for rows with weights, and where a
//! whole vector would reach beyond the end of the matrix; the bits are the same.

use super::buffer::{Buffer, stride_for};
use super::row::{Rows, copy_scaled};
use super::simd::Simd;
use super::tile::{Panel, Rank, Ranks, Sum, Triangle};

/// Bytes of rows between two passes over the triangle: they stay in a first cache of 32 KiB or more while
/// every tile streams them again.
const CHUNK_BYTES: usize = 24 * 1024;

/// How many of `n` rows of that width to take for one pass over the triangle. All passes get about as many: a
/// short one at the end would load and store every tile for little.
#[inline(always)]
pub(crate) fn chunk_of(n: usize, width: usize) -> usize {
    let most = (CHUNK_BYTES / 4 / stride_for(width)).max(32);
    n.div_ceil(n.div_ceil(most).max(1)).max(1)
}

/// Rows of a matrix, one rank each.
#[derive(Clone, Copy)]
pub(crate) struct Gathered<'a> {
    /// The matrix.
    pub(crate) rows: Rows<'a>,
    /// Where the ranks start in it.
    pub(crate) starts: &'a [usize],
    /// One more coordinate of each, or nothing.
    pub(crate) targets: &'a [f32],
}

/// Ranks read where they are.
#[derive(Clone, Copy)]
struct InPlace<'a> {
    from: Gathered<'a>,
    next: usize,
}

impl Ranks for InPlace<'_> {
    #[inline(always)]
    fn target_row(&self) -> usize {
        self.from.rows.width()
    }

    #[inline(always)]
    fn next(&mut self, target: bool) -> Option<Rank<'_>> {
        let Gathered { rows, starts, targets } = self.from;
        let k = self.next;
        let y = rows.from(*starts.get(k)?, 0);
        self.next += 1;
        Some(Rank { y, target: if target { targets[k] } else { 0.0 } })
    }
}

/// Adds `sum_k w_k y_k y_k'` to the lower triangle of C, whose rows are `c_stride` apart, and to the row under
/// it when there are targets; no weights are all ones. `between` is called after each tile.
#[inline(always)]
pub(crate) fn gathered_update<S: Simd>(
    s: S,
    from: Gathered<'_>,
    weights: Option<&[f32]>,
    packed: &mut Buffer,
    (c, c_stride): (&mut [f32], usize),
    between: impl FnMut(),
) {
    let Gathered { rows, starts, targets } = from;
    let order = rows.width();
    let height = order + usize::from(!targets.is_empty());
    let sum = Sum { alpha: 1.0, c, c_stride };
    let last = starts.iter().fold(0, |last, &start| start.max(last));
    if weights.is_none() && rows.from(last, 0).len() >= order.next_multiple_of(S::LANES) {
        let ranks = InPlace { from, next: 0 };
        return Triangle { ranks, sum }.update(s, 0, order, height, between);
    }
    let stride = stride_for(height);
    let packed = packed.get(starts.len() * stride);
    for (k, (to, &start)) in packed.chunks_exact_mut(stride).zip(starts).enumerate() {
        let scale = weights.map_or(1.0, |w| w[k].sqrt());
        copy_scaled(s, rows.at(start), scale, to);
        if let Some(target) = targets.get(k) {
            to[order] = scale * target;
        }
    }
    let ranks = Panel { left: packed, stride };
    Triangle { ranks, sum }.update(s, 0, order, height, between);
}
