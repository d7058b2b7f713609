//! Item neighbourhoods: how did the asker rate the items that are rated like this one?
//!
//! The stand-in for Cinematch, the system of the Netflix Prize: "straightforward statistical linear
//! models with a lot of data conditioning". The prediction of the rating of item `i` by user `u` is
//!
//! ```text
//! b_ui + sum over j in N_k(i, u) of w_ij e_uj / (sum over j of w_ij + d)
//! ```
//!
//! where `b_ui = mu + b_u + b_i` is the [baseline](super::BiasBaseline), `e_uj = r_uj - b_uj` what it
//! leaves over of the asker's own ratings, and `N_k(i, u)` the `k` items most similar to `i` among
//! those that `u` rated. The conditioning, each step chosen by measurement (RMSE on validation parts
//! of MovieLens 100K and 1M):
//!
//! 1. *Baseline removal*: similarities and predictions see only the residuals `e`.
//! 2. *Similarity*: Pearson's correlation of the residuals, `sum e_ui e_uj / (|e_i| |e_j|)`. The sum
//!    runs over the people who rated both, the norms over **all** who rated `i` or `j`: a missing
//!    rating is a residual of 0, so that few common raters make no similar pair by accident. With norms
//!    over the common raters alone the error is 0.004 (100K) and 0.007 (1M) higher.
//! 3. *Support*: pairs below `min_overlap` common raters are dropped, the others shrunk by
//!    `n / (n + shrinkage)`, the smooth form of the significance weighting of Herlocker et al. 1999.
//! 4. *Sign*: only positive correlations. Negative ones cost 0.003 to 0.004.
//! 5. *Amplification* (Breese et al. 1998): `w_ij = similarity^2`. Near neighbours speak louder.
//! 6. *Doubt*: the constant `d` pulls a prediction that rests on little weight back to the baseline.
//!    Steps 5 and 6 together gain 0.004.
//!
//! Sources: Sarwar et al. 2001; Bell & Koren 2007, "Improved neighborhood-based collaborative
//! filtering"; Koren 2010, "Factor in the neighbors". The interpolation weights that these derive
//! jointly are left out: each prediction would cost a system of k x k, and then a factor model is the
//! better use of the time.
//!
//! *Cost*: the fit walks, for each item, the histories of its raters: the sum of the squared lengths of
//! all histories, in one row of sums per thread. Memory beside the data: `candidates` neighbours of 8
//! bytes per item, never a matrix of items times items. A prediction looks at `candidates` numbers at
//! most. *Choose another model* for the last hundredths of error, or when histories of ten thousands
//! of ratings make the squares too many. *Limitation*: an item that shares no raters with the asker's
//! items gets the baseline, and says so ([`Basis::Biases`](crate::model::Basis::Biases)).

mod explain;
mod file;
mod model;
mod neighbours;

use std::time::Instant;

use super::bias::{BiasBaselineParams, Biases};
use crate::data::Interactions;
use crate::model::params::by_name;
use crate::model::{Fit, FitContext, FitError, FitReport, Fitted, ParamError, Params, Seen, StopReason};
use crate::par::Workers;
pub use model::ItemKnn;
use neighbours::{Neighbours, Residuals};

