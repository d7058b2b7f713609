//! The fitted model: what it keeps, and what it prepares for answers.

use std::sync::OnceLock;

use super::degrees::{Activity, Discount};
use super::side::solver;
use super::weighting::Weighting;
use crate::kernel::Matrix;
use crate::kernel::RowSolver;
use crate::model::Seen;
use crate::persist::{Numbers, Unsound};

/// A factorization of who touched what, fitted by weighted alternating least squares. The score of an item is
/// `x_u . y_i`, near 1 for what a user would touch and near 0 for what not.
///
/// With S the events, `w > 0` the weight of each ([`Confidence`](super::Confidence)), t its target (1 for a like, 0 for
/// a dislike), `alpha_0` the unobserved weight, n the number of events of a user or item, U and I the numbers of users
/// and items, `a_u` and `c_i` numbers that are 1 by default, the fit minimises
///
/// ```text
///   sum over S of c_i w_ui (t_ui - x_u.y_i)^2  +  alpha_0 sum over all u, i of a_u (p_ui - x_u.y_i)^2
/// + lambda sum_u (n_u + alpha_0 I)^nu |x_u|^2  +  lambda sum_i (n_i + alpha_0 U)^nu |y_i|^2
/// ```
///
/// where `p_ui` is 0 everywhere for [`Objective::Rendle`](super::Objective::Rendle), and 1 for likes and 0 elsewhere for
/// [`Objective::HuKoren`](super::Objective::HuKoren). The loss of an epoch is the value of this sum. A value of 0 is no
/// event; a value below 0 is a dislike or none ([`Negatives`](super::Negatives)).
///
/// `a_u` is `n_u^activity_exponent` over its mean over the users: who has met more has left more on purpose. `c_i` is
/// `n_i^-popularity_discount` over its mean over the events: that somebody touched what everybody touches says little of
/// them. A row without events counts as one of one event. Folded-in users have the `a_u` of a training user with as many
/// events; `c_i` stays that of the training data.
///
/// Who has no events that speak for an item is answered with the mean of the rows of all users who have: the items by
/// their mean score.
///
/// *Papers.* Hu, Koren & Volinsky 2008, "Collaborative filtering for implicit feedback datasets"; the objective with an
/// unobserved weight on all pairs, and the regularization scaled by frequency: Rendle, Krichene, Zhang & Koren 2022,
/// "Revisiting the performance of iALS on item recommendation benchmarks". `a_u`: Pan et al. 2008, "One-class
/// collaborative filtering" (user-oriented weighting); `c_i`: Steck 2011, "Item popularity and recommendation accuracy".
///
/// *Settings carry over.* From google-research's `ials`: `embedding_dim`, `regularization`, `regularization_exp` and
/// `unobserved_weight` are `factors`, `regularization`, `nu` and `unobserved_weight` as they are, `stddev` is
/// `init_scale`. From Hu, Koren & Volinsky: [`Objective::HuKoren`](super::Objective::HuKoren), `linear:ALPHA`,
/// `unobserved_weight` 1, `nu` 0; for a library whose weights are `c = alpha r` on events and 1 elsewhere, and values
/// that are all 1, `linear:(ALPHA - 1)`.
///
/// *Cost* of an epoch in multiply-adds, N rows on both sides: `1.5 N K^2` for Gram matrices and turns, `8 K^3` in double
/// precision for the eigenvectors, and for a row of n events `2 n K` a step of conjugate gradients, of which a few bring it
/// within the rounding of single precision of its minimum: the distance is bounded by 1e-6 of its length but for rounding
/// on the way, and was measured at up to 1.9e-6 in the longest rows of Gowalla (K 64). Rows that do not come so near in 24
/// steps are factored, as are short ones (16 events, 24 from 256 factors on) and long ones where that is less work:
/// `n^2 K / 2 + n^3 / 6` or `n K^2 / 2 + K^3 / 6`. The weaker the unobserved pairs and the regularization, the more steps. Memory: 4 K bytes per
/// row, 4 per event to remember who has seen what, and during the fit some tens of K x K matrices. A fit
/// whose larger side takes from 2 to 64 MiB of factors puts the rows of both sides in an order of its own before the fourth
/// epoch, in which they find each other in the cache: epochs on Gowalla (K 128, two threads) take 94 ms before and 83 after; it
/// costs a fifth of an epoch and 8 bytes per event, 16 where values weigh.
///
/// *Validation.* The curve of held-out events is one minus the NDCG of the whole list, without the training events: 0
/// if every held-out like stands first. It ranks the whole catalogue for every user, which takes longer than an epoch.
///
/// *Choose another model* when the values are ratings and their size is what counts (`rating`), or when nothing personal
/// is known ([`Popularity`](super::super::Popularity)). *Limitation*: all events are of one time; what was liked long
/// ago weighs as much.
///
/// ```
/// use foldin::data::{Event, History, Interactions, ItemIx, UserIx};
/// use foldin::implicit::IalsParams;
/// use foldin::model::{Fit, Query};
/// use foldin::retrieve::{ScoreExt, TopN};
/// let events: Vec<_> = (0..32)
///     .filter(|n| (n / 8 + n) % 2 == 0)
///     .map(|n| Event { user: UserIx::new(n / 8), item: ItemIx::new(n % 8), value: 1.0, time: None })
///     .collect();
/// let data = Interactions::from_events(4, 8, &events)?;
/// let model = IalsParams::new().factors(2).fit(&data)?;
///
/// // Somebody new, known by one thing they like and one they do not: folded in, nothing is stored.
/// let (items, values) = ([ItemIx::new(1), ItemIx::new(2)], [1.0, -1.0]);
/// let hits = model.top_n(&Query::history(History::new(&items, &values)?), &TopN::new(3))?;
/// assert!(hits.iter().all(|hit| hit.item.get() % 2 == 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "super::file::Unchecked", into = "super::file::Unchecked")
)]
pub struct Ials {
    pub(super) parts: Parts,
    pub(super) solver: RowSolver,
    /// What [`anyone`](Self::anyone) says: known, but for a model of a mapped file that was not yet asked for it.
    pub(super) anyone: OnceLock<Vec<f32>>,
    /// What [`longest`](Self::longest) says, likewise.
    pub(super) longest: OnceLock<f64>,
}

