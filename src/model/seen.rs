//! Who touched what in training, and nothing else about it.

use std::ops::Range;

use crate::data::{Interactions, ItemIx, Places, UserIx, follow};
use crate::numbers::Numbers;

/// The items each user touched, sorted: what a model keeps for [`Score::seen`](super::Score::seen). 4 bytes per event,
/// up to twice that in a model that lives, and 16 per user; nothing where it answers from a mapped file.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// use foldin::model::Seen;
/// let data = Interactions::from_columns(1, 3, Columns {
///     users: &[UserIx::new(0), UserIx::new(0)],
///     items: &[ItemIx::new(2), ItemIx::new(0)],
///     values: &[5.0, 1.0],
///     times: None,
/// })?;
/// let seen = Seen::new(&data);
/// assert_eq!(seen.of(UserIx::new(0)), [ItemIx::new(0), ItemIx::new(2)]);
/// assert!(seen.of(UserIx::new(7)).is_empty());
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Unchecked", into = "Unchecked")
)]
pub struct Seen {
    rows: Rows,
    items: Numbers<ItemIx>,
}

/// Where each user's items stand.
#[derive(Clone, Debug)]
enum Rows {
    Moving(Places),
    /// Offsets of compressed rows in a mapped file. Nobody has looked at them: they may be anything.
    Mapped(Numbers<u64>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Moving(Places::default())
    }
}

impl PartialEq for Seen {
    /// Equal when the same users saw the same items.
    fn eq(&self, other: &Self) -> bool {
        self.n_users() == other.n_users() && self.rows().eq(other.rows())
    }
}

impl Eq for Seen {}

impl Seen {
    /// What the events of a data set say. Linear in the events.
    pub fn new(data: &Interactions) -> Self {
        let mut items = Vec::with_capacity(data.len());
        data.users().for_each(|(_, history)| items.extend_from_slice(history.ids));
        Self { rows: Rows::Moving(Places::of(data.user_offsets())), items: items.into() }
    }

    /// The items of a user, sorted; none for a user without a row. Constant time. Of a damaged file that is mapped it may
    /// be any items, those that the model does not have among them.
    pub fn of(&self, user: UserIx) -> &[ItemIx] {
        self.items.get(self.range(user)).unwrap_or_default()
    }

    /// How many users there are, those who saw nothing included.
    pub fn n_users(&self) -> u32 {
        match &self.rows {
            Rows::Moving(places) => places.n_rows() as u32,
            Rows::Mapped(offsets) => offsets.len().saturating_sub(1) as u32,
        }
    }

    /// The items of each user in turn.
    pub fn rows(&self) -> impl Iterator<Item = &[ItemIx]> {
        (0..self.n_users()).map(|user| self.of(UserIx::new(user)))
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Moving(places) => places.entries(),
            Rows::Mapped(_) => self.items.len(),
        }
    }

    /// Whether nobody has seen anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where each user's items begin, and where the last user's end, when they stand one after the other: as long as
    /// nothing was changed, in [`items`](Self::items).
    pub(crate) fn offsets(&self) -> Vec<usize> {
        match &self.rows {
            Rows::Moving(places) => places.offsets(),
            Rows::Mapped(offsets) => {
                // Those of a damaged file become such as can be.
                let (mut end, last) = (0, self.items.len());
                let at = |&offset: &u64| {
                    end = usize::try_from(offset).unwrap_or(last).clamp(end, last);
                    end
                };
                std::iter::once(0).chain(offsets.iter().skip(1).map(at)).collect()
            }
        }
    }

    /// The same, and the items so.
    pub(crate) fn to_parts(&self) -> (Vec<usize>, Vec<ItemIx>) {
        let offsets = self.offsets();
        let items = match &self.rows {
            Rows::Moving(places) => places.packed(&self.items),
            Rows::Mapped(_) => self.items[..offsets.last().copied().unwrap_or(0)].to_vec(),
        };
        (offsets, items)
    }

    /// The items of all users; some that are nobody's once something was changed.
    pub(crate) fn items(&self) -> &[ItemIx] {
        &self.items
    }

    /// Which of [`items`](Self::items) are those of a user, as long as nothing was changed.
    pub(crate) fn range(&self, user: UserIx) -> Range<usize> {
        match &self.rows {
            Rows::Moving(places) => places.range(user.ix()),
            Rows::Mapped(offsets) => {
                let ends = offsets.get(user.ix()..).and_then(|rest| rest.first_chunk::<2>());
                let at = |offset: u64| usize::try_from(offset).unwrap_or(0);
                ends.map_or(0..0, |&[start, end]| at(start)..at(end))
            }
        }
    }

    /// Makes it so many users; those that go must have seen nothing.
    pub(crate) fn resize(&mut self, n_users: u32) {
        if n_users != self.n_users() {
            self.places().resize(n_users as usize);
        }
    }

    /// What a user has seen from now on, sorted without repetition.
    pub(crate) fn set(&mut self, user: UserIx, items: &[ItemIx]) {
        let put = self.places().put(user.ix(), items.len());
        put.write(self.items.to_mut(), items);
        if self.places().are_loose() {
            let were = self.places().pack();
            follow(self.items.to_mut(), &were);
        }
    }

    /// Whether they stand in a mapped file, and nobody has looked at them.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.rows, Rows::Mapped(_))
    }

    /// The places to be changed: rows of a mapped file are copied into memory, with as many items as can be there.
    fn places(&mut self) -> &mut Places {
        if let Rows::Mapped(_) = self.rows {
            let (offsets, items) = self.to_parts();
            (self.rows, self.items) = (Rows::Moving(Places::of(&offsets)), items.into());
        }
        match &mut self.rows {
            Rows::Moving(places) => places,
            Rows::Mapped(_) => unreachable!("they have just been copied"),
        }
    }

    /// Compressed rows of a mapped file, which are not read.
    pub(crate) fn of_map(offsets: Numbers<u64>, items: Numbers<ItemIx>) -> Self {
        Self { rows: Rows::Mapped(offsets), items }
    }

    /// Compressed rows as they are, if each is sorted without repetition; else the place of the first
    /// item out of order. The offsets must begin at 0, never fall, and end at the number of items.
    pub(crate) fn from_parts(offsets: Vec<usize>, items: Vec<ItemIx>) -> Result<Self, usize> {
        for row in offsets.windows(2) {
            let pairs = items[row[0]..row[1]].windows(2);
            if let Some(at) = pairs.into_iter().position(|pair| pair[0] >= pair[1]) {
                return Err(row[0] + at + 1);
            }
        }
        Ok(Self { rows: Rows::Moving(Places::of(&offsets)), items: items.into() })
    }
}

