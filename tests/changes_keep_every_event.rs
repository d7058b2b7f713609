//! Guards the histories of a model that lives: after any changes they hold what a fresh data set of the final events
//! holds, and a batch that cannot be made changes nothing.

use std::collections::BTreeMap;

use foldin::data::{Change, ChangeError, Event, Histories, Interactions, ItemIx, UserIx};
use proptest::prelude::*;

fn event(user: u32, item: u32, value: f32, time: Option<i64>) -> Event {
    Event { user: UserIx::new(user), item: ItemIx::new(item), value, time }
}

/// The events as a map, and who is there.
#[derive(Clone, Default)]
struct Twin {
    events: BTreeMap<(u32, u32), (f32, Option<i64>)>,
    users: Vec<bool>,
    items: Vec<bool>,
}

impl Twin {
    /// Makes one change, or says that it cannot be made.
    fn take(&mut self, change: &Change) -> Option<()> {
        match *change {
            Change::Add(event) if self.events.contains_key(&(event.user.get(), event.item.get())) => None,
            Change::Add(event) | Change::Replace(event) => {
                let (user, item) = (event.user.ix(), event.item.ix());
                if user > self.users.len() || item > self.items.len() {
                    return None;
                }
                self.users.resize(self.users.len().max(user + 1), false);
                self.items.resize(self.items.len().max(item + 1), false);
                (self.users[user], self.items[item]) = (true, true);
                self.events.insert((user as u32, item as u32), (event.value, event.time));
                Some(())
            }
            Change::Remove { user, item } => self.events.remove(&(user.get(), item.get())).map(|_| ()),
            Change::RemoveUser { user } => {
                self.events.retain(|&(other, _), _| other != user.get());
                take(&mut self.users, user.ix())
            }
            Change::RemoveItem { item } => {
                self.events.retain(|&(_, other), _| other != item.get());
                take(&mut self.items, item.ix())
            }
        }
    }

    fn interactions(&self) -> Interactions {
        let events: Vec<_> =
            self.events.iter().map(|(&(u, i), &(value, time))| event(u, i, value, time)).collect();
        Interactions::from_events(self.users.len() as u32, self.items.len() as u32, &events).unwrap()
    }
}

fn take(there: &mut [bool], at: usize) -> Option<()> {
    there.get_mut(at).filter(|there| **there).map(|there| *there = false)
}

fn same(histories: &Histories, twin: &Twin, timed: bool) {
    let expected = twin.interactions();
    if !timed || !expected.is_empty() {
        assert_eq!(histories.to_interactions(), expected);
    }
    assert_eq!((histories.len(), histories.has_times()), (expected.len(), timed));
    for (user, history) in expected.users() {
        assert_eq!(histories.user(user).unwrap().ids, history.ids);
    }
    for (item, audience) in expected.items() {
        assert_eq!(histories.item(item).unwrap().values, audience.values);
    }
    let vacant = |there: &[bool]| (0..).zip(there).filter(|(_, there)| !**there).map(|(at, _)| at).collect();
    let (users, items): (Vec<u32>, Vec<u32>) = (vacant(&twin.users), vacant(&twin.items));
    assert!(histories.vacant_users().map(UserIx::get).eq(users));
    assert!(histories.vacant_items().map(ItemIx::get).eq(items));
}

