//! What a caller chooses.

use super::{BayesianMf, fit};
use crate::data::Interactions;
use crate::model::params::by_name;
use crate::model::{Fit, FitContext, FitError, FitFrom, Fitted, ParamError, Params, check_fit};
use std::fmt;
use std::str::FromStr;

/// How ratings are taken to come from what the model says of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Likelihood {
    /// Ordinal where the ratings have 2 to [`Likelihood::LEVELS`] different values, else Gaussian.
    #[default]
    Auto,
    /// A rating is a number with normal noise.
    Gaussian,
    /// A rating is one of a few ordered levels, such as stars: a number with normal noise, cut where the next level
    /// begins (ordered probit). At most 256 levels.
    Ordinal,
}

impl Likelihood {
    /// The most different ratings that [`Likelihood::Auto`] takes for levels.
    pub const LEVELS: usize = 32;
}

impl fmt::Display for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Gaussian => "gaussian",
            Self::Ordinal => "ordinal",
        })
    }
}

impl FromStr for Likelihood {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "gaussian" => Ok(Self::Gaussian),
            "ordinal" => Ok(Self::Ordinal),
            _ => Err("auto, gaussian or ordinal".into()),
        }
    }
}

/// Parameters of [`BayesianMf`].
///
/// There is nothing to tune but the number of factors and of samples: how strongly rows are drawn together, how much
/// features matter, how noisy each user and item is, is drawn with everything else.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// use foldin::model::{Fit, PredictRating, Query};
/// use foldin::rating::BayesianMfParams;
/// let data = Interactions::from_columns(2, 2, Columns {
///     users: &[UserIx::new(0), UserIx::new(0), UserIx::new(1)],
///     items: &[ItemIx::new(0), ItemIx::new(1), ItemIx::new(0)],
///     values: &[5.0, 3.0, 4.0],
///     times: None,
/// })?;
/// let model = BayesianMfParams::new().factors(2).samples(20).burn_in(5).fit(&data)?;
/// let prediction = model.predict_one(&Query::user(UserIx::new(1)), ItemIx::new(1))?;
/// assert!((3.0..=5.0).contains(&prediction.rating));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct BayesianMfParams {
    /// Factors of each user and item, K. 1 to 256; default 32.
    pub factors: usize,
    /// Samples that count, drawn after the burn-in. At least 2; default 300.
    pub samples: usize,
    /// Samples drawn first and thrown away. Default 100.
    pub burn_in: usize,
    /// Samples the model keeps for its answers, spread evenly over those that count; at least 2, and at most `samples`
    /// are there to keep. Default 64. Memory: 4 bytes per kept sample, factor, and user, item or feature.
    pub kept: usize,
    /// Whether what a user has rated, whatever the rating, tells of the user (SVD++). Default true.
    pub user_sets: bool,
    /// Whether who has rated an item tells of the item. Default true.
    pub item_sets: bool,
    /// Whether attributes of users and items that came with the data are used. Default true.
    pub attributes: bool,
    /// Whether times that came with the data are used: a level of each day, of each user's day, and of each item's
    /// month, or longer period where the data spans more than 64 months. Default true. Times must be Unix seconds.
    pub time: bool,
    /// Where ratings come from. Default [`Likelihood::Auto`].
    pub likelihood: Likelihood,
}

impl Default for BayesianMfParams {
    fn default() -> Self {
        Self {
            factors: 32,
            samples: 300,
            burn_in: 100,
            kept: 64,
            user_sets: true,
            item_sets: true,
            attributes: true,
            time: true,
            likelihood: Likelihood::Auto,
        }
    }
}

/// One setter per field.
macro_rules! setters {
    ($($field:ident: $type:ty),+ $(,)?) => {
        $(
            #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
            #[must_use]
            pub fn $field(self, $field: $type) -> Self {
                Self { $field, ..self }
            }
        )+
    };
}

impl BayesianMfParams {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        factors: usize,
        samples: usize,
        burn_in: usize,
        kept: usize,
        user_sets: bool,
        item_sets: bool,
        attributes: bool,
        time: bool,
        likelihood: Likelihood,
    }

    /// Which samples are kept: the n-th that counts, from 0.
    pub(super) fn keeps(&self, n: usize) -> bool {
        let kept = self.kept.min(self.samples);
        n < self.samples && (n + 1) * kept / self.samples > n * kept / self.samples
    }
}

impl Params for BayesianMfParams {
    fn check(&self) -> Result<(), ParamError> {
        let Self { factors, samples, burn_in, kept, .. } = *self;
        ParamError::require((1..=256).contains(&factors), "factors", factors, "from 1 to 256")?;
        ParamError::require((2..=1_000_000).contains(&samples), "samples", samples, "from 2 to 1000000")?;
        ParamError::require(burn_in <= 1_000_000, "burn_in", burn_in, "at most 1000000")?;
        ParamError::require((2..=4096).contains(&kept), "kept", kept, "from 2 to 4096")
    }

    by_name!(factors, samples, burn_in, kept, user_sets, item_sets, attributes, time, likelihood);
}

impl Fit for BayesianMfParams {
    type Model = BayesianMf;

    /// An epoch is a sample, burn-in included; its loss is the root mean squared error of that one sample on the training
    /// ratings, in units of the rating. The second curve is that of the mean prediction of all samples that count so
    /// far, and of the single sample before there are any.
    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<BayesianMf>, FitError> {
        fit::fit(self, data, None, context)
    }
}

impl FitFrom for BayesianMfParams {
    /// The sampler goes on where the last sample of the model is, with rows for whoever and whatever is new: a burn-in of a
    /// few samples is enough. Samples that count are averaged as in any fit, and there is no shortcut for those. Attributes that the data does not bring are those of the model. The parameters may differ from
    /// those of the model, but for `factors`; its users and items must be the first of the data.
    fn fit_from(
        &self,
        model: &BayesianMf,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<BayesianMf>, FitError> {
        check_fit(self, data, context)?;
        fit::fit(self, data, Some(model), context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_samples_are_kept_as_asked_for() {
        for (samples, kept) in [(10, 3), (300, 64), (5, 64), (64, 64), (2, 2)] {
            let params = BayesianMfParams::new().samples(samples).kept(kept);
            let found = (0..samples).filter(|&n| params.keeps(n)).count();
            assert_eq!(found, kept.min(samples));
        }
    }
}
