//! A scanner whose model lives.

use std::ops::DerefMut;

use super::Scanner;
use super::asked::row_of;
use crate::data::ItemIx;
use crate::kernel::Sieve;
use crate::model::{Factors, Score, Update};

impl<M: DerefMut<Target: Score> + Sync> Scanner<M> {
    /// Installs a [patch](Update::install) in the model and packs the items again that it changed. The lists stay exact.
    ///
    /// Time: as much as the rows are long, and a few bytes per 128 items. Items that came, or became very different, are
    /// scored one by one until there are 256 of them, which then become groups of their own. Once a third of all places
    /// is empty, all items are packed anew, in the call that finds it.
    pub fn install<T: Update>(&mut self, patch: &T::Patch)
    where
        M: DerefMut<Target = T>,
    {
        self.model.install(patch);
        let count = self.model.n_items();
        let Some(rows) = self.model.inner_product() else { return };
        let changed = T::patched_items(patch).iter().map(|item| item.get());
        let is_good = self.sieve.follow(count, changed, reading(&rows));
        if !is_good && let Some(sieve) = Sieve::new(self.level, count, rows.factors, reading(&rows)) {
            self.sieve = sieve;
        }
    }
}

impl<M> Scanner<M> {
    /// Items that no list names from now on, whatever is asked, in any order: those
    /// [vacant](crate::data::Histories::vacant_items). Another call replaces the set.
    pub fn leave_out(&mut self, items: impl IntoIterator<Item = ItemIx>) {
        self.left_out.clear();
        self.left_out.extend(items);
        self.left_out.sort_unstable();
    }

    /// The model, out of the scanner.
    pub fn into_model(self) -> M {
        self.model
    }
}

/// The rows as the sieve wants them told.
pub(super) fn reading(rows: &Factors<'_>) -> impl FnMut(u32, &mut Vec<f32>) -> f32 {
    |item, out| {
        out.extend_from_slice(row_of(rows, item));
        rows.bias.get(item as usize).copied().unwrap_or(0.0)
    }
}
