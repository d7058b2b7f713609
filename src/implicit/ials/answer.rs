//! Answers: profiles from trained rows or by folding in, and scores.

use super::Ials;
use super::evidence::{Events, Evidence};
use super::model::{Parts, is_finite, is_share};
use super::params::regularization_of;
use super::weighting::Pair;
use crate::data::{History, ItemIx, UserIx};
use crate::kernel::{Precision, Row as System, Rows, Workspace, products};
use crate::model::{Basis, Factors, Profile, Query, QueryError, Score};

/// What folding in works with.
#[derive(Default)]
struct FoldIn {
    events: Events<ItemIx>,
    workspace: Workspace,
}

impl Score for Ials {
    fn n_users(&self) -> u32 {
        self.parts.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.parts.items.count() as u32
    }

    /// The trained row of a user, or a history folded in by the system that training solves for a user: the history
    /// of a training user gives their trained row, to the bit.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        if let Some(user) = query.user {
            QueryError::check_user(user, self.n_users())?;
        }
        match (query.history, query.user) {
            (Some(history), _) => self.fold_in(history, out)?,
            (None, Some(user)) => out.dense.extend_from_slice(self.row_of(user)?),
            (None, None) => {}
        }
        if out.dense.iter().any(|&x| x != 0.0) {
            out.basis = Basis::Learned;
        } else {
            out.dense.clear();
            out.dense.extend_from_slice(self.anyone());
        }
        out.dense.resize(self.parts.items.stride(), 0.0);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let items = &self.parts.items;
        let there = out.len().min(items.count().saturating_sub(first.ix()));
        let (out, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NEG_INFINITY);
        let done = Rows::new(items.floats(), items.stride(), items.stride()).and_then(|rows| {
            products(self.solver.level(), rows, first.ix(), &profile.dense, &[], profile.offset, out)
        });
        if done.is_err() {
            // The profile is not one of this model's: it ranks nothing.
            out.fill(f32::NEG_INFINITY);
        }
        if items.is_mapped() {
            // A row that nobody has checked may make it not a number: such an item is in no list.
            out.iter_mut().filter(|score| score.is_nan()).for_each(|score| *score = f32::NEG_INFINITY);
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.parts.seen.of(user)
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        let items = &self.parts.items;
        let (stride, factors) = (items.stride(), items.stride());
        Some(Factors { rows: items.floats(), stride, factors, bias: &[] })
    }
}

/// What holds a row beside its events.
#[derive(Clone, Copy)]
pub(super) struct Pull {
    /// The weight of its pairs without events.
    pub(super) unobserved: f32,
    /// Its regularization.
    pub(super) shift: f32,
}

impl Pull {
    pub(super) fn precision<'a>(&self, base: &'a [f32]) -> Precision<'a> {
        Precision { base, scale: self.unobserved, shift: self.shift }
    }
}

/// What a history says.
pub(super) struct Told {
    events: Events<ItemIx>,
    pub(super) pull: Pull,
}

impl Told {
    pub(super) fn evidence(&self) -> Evidence<'_, ItemIx> {
        self.events.row(0)
    }
}

impl Ials {
    /// The trained row of a user; in a mapped file it may be none.
    fn row_of(&self, user: UserIx) -> Result<&[f32], QueryError> {
        let users = &self.parts.users;
        let row = users.row(user.ix());
        match users.is_mapped() && !is_finite(row) {
            true => Err(QueryError::Damaged { what: format!("the row of {user:?}") }),
            false => Ok(row),
        }
    }

    /// Whether items have rows and weights: in a mapped file they need not.
    pub(super) fn check_mapped(&self, items: &[ItemIx]) -> Result<(), QueryError> {
        let Parts { items: rows, item_weights, .. } = &self.parts;
        let is_sound = |item: &&ItemIx| is_finite(rows.row(item.ix())) && is_share(item_weights[item.ix()]);
        match items.iter().filter(|_| rows.is_mapped()).find(|item| !is_sound(item)) {
            Some(item) => Err(QueryError::Damaged { what: format!("the row or the weight of {item:?}") }),
            None => Ok(()),
        }
    }

    /// What holds the row of a user of `n` events that say something.
    pub(super) fn pull_of_user(&self, n: usize) -> Pull {
        let parts = &self.parts;
        let unobserved_weight = parts.weighting.unobserved_weight;
        let unobserved = unobserved_weight * parts.activity.share(n);
        let shift = regularization_of(parts.regularization, unobserved_weight, parts.nu, n, self.n_items());
        Pull { unobserved, shift }
    }

    /// Reads a history as training reads that of a user.
    pub(super) fn told(&self, history: History<'_>) -> Told {
        let mut events = Events::default();
        let pull = self.read(history, &mut events);
        Told { events, pull }
    }

    fn read(&self, history: History<'_>, events: &mut Events<ItemIx>) -> Pull {
        let parts = &self.parts;
        let weighting = &parts.weighting;
        let n = history.values.iter().filter(|&&value| weighting.counts(value)).count();
        let pull = self.pull_of_user(n);
        events.read(weighting, std::iter::once(history), |_, item: ItemIx| Pair {
            share: parts.item_weights[item.ix()],
            unobserved: pull.unobserved,
        });
        pull
    }

    /// Solves the row of a history as training solves that of a user.
    fn fold_in(&self, history: History<'_>, out: &mut Profile) -> Result<(), QueryError> {
        QueryError::check_history(&history, self.n_items())?;
        self.check_mapped(history.ids)?;
        let (parts, FoldIn { events, workspace }) = (&self.parts, out.scratch.get());
        let pull = self.read(history, events);
        let Evidence { ids, targets, weights } = events.row(0);
        let precision = pull.precision(&parts.base);
        let system = System { indices: ids, targets, weights, precision, mean: None };
        out.dense.resize(parts.factors, 0.0);
        let unsolvable = |error: crate::kernel::SolveError| QueryError::Unsolvable(error.to_string());
        let items = parts.items.rows().map_err(unsolvable)?;
        self.solver.solve(items, system, workspace, &mut out.dense, None).map_err(unsolvable)?;
        if self.covers(&out.dense) {
            return Ok(());
        }
        Err(QueryError::Unsolvable("its scores are too large for single precision".into()))
    }
}
