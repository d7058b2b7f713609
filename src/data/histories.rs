//! The events of a model that lives: compressed rows that can be changed.

use std::collections::BTreeSet;

use super::compressed::Compressed;
use super::edits::{Draft, Edit, Edits, Turn};
use super::living::Living;
use super::row::{Audience, Event, History};
use super::{Change, ChangeError, Interactions, ItemIx, UserIx};

/// What stands for a pair; the time is 0 where events have none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) value: f32,
    pub(super) time: i64,
}

/// The events of a model that lives, by user **and** by item, as [`Interactions`] has them, to be changed in batches.
///
/// A batch is made whole or not at all. It costs what the rows cost that it touches, whatever else there is. Whoever
/// comes is given the next index: `n_users()` for the next user, or one of the [vacant](Self::vacant_users) that
/// [`Change::RemoveUser`] leaves; the numbering of everybody else stays. Of what was removed nothing stays behind in
/// memory that is still in use.
///
/// Attributes are no events: data that has some leaves them with the caller. Memory: 16 bytes per event and 32 with
/// times, up to twice that after many changes; 16 per user and item.
///
/// ```
/// use foldin::data::{Change, Event, Histories, Interactions, ItemIx, UserIx};
/// let event = |user, item, value| Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: None };
/// let data = Interactions::from_events(2, 2, &[event(0, 0, 5.0), event(1, 1, 3.0)])?;
/// let mut histories = Histories::from(data);
///
/// // Somebody new likes something new; user 0 asks to be forgotten.
/// let changes = [Change::Add(event(2, 2, 4.0)), Change::RemoveUser { user: UserIx::new(0) }];
/// let touched = histories.apply(&changes)?;
/// assert_eq!(touched.users, [UserIx::new(0), UserIx::new(2)]);
/// assert_eq!(histories.user(UserIx::new(2)).unwrap().ids, [ItemIx::new(2)]);
/// assert_eq!(histories.vacant_users().collect::<Vec<_>>(), [UserIx::new(0)]);
/// assert_eq!(histories.to_interactions().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Histories {
    by_user: Living<ItemIx>,
    by_item: Living<UserIx>,
    vacant_users: BTreeSet<u32>,
    vacant_items: BTreeSet<u32>,
}

/// What a batch of changes touched. Indices are ascending, none stands twice.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Touched {
    /// Users whose history changed, or who came or went.
    pub users: Vec<UserIx>,
    /// Items whose audience changed, or which came or went.
    pub items: Vec<ItemIx>,
    /// Of `users`, those who were removed: an index is among them though somebody else may have come to it since, in the
    /// same batch.
    pub gone_users: Vec<UserIx>,
    /// Of `items`, those that were removed, likewise.
    pub gone_items: Vec<ItemIx>,
    /// Users who came: they had no row, or a vacant one.
    pub new_users: usize,
    /// Items that came.
    pub new_items: usize,
    /// Users who went.
    pub vacated_users: usize,
    /// Items that went.
    pub vacated_items: usize,
    /// Events that came.
    pub added: usize,
    /// Events that took the place of others.
    pub replaced: usize,
    /// Events that went, those of users and items that went included.
    pub removed: usize,
}

/// A batch that was made, and how to take it back.
#[derive(Debug)]
pub(crate) struct Made {
    edits: Edits,
    /// How many rows there were.
    before: (u32, u32),
}

impl From<Interactions> for Histories {
    /// Takes the rows over; nothing is copied. Attributes are left behind.
    fn from(data: Interactions) -> Self {
        let (by_user, by_item) = data.into_rows();
        let (by_user, by_item) = (Living::of(by_user), Living::of(by_item));
        Self { by_user, by_item, vacant_users: BTreeSet::new(), vacant_items: BTreeSet::new() }
    }
}

