//! One row by conjugate gradients, until its answer is as near as single precision brings it.
//!
//! In coordinates scaled by the roots of the prior precision, u = P^(1/2) (x - m), the matrix of the row is
//! I + V'V with v_j = sqrt(w_j) P^(-1/2) y_j: the identity and n more ranks. Where the prior holds most of what the
//! events say (as the unobserved pairs of implicit feedback do), its eigenvalues lie in a short interval with a few
//! above it, and each step of conjugate gradients takes a digit or nearly so: `2 n D` multiply-adds a step, where a
//! factorisation pays `n^2 D / 2` or `n D^2 / 2` first.
//!
//! How near the answer is, is bounded and not guessed: no eigenvalue is below 1, so in exact arithmetic the distance from
//! the minimiser in the norm of the system, which is what the objective measures, is at most the length of the residual,
//! and a row goes on until that is 1e-6 of the length of its answer. In single precision the residual that the steps
//! carry along moves away from the true one, a little more in longer rows. Answers of `Ials` on Gowalla (K 64) measured
//! against Cholesky's method in double precision, root mean square and most: 6e-7 and 1.2e-6 in rows of up to 127 events,
//! 1.1e-6 and 1.9e-6 in longer ones. Where a system stretches a direction so far that rounding could do more, the row is
//! factored. Hestenes & Stiefel 1952; the energies of the steps add up to the energy of the answer, which gives the
//! minimum for nothing.
//!
//! The diagonal of the system, and the prior plus what a row of that length has on average, precondition no better; a
//! start from the row of the epoch before saves a step and costs one.

mod going;
mod tile;

use super::gather::{Ahead, Rows};
use super::single::finite;
use super::{Answers, Placed, Workspace};
use crate::kernel::simd::{Job, Simd};
use going::{Going, VECTORS};
use tile::TILE;

/// Steps after which a row is given to a factorisation.
const MOST_STEPS: usize = 24;

/// Rows that are solved side by side at most.
const TOGETHER: usize = 4;

/// Floats of packed events beyond which no row joins others: what is packed takes a third of the first cache. Epochs of
/// `Ials` on Gowalla at 128 factors, two threads, ms, seven runs in turn: 90.8 with twice as much, 86.5 with this; on a
/// slower machine 103.8 and 102.1; at 64 factors the same.
const PANEL: usize = 4 * 1024;

/// Steps of a row over which what comes next is fetched, a little beside each tile: about as many as a row takes, and asked
/// for at once it would have to wait. Epochs of `Ials` on Gowalla, two threads, ms: over 4 steps 102.1, over 6 100.3 at 128
/// factors; 41.7 and 41.0 at 64. Over 8 or 12, in the kernel alone, the same.
const FETCHES: usize = 6;

/// Rows solved through products alone, some side by side: while one waits for a sum, another goes on.
pub(super) struct Conjugate<'a, 'o, 'r, I> {
    pub(super) fixed: Rows<'a>,
    pub(super) list: &'a [Placed<'r, I>],
    pub(super) workspace: &'a mut Workspace,
    pub(super) answers: &'a mut Answers<'o>,
    /// Gets the positions of the rows that did not come near enough, or are not finite.
    pub(super) unfinished: &'a mut Vec<usize>,
}

impl<I: Copy + Into<usize>> Job for Conjugate<'_, '_, '_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let padded = self.fixed.width().next_multiple_of(S::LANES);
        let (mut now, mut after) = self.list.split_at(fitting(self.list, padded));
        while !now.is_empty() {
            let (next, rest) = after.split_at(fitting(after, padded));
            self.solve(s, now, next, padded);
            (now, after) = (next, rest);
        }
    }
}

/// How many rows at the head of the list go side by side.
#[inline(always)]
fn fitting<I>(list: &[Placed<'_, I>], padded: usize) -> usize {
    let mut floats = 0;
    let mut rows = 0;
    for (_, row) in list.iter().take(TOGETHER) {
        floats += row.indices.len() * padded;
        if rows > 0 && floats > PANEL {
            break;
        }
        rows += 1;
    }
    rows
}

impl<I: Copy + Into<usize>> Conjugate<'_, '_, '_, I> {
    /// Solves rows side by side, and meanwhile fetches what the following ones touch.
    #[inline(always)]
    fn solve<S: Simd>(&mut self, s: S, list: &[Placed<'_, I>], next: &[Placed<'_, I>], padded: usize) {
        let Workspace { panel, solution, .. } = &mut *self.workspace;
        let width = padded / S::LANES;
        let floats = list.iter().map(|(_, row)| row.indices.len().next_multiple_of(TILE) * padded).sum();
        let mut panel = S::vectors_mut(panel.get(floats)).as_chunks_mut::<TILE>().0;
        let mut vectors = S::vectors_mut(solution.get(VECTORS * padded * list.len()));
        let mut group: [Option<Going<'_, S>>; TOGETHER] = [const { None }; TOGETHER];
        for ((position, row), going) in list.iter().zip(&mut group) {
            let tiles = row.indices.len().div_ceil(TILE);
            let (tiles, rest) = std::mem::take(&mut panel).split_at_mut(tiles * width);
            panel = rest;
            let (own, rest) = std::mem::take(&mut vectors).split_at_mut(VECTORS * width);
            vectors = rest;
            self.answers.rows.prefetch(s, *position);
            *going = Some(Going::start(s, self.fixed, *position, row, tiles, own));
        }
        let mut ahead = [const { None }; TOGETHER];
        for (((_, row), (_, next)), ahead) in list.iter().zip(next).zip(&mut ahead) {
            let starts = next.indices.iter().map(|&i| self.fixed.start(i.into()));
            *ahead = Some(Ahead::new(self.fixed, starts, FETCHES * row.indices.len().div_ceil(TILE)));
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
                    going.finish(s, out);
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
            for (going, ahead) in group.iter_mut().zip(&mut ahead) {
                if let Some(going) = going {
                    going.multiply(s, ahead);
                }
            }
            for going in group.iter_mut().flatten() {
                going.advance(s);
            }
        }
    }
}
