//! Random draws: a generator for each thing drawn, normal numbers, a table of weighted choices.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a generator is for; each kind of thing has its own streams.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Genre = 1,
    Director,
    Actor,
    Item,
    User,
    Events,
    Person,
    Sex,
    Age,
    Occupation,
}

/// The draws for thing `index` of one kind.
pub(super) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(super) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        // Steps of the golden ratio keep the seeds of different things apart; seeding mixes them.
        let stream = seed.wrapping_add((stream as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mixed = (stream ^ (stream >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed ^ index.wrapping_mul(0x94D0_49BB_1331_11EB)))
    }

    /// From 0 to below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Below `n`, which is at least 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// A standard normal number (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A standard Gumbel number: the largest of `log weight + gumbel` is a weighted choice.
    pub(super) fn gumbel(&mut self) -> f64 {
        -(-(1.0 - self.uniform()).ln()).max(f64::MIN_POSITIVE).ln()
    }

    pub(super) fn normals(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.normal() as f32).collect()
    }
}

/// Weighted choices in constant time (the alias method of Walker, as Vose builds it).
pub(super) struct Alias {
    threshold: Vec<f64>,
    other: Vec<u32>,
}

impl Alias {
    /// Weights above 0, at least one.
    pub(super) fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut threshold: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let mut other: Vec<u32> = (0..weights.len() as u32).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|&at| threshold[at] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            other[low] = high as u32;
            threshold[high] -= 1.0 - threshold[low];
            if threshold[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // What is left differs from 1 by rounding only.
        small.into_iter().chain(large).for_each(|at| threshold[at] = 1.0);
        Self { threshold, other }
    }

    pub(super) fn draw(&self, draw: &mut Draw) -> usize {
        let at = draw.below(self.threshold.len());
        if draw.uniform() < self.threshold[at] { at } else { self.other[at] as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_follow_their_weights() {
        let weights = [1.0, 5.0, 0.5, 3.5];
        let (table, mut draw) = (Alias::new(&weights), Draw::new(1, Stream::Events, 0));
        let mut counts = [0; 4];
        (0..100_000).for_each(|_| counts[table.draw(&mut draw)] += 1);
        for (count, weight) in counts.into_iter().zip(weights) {
            assert!((f64::from(count) / 10_000.0 - weight).abs() < 0.1, "{counts:?}");
        }
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut draw = Draw::new(3, Stream::User, 9);
        let numbers: Vec<f64> = (0..100_000).map(|_| draw.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let square = numbers.iter().map(|number| number * number).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.03, "{mean} {square}");
    }

    #[test]
    fn neighbours_draw_different_numbers() {
        let first = |stream, index| Draw::new(0, stream, index).uniform();
        assert_ne!(first(Stream::User, 0), first(Stream::User, 1));
        assert_ne!(first(Stream::User, 0), first(Stream::Item, 0));
        assert_eq!(first(Stream::User, 5), first(Stream::User, 5));
    }
}
