//! One row on its way: the vectors and numbers of its steps.

use super::tile::{Source, TILE, project, spread};
use crate::kernel::row::Row;
use crate::kernel::row::gather::Rows;
use crate::kernel::row::single::{residual, root_scales};
use crate::kernel::simd::Simd;
use crate::kernel::vector::dot_in;

/// Vectors of coordinates of a row: scales, u, r, p, q.
pub(super) const VECTORS: usize = 5;

/// The most a direction may be stretched by the system, whose least eigenvalue is 1: beyond it rounding in single
/// precision moves the residual away from what the steps say it is, and the proof is worth nothing.
const STEEPEST: f32 = 1000.0;

/// A row is done when the distance from its minimiser is proven to be no more than this share of its length, both in
/// the norm of its system.
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

    /// `q = (I + V'V) p`. The widths met most are compiled for themselves, without inner loops.
    #[inline(always)]
    pub(super) fn multiply(&mut self, s: S) {
        match self.p.len() {
            4 => self.multiply_by::<4>(s),
            8 => self.multiply_by::<8>(s),
            _ => self.multiply_by::<0>(s),
        }
    }

    /// The same, `W` vectors wide, or any number of them for `W` of 0.
    #[inline(always)]
    fn multiply_by<const W: usize>(&mut self, s: S) {
        let width = if W == 0 { self.p.len() } else { W };
        let (p, q) = (&self.p[..width], &mut self.q[..width]);
        for (p, q) in p.iter().zip(q.iter_mut()) {
            s.store(s.load(p.as_ref()), q.as_mut());
        }
        let mut sum = s.zero();
        let whole = self.n / TILE + usize::from(self.n % TILE > 4);
        let (whole, rest) = self.tiles.split_at(whole * width);
        for tile in whole.chunks_exact(width) {
            let tile = &tile[..width];
            let z = project::<S, 2>(s, tile, p);
            sum = s.fma(z[0], z[0], s.fma(z[1], z[1], sum));
            spread::<S, 2>(s, tile, z, q);
        }
        if !rest.is_empty() {
            let rest = &rest[..width];
            let z = project::<S, 1>(s, rest, p);
            sum = s.fma(z[0], z[0], sum);
            spread::<S, 1>(s, rest, z, q);
        }
        self.bent = self.length + s.sum(s.head(sum, 4));
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
        let beta = s.splat(left / self.left);
        self.left = left;
        let mut sum = s.zero();
        for (r, p) in r.iter().zip(p.iter_mut()) {
            let turned = s.fma(beta, s.load(p.as_ref()), s.load(r.as_ref()));
            s.store(turned, p.as_mut());
            sum = s.fma(turned, turned, sum);
        }
        self.length = s.sum(sum);
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
