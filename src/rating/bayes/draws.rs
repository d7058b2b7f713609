//! Who draws: one place of random numbers for each unknown, so that no draw depends on a schedule.

use crate::kernel::Stream;

/// The families of unknowns. Their order is part of what a seed means, and of what a saved model answers to those it folds
/// in: a new one goes to the end.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(super) enum Draw {
    /// Rows of users or items.
    Rows,
    /// Mean and spread of rows.
    Spread,
    /// What features tell of rows.
    Link,
    /// How much features matter.
    LinkPrecision,
    /// Effects of time.
    Time,
    /// How much they vary.
    TimePrecision,
    /// Numbers behind ordinal ratings.
    Latent,
    /// How noisy rows are.
    RowNoise,
    /// How much that varies.
    Steadiness,
    /// How noisy all ratings are.
    Noise,
    /// Rows nobody has rated, and askers.
    Cold,
    /// Rows of a model that lives.
    Living,
}

/// The place of a family in a sample. `part` tells apart several of one family: users 0, items 1, or the effect of time.
pub(super) fn place(seed: u64, sample: usize, draw: Draw, part: usize) -> Stream {
    Stream { seed, epoch: sample as u64, side: (draw as u64) << 8 | part as u64, row: 0 }
}
