//! Where the rows of something that changes stand in columns without end.

use std::ops::Range;

/// When the columns are twice what the rows need, and by this much more, they are written anew.
const SLACK: usize = 4096;

/// The places of rows that grow, shrink and move, in columns that run side by side.
///
/// A row that outgrows its room moves to the end of the columns and takes half as much again; what it leaves is zeros
/// until the columns are packed. So a change costs what the row costs, and nothing of a row that is gone stays behind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    rows: Vec<Place>,
    /// Entries of all rows.
    entries: usize,
    /// Length of the columns.
    end: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: usize,
    len: u32,
    room: u32,
}

impl Place {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.len as usize
    }
}

/// Where a row goes, for each column to follow.
pub(crate) struct Put {
    /// Where its entries were.
    from: Range<usize>,
    /// Where they go.
    start: usize,
    /// Length of the columns afterwards.
    end: usize,
}

impl Put {
    /// Writes the row into one of the columns.
    pub(crate) fn write<T: Copy + Default>(&self, column: &mut Vec<T>, row: &[T]) {
        column.resize(self.end, T::default());
        column[self.from.clone()].fill(T::default());
        column[self.start..][..row.len()].copy_from_slice(row);
    }
}

impl Places {
    /// Compressed rows: row `r` is `offsets[r]..offsets[r + 1]`.
    pub(crate) fn of(offsets: &[usize]) -> Self {
        let place = |row: &[usize]| {
            let len = (row[1] - row[0]) as u32;
            Place { start: row[0], len, room: len }
        };
        let entries = offsets.last().copied().unwrap_or(0);
        Self { rows: offsets.windows(2).map(place).collect(), entries, end: entries }
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// How many entries all rows have.
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// Where a row stands; nowhere beyond the last.
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        self.rows.get(row).map_or(0..0, |place| place.range())
    }

    /// Makes it so many rows. Rows that are added are empty; those that go must be.
    pub(crate) fn resize(&mut self, n_rows: usize) {
        debug_assert!(self.rows.iter().skip(n_rows).all(|place| place.len == 0));
        self.rows.resize(n_rows, Place::default());
    }

    /// Makes room for a row of so many entries: every column must [write](Put::write) it there.
    pub(crate) fn put(&mut self, row: usize, len: usize) -> Put {
        let place = &mut self.rows[row];
        let from = place.range();
        self.entries = self.entries + len - from.len();
        if len > place.room as usize {
            let room = len.saturating_add(len / 2).min(u32::MAX as usize);
            *place = Place { start: self.end, len: 0, room: room as u32 };
            self.end += room;
        }
        place.len = len as u32;
        Put { from, start: place.start, end: self.end }
    }

    /// Whether it is time to [pack](Self::pack).
    pub(crate) fn are_loose(&self) -> bool {
        self.end > 2 * self.entries + SLACK
    }

    /// Puts the rows one after the other, and says where each was: every column must follow.
    pub(crate) fn pack(&mut self) -> Vec<Range<usize>> {
        self.end = 0;
        let pack = |place: &mut Place| {
            let was = place.range();
            *place = Place { start: self.end, len: place.len, room: place.len };
            self.end += was.len();
            was
        };
        self.rows.iter_mut().map(pack).collect()
    }

    /// Where each row begins once they are packed, and where the last ends.
    pub(crate) fn offsets(&self) -> Vec<usize> {
        let mut offsets = Vec::with_capacity(self.rows.len() + 1);
        offsets.push(0);
        let mut end = 0;
        offsets.extend(self.rows.iter().map(|place| {
            end += place.len as usize;
            end
        }));
        offsets
    }

    /// A column with the rows one after the other.
    pub(crate) fn packed<T: Copy>(&self, column: &[T]) -> Vec<T> {
        let mut packed = Vec::with_capacity(self.entries);
        self.rows.iter().for_each(|place| packed.extend_from_slice(&column[place.range()]));
        packed
    }
}

/// A column that follows [`Places::pack`].
pub(crate) fn follow<T: Copy>(column: &mut Vec<T>, were: &[Range<usize>]) {
    *column = were.iter().flat_map(|row| &column[row.clone()]).copied().collect();
}
