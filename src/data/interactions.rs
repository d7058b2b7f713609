//! Who touched what: compressed rows by user and by item.

use std::sync::Arc;

use super::attributes::{ItemAttributes, UserAttributes};
use super::compressed::{Compressed, Scatter};
use super::error::{DataError, finite, same_length};
use super::merge::{Duplicates, find_duplicate, merge_runs};
use super::row::{Audience, Event, History};
use super::{ItemIx, UserIx};

/// Events as parallel columns: the cheapest form in which they can be handed over.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Who, one entry per event.
    pub users: &'a [UserIx],
    /// What.
    pub items: &'a [ItemIx],
    /// How much.
    pub values: &'a [f32],
    /// When; none, or one entry per event.
    pub times: Option<&'a [i64]>,
}

/// The events of a data set in compressed rows, by user **and** by item.
///
/// At most one event stands for a pair of user and item; histories are sorted by item and audiences
/// by user. Rows may be empty, so that a training part keeps the numbering of the whole. Memory: 16
/// bytes per event and 32 with times, 8 per user and item.
///
/// ```
/// use foldin::data::{Columns, Interactions, ItemIx, UserIx};
/// let data = Interactions::from_columns(2, 3, Columns {
///     users: &[UserIx::new(0), UserIx::new(1), UserIx::new(0)],
///     items: &[ItemIx::new(2), ItemIx::new(2), ItemIx::new(0)],
///     values: &[5.0, 3.0, 1.0],
///     times: None,
/// })?;
/// let history = data.user(UserIx::new(0)).unwrap();
/// assert_eq!(history.ids, [ItemIx::new(0), ItemIx::new(2)]);
/// assert_eq!(data.item(ItemIx::new(2)).unwrap().values, [5.0, 3.0]);
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Interactions {
    by_user: Compressed<ItemIx>,
    by_item: Compressed<UserIx>,
    user_attributes: Option<Arc<UserAttributes>>,
    item_attributes: Option<Arc<ItemAttributes>>,
}

impl Interactions {
    /// Builds the compressed rows in time and memory linear in the events.
    ///
    /// # Errors
    /// [`DataError::Length`], [`DataError::OutOfBounds`], [`DataError::NotFinite`] for columns that do
    /// not fit together, [`DataError::Duplicate`] where a pair of user and item stands twice: use
    /// [`InteractionsBuilder`](super::InteractionsBuilder) to say what to do with those.
    pub fn from_columns(n_users: u32, n_items: u32, columns: Columns<'_>) -> Result<Self, DataError> {
        let Columns { users, items, values, times } = columns;
        same_length("items", items.len(), users.len())?;
        same_length("values", values.len(), users.len())?;
        same_length("times", times.map_or(users.len(), <[i64]>::len), users.len())?;
        finite(values)?;
        check_bounds("user", n_users, users.iter().map(|user| user.get()))?;
        check_bounds("item", n_items, items.iter().map(|item| item.get()))?;
        let mut scatter = Scatter::new(n_users as usize, users.iter().map(|user| user.ix()), times.is_some());
        for (event, (&user, &item)) in users.iter().zip(items).enumerate() {
            match times {
                None => scatter.put(user.ix(), item, values[event]),
                Some(times) => scatter.put_timed(user.ix(), item, values[event], times[event]),
            }
        }
        Self::from_rows(scatter.finish(), n_items, Duplicates::Error)
    }

    /// Builds from the events of each user in any order. Sorting rows that fit the cache and turning
    /// them over once is faster than turning them over twice, which would sort them too.
    pub(super) fn from_rows(
        mut by_user: Compressed<ItemIx>,
        n_items: u32,
        duplicates: Duplicates,
    ) -> Result<Self, DataError> {
        by_user.sort_rows();
        if let Some((user, item)) = find_duplicate(&by_user) {
            if duplicates == Duplicates::Error {
                return Err(DataError::Duplicate { user: UserIx::new(user as u32), item });
            }
            merge_runs(&mut by_user, duplicates);
        }
        Ok(Self::from_sorted_rows(by_user, n_items))
    }

