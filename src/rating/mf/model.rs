//! The fitted model: what it keeps, and what it prepares for answers.

use super::activity::Activity;
use super::prior::Prior;
use super::scaling::Scaling;
use crate::kernel::{Level, SolveError, UncertainRows, UncertainSolver};
use crate::model::Seen;

/// A matrix factorization with biases: mean, biases and factors, and what folding in needs.
///
/// Predictions of a user without ratings rest on the row the model expects of somebody who has rated nothing: the
/// prior mean at the least number of ratings it was trained on. Its products with the items are the items' biases as
/// seen by the average user. An item without ratings is treated alike, and [`Basis`](crate::model::Basis) says which of
/// the two was missing: [`Biases`](crate::model::Basis::Biases) when one was,
/// [`GlobalMean`](crate::model::Basis::GlobalMean) when both were.
///
/// ```
/// use foldin::data::{Columns, History, Interactions, ItemIx, UserIx};
/// use foldin::model::{Basis, Fit, PredictRating, Query};
/// use foldin::rating::BiasedMfParams;
/// let (users, items): (Vec<_>, Vec<_>) = (0..36).map(|n| (UserIx::new(n / 6), ItemIx::new(n % 6))).unzip();
/// let values: Vec<f32> = (0..36).map(|n| if (n / 6 + n) % 2 == 0 { 5.0 } else { 2.0 }).collect();
/// let columns = Columns { users: &users, items: &items, values: &values, times: None };
/// let data = Interactions::from_columns(6, 6, columns)?;
/// let model = BiasedMfParams::new().factors(2).fit(&data)?;
///
/// // Somebody new, known by two ratings: folded in, nothing is stored.
/// let (liked, rated) = ([ItemIx::new(0), ItemIx::new(1)], [5.0, 2.0]);
/// let somebody = Query::history(History::new(&liked, &rated)?);
/// let even = model.predict_one(&somebody, ItemIx::new(2))?;
/// let odd = model.predict_one(&somebody, ItemIx::new(3))?;
/// assert!(even.rating > odd.rating && even.basis == Basis::Learned);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BiasedMf {
    pub(super) parts: Parts,
    /// Item factors in rows of `stride` floats, padded with zeros.
    pub(super) item_factors: Vec<f32>,
    pub(super) stride: usize,
    /// Item biases in units of the rating.
    pub(super) item_biases: Vec<f32>,
    /// Whether an item has ratings.
    pub(super) item_known: Vec<bool>,
    /// The items as the row solver reads them.
    pub(super) packed: UncertainRows,
    pub(super) solver: UncertainSolver,
}

/// What makes up a model; everything else follows from it. Rows are in standardised units, `factors` numbers and the
/// bias.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) factors: usize,
    pub(super) scaling: Scaling,
    pub(super) users: Vec<f32>,
    pub(super) items: Vec<f32>,
    pub(super) item_variances: Vec<f32>,
    pub(super) item_weights: Vec<f32>,
    /// The prior of the users in the last epoch, `regularization` included.
    pub(super) prior: Prior,
    pub(super) activity: Activity,
    /// The noise precision of the last epoch's users.
    pub(super) tau: f32,
    pub(super) steadiness: f32,
    pub(super) seen: Seen,
}

impl PartialEq for BiasedMf {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl BiasedMf {
    pub(super) fn from_parts(parts: Parts) -> Result<Self, SolveError> {
        let (factors, dim) = (parts.factors, parts.factors + 1);
        let n_items = parts.item_weights.len();
        let stride = factors.next_multiple_of(16);
        let mut item_factors = vec![0.0; n_items * stride];
        let mut packed = UncertainRows::new(dim, n_items);
        let mut to_pack = packed.all_mut();
        let variances = parts.item_variances.chunks_exact(dim);
        for (i, (row, variance)) in parts.items.chunks_exact(dim).zip(variances).enumerate() {
            item_factors[i * stride..][..factors].copy_from_slice(&row[..factors]);
            to_pack.set(i, row, variance, parts.item_weights[i])?;
        }
        let item_biases =
            parts.items.chunks_exact(dim).map(|row| parts.scaling.spread * row[factors]).collect();
        let mut item_known = vec![false; n_items];
        parts.seen.items().iter().for_each(|item| item_known[item.ix()] = true);
        let solver = UncertainSolver::new(dim, Level::detect());
        Ok(Self { parts, item_factors, stride, item_biases, item_known, packed, solver })
    }

    /// The number of factors, K.
    pub fn factors(&self) -> usize {
        self.parts.factors
    }

    /// The mean of all ratings, mu.
    pub fn mean(&self) -> f32 {
        self.parts.scaling.center
    }
}
