//! Raw ids live only at the edge: here they become dense indices, and back.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use super::{DataError, ItemIx, UserIx};

/// Marks a free slot of the hash table.
const FREE: u32 = u32::MAX;

/// Where keys stand once some were removed: in no order, without gaps.
#[derive(Clone, Debug, Default)]
struct Places {
    /// Where the key of each index stands; [`FREE`] for an index that is vacant.
    of_index: Vec<u32>,
    /// The index of the key at each place.
    of_key: Vec<u32>,
    vacant: BTreeSet<u32>,
}

/// A set of raw ids, numbered in the order of their first appearance.
///
/// Each id is stored once; the hash table beside it holds 4-byte row numbers, not keys. `K` is any
/// hashable id: `String`, `u64`, a UUID. At most `u32::MAX - 1` ids.
///
/// An id can be [removed](Self::remove); its index is *vacant* until a new id gets it, and the others keep theirs.
///
/// ```
/// let mut films = foldin::data::IdMap::new();
/// assert_eq!(films.insert("tt0137523".to_string()), Ok(0));
/// assert_eq!(films.insert("tt0114369".to_string()), Ok(1));
/// assert_eq!(films.insert("tt0137523".to_string()), Ok(0));
/// assert_eq!(films.get("tt0114369"), Some(1));
/// assert_eq!(films.key(1).map(String::as_str), Some("tt0114369"));
/// ```
#[derive(Clone, Debug)]
pub struct IdMap<K> {
    keys: Vec<K>,
    /// Open addressing with linear probing; the length is a power of two, or zero.
    slots: Vec<u32>,
    hasher: RandomState,
    /// None as long as the key of each index stands at that index.
    places: Option<Places>,
}

impl<K> Default for IdMap<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), slots: Vec::new(), hasher: RandomState::new(), places: None }
    }
}

impl<K> IdMap<K> {
    /// A map without ids.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no id.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The raw id behind a dense index; none for one that is vacant.
    pub fn key(&self, index: u32) -> Option<&K> {
        self.keys.get(self.place(index)?)
    }

    /// All ids, in the order of their indices; after a [`remove`](IdMap::remove), as long as there is a vacant index, in
    /// the order of [`indices`](Self::indices).
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// The index of each of the [`keys`](Self::keys).
    pub fn indices(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        (0..self.keys.len())
            .map(|place| self.places.as_ref().map_or(place as u32, |places| places.of_key[place]))
    }

    /// How many indices there are, vacant ones included.
    pub fn n_indices(&self) -> usize {
        self.places.as_ref().map_or(self.keys.len(), |places| places.of_index.len())
    }

    /// The indices without an id, ascending.
    pub fn vacant(&self) -> impl Iterator<Item = u32> + '_ {
        self.places.iter().flat_map(|places| places.vacant.iter().copied())
    }

    /// The indices that ids to come will get, in order, without end: vacant ones first. For whoever must know them before
    /// the ids are certain.
    pub fn next_indices(&self) -> impl Iterator<Item = u32> + '_ {
        self.vacant().chain(self.n_indices() as u32..FREE - 1)
    }

    fn place(&self, index: u32) -> Option<usize> {
        let Some(places) = &self.places else { return Some(index as usize) };
        places.of_index.get(index as usize).filter(|&&place| place != FREE).map(|&place| place as usize)
    }
}

