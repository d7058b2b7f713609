//! The loop over packed rows: many through the sieve, few before the judge, the best into the lists.

use crate::kernel::{Found, Kind, Sieve, Tile};
use crate::retrieve::collect::Collector;

/// Groups that all tiles of a batch pass before the next ones: they stay in the second cache meanwhile.
const NEAR: usize = 64;

/// Memory of the loop.
#[derive(Clone, Debug, Default)]
pub(super) struct Funnel {
    /// Tiles, of which those in use come first.
    tiles: Vec<Tile>,
    in_use: usize,
    found: Vec<Found>,
}

impl Funnel {
    /// Puts questions of one kind into tiles: vectors as wide as the rows, with the constant to add.
    pub(super) fn aim<'a>(
        &mut self,
        sieve: &Sieve,
        kind: Kind,
        questions: impl ExactSizeIterator<Item = (&'a [f32], f32)>,
    ) {
        self.in_use = 0;
        let heights = sieve.heights(questions.len());
        let mut questions = questions.into_iter();
        for height in heights {
            if self.tiles.len() == self.in_use {
                self.tiles.push(Tile::default());
            }
            let tile = &mut self.tiles[self.in_use];
            self.in_use += 1;
            sieve.set(tile, kind, height);
            for (x, offset) in questions.by_ref().take(height) {
                sieve.aim(tile, x, offset);
            }
        }
    }

    /// Fills one list per question, in the order of the questions.
    pub(super) fn fill(&mut self, sieve: &Sieve, judge: &mut impl Judge, best: &mut [Collector]) {
        for (question, best) in best.iter_mut().enumerate() {
            for &row in sieve.wild() {
                consider(judge, question, row, best);
            }
        }
        for first in (0..sieve.groups()).step_by(NEAR) {
            let groups = first..(first + NEAR).min(sieve.groups());
            let mut next = 0;
            for tile in &mut self.tiles[..self.in_use] {
                let question = next;
                next += tile.count();
                let lists = &mut best[question..next];
                if sieve.is_over(tile, first) {
                    continue;
                }
                for group in groups.clone() {
                    self.found.clear();
                    sieve.sift(group, tile, &mut self.found);
                    for &one in &self.found {
                        let Some(row) = sieve.row(one) else { continue };
                        let (at, best) = (one.question(), &mut lists[one.question()]);
                        if consider(judge, question + at, row, best) {
                            tile.raise(at, best.threshold());
                        }
                    }
                }
            }
        }
    }
}

/// What is asked about the rows that came through the sieve.
pub(super) trait Judge {
    /// Whether the row may be listed, as far as that is known without its score.
    fn passes(&self, question: usize, row: u32) -> bool;
    /// Its exact score.
    fn score(&mut self, question: usize, row: u32) -> f32;
    /// Whether the row may be listed: asked last, at most once per question and row.
    fn keeps(&self, row: u32) -> bool;
}

/// Offers a row to the list of a question.
#[inline]
pub(super) fn consider(judge: &mut impl Judge, question: usize, row: u32, best: &mut Collector) -> bool {
    if !judge.passes(question, row) {
        return false;
    }
    let score = judge.score(question, row);
    let enters = best.admits(row, score) && judge.keeps(row);
    if enters {
        best.offer(row, score);
    }
    enters
}
