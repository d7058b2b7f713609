//! The tile: a few questions against the rows of one group.

use super::{GROUP, Group, Sieve, Tile};
use crate::kernel::simd::bytes::{ByteJob, Bytes};

/// A row that may reach the threshold of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The question's position in its tile.
    question: u32,
    /// Where the row is, see [`Sieve::row`].
    pub(super) place: u32,
}

impl Found {
    /// The question's position in its tile.
    #[inline]
    pub(crate) fn question(self) -> usize {
        self.question as usize
    }
}

struct Sift<'a> {
    sieve: &'a Sieve,
    group: &'a Group,
    tile: &'a Tile,
    found: &'a mut Vec<Found>,
}

impl ByteJob for Sift<'_> {
    type Out = ();

    #[inline(always)]
    fn run<M: Bytes>(mut self, m: M) {
        match self.tile.height {
            1 => self.rows::<M, 1, 8>(m),
            4 => self.rows::<M, 4, 2>(m),
            _ => self.rows::<M, 14, 2>(m),
        }
    }
}

impl Sift<'_> {
    /// `R` questions against `V` vectors of rows at a time.
    #[inline(always)]
    fn rows<M: Bytes, const R: usize, const V: usize>(&mut self, m: M) {
        const { assert!(GROUP.is_multiple_of(V * M::LANES), "rows of a group would be left out") };
        let (starts, any) = self.tile.starts::<R>(self.group);
        if !any {
            return;
        }
        let words = self.sieve.packed.words;
        let vector = 4 * M::LANES;
        let bytes = self.sieve.packed.block(self.group.block);
        for (at, bytes) in bytes.chunks_exact(V * words * vector).enumerate() {
            let mut sums = [[m.splat(0); V]; R];
            for (sums, start) in sums.iter_mut().zip(starts) {
                sums.fill(m.splat(start));
            }
            for (w, questions) in self.tile.words.chunks_exact(R).enumerate() {
                let mut rows = [m.load(&bytes[w * vector..]); V];
                for v in 1..V {
                    rows[v] = m.load(&bytes[(v * words + w) * vector..]);
                }
                for r in 0..R {
                    let question = m.word(questions[r]);
                    for v in 0..V {
                        sums[r][v] = m.add_products(sums[r][v], rows[v], question);
                    }
                }
            }
            let mut all = m.splat(-1);
            for sums in sums {
                all = sums.into_iter().fold(all, |all, sums| m.and(all, sums));
            }
            if m.not_negative(all) != 0 {
                // Unrolled: an array of sums that a loop walks would be stored in the loop above.
                let mut masks = [[0; V]; R];
                for r in 0..R {
                    for v in 0..V {
                        masks[r][v] = m.not_negative(sums[r][v]);
                    }
                }
                self.keep(at * V, M::LANES, &masks);
            }
        }
    }

    /// Notes the rows of a tile whose sums are not negative.
    #[cold]
    #[inline(never)]
    fn keep<const R: usize, const V: usize>(&mut self, first: usize, lanes: usize, masks: &[[u32; V]; R]) {
        for (question, masks) in (0..).zip(masks).take(self.tile.count) {
            for (v, &mask) in masks.iter().enumerate() {
                let place = (self.group.block * GROUP + (first + v) * lanes) as u32;
                let mut mask = mask;
                while mask != 0 {
                    self.found.push(Found { question, place: place + mask.trailing_zeros() });
                    mask &= mask - 1;
                }
            }
        }
    }
}

impl Sieve {
    /// Appends the rows of a group that may reach the thresholds of a tile that was [aimed](Self::aim) here.
    #[inline]
    pub(crate) fn sift(&self, group: usize, tile: &Tile, found: &mut Vec<Found>) {
        self.machine.run(Sift { sieve: self, group: &self.groups[group], tile, found });
    }
}
