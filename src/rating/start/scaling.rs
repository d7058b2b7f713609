//! From ratings to numbers of mean 0 and variance 1, and back.

use crate::data::Interactions;
use crate::model::{FitError, RatingScale};

/// Variation below this part of the largest value is rounding: all ratings are equal.
const SAME: f64 = 1e-12;

/// Ratings are `center + spread * z`; `z` is what the fit sees.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::rating) struct Scaling {
    /// The mean of all ratings.
    pub(in crate::rating) center: f32,
    /// Their standard deviation; 1 where they are all equal.
    pub(in crate::rating) spread: f32,
    /// Their range.
    pub(in crate::rating) range: RatingScale,
}

impl Scaling {
    /// Of data with events.
    pub(in crate::rating) fn of(data: &Interactions) -> Result<Self, FitError> {
        let mean = data.mean().unwrap_or_default();
        let (min, max) = data.value_range().unwrap_or_default();
        let square = |value: f32| (f64::from(value) - mean).powi(2);
        let row = |values: &[f32]| values.iter().map(|&value| square(value)).sum::<f64>();
        let sum: f64 = data.users().map(|(_, history)| row(history.values)).sum();
        let spread = (sum / data.len() as f64).sqrt();
        let largest = f64::from(min.abs().max(max.abs()));
        // A score is a sum of products of a few spreads: there must be room for it in single precision.
        if largest > f64::from(f32::MAX) * 1e-6 {
            return Err(FitError::Diverged {
                epoch: 1,
                row: "all ratings".into(),
                what: "the square",
                raise: None,
            });
        }
        let spread = if spread > largest * SAME { spread as f32 } else { 1.0 };
        let spread = if spread.is_normal() { spread } else { 1.0 };
        Ok(Self { center: mean as f32, spread, range: RatingScale { min, max } })
    }

    /// What a rating is multiplied with after centring.
    pub(in crate::rating) fn factor(&self) -> f32 {
        1.0 / self.spread
    }
}
