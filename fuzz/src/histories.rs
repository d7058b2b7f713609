//! Changes of histories, and the naive twin of these.

use std::collections::BTreeMap;

use foldin::data::{Change, Event, Histories, Interactions, ItemIx, UserIx};

use crate::bytes::Draw;

/// What the next changes are drawn about.
pub(crate) struct Stream {
    n_users: u32,
    n_items: u32,
    timed: bool,
}

impl Stream {
    pub(crate) fn of(histories: &Histories) -> Self {
        Self { n_users: histories.n_users(), n_items: histories.n_items(), timed: histories.has_times() }
    }

    /// One to eight changes, mostly of those there are, sometimes of the next, rarely of one beyond.
    pub(crate) fn batch(&self, draw: &mut Draw<'_>) -> Vec<Change> {
        (0..=draw.below(8)).map(|_| self.change(draw)).collect()
    }

    fn change(&self, draw: &mut Draw<'_>) -> Change {
        let what = draw.below(16);
        let user = UserIx::new(draw.below(self.n_users as usize + 2) as u32);
        let item = ItemIx::new(draw.below(self.n_items as usize + 2) as u32);
        match what {
            0 => return Change::RemoveUser { user },
            1 => return Change::RemoveItem { item },
            2 | 3 => return Change::Remove { user, item },
            _ => {}
        }
        // Most are ratings, so that most batches can be made.
        let value = if draw.below(8) == 0 { draw.float() } else { (1 + draw.below(5)) as f32 };
        let timed = self.timed != (draw.below(32) == 1);
        let event = Event { user, item, value, time: timed.then(|| i64::from(draw.byte()) * 86_400) };
        if what < 8 { Change::Add(event) } else { Change::Replace(event) }
    }
}

/// The events as a map, and who and what is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Twin {
    events: BTreeMap<(u32, u32), (f32, Option<i64>)>,
    users: Vec<bool>,
    items: Vec<bool>,
    timed: bool,
}

impl Twin {
    pub(crate) fn of(data: &Interactions) -> Self {
        let (users, items) = (vec![true; data.n_users() as usize], vec![true; data.n_items() as usize]);
        let cell = |event: Event| ((event.user.get(), event.item.get()), (event.value, event.time));
        Self { events: data.events().map(cell).collect(), users, items, timed: data.has_times() }
    }

    /// The twin after a batch; none when one of the changes cannot be made.
    pub(crate) fn after(&self, batch: &[Change]) -> Option<Self> {
        let mut next = self.clone();
        batch.iter().try_for_each(|change| next.take(change))?;
        Some(next)
    }

    fn take(&mut self, change: &Change) -> Option<()> {
        match *change {
            Change::Add(event) if self.events.contains_key(&(event.user.get(), event.item.get())) => None,
            Change::Add(event) | Change::Replace(event) => {
                let (user, item) = (event.user.ix(), event.item.ix());
                let sound = event.value.is_finite() && event.time.is_some() == self.timed;
                if !sound || user > self.users.len() || item > self.items.len() {
                    return None;
                }
                self.users.resize(self.users.len().max(user + 1), true);
                self.items.resize(self.items.len().max(item + 1), true);
                (self.users[user], self.items[item]) = (true, true);
                self.events.insert((user as u32, item as u32), (event.value, event.time));
                Some(())
            }
            Change::Remove { user, item } => self.events.remove(&(user.get(), item.get())).map(|_| ()),
            Change::RemoveUser { user } => {
                self.events.retain(|&(other, _), _| other != user.get());
                leave(&mut self.users, user.ix())
            }
            Change::RemoveItem { item } => {
                self.events.retain(|&(_, other), _| other != item.get());
                leave(&mut self.items, item.ix())
            }
        }
    }

    /// The events as data that was never changed.
    pub(crate) fn interactions(&self) -> Interactions {
        let event = |(&(user, item), &(value, time)): (&(u32, u32), &(f32, Option<i64>))| Event {
            user: UserIx::new(user),
            item: ItemIx::new(item),
            value,
            time,
        };
        let events: Vec<Event> = self.events.iter().map(event).collect();
        Interactions::from_events(self.users.len() as u32, self.items.len() as u32, &events)
            .expect("each pair once, all finite")
    }

    /// Whether histories hold what the twin holds.
    pub(crate) fn check(&self, histories: &Histories) {
        let expected = self.interactions();
        if !expected.is_empty() {
            assert_eq!(histories.to_interactions(), expected);
        }
        assert_eq!((histories.len(), histories.has_times()), (expected.len(), self.timed));
        assert_eq!((histories.n_users(), histories.n_items()), (expected.n_users(), expected.n_items()));
        for (item, audience) in expected.items() {
            assert_eq!(histories.item(item).expect("it has a row").ids, audience.ids);
        }
        assert!(histories.vacant_users().map(UserIx::ix).eq(vacant(&self.users)));
        assert!(histories.vacant_items().map(ItemIx::ix).eq(vacant(&self.items)));
    }

    pub(crate) fn vacant_items(&self) -> Vec<ItemIx> {
        vacant(&self.items).map(|item| ItemIx::new(item as u32)).collect()
    }
}

fn vacant(there: &[bool]) -> impl Iterator<Item = usize> + '_ {
    there.iter().enumerate().filter(|(_, there)| !**there).map(|(at, _)| at)
}

fn leave(there: &mut [bool], at: usize) -> Option<()> {
    there.get_mut(at).filter(|there| **there).map(|there| *there = false)
}
