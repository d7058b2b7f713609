//! The model: what is kept, and how it answers.

use super::Neighbours;
use crate::data::{ItemIx, UserIx};
use crate::model::{Basis, PredictRating, Prediction, Profile, Query, QueryError, RatingScale, Score, Seen};
use crate::rating::bias::{Biases, Events, basis_of, rated_items};

/// Predicts from the asker's ratings of the most similar items: see
/// [`ItemKnnParams`](super::ItemKnnParams).
///
/// A [`Profile`] holds two numbers per item of the model (the sum of the asker's residuals of the item,
/// and how many there are), so making one costs a pass over that memory: make it once per asker. The
/// model keeps 8 bytes per rating, 8 per neighbour and 4 per user and item.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "super::file::Unchecked")
)]
pub struct ItemKnn {
    pub(super) biases: Biases,
    pub(super) seen: Seen,
    /// What the baseline leaves over of each rating, in the order of `seen`.
    pub(super) residuals: Vec<f32>,
    pub(super) neighbours: Neighbours,
    /// How many neighbours a prediction uses at most.
    pub(super) k: usize,
    /// Added to the sum of the weights.
    pub(super) regularization: f32,
    /// Whether an item has any rating; follows from `seen`.
    #[cfg_attr(feature = "serde", serde(skip))]
    rated: Vec<bool>,
}

impl ItemKnn {
    /// Puts the parts together, which must fit.
    pub(super) fn new(
        biases: Biases,
        seen: Seen,
        residuals: Vec<f32>,
        neighbours: Neighbours,
        k: usize,
        regularization: f32,
    ) -> Self {
        let rated = rated_items(&seen, biases.items.len());
        Self { biases, seen, residuals, neighbours, k, regularization, rated }
    }

    /// The items most similar to one, the most similar first, each with its weight; none for an item
    /// the model does not have.
    pub fn neighbours(&self, item: ItemIx) -> impl Iterator<Item = (ItemIx, f32)> {
        let known = item.get() < self.n_items();
        known.then(|| self.neighbours.of(item.ix())).into_iter().flatten()
    }

    /// The score of an item the model has, and whether any neighbour had a say.
    fn estimate(&self, asker: &Asker<'_>, item: usize) -> (f32, bool) {
        let baseline = asker.offset + self.biases.items[item];
        let (mut sum, mut weights, mut found) = (0.0, self.regularization, false);
        for (_, weight, [residual, times]) in self.heard(asker, item) {
            sum += weight * residual;
            weights += weight * times;
            found = true;
        }
        if found { (baseline + sum / weights, true) } else { (baseline, false) }
    }

    /// The neighbours of an item that the asker rated, at most `k`, each with its weight, the sum of the residuals, and how
    /// many they are.
    pub(super) fn heard(
        &self,
        asker: &Asker<'_>,
        item: usize,
    ) -> impl Iterator<Item = (ItemIx, f32, [f32; 2])> {
        let said = |(other, weight): (ItemIx, f32)| {
            // A profile without dense part is that of somebody without ratings.
            let rated = asker.rated.get(other.ix()).copied().unwrap_or_default();
            (rated[1] > 0.0).then_some((other, weight, rated))
        };
        self.neighbours.of(item).filter_map(said).take(self.k)
    }
}

/// A profile, read back.
pub(super) struct Asker<'a> {
    pub(super) offset: f32,
    /// For each item the sum of the residuals and how many there are.
    rated: &'a [[f32; 2]],
}

impl<'a> Asker<'a> {
    pub(super) fn of(profile: &'a Profile) -> Self {
        Self { offset: profile.offset, rated: profile.dense.as_chunks().0 }
    }
}

impl Score for ItemKnn {
    fn n_users(&self) -> u32 {
        self.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.biases.items.len() as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        let asker = self.biases.asker(query, &self.seen)?;
        out.offset = asker.offset;
        if asker.is_empty() {
            return Ok(());
        }
        out.basis = Basis::Learned;
        out.dense.resize(2 * self.biases.items.len(), 0.0);
        let rated = out.dense.as_chunks_mut().0;
        let mut note = |item: ItemIx, residual: f32| {
            let [sum, times] = &mut rated[item.ix()];
            *sum += residual;
            *times += 1.0;
        };
        match asker.events {
            Events::Folded(history) => {
                for (item, value) in history.iter() {
                    note(item, self.biases.residual(asker.offset, item, value));
                }
            }
            Events::Trained(row) => {
                let items = &self.seen.items()[row.clone()];
                items.iter().zip(&self.residuals[row]).for_each(|(&item, &residual)| note(item, residual));
            }
        }
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let asker = Asker::of(profile);
        let known = self.biases.items.len().saturating_sub(first.ix()).min(out.len());
        let (inside, beyond) = out.split_at_mut(known);
        for (at, score) in inside.iter_mut().enumerate() {
            *score = self.estimate(&asker, first.ix() + at).0;
        }
        beyond.fill(f32::NEG_INFINITY);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }
}

impl PredictRating for ItemKnn {
    fn scale(&self) -> RatingScale {
        self.biases.scale
    }

    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        let (score, learned) = self.estimate(&Asker::of(profile), item.ix());
        let basis = if learned { Basis::Learned } else { basis_of(profile, self.rated[item.ix()]) };
        Ok(Prediction { rating: self.scale().clip(score), basis })
    }
}