/// What a serializer hands over.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Unchecked {
    offsets: Vec<usize>,
    items: Vec<ItemIx>,
}

#[cfg(feature = "serde")]
impl From<Seen> for Unchecked {
    fn from(seen: Seen) -> Self {
        let (offsets, items) = seen.to_parts();
        Self { offsets, items }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for Seen {
    type Error = &'static str;

    fn try_from(Unchecked { offsets, items }: Unchecked) -> Result<Self, Self::Error> {
        let ends = offsets.first() == Some(&0) && offsets.last() == Some(&items.len());
        if !ends || !offsets.is_sorted() {
            return Err(
                "the offsets of the seen items do not begin at 0, or fall, or do not end at their number",
            );
        }
        Self::from_parts(offsets, items).map_err(|_| "the seen items of a user are not sorted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(items: &[u32]) -> Vec<ItemIx> {
        items.iter().copied().map(ItemIx::new).collect()
    }

    #[test]
    fn rows_and_users_beyond_them() {
        let seen = Seen::from_parts(vec![0, 2, 2, 3], items(&[1, 4, 0])).unwrap();
        assert_eq!(seen.n_users(), 3);
        assert_eq!(seen.of(UserIx::new(0)), items(&[1, 4]));
        assert_eq!(seen.of(UserIx::new(1)), []);
        assert_eq!(seen.of(UserIx::new(2)), items(&[0]));
        for beyond in [3, 4, u32::MAX] {
            assert_eq!(seen.of(UserIx::new(beyond)), []);
            assert_eq!(Seen::default().of(UserIx::new(beyond)), []);
        }
        assert_eq!(Seen::default().n_users(), 0);
    }

    #[test]
    fn an_item_out_of_order_is_found() {
        assert_eq!(Seen::from_parts(vec![0, 1, 4], items(&[9, 1, 3, 3])), Err(3));
        assert_eq!(Seen::from_parts(vec![0, 2], items(&[2, 1])), Err(1));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_deserializer_cannot_break_it() {
        let seen = Seen::from_parts(vec![0, 2, 3], items(&[1, 4, 0])).unwrap();
        let json = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&json).unwrap(), seen);
        for bad in [
            r#"{"offsets":[],"items":[]}"#,
            r#"{"offsets":[0,5],"items":[1]}"#,
            r#"{"offsets":[0,2,1,3],"items":[1,2,3]}"#,
            r#"{"offsets":[0,2],"items":[2,1]}"#,
        ] {
            assert!(serde_json::from_str::<Seen>(bad).is_err(), "{bad}");
        }
    }
}
