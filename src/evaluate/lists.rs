//! One list per user of the whole catalogue, a bounded part of the users at a time.

use std::ops::Range;

use super::ask::question;
use super::figures::{Figures, Truth};
use super::{EvaluateError, RankingOptions};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::model::{Query, Score};
use crate::par::{Workers, chunks};
use crate::retrieve::{BatchError, Hit, Scanner, ScoreExt, TopN, Workspace};

/// Users whose lists are in memory together, at most.
const PART: usize = 4096;
/// And hits, which are fewer users where lists are long: 32 MiB.
const HITS: usize = 1 << 22;
/// Users of one job.
pub(super) const USERS: usize = 64;

/// What is asked, and what the answers are held against.
pub(super) struct Lists<'a, M: ?Sized> {
    model: &'a M,
    /// For models that can be scanned: the same lists, sooner.
    scanner: Option<Scanner<&'a M>>,
    truths: Truths<'a>,
}

/// What lists are held against.
#[derive(Clone, Copy)]
pub(super) struct Truths<'a> {
    pub(super) train: &'a Interactions,
    pub(super) test: &'a Interactions,
    pub(super) options: &'a RankingOptions<'a>,
}

impl<'a> Truths<'a> {
    /// The truths of those of these users who have relevant items.
    pub(super) fn of(&self, workers: &Workers, users: Range<usize>) -> Vec<Truth> {
        let first = users.start;
        let truth = |row: usize| self.truth(UserIx::new((first + row) as u32));
        let jobs = chunks(users.len(), USERS).collect();
        let parts = workers.map(jobs, || (), |(), rows| rows.map(truth).collect::<Vec<_>>());
        parts.into_iter().flatten().filter(|truth| !truth.relevant.is_empty()).collect()
    }

    /// The user's relevant items, sorted as histories are.
    fn truth(&self, user: UserIx) -> Truth {
        let known = self.known(user);
        let held_out = self.test.user(user).unwrap_or_default();
        let enough = |value: f32| self.options.relevant_from.is_none_or(|least| value >= least);
        let relevant = held_out.iter().filter(|(_, value)| enough(*value)).map(|(item, _)| item);
        Truth { user, relevant: relevant.filter(|item| known.binary_search(item).is_err()).collect() }
    }

    /// What must not be listed.
    fn known(&self, user: UserIx) -> &'a [ItemIx] {
        self.train.user(user).unwrap_or_default().ids
    }
}

impl<'a, M: Score + ?Sized> Lists<'a, M> {
    pub(super) fn new(
        model: &'a M,
        train: &'a Interactions,
        test: &'a Interactions,
        options: &'a RankingOptions<'a>,
    ) -> Self {
        Self { model, scanner: Scanner::new(model).ok(), truths: Truths { train, test, options } }
    }

    /// Measures the list of every user with relevant items.
    pub(super) fn measure(&self, workers: &Workers, figures: &mut Figures<'_>) -> Result<(), EvaluateError> {
        let depth = figures.depth().min(self.truths.test.n_items() as usize);
        let part = (HITS / depth.max(1)).clamp(USERS, PART);
        for users in chunks(self.truths.test.n_users() as usize, part) {
            let truths = self.truths.of(workers, users);
            let lists = self.lists(workers, &truths, depth)?;
            figures.add(workers, &truths, &lists)?;
        }
        Ok(())
    }

    fn query(&self, user: UserIx) -> Query<'_> {
        question(self.truths.options.fold_in.then_some(self.truths.train), user)
    }

    /// In one batch where what the question leaves out by itself is what must not be listed, as with every
    /// model that was fitted on `train`; one by one otherwise.
    fn lists(
        &self,
        workers: &Workers,
        truths: &[Truth],
        depth: usize,
    ) -> Result<Vec<Vec<Hit>>, EvaluateError> {
        let agrees = |user| self.truths.options.fold_in || self.model.seen(user) == self.truths.known(user);
        if !truths.iter().all(|truth| agrees(truth.user)) {
            return self.lists_one_by_one(workers, truths, depth);
        }
        let queries: Vec<Query<'_>> = truths.iter().map(|truth| self.query(truth.user)).collect();
        let (request, threads) = (TopN::new(depth), self.truths.options.threads);
        let lists = match &self.scanner {
            Some(scanner) => scanner.top_n_batch(&queries, &request, threads),
            None => self.model.top_n_batch(&queries, &request, threads),
        };
        lists.map_err(|error| match error {
            BatchError::Query { position, source } => {
                EvaluateError::Query { user: truths[position].user, source }
            }
            BatchError::Threads(error) => EvaluateError::Threads(error),
        })
    }

    fn lists_one_by_one(
        &self,
        workers: &Workers,
        truths: &[Truth],
        depth: usize,
    ) -> Result<Vec<Vec<Hit>>, EvaluateError> {
        let list = |workspace: &mut Workspace, user: UserIx| {
            let request = TopN::new(depth).include_seen().deny(self.truths.known(user));
            let mut list = Vec::new();
            match self.model.top_n_into(&self.query(user), &request, workspace, &mut list) {
                Ok(()) => Ok(list),
                Err(source) => Err(EvaluateError::Query { user, source }),
            }
        };
        let jobs = chunks(truths.len(), USERS).collect();
        let parts = workers.map(jobs, Workspace::new, |workspace, job: Range<usize>| {
            truths[job].iter().map(|truth| list(workspace, truth.user)).collect::<Result<Vec<_>, _>>()
        });
        Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }
}
