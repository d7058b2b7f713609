//! A model with its events, that takes in what happens.

use std::time::Instant;

use super::stale::{Before, Stale};
use crate::data::{Change, Histories, Interactions, ItemIx, Made, UserIx};
use crate::model::{
    Explain, Explanation, Factors, FitContext, FitError, FitFrom, FitReport, Profile, Query, QueryError,
    Resolve, Score, Staleness, Update, UpdateError, UpdateReport,
};

/// A model that learns from single events: it keeps the histories, grows by whoever and whatever comes, forgets who asks
/// for it, and solves anew the rows that a batch touches.
///
/// It answers as the model does, for it is [`Score`], and [`Explain`] where the model is: take [`model`](Self::model) for
/// everything else, which does not know of itself which items were removed; they are in no list of the learner's. A user whose
/// history changed has, to the bit, the row that folding in their new history gives; in
/// [`BayesianMf`](crate::rating::BayesianMf) a draw about it. Everybody else is as they were; how
/// stale that is stands in the [report](UpdateReport), and [`refit`](Self::refit) is the cure.
///
/// It is saved like a model ([`persist`](crate::persist)), with its events in the same file, which loads as the plain
/// model too. Indices are dense ones, in the manner of [`Histories`].
///
/// ```
/// use foldin::data::{Change, Event, Interactions, ItemIx, UserIx};
/// use foldin::implicit::IalsParams;
/// use foldin::live::Learner;
/// use foldin::model::{Fit, FitContext, Query};
/// use foldin::retrieve::{ScoreExt, TopN};
/// let like = |user, item| Event { user: UserIx::new(user), item: ItemIx::new(item), value: 1.0, time: None };
/// // Two tastes: even people take even things, odd people odd things; each leaves out one.
/// let pairs = (0..8).flat_map(|user| (0..8).map(move |item| (user, item)));
/// let tastes = pairs.filter(|(user, item)| user % 2 == item % 2 && user != item);
/// let data = Interactions::from_events(8, 8, &tastes.map(|(u, i)| like(u, i)).collect::<Vec<_>>())?;
/// let params = IalsParams::new().factors(4);
/// let mut learner = Learner::new(params.fit(&data)?, data)?;
///
/// // User 8 arrives and likes two even things; user 1 asks to be forgotten.
/// let batch = [Change::Add(like(8, 0)), Change::Add(like(8, 2)), Change::RemoveUser { user: UserIx::new(1) }];
/// let report = learner.apply(&batch)?;
/// assert_eq!((report.new_users, report.vacated_users), (1, 1));
/// let hits = learner.top_n(&Query::user(UserIx::new(8)), &TopN::new(2))?;
/// assert!(hits.iter().all(|hit| hit.item.get() % 2 == 0));
///
/// // The weekly update: all rows, from where they are.
/// learner.refit(&params.epochs(2), &mut FitContext::new())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Learner<M: Update> {
    model: M,
    histories: Histories,
    /// Made when it is first needed.
    working: Option<M::Working>,
    resolve: Resolve,
    threads: usize,
    stale: Stale,
    /// Since the last full fit.
    changes: u64,
}

/// A batch that was taken in, and may still be [taken back](Learner::take_back).
pub struct Applied<M: Update> {
    /// What it did.
    pub report: UpdateReport,
    /// What does the same to a copy of the model.
    pub patch: M::Patch,
    undo: M::Undo,
    made: Made,
    stale: Before,
    /// How many changes there had been.
    changes: u64,
}

impl<M: Update> Applied<M> {
    /// Whose events are others now.
    pub(super) fn users(&self) -> Vec<UserIx> {
        self.made.touched().users
    }
}

impl<M: Update> Learner<M> {
    /// A model that begins to live, with the events it was fitted to.
    ///
    /// # Errors
    /// [`UpdateError::Mismatch`] when these are not the events.
    pub fn new(model: M, data: Interactions) -> Result<Self, UpdateError> {
        Self::with_histories(model, data.into(), 0)
    }

