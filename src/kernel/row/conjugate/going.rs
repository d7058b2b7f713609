//! One row on its way: the vectors and numbers of its steps.

use super::tile::{HALF, Source, TILE, held, project, spread};
use crate::kernel::row::Row;
use crate::kernel::row::gather::{Ahead, Rows};
use crate::kernel::row::single::{residual, root_scales};
use crate::kernel::simd::Simd;
use crate::kernel::vector::dot_in;

/// Vectors of coordinates of a row: scales, u, r, p, q.
pub(super) const VECTORS: usize = 5;

/// The most a direction may be stretched by the system, whose least eigenvalue is 1: beyond it rounding in single
/// precision moves the residual too far away from what the steps say it is.
const STEEPEST: f32 = 1000.0;

/// A row is done when the residual its steps carry along is no longer than this share of its answer: but for rounding,
/// the distance from its minimiser is no more than that, both in the norm of its system.
const NEAR: f32 = 1e-6;

/// A row that is being solved.
pub(super) struct Going<'a, S: Simd> {
    pub(super) position: usize,
    /// The scaled events.
    tiles: &'a [[S::Array; TILE]],
    /// Events.
    n: usize,
    scales: &'a [S::Array],
    /// The prior mean.
    mean: Option<&'a [f32]>,
    /// The answer so far, in scaled coordinates.
    u: &'a mut [S::Array],
    /// The residual.
    r: &'a mut [S::Array],
    /// The direction.
    p: &'a mut [S::Array],
    /// The product of the direction.
    q: &'a mut [S::Array],
    /// The objective at the prior mean.
    pub(super) told: f32,
    /// `r . r`
    left: f32,
    /// `p . p`
    length: f32,
    /// `p . q`
    bent: f32,
    /// The largest `p . q / p . p` so far.
    steepest: f32,
    /// The square of the length of the answer so far, in the norm of the system.
    pub(super) energy: f32,
}

impl<'a, S: Simd> Going<'a, S> {
    #[inline(always)]
    pub(super) fn start<I: Copy + Into<usize>>(
        s: S,
        fixed: Rows<'_>,
        position: usize,
        row: &Row<'a, I>,
        tiles: &'a mut [[S::Array; TILE]],
        vectors: &'a mut [S::Array],
    ) -> Self {
        let width = vectors.len() / VECTORS;
        let n = row.indices.len();
        let (scales, rest) = vectors.split_at_mut(width);
        let (u, rest) = rest.split_at_mut(width);
        let (r, rest) = rest.split_at_mut(width);
        let (p, q) = rest.split_at_mut(width);
        root_scales(s, row.precision, scales);
        for (u, r) in u.iter_mut().zip(r.iter_mut()) {
            s.store(s.zero(), u.as_mut());
            s.store(s.zero(), r.as_mut());
        }
        // Targets are read where they are: what was just written one by one cannot be read as a vector at once.
        let plain = row.weights.is_none() && row.mean.is_none();
        let mut told = if plain { dot_in(s, row.targets, row.targets) } else { 0.0 };
        let (mut said, mut roots) = ([0.0; TILE], [1.0; TILE]);
        for ((t, tile), indices) in tiles.chunks_exact_mut(width).enumerate().zip(row.indices.chunks(TILE)) {
            let first = t * TILE;
            let source = if plain {
                Source { fixed, indices, said: &row.targets[first..], roots: None }
            } else {
                for e in 0..indices.len() {
                    roots[e] = row.weights.map_or(1.0, |w| w[first + e].sqrt());
                    said[e] = roots[e] * residual(s, fixed, row, first + e);
                    told += said[e] * said[e];
                }
                Source { fixed, indices, said: &said, roots: Some(&roots) }
            };
            source.pack(s, scales, tile, r);
        }
        let mut left = s.zero();
        for (r, p) in r.iter().zip(p.iter_mut()) {
            let r = s.load(r.as_ref());
            s.store(r, p.as_mut());
            left = s.fma(r, r, left);
        }
        let left = s.sum(left);
        Self {
            position,
            tiles,
            n,
            scales,
            mean: row.mean,
            u,
            r,
            p,
            q,
            told,
            left,
            length: left,
            bent: 0.0,
            steepest: 0.0,
            energy: 0.0,
        }
    }

    /// Whether the steps can be believed.
    #[inline(always)]
    pub(super) fn is_sound(&self) -> bool {
        self.left.is_finite() && self.steepest <= STEEPEST
    }

    /// At once where nothing is to be done.
    #[inline(always)]
    pub(super) fn is_near(&self) -> bool {
        self.left <= NEAR * NEAR * self.energy || self.left == 0.0
    }

