//! Questions to a model: the profile of each, and the model as the judge of what may be listed.

use super::funnel::Judge;
use crate::data::ItemIx;
use crate::kernel::{Level, prefetch};
use crate::model::{Factors, Profile, Query, QueryError, Score};
use crate::retrieve::TopN;

/// One question.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    profile: Profile,
    /// What was seen, sorted.
    seen: Vec<ItemIx>,
}

/// The questions of a job. Memory is kept from job to job.
#[derive(Clone, Debug, Default)]
pub(in crate::retrieve) struct Questions(Vec<Asked>);

impl Questions {
    /// Makes the profiles; or says which is the first that cannot be made, and why.
    pub(super) fn ask<'q, S: Score + ?Sized>(
        &mut self,
        model: &S,
        queries: impl ExactSizeIterator<Item = Query<'q>>,
        request: &TopN<'_>,
    ) -> Result<&[Asked], (usize, QueryError)> {
        let count = queries.len();
        if self.0.len() < count {
            self.0.resize_with(count, Asked::default);
        }
        for (at, (query, asked)) in queries.zip(&mut self.0).enumerate() {
            asked.ask(model, &query, request).map_err(|error| (at, error))?;
        }
        Ok(&self.0[..count])
    }

    /// Makes a profile the only question, of nobody who has seen anything.
    pub(super) fn take(&mut self, profile: &Profile) -> &[Asked] {
        if self.0.is_empty() {
            self.0.push(Asked::default());
        }
        let Asked { profile: mine, seen } = &mut self.0[0];
        // Part by part, in the memory that is there: a clone of the whole would take new.
        let Profile { dense, offset, sparse, draws, basis, scratch: _ } = profile;
        mine.dense.clone_from(dense);
        mine.sparse.clone_from(sparse);
        mine.draws.clone_from(draws);
        (mine.offset, mine.basis) = (*offset, *basis);
        seen.clear();
        &self.0[..1]
    }
}

impl Asked {
    fn ask<S: Score + ?Sized>(
        &mut self,
        model: &S,
        query: &Query<'_>,
        request: &TopN<'_>,
    ) -> Result<(), QueryError> {
        model.profile(query, &mut self.profile)?;
        self.seen.clear();
        if request.leaves_out_seen() {
            self.seen.extend(query.user.map_or(&[][..], |user| model.seen(user)));
            self.seen.extend(query.history.as_ref().map_or(&[][..], |history| history.ids));
            if !self.seen.is_sorted() {
                self.seen.sort_unstable();
            }
        }
        Ok(())
    }

    /// What the rows are sifted with.
    pub(super) fn vector(&self) -> (&[f32], f32) {
        (&self.profile.dense, self.profile.offset)
    }
}

/// The model's own scores for profiles.
pub(super) struct Exact<'a, S: ?Sized> {
    pub(super) model: &'a S,
    pub(super) asked: &'a [Asked],
    pub(super) rows: Factors<'a>,
    pub(super) level: Level,
    pub(super) request: &'a TopN<'a>,
    /// Items that no list names, ascending.
    pub(super) left_out: &'a [ItemIx],
}

impl<S: Score + ?Sized> Judge for Exact<'_, S> {
    #[inline]
    fn passes(&self, question: usize, row: u32) -> bool {
        let item = ItemIx::new(row);
        self.asked[question].seen.binary_search(&item).is_err() && self.left_out.binary_search(&item).is_err()
    }

    #[inline]
    fn expect(&self, row: u32) {
        prefetch(self.level, row_of(&self.rows, row));
    }

    #[inline]
    fn score(&mut self, question: usize, row: u32) -> f32 {
        let mut score = [0.0];
        self.model.score_block(&self.asked[question].profile, ItemIx::new(row), &mut score);
        score[0]
    }

    #[inline]
    fn keeps(&self, row: u32) -> bool {
        self.request.keeps(ItemIx::new(row))
    }
}

/// A row of a matrix; empty where there is none.
#[inline]
pub(in crate::retrieve) fn row_of<'a>(rows: &Factors<'a>, row: u32) -> &'a [f32] {
    let rest = rows.rows.get((row as usize).saturating_mul(rows.stride)..).unwrap_or_default();
    rest.get(..rows.factors).unwrap_or_default()
}