fn change(timed: bool) -> impl Strategy<Value = Change> {
    let pair = || (0..7u32, 0..6u32);
    let time = move |time: i64| timed.then_some(time);
    prop_oneof![
        6 => (pair(), -3..4i32, -5..5i64).prop_map(move |((u, i), v, t)| Change::Add(event(u, i, v as f32, time(t)))),
        3 => (pair(), -3..4i32, -5..5i64).prop_map(move |((u, i), v, t)| Change::Replace(event(u, i, v as f32, time(t)))),
        3 => pair().prop_map(|(u, i)| Change::Remove { user: UserIx::new(u), item: ItemIx::new(i) }),
        1 => (0..7u32).prop_map(|u| Change::RemoveUser { user: UserIx::new(u) }),
        1 => (0..6u32).prop_map(|i| Change::RemoveItem { item: ItemIx::new(i) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_changes_leave_what_building_from_the_final_events_gives(
        timed in any::<bool>(),
        batches in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..8), 1..30),
        pool in (prop::collection::vec(change(false), 60), prop::collection::vec(change(true), 60)),
    ) {
        let pool = if timed { pool.1 } else { pool.0 };
        let first = event(0, 0, 1.0, timed.then_some(9));
        let mut histories = Histories::from(Interactions::from_events(1, 1, &[first]).unwrap());
        let mut twin = Twin { users: vec![true], items: vec![true], ..Twin::default() };
        twin.events.insert((0, 0), (1.0, first.time));
        let mut made = 0;
        for batch in batches {
            let batch: Vec<Change> = batch.into_iter().map(|at| *at.get(&pool)).collect();
            // What can be made alone is made alone, so that much is made.
            for batch in std::iter::once(&batch[..]).chain(batch.chunks(1)) {
                let (mut next, before) = (twin.clone(), histories.clone());
                let bad = batch.iter().position(|change| next.take(change).is_none());
                match (histories.apply(batch), bad) {
                    (Ok(touched), None) => {
                        made += 1;
                        let changed = touched.added as isize - touched.removed as isize;
                        prop_assert_eq!(before.len() as isize + changed, histories.len() as isize);
                        twin = next;
                    }
                    (Err(error), Some(bad)) => {
                        prop_assert!(error.to_string().starts_with(&format!("change {bad}: ")), "{}", error);
                        prop_assert_eq!(&before, &histories);
                    }
                    (found, bad) => prop_assert!(false, "{:?}, but {:?}", found, bad),
                }
                same(&histories, &twin, timed);
            }
        }
        prop_assert!(made > 0 || histories.len() == 1);
    }
}

#[test]
fn what_cannot_be_made_is_a_typed_error() {
    let data = Interactions::from_events(2, 2, &[event(0, 0, 1.0, None), event(1, 1, 2.0, None)]).unwrap();
    let mut histories = Histories::from(data);
    let (user, item) = (UserIx::new(0), ItemIx::new(1));
    let fine = Change::Replace(event(2, 2, 1.0, None));
    let mut refused = |change| {
        let before = histories.clone();
        let error = histories.apply(&[fine, change]).unwrap_err();
        assert_eq!(before, histories);
        error
    };
    assert_eq!(
        refused(Change::Add(event(0, 0, 1.0, None))),
        ChangeError::There { at: 1, user, item: ItemIx::new(0) }
    );
    assert_eq!(refused(Change::Remove { user, item }), ChangeError::NotThere { at: 1, user, item });
    let nobody = UserIx::new(u32::MAX);
    assert_eq!(
        refused(Change::RemoveUser { user: nobody }),
        ChangeError::UnknownUser { at: 1, user: nobody }
    );
    let gap = ChangeError::Gap { at: 1, kind: "user", index: u32::MAX, next: 3 };
    assert_eq!(refused(Change::Add(event(u32::MAX, 0, 1.0, None))), gap);
    let gap = ChangeError::Gap { at: 1, kind: "item", index: 4, next: 3 };
    assert_eq!(refused(Change::Add(event(0, 4, 1.0, None))), gap);
    let found = refused(Change::Add(event(0, 1, f32::NAN, None)));
    assert!(matches!(found, ChangeError::NotFinite { at: 1, .. }));
    assert_eq!(refused(Change::Add(event(0, 1, 1.0, Some(5)))), ChangeError::Time { at: 1, timed: false });
    // The last index of 32 bits is nobody's, so a million users more are no way to a panic.
    assert!(histories.apply(&[]).unwrap().users.is_empty());
}
