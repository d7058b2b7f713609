//! The lists of a few questions at once: one, or those of a job of a batch.

use super::funnel::{Funnel, Judge, consider};
use crate::data::ItemIx;
use crate::kernel::{Kind, Sieve};
use crate::model::{Profile, Query, QueryError, Score};
use crate::retrieve::TopN;
use crate::retrieve::collect::Collector;
use crate::retrieve::filter::Filter;

/// Memory for the questions of a job.
#[derive(Clone, Debug, Default)]
pub(in crate::retrieve) struct Many {
    asked: Vec<Asked>,
    best: Vec<Collector>,
    pub(super) funnel: Funnel,
    pub(super) candidates: Candidates,
}

/// One question.
#[derive(Clone, Debug, Default)]
struct Asked {
    profile: Profile,
    /// What was seen, sorted.
    seen: Vec<ItemIx>,
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
}

/// The items a request names.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    filter: Filter,
    /// Whether the filter leaves anything out.
    filters: bool,
    /// The items allowed, ascending, each once, when they are few.
    few: Vec<u32>,
    /// Whether they are.
    are_few: bool,
}

impl Candidates {
    /// Starts anew for a catalogue of `n`. Up to one of `few` rows is better scored on its own.
    pub(super) fn set<Ix: Copy + Into<usize>>(&mut self, request: &TopN<'_, Ix>, n: usize, few: usize) {
        let allowed = request.allowed();
        self.filters = allowed.is_some() || !request.denied().is_empty();
        if self.filters {
            self.filter.reset(n, request);
        }
        self.are_few = allowed.is_some_and(|allowed| allowed.len() <= n / few);
        if self.are_few {
            self.few.clear();
            let known = allowed.unwrap_or_default().iter().map(|&row| row.into()).filter(|&row| row < n);
            self.few.extend(known.map(|row| row as u32));
            self.few.sort_unstable();
            self.few.dedup();
        }
    }

    #[inline]
    pub(super) fn passes(&self, row: u32) -> bool {
        !self.filters || self.filter.passes(row as usize)
    }

    /// The rows to be scored on their own, if those are all.
    pub(super) fn few(&self) -> Option<&[u32]> {
        self.are_few.then_some(&self.few)
    }
}

/// The model judges.
struct Exact<'a, S: ?Sized> {
    model: &'a S,
    asked: &'a [Asked],
    candidates: &'a Candidates,
    request: &'a TopN<'a>,
}

impl<S: Score + ?Sized> Judge for Exact<'_, S> {
    #[inline]
    fn passes(&self, question: usize, row: u32) -> bool {
        self.candidates.passes(row) && self.asked[question].seen.binary_search(&ItemIx::new(row)).is_err()
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

impl Many {
    /// Makes the profiles of the questions and says how many there are; or the position and the reason of the first that
    /// has none.
    pub(super) fn ask<'q, S: Score + ?Sized>(
        &mut self,
        model: &S,
        queries: impl Iterator<Item = Query<'q>>,
        request: &TopN<'_>,
    ) -> Result<usize, (usize, QueryError)> {
        let mut count = 0;
        for query in queries {
            self.room(count + 1);
            self.asked[count].ask(model, &query, request).map_err(|error| (count, error))?;
            count += 1;
        }
        Ok(count)
    }

    /// Makes a profile of the caller's the only question.
    pub(super) fn ask_as(&mut self, profile: &Profile) -> usize {
        self.room(1);
        self.asked[0].profile.clone_from(profile);
        self.asked[0].seen.clear();
        1
    }

    fn room(&mut self, count: usize) {
        if self.asked.len() < count {
            self.asked.resize_with(count, Asked::default);
            self.best.resize_with(count, Collector::default);
        }
    }

    /// The lists of the questions asked.
    pub(super) fn lists<S: Score + ?Sized>(
        &mut self,
        model: &S,
        sieve: &Sieve,
        count: usize,
        request: &TopN<'_>,
    ) -> &mut [Collector] {
        let n_items = model.n_items() as usize;
        let n = request.get_n().min(n_items);
        let Self { asked, best, funnel, candidates } = self;
        let (asked, best) = (&asked[..count], &mut best[..count]);
        best.iter_mut().for_each(|best| best.start(n));
        if n == 0 {
            return best;
        }
        candidates.set(request, n_items, if count == 1 { 8 } else { 32 });
        let mut judge = Exact { model, asked, candidates, request };
        match candidates.few() {
            Some(few) => {
                for (question, best) in best.iter_mut().enumerate() {
                    few.iter().for_each(|&row| {
                        consider(&mut judge, question, row, best);
                    });
                }
            }
            None => {
                let questions = asked.iter().map(|one| (&one.profile.dense[..], one.profile.offset));
                funnel.aim(sieve, Kind::Product, questions);
                funnel.fill(sieve, &mut judge, best);
            }
        }
        best
    }
}
