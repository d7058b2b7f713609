//! Rows that come, change and go.

use std::ops::Range;
use std::sync::Arc;

use super::super::BayesianMf;
use super::super::check::LARGEST;
use super::super::model::{Parts, Time};
use super::super::prior::Rated;
use crate::data::{Attributes, Histories, ItemIx, Touched, UserIx};

impl BayesianMf {
    /// Makes it so many rows of both sides; new ones are zeros that nobody has seen.
    pub(super) fn resize(&mut self, n_users: usize, n_items: usize) {
        let (width, item_width, parts) = (self.parts.width(), self.parts.item_width(), &mut self.parts);
        for user in n_users..parts.noise.users.len() {
            parts.seen.set(UserIx::new(user as u32), &[]);
        }
        parts.seen.resize(n_users as u32);
        drop(parts.begun.split_off(&UserIx::new(n_users as u32)));
        parts.users.resize(n_users * width, 0.0);
        parts.items.resize(n_items * item_width, 0.0);
        parts.noise.users.resize(n_users, 1.0);
        parts.noise.items.resize(n_items, 1.0);
        if parts.user_sets {
            let features = parts.n_user_features() + n_items;
            parts.user_prior.weights.resize(features * width, 0.0);
        }
        if let Some(rated) = &mut parts.rated {
            let old = rated.told.len() / width;
            rated.told.resize(n_items * width, 0.0);
            drop(rated.new.split_off(&ItemIx::new(n_items as u32)));
            rated.new.extend((old..n_items).map(|item| ItemIx::new(item as u32)));
        }
        self.item_known.resize(n_items, false);
    }

    /// Forgets who and what went, and what nothing is left of.
    pub(super) fn forget(&mut self, histories: &Histories, (touched, items): (&Touched, &[ItemIx])) {
        let parts = &mut self.parts;
        without(&mut parts.user_attributes, &touched.gone_users);
        without(&mut parts.item_attributes, &touched.gone_items);
        for user in &touched.gone_users {
            // What raters said of an item is of this one too.
            let of_user = parts.seen.of(*user).iter().filter(|item| items.binary_search(item).is_ok());
            let (width, rated) = (parts.samples * (parts.factors + 1), &mut parts.rated);
            of_user.for_each(|&item| forget_raters(rated, item, width));
            parts.seen.set(*user, &[]);
            parts.begun.remove(user);
            parts.noise.users[user.ix()] = 1.0;
        }
        for item in &touched.gone_items {
            self.item_known[item.ix()] = false;
            self.forget_item(*item);
        }
        let is_empty = |item: ItemIx| histories.item(item).is_none_or(|audience| audience.is_empty());
        items.iter().filter(|&&item| is_empty(item)).for_each(|&item| self.forget_item(item));
        self.forget_moments(histories, (touched, items));
    }

    /// Forgets how noisy an item is, what it says of those who rate it, and its periods.
    fn forget_item(&mut self, item: ItemIx) {
        let (width, item_width, parts) = (self.parts.width(), self.parts.item_width(), &mut self.parts);
        parts.noise.items[item.ix()] = 1.0;
        forget_raters(&mut parts.rated, item, width);
        parts.items[item.ix() * item_width..][width..item_width].fill(0.0);
        if let Some(weights) = parts.weights_of_set_mut(item) {
            weights.fill(0.0);
        }
    }

    /// Forgets days of touched users, and periods of items, that have no rating any more.
    fn forget_moments(&mut self, histories: &Histories, (touched, items): (&Touched, &[ItemIx])) {
        let (width, item_width, parts) = (self.parts.width(), self.parts.item_width(), &mut self.parts);
        let Some(time) = &mut parts.time else { return };
        for &item in items {
            let Some(times) = histories.item(item).and_then(|audience| audience.times) else { continue };
            let mut has = vec![false; item_width - width];
            times.iter().filter_map(|&at| time.calendar.period(at)).for_each(|at| has[at as usize] = true);
            let effects = &mut parts.items[item.ix() * item_width..][width..item_width];
            effects.iter_mut().zip(has).filter(|(_, has)| !has).for_each(|(effect, _)| *effect = 0.0);
        }
        let days = |&user: &UserIx| {
            let history = histories.user(user).unwrap_or_default();
            let times = history.times.unwrap_or_default().iter();
            let mut left: Vec<u64> = times.filter_map(|&at| time.calendar.day(at)).collect();
            left.sort_unstable();
            // Ratings without times may be of any day.
            let any = history.times.is_none() && !history.is_empty();
            let is_left = |key: u64| any || left.binary_search(&(key & u64::from(u32::MAX))).is_ok();
            let gone = touched.gone_users.binary_search(&user).is_ok();
            time.days_of(user).filter(|&(key, _)| !gone && is_left(key)).collect()
        };
        let days: Vec<Vec<(u64, f32)>> = touched.users.iter().map(days).collect();
        time.set_days(&touched.users, &days);
    }

