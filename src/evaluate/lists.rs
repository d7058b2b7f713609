//! One list per user, measured.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ask::question;
use super::{Case, EvaluateError, Metric, RankingOptions};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::model::Score;
use crate::par::{Workers, chunks};
use crate::retrieve::{Hit, ScoreExt, TopN, Workspace};

/// Users of one job.
const USERS: usize = 64;

/// What all threads share.
pub(super) struct Lists<'a, M: ?Sized> {
    model: &'a M,
    train: &'a Interactions,
    test: &'a Interactions,
    options: &'a RankingOptions<'a>,
    metrics: &'a [&'a dyn Metric],
    /// The length of the lists: what the deepest metric asks for.
    depth: usize,
    /// Which items stood in the first k of a list. Set by all threads, and only ever to true: their
    /// order cannot be seen in it.
    listed: Vec<AtomicBool>,
}

/// The memory of one thread.
#[derive(Default)]
struct Buffers {
    workspace: Workspace,
    list: Vec<Hit>,
    relevant: Vec<ItemIx>,
}

/// The figures of each measured user, in the order of the users.
#[derive(Default)]
pub(super) struct Figures {
    /// One after the other for each user, in the order of the metrics.
    values: Vec<f64>,
    pub(super) n_relevant: usize,
}

impl Figures {
    pub(super) fn users(&self, n_metrics: usize) -> usize {
        self.values.len() / n_metrics
    }

    pub(super) fn of_metric(&self, metric: usize, n_metrics: usize) -> Vec<f64> {
        self.values.iter().skip(metric).step_by(n_metrics).copied().collect()
    }
}

impl<'a, M: Score + ?Sized> Lists<'a, M> {
    pub(super) fn new(
        model: &'a M,
        train: &'a Interactions,
        test: &'a Interactions,
        options: &'a RankingOptions<'a>,
        metrics: &'a [&'a dyn Metric],
    ) -> Self {
        let depth = metrics.iter().map(|metric| metric.depth()).fold(options.k, usize::max);
        let listed = (0..test.n_items()).map(|_| AtomicBool::new(false)).collect();
        Self { model, train, test, options, metrics, depth, listed }
    }

    pub(super) fn measure(&self, workers: &Workers) -> Result<Figures, EvaluateError> {
        let jobs = chunks(self.test.n_users() as usize, USERS).collect();
        let parts = workers.map(jobs, Buffers::default, |buffers, users| self.part(users, buffers));
        let mut all = Figures::default();
        for part in parts {
            let part = part?;
            all.values.extend(part.values);
            all.n_relevant += part.n_relevant;
        }
        Ok(all)
    }

    fn part(&self, users: Range<usize>, buffers: &mut Buffers) -> Result<Figures, EvaluateError> {
        let mut figures = Figures::default();
        for user in users.map(|user| UserIx::new(user as u32)) {
            self.truth(user, &mut buffers.relevant);
            if buffers.relevant.is_empty() {
                continue;
            }
            figures.n_relevant += buffers.relevant.len();
            self.list(user, buffers)?;
            for metric in self.metrics {
                let case = Case::new(user, &buffers.list, &buffers.relevant).cut(metric.depth());
                let value = metric.measure(&case);
                if !value.is_finite() {
                    return Err(EvaluateError::Metric { metric: metric.name(), user, value });
                }
                figures.values.push(value);
            }
        }
        Ok(figures)
    }

    /// The user's relevant items, sorted as histories are.
    fn truth(&self, user: UserIx, out: &mut Vec<ItemIx>) {
        let known = self.train.user(user).unwrap_or_default().ids;
        let held_out = self.test.user(user).unwrap_or_default();
        let enough = |value: f32| self.options.relevant_from.is_none_or(|least| value >= least);
        let relevant = held_out.iter().filter(|(_, value)| enough(*value)).map(|(item, _)| item);
        out.clear();
        out.extend(relevant.filter(|item| known.binary_search(item).is_err()));
    }

    fn list(&self, user: UserIx, buffers: &mut Buffers) -> Result<(), EvaluateError> {
        let known = self.train.user(user).unwrap_or_default().ids;
        let request = TopN::new(self.depth).include_seen().deny(known);
        let query = question(self.options.fold_in.then_some(self.train), user);
        self.model
            .top_n_into(&query, &request, &mut buffers.workspace, &mut buffers.list)
            .map_err(|source| EvaluateError::Query { user, source })?;
        for hit in buffers.list.iter().take(self.options.k) {
            self.listed[hit.item.ix()].store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The share of the catalogue in the first k of a list.
    pub(super) fn coverage(&self) -> f64 {
        let listed = self.listed.iter().filter(|listed| listed.load(Ordering::Relaxed)).count();
        listed as f64 / self.listed.len() as f64
    }
}
