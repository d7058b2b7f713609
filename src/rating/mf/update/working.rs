//! What living needs beside the model and the histories.

use super::super::BiasedMf;
use super::super::activity::Activity;
use super::super::fit::State;
use super::super::params::BiasedMfParams;
use super::super::prior::Prior;
use super::patch::BiasedMfPatch;
use crate::data::{Histories, ItemIx, Row, UserIx};
use crate::kernel::{Beliefs, Evidence, Posterior, SolveError, UncertainRows, UncertainWorkspace};
use crate::model::{FitError, UpdateError};
use crate::par::{Workers, chunks, parts};

/// Rows of one job: as many as are solved beside each other, or a few times that.
const ROWS: usize = 32;

/// The working state of a [`BiasedMf`] that lives: the users with how sure it is of them, as items are solved against
/// them, and what is believed of items. `8 (K + 1)` bytes per user, at least 128.
pub struct BiasedMfWorking {
    workers: Workers,
    users: UncertainRows,
    /// Of items, `regularization` included.
    prior: Prior,
    activity: Activity,
    /// The noise precision that items are solved with.
    tau: f32,
}

/// What takes back the update that was done last.
pub struct BiasedMfUndo {
    pub(super) before: BiasedMfPatch,
    users: Vec<(Vec<f32>, f32)>,
    n_users: usize,
}

/// Rows that were solved, one after the other.
struct Solved {
    mean: Vec<f32>,
    variance: Vec<f32>,
    weight: Vec<f32>,
}

impl Solved {
    fn row(&self, at: usize) -> (&[f32], &[f32], f32) {
        let dim = self.mean.len() / self.weight.len();
        (&self.mean[at * dim..][..dim], &self.variance[at * dim..][..dim], self.weight[at])
    }
}

impl BiasedMfWorking {
    pub(super) fn new(model: &BiasedMf, histories: &Histories, threads: usize) -> Result<Self, UpdateError> {
        let (workers, parts, dim) = (Workers::new(threads)?, &model.parts, model.factors() + 1);
        let params = BiasedMfParams::new().factors(model.factors());
        let params = params.regularization(parts.regularization).noise_prior(parts.steadiness);
        let data = histories.to_interactions();
        let state = State::resume(&params, &data, &workers, model, parts.scaling).map_err(from_fit)?;
        let State { users, mut items, tau, .. } = state;
        items.prior.precision.iter_mut().for_each(|p| *p *= parts.regularization);
        let (prior, activity) = (items.prior, items.activity);
        let mut rows = users.packed;
        let mut to = rows.all_mut();
        for user in 0..users.weight.len() {
            let at = user * dim..(user + 1) * dim;
            let set = to.set(user, &parts.users[at.clone()], &users.variance[at], users.weight[user]);
            set.map_err(|error| unsolvable("user", user, error))?;
        }
        Ok(Self { workers, users: rows, prior, activity, tau: tau as f32 })
    }

    pub(super) fn resize(&mut self, n_users: usize) {
        self.users.resize(n_users);
    }

    /// How everything stands now that these rows might change.
    pub(super) fn undo(&self, model: &BiasedMf, users: &[UserIx], items: &[ItemIx]) -> BiasedMfUndo {
        let before = BiasedMfPatch::of(model, users, items);
        let users = before.users.iter().map(|user| self.users.kept(user.ix())).collect();
        BiasedMfUndo { before, users, n_users: self.users.count() }
    }

    /// Follows a model that is as it was before.
    pub(super) fn take_back(&mut self, undo: BiasedMfUndo) {
        self.resize(undo.n_users);
        for (user, row) in undo.before.users.iter().zip(&undo.users) {
            self.users.put_back(user.ix(), row);
        }
    }

    /// Solves these rows, the users last: they are folded in. Rows of those who are gone are those of nobody.
    pub(super) fn solve(
        &mut self,
        model: &mut BiasedMf,
        histories: &Histories,
        (users, items): (&[UserIx], &[ItemIx]),
        gone: &[UserIx],
    ) -> Result<(), UpdateError> {
        // Whoever is new has something to say to the items.
        let is_new =
            |user: &UserIx| model.parts.seen.of(*user).is_empty() || gone.binary_search(user).is_ok();
        let new: Vec<UserIx> = users.iter().copied().filter(is_new).collect();
        self.solve_users(model, histories, &new)?;
        self.solve_items(model, histories, items)?;
        self.solve_users(model, histories, users)
    }