impl Histories {
    /// Makes a batch of changes, one after the other, or none of them. Linear in the rows that are touched.
    ///
    /// # Errors
    /// [`ChangeError`] for the first change that cannot be made; then nothing has changed.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Touched, ChangeError> {
        self.make(changes).map(|made| made.touched())
    }

    /// The same, to be taken back.
    pub(crate) fn make(&mut self, changes: &[Change]) -> Result<Made, ChangeError> {
        let mut draft = Draft::new(self);
        for (at, change) in changes.iter().enumerate() {
            draft.take(at, change)?;
        }
        let (edits, before) = (draft.finish(), (self.n_users(), self.n_items()));
        self.by_user.resize(edits.n_users as usize);
        self.by_item.resize(edits.n_items as usize);
        self.write(&edits.pairs, |edit| edit.after);
        note(&mut self.vacant_users, edits.users.iter().map(|(&index, turn)| (index, !turn.is)));
        note(&mut self.vacant_items, edits.items.iter().map(|(&index, turn)| (index, !turn.is)));
        Ok(Made { edits, before })
    }

    /// Takes back the batch that was made last.
    pub(crate) fn unmake(&mut self, Made { edits, before }: Made) {
        self.write(&edits.pairs, |edit| edit.before);
        let was_vacant = |n: u32| move |(&index, turn): (&u32, &Turn)| (index, index < n && !turn.was);
        note(&mut self.vacant_users, edits.users.iter().map(was_vacant(before.0)));
        note(&mut self.vacant_items, edits.items.iter().map(was_vacant(before.1)));
        self.by_user.resize(before.0 as usize);
        self.by_item.resize(before.1 as usize);
    }

    fn write(&mut self, pairs: &[Edit], cell: impl Fn(&Edit) -> Option<Cell>) {
        for row in pairs.chunk_by(|a, b| a.user == b.user) {
            self.by_user.edit(row[0].user.ix(), row.iter().map(|edit| (edit.item, cell(edit))));
        }
        let mut order: Vec<&Edit> = pairs.iter().collect();
        order.sort_unstable_by_key(|edit| (edit.item, edit.user));
        for row in order.chunk_by(|a, b| a.item == b.item) {
            self.by_item.edit(row[0].item.ix(), row.iter().map(|edit| (edit.user, cell(edit))));
        }
        self.by_user.tidy();
        self.by_item.tidy();
    }

    /// How many users there are, vacant ones included.
    pub fn n_users(&self) -> u32 {
        self.by_user.n_rows() as u32
    }

    /// How many items there are, vacant ones included.
    pub fn n_items(&self) -> u32 {
        self.by_item.n_rows() as u32
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.by_user.entries()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every event has a time; if so, those to come must have one too, and if not, none.
    pub fn has_times(&self) -> bool {
        self.by_user.has_times()
    }

    /// What a user touched, sorted by item; none for an index beyond the data.
    pub fn user(&self, user: UserIx) -> Option<History<'_>> {
        (user.get() < self.n_users()).then(|| self.by_user.row(user.ix()))
    }

    /// Who touched an item, sorted by user; none for an index beyond the data.
    pub fn item(&self, item: ItemIx) -> Option<Audience<'_>> {
        (item.get() < self.n_items()).then(|| self.by_item.row(item.ix()))
    }

    /// The event of one user with one item, if there is one. Logarithmic in the user's events.
    pub fn get(&self, user: UserIx, item: ItemIx) -> Option<Event> {
        let Cell { value, time } = self.cell(user, item)?;
        Some(Event { user, item, value, time: self.has_times().then_some(time) })
    }

    /// Users who were removed: their indices are free, ascending.
    pub fn vacant_users(&self) -> impl Iterator<Item = UserIx> + '_ {
        self.vacant_users.iter().copied().map(UserIx::new)
    }

    /// Items that were removed: their indices are free, ascending. A list should leave them out.
    pub fn vacant_items(&self) -> impl Iterator<Item = ItemIx> + '_ {
        self.vacant_items.iter().copied().map(ItemIx::new)
    }

    pub(crate) fn vacant_items_in(&self, range: std::ops::Range<u32>) -> impl Iterator<Item = ItemIx> + '_ {
        self.vacant_items.range(range).copied().map(ItemIx::new)
    }

    /// The events as they are now, for a fit. Linear in the events.
    pub fn to_interactions(&self) -> Interactions {
        Interactions::from_both(self.by_user.to_compressed(), self.by_item.to_compressed())
    }

    /// Histories in compressed rows, for a file.
    pub(crate) fn by_user(&self) -> Rows {
        let Compressed { offsets, ids, values, times } = self.by_user.to_compressed();
        Rows { offsets, ids, values, times }
    }

    /// From events, and indices that are vacant: each must be there and have no events, else the first that has.
    pub(crate) fn with_vacancies(
        data: Interactions,
        users: &[UserIx],
        items: &[ItemIx],
    ) -> Result<Self, Vacancy> {
        let mut histories = Self::from(data);
        for (at, &user) in users.iter().enumerate() {
            if histories.user(user).is_none_or(|row| !row.is_empty()) {
                return Err(Vacancy::User(at));
            }
        }
        for (at, &item) in items.iter().enumerate() {
            if histories.item(item).is_none_or(|row| !row.is_empty()) {
                return Err(Vacancy::Item(at));
            }
        }
        histories.vacant_users = users.iter().map(|user| user.get()).collect();
        histories.vacant_items = items.iter().map(|item| item.get()).collect();
        Ok(histories)
    }

    pub(super) fn has_user(&self, user: UserIx) -> bool {
        user.get() < self.n_users() && !self.vacant_users.contains(&user.get())
    }

    pub(super) fn has_item(&self, item: ItemIx) -> bool {
        item.get() < self.n_items() && !self.vacant_items.contains(&item.get())
    }

    pub(super) fn cell(&self, user: UserIx, item: ItemIx) -> Option<Cell> {
        let row = self.user(user)?;
        let at = row.ids.binary_search(&item).ok()?;
        Some(Cell { value: row.values[at], time: row.times.map_or(0, |times| times[at]) })
    }
}

/// Histories as numbers.
pub(crate) struct Rows {
    pub(crate) offsets: Vec<usize>,
    pub(crate) ids: Vec<ItemIx>,
    pub(crate) values: Vec<f32>,
    pub(crate) times: Option<Vec<i64>>,
}

/// The place of an index that cannot be vacant.
pub(crate) enum Vacancy {
    User(usize),
    Item(usize),
}

fn note(vacant: &mut BTreeSet<u32>, turns: impl Iterator<Item = (u32, bool)>) {
    for (index, is_vacant) in turns {
        if is_vacant {
            vacant.insert(index);
        } else {
            vacant.remove(&index);
        }
    }
}

impl Made {
    pub(crate) fn touched(&self) -> Touched {
        let Edits { users, items, added, replaced, removed, .. } = &self.edits;
        let came = |turn: &&Turn| turn.is && !turn.was;
        let went = |turn: &&Turn| turn.was && !turn.is;
        let gone = |(&index, turn): (&u32, &Turn)| turn.went.then_some(index);
        Touched {
            users: users.keys().copied().map(UserIx::new).collect(),
            items: items.keys().copied().map(ItemIx::new).collect(),
            gone_users: users.iter().filter_map(gone).map(UserIx::new).collect(),
            gone_items: items.iter().filter_map(gone).map(ItemIx::new).collect(),
            new_users: users.values().filter(came).count(),
            new_items: items.values().filter(came).count(),
            vacated_users: users.values().filter(went).count(),
            vacated_items: items.values().filter(went).count(),
            added: *added,
            replaced: *replaced,
            removed: *removed,
        }
    }
}
