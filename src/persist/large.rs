//! The large sections of a model: taken into memory, or left where they lie in a mapped file.

use super::{Element, LoadError, Numbers, Plain, SectionReader};
use crate::model::Seen;

impl SectionReader<'_> {
    /// The numbers of a section, as [`values`](Self::values), for a model that can answer from a mapped file: there they
    /// stay where they are, and unless the file [is checked](Self::is_checked) nobody has read them: floats may be
    /// anything.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub fn numbers<T: Element + Plain>(&self, name: &str, shape: &[usize]) -> Result<Numbers<T>, LoadError> {
        let section = self.section_of::<T>(name, shape)?;
        let Some(numbers) = self.origin.piece::<T>(&section.entry) else {
            return self.values(name, shape).map(Numbers::from);
        };
        if self.is_checked() {
            section.check()?;
            self.check_sound(name, &numbers)?;
        }
        Ok(numbers)
    }

    /// The two sections of [`Sections::put_seen`](super::Sections::put_seen): each row sorted, no item
    /// twice, all items below `n_items`.
    ///
    /// # Errors
    /// As [`offsets`](Self::offsets) and [`indices`](Self::indices), and [`LoadFault::Value`](super::LoadFault::Value) for an
    /// item out of order.
    pub fn seen(&self, n_users: u32, n_items: u32) -> Result<Seen, LoadError> {
        let offsets = self.offsets("seen.offsets", n_users as usize)?;
        let n = offsets[n_users as usize];
        let items = self.indices("seen.items", &[n], n_items)?;
        Seen::from_parts(offsets, items)
            .map_err(|at| self.invalid("seen.items", at, "out of order", "more than the item before"))
    }

    /// The same for a model that can answer from a mapped file, and bounds the items that it is told: there they stay
    /// where they are, and unless the file [is checked](Self::is_checked) only the ends have been looked at.
    ///
    /// # Errors
    /// As [`seen`](Self::seen).
    pub fn seen_or_mapped(&self, n_users: u32, n_items: u32) -> Result<Seen, LoadError> {
        if self.is_checked() {
            return self.seen(n_users, n_items);
        }
        let offsets: Numbers<u64> = self.numbers("seen.offsets", &[(n_users as usize).saturating_add(1)])?;
        if !offsets.is_mapped() {
            return self.seen(n_users, n_items);
        }
        let last = usize::try_from(offsets[n_users as usize]).unwrap_or(usize::MAX);
        let items = self.numbers("seen.items", &[last])?;
        Ok(Seen::of_map(offsets, items))
    }
}