impl<K: Hash + Eq> IdMap<K> {
    /// The dense index of a raw id, if it is known. Expected constant time.
    pub fn get<Q>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.probe(key);
        (self.slots[slot] != FREE).then(|| self.slots[slot])
    }

    /// The dense index of `key`, which is added if it is new.
    ///
    /// # Errors
    /// [`DataError::TooManyIds`] when the index would not fit.
    pub fn insert(&mut self, key: K) -> Result<u32, DataError> {
        self.grow();
        let slot = self.probe(&key);
        match self.slots[slot] {
            FREE => self.fill(slot, key),
            index => Ok(index),
        }
    }

    /// The same for a borrowed key: an owned one is made only when the id is new.
    ///
    /// # Errors
    /// [`DataError::TooManyIds`] when the index would not fit.
    pub fn insert_ref<Q>(&mut self, key: &Q) -> Result<u32, DataError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.grow();
        let slot = self.probe(key);
        match self.slots[slot] {
            FREE => self.fill(slot, key.to_owned()),
            index => Ok(index),
        }
    }

    /// Forgets an id and returns its index, which is vacant from now on; none for an id that is not there. Expected time
    /// constant but for the first removal, which is linear in the ids.
    ///
    /// ```
    /// let mut people: foldin::data::IdMap<&str> = ["ann", "bob", "eve"].into_iter().collect();
    /// assert_eq!(people.remove("bob"), Some(1));
    /// assert_eq!((people.get("bob"), people.key(1), people.get("eve")), (None, None, Some(2)));
    /// assert_eq!(people.insert("joe"), Ok(1));
    /// ```
    pub fn remove<Q>(&mut self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let index = self.get(key)?;
        self.free(self.probe(key));
        let n = self.keys.len() as u32;
        let places = self.places.get_or_insert_with(|| Places {
            of_index: (0..n).collect(),
            of_key: (0..n).collect(),
            vacant: BTreeSet::new(),
        });
        let place = places.of_index[index as usize] as usize;
        places.of_index[index as usize] = FREE;
        places.vacant.insert(index);
        self.keys.swap_remove(place);
        places.of_key.swap_remove(place);
        if let Some(&moved) = places.of_key.get(place) {
            places.of_index[moved as usize] = place as u32;
        }
        Some(index)
    }

    /// Ids that have these indices, below `n`; the others are vacant. Else the first place with an id that stands before,
    /// or an index that is taken or not below `n`.
    pub(crate) fn with_indices(keys: Vec<K>, indices: &[u32], n: u32) -> Result<Self, usize> {
        let mut of_index = vec![FREE; n as usize];
        let mut map = Self::new();
        for (place, (key, &index)) in keys.into_iter().zip(indices).enumerate() {
            let taken = of_index.get_mut(index as usize).filter(|taken| **taken == FREE).ok_or(place)?;
            *taken = place as u32;
            if map.insert(key) != Ok(place as u32) {
                return Err(place);
            }
        }
        map.slots.iter_mut().filter(|slot| **slot != FREE).for_each(|slot| *slot = indices[*slot as usize]);
        let vacant = (0..n).filter(|&index| of_index[index as usize] == FREE).collect();
        let of_key = indices[..map.keys.len()].to_vec();
        map.places = Some(Places { of_index, of_key, vacant });
        map.tidy();
        Ok(map)
    }

    /// The ids that `kept` marks, renumbered in their order.
    pub(super) fn keep(self, kept: &[bool]) -> Self {
        let marked = self.keys.into_iter().zip(kept).filter(|&(_, &kept)| kept);
        marked.map(|(key, _)| key).collect()
    }

    /// The slot that holds `key`, or the free one where it belongs.
    fn probe<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(key) as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == FREE || self.stored(index).borrow() == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The key of an index that has one.
    fn stored(&self, index: u32) -> &K {
        match &self.places {
            None => &self.keys[index as usize],
            Some(places) => &self.keys[places.of_index[index as usize] as usize],
        }
    }

    fn fill(&mut self, slot: usize, key: K) -> Result<u32, DataError> {
        let index = self.next_indices().next().ok_or(DataError::TooManyIds)?;
        self.slots[slot] = index;
        if let Some(places) = &mut self.places {
            // There are vacant indices as long as there are places.
            places.vacant.remove(&index);
            places.of_index[index as usize] = self.keys.len() as u32;
            places.of_key.push(index);
        }
        self.keys.push(key);
        self.tidy();
        Ok(index)
    }

    /// Empties a slot, and moves those up that are beyond it because of it.
    fn free(&mut self, slot: usize) {
        let mask = self.slots.len() - 1;
        let (mut free, mut next) = (slot, (slot + 1) & mask);
        while self.slots[next] != FREE {
            let home = self.hasher.hash_one(self.stored(self.slots[next])) as usize & mask;
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(free) & mask {
                self.slots[free] = self.slots[next];
                free = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[free] = FREE;
    }

    /// Puts the keys in the order of their indices once none is vacant.
    fn tidy(&mut self) {
        let Some(mut places) = self.places.take_if(|places| places.vacant.is_empty()) else { return };
        for place in 0..self.keys.len() {
            while places.of_key[place] as usize != place {
                let home = places.of_key[place] as usize;
                self.keys.swap(place, home);
                places.of_key.swap(place, home);
            }
        }
    }

    /// Makes room for one more id: at most half of the slots are ever taken.
    fn grow(&mut self) {
        if self.keys.len() * 2 < self.slots.len() {
            return;
        }
        let mut slots = vec![FREE; (self.slots.len() * 2).max(16)];
        let mask = slots.len() - 1;
        for (index, key) in self.indices().zip(&self.keys) {
            let mut slot = self.hasher.hash_one(key) as usize & mask;
            while slots[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index;
        }
        self.slots = slots;
    }
}

impl<K: Hash + Eq> PartialEq for IdMap<K> {
    /// Equal when the same ids have the same indices.
    fn eq(&self, other: &Self) -> bool {
        let n = self.n_indices();
        n == other.n_indices() && (0..n as u32).all(|index| self.key(index) == other.key(index))
    }
}

impl<K: Hash + Eq> FromIterator<K> for IdMap<K> {
    /// Numbers the distinct ids of an iterator; more than `u32::MAX - 1` of them are left out.
    fn from_iter<T: IntoIterator<Item = K>>(keys: T) -> Self {
        let mut map = Self::new();
        for key in keys {
            if map.insert(key).is_err() {
                break;
            }
        }
        map
    }
}

/// A sequence of ids, with nothing for a vacant index.
#[cfg(feature = "serde")]
impl<K: serde::Serialize> serde::Serialize for IdMap<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.n_indices() as u32).map(|index| self.key(index)))
    }
}