    fn solve_users(
        &mut self,
        model: &mut BiasedMf,
        histories: &Histories,
        users: &[UserIx],
    ) -> Result<(), UpdateError> {
        let activity = model.parts.activity;
        let row = |at: usize| histories.user(users[at]).unwrap_or_default();
        let solved = self.rows(model, &model.packed, &model.beliefs(), (users.len(), row), activity);
        let solved = solved.map_err(|(at, error)| unsolvable("user", users[at].ix(), error))?;
        let dim = model.factors() + 1;
        for (at, user) in users.iter().enumerate() {
            let (mean, variance, weight) = solved.row(at);
            if !model.reach.covers(mean) {
                return Err(too_large("user", user.ix()));
            }
            model.parts.users[user.ix() * dim..][..dim].copy_from_slice(mean);
            let set = self.users.all_mut().set(user.ix(), mean, variance, weight);
            set.map_err(|error| unsolvable("user", user.ix(), error))?;
        }
        Ok(())
    }

    fn solve_items(
        &mut self,
        model: &mut BiasedMf,
        histories: &Histories,
        items: &[ItemIx],
    ) -> Result<(), UpdateError> {
        let Prior { mean, slope, precision } = &self.prior;
        let beliefs = Beliefs { mean, slope, precision, tau: self.tau, ..model.beliefs() };
        let row = |at: usize| histories.item(items[at]).unwrap_or_default();
        let solved = self.rows(model, &self.users, &beliefs, (items.len(), row), self.activity);
        let solved = solved.map_err(|(at, error)| unsolvable("item", items[at].ix(), error))?;
        for (at, &item) in items.iter().enumerate() {
            let (mean, variance, weight) = solved.row(at);
            let positive = |x: &f32| *x > 0.0 && x.is_finite();
            if !mean.iter().all(|x| x.is_finite()) || !variance.iter().chain([&weight]).all(positive) {
                return Err(too_large("item", item.ix()));
            }
            model.set_item(item, mean, variance, weight, !row(at).is_empty());
        }
        Ok(())
    }

    /// Solves some rows of one side. A row has the same bits alone and among others.
    fn rows<'d, Ix: Copy + Into<usize> + 'd>(
        &self,
        model: &BiasedMf,
        fixed: &UncertainRows,
        beliefs: &Beliefs<'_>,
        (count, row): (usize, impl Fn(usize) -> Row<'d, Ix> + Send + Sync),
        activity: Activity,
    ) -> Result<Solved, (usize, SolveError)> {
        let dim = fixed.dim();
        let mut solved = Solved {
            mean: vec![0.0; count * dim],
            variance: vec![0.0; count * dim],
            weight: vec![1.0; count],
        };
        let cuts: Vec<_> = chunks(count, ROWS).collect();
        let jobs = cuts.iter().zip(parts(&mut solved.mean, dim, &cuts));
        let jobs = jobs.zip(parts(&mut solved.variance, dim, &cuts)).zip(parts(&mut solved.weight, 1, &cuts));
        let done = self.workers.map(jobs.collect(), UncertainWorkspace::default, |workspace, job| {
            let (((rows, mean), variance), weight) = job;
            let evidence = |r: usize| {
                let row = row(rows.start + r);
                let covariate = activity.covariate(row.len());
                Evidence { indices: row.ids, values: row.values, covariate }
            };
            let error = &mut vec![0.0; rows.len()];
            let mut out = Posterior { mean, variance, weight, error, residual: &mut [] };
            let solved = model.solver.solve_many(fixed, beliefs, rows.len(), evidence, workspace, &mut out);
            solved.map_err(|at| (rows.start + at.row, at.error))
        });
        done.into_iter().collect::<Result<(), _>>()?;
        Ok(solved)
    }
}

fn unsolvable(kind: &str, row: usize, error: SolveError) -> UpdateError {
    UpdateError::Unsolvable { row: format!("{kind} {row}"), reason: error.to_string() }
}

fn too_large(kind: &str, row: usize) -> UpdateError {
    let reason = "its scores are too large for single precision".into();
    UpdateError::Unsolvable { row: format!("{kind} {row}"), reason }
}

fn from_fit(error: FitError) -> UpdateError {
    let row = match &error {
        FitError::Diverged { row, .. } | FitError::Singular { row, .. } => row.clone(),
        _ => "the model".into(),
    };
    UpdateError::Unsolvable { row, reason: error.to_string() }
}
