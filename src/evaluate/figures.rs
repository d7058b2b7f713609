//! From lists and truths to figures: what all evaluations of lists have in common.

use std::time::Duration;

use super::{Case, EvaluateError, Exposure, Measured, Metric, RankingReport};
use crate::data::{ItemIx, UserIx};
use crate::model::ParamError;
use crate::par::{Workers, chunks};
use crate::retrieve::Hit;

/// Lists of one job.
const LISTS: usize = 256;

/// What one list is held against.
pub(super) struct Truth {
    pub(super) user: UserIx,
    /// Sorted; never empty.
    pub(super) relevant: Vec<ItemIx>,
}

/// The figures of the lists measured so far.
pub(super) struct Figures<'a> {
    metrics: Vec<Box<dyn Metric + 'a>>,
    /// The length of the lists that the coverage and the Gini coefficient look at.
    k: usize,
    /// One after the other for each list, in the order of the metrics.
    values: Vec<f64>,
    n_relevant: usize,
    /// What stood in the first k of the lists.
    shown: Exposure,
}

impl<'a> Figures<'a> {
    pub(super) fn new(
        k: usize,
        metrics: Vec<Box<dyn Metric + 'a>>,
        n_items: u32,
    ) -> Result<Self, ParamError> {
        let shallowest = metrics.iter().map(|metric| metric.depth()).fold(k, usize::min);
        ParamError::require(shallowest > 0, "k", shallowest, "at least 1")?;
        Ok(Self { metrics, k, values: Vec::new(), n_relevant: 0, shown: Exposure::new(n_items) })
    }

    /// How long lists must be: what the deepest metric asks for.
    pub(super) fn depth(&self) -> usize {
        self.metrics.iter().map(|metric| metric.depth()).fold(self.k, usize::max)
    }

    /// Measures one list for each truth.
    pub(super) fn add(
        &mut self,
        workers: &Workers,
        truths: &[Truth],
        lists: &[Vec<Hit>],
    ) -> Result<(), EvaluateError> {
        let metrics = &self.metrics;
        let parts = workers.map(
            chunks(truths.len(), LISTS).collect(),
            || (),
            |(), job| -> Result<Vec<f64>, EvaluateError> {
                let mut values = Vec::with_capacity(job.len() * metrics.len());
                for (truth, list) in truths[job.clone()].iter().zip(&lists[job]) {
                    for metric in metrics {
                        values.push(value(&**metric, truth, list)?);
                    }
                }
                Ok(values)
            },
        );
        for part in parts {
            self.values.extend(part?);
        }
        for (truth, list) in truths.iter().zip(lists) {
            self.n_relevant += truth.relevant.len();
            self.shown.add(&list[..self.k.min(list.len())])?;
        }
        Ok(())
    }

    /// The means over all lists, of which there should have been `wanted`.
    pub(super) fn report(self, wanted: usize, elapsed: Duration) -> Result<RankingReport, EvaluateError> {
        let n = self.metrics.len();
        let users = self.values.len() / n.max(1);
        if users == 0 {
            return Err(EvaluateError::Empty);
        }
        let of = |at: usize| self.values.iter().skip(at).step_by(n).copied().collect::<Vec<_>>();
        Ok(RankingReport {
            k: self.k,
            metrics: (0..n).map(|at| measured(self.metrics[at].name(), &of(at))).collect(),
            coverage: self.shown.coverage(),
            gini: self.shown.gini(),
            users,
            skipped_users: wanted - users,
            n_relevant: self.n_relevant,
            elapsed,
        })
    }
}

fn value(metric: &dyn Metric, truth: &Truth, list: &[Hit]) -> Result<f64, EvaluateError> {
    let case = Case::new(truth.user, list, &truth.relevant).cut(metric.depth());
    let value = metric.measure(&case);
    if value.is_finite() {
        return Ok(value);
    }
    Err(EvaluateError::Metric { metric: metric.name(), user: truth.user, value })
}

/// The mean over lists, added in their order, and its standard error.
fn measured(name: String, values: &[f64]) -> Measured {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let std_error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
    Measured { name, mean, std_error }
}