#[cfg(feature = "serde")]
impl<'de, K: serde::Deserialize<'de> + Hash + Eq> serde::Deserialize<'de> for IdMap<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Vec::<Option<K>>::deserialize(deserializer)?;
        let n = u32::try_from(keys.len()).map_err(serde::de::Error::custom)?;
        let there = (0..).zip(keys).filter_map(|(index, key)| Some((index, key?)));
        let (indices, keys): (Vec<u32>, Vec<K>) = there.unzip();
        Self::with_indices(keys, &indices, n)
            .map_err(|_| serde::de::Error::custom("an id stands twice in an id map"))
    }
}

/// The raw ids of a data set's users and items, beside its [`Interactions`](super::Interactions).
///
/// ```
/// use foldin::data::Ids;
/// let mut ids: Ids = Ids::default();
/// ids.users.insert("u42".into())?;
/// assert_eq!(ids.user("u42")?.get(), 0);
/// assert_eq!(ids.user_id(ids.user("u42")?).unwrap(), "u42");
/// assert!(ids.item("never seen").is_err());
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "U: serde::Serialize, I: serde::Serialize",
        deserialize = "U: serde::Deserialize<'de> + Hash + Eq, I: serde::Deserialize<'de> + Hash + Eq"
    ))
)]
pub struct Ids<U: Hash + Eq = String, I: Hash + Eq = String> {
    /// The users' ids.
    pub users: IdMap<U>,
    /// The items' ids.
    pub items: IdMap<I>,
}

impl<U: Hash + Eq, I: Hash + Eq> Default for Ids<U, I> {
    fn default() -> Self {
        Self { users: IdMap::new(), items: IdMap::new() }
    }
}

