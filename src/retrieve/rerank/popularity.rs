//! What everybody knows needs no recommendation.

use super::{Adjust, RerankError};
use crate::data::Interactions;
use crate::model::{ParamError, Query};
use crate::retrieve::Hit;

/// Takes from each score what the item's popularity says: less of what everybody knows, more of the long tail.
///
/// | made by | takes, times the strength |
/// |---|---|
/// | [`logarithmic`](Self::logarithmic) | ln(1 + events of the item) |
/// | [`by_rank`](Self::by_rank) | the share of the catalogue that has fewer events, in [0, 1) |
///
/// The strength is in units of the score and at least 0: 0 changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct PopularityDiscount {
    /// What is taken from each item.
    taken: Vec<f32>,
}

impl PopularityDiscount {
    /// Takes `strength * ln(1 + n)` from an item of n events.
    ///
    /// # Errors
    /// [`RerankError::Param`] for a strength that is negative or not finite.
    pub fn logarithmic(data: &Interactions, strength: f32) -> Result<Self, RerankError> {
        Self::new(strength, counts(data).map(|n| (n as f64).ln_1p()))
    }

    /// Takes `strength` times the share of all items that have fewer events.
    ///
    /// # Errors
    /// [`RerankError::Param`] for a strength that is negative or not finite.
    pub fn by_rank(data: &Interactions, strength: f32) -> Result<Self, RerankError> {
        let mut sorted: Vec<usize> = counts(data).collect();
        sorted.sort_unstable();
        let share = |n| sorted.partition_point(|&other| other < n) as f64 / sorted.len() as f64;
        Self::new(strength, counts(data).map(share))
    }

    fn new(strength: f32, popularity: impl Iterator<Item = f64>) -> Result<Self, RerankError> {
        let sound = strength.is_finite() && strength >= 0.0;
        ParamError::require(sound, "strength", strength, "a finite number, at least 0")?;
        Ok(Self { taken: popularity.map(|popularity| (f64::from(strength) * popularity) as f32).collect() })
    }
}

/// The number of events of each item.
fn counts(data: &Interactions) -> impl Iterator<Item = usize> {
    data.item_offsets().windows(2).map(|row| row[1] - row[0])
}

impl Adjust for PopularityDiscount {
    fn adjust(&self, _: &Query<'_>, pool: &mut [Hit]) -> Result<(), RerankError> {
        for hit in pool {
            hit.score -= RerankError::look_up("the popularity discount", &self.taken, hit.item)?;
        }
        Ok(())
    }
}
