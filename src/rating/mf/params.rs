//! What a caller chooses.

use super::BiasedMf;
use super::fit;
use crate::data::Interactions;
use crate::model::params::by_name;
use crate::model::{Fit, FitContext, FitError, FitFrom, Fitted, ParamError, Params, check_fit};

/// Parameters of [`BiasedMf`].
///
/// The defaults suit any scale of ratings: the regularization is learned. With more `epochs` the model does not
/// overfit; with more `factors` than the data supports it does not either, it only takes longer.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// use foldin::model::{Fit, PredictRating, Query};
/// use foldin::rating::BiasedMfParams;
/// let data = Interactions::from_columns(2, 2, Columns {
///     users: &[UserIx::new(0), UserIx::new(0), UserIx::new(1)],
///     items: &[ItemIx::new(0), ItemIx::new(1), ItemIx::new(0)],
///     values: &[5.0, 3.0, 4.0],
///     times: None,
/// })?;
/// let model = BiasedMfParams::new().factors(2).fit(&data)?;
/// let prediction = model.predict_one(&Query::user(UserIx::new(1)), ItemIx::new(1))?;
/// assert!((3.0..=5.0).contains(&prediction.rating));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct BiasedMfParams {
    /// Factors of each user and item, K. 1 to 1024; default 31: with the bias 32 unknowns a row, two whole vectors of
    /// the widest machine.
    pub factors: usize,
    /// Epochs, each one pass over the items and one over the users. At least 1; default 20.
    pub epochs: usize,
    /// Multiplies the learned prior precision of every factor and bias. Above 0; default 1, what the bound says.
    /// Less trusts each row's own ratings more, more draws rows to the mean and prunes factors.
    pub regularization: f32,
    /// How many ratings the belief is worth that a row is as noisy as all others. At least 1; default 100. Large
    /// values give all rows the same noise.
    pub noise_prior: f32,
    /// Damping of rows with few ratings in the start, in ratings. At least 0; default 100.
    pub start_damping: f32,
}

impl Default for BiasedMfParams {
    fn default() -> Self {
        Self { factors: 31, epochs: 20, regularization: 1.0, noise_prior: 100.0, start_damping: 100.0 }
    }
}

impl BiasedMfParams {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`factors`](Self::factors).
    #[must_use]
    pub fn factors(self, factors: usize) -> Self {
        Self { factors, ..self }
    }

    /// Sets [`epochs`](Self::epochs).
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Self {
        Self { epochs, ..self }
    }

    /// Sets [`regularization`](Self::regularization).
    #[must_use]
    pub fn regularization(self, regularization: f32) -> Self {
        Self { regularization, ..self }
    }

    /// Sets [`noise_prior`](Self::noise_prior).
    #[must_use]
    pub fn noise_prior(self, noise_prior: f32) -> Self {
        Self { noise_prior, ..self }
    }

    /// Sets [`start_damping`](Self::start_damping).
    #[must_use]
    pub fn start_damping(self, start_damping: f32) -> Self {
        Self { start_damping, ..self }
    }
}

impl Params for BiasedMfParams {
    fn check(&self) -> Result<(), ParamError> {
        let Self { factors, epochs, regularization, noise_prior, start_damping } = *self;
        let within = |x: f32, low: f32| x >= low && x <= 1e6;
        ParamError::require((1..=1024).contains(&factors), "factors", factors, "from 1 to 1024")?;
        ParamError::require(epochs >= 1, "epochs", epochs, "at least 1")?;
        let range = "from 0.000001 to 1000000";
        ParamError::require(within(regularization, 1e-6), "regularization", regularization, range)?;
        ParamError::require(within(noise_prior, 1.0), "noise_prior", noise_prior, "from 1 to 1000000")?;
        ParamError::require(within(start_damping, 0.0), "start_damping", start_damping, "from 0 to 1000000")
    }

    by_name!(factors, epochs, regularization, noise_prior, start_damping);
}

impl Fit for BiasedMfParams {
    type Model = BiasedMf;

    /// The loss of an epoch is the root mean squared error on the training data, in units of the rating, not clipped.
    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<BiasedMf>, FitError> {
        fit::fit(self, data, None, context)
    }
}

impl FitFrom for BiasedMfParams {
    /// Starts from the items of the model, how sure it is of them, and its priors. Users may be any: they are solved anew
    /// from their ratings before the first epoch. The parameters may differ from those of the model, but for `factors`.
    fn fit_from(
        &self,
        model: &BiasedMf,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<BiasedMf>, FitError> {
        check_fit(self, data, context)?;
        fit::fit(self, data, Some(model), context)
    }
}
