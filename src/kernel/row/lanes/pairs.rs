//! The inner products of all pairs of one row's events.
//!
//! The events are packed in blocks of four, scaled by the prior: four coordinates of the first, the same four of
//! the second, and so on. A vector of a block times four coordinates of one event, repeated, adds to four sums
//! for each event of the vector, and four such vectors come down to their sums with a handful of shuffles.
//! Nothing has to be transposed before its product is known: at D = 64 and n = 20 there are six times fewer
//! pairs than coordinates. (Bench `kernel`, rows of 20: laying the coordinates of `LANES` rows out lane by lane
//! took 35 to 40 % of the whole solve, as much as the arithmetic; vectors of one event's coordinates, whose
//! sixteen lanes must then be added up, a quarter.)
//!
//! Tiles come block row by block row, so a shorter row fills a prefix of what a longer one fills.

use crate::kernel::row::gather::{Ahead, Rows};
use crate::kernel::simd::{Job, MAX_LANES, Simd};

/// Events of a block, and coordinates that lie together.
pub(super) const SIDE: usize = 4;

/// Products of a tile, which is the pairs of two blocks; also floats of a block at one step of coordinates.
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
        let scale = s.four(&scales[v * S::LANES / TILE * SIDE..]);
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
                // Two blocks where the registers allow: eight multiply-adds for six loads.
                if j < i && 2 * SIDE * TILE / S::LANES <= S::ROWS_BY_1 {
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
    // Two sums of each product, in turn, so that few products do not wait for their last multiply-add.
    let mut even = [[[s.zero(); SIDE]; SIDE]; B];
    let mut odd = even;
    let apart = B * C <= SIDE;
    // The blocks are cut off with `down`: no length is compared inside the loop.
    let mut blocks = [&[][..]; B];
    for (block, across) in blocks.iter_mut().zip(across) {
        *block = &across[..down.len()];
    }
    let mut chunks = down.chunks_exact(2 * TILE);
    let mut at = 0;
    for down in chunks.by_ref() {
        step::<S, B, C>(s, &mut even, blocks, at, &down[..TILE]);
        step::<S, B, C>(s, if apart { &mut odd } else { &mut even }, blocks, at + TILE, &down[TILE..]);
        at += 2 * TILE;
    }
    if let down @ [_, ..] = chunks.remainder() {
        step::<S, B, C>(s, &mut even, blocks, at, down);
    }
    for (b, (even, odd)) in even.into_iter().zip(odd).enumerate() {
        let out = &mut out[(i * (i + 1) / 2 + j + b) * TILE..][..TILE];
        for ((even, odd), out) in even.into_iter().zip(odd).zip(out.chunks_exact_mut(S::LANES)) {
            let mut sums = even;
            for c in 0..C {
                if apart {
                    sums[c] = s.add(even[c], odd[c]);
                }
            }
            s.store(s.sums(sums), out);
        }
    }
}

/// Adds the products of four coordinates, those at `at` of the blocks.
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
        *right = s.four(&down[c * SIDE..]);
    }
    for (sums, block) in sums.iter_mut().zip(blocks) {
        for (sums, left) in sums.iter_mut().zip(block[at..][..TILE].chunks_exact(S::LANES)) {
            let left = s.load(left);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = s.fma(left, right, *sum);
            }
        }
    }
}
