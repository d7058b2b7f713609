//! From the bytes of an id to its index: the hot half of reading.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::Range;
use std::str::FromStr;

use super::super::{DataError, IdMap, Reason};
use super::layout::Encoding;

/// What to do about bytes that are not UTF-8.
pub(super) const NOT_UTF8: &str = "UTF-8; choose `Encoding::Latin1` or `Encoding::Utf8Lossy`";

/// Marks a free slot.
const FREE: u32 = u32::MAX;
/// The tag of an id whose bytes do not fit the key.
const LONG: u32 = u32::MAX;

/// One place of the hash table. Ids of up to eight bytes are in it, with their length as the tag, and
/// `index` is theirs; longer ones leave a hash, and `index` is their place among the long ones.
#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    tag: u32,
    index: u32,
}

/// Finds the index of an id by its bytes as they stand in the file. Only an id that is seen for the
/// first time is decoded and becomes a `K`.
///
/// Two spellings of one id (`7` and `007` as a number) get one index.
pub(super) struct Interner<'a, K> {
    ids: &'a mut IdMap<K>,
    encoding: Encoding,
    /// Open addressing; the length is a power of two, at most half is taken.
    slots: Vec<Slot>,
    taken: usize,
    /// The long ids: their index, and where their bytes are.
    long: Vec<(u32, Range<usize>)>,
    arena: Vec<u8>,
    seed: u64,
}

/// Why an id cannot be used.
pub(super) enum NoId {
    Field(Reason, &'static str),
    Full(DataError),
}

impl<'a, K: FromStr + Hash + Eq> Interner<'a, K> {
    pub(super) fn new(ids: &'a mut IdMap<K>, encoding: Encoding) -> Self {
        let slots = vec![Slot { key: 0, tag: 0, index: FREE }; 1024];
        // Seeded anew each time, so that no file can be made to collide.
        let seed = RandomState::new().hash_one(0u8);
        Self { ids, encoding, slots, taken: 0, long: Vec::new(), arena: Vec::new(), seed }
    }

    /// The index of the id with these bytes.
    #[inline]
    pub(super) fn index(&mut self, bytes: &[u8]) -> Result<u32, NoId> {
        let (key, tag) = match short_key(bytes) {
            Some(key) => (key, bytes.len() as u32),
            None => (long_hash(bytes, self.seed), LONG),
        };
        let mask = self.slots.len() - 1;
        let mut at = place(key, self.seed) & mask;
        loop {
            let slot = self.slots[at];
            if slot.index == FREE {
                return self.insert(bytes, key, tag);
            }
            if slot.key == key && slot.tag == tag {
                if tag != LONG {
                    return Ok(slot.index);
                }
                let (index, range) = &self.long[slot.index as usize];
                if &self.arena[range.clone()] == bytes {
                    return Ok(*index);
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, bytes: &[u8], key: u64, tag: u32) -> Result<u32, NoId> {
        if bytes.is_empty() {
            return Err(NoId::Field(Reason::Id, "an id"));
        }
        let text = decode(bytes, self.encoding).ok_or(NoId::Field(Reason::Encoding, NOT_UTF8))?;
        let id = text.parse().map_err(|_| NoId::Field(Reason::Id, std::any::type_name::<K>()))?;
        let index = self.ids.insert(id).map_err(NoId::Full)?;
        let mut slot = Slot { key, tag, index };
        if tag == LONG {
            slot.index = self.long.len() as u32;
            let start = self.arena.len();
            self.arena.extend_from_slice(bytes);
            self.long.push((index, start..self.arena.len()));
        }
        self.taken += 1;
        if self.taken * 2 > self.slots.len() {
            self.grow();
        }
        self.put(slot);
        Ok(index)
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = place(slot.key, self.seed) & mask;
        while self.slots[at].index != FREE {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    fn grow(&mut self) {
        let empty = vec![Slot { key: 0, tag: 0, index: FREE }; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, empty);
        old.into_iter().filter(|slot| slot.index != FREE).for_each(|slot| self.put(slot));
    }
}

/// Text from the bytes of a field; none where they are not in the encoding.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Option<Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Utf8Lossy => Some(String::from_utf8_lossy(bytes)),
        Encoding::Latin1 if bytes.is_ascii() => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Latin1 => Some(Cow::Owned(bytes.iter().copied().map(char::from).collect())),
    }
}

/// Up to eight bytes as one number; together with their count it tells them apart. The first and the
/// last half overlap where there are fewer than eight.
#[inline]
fn short_key(bytes: &[u8]) -> Option<u64> {
    let n = bytes.len();
    match n {
        4..=8 => {
            let first = u32::from_le_bytes(*bytes.first_chunk()?);
            let last = u32::from_le_bytes(*bytes.last_chunk()?);
            Some(u64::from(first) | u64::from(last) << 32)
        }
        1..=3 => Some(u64::from(bytes[0]) | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]) << 16),
        0 => Some(0),
        _ => None,
    }
}

/// Where the search for a key begins.
#[inline]
fn place(key: u64, seed: u64) -> usize {
    fold(key ^ seed, 0x9E37_79B9_7F4A_7C15) as usize
}

fn long_hash(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = fold(hash ^ u64::from_le_bytes(word), 0xD6E8_FEB8_6659_FD93 ^ seed.rotate_left(32));
    }
    hash
}

/// The two halves of a product, mixed.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}
