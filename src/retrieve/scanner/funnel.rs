//! The loop over packed rows: many through the sieve, few before the judge, the best into the lists.

use super::candidates::Candidates;
use crate::kernel::{Found, GROUP, Kind, Sieve, Tile};
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
    /// Questions of the tile and rows to be considered when their numbers have come.
    waiting: Vec<(u32, u32)>,
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
        // All rows of two groups, at most: no later question needs more.
        let most = GROUP * sieve.heights(questions.len()).max().unwrap_or(0);
        self.found.clear();
        self.found.reserve(most);
        self.waiting.clear();
        self.waiting.reserve(2 * most);
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
    pub(super) fn fill(
        &mut self,
        sieve: &Sieve,
        candidates: &Candidates,
        judge: &mut impl Judge,
        best: &mut [Collector],
    ) {
        for (question, best) in best.iter_mut().enumerate() {
            for &row in sieve.wild() {
                if candidates.pass(row) && judge.passes(question, row) {
                    consider(judge, question, row, best);
                }
            }
        }
        let Self { tiles, in_use, found, waiting } = self;
        for first in (0..sieve.groups()).step_by(NEAR) {
            let groups = first..(first + NEAR).min(sieve.groups());
            let mut next = 0;
            for tile in &mut tiles[..*in_use] {
                let question = next;
                next += tile.count();
                if sieve.is_over(tile, first) {
                    continue;
                }
                let mut turn = Turn { question, tile, lists: &mut best[question..next] };
                for group in groups.clone() {
                    found.clear();
                    sieve.sift(group, turn.tile, found);
                    let due = waiting.len();
                    turn.look_up(sieve, found, candidates, judge, waiting);
                    // Their rows are on the way; meanwhile those of the group before have come.
                    turn.consider(judge, waiting.drain(..due));
                    if (group + 1).is_power_of_two() {
                        turn.tighten();
                    }
                }
                turn.consider(judge, waiting.drain(..));
            }
        }
    }
}

/// The questions of one tile, while it passes the groups.
struct Turn<'a> {
    /// The first of them.
    question: usize,
    tile: &'a mut Tile,
    lists: &'a mut [Collector],
}

impl Turn<'_> {
    /// Turns places into rows that pass the filters.
    #[inline]
    fn look_up(
        &self,
        sieve: &Sieve,
        found: &[Found],
        candidates: &Candidates,
        judge: &impl Judge,
        out: &mut Vec<(u32, u32)>,
    ) {
        for &one in found {
            let Some(row) = sieve.row(one) else { continue };
            if candidates.pass(row) && judge.passes(self.question + one.question(), row) {
                judge.expect(row);
                out.push((one.question() as u32, row));
            }
        }
    }

    /// Offers rows to the lists, and raises the thresholds.
    #[inline]
    fn consider(&mut self, judge: &mut impl Judge, rows: impl Iterator<Item = (u32, u32)>) {
        for (at, row) in rows {
            let at = at as usize;
            if consider(judge, self.question + at, row, &mut self.lists[at]) {
                self.tile.raise(at, self.lists[at].threshold());
            }
        }
    }

    /// Raises the thresholds as far as they go. Done whenever the rows passed have doubled, so that about as many more
    /// enter each time as the list is long.
    fn tighten(&mut self) {
        for (at, list) in self.lists.iter_mut().enumerate() {
            list.tighten();
            self.tile.raise(at, list.threshold());
        }
    }
}

/// What is asked about the rows that came through the sieve.
pub(super) trait Judge {
    /// Whether the row, which the request's sets leave in, may be listed, as far as that is known without its score.
    fn passes(&self, question: usize, row: u32) -> bool;
    /// The row will be scored soon.
    fn expect(&self, row: u32);
    /// Its exact score.
    fn score(&mut self, question: usize, row: u32) -> f32;
    /// Whether the row may be listed: asked last, at most once per question and row.
    fn keeps(&self, row: u32) -> bool;
}

/// Offers a row that passes to the list of a question.
#[inline]
pub(super) fn consider(judge: &mut impl Judge, question: usize, row: u32, best: &mut Collector) -> bool {
    let score = judge.score(question, row);
    let enters = best.admits(row, score) && judge.keeps(row);
    if enters {
        best.offer(row, score);
    }
    enters
}
