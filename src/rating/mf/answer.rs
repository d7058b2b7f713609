//! Answers: profiles from trained rows or by folding in, scores, predictions.

use super::BiasedMf;
use crate::data::{History, ItemIx, UserIx};
use crate::kernel::{Beliefs, Evidence, Posterior, Rows, UncertainWorkspace, products};
use crate::model::{
    Basis, Factors, PredictRating, Prediction, Profile, Query, QueryError, RatingScale, Score,
};

/// What folding in works with.
#[derive(Default)]
struct FoldIn {
    workspace: UncertainWorkspace,
    /// Mean and variance of the row.
    row: Vec<f32>,
}

impl Score for BiasedMf {
    fn n_users(&self) -> u32 {
        self.parts.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.item_biases.len() as u32
    }

    /// The trained row of a user, or a history folded in by the system that training solves for a user: the history
    /// of a training user gives their trained row, to the bit. Nobody, or an empty history, is the prior mean.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        if let Some(user) = query.user {
            QueryError::check_user(user, self.n_users())?;
        }
        let dim = self.factors() + 1;
        match (query.history, query.user) {
            (Some(history), _) => self.fold_in(history, out),
            (None, Some(user)) => {
                let row = &self.parts.users[user.ix() * dim..][..dim];
                self.remember(row, !self.seen(user).is_empty(), out);
                Ok(())
            }
            (None, None) => self.fold_in(History::default(), out),
        }
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let there = out.len().min(self.item_biases.len().saturating_sub(first.ix()));
        let (out, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NEG_INFINITY);
        let done = Rows::new(&self.item_factors, self.stride, self.stride).and_then(|rows| {
            let level = self.solver.level();
            products(level, rows, first.ix(), &profile.dense, &self.item_biases, profile.offset, out)
        });
        if done.is_err() {
            // The profile is not one of this model's: it ranks nothing.
            out.fill(f32::NEG_INFINITY);
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.parts.seen.of(user)
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        let (stride, factors) = (self.stride, self.stride);
        Some(Factors { rows: &self.item_factors, stride, factors, bias: &self.item_biases })
    }
}

impl PredictRating for BiasedMf {
    fn scale(&self) -> RatingScale {
        self.parts.scaling.range
    }

    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        let mut score = [0.0];
        self.score_block(profile, item, &mut score);
        let basis = match (profile.basis == Basis::Learned, self.item_known[item.ix()]) {
            (true, true) => Basis::Learned,
            (false, false) => Basis::GlobalMean,
            _ => Basis::Biases,
        };
        Ok(Prediction { rating: self.scale().clip(score[0]), basis })
    }
}

impl BiasedMf {
    /// Turns a row into a profile in units of the rating.
    fn remember(&self, row: &[f32], known: bool, out: &mut Profile) {
        let (scaling, factors) = (self.parts.scaling, self.factors());
        out.dense.extend(row[..factors].iter().map(|x| scaling.spread * x));
        out.dense.resize(self.stride, 0.0);
        out.offset = scaling.center + scaling.spread * row[factors];
        out.basis = if known { Basis::Learned } else { Basis::GlobalMean };
    }

    /// What is believed of a user whose ratings nobody has read yet.
    pub(super) fn beliefs(&self) -> Beliefs<'_> {
        let parts = &self.parts;
        Beliefs {
            mean: &parts.prior.mean,
            slope: &parts.prior.slope,
            precision: &parts.prior.precision,
            tau: parts.tau,
            steadiness: parts.steadiness,
            center: parts.scaling.center,
            scale: parts.scaling.factor(),
        }
    }

    /// Solves the row of a history with everything else as it was in the last epoch.
    fn fold_in(&self, history: History<'_>, out: &mut Profile) -> Result<(), QueryError> {
        QueryError::check_history(&history, self.n_items())?;
        let (parts, dim) = (&self.parts, self.factors() + 1);
        let beliefs = self.beliefs();
        let covariate = parts.activity.covariate(history.len());
        let evidence = Evidence { indices: history.ids, values: history.values, covariate };
        let mut scratch = std::mem::take(&mut out.scratch);
        let FoldIn { workspace, row } = scratch.get();
        row.clear();
        row.resize(2 * dim, 0.0);
        let (mean, variance) = row.split_at_mut(dim);
        let mut to = Posterior { mean, variance, weight: &mut [1.0], error: &mut [0.0], residual: &mut [] };
        self.solver
            .solve_many(&self.packed, &beliefs, 1, |_| evidence, workspace, &mut to)
            .map_err(|error| QueryError::Unsolvable(error.error.to_string()))?;
        if !self.reach.covers(&row[..dim]) {
            return Err(QueryError::Unsolvable("its ratings are too large for single precision".into()));
        }
        self.remember(&row[..dim], !history.is_empty(), out);
        out.scratch = scratch;
        Ok(())
    }
}
