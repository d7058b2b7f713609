//! A batch of changes, checked against what is there and boiled down to one edit per pair.

use std::collections::{BTreeMap, BTreeSet};

use super::histories::{Cell, Histories};
use super::{Change, ChangeError, Event, ItemIx, UserIx};

/// What becomes of one pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    pub(super) user: UserIx,
    pub(super) item: ItemIx,
    pub(super) before: Option<Cell>,
    pub(super) after: Option<Cell>,
}

/// Whether somebody or something has a row, before and after; an index that is vacant, or not there yet, has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    pub(super) was: bool,
    pub(super) is: bool,
    /// Whether whoever it was went, though another may have come since.
    pub(super) went: bool,
}

/// What a whole batch comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits {
    /// By user, then by item.
    pub(super) pairs: Vec<Edit>,
    /// Who is spoken of.
    pub(super) users: BTreeMap<u32, Turn>,
    /// What is spoken of.
    pub(super) items: BTreeMap<u32, Turn>,
    /// How many rows there are afterwards.
    pub(super) n_users: u32,
    pub(super) n_items: u32,
    pub(super) added: usize,
    pub(super) replaced: usize,
    pub(super) removed: usize,
}

/// A batch under way: what was there, and what the changes so far say of it.
pub(super) struct Draft<'h> {
    histories: &'h Histories,
    now: BTreeMap<(UserIx, ItemIx), Option<Cell>>,
    by_item: BTreeSet<(ItemIx, UserIx)>,
    edits: Edits,
}

impl<'h> Draft<'h> {
    pub(super) fn new(histories: &'h Histories) -> Self {
        let edits = Edits { n_users: histories.n_users(), n_items: histories.n_items(), ..Edits::default() };
        Self { histories, now: BTreeMap::new(), by_item: BTreeSet::new(), edits }
    }

    /// One change after those before.
    pub(super) fn take(&mut self, at: usize, change: &Change) -> Result<(), ChangeError> {
        match *change {
            Change::Add(event) => self.add(at, event),
            Change::Replace(event) => {
                let was = self.put(at, event)?;
                self.count(was);
                Ok(())
            }
            Change::Remove { user, item } => {
                if self.get(user, item).is_none() {
                    return Err(ChangeError::NotThere { at, user, item });
                }
                self.set(user, item, None);
                self.edits.removed += 1;
                Ok(())
            }
            Change::RemoveUser { user } => self.remove_user(at, user),
            Change::RemoveItem { item } => self.remove_item(at, item),
        }
    }

    /// What they all come to.
    pub(super) fn finish(self) -> Edits {
        let Self { histories, now, mut edits, .. } = self;
        let edit = |((user, item), after)| Edit { user, item, before: histories.cell(user, item), after };
        edits.pairs = now.into_iter().map(edit).collect();
        edits
    }

    fn add(&mut self, at: usize, event: Event) -> Result<(), ChangeError> {
        if self.get(event.user, event.item).is_some() {
            return Err(ChangeError::There { at, user: event.user, item: event.item });
        }
        let was = self.put(at, event)?;
        self.count(was);
        Ok(())
    }

    fn count(&mut self, was: Option<Cell>) {
        match was {
            Some(_) => self.edits.replaced += 1,
            None => self.edits.added += 1,
        }
    }

    /// Makes room for an event and puts it there; returns what was there.
    fn put(&mut self, at: usize, event: Event) -> Result<Option<Cell>, ChangeError> {
        let Event { user, item, value, time } = event;
        if !value.is_finite() {
            return Err(ChangeError::NotFinite { at, value });
        }
        let timed = self.histories.has_times();
        if time.is_some() != timed {
            return Err(ChangeError::Time { at, timed });
        }
        let edits = &mut self.edits;
        let room = |n: &mut u32, index: u32, kind| {
            if index > *n || index == u32::MAX {
                return Err(ChangeError::Gap { at, kind, index, next: *n });
            }
            *n = (*n).max(index + 1);
            Ok(())
        };
        let (mut n_users, mut n_items) = (edits.n_users, edits.n_items);
        room(&mut n_users, user.get(), "user")?;
        room(&mut n_items, item.get(), "item")?;
        (edits.n_users, edits.n_items) = (n_users, n_items);
        let was = self.get(user, item);
        self.set(user, item, Some(Cell { value, time: time.unwrap_or_default() }));
        Ok(was)
    }