    pub(super) fn with_histories(model: M, histories: Histories, changes: u64) -> Result<Self, UpdateError> {
        let check = |what, found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(UpdateError::Mismatch { what, found, expected }) }
        };
        check("users", model.n_users() as usize, histories.n_users() as usize)?;
        check("items", model.n_items() as usize, histories.n_items() as usize)?;
        let users = || (0..histories.n_users()).map(UserIx::new);
        let seen = users().map(|user| model.seen(user).len()).sum();
        check("events", seen, histories.len())?;
        let same = |user: &UserIx| Some(model.seen(*user)) == histories.user(*user).map(|row| row.ids);
        let same = users().filter(same).count();
        check("users with the same history", same, histories.n_users() as usize)?;
        let (stale, resolve) = (Stale::default(), Resolve::default());
        Ok(Self { model, histories, working: None, resolve, threads: 0, stale, changes })
    }

    /// Which rows a batch solves anew. Default [`Resolve::Touched`].
    #[must_use]
    pub fn resolve(self, resolve: Resolve) -> Self {
        Self { resolve, ..self }
    }

    /// How many threads a batch uses. Default 0: as many as there are cores. Beside readers whose answers must not wait for
    /// a core, as many as these leave, at least 1.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, working: None, ..self }
    }

    /// Takes in a batch of changes, or none of them: the events, and the rows they touch. What is saved or asked
    /// afterwards knows of nothing that was removed.
    ///
    /// # Errors
    /// [`UpdateError`]; then nothing has changed.
    pub fn apply(&mut self, changes: &[Change]) -> Result<UpdateReport, UpdateError> {
        self.apply_with_patch(changes).map(|applied| applied.report)
    }

    /// The same, with what a copy of the model needs to follow, and with the way back: for a log that may yet fail.
    ///
    /// # Errors
    /// [`UpdateError`]; then nothing has changed.
    pub fn apply_with_patch(&mut self, changes: &[Change]) -> Result<Applied<M>, UpdateError> {
        let start = Instant::now();
        self.begin()?;
        let made = self.histories.make(changes)?;
        let touched = made.touched();
        let Self { model, histories, working, .. } = self;
        // It has just begun.
        let working = working.as_mut().expect("a working state");
        let updated = match model.update(working, histories, &touched, self.resolve) {
            Ok(updated) => updated,
            Err(error) => {
                self.histories.unmake(made);
                return Err(error);
            }
        };
        let stale = self.stale.solved(&self.histories, &updated.users, &updated.items);
        let changes = self.changes;
        // A file may say that there have been any number.
        self.changes = changes.saturating_add((touched.added + touched.replaced + touched.removed) as u64);
        let report = UpdateReport {
            added: touched.added,
            replaced: touched.replaced,
            removed: touched.removed,
            users: updated.users.len(),
            items: updated.items.len(),
            new_users: touched.new_users,
            new_items: touched.new_items,
            vacated_users: touched.vacated_users,
            vacated_items: touched.vacated_items,
            elapsed: start.elapsed(),
            staleness: Staleness {
                user_movement: updated.user_movement,
                item_movement: updated.item_movement,
                drift: updated.drift,
                ..self.staleness()
            },
        };
        Ok(Applied { report, patch: updated.patch, undo: updated.undo, made, stale, changes })
    }

    /// Takes back the batch that was taken in last, as if it had never been.
    pub fn take_back(&mut self, applied: Applied<M>) {
        let Applied { undo, made, stale, changes, .. } = applied;
        if let Some(working) = &mut self.working {
            self.model.undo(working, undo);
        }
        self.stale.take_back(stale);
        self.histories.unmake(made);
        self.changes = changes;
    }

    /// Makes what the first batch would have to make: linear in the rows of the model.
    ///
    /// # Errors
    /// [`UpdateError::Threads`], [`UpdateError::Unsolvable`].
    pub fn begin(&mut self) -> Result<(), UpdateError> {
        if self.working.is_none() {
            self.working = Some(self.model.begin(&self.histories, self.threads)?);
        }
        Ok(())
    }

    /// The weekly update: fits all rows to the events there are, beginning with those it has. A few epochs are enough.
    /// On an error everything stays as it was.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn refit<P: FitFrom<Model = M>>(
        &mut self,
        params: &P,
        context: &mut FitContext<'_>,
    ) -> Result<FitReport, FitError> {
        let fitted = params.fit_from(&self.model, &self.histories.to_interactions(), context)?;
        self.model = fitted.model;
        (self.working, self.stale, self.changes) = (None, Stale::default(), 0);
        Ok(fitted.report)
    }

    /// How far it is from a full fit. The movement is that of no batch: 0.
    pub fn staleness(&self) -> Staleness {
        Staleness {
            changes: self.changes,
            share: self.changes as f64 / self.histories.len().max(1) as f64,
            users: self.stale.users.count(),
            items: self.stale.items.count(),
            ..Staleness::default()
        }
    }

    /// The model as it is now.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The events as they are now.
    pub fn histories(&self) -> &Histories {
        &self.histories
    }

    /// The model alone; its events are forgotten.
    pub fn into_model(self) -> M {
        self.model
    }
}

impl<M: Update> Score for Learner<M> {
    fn n_users(&self) -> u32 {
        self.model.n_users()
    }

    fn n_items(&self) -> u32 {
        self.model.n_items()
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        self.model.profile(query, out)
    }

    /// Items that were removed get negative infinity, and so are in no list.
    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        self.model.score_block(profile, first, out);
        let end = first.get().saturating_add(u32::try_from(out.len()).unwrap_or(u32::MAX));
        for item in self.histories.vacant_items_in(first.get()..end) {
            out[item.ix() - first.ix()] = f32::NEG_INFINITY;
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.model.seen(user)
    }

    fn knows_time(&self) -> bool {
        self.model.knows_time()
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        self.model.inner_product()
    }
}

impl<M: Update + Explain> Explain for Learner<M> {
    /// A known user needs to bring no events: theirs are here. The row explained is the one that folding them in gives,
    /// which is the user's own unless items of theirs were solved anew since.
    fn explain_many(&self, query: &Query<'_>, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError> {
        self.model.explain_many(&self.with_own_events(query), items)
    }
}

impl<M: Update> Learner<M> {
    /// The question with the events of the user who asks, if it has none.
    fn with_own_events<'a>(&'a self, query: &Query<'a>) -> Query<'a> {
        match (query.history, query.user.and_then(|user| self.histories.user(user))) {
            (None, Some(history)) => query.with_history(history),
            _ => *query,
        }
    }
}
