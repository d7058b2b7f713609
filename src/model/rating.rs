//! The promise of rating models: predictions on the scale, which say on what they rest.

use super::{Profile, Query, QueryError, Score};
use crate::data::ItemIx;

/// The range of ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RatingScale {
    /// The lowest rating.
    pub min: f32,
    /// The highest rating.
    pub max: f32,
}

impl RatingScale {
    /// The nearest value on the scale.
    pub fn clip(self, value: f32) -> f32 {
        value.max(self.min).min(self.max)
    }
}

/// On what a prediction rests, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Basis {
    /// What holds for everybody, in the main the mean of all ratings: neither the user nor the item has any.
    #[default]
    GlobalMean,
    /// The mean and the bias of the one of the two that has ratings, or of both.
    Biases,
    /// What the model learned of this user and this item: factors, or neighbours.
    Learned,
}

/// One predicted rating.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prediction {
    /// The rating, on the model's scale.
    pub rating: f32,
    /// On what it rests.
    pub basis: Basis,
}

/// A model whose scores estimate ratings.
pub trait PredictRating: Score {
    /// The scale of the ratings it was trained on; predictions are clipped to it, at the very end.
    fn scale(&self) -> RatingScale;

    /// Predicts the rating of one item for the asker of a profile.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`].
    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError>;

    /// Predicts one rating for one question. For many items of one asker make the
    /// [`profile`](Score::profile) once.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or item or a malformed history.
    fn predict_one(&self, query: &Query<'_>, item: ItemIx) -> Result<Prediction, QueryError> {
        let mut profile = Profile::new();
        self.profile(query, &mut profile)?;
        self.predict(&profile, item)
    }
}
