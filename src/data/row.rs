//! One row of a data set, and one event.

use super::error::{DataError, finite, same_length};
use super::{ItemIx, UserIx};

/// One event, with dense indices as it stands; with raw ids, `Event<String, u64>`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event<U = UserIx, I = ItemIx> {
    /// Who.
    pub user: U,
    /// What.
    pub item: I,
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
