//! What readers see: model, ids and packed rows of one moment.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;

use super::LiveError;
use super::past::{PastPatch, Pasts};
use super::resolve::Turns;
use crate::data::{Histories, Ids, ItemIx, UserIx};
use crate::model::{
    Explain, Explanation, PredictRating, Prediction, Profile, Query, QueryError, Score, Update,
};
use crate::retrieve::{Hit, Scanner, ScoreExt, TopN, Workspace};

/// A model between two batches: what was asked of it yesterday it answers the same today, as long as it is held. It holds
/// a copy of model and ids: let it go when the request is answered, and take another for the next.
///
/// Items that were removed are in no list.
#[derive(Clone, Debug)]
pub struct Snapshot<M, U: Hash + Eq = String, I: Hash + Eq = String> {
    ranker: Ranker<M>,
    ids: Ids<U, I>,
    pasts: Pasts,
    sequence: u64,
}

/// How lists are made.
#[derive(Clone, Debug)]
enum Ranker<M> {
    Scanned(Box<Scanner<Box<M>>>),
    /// Where scores are no inner products.
    Plain {
        model: Box<M>,
        left_out: Vec<ItemIx>,
    },
}

/// What one batch changes.
pub(super) struct Step<P, U, I> {
    pub(super) patch: P,
    pub(super) turns: Turns<U, I>,
    pub(super) pasts: PastPatch,
    pub(super) sequence: u64,
}

impl<M: Update, U: Hash + Eq + Clone, I: Hash + Eq + Clone> Snapshot<M, U, I> {
    pub(super) fn new(
        model: M,
        histories: &Histories,
        ids: Ids<U, I>,
        sequence: u64,
    ) -> Result<Self, LiveError> {
        let (model, pasts) = (Box::new(model), Pasts::of(histories));
        let ranker = match model.inner_product() {
            Some(_) => Ranker::Scanned(Box::new(Scanner::new(model)?)),
            None => Ranker::Plain { model, left_out: Vec::new() },
        };
        let mut snapshot = Self { ranker, ids, pasts, sequence };
        snapshot.leave_out_vacant();
        Ok(snapshot)
    }

    /// Brings it to the state after a batch, if it is at that before.
    pub(super) fn install(&mut self, step: &Step<M::Patch, U, I>) {
        match &mut self.ranker {
            Ranker::Scanned(scanner) => scanner.install(&step.patch),
            Ranker::Plain { model, .. } => model.install(&step.patch),
        }
        step.turns.install(&mut self.ids);
        self.pasts.install(&step.pasts);
        self.sequence = step.sequence;
        self.leave_out_vacant();
    }

    fn leave_out_vacant(&mut self) {
        let vacant = self.ids.items.vacant().map(ItemIx::new);
        match &mut self.ranker {
            Ranker::Scanned(scanner) => scanner.leave_out(vacant),
            Ranker::Plain { left_out, .. } => *left_out = vacant.collect(),
        }
    }
}

impl<M: Score, U: Hash + Eq, I: Hash + Eq> Snapshot<M, U, I> {
    /// How many batches there have been, since the model was created: that of the log.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The raw ids.
    pub fn ids(&self) -> &Ids<U, I> {
        &self.ids
    }

    /// The model; it does not know of itself which items are vacant.
    pub fn model(&self) -> &M {
        match &self.ranker {
            Ranker::Scanned(scanner) => scanner.model(),
            Ranker::Plain { model, .. } => model,
        }
    }

    /// The packed rows, where scores are inner products: for similar items, and lists of many at once.
    pub fn scanner(&self) -> Option<&Scanner<Box<M>>> {
        match &self.ranker {
            Ranker::Scanned(scanner) => Some(scanner),
            Ranker::Plain { .. } => None,
        }
    }