    /// Builds from histories that are sorted by item, without duplicates.
    pub(super) fn from_sorted_rows(by_user: Compressed<ItemIx>, n_items: u32) -> Self {
        let by_item = by_user.transpose(n_items as usize);
        Self::from_both(by_user, by_item)
    }

    /// Both directions of the same events.
    pub(super) fn from_both(by_user: Compressed<ItemIx>, by_item: Compressed<UserIx>) -> Self {
        Self { by_user, by_item, user_attributes: None, item_attributes: None }
    }

    /// Both directions; attributes are left behind.
    pub(super) fn into_rows(self) -> (Compressed<ItemIx>, Compressed<UserIx>) {
        (self.by_user, self.by_item)
    }

    pub(super) fn by_user(&self) -> &Compressed<ItemIx> {
        &self.by_user
    }

    /// Forgets when the events were.
    pub(super) fn without_times(mut self) -> Self {
        (self.by_user.times, self.by_item.times) = (None, None);
        self
    }

    /// Builds from single events. See [`from_columns`](Self::from_columns).
    ///
    /// # Errors
    /// The same; [`DataError::Length`] when some events have a time and others have none.
    pub fn from_events(n_users: u32, n_items: u32, events: &[Event]) -> Result<Self, DataError> {
        let users: Vec<_> = events.iter().map(|event| event.user).collect();
        let items: Vec<_> = events.iter().map(|event| event.item).collect();
        let values: Vec<_> = events.iter().map(|event| event.value).collect();
        let times: Vec<_> = events.iter().filter_map(|event| event.time).collect();
        let times = (!times.is_empty()).then_some(&times[..]);
        Self::from_columns(n_users, n_items, Columns { users: &users, items: &items, values: &values, times })
    }

    /// Says what is known of the users, for models that use it. Parts of the data share it.
    ///
    /// ```compile_fail,E0308
    /// # use foldin::data::{Interactions, ItemAttributes};
    /// fn transposed(data: Interactions, films: std::sync::Arc<ItemAttributes>) {
    ///     let _ = data.with_user_attributes(films);
    /// }
    /// ```
    ///
    /// # Errors
    /// [`DataError::AttributeRows`] unless there is one row for each user.
    pub fn with_user_attributes(mut self, attributes: Arc<UserAttributes>) -> Result<Self, DataError> {
        check_rows("user", attributes.n_rows(), self.n_users())?;
        self.user_attributes = Some(attributes);
        Ok(self)
    }

    /// Says what is known of the items.
    ///
    /// # Errors
    /// [`DataError::AttributeRows`] unless there is one row for each item.
    pub fn with_item_attributes(mut self, attributes: Arc<ItemAttributes>) -> Result<Self, DataError> {
        check_rows("item", attributes.n_rows(), self.n_items())?;
        self.item_attributes = Some(attributes);
        Ok(self)
    }

    /// What is known of the users, if it was said.
    pub fn user_attributes(&self) -> Option<&Arc<UserAttributes>> {
        self.user_attributes.as_ref()
    }

    /// What is known of the items, if it was said.
    pub fn item_attributes(&self) -> Option<&Arc<ItemAttributes>> {
        self.item_attributes.as_ref()
    }

    /// How many users there are, those without events included.
    pub fn n_users(&self) -> u32 {
        self.by_user.n_rows() as u32
    }

