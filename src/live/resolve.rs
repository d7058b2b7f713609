//! Raw ids of a batch, as the indices they have or will have.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::iter::Peekable;

use super::LiveError;
use crate::data::{Change, DataError, Event, IdMap, Ids, ItemIx, UserIx};

/// What becomes of an id.
#[derive(Clone, Debug)]
pub(super) enum Turn<K> {
    Comes(K),
    Goes(K),
}

/// What a batch does to both maps, in its order.
#[derive(Clone, Debug)]
pub(super) struct Turns<U, I> {
    users: Vec<Turn<U>>,
    items: Vec<Turn<I>>,
}

/// One map, and what the batch so far makes of it: the map itself is not touched, for the batch may yet fail.
struct Side<'a, K, N: Iterator<Item = u32>> {
    kind: &'static str,
    map: &'a IdMap<K>,
    /// Ids the batch speaks of otherwise than the map: their index by now.
    now: HashMap<&'a K, Option<u32>>,
    /// What the map would give to those who come.
    next: Peekable<N>,
    /// What became free meanwhile.
    free: BTreeSet<u32>,
    turns: Vec<Turn<K>>,
}

fn side<'a, K>(kind: &'static str, map: &'a IdMap<K>) -> Side<'a, K, impl Iterator<Item = u32> + use<'a, K>> {
    let next = map.next_indices().peekable();
    Side { kind, map, now: HashMap::new(), next, free: BTreeSet::new(), turns: Vec::new() }
}

impl<'a, K: Hash + Eq + Clone + Debug, N: Iterator<Item = u32>> Side<'a, K, N> {
    fn get(&self, id: &K) -> Option<u32> {
        self.now.get(id).copied().unwrap_or_else(|| self.map.get(id))
    }

    /// The index of an id, which comes if it is not there: the least that is free, as the map itself has it.
    fn get_or_come(&mut self, id: &'a K) -> Result<u32, LiveError> {
        if let Some(index) = self.get(id) {
            return Ok(index);
        }
        let fresh = self.next.peek().copied();
        let index = match self.free.first().copied().filter(|&free| fresh.is_none_or(|fresh| free < fresh)) {
            Some(index) => {
                self.free.remove(&index);
                index
            }
            None => self.next.next().ok_or(DataError::TooManyIds)?,
        };
        self.now.insert(id, Some(index));
        self.turns.push(Turn::Comes(id.clone()));
        Ok(index)
    }

    fn known(&self, at: usize, id: &K) -> Result<u32, LiveError> {
        let unknown = || LiveError::Unknown { at, kind: self.kind, id: format!("{id:?}") };
        self.get(id).ok_or_else(unknown)
    }

    fn go(&mut self, at: usize, id: &'a K) -> Result<u32, LiveError> {
        let index = self.known(at, id)?;
        self.now.insert(id, None);
        self.free.insert(index);
        self.turns.push(Turn::Goes(id.clone()));
        Ok(index)
    }
}

/// The batch in dense indices, and what it does to the ids.
pub(super) fn resolve<U, I>(
    ids: &Ids<U, I>,
    changes: &[Change<U, I>],
) -> Result<(Vec<Change>, Turns<U, I>), LiveError>
where
    U: Hash + Eq + Clone + Debug,
    I: Hash + Eq + Clone + Debug,
{
    let (mut users, mut items) = (side("user", &ids.users), side("item", &ids.items));
    let mut dense = Vec::with_capacity(changes.len());
    for (at, change) in changes.iter().enumerate() {
        dense.push(match change {
            Change::Add(raw) | Change::Replace(raw) => {
                let (value, time) = (raw.value, raw.time);
                let user = UserIx::new(users.get_or_come(&raw.user)?);
                let item = ItemIx::new(items.get_or_come(&raw.item)?);
                let event = Event { user, item, value, time };
                if matches!(change, Change::Add(_)) { Change::Add(event) } else { Change::Replace(event) }
            }
            Change::Remove { user, item } => {
                let user = UserIx::new(users.known(at, user)?);
                Change::Remove { user, item: ItemIx::new(items.known(at, item)?) }
            }
            Change::RemoveUser { user } => Change::RemoveUser { user: UserIx::new(users.go(at, user)?) },
            Change::RemoveItem { item } => Change::RemoveItem { item: ItemIx::new(items.go(at, item)?) },
        });
    }
    Ok((dense, Turns { users: users.turns, items: items.turns }))
}

impl<U: Hash + Eq + Clone, I: Hash + Eq + Clone> Turns<U, I> {
    /// Does the same to maps that are as they were when the batch was resolved.
    pub(super) fn install(&self, ids: &mut Ids<U, I>) {
        install(&self.users, &mut ids.users);
        install(&self.items, &mut ids.items);
    }
}

fn install<K: Hash + Eq + Clone>(turns: &[Turn<K>], map: &mut IdMap<K>) {
    for turn in turns {
        match turn {
            Turn::Comes(id) => {
                // There is room: an index was found for each.
                let _ = map.insert(id.clone());
            }
            Turn::Goes(id) => {
                map.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Histories, Interactions};

    /// The indices are those that maps and histories give when they take the batch in.
    #[test]
    fn indices_are_those_that_the_maps_give() {
        let mut ids: Ids<u32, u32> = Ids::default();
        let mut histories = Histories::from(Interactions::from_events(0, 0, &[]).unwrap());
        let draw = |n: u64| (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u32;
        for batch in 0..300u64 {
            let mut changes = Vec::new();
            let mut twin = ids.clone();
            for n in 0..12 {
                let (user, item, what) =
                    (draw(batch * 31 + n) % 40, draw(batch * 17 + n * 7) % 30, draw(batch + n) % 5);
                if what == 0 && twin.users.remove(&user).is_some() {
                    changes.push(Change::RemoveUser { user });
                } else if what == 1 && twin.items.remove(&item).is_some() {
                    changes.push(Change::RemoveItem { item });
                } else {
                    twin.users.insert(user).unwrap();
                    twin.items.insert(item).unwrap();
                    changes.push(Change::Replace(Event { user, item, value: 1.0, time: None }));
                }
            }
            let (dense, turns) = resolve(&ids, &changes).unwrap();
            histories.apply(&dense).unwrap();
            turns.install(&mut ids);
            assert_eq!(ids, twin);
            assert_eq!(ids.users.n_indices(), histories.n_users() as usize);
            assert_eq!(ids.items.n_indices(), histories.n_items() as usize);
            assert!(ids.users.vacant().eq(histories.vacant_users().map(|user| user.get())));
            assert!(ids.items.vacant().eq(histories.vacant_items().map(|item| item.get())));
            if let Some(Change::Replace(event)) = changes.last() {
                let (user, item) = (ids.user(&event.user).unwrap(), ids.item(&event.item).unwrap());
                assert!(histories.get(user, item).is_some());
            }
        }
        assert!(ids.users.n_indices() > 20);
    }

    #[test]
    fn who_is_unknown_cannot_go() {
        let ids: Ids<u32, u32> = Ids::default();
        let add = Change::Add(Event { user: 7, item: 8, value: 1.0, time: None });
        for (batch, place) in [
            (vec![Change::RemoveUser { user: 7 }], 0),
            (vec![add, Change::RemoveUser { user: 7 }, Change::RemoveUser { user: 7 }], 2),
            (vec![add, Change::Remove { user: 7, item: 9 }], 1),
        ] {
            let error = resolve(&ids, &batch).unwrap_err();
            assert!(matches!(error, LiveError::Unknown { at, .. } if at == place), "{error}");
        }
    }
}