/// Parameters of [`ItemKnn`].
///
/// The defaults were chosen on a tenth of the training data held out from it: five parts `u1..u5` of
/// MovieLens 100K and a 90 % part of MovieLens 1M, as a compromise between the two.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// use foldin::model::{Basis, Fit, PredictRating, Query};
/// use foldin::rating::ItemKnnParams;
/// let (user, item) = (UserIx::new, ItemIx::new);
/// // Two love items 0 and 1 and not 2, two the other way round; user 4 rated item 0 alone.
/// let data = Interactions::from_columns(5, 3, Columns {
///     users: &[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4].map(user),
///     items: &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0].map(item),
///     values: &[5.0, 5.0, 1.0, 5.0, 4.0, 2.0, 1.0, 2.0, 5.0, 2.0, 1.0, 4.0, 5.0],
///     times: None,
/// })?;
/// let model = ItemKnnParams::new().fit(&data)?;
/// let [alike, unlike] = [1, 2].map(|at| model.predict_one(&Query::user(user(4)), item(at)));
/// assert_eq!(alike?.basis, Basis::Learned);
/// assert_eq!(unlike?.basis, Basis::Biases);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct ItemKnnParams {
    /// How many of the asker's ratings a prediction uses at most: those of the items most similar to
    /// the one asked for. At least 1; default 40.
    pub neighbours: usize,
    /// How many similar items are kept per item, so that enough of them are among those the asker
    /// rated. At least `neighbours`; default 300. Fewer save memory: 100 cost 0.002 of the error.
    pub candidates: usize,
    /// Pairs with fewer common raters are not similar. At least 1; default 2.
    pub min_overlap: u32,
    /// The number of common raters at which a correlation counts half. At least 0; default 15.
    pub shrinkage: f32,
    /// The power of the similarity that is the weight of a neighbour. Above 0; default 2.
    pub amplification: f32,
    /// Added to the sum of the weights: the pull towards the baseline, in units of one neighbour of
    /// similarity 1. At least 0; default 0.01.
    pub regularization: f32,
    /// [`BiasBaselineParams::user_regularization`] of the baseline. Default 5.
    pub user_regularization: f32,
    /// [`BiasBaselineParams::item_regularization`] of the baseline. Default 3.
    pub item_regularization: f32,
}

impl Default for ItemKnnParams {
    fn default() -> Self {
        let BiasBaselineParams { user_regularization, item_regularization, .. } =
            BiasBaselineParams::default();
        Self {
            neighbours: 40,
            candidates: 300,
            min_overlap: 2,
            shrinkage: 15.0,
            amplification: 2.0,
            regularization: 0.01,
            user_regularization,
            item_regularization,
        }
    }
}

/// One setter per field, so that parameters chain.
macro_rules! setters {
    ($($field:ident: $kind:ty),+ $(,)?) => {
        impl ItemKnnParams {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(self, $field: $kind) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}

setters! {
    neighbours: usize,
    candidates: usize,
    min_overlap: u32,
    shrinkage: f32,
    amplification: f32,
    regularization: f32,
    user_regularization: f32,
    item_regularization: f32,
}

impl ItemKnnParams {
    fn baseline(&self) -> BiasBaselineParams {
        BiasBaselineParams::new()
            .user_regularization(self.user_regularization)
            .item_regularization(self.item_regularization)
    }
}

impl Params for ItemKnnParams {
    fn check(&self) -> Result<(), ParamError> {
        let at_least_0 = |name, value: f32| {
            let holds = value.is_finite() && value >= 0.0;
            ParamError::require(holds, name, value, "a finite number, at least 0")
        };
        let amplified = self.amplification.is_finite() && self.amplification > 0.0;
        let enough = self.candidates >= self.neighbours;
        ParamError::require(self.neighbours >= 1, "neighbours", self.neighbours, "at least 1")?;
        ParamError::require(enough, "candidates", self.candidates, "at least `neighbours`")?;
        ParamError::require(self.min_overlap >= 1, "min_overlap", self.min_overlap, "at least 1")?;
        at_least_0("shrinkage", self.shrinkage)?;
        ParamError::require(amplified, "amplification", self.amplification, "a finite number above 0")?;
        at_least_0("regularization", self.regularization)?;
        self.baseline().check()
    }

    by_name!(
        neighbours,
        candidates,
        min_overlap,
        shrinkage,
        amplification,
        regularization,
        user_regularization,
        item_regularization,
    );
}

impl Fit for ItemKnnParams {
    type Model = ItemKnn;

    /// One pass: the curve is empty and an observer has nothing to see. The deadline is looked
    /// at before each sixteenth of the items; one that has passed there is an error.
    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<ItemKnn>, FitError> {
        let start = Instant::now();
        let workers = Workers::new(context.get_threads())?;
        let (biases, ..) = Biases::fit(&self.baseline(), data, &workers, &mut FitContext::new())?;
        let residuals = Residuals::new(data, &biases);
        let neighbours = Neighbours::find(self, data, &residuals, &workers, || context.is_late())?;
        let k = self.neighbours.min(data.n_items() as usize);
        let seen = Seen::new(data);
        let model = ItemKnn::new(biases, seen, residuals.by_user, neighbours, k, self.regularization);
        let report = FitReport { curve: Vec::new(), stopped: StopReason::Epochs, elapsed: start.elapsed() };
        Ok(Fitted { model, report })
    }
}

#[cfg(test)]
mod tests;