    /// How many items there are, those without events included.
    pub fn n_items(&self) -> u32 {
        self.by_item.n_rows() as u32
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.by_user.ids.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every event has a time.
    pub fn has_times(&self) -> bool {
        self.by_user.times.is_some()
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
        let history = self.user(user)?;
        let at = history.ids.binary_search(&item).ok()?;
        let time = history.times.map(|times| times[at]);
        Some(Event { user, item, value: history.values[at], time })
    }

    /// Where each user's events begin in [`events`](Self::events), and at the end how many there are:
    /// `n_users + 1` ascending numbers. For cutting work into chunks of like cost.
    pub fn user_offsets(&self) -> &[usize] {
        &self.by_user.offsets
    }

    /// The same for the items' audiences: `n_items + 1` ascending numbers.
    pub fn item_offsets(&self) -> &[usize] {
        &self.by_item.offsets
    }

    /// Every user with their history, in the order of the indices.
    pub fn users(&self) -> impl ExactSizeIterator<Item = (UserIx, History<'_>)> {
        (0..self.by_user.n_rows()).map(|row| (UserIx::new(row as u32), self.by_user.row(row)))
    }

    /// Every item with its audience, in the order of the indices.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (ItemIx, Audience<'_>)> {
        (0..self.by_item.n_rows()).map(|row| (ItemIx::new(row as u32), self.by_item.row(row)))
    }

    /// Every event, by user and then by item.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        self.users().flat_map(|(user, history)| {
            (0..history.len()).map(move |at| Event {
                user,
                item: history.ids[at],
                value: history.values[at],
                time: history.times.map(|times| times[at]),
            })
        })
    }

    /// The mean of all values; none without events. Summed in double precision in a fixed order.
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.by_user.values.iter().map(|&value| f64::from(value)).sum();
        (!self.is_empty()).then(|| sum / self.len() as f64)
    }

    /// The smallest and the largest value; none without events.
    pub fn value_range(&self) -> Option<(f32, f32)> {
        let values = &self.by_user.values;
        let first = *values.first()?;
        Some(values.iter().fold((first, first), |(low, high), &value| (low.min(value), high.max(value))))
    }

    /// The earliest and the latest time; none without events or without times.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        let times = self.by_user.times.as_ref()?;
        Some((*times.iter().min()?, *times.iter().max()?))
    }

    /// Parts the events in two by their position in [`events`](Self::events): those that `chosen`
    /// marks, and the rest. Both keep the numbering of users and items, and what is known of them.
    ///
    /// # Errors
    /// [`DataError::Length`] when `chosen` has not one entry per event.
    pub fn partition(&self, chosen: &[bool]) -> Result<(Self, Self), DataError> {
        same_length("chosen", chosen.len(), self.len())?;
        Ok((self.part(chosen, true), self.part(chosen, false)))
    }

    fn part(&self, chosen: &[bool], keep: bool) -> Self {
        let kept = |from: usize| chosen[from] == keep;
        let mut by_user = Compressed { offsets: vec![0], ids: Vec::new(), values: Vec::new(), times: None };
        let mut times = self.by_user.times.as_ref().map(|_| Vec::new());
        for row in 0..self.by_user.n_rows() {
            for at in (self.by_user.offsets[row]..self.by_user.offsets[row + 1]).filter(|&at| kept(at)) {
                by_user.ids.push(self.by_user.ids[at]);
                by_user.values.push(self.by_user.values[at]);
                if let (Some(times), Some(from)) = (&mut times, &self.by_user.times) {
                    times.push(from[at]);
                }
            }
            by_user.offsets.push(by_user.ids.len());
        }
        by_user.times = times;
        let by_item = by_user.transpose(self.by_item.n_rows());
        let (user_attributes, item_attributes) = (self.user_attributes.clone(), self.item_attributes.clone());
        Self { by_user, by_item, user_attributes, item_attributes }
    }
}

fn check_rows(kind: &'static str, found: u32, expected: u32) -> Result<(), DataError> {
    if found == expected {
        return Ok(());
    }
    Err(DataError::AttributeRows { kind, found, expected })
}

fn check_bounds(kind: &'static str, n: u32, indices: impl Iterator<Item = u32>) -> Result<(), DataError> {
    for (event, index) in indices.enumerate() {
        if index >= n {
            return Err(DataError::OutOfBounds { event, kind, index, n });
        }
    }
    Ok(())
}