    fn remove_user(&mut self, at: usize, user: UserIx) -> Result<(), ChangeError> {
        if !self.user(user).is_some_and(|turn| turn.is) {
            return Err(ChangeError::UnknownUser { at, user });
        }
        let mentioned = self.now.range((user, ItemIx::new(0))..=(user, ItemIx::new(u32::MAX)));
        let mut items: Vec<ItemIx> = mentioned.map(|(&(_, item), _)| item).collect();
        items.extend_from_slice(self.histories.user(user).unwrap_or_default().ids);
        items.into_iter().for_each(|item| self.clear(user, item));
        let was = self.user(user).is_some_and(|turn| turn.was);
        self.edits.users.insert(user.get(), Turn { was, is: false, went: true });
        Ok(())
    }

    fn remove_item(&mut self, at: usize, item: ItemIx) -> Result<(), ChangeError> {
        if !self.item(item).is_some_and(|turn| turn.is) {
            return Err(ChangeError::UnknownItem { at, item });
        }
        let mentioned = self.by_item.range((item, UserIx::new(0))..=(item, UserIx::new(u32::MAX)));
        let mut users: Vec<UserIx> = mentioned.map(|&(_, user)| user).collect();
        users.extend_from_slice(self.histories.item(item).unwrap_or_default().ids);
        users.into_iter().for_each(|user| self.clear(user, item));
        let was = self.item(item).is_some_and(|turn| turn.was);
        self.edits.items.insert(item.get(), Turn { was, is: false, went: true });
        Ok(())
    }

    fn clear(&mut self, user: UserIx, item: ItemIx) {
        if self.get(user, item).is_some() {
            self.set(user, item, None);
            self.edits.removed += 1;
        }
    }

    fn get(&self, user: UserIx, item: ItemIx) -> Option<Cell> {
        self.now.get(&(user, item)).copied().unwrap_or_else(|| self.histories.cell(user, item))
    }

    fn set(&mut self, user: UserIx, item: ItemIx, cell: Option<Cell>) {
        let (who, what) = (self.user(user), self.item(item));
        let turn = |turn: Option<Turn>| {
            let turn = turn.unwrap_or_default();
            Turn { is: turn.is || cell.is_some(), ..turn }
        };
        self.edits.users.insert(user.get(), turn(who));
        self.edits.items.insert(item.get(), turn(what));
        self.now.insert((user, item), cell);
        self.by_item.insert((item, user));
    }

    fn user(&self, user: UserIx) -> Option<Turn> {
        let before = || self.histories.has_user(user).then_some(Turn { was: true, is: true, went: false });
        self.edits.users.get(&user.get()).copied().or_else(before)
    }

    fn item(&self, item: ItemIx) -> Option<Turn> {
        let before = || self.histories.has_item(item).then_some(Turn { was: true, is: true, went: false });
        self.edits.items.get(&item.get()).copied().or_else(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Interactions;

    #[test]
    fn what_was_made_can_be_taken_back() {
        let event = |user, item, value| {
            let (user, item) = (UserIx::new(user), ItemIx::new(item));
            Event { user, item, value, time: Some(i64::from(user.get())) }
        };
        let events = [event(0, 0, 1.0), event(0, 1, 2.0), event(1, 1, 3.0), event(2, 0, 4.0)];
        let mut histories = Histories::from(Interactions::from_events(3, 2, &events).unwrap());
        let gone = [Change::RemoveUser { user: UserIx::new(2) }];
        histories.apply(&gone).unwrap();
        for batch in [
            vec![
                Change::Add(event(3, 2, 5.0)),
                Change::Add(event(4, 0, 6.0)),
                Change::Replace(event(3, 2, 7.0)),
            ],
            vec![Change::Add(event(2, 2, 5.0)), Change::RemoveItem { item: ItemIx::new(1) }],
            vec![Change::RemoveUser { user: UserIx::new(0) }, Change::Add(event(0, 1, 9.0))],
            vec![Change::Add(event(3, 0, 1.0)), Change::RemoveUser { user: UserIx::new(3) }],
            vec![Change::Remove { user: UserIx::new(1), item: ItemIx::new(1) }],
            vec![],
        ] {
            let before = histories.clone();
            let made = histories.make(&batch).unwrap();
            assert_eq!(before == histories, batch.is_empty());
            histories.unmake(made);
            assert_eq!(before, histories);
        }
    }
}
