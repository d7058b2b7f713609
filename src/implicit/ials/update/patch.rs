//! The rows that a batch changed, to be put into a copy.

use super::super::Ials;
use crate::data::{ItemIx, UserIx};
use crate::model::movement;

/// What a batch changed of an [`Ials`]: rows, who has seen what, and what follows from them.
#[derive(Clone, Debug)]
pub struct IalsPatch {
    n_users: usize,
    n_items: usize,
    pub(super) users: Vec<UserIx>,
    user_rows: Vec<f32>,
    seen: Vec<Vec<ItemIx>>,
    pub(super) items: Vec<ItemIx>,
    item_rows: Vec<f32>,
    item_weights: Vec<f32>,
    base: Vec<f32>,
    anyone: Vec<f32>,
    longest: f64,
}

impl IalsPatch {
    /// How these rows stand in a model; those that it does not have are left out.
    pub(super) fn of(model: &Ials, users: &[UserIx], items: &[ItemIx]) -> Self {
        let parts = &model.parts;
        let (n_users, n_items) = (parts.users.count(), parts.items.count());
        let users = &users[..users.partition_point(|user| user.ix() < n_users)];
        let items = &items[..items.partition_point(|item| item.ix() < n_items)];
        Self {
            n_users,
            n_items,
            users: users.to_vec(),
            user_rows: users.iter().flat_map(|user| parts.users.row(user.ix())).copied().collect(),
            seen: users.iter().map(|&user| parts.seen.of(user).to_vec()).collect(),
            items: items.to_vec(),
            item_rows: items.iter().flat_map(|item| parts.items.row(item.ix())).copied().collect(),
            item_weights: items.iter().map(|item| parts.item_weights[item.ix()]).collect(),
            base: parts.base.clone(),
            anyone: model.anyone().to_vec(),
            longest: model.longest(),
        }
    }

    pub(super) fn install(&self, model: &mut Ials) {
        model.resize(self.n_users, self.n_items);
        let (width, parts) = (model.factors(), &mut model.parts);
        for (at, user) in self.users.iter().enumerate() {
            parts.users.row_mut(user.ix()).copy_from_slice(&self.user_rows[at * width..][..width]);
            parts.seen.set(*user, &self.seen[at]);
        }
        for (at, item) in self.items.iter().enumerate() {
            parts.items.row_mut(item.ix()).copy_from_slice(&self.item_rows[at * width..][..width]);
            parts.item_weights.to_mut()[item.ix()] = self.item_weights[at];
        }
        parts.base.copy_from_slice(&self.base);
        model.anyone = self.anyone.clone().into();
        model.longest = self.longest.into();
    }

    /// How far users and items moved from here to there, in their own length.
    pub(super) fn movement(&self, after: &Self) -> (f64, f64) {
        let width = self.base.len();
        let users = movement(&self.user_rows, &after.user_rows, width);
        (users, movement(&self.item_rows, &after.item_rows, width))
    }
}

impl Ials {
    /// Makes it so many rows of both sides; new ones are zeros that nobody has seen.
    pub(super) fn resize(&mut self, n_users: usize, n_items: usize) {
        let parts = &mut self.parts;
        for user in n_users..parts.users.count() {
            parts.seen.set(UserIx::new(user as u32), &[]);
        }
        parts.seen.resize(n_users as u32);
        parts.users.resize(n_users);
        parts.items.resize(n_items);
        if n_items != parts.item_weights.len() {
            parts.item_weights.to_mut().resize(n_items, 1.0);
        }
    }
}
