//! Which rows have not been solved since something they rest on was.

use crate::data::{Histories, ItemIx, UserIx};

/// One mark per row of each side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stale {
    pub(super) users: Marks,
    pub(super) items: Marks,
}

/// One mark per row, and how many are set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks {
    set: Vec<bool>,
    count: usize,
}

/// The marks that a batch changed, and what they were.
#[derive(Debug, Default)]
pub(super) struct Before {
    users: Vec<(usize, bool)>,
    items: Vec<(usize, bool)>,
    rows: (usize, usize),
}

impl Marks {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn resize(&mut self, n: usize) {
        self.count -= self.set.iter().skip(n).filter(|&&set| set).count();
        self.set.resize(n, false);
    }

    /// Sets or clears a mark, and notes it if that changes it.
    fn set(&mut self, row: usize, to: bool, changed: &mut Vec<(usize, bool)>) {
        let was = std::mem::replace(&mut self.set[row], to);
        if was != to {
            changed.push((row, was));
            self.count = if to { self.count + 1 } else { self.count - 1 };
        }
    }

    fn take_back(&mut self, changed: Vec<(usize, bool)>) {
        for (row, was) in changed.into_iter().rev() {
            self.set(row, was, &mut Vec::new());
        }
    }
}

impl Stale {
    /// Users and items that were solved are fresh; those who touched such items, and what such users touched, are not.
    pub(super) fn solved(&mut self, histories: &Histories, users: &[UserIx], items: &[ItemIx]) -> Before {
        let mut before = Before { rows: (self.users.set.len(), self.items.set.len()), ..Before::default() };
        self.users.resize(histories.n_users() as usize);
        self.items.resize(histories.n_items() as usize);
        for &item in items {
            let audience = histories.item(item).unwrap_or_default();
            audience.ids.iter().for_each(|user| self.users.set(user.ix(), true, &mut before.users));
        }
        for &user in users {
            let history = histories.user(user).unwrap_or_default();
            history.ids.iter().for_each(|item| self.items.set(item.ix(), true, &mut before.items));
        }
        users.iter().for_each(|user| self.users.set(user.ix(), false, &mut before.users));
        items.iter().for_each(|item| self.items.set(item.ix(), false, &mut before.items));
        before
    }

    pub(super) fn take_back(&mut self, before: Before) {
        self.users.take_back(before.users);
        self.items.take_back(before.items);
        self.users.resize(before.rows.0);
        self.items.resize(before.rows.1);
    }
}
