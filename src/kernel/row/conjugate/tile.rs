//! Events packed in tiles, and the two products of a step with them.

use crate::kernel::row::gather::Rows;
use crate::kernel::simd::Simd;

/// Events of a tile: for each vector of coordinates, that of every event of the tile, one after the other.
pub(super) const TILE: usize = 8;

/// What is left of a row of events at the end is multiplied by halves.
pub(super) const HALF: usize = TILE / 2;

/// What one vector of coordinates is in a tile.
pub(super) type Tile<S> = [[<S as Simd>::Array; TILE]];

/// Where the events of a tile come from.
pub(super) struct Source<'a, I> {
    pub(super) fixed: Rows<'a>,
    /// As many as the tile has, or fewer in the last one.
    pub(super) indices: &'a [I],
    /// What each event says, times the root of its weight.
    pub(super) said: &'a [f32],
    /// The roots of the weights.
    pub(super) roots: Option<&'a [f32]>,
}

impl<I: Copy + Into<usize>> Source<'_, I> {
    /// Packs the events, each times the scales and the root of its weight, and adds what they say to `r`.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(&self, s: S, scales: &[S::Array], tile: &mut Tile<S>, r: &mut [S::Array]) {
        let width = r.len();
        let (scales, tile) = (&scales[..width], &mut tile[..width]);
        let mut at = 0;
        while at < width {
            let (scales, tile, r) = (&scales[at..], &mut tile[at..], &mut r[at..]);
            at += match self.fixed.width() / S::LANES - at {
                8.. => self.columns::<S, 8>(s, at, scales, tile, r),
                4..8 => self.columns::<S, 4>(s, at, scales, tile, r),
                1..4 => self.columns::<S, 1>(s, at, scales, tile, r),
                0 => self.columns::<S, 0>(s, at, scales, tile, r),
            }
        }
    }

    /// `V` vectors of coordinates, from vector `at` on; for `V` of 0 what is left of one. Returns how many.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(
        &self,
        s: S,
        at: usize,
        scales: &[S::Array],
        tile: &mut Tile<S>,
        r: &mut [S::Array],
    ) -> usize {
        let count = V.max(1);
        let (scales, tile, r) = (&scales[..count], &mut tile[..count], &mut r[..count]);
        let mut sums = [s.zero(); 8];
        for v in 0..count {
            sums[v] = s.load(r[v].as_ref());
        }
        for (e, &i) in self.indices.iter().enumerate() {
            let y = self.fixed.at(self.fixed.start(i.into()));
            let said = s.splat(self.said[e]);
            let whole = &S::vectors(y)[at..][..V];
            for v in 0..count {
                let y = if V == 0 { s.load_part(&y[at * S::LANES..]) } else { s.load(whole[v].as_ref()) };
                let mut y = s.mul(y, s.load(scales[v].as_ref()));
                if let Some(roots) = self.roots {
                    y = s.mul(y, s.splat(roots[e]));
                }
                s.store(y, tile[v][e].as_mut());
                sums[v] = s.fma(said, y, sums[v]);
            }
        }
        for v in 0..count {
            s.store(sums[v], r[v].as_mut());
        }
        // Event by event: vector by vector each would be a call of a function that fills memory.
        for empty in self.indices.len()..self.indices.len().next_multiple_of(HALF) {
            for tile in tile.iter_mut() {
                s.store(s.zero(), tile[empty].as_mut());
            }
        }
        count
    }
}

/// Both products of a tile `W` vectors wide with vectors that are held in registers: returns what [`project`] gives, and
/// adds what [`spread`] adds.
#[inline(always)]
pub(super) fn held<S: Simd, const F: usize, const W: usize>(
    s: S,
    tile: &[[S::Array; TILE]; W],
    p: &[S::V; W],
    q: &mut [S::V; W],
) -> [S::V; F] {
    let mut dots = [[s.zero(); 4]; F];
    for v in 0..W {
        for (f, dots) in dots.iter_mut().enumerate() {
            for (e, dot) in dots.iter_mut().enumerate() {
                *dot = s.fma(s.load(tile[v][4 * f + e].as_ref()), p[v], *dot);
            }
        }
    }
    let z = total(s, dots);
    for (f, by) in apart(s, z).iter().enumerate() {
        for v in 0..W {
            for (e, &by) in by.iter().enumerate() {
                q[v] = s.fma(by, s.load(tile[v][4 * f + e].as_ref()), q[v]);
            }
        }
    }
    z
}

/// The sums of the lanes, those of four vectors in each group of four lanes.
#[inline(always)]
fn total<S: Simd, const F: usize>(s: S, dots: [[S::V; 4]; F]) -> [S::V; F] {
    let mut z = [s.zero(); F];
    for (z, dots) in z.iter_mut().zip(dots) {
        *z = s.fold(s.sums(dots));
    }
    z
}

/// Each of those sums in all lanes.
#[inline(always)]
fn apart<S: Simd, const F: usize>(s: S, z: [S::V; F]) -> [[S::V; 4]; F] {
    let mut by = [[s.zero(); 4]; F];
    for (by, z) in by.iter_mut().zip(z) {
        *by = [s.each::<0>(z), s.each::<1>(z), s.each::<2>(z), s.each::<3>(z)];
    }
    by
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
    total(s, dots)
}

/// `q += sum_j z_j v_j` over the first `F` times four events of a tile, `z` as [`project`] gives it.
#[inline(always)]
pub(super) fn spread<S: Simd, const F: usize>(s: S, tile: &Tile<S>, z: [S::V; F], q: &mut [S::Array]) {
    let by = apart(s, z);
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
