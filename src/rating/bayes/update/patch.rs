//! The rows that a batch changed, to be put into a copy.

use std::sync::Arc;

use super::super::BayesianMf;
use super::super::reach::Reach;
use crate::data::{ItemAttributes, ItemIx, UserAttributes, UserIx};
use crate::model::movement;

/// What a batch changed of a [`BayesianMf`]: rows, and all that stands for a user or an item beside them.
#[derive(Clone, Debug)]
pub struct BayesianMfPatch {
    n_users: usize,
    n_items: usize,
    users: Vec<UserIx>,
    user_rows: Vec<f32>,
    user_noise: Vec<f32>,
    seen: Vec<Vec<ItemIx>>,
    begun: Vec<bool>,
    days: Vec<Vec<(u64, f32)>>,
    pub(super) items: Vec<ItemIx>,
    item_rows: Vec<f32>,
    item_noise: Vec<f32>,
    item_known: Vec<bool>,
    /// What having rated each item says of users; nothing without sets.
    item_weights: Vec<f32>,
    /// The prior means of each item, and whether it is a new one; nothing without sets.
    item_told: Vec<f32>,
    item_new: Vec<bool>,
    told: (Option<Arc<UserAttributes>>, Option<Arc<ItemAttributes>>),
    reach: Reach,
}

impl BayesianMfPatch {
    /// How these rows stand in a model; those that it does not have are left out.
    pub(super) fn of(model: &BayesianMf, users: &[UserIx], items: &[ItemIx]) -> Self {
        let parts = &model.parts;
        let (n_users, n_items) = (parts.noise.users.len(), parts.noise.items.len());
        let users = &users[..users.partition_point(|user| user.ix() < n_users)];
        let items = &items[..items.partition_point(|item| item.ix() < n_items)];
        let days =
            |&user: &UserIx| parts.time.as_ref().map_or(Vec::new(), |time| time.days_of(user).collect());
        let width = parts.width();
        let told = |item: &ItemIx| match &parts.rated {
            Some(rated) => &rated.told[item.ix() * width..][..width],
            None => &[],
        };
        let new = |item: &ItemIx| parts.rated.as_ref().is_some_and(|rated| rated.new.contains(item));
        let sets = items.iter().filter_map(|&item| parts.weights_of_set(item));
        Self {
            n_users,
            n_items,
            users: users.to_vec(),
            user_rows: users.iter().flat_map(|user| parts.user(user.ix())).copied().collect(),
            user_noise: users.iter().map(|user| parts.noise.users[user.ix()]).collect(),
            seen: users.iter().map(|&user| parts.seen.of(user).to_vec()).collect(),
            begun: users.iter().map(|user| parts.begun.contains(user)).collect(),
            days: users.iter().map(days).collect(),
            items: items.to_vec(),
            item_rows: items.iter().flat_map(|item| parts.item(item.ix())).copied().collect(),
            item_noise: items.iter().map(|item| parts.noise.items[item.ix()]).collect(),
            item_known: items.iter().map(|item| model.item_known[item.ix()]).collect(),
            item_weights: sets.flatten().copied().collect(),
            item_told: items.iter().flat_map(told).copied().collect(),
            item_new: items.iter().map(new).collect(),
            told: (parts.user_attributes.clone(), parts.item_attributes.clone()),
            reach: model.reach,
        }
    }

    pub(super) fn install(&self, model: &mut BayesianMf) {
        model.resize(self.n_users, self.n_items);
        let (width, item_width, parts) = (model.parts.width(), model.parts.item_width(), &mut model.parts);
        (parts.user_attributes, parts.item_attributes) = self.told.clone();
        for (at, user) in self.users.iter().enumerate() {
            let row = &self.user_rows[at * width..][..width];
            parts.users[user.ix() * width..][..width].copy_from_slice(row);
            parts.noise.users[user.ix()] = self.user_noise[at];
            parts.seen.set(*user, &self.seen[at]);
            if self.begun[at] {
                parts.begun.insert(*user);
            } else {
                parts.begun.remove(user);
            }
        }
        if let Some(time) = &mut parts.time {
            time.set_days(&self.users, &self.days);
        }
        for (at, &item) in self.items.iter().enumerate() {
            let row = &self.item_rows[at * item_width..][..item_width];
            parts.items[item.ix() * item_width..][..item_width].copy_from_slice(row);
            parts.noise.items[item.ix()] = self.item_noise[at];
            if let Some(weights) = parts.weights_of_set_mut(item) {
                weights.copy_from_slice(&self.item_weights[at * width..][..width]);
            }
            if let Some(rated) = &mut parts.rated {
                let told = &self.item_told[at * width..][..width];
                rated.told[item.ix() * width..][..width].copy_from_slice(told);
                if self.item_new[at] {
                    rated.new.insert(item);
                } else {
                    rated.new.remove(&item);
                }
            }
            model.item_known[item.ix()] = self.item_known[at];
        }
        model.reach = self.reach;
    }

    /// How far users and items moved from here to there, in their own length. Those who came or went do not count.
    pub(super) fn movement(&self, after: &Self) -> (f64, f64) {
        let there = |seen: &Vec<ItemIx>| !seen.is_empty();
        let both = |at: usize| there(&self.seen[at]) && there(&after.seen[at]);
        let users = apart(&self.user_rows, &after.user_rows, self.users.len(), both);
        let both = |at: usize| self.item_known[at] && after.item_known[at];
        (users, apart(&self.item_rows, &after.item_rows, self.items.len(), both))
    }
}

/// How far those of the first rows moved that count.
fn apart(before: &[f32], after: &[f32], count: usize, counts: impl Fn(usize) -> bool) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let width = before.len() / count;
    let rows = |of: &[f32]| -> Vec<f32> {
        (0..count).filter(|&at| counts(at)).flat_map(|at| of[at * width..][..width].to_vec()).collect()
    };
    movement(&rows(before), &rows(after), width)
}
