//! Items that point the same way.

use std::ops::Deref;

use super::asked::row_of;
use super::cosine::cosine;
use super::funnel::Judge;
use super::{Scanner, batch};
use crate::data::ItemIx;
use crate::kernel::{Kind, Level, prefetch};
use crate::model::{Factors, QueryError, Score};
use crate::retrieve::{BatchError, Hit, TopN, Workspace, collect::Collector};

/// Cosines of the rows of two items.
struct Alike<'a> {
    rows: Factors<'a>,
    items: &'a [ItemIx],
    level: Level,
    request: &'a TopN<'a>,
    left_out: &'a [ItemIx],
}

impl Judge for Alike<'_> {
    #[inline]
    fn passes(&self, question: usize, row: u32) -> bool {
        self.items[question].get() != row && self.left_out.binary_search(&ItemIx::new(row)).is_err()
    }

    #[inline]
    fn expect(&self, row: u32) {
        prefetch(self.level, row_of(&self.rows, row));
    }

    #[inline]
    fn score(&mut self, question: usize, row: u32) -> f32 {
        cosine(row_of(&self.rows, self.items[question].get()), row_of(&self.rows, row))
    }

    #[inline]
    fn keeps(&self, row: u32) -> bool {
        self.request.keeps(ItemIx::new(row))
    }
}

impl<M: Deref<Target: Score> + Sync> Scanner<M> {
    /// The items whose factors point the same way, best first, the item itself left out. A score is the cosine of the
    /// angle between the two rows, in [-1, 1], computed in double precision and rounded once: the same at every level, 1
    /// for rows that point the same way, 0 where a row is zero. Biases do not enter. Nobody asks, so nothing
    /// counts as seen.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`].
    pub fn similar_items(&self, item: ItemIx, request: &TopN<'_>) -> Result<Vec<Hit>, QueryError> {
        let mut hits = Vec::new();
        self.similar_items_into(item, request, &mut Workspace::new(), &mut hits)?;
        Ok(hits)
    }

    /// The same list written over `out`, allocating nothing after the first call. After an error `out` is empty.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`].
    pub fn similar_items_into(
        &self,
        item: ItemIx,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<Hit>,
    ) -> Result<(), QueryError> {
        out.clear();
        QueryError::check_items(&[item], self.model.n_items())?;
        self.each_alike(&[item], request, workspace, |best| best.finish(out, Hit::new));
        Ok(())
    }

    /// The lists of many items, in their order, on `threads` threads; 0 stands for one per core. The same bits for any
    /// number of threads.
    ///
    /// # Errors
    /// [`BatchError::Query`] with the position of the first unknown item, [`BatchError::Threads`] when the threads cannot
    /// be started.
    pub fn similar_items_batch(
        &self,
        items: &[ItemIx],
        request: &TopN<'_>,
        threads: usize,
    ) -> Result<Vec<Vec<Hit>>, BatchError> {
        batch::check_items(items, self.model.n_items())?;
        batch::lists(items.len(), threads, |workspace, job| {
            let mut lists = Vec::with_capacity(job.len());
            self.each_alike(&items[job], request, workspace, |best| lists.push(best.list(Hit::new)));
            Ok(lists)
        })
    }

    /// Shows the list of each item.
    fn each_alike(
        &self,
        items: &[ItemIx],
        request: &TopN<'_>,
        workspace: &mut Workspace,
        show: impl FnMut(&mut Collector),
    ) {
        let rows = self.rows();
        let mut judge = Alike { rows, items, level: self.level, request, left_out: &self.left_out };
        let questions = (Kind::Cosine, items.iter().map(|&item| (row_of(&rows, item.get()), 0.0)));
        let packed = (&self.sieve, self.model.n_items());
        workspace.lists.fill(packed, questions, request, &mut judge).iter_mut().for_each(show);
    }
}
