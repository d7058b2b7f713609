//! Events packed in tiles, and the two products of a step with them.

use crate::kernel::row::Row;
use crate::kernel::row::gather::Rows;
use crate::kernel::row::single::residual;
use crate::kernel::simd::Simd;

/// Events of a tile: for each vector of coordinates, that of every event of the tile, one after the other.
pub(super) const TILE: usize = 8;

/// What one vector of coordinates is in a tile.
pub(super) type Tile<S> = [[<S as Simd>::Array; TILE]];

/// Packs the events from `first` on, each times the root of its weight and the scales; returns what they say.
#[inline(always)]
pub(super) fn pack<S: Simd, I: Copy + Into<usize>>(
    s: S,
    fixed: Rows<'_>,
    row: &Row<'_, I>,
    first: usize,
    scales: &[S::Array],
    tile: &mut Tile<S>,
) -> [f32; TILE] {
    let mut said = [0.0; TILE];
    for (e, said) in said.iter_mut().enumerate() {
        let j = first + e;
        let Some(&i) = row.indices.get(j) else {
            for to in tile.iter_mut() {
                s.store(s.zero(), to[e].as_mut());
            }
            continue;
        };
        let weight = row.weights.map_or(1.0, |w| w[j].sqrt());
        *said = weight * residual(s, fixed, row, j);
        let weight = s.splat(weight);
        let y = fixed.at(fixed.start(i.into()));
        let whole = S::vectors(y);
        for ((y, scale), to) in whole.iter().zip(scales).zip(tile.iter_mut()) {
            s.store(s.mul(s.load(y.as_ref()), s.mul(s.load(scale.as_ref()), weight)), to[e].as_mut());
        }
        if let (Some(scale), Some(to)) = (scales.get(whole.len()), tile.get_mut(whole.len())) {
            let y = s.load_part(&y[whole.len() * S::LANES..]);
            s.store(s.mul(y, s.mul(s.load(scale.as_ref()), weight)), to[e].as_mut());
        }
    }
    said
}

/// `z_j = v_j . p` for the first `F` times four events of a tile: four of them in each group of four lanes.
#[inline(always)]
pub(super) fn project<S: Simd, const F: usize>(s: S, tile: &Tile<S>, p: &[S::Array]) -> [S::V; F] {
    let mut dots = [[s.zero(); 4]; F];
    for (tile, p) in tile.iter().zip(p) {
        let p = s.load(p.as_ref());
        for (f, dots) in dots.iter_mut().enumerate() {
            for (e, dot) in dots.iter_mut().enumerate() {
                *dot = s.fma(s.load(tile[4 * f + e].as_ref()), p, *dot);
            }
        }
    }
    let mut z = [s.zero(); F];
    for (z, &dots) in z.iter_mut().zip(&dots) {
        *z = s.fold(s.sums(dots));
    }
    z
}

/// `q += sum_j z_j v_j` over the first `F` times four events of a tile, `z` as [`project`] gives it.
#[inline(always)]
pub(super) fn spread<S: Simd, const F: usize>(s: S, tile: &Tile<S>, z: [S::V; F], q: &mut [S::Array]) {
    let mut by = [[s.zero(); 4]; F];
    for (by, &z) in by.iter_mut().zip(&z) {
        *by = [s.each::<0>(z), s.each::<1>(z), s.each::<2>(z), s.each::<3>(z)];
    }
    for (tile, q) in tile.iter().zip(q) {
        // Two chains, so that a sum does not wait for the one before it.
        let mut sums = [s.load(q.as_ref()), s.zero()];
        for (f, by) in by.iter().enumerate() {
            for (e, &by) in by.iter().enumerate() {
                sums[e % 2] = s.fma(by, s.load(tile[4 * f + e].as_ref()), sums[e % 2]);
            }
        }
        s.store(s.add(sums[0], sums[1]), q.as_mut());
    }
}
