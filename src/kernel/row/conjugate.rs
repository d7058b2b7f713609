//! One row by conjugate gradients, until its answer is as near as single precision brings it.
//!
//! In coordinates scaled by the roots of the prior precision, u = P^(1/2) (x - m), the matrix of the row is
//! I + V'V with v_j = sqrt(w_j) P^(-1/2) y_j: the identity and n more ranks. Where the prior holds most of what the
//! events say (as the unobserved pairs of implicit feedback do), its eigenvalues lie in a short interval with a few
//! above it, and each step of conjugate gradients takes a digit or nearly so: `2 n D` multiply-adds a step, where a
//! factorisation pays `n^2 D / 2` or `n D^2 / 2` first.
//!
//! How near the answer is, is proven and not guessed: no eigenvalue is below 1, so the distance from the minimiser in
//! the norm of the system, which is what the objective measures, is at most the length of the residual. Hestenes &
//! Stiefel 1952; the energies of the steps add up to the energy of the answer.
//!
//! Against a solution in double precision, in that norm, on the items of MovieLens 1M and Gowalla at 64 factors: mean
//! 2e-7 to 9e-7 from the shortest rows to the longest, where the primal leaves 2e-7 to 3e-7. The steps this takes: 5 to
//! 7 for rows of up to 64 events on Gowalla, 9 to 14 for the longest rows of MovieLens. The diagonal of the system, and
//! the prior plus what a row of that length has on average, precondition no better; a start from the row of the epoch
//! before saves a step and costs one.

use super::gather::{Ahead, Rows};
use super::single::{finite, residual, root_scales};
use super::{Answers, Row, Workspace};
use crate::kernel::simd::{Job, Simd};

/// A row is done when the distance from its minimiser is proven to be no more than this share of its length, both in
/// the norm of its system.
const NEAR: f32 = 1e-6;

/// Steps after which a row is given to a factorisation.
const MOST_STEPS: usize = 24;

/// The most a direction may be stretched by the system, whose least eigenvalue is 1: beyond it rounding in single
/// precision moves the residual away from what the steps say it is, and the proof is worth nothing.
const STEEPEST: f32 = 1000.0;

/// Rows that are solved side by side at most.
const TOGETHER: usize = 4;

/// Floats of packed events beyond which no row joins others: what is packed stays in the first cache.
const PANEL: usize = 8 * 1024;

/// Events of a tile: for each vector of coordinates, that of every event of the tile, one after the other.
const TILE: usize = 8;

/// What one vector of coordinates is in a tile.
type Tile<S> = [[<S as Simd>::Array; TILE]];

/// Rows solved through products alone, some side by side: while one waits for a sum, another goes on.
pub(super) struct Conjugate<'a, 'o, F> {
    pub(super) fixed: Rows<'a>,
    /// Lengths and positions of the rows.
    pub(super) list: &'a [(usize, usize)],
    pub(super) row: &'a F,
    pub(super) workspace: &'a mut Workspace,
    pub(super) answers: &'a mut Answers<'o>,
    /// Gets the positions of the rows that did not come near enough, or are not finite.
    pub(super) unfinished: &'a mut Vec<usize>,
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Job for Conjugate<'_, '_, F> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let padded = self.fixed.width().next_multiple_of(S::LANES);
        let mut starts = std::mem::take(&mut self.workspace.starts);
        let mut list = self.list;
        while !list.is_empty() {
            let (now, after) = list.split_at(fitting(list, padded));
            starts.clear();
            for &(_, r) in &after[..fitting(after, padded)] {
                starts.extend((self.row)(r).indices.iter().map(|&i| self.fixed.start(i.into())));
            }
            // Over the first two steps.
            self.solve(s, now, padded, Ahead::new(self.fixed, starts.iter().copied(), 2 * now.len()));
            list = after;
        }
        self.workspace.starts = starts;
    }
}