    /// `q = (I + V'V) p`. The widths met most are compiled for themselves; beside each tile something is fetched.
    #[inline(always)]
    pub(super) fn multiply<T: ExactSizeIterator<Item = usize>>(
        &mut self,
        s: S,
        ahead: &mut Option<Ahead<'_, T>>,
    ) {
        let fetch = || {
            if let Some(ahead) = ahead {
                ahead.step(s)
            }
        };
        let bent = match self.p.len() {
            4 => self.multiply_held::<4>(s, fetch),
            8 => self.multiply_stored::<8>(s, fetch),
            _ => self.multiply_stored::<0>(s, fetch),
        };
        // Four lanes have the sums of all events; the others are copies.
        self.bent = self.length + s.sum(s.head(bent, 4));
    }

    /// The whole tiles, and what is left where no more than half a tile is.
    #[inline(always)]
    fn halves(&self, width: usize) -> [&'a [[S::Array; TILE]]; 2] {
        let whole = self.n / TILE + usize::from(self.n % TILE > HALF);
        let (whole, rest) = self.tiles.split_at(whole * width);
        [whole, rest]
    }

    /// The same, with `W` vectors of p and as many of q in registers; returns the squares of the products with p.
    #[inline(always)]
    fn multiply_held<const W: usize>(&mut self, s: S, mut fetch: impl FnMut()) -> S::V {
        let [whole, rest] = self.halves(W);
        let (from, to) = (&self.p[..W], &mut self.q[..W]);
        let mut p = [s.zero(); W];
        for v in 0..W {
            p[v] = s.load(from[v].as_ref());
        }
        let mut q = p;
        let mut squares = s.zero();
        for tile in whole.as_chunks::<W>().0 {
            fetch();
            let z = held::<S, 2, W>(s, tile, &p, &mut q);
            squares = s.fma(z[0], z[0], s.fma(z[1], z[1], squares));
        }
        if let [tile] = rest.as_chunks::<W>().0 {
            fetch();
            let [z] = held::<S, 1, W>(s, tile, &p, &mut q);
            squares = s.fma(z, z, squares);
        }
        for v in 0..W {
            s.store(q[v], to[v].as_mut());
        }
        squares
    }

    /// The same, `W` vectors wide, which do not fit in registers; or any number of them for `W` of 0.
    #[inline(always)]
    fn multiply_stored<const W: usize>(&mut self, s: S, mut fetch: impl FnMut()) -> S::V {
        let width = if W == 0 { self.p.len() } else { W };
        let [whole, rest] = self.halves(width);
        let (p, q) = (&self.p[..width], &mut self.q[..width]);
        for (p, q) in p.iter().zip(q.iter_mut()) {
            s.store(s.load(p.as_ref()), q.as_mut());
        }
        let mut squares = s.zero();
        for tile in whole.chunks_exact(width) {
            fetch();
            let tile = &tile[..width];
            let z = project::<S, 2>(s, tile, p);
            squares = s.fma(z[0], z[0], s.fma(z[1], z[1], squares));
            spread::<S, 2>(s, tile, z, q);
        }
        if !rest.is_empty() {
            fetch();
            let rest = &rest[..width];
            let [z] = project::<S, 1>(s, rest, p);
            squares = s.fma(z, z, squares);
            spread::<S, 1>(s, rest, [z], q);
        }
        squares
    }

    /// One step along p, and the next direction.
    #[inline(always)]
    pub(super) fn advance(&mut self, s: S) {
        let Self { u, r, p, q, .. } = self;
        let step = self.left / self.bent;
        self.steepest = self.steepest.max(self.bent / self.length);
        self.energy += step * self.left;
        let alpha = s.splat(step);
        let mut sum = s.zero();
        for (((u, r), p), q) in u.iter_mut().zip(r.iter_mut()).zip(p.iter()).zip(q.iter()) {
            s.store(s.fma(alpha, s.load(p.as_ref()), s.load(u.as_ref())), u.as_mut());
            let left = s.fnma(alpha, s.load(q.as_ref()), s.load(r.as_ref()));
            s.store(left, r.as_mut());
            sum = s.fma(left, left, sum);
        }
        let left = s.sum(sum);
        let ratio = left / self.left;
        let beta = s.splat(ratio);
        self.left = left;
        for (r, p) in r.iter().zip(p.iter_mut()) {
            s.store(s.fma(beta, s.load(p.as_ref()), s.load(r.as_ref())), p.as_mut());
        }
        // The step before left no residual along p.
        self.length = left + ratio * ratio * self.length;
    }

    #[inline(always)]
    pub(super) fn finish(&self, s: S, out: &mut [f32]) {
        for ((u, scale), x) in self.u.iter().zip(self.scales).zip(out.chunks_mut(S::LANES)) {
            let v = s.mul(s.load(u.as_ref()), s.load(scale.as_ref()));
            if x.len() == S::LANES { s.store(v, x) } else { s.store_part(v, x) }
        }
        if let Some(mean) = self.mean {
            out.iter_mut().zip(mean).for_each(|(x, m)| *x += m);
        }
    }
}
