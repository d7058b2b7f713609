//! The inner products of all pairs of one row's events.
//!
//! The events are packed in blocks of four, scaled by the prior: a group of coordinates of the first, the same of
//! the second, and so on. A vector of a block times that group of one event, repeated, adds to as many sums
//! for each event of the vector, and four such vectors come down to their sums with a handful of shuffles.
//! Nothing has to be transposed before its product is known: at D = 64 and n = 20 there are six times fewer
//! pairs than coordinates. (Bench `kernel`, rows of 20: laying the coordinates of `LANES` rows out lane by lane
//! took 35 to 40 % of the whole solve, as much as the arithmetic; vectors of one event's coordinates, whose
//! sixteen lanes must then be added up, a quarter.)
//!
//! Tiles come block row by block row, so a shorter row fills a prefix of what a longer one fills.

use crate::kernel::row::gather::{Ahead, Rows};
use crate::kernel::simd::{Job, MAX_LANES, Simd};

/// Events of a block.
pub(super) const SIDE: usize = 4;

/// Products of a tile, which is the pairs of two blocks.
pub(super) const TILE: usize = SIDE * SIDE;

/// Floats of the panel for `n` events of `dim` coordinates, a multiple of `LANES`: whole blocks.
pub(super) fn panel_len(n: usize, dim: usize) -> usize {
    n.next_multiple_of(SIDE) * dim
}

/// Tiles for `n` events.
pub(super) fn tiles(n: usize) -> usize {
    let blocks = n.div_ceil(SIDE);
    blocks * (blocks + 1) / 2
}

/// Block row and block column of every tile for `n` events, in their order.
pub(super) fn corners(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n.div_ceil(SIDE)).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

/// The pair of events at a place of the tile of that block row and block column.
#[inline(always)]
pub(super) fn pair(at: usize, (i, j): (usize, usize)) -> (usize, usize) {
    (i * SIDE + at % SIDE, j * SIDE + at / SIDE)
}

/// Copies the events into blocks, coordinate k times `scales[k]`, with zeros up to whole vectors and blocks.
pub(super) struct Pack<'a, 'r, I> {
    pub(super) fixed: Rows<'a>,
    pub(super) indices: &'r [I],
    /// Whole vectors.
    pub(super) scales: &'a [f32],
    /// As many zeros as there are scales.
    pub(super) zeros: &'a [f32],
    pub(super) panel: &'a mut [f32],
}

impl<I: Copy + Into<usize>> Job for Pack<'_, '_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { fixed, indices, scales, zeros, panel } = self;
        let width = fixed.width();
        let blocks = panel.chunks_exact_mut((SIDE * scales.len()).max(1));
        for (indices, block) in indices.chunks(SIDE).zip(blocks) {
            let mut rows = [&zeros[..width]; SIDE];
            for (row, &i) in rows.iter_mut().zip(indices) {
                *row = fixed.at(fixed.start(i.into()));
            }
            let [a, b, c, d] = rows;
            let (a, b) = (a.chunks_exact(S::LANES), b.chunks_exact(S::LANES));
            let (c, d) = (c.chunks_exact(S::LANES), d.chunks_exact(S::LANES));
            let mut to = block.chunks_exact_mut(SIDE * S::LANES);
            let mut left = scales.chunks_exact(S::LANES);
            for ((((a, b), (c, d)), to), scales) in a.zip(b).zip(c.zip(d)).zip(to.by_ref()).zip(left.by_ref())
            {
                braid(s, [a, b, c, d], scales, to);
            }
            if let (Some(to), Some(scales)) = (to.next(), left.next()) {
                let mut heads = [[0.0; MAX_LANES]; SIDE];
                let whole = width / S::LANES * S::LANES;
                for (head, row) in heads.iter_mut().zip(rows) {
                    s.store(s.load_part(&row[whole..]), head);
                }
                let [a, b, c, d] = &heads;
                braid(s, [a, b, c, d], scales, to);
            }
        }
    }
}