/// How many rows at the head of the list go side by side.
#[inline(always)]
fn fitting(list: &[(usize, usize)], padded: usize) -> usize {
    let mut floats = 0;
    let mut rows = 0;
    for &(n, _) in list.iter().take(TOGETHER) {
        floats += n * padded;
        if rows > 0 && floats > PANEL {
            break;
        }
        rows += 1;
    }
    rows
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Conjugate<'_, '_, F> {
    /// Solves rows side by side.
    #[inline(always)]
    fn solve<S: Simd>(
        &mut self,
        s: S,
        list: &[(usize, usize)],
        padded: usize,
        mut ahead: Ahead<'_, impl ExactSizeIterator<Item = usize>>,
    ) {
        let Workspace { panel, solution, .. } = &mut *self.workspace;
        let width = padded / S::LANES;
        let floats = list.iter().map(|&(n, _)| n.next_multiple_of(TILE) * padded).sum();
        let mut panel = S::vectors_mut(panel.get(floats)).as_chunks_mut::<TILE>().0;
        let mut vectors = S::vectors_mut(solution.get(VECTORS * padded * list.len()));
        let mut group: [Option<Going<'_, S>>; TOGETHER] = [const { None }; TOGETHER];
        for (&(n, r), going) in list.iter().zip(&mut group) {
            let (tiles, rest) = std::mem::take(&mut panel).split_at_mut(n.div_ceil(TILE) * width);
            panel = rest;
            let (own, rest) = std::mem::take(&mut vectors).split_at_mut(VECTORS * width);
            vectors = rest;
            *going = Some(Going::start(s, self.fixed, r, &(self.row)(r), tiles, own));
        }
        for step in 0..=MOST_STEPS {
            let mut all = true;
            for place in &mut group {
                let Some(going) = place else { continue };
                if !going.is_sound() || (step == MOST_STEPS && !going.is_near()) {
                    self.unfinished.push(going.position);
                    *place = None;
                } else if going.is_near() {
                    let r = going.position;
                    let out = self.answers.rows.row_mut(r);
                    going.finish(s, (self.row)(r).mean, out);
                    if !finite(out) {
                        self.unfinished.push(r);
                    }
                    self.answers.note_minimum(r, || going.told - going.energy);
                    *place = None;
                } else {
                    all = false;
                }
            }
            if all {
                break;
            }
            for going in group.iter_mut().flatten() {
                ahead.step(s);
                going.multiply(s);
            }
            for going in group.iter_mut().flatten() {
                going.advance(s);
            }
        }
    }
}

/// A row that is being solved.
struct Going<'a, S: Simd> {
    position: usize,
    /// The scaled events.
    tiles: &'a [[S::Array; TILE]],
    /// Events.
    n: usize,
    scales: &'a [S::Array],
    /// The answer so far, in scaled coordinates.
    u: &'a mut [S::Array],
    /// The residual.
    r: &'a mut [S::Array],
    /// The direction.
    p: &'a mut [S::Array],
    /// The product of the direction.
    q: &'a mut [S::Array],
    /// The objective at the prior mean.
    told: f32,
    /// `r . r`
    left: f32,
    /// `p . p`
    length: f32,
    /// `p . q`
    bent: f32,
    /// The largest `p . q / p . p` so far.
    steepest: f32,
    /// The square of the length of the answer so far, in the norm of the system.
    energy: f32,
}

/// Vectors of coordinates of a row: scales, u, r, p, q.
const VECTORS: usize = 5;

impl<'a, S: Simd> Going<'a, S> {
    #[inline(always)]
    fn start<I: Copy + Into<usize>>(
        s: S,
        fixed: Rows<'_>,
        position: usize,
        row: &Row<'_, I>,
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
        let mut told = 0.0;
        for (t, tile) in tiles.chunks_exact_mut(width).enumerate() {
            let z = pack(s, fixed, row, t * TILE, scales, tile);
            told += z.iter().map(|z| z * z).sum::<f32>();
            spread::<S, 2>(s, tile, [s.four(&z), s.four(&z[4..])], r);
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
    fn is_sound(&self) -> bool {
        self.left.is_finite() && self.steepest <= STEEPEST
    }

    /// At once where nothing is to be done.
    #[inline(always)]
    fn is_near(&self) -> bool {
        self.left <= NEAR * NEAR * self.energy || self.left == 0.0
    }

    /// `q = (I + V'V) p`. The widths met most are compiled for themselves, without inner loops.
    #[inline(always)]
    fn multiply(&mut self, s: S) {
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
    fn advance(&mut self, s: S) {
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
    fn finish(&self, s: S, mean: Option<&[f32]>, out: &mut [f32]) {
        for ((u, scale), x) in self.u.iter().zip(self.scales).zip(out.chunks_mut(S::LANES)) {
            let v = s.mul(s.load(u.as_ref()), s.load(scale.as_ref()));
            if x.len() == S::LANES { s.store(v, x) } else { s.store_part(v, x) }
        }
        if let Some(mean) = mean {
            out.iter_mut().zip(mean).for_each(|(x, m)| *x += m);
        }
    }
}

/// Packs the events from `first` on, each times the root of its weight and the scales; returns what they say.
#[inline(always)]
fn pack<S: Simd, I: Copy + Into<usize>>(
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
fn project<S: Simd, const F: usize>(s: S, tile: &Tile<S>, p: &[S::Array]) -> [S::V; F] {
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
fn spread<S: Simd, const F: usize>(s: S, tile: &Tile<S>, z: [S::V; F], q: &mut [S::Array]) {
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
