//! Who and what is known after so many batches: both processes can tell.

use std::collections::{BTreeMap, BTreeSet};

use foldin::data::{Change, Event, IdMap, Ids, Interactions, ItemIx, UserIx};
use foldin::live::{Learner, Live};
use foldin::model::{FitContext, FitFrom, Update};
use rand::seq::IteratorRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A raw id that stands nowhere else in a file by chance: of who comes as the `n`-th with batch `sequence`.
fn id(sequence: u64, n: u64, is_item: bool) -> u64 {
    Xoshiro256PlusPlus::seed_from_u64(sequence << 20 | n << 1 | u64::from(is_item)).random()
}

/// The time of all events of a user: theirs alone, like a raw id.
fn time(user: u64) -> i64 {
    Xoshiro256PlusPlus::seed_from_u64(!user).random()
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct World {
    pub(crate) sequence: u64,
    users: BTreeSet<u64>,
    items: BTreeSet<u64>,
    events: BTreeMap<(u64, u64), (f32, i64)>,
}

impl World {
    pub(crate) fn of<M: Update>(live: &Live<M, u64, u64>) -> Self {
        let snapshot = live.snapshot();
        let ids = snapshot.ids();
        let mut world = Self { sequence: snapshot.sequence(), ..Self::default() };
        world.users.extend(ids.users.keys());
        world.items.extend(ids.items.keys());
        live.with_learner(|learner| {
            for (&user, index) in ids.users.keys().iter().zip(ids.users.indices()) {
                let row = learner.histories().user(UserIx::new(index)).unwrap();
                assert_eq!(snapshot.model().seen(UserIx::new(index)), row.ids);
                for ((item, value), &time) in row.iter().zip(row.times.unwrap()) {
                    world.events.insert((user, *ids.item_id(item).unwrap()), (value, time));
                }
            }
            assert_eq!(world.events.len(), learner.histories().len());
        })
        .unwrap();
        world
    }

    fn take(&mut self, change: &Change<u64, u64>) {
        match *change {
            Change::Add(event) | Change::Replace(event) => {
                self.users.insert(event.user);
                self.items.insert(event.item);
                self.events.insert((event.user, event.item), (event.value, event.time.unwrap()));
            }
            Change::Remove { user, item } => assert!(self.events.remove(&(user, item)).is_some()),
            Change::RemoveUser { user } => {
                assert!(self.users.remove(&user));
                self.events.retain(|pair, _| pair.0 != user);
            }
            Change::RemoveItem { item } => {
                assert!(self.items.remove(&item));
                self.events.retain(|pair, _| pair.1 != item);
            }
        }
    }

    /// The next batch, and the world after it.
    pub(crate) fn next(&self) -> (Vec<Change<u64, u64>>, Self) {
        let mut next = Self { sequence: self.sequence + 1, ..self.clone() };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(next.sequence);
        let mut changes = Vec::new();
        let most = [2, 20, 20, 300][rng.random_range(0..4)];
        for n in 0..rng.random_range(1..=most) {
            changes.push(next.happens(n, &mut rng));
            next.take(&changes[changes.len() - 1]);
        }
        if rng.random_bool(0.2) {
            let users: Vec<u64> = next.users.iter().copied().sample(&mut rng, next.users.len() / 9);
            let items: Vec<u64> = next.items.iter().copied().sample(&mut rng, next.items.len() / 12);
            changes.extend(users.into_iter().map(|user| Change::RemoveUser { user }));
            changes.extend(items.into_iter().map(|item| Change::RemoveItem { item }));
            let gone = changes.iter().filter(|change| gone(change).is_some());
            gone.for_each(|change| next.take(change));
        }
        (changes, next)
    }

    /// Something that can be done to the events now.
    fn happens(&self, n: u64, rng: &mut Xoshiro256PlusPlus) -> Change<u64, u64> {
        if rng.random_bool(0.1)
            && let Some(&(user, item)) = self.events.keys().choose(rng)
        {
            return Change::Remove { user, item };
        }
        let known = |of: &BTreeSet<u64>, rng: &mut _| of.iter().copied().choose(rng);
        let user = known(&self.users, rng).filter(|_| !rng.random_bool(0.04));
        let item = known(&self.items, rng).filter(|_| !rng.random_bool(0.03));
        let user = user.unwrap_or_else(|| id(self.sequence, n, false));
        let item = item.unwrap_or_else(|| id(self.sequence, n, true));
        let event = Event { user, item, value: rng.random_range(1..=5) as f32, time: Some(time(user)) };
        let is_new = !self.events.contains_key(&(user, item));
        if is_new && rng.random_bool(0.5) { Change::Add(event) } else { Change::Replace(event) }
    }
}

/// The numbers that must stand nowhere once a change is acknowledged.
pub(crate) fn gone(change: &Change<u64, u64>) -> Option<Vec<u64>> {
    match *change {
        Change::RemoveUser { user } => Some(vec![user, time(user) as u64]),
        Change::RemoveItem { item } => Some(vec![item]),
        _ => None,
    }
}

/// The first world.
pub(crate) fn first<P: FitFrom<Model: Update>>(params: &P) -> (Learner<P::Model>, Ids<u64, u64>) {
    let users: IdMap<u64> = (0..60).map(|n| id(0, n, false)).collect();
    let items: IdMap<u64> = (0..80).map(|n| id(0, n, true)).collect();
    let pairs = (0..60).flat_map(|user| (0..80).map(move |item| (user, item)));
    let events: Vec<Event> = pairs
        .filter(|(user, item)| (user * 7 + item * 11) % 13 < 3)
        .map(|(user, item)| Event {
            user: UserIx::new(user),
            item: ItemIx::new(item),
            value: (1 + (user + item) % 5) as f32,
            time: Some(time(*users.key(user).unwrap())),
        })
        .collect();
    let data = Interactions::from_events(60, 80, &events).unwrap();
    let model = params.fit_with(&data, &mut FitContext::new().threads(1)).unwrap().model;
    (Learner::new(model, data).unwrap().threads(1), Ids { users, items })
}
