//! What a caller chooses.

use super::weighting::{Confidence, Negatives, Objective, Weighting};
use super::{Ials, fit};
use crate::data::Interactions;
use crate::model::check_fit;
use crate::model::params::by_name;
use crate::model::{Fit, FitContext, FitError, FitFrom, Fitted, ParamError, Params};

/// Parameters of [`Ials`].
///
/// What to try first on one's own data: `regularization` and `unobserved_weight`, each in steps of a factor of 3 around
/// the default, by the curve of held-out events; then as many `factors` as time allows; then `popularity_discount` 0.25
/// and `activity_exponent` 0.3, which gave 2 % more recall and NDCG on check-ins (Gowalla, 1024 factors).
///
/// ```
/// use foldin::data::{Event, Interactions, ItemIx, UserIx};
/// use foldin::implicit::IalsParams;
/// use foldin::model::{Fit, Query};
/// use foldin::retrieve::{ScoreExt, TopN};
/// // Two tastes: even people take even things, odd people odd things; each leaves out one.
/// let pairs = (0..8).flat_map(|user| (0..8).map(move |item| (user, item)));
/// let events: Vec<_> = pairs
///     .filter(|(user, item)| user % 2 == item % 2 && user != item)
///     .map(|(user, item)| Event { user: UserIx::new(user), item: ItemIx::new(item), value: 1.0, time: None })
///     .collect();
/// let data = Interactions::from_events(8, 8, &events)?;
/// let model = IalsParams::new().factors(4).fit(&data)?;
/// let hits = model.top_n(&Query::user(UserIx::new(3)), &TopN::new(1))?;
/// assert_eq!(hits[0].item, ItemIx::new(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct IalsParams {
    /// Factors of each user and item, K. 1 to 4096; default 128. More are better as long as time and
    /// `regularization` allow; a multiple of 16 is fastest.
    pub factors: usize,
    /// Epochs, each one pass over the items and one over the users. At least 1; default 16.
    pub epochs: usize,
    /// How strongly rows are drawn to zero, lambda. From 1e-9 to 1e9; default 0.003.
    pub regularization: f32,
    /// Weight of a pair without event, alpha_0. From 1e-9 to 1e6; default 0.1. The fewer of the things people would
    /// like they have had a chance to touch, the smaller.
    pub unobserved_weight: f32,
    /// How the regularization grows with the number of events of a row. From 0, all rows alike, to 1; default 1.
    pub nu: f32,
    /// How the unobserved weight grows with the number of events of a user, who has met more of what they left: it is
    /// multiplied by that number to this power, over the mean of that over the users. From 0, all users alike, to 1;
    /// default 0. Pan et al. 2008.
    pub activity_exponent: f32,
    /// How much less an event says where many have touched the item: its weight is divided by the item's number of
    /// events to this power, and scaled so that the mean over the events stays. From 0, all items alike, to 1; default 0.
    /// Steck 2011.
    pub popularity_discount: f32,
    /// What is minimised. Default [`Objective::Rendle`].
    pub objective: Objective,
    /// How the size of a value weighs. Default [`Confidence::Equal`].
    pub confidence: Confidence,
    /// What values below 0 mean. Default [`Negatives::Dislike`].
    pub negatives: Negatives,
    /// Length of a random user's row at the start, root mean square: each coordinate has this over sqrt(K) as its standard deviation. From 1e-6 to 1e3; default 0.1.
    pub init_scale: f32,
}

impl Default for IalsParams {
    fn default() -> Self {
        Self {
            factors: 128,
            epochs: 16,
            regularization: 0.003,
            unobserved_weight: 0.1,
            nu: 1.0,
            activity_exponent: 0.0,
            popularity_discount: 0.0,
            objective: Objective::default(),
            confidence: Confidence::default(),
            negatives: Negatives::default(),
            init_scale: 0.1,
        }
    }
}

macro_rules! setters {
    ($($field:ident: $type:ty),+ $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(self, $field: $type) -> Self {
            Self { $field, ..self }
        }
    )+};
}

impl IalsParams {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        factors: usize,
        epochs: usize,
        regularization: f32,
        unobserved_weight: f32,
        nu: f32,
        activity_exponent: f32,
        popularity_discount: f32,
        objective: Objective,
        confidence: Confidence,
        negatives: Negatives,
        init_scale: f32,
    }

    pub(super) fn weighting(&self) -> Weighting {
        Weighting {
            objective: self.objective,
            confidence: self.confidence,
            negatives: self.negatives,
            unobserved_weight: self.unobserved_weight,
        }
    }

    /// The regularization of a row of `n` events, the other side having `others` rows.
    pub(super) fn regularization_of(&self, n: usize, others: u32) -> f32 {
        regularization_of(self.regularization, self.unobserved_weight, self.nu, n, others)
    }
}

/// lambda (n + alpha_0 N)^nu
pub(super) fn regularization_of(lambda: f32, unobserved_weight: f32, nu: f32, n: usize, others: u32) -> f32 {
    let pairs = n as f64 + f64::from(unobserved_weight) * f64::from(others);
    (f64::from(lambda) * pairs.powf(f64::from(nu))) as f32
}

impl Params for IalsParams {
    fn check(&self) -> Result<(), ParamError> {
        let Self { factors, epochs, regularization, unobserved_weight, nu, confidence, init_scale, .. } =
            *self;
        let Self { activity_exponent, popularity_discount, .. } = *self;
        ParamError::require((1..=4096).contains(&factors), "factors", factors, "from 1 to 4096")?;
        ParamError::require(epochs >= 1, "epochs", epochs, "at least 1")?;
        let sound = (1e-9..=1e9).contains(&regularization);
        ParamError::require(sound, "regularization", regularization, "from 1e-9 to 1e9")?;
        let sound = (1e-9..=1e6).contains(&unobserved_weight);
        ParamError::require(sound, "unobserved_weight", unobserved_weight, "from 1e-9 to 1e6")?;
        ParamError::require((0.0..=1.0).contains(&nu), "nu", nu, "from 0 to 1")?;
        let sound = (0.0..=1.0).contains(&activity_exponent);
        ParamError::require(sound, "activity_exponent", activity_exponent, "from 0 to 1")?;
        let sound = (0.0..=1.0).contains(&popularity_discount);
        ParamError::require(sound, "popularity_discount", popularity_discount, "from 0 to 1")?;
        let expected = "with an alpha above 0 and up to 1e6, an epsilon from 1e-9 to 1e9";
        ParamError::require(confidence.is_sound(), "confidence", confidence, expected)?;
        ParamError::require((1e-6..=1e3).contains(&init_scale), "init_scale", init_scale, "from 1e-6 to 1e3")
    }

    by_name!(
        factors,
        epochs,
        regularization,
        unobserved_weight,
        nu,
        activity_exponent,
        popularity_discount,
        objective,
        confidence,
        negatives,
        init_scale
    );
}

impl Fit for IalsParams {
    type Model = Ials;

    /// The loss of an epoch is the objective after it, as [`Ials`] defines it.
    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<Ials>, FitError> {
        fit::fit(self, data, None, context)
    }
}

impl FitFrom for IalsParams {
    /// Starts from the items of the model; what a user is shown changes no more than it must. Users may be any: they are
    /// solved anew from their histories before the first epoch. The parameters may differ from those of the model, but
    /// for `factors`.
    fn fit_from(
        &self,
        model: &Ials,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<Ials>, FitError> {
        check_fit(self, data, context)?;
        fit::fit(self, data, Some(model), context)
    }
}
