//! The rows that a batch changed, to be put into a copy.

use super::super::BiasedMf;
use super::super::model::Reach;
use crate::data::{ItemIx, UserIx};
use crate::model::movement;

/// What a batch changed of a [`BiasedMf`]: rows, how sure it is of those of items, and who has seen what.
#[derive(Clone, Debug)]
pub struct BiasedMfPatch {
    n_users: usize,
    n_items: usize,
    pub(super) users: Vec<UserIx>,
    user_rows: Vec<f32>,
    seen: Vec<Vec<ItemIx>>,
    pub(super) items: Vec<ItemIx>,
    item_rows: Vec<f32>,
    item_variances: Vec<f32>,
    item_weights: Vec<f32>,
    item_known: Vec<bool>,
    reach: Reach,
    /// Numbers of a row.
    dim: usize,
}

impl BiasedMfPatch {
    /// How these rows stand in a model; those that it does not have are left out.
    pub(super) fn of(model: &BiasedMf, users: &[UserIx], items: &[ItemIx]) -> Self {
        let (parts, dim) = (&model.parts, model.factors() + 1);
        let (n_users, n_items) = (parts.users.len() / dim, parts.item_weights.len());
        let users = &users[..users.partition_point(|user| user.ix() < n_users)];
        let items = &items[..items.partition_point(|item| item.ix() < n_items)];
        let item_rows = |of: &[f32]| items.iter().flat_map(|i| &of[i.ix() * dim..][..dim]).copied().collect();
        Self {
            n_users,
            n_items,
            users: users.to_vec(),
            user_rows: users.iter().flat_map(|u| &parts.users[u.ix() * dim..][..dim]).copied().collect(),
            seen: users.iter().map(|&user| parts.seen.of(user).to_vec()).collect(),
            items: items.to_vec(),
            item_rows: item_rows(&parts.items),
            item_variances: item_rows(&parts.item_variances),
            item_weights: items.iter().map(|item| parts.item_weights[item.ix()]).collect(),
            item_known: items.iter().map(|item| model.item_known[item.ix()]).collect(),
            reach: model.reach,
            dim,
        }
    }

    pub(super) fn install(&self, model: &mut BiasedMf) {
        model.resize(self.n_users, self.n_items);
        let dim = self.dim;
        for (at, user) in self.users.iter().enumerate() {
            model.parts.users[user.ix() * dim..][..dim].copy_from_slice(&self.user_rows[at * dim..][..dim]);
            model.parts.seen.set(*user, &self.seen[at]);
        }
        for (at, item) in self.items.iter().enumerate() {
            let row = |of: &'_ [f32]| of[at * dim..][..dim].to_vec();
            let (mean, variance) = (row(&self.item_rows), row(&self.item_variances));
            model.set_item(*item, &mean, &variance, self.item_weights[at], self.item_known[at]);
        }
        model.reach = self.reach;
    }

    /// How far users and items moved from here to there, in their own length.
    pub(super) fn movement(&self, after: &Self) -> (f64, f64) {
        let users = movement(&self.user_rows, &after.user_rows, self.dim);
        (users, movement(&self.item_rows, &after.item_rows, self.dim))
    }
}

impl BiasedMf {
    /// Makes it so many rows of both sides; new ones are zeros that nobody has seen.
    pub(super) fn resize(&mut self, n_users: usize, n_items: usize) {
        let (dim, stride, parts) = (self.factors() + 1, self.stride, &mut self.parts);
        for user in n_users..parts.seen.n_users() as usize {
            parts.seen.set(UserIx::new(user as u32), &[]);
        }
        parts.seen.resize(n_users as u32);
        parts.users.resize(n_users * dim, 0.0);
        parts.items.resize(n_items * dim, 0.0);
        // Of what is not known yet nothing is certain; it is solved before anybody asks.
        parts.item_variances.resize(n_items * dim, 1.0);
        parts.item_weights.resize(n_items, 1.0);
        self.item_factors.resize(n_items * stride, 0.0);
        self.item_biases.resize(n_items, 0.0);
        self.item_known.resize(n_items, false);
        self.packed.resize(n_items);
    }

    /// Sets the row of an item wherever it stands.
    pub(super) fn set_item(
        &mut self,
        item: ItemIx,
        mean: &[f32],
        variance: &[f32],
        weight: f32,
        known: bool,
    ) {
        let (i, dim, factors, stride) = (item.ix(), self.factors() + 1, self.factors(), self.stride);
        self.parts.items[i * dim..][..dim].copy_from_slice(mean);
        self.parts.item_variances[i * dim..][..dim].copy_from_slice(variance);
        self.parts.item_weights[i] = weight;
        self.item_factors[i * stride..][..factors].copy_from_slice(&mean[..factors]);
        self.item_biases[i] = self.parts.scaling.spread * mean[factors];
        self.item_known[i] = known;
        self.reach.extend(mean);
        // The lengths are those of the rows, and the item is one of them.
        self.packed.all_mut().set(i, mean, variance, weight).expect("a row of this length");
    }
}
