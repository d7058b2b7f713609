//! Records as columns with dense indices, before they are compressed.

use super::compressed::{Compressed, Scatter};
use super::{DataError, Duplicates, Interactions, ItemIx, UserIx};

/// Stands for "no time" among times: earlier than any.
const UNTIMED: i64 = i64::MIN;

/// A pile of records in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Pile {
    users: Vec<UserIx>,
    items: Vec<ItemIx>,
    values: Vec<f32>,
    /// Empty until the first record with a time, then one entry per record.
    times: Vec<i64>,
    untimed: usize,
}

impl Pile {
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// How many records have no time.
    pub(super) fn untimed(&self) -> usize {
        self.untimed
    }

    #[inline]
    pub(super) fn push(&mut self, user: u32, item: u32, value: f32, time: Option<i64>) {
        match time {
            Some(time) => {
                // Bring the column up to date with the records before the first time.
                if self.times.len() < self.users.len() {
                    self.times.resize(self.users.len(), UNTIMED);
                }
                self.times.push(time);
            }
            None => {
                self.untimed += 1;
                if !self.times.is_empty() {
                    self.times.push(UNTIMED);
                }
            }
        }
        self.users.push(UserIx::new(user));
        self.items.push(ItemIx::new(item));
        self.values.push(value);
    }

    /// Halves every value for each `half_life` between its time and `reference` (the latest time where
    /// none is given). What is later than the reference counts in full.
    pub(super) fn age(&mut self, half_life: f64, reference: Option<i64>) -> Result<(), DataError> {
        if self.untimed > 0 {
            return Err(DataError::Untimed { untimed: self.untimed });
        }
        let reference = reference.or_else(|| self.times.iter().copied().max());
        let Some(reference) = reference else { return Ok(()) };
        for (value, &time) in self.values.iter_mut().zip(&self.times) {
            let age = (reference as f64 - time as f64).max(0.0);
            *value = (f64::from(*value) * (-age / half_life).exp2()) as f32;
        }
        Ok(())
    }

    /// Compresses the pile; where only some records have a time, the events have none.
    pub(super) fn compress(
        self,
        n_users: u32,
        n_items: u32,
        duplicates: Duplicates,
    ) -> Result<Interactions, DataError> {
        let timed = self.untimed == 0;
        let data = Interactions::from_rows(self.into_rows(n_users), n_items, duplicates)?;
        Ok(if timed { data } else { data.without_times() })
    }

    fn into_rows(self, n_users: u32) -> Compressed<ItemIx> {
        let Self { users, items, values, times, .. } = self;
        let timed = !times.is_empty();
        let mut scatter = Scatter::new(n_users as usize, users.iter().map(|user| user.ix()), timed);
        if users.is_sorted() {
            // Most files list one user after the other: the columns are the rows already.
            let offsets = scatter.finish().offsets;
            return Compressed { offsets, ids: items, values, times: timed.then_some(times) };
        }
        for (at, (&user, (&item, &value))) in users.iter().zip(items.iter().zip(&values)).enumerate() {
            match timed {
                true => scatter.put_timed(user.ix(), item, value, times[at]),
                false => scatter.put(user.ix(), item, value),
            }
        }
        scatter.finish()
    }
}
