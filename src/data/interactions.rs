//! Who touched what: compressed rows by user and by item.

use super::{DataError, ItemIx, UserIx};

/// One event, with dense indices.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Who.
    pub user: UserIx,
    /// What.
    pub item: ItemIx,
    /// The rating, or the strength of the event.
    pub value: f32,
    /// When, in the unit of the source (usually Unix seconds), if it is known.
    pub time: Option<i64>,
}

/// One row: parallel slices of what stands in it. See [`History`] and [`Audience`].
#[derive(Debug, PartialEq)]
pub struct Row<'a, Ix> {
    /// Who or what is in the row.
    pub ids: &'a [Ix],
    /// The value of each event.
    pub values: &'a [f32],
    /// The time of each event, if the data has times.
    pub times: Option<&'a [i64]>,
}

/// What one user touched.
pub type History<'a> = Row<'a, ItemIx>;
/// Who touched one item.
pub type Audience<'a> = Row<'a, UserIx>;

impl<Ix> Clone for Row<'_, Ix> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Ix> Copy for Row<'_, Ix> {}

impl<Ix> Default for Row<'_, Ix> {
    /// The empty row.
    fn default() -> Self {
        Self { ids: &[], values: &[], times: None }
    }
}

impl<'a, Ix: Copy> Row<'a, Ix> {
    /// A row over slices of the caller, for folding in. Any order; an id that stands twice counts
    /// twice.
    ///
    /// # Errors
    /// [`DataError::Length`] when the slices differ in length, [`DataError::NotFinite`] when a value
    /// is NaN or infinite.
    pub fn new(ids: &'a [Ix], values: &'a [f32]) -> Result<Self, DataError> {
        same_length("values", values.len(), ids.len())?;
        finite(values)?;
        Ok(Self { ids, values, times: None })
    }

    /// How many events stand in the row.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the row is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids with their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Ix, f32)> + 'a {
        self.ids.iter().copied().zip(self.values.iter().copied())
    }
}

/// Compressed rows in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
struct Compressed<Ix> {
    offsets: Vec<usize>,
    ids: Vec<Ix>,
    values: Vec<f32>,
    times: Option<Vec<i64>>,
}

impl<Ix: Copy> Compressed<Ix> {
    fn row(&self, row: usize) -> Row<'_, Ix> {
        let range = self.offsets[row]..self.offsets[row + 1];
        Row {
            ids: &self.ids[range.clone()],
            values: &self.values[range.clone()],
            times: self.times.as_deref().map(|times| &times[range]),
        }
    }

    fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The same events compressed along the other direction. Rows keep their events in ascending
    /// order of the old row, because a counting sort is stable.
    fn transpose<Other: Copy + From<u32>>(&self, n_rows: usize) -> Compressed<Other>
    where
        Ix: Into<usize>,
    {
        let mut offsets = vec![0usize; n_rows + 1];
        for &id in &self.ids {
            offsets[id.into() + 1] += 1;
        }
        accumulate(&mut offsets);
        let mut next = offsets.clone();
        let mut ids = vec![Other::from(0); self.ids.len()];
        let mut values = vec![0.0; self.ids.len()];
        let mut times = self.times.as_ref().map(|times| vec![0; times.len()]);
        for row in 0..self.n_rows() {
            for at in self.offsets[row]..self.offsets[row + 1] {
                let to = &mut next[self.ids[at].into()];
                ids[*to] = Other::from(row as u32);
                values[*to] = self.values[at];
                if let (Some(to_times), Some(from_times)) = (&mut times, &self.times) {
                    to_times[*to] = from_times[at];
                }
                *to += 1;
            }
        }
        Compressed { offsets, ids, values, times }
    }
}

/// Turns counts (shifted by one place) into offsets.
fn accumulate(counts: &mut [usize]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}

fn same_length(column: &'static str, found: usize, expected: usize) -> Result<(), DataError> {
    if found == expected {
        return Ok(());
    }
    Err(DataError::Length { column, found, expected })
}

fn finite(values: &[f32]) -> Result<(), DataError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(event) => Err(DataError::NotFinite { event, value: values[event] }),
    }
}

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
        // Two stable counting sorts: by item, then by user, leave the histories sorted by item.
        let unsorted = Compressed {
            offsets: (0..=users.len()).collect(),
            ids: items.to_vec(),
            values: values.to_vec(),
            times: times.map(<[i64]>::to_vec),
        };
        let by_item = unsorted.transpose::<UserIx>(n_items as usize);
        let by_item =
            Compressed { ids: by_item.ids.iter().map(|&event| users[event.ix()]).collect(), ..by_item };
        Self::from_unsorted_audiences(by_item, n_users, n_items)
    }

    fn from_unsorted_audiences(
        by_item: Compressed<UserIx>,
        n_users: u32,
        n_items: u32,
    ) -> Result<Self, DataError> {
        let by_user = by_item.transpose::<ItemIx>(n_users as usize);
        for row in 0..by_user.n_rows() {
            if let Some(pair) = by_user.row(row).ids.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(DataError::Duplicate { user: UserIx::new(row as u32), item: pair[0] });
            }
        }
        let by_item = by_user.transpose::<UserIx>(n_items as usize);
        Ok(Self { by_user, by_item })
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

    /// Parts the events in two by their position in [`events`](Self::events): those that `chosen`
    /// marks, and the rest. Both keep the numbering of users and items.
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
        Self { by_user, by_item }
    }
}

fn check_bounds(kind: &'static str, n: u32, indices: impl Iterator<Item = u32>) -> Result<(), DataError> {
    for (event, index) in indices.enumerate() {
        if index >= n {
            return Err(DataError::OutOfBounds { event, kind, index, n });
        }
    }
    Ok(())
}