impl<U: Hash + Eq, I: Hash + Eq> Ids<U, I> {
    /// The user with this raw id.
    ///
    /// # Errors
    /// [`DataError::UnknownId`] when no record named it: ask with a history instead (fold-in).
    pub fn user<Q>(&self, id: &Q) -> Result<UserIx, DataError>
    where
        U: Borrow<Q>,
        Q: Hash + Eq + fmt::Debug + ?Sized,
    {
        self.users.get(id).map(UserIx::new).ok_or_else(|| DataError::unknown("user", id))
    }

    /// The item with this raw id.
    ///
    /// # Errors
    /// [`DataError::UnknownId`] when no record named it.
    pub fn item<Q>(&self, id: &Q) -> Result<ItemIx, DataError>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + fmt::Debug + ?Sized,
    {
        self.items.get(id).map(ItemIx::new).ok_or_else(|| DataError::unknown("item", id))
    }

    /// The raw id of a user.
    pub fn user_id(&self, user: UserIx) -> Option<&U> {
        self.users.key(user.get())
    }

    /// The raw id of an item.
    pub fn item_id(&self, item: ItemIx) -> Option<&I> {
        self.items.key(item.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Against a map that does it the plain way, over enough ids for the table to grow and to shift.
    #[test]
    fn ids_come_and_go() {
        let (mut map, mut twin) = (IdMap::new(), BTreeMap::<u32, u32>::new());
        let mut n = 0;
        for step in 0..6000u32 {
            let id = step.wrapping_mul(2_654_435_761) >> 24;
            if step / 300 % 2 == 0 || step % 3 == 0 {
                let vacant = (0..n).find(|index| !twin.values().any(|other| other == index));
                let expected = twin.get(&id).copied().or(vacant).unwrap_or(n);
                let foretold = map.next_indices().next().unwrap();
                assert!(twin.contains_key(&id) || foretold == expected);
                assert_eq!(map.insert(id), Ok(expected));
                twin.insert(id, expected);
                n = n.max(expected + 1);
            } else {
                assert_eq!(map.remove(&id), twin.remove(&id));
            }
            assert_eq!((map.len(), map.n_indices()), (twin.len(), n as usize));
            assert_eq!(map.vacant().count(), n as usize - twin.len());
            if step % 97 == 0 {
                twin.iter().for_each(|(id, &index)| {
                    assert_eq!((map.get(id), map.key(index)), (Some(index), Some(id)))
                });
                assert!(map.indices().zip(map.keys()).all(|(index, id)| twin[id] == index));
                let indices: Vec<_> = map.indices().collect();
                assert_eq!(IdMap::with_indices(map.keys().to_vec(), &indices, n).unwrap(), map);
            }
        }
        (0..256).for_each(|id| _ = map.remove(&id));
        assert!(map.is_empty() && map.n_indices() == n as usize);
        (0..n).for_each(|id| assert_eq!(map.insert(id), Ok(id)));
        assert_eq!(map.keys(), (0..n).collect::<Vec<_>>(), "none is vacant: in order again");
        assert_eq!(map, (0..n).collect());
    }

    #[test]
    fn indices_that_cannot_be() {
        let bad =
            |keys: &[u32], indices: &[u32], n| IdMap::with_indices(keys.to_vec(), indices, n).unwrap_err();
        assert_eq!(bad(&[5, 6], &[0, 0], 2), 1);
        assert_eq!(bad(&[5, 6], &[0, 2], 2), 1);
        assert_eq!(bad(&[5, 5], &[0, 1], 2), 1);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn vacant_indices_survive_json() {
        let mut map: IdMap<String> = ["a", "b", "c"].map(String::from).into_iter().collect();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"["a","b","c"]"#);
        map.remove("b");
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#"["a",null,"c"]"#);
        assert_eq!(serde_json::from_str::<IdMap<String>>(&json).unwrap(), map);
        assert!(serde_json::from_str::<IdMap<String>>(r#"["a",null,"a"]"#).is_err());
    }
}
