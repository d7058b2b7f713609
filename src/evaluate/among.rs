//! Lists of given candidates, measured.

use std::ops::Range;
use std::time::Instant;

use super::ask::question;
use super::figures::Truth;
use super::{CandidateCase, Candidates, EvaluateError, RankingOptions, RankingReport};
use crate::data::{Interactions, ItemIx};
use crate::model::{ParamError, Profile, Score};
use crate::par::{Workers, chunks};
use crate::retrieve::Hit;

/// Cases whose lists are in memory together.
const PART: usize = 4096;
/// Cases of one job.
const CASES: usize = 64;

/// Ranks the candidates of every case and measures the list.
///
/// # The rules
///
/// - *Candidates*: those of the case, whatever the user has seen.
/// - *Truth*: the relevant items of the case. A case without any is skipped and counted in
///   [`skipped_users`](RankingReport::skipped_users).
/// - *Ties*: of equal scores the item that stands first in the case comes first;
///   [`Candidates::add`] puts relevant items last.
/// - Every case counts alike: a user with two cases counts twice in [`users`](RankingReport::users).
///
/// `train` tells how large the data is and, with [`RankingOptions::fold_in`], the histories to ask with.
/// [`RankingOptions::relevant_from`] does not apply: cases say themselves what is relevant.
///
/// # Errors
/// [`EvaluateError`] when the model and the cases do not fit together, no case has a relevant item, the model
/// cannot answer, a metric is no number, or an option is out of range.
pub fn ranking_among<M: Score + ?Sized>(
    model: &M,
    train: &Interactions,
    candidates: &Candidates,
    options: &RankingOptions<'_>,
) -> Result<RankingReport, EvaluateError> {
    let (model_items, data_items) = (model.n_items(), train.n_items());
    if model_items != data_items {
        return Err(EvaluateError::Items { model_items, data_items });
    }
    candidates.check(data_items)?;
    let threshold = options.relevant_from.map_or_else(String::new, |least| least.to_string());
    ParamError::require(threshold.is_empty(), "relevant_from", threshold, "left out for given candidates")?;
    let mut figures = options.figures(data_items)?;
    let workers = Workers::new(options.threads).map_err(EvaluateError::Threads)?;
    let ranks = Ranks { model, fold_in: options.fold_in.then_some(train), depth: figures.depth() };
    let cases: Vec<CandidateCase<'_>> = candidates.iter().filter(|case| !case.relevant.is_empty()).collect();
    let began = Instant::now();
    for part in cases.chunks(PART) {
        let truth = |case: &CandidateCase<'_>| Truth { user: case.user, relevant: case.relevant.to_vec() };
        let truths: Vec<Truth> = part.iter().map(truth).collect();
        figures.add(&workers, &truths, &ranks.lists(&workers, part)?)?;
    }
    figures.report(candidates.len(), began.elapsed())
}

struct Ranks<'a, M: ?Sized> {
    model: &'a M,
    fold_in: Option<&'a Interactions>,
    depth: usize,
}

/// The memory of one thread.
#[derive(Default)]
struct Buffers {
    profile: Profile,
    /// Each candidate's score, and its place in the case.
    scored: Vec<(f32, usize)>,
}

impl<M: Score + ?Sized> Ranks<'_, M> {
    fn lists(&self, workers: &Workers, cases: &[CandidateCase<'_>]) -> Result<Vec<Vec<Hit>>, EvaluateError> {
        let jobs = chunks(cases.len(), CASES).collect();
        let parts = workers.map(jobs, Buffers::default, |buffers, job: Range<usize>| {
            cases[job].iter().map(|case| self.list(case, buffers)).collect::<Result<Vec<_>, _>>()
        });
        Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn list(&self, case: &CandidateCase<'_>, buffers: &mut Buffers) -> Result<Vec<Hit>, EvaluateError> {
        let Buffers { profile, scored } = buffers;
        let failed = |source| EvaluateError::Query { user: case.user, source };
        self.model.profile(&question(self.fold_in, case.user), profile).map_err(failed)?;
        scored.clear();
        for (place, &item) in case.items.iter().enumerate() {
            let score = self.score(profile, item);
            // What a model vetoes is not listed here either.
            if score > f32::NEG_INFINITY {
                scored.push((score, place));
            }
        }
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.truncate(self.depth);
        Ok(scored.iter().map(|&(score, place)| Hit { item: case.items[place], score }).collect())
    }

    fn score(&self, profile: &Profile, item: ItemIx) -> f32 {
        let mut score = [0.0];
        self.model.score_block(profile, item, &mut score);
        // Adding zero turns -0 into 0: the two are equal, so the place decides.
        score[0] + 0.0
    }
}
