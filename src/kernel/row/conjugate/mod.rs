//! One row by conjugate gradients, until its answer is as near as single precision brings it.
//!
//! In coordinates scaled by the roots of the prior precision, u = P^(1/2) (x - m), the matrix of the row is
//! I + V'V with v_j = sqrt(w_j) P^(-1/2) y_j: the identity and n more ranks. Where the prior holds most of what the
//! events say (as the unobserved pairs of implicit feedback do), its eigenvalues lie in a short interval with a few
//! above it, and each step of conjugate gradients takes a digit or nearly so: `2 n D` multiply-adds a step, where a
//! factorisation pays `n^2 D / 2` or `n D^2 / 2` first.
//!
//! How near the answer is, is proven and not guessed: no eigenvalue is below 1, so the distance from the minimiser in
//! the norm of the system, which is what the objective measures, is at most the length of the residual. What rounding can
//! take from that is bounded too: a row whose system stretches a direction too far is factored. Hestenes & Stiefel 1952;
//! the energies of the steps add up to the energy of the answer, which gives the minimum for nothing.
//!
//! The diagonal of the system, and the prior plus what a row of that length has on average, precondition no better; a
//! start from the row of the epoch before saves a step and costs one.

mod going;
mod tile;

use super::gather::{Ahead, Rows};
use super::single::finite;
use super::{Answers, Row, Workspace};
use crate::kernel::simd::{Job, Simd};
use going::{Going, VECTORS};
use tile::TILE;

/// Steps after which a row is given to a factorisation.
const MOST_STEPS: usize = 24;

/// Rows that are solved side by side at most.
const TOGETHER: usize = 4;

/// Floats of packed events beyond which no row joins others: what is packed stays in the first cache.
const PANEL: usize = 8 * 1024;

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
