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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Change, Event, Interactions};

    /// Against the definition: a row is stale when something in it was solved after it was.
    #[test]
    fn marks_are_what_the_definition_says() {
        let event = |(user, item): (u32, u32)| Event {
            user: UserIx::new(user),
            item: ItemIx::new(item),
            value: 1.0,
            time: None,
        };
        let pairs = (0..12).flat_map(|user| (0..9).map(move |item| (user, item)));
        let events: Vec<_> = pairs.filter(|(user, item)| (user * 5 + item * 7) % 4 == 0).map(event).collect();
        let mut histories = Histories::from(Interactions::from_events(12, 9, &events).unwrap());
        let mut stale = Stale::default();
        let (mut users_at, mut items_at) = (vec![0; 20], vec![0; 20]);
        for step in 1..40u32 {
            let pair = (step * 11 % 13, step * 5 % 10);
            let made = histories.make(&[Change::Replace(event(pair))]).unwrap();
            let touched = made.touched();
            // In some steps the items stay.
            let items = if step % 3 == 0 { &[][..] } else { &touched.items };
            let twin = stale.clone();
            let before = stale.solved(&histories, &touched.users, items);
            let now = stale.clone();
            stale.take_back(before);
            assert_eq!(stale, twin);
            stale = now;
            touched.users.iter().for_each(|user| users_at[user.ix()] = step);
            items.iter().for_each(|item| items_at[item.ix()] = step);
            let user = |user: u32| {
                let history = histories.user(UserIx::new(user)).unwrap();
                history.ids.iter().any(|item| items_at[item.ix()] > users_at[user as usize])
            };
            let item = |item: u32| {
                let audience = histories.item(ItemIx::new(item)).unwrap();
                audience.ids.iter().any(|user| users_at[user.ix()] > items_at[item as usize])
            };
            assert_eq!(
                stale.users.count(),
                (0..histories.n_users()).filter(|&u| user(u)).count(),
                "step {step}"
            );
            assert_eq!(
                stale.items.count(),
                (0..histories.n_items()).filter(|&i| item(i)).count(),
                "step {step}"
            );
        }
        assert!(stale.users.count() > 0 && stale.items.count() > 0);
    }
}