    /// Whether somebody has no row yet.
    pub(super) fn is_new(&self, user: UserIx) -> bool {
        self.parts.seen.of(user).is_empty()
    }

    /// Sets the row of a user; none if it is too large, or no number.
    pub(super) fn set_user(&mut self, user: UserIx, row: &[f32]) -> Option<()> {
        let width = self.parts.width();
        self.parts.users[user.ix() * width..][..width].copy_from_slice(row);
        self.reach.extend_asker(row);
        self.allows(row)
    }

    /// Sets the row of an item, but for its periods.
    pub(super) fn set_item(&mut self, item: ItemIx, row: &[f32]) -> Option<()> {
        let item_width = self.parts.item_width();
        self.parts.items[item.ix() * item_width..][..row.len()].copy_from_slice(row);
        self.reach.extend_item(row);
        self.allows(row)
    }

    fn allows(&self, row: &[f32]) -> Option<()> {
        (row.iter().all(|x| x.abs() <= LARGEST) && self.reach.is_sound()).then_some(())
    }

    /// What a user has seen from now on. Who has not seen enough has just come.
    pub(super) fn set_seen(&mut self, user: UserIx, items: &[ItemIx]) {
        let has_begun =
            self.parts.newcomers.is_some() && !items.is_empty() && !self.is_whole(items.len(), Some(user));
        if has_begun {
            self.parts.begun.insert(user);
        } else {
            self.parts.begun.remove(&user);
        }
        self.parts.seen.set(user, items);
    }
}

impl Parts {
    /// Where the weights stand that tell what having rated an item says of a user, in all samples; none without sets.
    fn place_in_set(&self, item: ItemIx) -> Option<Range<usize>> {
        let (first, width) = (self.n_user_features() + item.ix(), self.width());
        self.user_sets.then(|| first * width..(first + 1) * width)
    }

    pub(super) fn weights_of_set(&self, item: ItemIx) -> Option<&[f32]> {
        self.place_in_set(item).map(|place| &self.user_prior.weights[place])
    }

    pub(super) fn weights_of_set_mut(&mut self, item: ItemIx) -> Option<&mut [f32]> {
        self.place_in_set(item).map(|place| &mut self.user_prior.weights[place])
    }
}

/// Makes an item a new one.
fn forget_raters(rated: &mut Option<Rated>, item: ItemIx, width: usize) {
    if let Some(rated) = rated {
        rated.told[item.ix() * width..][..width].fill(0.0);
        rated.new.insert(item);
    }
}

/// Leaves nothing known of these.
fn without<R: Copy + Into<usize>>(attributes: &mut Option<Arc<Attributes<R>>>, rows: &[R]) {
    if let Some(all) = attributes
        && rows.iter().any(|&row| !all.row(row).0.is_empty())
    {
        *all = Arc::new(all.without(rows));
    }
}

impl Time {
    /// The days of a user, with their keys.
    pub(super) fn days_of(&self, user: UserIx) -> impl Iterator<Item = (u64, f32)> + '_ {
        let range = self.range_of(user);
        self.user_keys[range.clone()].iter().copied().zip(self.user_days[range].iter().copied())
    }

    fn range_of(&self, user: UserIx) -> Range<usize> {
        let first = u64::from(user.get()) << 32;
        let end = self.user_keys.partition_point(|&key| key >> 32 <= u64::from(user.get()));
        self.user_keys.partition_point(|&key| key < first)..end
    }

    /// Gives users, who ascend, other days: linear in all days, unless they are those they have.
    pub(super) fn set_days(&mut self, users: &[UserIx], days: &[Vec<(u64, f32)>]) {
        if users.iter().zip(days).all(|(&user, days)| self.days_of(user).eq(days.iter().copied())) {
            return;
        }
        let (mut keys, mut values, mut from) = (Vec::new(), Vec::new(), 0);
        for (&user, days) in users.iter().zip(days) {
            let range = self.range_of(user);
            keys.extend_from_slice(&self.user_keys[from..range.start]);
            values.extend_from_slice(&self.user_days[from..range.start]);
            keys.extend(days.iter().map(|day| day.0));
            values.extend(days.iter().map(|day| day.1));
            from = range.end;
        }
        keys.extend_from_slice(&self.user_keys[from..]);
        values.extend_from_slice(&self.user_days[from..]);
        (self.user_keys, self.user_days) = (keys, values);
    }
}