    /// The best items for a user, with their raw ids, best first.
    ///
    /// # Errors
    /// [`LiveError::Data`] for a user who is not known: ask [`top_n`](Self::top_n) with a history.
    pub fn recommend<Q>(&self, user: &Q, request: &TopN<'_>) -> Result<Vec<(&I, f32)>, LiveError>
    where
        U: Borrow<Q>,
        Q: Hash + Eq + Debug + ?Sized,
    {
        let hits = self.top_n(&Query::user(self.ids.user(user)?), request)?;
        // An item without an id is vacant, and in no list.
        Ok(hits.iter().filter_map(|hit| Some((self.ids.item_id(hit.item)?, hit.score))).collect())
    }

    /// The best items for one question, in the indices of this snapshot's [`ids`](Self::ids).
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    pub fn top_n(&self, query: &Query<'_>, request: &TopN<'_>) -> Result<Vec<Hit>, QueryError> {
        let mut hits = Vec::new();
        self.top_n_into(query, request, &mut Workspace::new(), &mut hits)?;
        Ok(hits)
    }

    /// The same list written over `out`, with memory of the caller's.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    pub fn top_n_into(
        &self,
        query: &Query<'_>,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<Hit>,
    ) -> Result<(), QueryError> {
        match &self.ranker {
            Ranker::Scanned(scanner) => scanner.top_n_into(query, request, workspace, out),
            Ranker::Plain { model, left_out } if left_out.is_empty() => {
                model.top_n_into(query, request, workspace, out)
            }
            Ranker::Plain { model, left_out } => {
                let denied = [request.denied(), left_out].concat();
                model.top_n_into(query, &request.deny(&denied), workspace, out)
            }
        }
    }

    /// Who asks, for scores of single items by the [`model`](Self::model).
    ///
    /// # Errors
    /// [`LiveError::Data`] for a user who is not known.
    pub fn profile<Q>(&self, user: &Q) -> Result<Profile, LiveError>
    where
        U: Borrow<Q>,
        Q: Hash + Eq + Debug + ?Sized,
    {
        let mut profile = Profile::new();
        self.model().profile(&Query::user(self.ids.user(user)?), &mut profile)?;
        Ok(profile)
    }

    /// Why a user is recommended an item: the events of theirs that carry the score. The row explained is the one that
    /// folding their events in gives, which is the user's own unless items of theirs were solved anew since.
    ///
    /// # Errors
    /// [`LiveError::Data`] for a user or an item that is not known, [`LiveError::Query`] as of [`Explain`].
    pub fn explain<Q, R>(&self, user: &Q, item: &R) -> Result<Explanation, LiveError>
    where
        M: Explain,
        U: Borrow<Q>,
        Q: Hash + Eq + Debug + ?Sized,
        I: Borrow<R>,
        R: Hash + Eq + Debug + ?Sized,
    {
        let item = self.ids.item(item)?;
        Ok(self.explain_many(self.ids.user(user)?, &[item])?.swap_remove(0))
    }

    /// The same for some items, in the indices of this snapshot's [`ids`](Self::ids): who asks is worked out once.
    ///
    /// # Errors
    /// [`QueryError`] as of [`Explain`].
    pub fn explain_many(&self, user: UserIx, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError>
    where
        M: Explain,
    {
        let query = Query::user(user);
        let query = match self.pasts.user(user, self.model().seen(user)) {
            Some(history) => query.with_history(history),
            None => query,
        };
        self.model().explain_many(&query, items)
    }

    /// Predicts the rating of one item for one user.
    ///
    /// # Errors
    /// [`LiveError::Data`] for a user or an item that is not known.
    pub fn predict<Q, R>(&self, user: &Q, item: &R) -> Result<Prediction, LiveError>
    where
        M: PredictRating,
        U: Borrow<Q>,
        Q: Hash + Eq + Debug + ?Sized,
        I: Borrow<R>,
        R: Hash + Eq + Debug + ?Sized,
    {
        let item = self.ids.item(item)?;
        Ok(self.model().predict(&self.profile(user)?, item)?)
    }
}
