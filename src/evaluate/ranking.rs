//! How good lists are, over all users.

use std::time::{Duration, Instant};

use super::ask::check;
use super::figures::Figures;
use super::lists::Lists;
use super::{
    AveragePrecision, EvaluateError, HitRate, Metric, Ndcg, Precision, Recall, RecallCapped, ReciprocalRank,
};
use crate::data::Interactions;
use crate::model::Score;
use crate::par::Workers;

/// How lists are evaluated.
///
/// | option | default |
/// |---|---|
/// | k, given to [`new`](Self::new) | 10 |
/// | the seven metrics at k | measured; not by [`only`](Self::only) |
/// | [`relevant_from`](Self::relevant_from) | every test event is relevant |
/// | [`metrics`](Self::metrics) | no others |
/// | [`threads`](Self::threads) | 0: one per core |
/// | [`fold_in`](Self::fold_in) | off: users are asked for by their trained rows |
#[derive(Clone)]
pub struct RankingOptions<'a> {
    k: usize,
    /// Whether the seven at k are measured.
    seven: bool,
    pub(super) relevant_from: Option<f32>,
    metrics: &'a [&'a dyn Metric],
    pub(super) threads: usize,
    pub(super) fold_in: bool,
}

impl Default for RankingOptions<'_> {
    fn default() -> Self {
        Self::new(10)
    }
}

impl<'a> RankingOptions<'a> {
    /// Measures lists of `k` items; at least 1.
    pub fn new(k: usize) -> Self {
        Self { k, seven: true, relevant_from: None, metrics: &[], threads: 0, fold_in: false }
    }

    /// Measures these metrics and no others; `k` is the depth of the deepest.
    pub fn only(metrics: &'a [&'a dyn Metric]) -> Self {
        let k = metrics.iter().map(|metric| metric.depth()).max().unwrap_or(0);
        Self { seven: false, ..Self::new(k).metrics(metrics) }
    }

    /// Only test events with this value or a higher one are relevant: 4.0 for "liked it" on a scale of
    /// five stars. All training events stay out of the lists, liked or not.
    #[must_use]
    pub fn relevant_from(mut self, value: f32) -> Self {
        self.relevant_from = Some(value);
        self
    }

    /// Measures these too: the crate's at other lengths, or your own.
    #[must_use]
    pub fn metrics(mut self, metrics: &'a [&'a dyn Metric]) -> Self {
        self.metrics = metrics;
        self
    }

    /// How many threads to use; 0 stands for one per core. No figure depends on it, but the time does.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Asks with each user's history in `train` instead of their trained row: how good the model is for
    /// people it folds in.
    #[must_use]
    pub fn fold_in(mut self) -> Self {
        self.fold_in = true;
        self
    }

    /// An empty sheet for what these options measure, on a catalogue of `n_items`.
    pub(super) fn figures(&self, n_items: u32) -> Result<Figures<'a>, EvaluateError> {
        let k = self.k;
        let seven: [Box<dyn Metric>; 7] = [
            Box::new(Precision(k)),
            Box::new(Recall(k)),
            Box::new(RecallCapped(k)),
            Box::new(Ndcg(k)),
            Box::new(AveragePrecision(k)),
            Box::new(ReciprocalRank(k)),
            Box::new(HitRate(k)),
        ];
        let mut metrics: Vec<Box<dyn Metric + 'a>> = Vec::new();
        if self.seven {
            metrics.extend(seven.map(|metric| metric as Box<dyn Metric + 'a>));
        }
        metrics.extend(self.metrics.iter().map(|&metric| Box::new(metric) as Box<dyn Metric + 'a>));
        Ok(Figures::new(k, metrics, n_items)?)
    }
}

impl std::fmt::Debug for RankingOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RankingOptions")
            .field("k", &self.k)
            .field("relevant_from", &self.relevant_from)
            .field("metrics", &self.metrics.iter().map(|metric| metric.name()).collect::<Vec<_>>())
            .field("threads", &self.threads)
            .field("fold_in", &self.fold_in)
            .finish()
    }
}

