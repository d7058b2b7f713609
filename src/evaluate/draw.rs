//! Random draws whose values stay the same from version to version.
//!
//! The mapping from bits to numbers is written here, because the one in `rand` may change with a new
//! major version and a split must not.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A named generator with an explicit seed: Xoshiro256++ seeded by SplitMix64.
#[derive(Clone)]
pub(super) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number below `n`, each as likely as the others to within `n / 2^64`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Two numbers below `n` from one draw, each as likely as the others to within `n / 2^32`: for
    /// resampling, where speed counts. `n` is at most `2^32`.
    #[inline]
    pub(super) fn two_below(&mut self, n: u64) -> [usize; 2] {
        let bits = self.0.next_u64();
        [bits >> 32, bits & 0xFFFF_FFFF].map(|half| ((half * n) >> 32) as usize)
    }

    /// The same generator `2^128` draws later: a stream that does not meet this one.
    pub(super) fn next_stream(&mut self) {
        self.0.jump();
    }

    /// Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, values: &mut [T]) {
        for end in (1..values.len()).rev() {
            values.swap(end, self.below(end + 1));
        }
    }

    /// Marks exactly `k` of the slots, every choice equally likely, in one pass (Knuth, The Art of
    /// Computer Programming 2, algorithm 3.4.2 S). `k` must not exceed the number of slots.
    pub(super) fn mark(&mut self, k: usize, slots: &mut [bool]) {
        let mut wanted = k;
        let n = slots.len();
        for (at, slot) in slots.iter_mut().enumerate() {
            *slot = self.below(n - at) < wanted;
            wanted -= usize::from(*slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_exactly_as_many_as_asked_and_every_slot_equally_often() {
        let mut draw = Draw::new(1);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            let mut slots = [false; 10];
            draw.mark(3, &mut slots);
            assert_eq!(slots.iter().filter(|&&slot| slot).count(), 3);
            (0..10).for_each(|at| counts[at] += usize::from(slots[at]));
        }
        // Binomial(10,000, 0.3): standard deviation 45.8; five of them either side.
        assert!(counts.iter().all(|count| (2_771..=3_229).contains(count)), "{counts:?}");
    }

    #[test]
    fn two_below_covers_its_range_evenly() {
        let mut draw = Draw::new(2);
        let mut counts = [0; 7];
        for _ in 0..35_000 {
            draw.two_below(7).into_iter().for_each(|value| counts[value] += 1);
        }
        // Binomial(70,000, 1/7): standard deviation 92.6; five of them either side.
        assert!(counts.iter().all(|count| (9_537..=10_463).contains(count)), "{counts:?}");
    }
}
