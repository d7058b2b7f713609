//! The fitted model: what it keeps, and what it prepares for answers.

use super::activity::Activity;
use super::prior::Prior;
use crate::kernel::{Level, UncertainRows, UncertainSolver};
use crate::model::Seen;
use crate::persist::Unsound;
use crate::rating::start::Scaling;

/// A matrix factorization with biases: mean, biases and factors, and what folding in needs.
///
/// Made by [`BiasedMfParams`](super::BiasedMfParams), or of the samples of a [`BayesianMf`](crate::rating::BayesianMf) by
/// [`compress`](crate::rating::BayesianMf::compress).
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
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Parts", into = "Parts")
)]
pub struct BiasedMf {
    pub(super) parts: Parts,
    /// How far the items' rows reach.
    pub(super) reach: Reach,
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::rating) struct Parts {
    pub(in crate::rating) factors: usize,
    pub(in crate::rating) scaling: Scaling,
    pub(in crate::rating) users: Vec<f32>,
    pub(in crate::rating) items: Vec<f32>,
    pub(in crate::rating) item_variances: Vec<f32>,
    pub(in crate::rating) item_weights: Vec<f32>,
    /// The prior of the users in the last epoch, `regularization` included.
    pub(in crate::rating) prior: Prior,
    pub(in crate::rating) activity: Activity,
    /// The noise precision of the last epoch's users.
    pub(in crate::rating) tau: f32,
    pub(in crate::rating) steadiness: f32,
    /// What the learned precision of a prior was multiplied by: in `prior` it is part of the precision.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub(in crate::rating) regularization: f32,
    pub(in crate::rating) seen: Seen,
}

/// What models of before were fitted with, as far as it is known.
#[cfg(feature = "serde")]
fn one() -> f32 {
    1.0
}

impl PartialEq for BiasedMf {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl From<BiasedMf> for Parts {
    fn from(model: BiasedMf) -> Self {
        model.parts
    }
}

impl TryFrom<Parts> for BiasedMf {
    type Error = Unsound;

    fn try_from(parts: Parts) -> Result<Self, Unsound> {
        parts.check()?;
        let (factors, dim) = (parts.factors, parts.factors + 1);
        let n_items = parts.item_weights.len();
        let stride = factors.next_multiple_of(16);
        let mut item_factors = vec![0.0; n_items * stride];
        let mut packed = UncertainRows::new(dim, n_items);
        let mut to_pack = packed.all_mut();
        let variances = parts.item_variances.chunks_exact(dim);
        for (i, (row, variance)) in parts.items.chunks_exact(dim).zip(variances).enumerate() {
            item_factors[i * stride..][..factors].copy_from_slice(&row[..factors]);
            // The lengths are those of the chunks, and there are as many rows.
            to_pack.set(i, row, variance, parts.item_weights[i]).expect("rows of one length");
        }
        let spread = parts.scaling.spread;
        let item_biases = parts.items.chunks_exact(dim).map(|row| spread * row[factors]).collect();
        let mut item_known = vec![false; n_items];
        parts.seen.rows().flatten().for_each(|item| item_known[item.ix()] = true);
        let (solver, reach) = (UncertainSolver::new(dim, Level::detect()), parts.reach());
        Ok(Self { parts, reach, item_factors, stride, item_biases, item_known, packed, solver })
    }
}

/// How far the items' rows reach: with it a row of a user is known to have finite scores only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// The longest vector of factors.
    factors: f64,
    /// The largest bias.
    bias: f64,
    center: f64,
    spread: f64,
}

/// The largest score that is certain not to leave single precision on the way.
const LARGEST: f64 = 1e38;

impl Parts {
    pub(super) fn reach(&self) -> Reach {
        let rows = self.items.chunks_exact(self.factors + 1).map(split);
        let (factors, bias) = rows.fold((0.0f64, 0.0f64), |(p, b), (q, c)| (greater(p, q), greater(b, c)));
        let Scaling { center, spread, .. } = self.scaling;
        Reach { factors, bias, center: f64::from(center.abs()), spread: f64::from(spread) }
    }
}

impl Reach {
    /// Reaches as far as one more row.
    pub(super) fn extend(&mut self, row: &[f32]) {
        let (factors, bias) = split(row);
        (self.factors, self.bias) = (greater(factors, self.factors), greater(bias, self.bias));
    }

    /// Whether every partial sum of every score of this row is finite; not so for a row that is not.
    pub(super) fn covers(&self, row: &[f32]) -> bool {
        let (factors, bias) = split(row);
        let score = bias + self.bias + factors * self.factors;
        self.spread * (score + factors) + self.center <= LARGEST
    }
}

/// The length of a row's factors and the size of its bias.
fn split(row: &[f32]) -> (f64, f64) {
    let (bias, factors) = row.split_last().expect("a row has a bias");
    let square: f64 = factors.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (square.sqrt(), f64::from(bias.abs()))
}

/// The larger, NaN being larger than all.
fn greater(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl BiasedMf {
    /// The number of factors, K.
    pub fn factors(&self) -> usize {
        self.parts.factors
    }

    /// The mean of all ratings, mu.
    pub fn mean(&self) -> f32 {
        self.parts.scaling.center
    }
}