/// `LANES` coordinates of a block.
#[inline(always)]
fn braid<S: Simd>(s: S, rows: [&[f32]; SIDE], scales: &[f32], to: &mut [f32]) {
    let vectors = s.braid(rows);
    for (v, to) in to.chunks_exact_mut(S::LANES).enumerate().take(SIDE) {
        let scale = s.group(&scales[v * S::LANES / SIDE / S::GROUP * S::GROUP..]);
        s.store(s.mul(vectors[v], scale), to);
    }
}

/// Writes the products of all tiles; meanwhile fetches what is ahead.
pub(super) struct Pairs<'a, T> {
    /// Packed events.
    pub(super) panel: &'a [f32],
    /// Coordinates in it.
    pub(super) dim: usize,
    pub(super) n: usize,
    pub(super) out: &'a mut [f32],
    pub(super) ahead: Ahead<'a, T>,
}

impl<T: ExactSizeIterator<Item = usize>> Job for Pairs<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { panel, dim, n, out, mut ahead } = self;
        let block = |b: usize| &panel[b * SIDE * dim..][..SIDE * dim];
        for i in 0..n.div_ceil(SIDE) {
            let down = (block(i), SIDE.min(n - i * SIDE));
            let mut j = 0;
            while j <= i {
                // Two blocks where the registers allow: twice as many multiply-adds for half as many loads more.
                if j < i && 2 * SIDE * SIDE * S::GROUP / S::LANES <= S::ROWS_BY_1 {
                    tiles_at(s, down, [block(j), block(j + 1)], (i, j), out);
                    j += 2;
                } else {
                    tiles_at(s, down, [block(j)], (i, j), out);
                    j += 1;
                }
                ahead.step(s);
            }
        }
    }
}

/// The products of the events of a block, of which there may be fewer than four, with those of `B` blocks: the tile at
/// `(i, j)` and those beside it.
#[inline(always)]
fn tiles_at<S: Simd, const B: usize>(
    s: S,
    (down, events): (&[f32], usize),
    across: [&[f32]; B],
    corner: (usize, usize),
    out: &mut [f32],
) {
    match events {
        1 => products::<S, B, 1>(s, down, across, corner, out),
        2 => products::<S, B, 2>(s, down, across, corner, out),
        3 => products::<S, B, 3>(s, down, across, corner, out),
        _ => products::<S, B, 4>(s, down, across, corner, out),
    }
}

/// The same for the first `C` events of a block.
#[inline(always)]
fn products<S: Simd, const B: usize, const C: usize>(
    s: S,
    down: &[f32],
    across: [&[f32]; B],
    (i, j): (usize, usize),
    out: &mut [f32],
) {
    let mut sums = [[[s.zero(); SIDE]; SIDE]; B];
    // The blocks are cut off with `down`: no length is compared inside the loop.
    let mut blocks = [&[][..]; B];
    for (block, across) in blocks.iter_mut().zip(across) {
        *block = &across[..down.len()];
    }
    let chunk = SIDE * S::GROUP;
    for (step_at, down) in down.chunks_exact(chunk).enumerate() {
        step::<S, B, C>(s, &mut sums, blocks, step_at * chunk, down);
    }
    for (b, sums) in sums.iter().enumerate() {
        s.totals(&sums[..chunk / S::LANES], &mut out[(i * (i + 1) / 2 + j + b) * TILE..][..TILE]);
    }
}

/// Adds the products of a group of coordinates, that at `at` of the blocks.
#[inline(always)]
fn step<S: Simd, const B: usize, const C: usize>(
    s: S,
    sums: &mut [[[S::V; SIDE]; SIDE]; B],
    blocks: [&[f32]; B],
    at: usize,
    down: &[f32],
) {
    let mut right = [s.zero(); C];
    for (c, right) in right.iter_mut().enumerate() {
        *right = s.group(&down[c * S::GROUP..]);
    }
    for (sums, block) in sums.iter_mut().zip(blocks) {
        for (sums, left) in sums.iter_mut().zip(block[at..][..SIDE * S::GROUP].chunks_exact(S::LANES)) {
            let left = s.load(left);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = s.fma(left, right, *sum);
            }
        }
    }
}