/// What makes up a model; everything else follows from it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) factors: usize,
    pub(super) weighting: Weighting,
    pub(super) regularization: f32,
    pub(super) nu: f32,
    pub(super) activity: Activity,
    /// What the weights of the events of items that change are multiplied by.
    pub(super) discount: Discount,
    /// What the weights of the events of each item are multiplied by.
    pub(super) item_weights: Numbers<f32>,
    pub(super) users: Matrix,
    /// In coordinates in which their Gram matrix is diagonal.
    pub(super) items: Matrix,
    /// The diagonal, the largest first.
    pub(super) base: Vec<f32>,
    pub(super) seen: Seen,
}

impl PartialEq for Ials {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

/// The largest score that is certain not to leave single precision on the way.
pub(super) const LARGEST: f64 = 1e38;

impl TryFrom<Parts> for Ials {
    type Error = Unsound;

    fn try_from(parts: Parts) -> Result<Self, Unsound> {
        parts.check()?;
        let model = Self::unasked(parts);
        model.check_rows()?;
        if !model.parts.items.is_mapped() {
            model.anyone();
        }
        Ok(model)
    }
}

/// The mean of the rows that are not zero, and are numbers.
fn mean(rows: &Matrix, factors: usize) -> Vec<f32> {
    let (mut sum, mut count) = (vec![0.0; factors], 0);
    let counts = |row: &&[f32]| row.iter().any(|&x| x != 0.0) && is_finite(row);
    for row in (0..rows.count()).map(|row| rows.row(row)).filter(counts) {
        count += 1;
        sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    sum.into_iter().map(|sum| (sum / f64::from(count.max(1))) as f32).collect()
}

impl Parts {
    /// An item has so many events from now on. What was fitted before the discount was kept stays as it is.
    pub(super) fn reweigh(&mut self, item: usize, n: usize) {
        if self.discount.exponent > 0.0 {
            self.item_weights.to_mut()[item] = self.discount.weight(n);
        }
    }

    /// Whether the parts fit together and no answer can leave the numbers of single precision. Parts are named like
    /// their sections.
    fn check(&self) -> Result<(), Unsound> {
        Unsound::unless_all("diagonal", &self.base, "a finite number, at least 0", |x| {
            x.is_finite() && x >= 0.0
        })?;
        // The exponent is checked with the parameters.
        Unsound::unless_all("activity", &[1.0, self.activity.scale], SHARE, is_share)?;
        Unsound::unless_all("items.discount", &[f64::from(self.discount.exponent)], "from 0 to 1", |x| {
            (0.0..=1.0).contains(&x)
        })?;
        let expected_scale = |x: f64| (1e-12..=1e12).contains(&x);
        Unsound::unless_all("items.discount", &[1.0, self.discount.scale], SHARE, expected_scale)
    }
}

/// Sums that are made side by side, so that none waits for the last addition.
const CHAINS: usize = 8;

pub(super) fn length(row: &[f32]) -> f64 {
    let mut sums = [0.0; CHAINS];
    let (chunks, rest) = row.as_chunks::<CHAINS>();
    let add = |(sum, &x): (&mut f64, &f32)| *sum += f64::from(x) * f64::from(x);
    chunks.iter().for_each(|chunk| sums.iter_mut().zip(chunk).for_each(add));
    sums.iter_mut().zip(rest).for_each(add);
    sums.iter().sum::<f64>().sqrt()
}

/// The length of the longest row that is numbers.
fn longest(rows: &Matrix) -> f64 {
    let lengths = (0..rows.count()).map(|row| length(rows.row(row)));
    lengths.filter(|length| length.is_finite()).fold(0.0, f64::max)
}

pub(super) fn is_finite(row: &[f32]) -> bool {
    row.iter().all(|x| x.is_finite())
}

/// The share of an item or a user in the weights.
const SHARE: &str = "from 1e-12 to 1e12";

pub(super) fn is_share(x: f32) -> bool {
    (1e-12..=1e12).contains(&x)
}

/// Whether every partial sum of every score of a row is finite; not so for a row that is not.
fn has_finite_scores(row: &[f32], longest: f64) -> bool {
    length(row) * longest.max(1.0) <= LARGEST
}

impl Ials {
    /// A model whose rows stay in a file, and are not looked at.
    pub(super) fn of_map(parts: Parts) -> Result<Self, Unsound> {
        parts.check()?;
        Ok(Self::unasked(parts))
    }

    fn unasked(parts: Parts) -> Self {
        let (anyone, longest) = (OnceLock::new(), OnceLock::new());
        Self { solver: solver(parts.factors), parts, anyone, longest }
    }

    /// Whether the parts that grow with users and items fit together and no answer can leave the numbers of single
    /// precision.
    pub(super) fn check_rows(&self) -> Result<(), Unsound> {
        let Parts { item_weights, users, items, seen, .. } = &self.parts;
        Unsound::unless_all("items.weight", item_weights, SHARE, is_share)?;
        let known = |item: crate::data::ItemIx| item.ix() < items.count();
        Unsound::unless_all("seen.items", seen.items(), "an item of the model", known)?;
        Unsound::unless_all("items", items.floats(), "a finite number", f32::is_finite)?;
        let rows: Vec<usize> = (0..users.count()).collect();
        Unsound::unless_all("users", &rows, "a row whose scores are finite", |user| {
            self.covers(users.row(user))
        })
    }

    /// The mean of the rows of users who have events. Asked for the first time, a model of a mapped file reads all users.
    pub(super) fn anyone(&self) -> &[f32] {
        self.anyone.get_or_init(|| mean(&self.parts.users, self.parts.factors))
    }

    /// At least the length of the longest row of an item. Asked for the first time, a model of a mapped file reads all
    /// items, as the list will for which it is asked.
    pub(super) fn longest(&self) -> f64 {
        *self.longest.get_or_init(|| longest(&self.parts.items))
    }

    /// Whether a folded-in row can be answered from.
    pub(super) fn covers(&self, row: &[f32]) -> bool {
        has_finite_scores(row, self.longest())
    }

    /// The number of factors, K.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.parts.factors
    }

    /// How often each coordinate is used by the items, the sum of its squares: the largest first.
    #[must_use]
    pub fn spectrum(&self) -> &[f32] {
        &self.parts.base
    }
}