/// One metric over all users.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Measured {
    /// The metric's name, for example `ndcg@10`.
    pub name: String,
    /// The mean over the users measured.
    pub mean: f64,
    /// The standard error of the mean: about 95 % of other samples of users lie within 1.96 of them.
    /// None for a single user.
    pub std_error: Option<f64>,
}

/// How good the lists of a model are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RankingReport {
    /// The length of the lists that `coverage` and `gini` look at.
    pub k: usize,
    /// The seven at k unless [`RankingOptions::only`] left them out, then those of
    /// [`RankingOptions::metrics`].
    pub metrics: Vec<Measured>,
    /// The share of the catalogue that stands in the first `k` of at least one list.
    pub coverage: f64,
    /// How unevenly the places in the first `k` are shared out, [`Exposure::gini`](super::Exposure::gini): 0 where every
    /// item of the catalogue is shown as often, near 1 where few have all places.
    #[cfg_attr(feature = "serde", serde(default))]
    pub gini: f64,
    /// How many users were measured.
    pub users: usize,
    /// How many users have no relevant test item and were skipped.
    pub skipped_users: usize,
    /// How many pairs of a user and a relevant item there are.
    pub n_relevant: usize,
    /// The time of lists and metrics on the threads asked for.
    pub elapsed: Duration,
}

impl RankingReport {
    /// How many users' lists were made and measured in a second.
    pub fn users_per_second(&self) -> f64 {
        self.users as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The mean of a metric, if it was measured: `report.mean(&Ndcg(10))`.
    pub fn mean(&self, metric: &dyn Metric) -> Option<f64> {
        let name = metric.name();
        self.metrics.iter().find(|measured| measured.name == name).map(|measured| measured.mean)
    }
}

/// Makes a list for every user with relevant test items and measures it.
///
/// Measured at k: [`Precision`], [`Recall`], [`RecallCapped`], [`Ndcg`], [`AveragePrecision`],
/// [`ReciprocalRank`], [`HitRate`], the coverage of the catalogue and how unevenly it is shown. Each metric is taken per user and
/// averaged over users, all alike.
///
/// # The rules
///
/// - *Candidates*: every item of the data, but for the user's own items in `train`, whatever the model
///   itself says they have seen.
/// - *Truth*: the user's items in `test` whose value is high enough
///   ([`relevant_from`](RankingOptions::relevant_from)). An item that also stands in the user's `train`
///   cannot be listed and is not counted as relevant.
/// - *Empty truth*: a user without relevant items is skipped and counted in
///   [`skipped_users`](RankingReport::skipped_users); nothing is defined as 0 or 1 for them.
/// - *Ties*: of equal scores the smaller item index comes first.
///
/// Nothing is sampled: a list is the best of the whole catalogue. For published protocols that rank a few
/// candidates instead there is [`ranking_among`](fn@super::ranking_among); lists made elsewhere are measured by
/// [`ranking_of`](fn@super::ranking_of).
///
/// Lists are made in batches, a bounded number at a time, by a [`Scanner`](crate::retrieve::Scanner) where the
/// model's scores are inner products. A model that has other items [seen](Score::seen) than `train` says is asked
/// one by one.
///
/// # Errors
/// [`EvaluateError`] when the parts or the model do not fit together, nobody has a relevant test item,
/// the model cannot answer, a metric is no number, or `k` is 0.
pub fn ranking<M: Score + ?Sized>(
    model: &M,
    train: &Interactions,
    test: &Interactions,
    options: &RankingOptions<'_>,
) -> Result<RankingReport, EvaluateError> {
    check(model.n_items(), train, test)?;
    let mut figures = options.figures(test.n_items())?;
    let workers = Workers::new(options.threads).map_err(EvaluateError::Threads)?;
    let began = Instant::now();
    Lists::new(model, train, test, options).measure(&workers, &mut figures)?;
    figures.report(test.n_users() as usize, began.elapsed())
}
