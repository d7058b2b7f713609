//! How good is one list? The measurements of one user; [`ranking`](fn@super::ranking) averages them.

use crate::data::{ItemIx, UserIx};
use crate::retrieve::Hit;

/// One user's list and the truth it is held against.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Case<'a> {
    /// Who.
    pub user: UserIx,
    /// What the model listed, best first. Cut to the metric's [`depth`](Metric::depth); shorter where
    /// fewer items were eligible.
    pub list: &'a [Hit],
    /// The relevant items, sorted; never empty.
    pub relevant: &'a [ItemIx],
}

impl<'a> Case<'a> {
    /// A case, for testing a metric. `relevant` must be sorted.
    pub fn new(user: UserIx, list: &'a [Hit], relevant: &'a [ItemIx]) -> Self {
        Self { user, list, relevant }
    }

    /// The ranks, from 1, at which relevant items stand, in ascending order.
    pub fn hits(&self) -> impl Iterator<Item = usize> + 'a {
        let relevant = self.relevant;
        (1..)
            .zip(self.list)
            .filter_map(move |(rank, hit)| relevant.binary_search(&hit.item).ok().map(|_| rank))
    }

    fn n_hits(&self) -> f64 {
        self.hits().count() as f64
    }

    fn n_relevant(&self) -> f64 {
        self.relevant.len() as f64
    }

    /// The most hits a list of `k` can have.
    fn possible(&self, k: usize) -> usize {
        k.min(self.relevant.len())
    }

    /// The same case with a list of at most `k`.
    pub(super) fn cut(self, k: usize) -> Self {
        Self { list: &self.list[..k.min(self.list.len())], ..self }
    }
}

/// A measurement of one user's list.
///
/// ```
/// use foldin::evaluate::{Case, Metric};
///
/// /// Whether the first item is relevant.
/// struct First;
/// impl Metric for First {
///     fn name(&self) -> String { "first".into() }
///     fn depth(&self) -> usize { 1 }
///     fn measure(&self, case: &Case<'_>) -> f64 { case.hits().count() as f64 }
/// }
/// ```
pub trait Metric: Sync {
    /// What the figure is called in a report, for example `ndcg@10`.
    fn name(&self) -> String;

    /// How many items a list must have for this metric; it is shown no more. `usize::MAX` asks for all.
    fn depth(&self) -> usize;

    /// The figure of one user: finite, and deterministic.
    fn measure(&self, case: &Case<'_>) -> f64;
}

impl<M: Metric + ?Sized> Metric for &M {
    fn name(&self) -> String {
        (**self).name()
    }

    fn depth(&self) -> usize {
        (**self).depth()
    }

    fn measure(&self, case: &Case<'_>) -> f64 {
        (**self).measure(case)
    }
}

macro_rules! metric {
    ($(#[$doc:meta])* $name:ident, $text:literal, |$case:ident, $k:ident| $figure:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(
            /// k, the length of the lists; at least 1.
            pub usize,
        );

        impl Metric for $name {
            fn name(&self) -> String {
                format!(concat!($text, "@{}"), self.0)
            }

            fn depth(&self) -> usize {
                self.0
            }

            fn measure(&self, case: &Case<'_>) -> f64 {
                let ($case, $k) = (case.cut(self.0), self.0);
                $figure
            }
        }
    };
}

metric! {
    /// `precision@k`: hits / k. A list that is shorter than k is not excused.
    Precision, "precision", |case, k| case.n_hits() / k as f64
}
metric! {
    /// `recall@k`: hits / relevant items. The definition of the LightGCN splits; with more than k
    /// relevant items even a perfect list stays below 1.
    Recall, "recall", |case, _k| case.n_hits() / case.n_relevant()
}
metric! {
    /// `recall-capped@k`: hits / min(k, relevant items). The definition of the Mult-VAE protocol
    /// (Liang et al., 2018); a perfect list has 1.
    RecallCapped, "recall-capped", |case, k| case.n_hits() / case.possible(k) as f64
}
metric! {
    /// `ndcg@k` (Järvelin and Kekäläinen, 2002): an item is relevant or it is not (gain 1 or 0), rank r
    /// counts 1 / log2(r + 1), and the sum is divided by that of a perfect list of min(k, relevant
    /// items).
    Ndcg, "ndcg", |case, k| gain(case.hits()) / gain(1..=case.possible(k))
}
metric! {
    /// `map@k`, one user's average precision: the precision at the rank of each hit, summed and divided
    /// by min(k, relevant items), so that a perfect list has 1.
    AveragePrecision, "map", |case, k| {
        let precisions = (1..).zip(case.hits()).map(|(hits, rank)| f64::from(hits) / rank as f64);
        precisions.sum::<f64>() / case.possible(k) as f64
    }
}
metric! {
    /// `mrr@k`, one user's reciprocal rank: 1 / rank of the first hit, 0 without one.
    ReciprocalRank, "mrr", |case, _k| case.hits().next().map_or(0.0, |rank| 1.0 / rank as f64)
}
metric! {
    /// `hit-rate@k`: 1 with at least one hit, 0 without.
    HitRate, "hit-rate", |case, _k| case.n_hits().min(1.0)
}

/// The discounted gain of hits at these ranks.
fn gain(ranks: impl Iterator<Item = usize>) -> f64 {
    ranks.map(|rank| 1.0 / (rank as f64 + 1.0).log2()).sum()
}
