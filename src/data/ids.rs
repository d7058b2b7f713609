//! Raw ids live only at the edge: here they become dense indices, and back.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use super::{DataError, ItemIx, UserIx};

/// Marks a free slot of the hash table.
const FREE: u32 = u32::MAX;

/// A set of raw ids, numbered in the order of their first appearance.
///
/// Each id is stored once; the hash table beside it holds 4-byte row numbers, not keys. `K` is any
/// hashable id: `String`, `u64`, a UUID. At most `u32::MAX - 1` ids.
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
}

impl<K> Default for IdMap<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), slots: Vec::new(), hasher: RandomState::new() }
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

    /// The raw id behind a dense index.
    pub fn key(&self, index: u32) -> Option<&K> {
        self.keys.get(index as usize)
    }

    /// All ids, in the order of their indices.
    pub fn keys(&self) -> &[K] {
        &self.keys
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
            if index == FREE || self.keys[index as usize].borrow() == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn fill(&mut self, slot: usize, key: K) -> Result<u32, DataError> {
        if self.keys.len() >= (FREE - 1) as usize {
            return Err(DataError::TooManyIds);
        }
        let index = self.keys.len() as u32;
        self.slots[slot] = index;
        self.keys.push(key);
        Ok(index)
    }

    /// Makes room for one more id: at most half of the slots are ever taken.
    fn grow(&mut self) {
        if self.keys.len() * 2 < self.slots.len() {
            return;
        }
        let mut slots = vec![FREE; (self.slots.len() * 2).max(16)];
        let mask = slots.len() - 1;
        for (index, key) in self.keys.iter().enumerate() {
            let mut slot = self.hasher.hash_one(key) as usize & mask;
            while slots[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index as u32;
        }
        self.slots = slots;
    }
}

impl<K: Hash + Eq> PartialEq for IdMap<K> {
    /// Equal when the same ids have the same indices.
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
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

#[cfg(feature = "serde")]
impl<K: serde::Serialize> serde::Serialize for IdMap<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.keys.serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, K: serde::Deserialize<'de> + Hash + Eq> serde::Deserialize<'de> for IdMap<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Vec::<K>::deserialize(deserializer)?;
        let n = keys.len();
        let map: Self = keys.into_iter().collect();
        if map.len() != n {
            return Err(serde::de::Error::custom("an id stands twice in an id map"));
        }
        Ok(map)
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
