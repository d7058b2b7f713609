//! The baseline: some people rate higher than others, some items are better than others.
//!
//! The prediction is `mu + b_u + b_i`: the mean of all ratings `mu`, the bias of the user `b_u`, the
//! bias of the item `b_i`. The biases minimise
//!
//! ```text
//! sum over ratings (r_ui - mu - b_u - b_i)^2 + lambda_u sum b_u^2 + lambda_i sum b_i^2
//! ```
//!
//! by turns: all items exactly, then all users exactly, until the error on the training data stands
//! still. Each bias is then a damped mean: the sum of what its ratings leave over, divided by their
//! number plus lambda, so that one rating says little and a thousand speak for themselves. The one
//! step sequence of damped means (items first, users after) of Bell & Koren 2007, "Scalable
//! collaborative filtering with jointly derived neighborhood interpolation weights", is the first
//! epoch; the joint minimum is Koren 2010, "Factor in the neighbors", section 2.1.
//!
//! *Cost*: two passes over the events per epoch, some ten epochs; memory 4 bytes per user and item,
//! and 4 per event to remember who has seen what. *Choose another model* for anything personal: the
//! order of the items is the same for everybody. *Limitation*: one number per person, so the biases do
//! not follow time or taste.

mod biases;
mod file;

use crate::data::{Interactions, ItemIx, UserIx};
use crate::model::params::by_name;
use crate::model::{
    Basis, Fit, FitContext, FitError, Fitted, ParamError, Params, PredictRating, Prediction, Profile, Query,
    QueryError, RatingScale, Score, Seen,
};
use crate::par::Workers;
pub(super) use biases::{Biases, Events, LARGEST};

/// Parameters of [`BiasBaseline`].
///
/// The defaults were chosen on a tenth of the training data held out from it: five parts `u1..u5` of
/// MovieLens 100K and a 90 % part of MovieLens 1M; the two agreed.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// use foldin::model::{Fit, PredictRating, Query};
/// use foldin::rating::BiasBaselineParams;
/// let data = Interactions::from_columns(2, 2, Columns {
///     users: &[UserIx::new(0), UserIx::new(0), UserIx::new(1)],
///     items: &[ItemIx::new(0), ItemIx::new(1), ItemIx::new(0)],
///     values: &[5.0, 3.0, 4.0],
///     times: None,
/// })?;
/// let model = BiasBaselineParams::new().fit(&data)?;
/// let prediction = model.predict_one(&Query::user(UserIx::new(1)), ItemIx::new(1))?;
/// assert!((3.0..4.0).contains(&prediction.rating));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct BiasBaselineParams {
    /// How many ratings of bias 0 each user is given beforehand. At least 0; default 5.
    pub user_regularization: f32,
    /// How many ratings of bias 0 each item is given beforehand. At least 0; default 3.
    pub item_regularization: f32,
    /// Epochs at most, each one pass over the items and one over the users. At least 1; default 30.
    pub epochs: usize,
    /// The fit ends when the training error (RMSE) changes by less than this part of it. At least 0;
    /// default 1e-6.
    pub tolerance: f64,
}

impl Default for BiasBaselineParams {
    fn default() -> Self {
        Self { user_regularization: 5.0, item_regularization: 3.0, epochs: 30, tolerance: 1e-6 }
    }
}

impl BiasBaselineParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`user_regularization`](Self#structfield.user_regularization).
    #[must_use]
    pub fn user_regularization(self, user_regularization: f32) -> Self {
        Self { user_regularization, ..self }
    }

    /// Sets [`item_regularization`](Self#structfield.item_regularization).
    #[must_use]
    pub fn item_regularization(self, item_regularization: f32) -> Self {
        Self { item_regularization, ..self }
    }

    /// Sets [`epochs`](Self#structfield.epochs).
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Self {
        Self { epochs, ..self }
    }

    /// Sets [`tolerance`](Self#structfield.tolerance).
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }
}

impl Params for BiasBaselineParams {
    fn check(&self) -> Result<(), ParamError> {
        const RANGE: &str = "a finite number, at least 0";
        let sound = |value: f32| value.is_finite() && value >= 0.0;
        let Self { user_regularization, item_regularization, epochs, tolerance } = *self;
        ParamError::require(sound(user_regularization), "user_regularization", user_regularization, RANGE)?;
        ParamError::require(sound(item_regularization), "item_regularization", item_regularization, RANGE)?;
        ParamError::require(epochs >= 1, "epochs", epochs, "at least 1")?;
        ParamError::require(tolerance.is_finite() && tolerance >= 0.0, "tolerance", tolerance, RANGE)
    }

    by_name!(user_regularization, item_regularization, epochs, tolerance);
}

impl Fit for BiasBaselineParams {
    type Model = BiasBaseline;

    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<BiasBaseline>, FitError> {
        let workers = Workers::new(context.get_threads())?;
        let (biases, report) = Biases::fit(self, data, &workers, context)?;
        Ok(Fitted { model: BiasBaseline::new(biases, Seen::new(data)), report })
    }
}

/// `mu + b_u + b_i`, damped: see [`BiasBaselineParams`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "file::Unchecked")
)]
pub struct BiasBaseline {
    biases: Biases,
    seen: Seen,
    /// Whether an item has any rating; follows from `seen`.
    #[cfg_attr(feature = "serde", serde(skip))]
    rated: Vec<bool>,
}

impl BiasBaseline {
    fn new(biases: Biases, seen: Seen) -> Self {
        let rated = rated_items(&seen, biases.items.len());
        Self { biases, seen, rated }
    }

    /// The mean of all ratings, `mu`.
    pub fn mean(&self) -> f32 {
        self.biases.mean
    }

    /// The bias of each user, `b_u`; 0 without ratings.
    pub fn user_biases(&self) -> &[f32] {
        &self.biases.users
    }

    /// The bias of each item, `b_i`; 0 without ratings.
    pub fn item_biases(&self) -> &[f32] {
        &self.biases.items
    }
}

/// Which items somebody has touched.
pub(super) fn rated_items(seen: &Seen, n_items: usize) -> Vec<bool> {
    let mut rated = vec![false; n_items];
    for item in seen.items() {
        rated[item.ix()] = true;
    }
    rated
}

/// What a prediction without neighbours or factors rests on.
pub(super) fn basis_of(profile: &Profile, item_is_rated: bool) -> Basis {
    if item_is_rated || profile.basis > Basis::GlobalMean { Basis::Biases } else { Basis::GlobalMean }
}

impl Score for BiasBaseline {
    fn n_users(&self) -> u32 {
        self.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.biases.items.len() as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        let asker = self.biases.asker(query, &self.seen)?;
        out.offset = asker.offset;
        out.basis = if asker.is_empty() { Basis::GlobalMean } else { Basis::Biases };
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let known = self.biases.items.get(first.ix()..).unwrap_or_default();
        let (inside, beyond) = out.split_at_mut(known.len().min(out.len()));
        for (score, bias) in inside.iter_mut().zip(known) {
            *score = profile.offset + bias;
        }
        beyond.fill(f32::NEG_INFINITY);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }
}

impl PredictRating for BiasBaseline {
    fn scale(&self) -> RatingScale {
        self.biases.scale
    }

    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        let rating = self.scale().clip(profile.offset + self.biases.items[item.ix()]);
        Ok(Prediction { rating, basis: basis_of(profile, self.rated[item.ix()]) })
    }
}

#[cfg(test)]
pub(super) mod tests;
