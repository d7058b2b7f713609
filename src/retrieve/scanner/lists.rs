//! The lists of a few questions, by the cheapest of three ways.

use super::candidates::Candidates;
use super::funnel::{Funnel, Judge, consider};
use crate::kernel::{Kind, Sieve};
use crate::retrieve::TopN;
use crate::retrieve::collect::Collector;

/// Where one of so many rows is listed, sifting leaves out less than it costs.
pub(super) const LONG: usize = 16;

/// Memory for the lists of the questions of a job.
#[derive(Clone, Debug, Default)]
pub(in crate::retrieve) struct Lists {
    candidates: Candidates,
    funnel: Funnel,
    best: Vec<Collector>,
}

impl Lists {
    /// One list per question (a vector as wide as the rows and a constant, for products), from `count` rows.
    pub(super) fn fill<'a, Ix: Copy + Into<usize>>(
        &mut self,
        (sieve, count): (&Sieve, u32),
        (kind, questions): (Kind, impl ExactSizeIterator<Item = (&'a [f32], f32)>),
        request: &TopN<'_, Ix>,
        judge: &mut impl Judge,
    ) -> &mut [Collector] {
        let n = request.get_n().min(count as usize);
        if self.best.len() < questions.len() {
            self.best.resize_with(questions.len(), Collector::default);
        }
        let best = &mut self.best[..questions.len()];
        best.iter_mut().for_each(|best| best.start(n));
        if n == 0 {
            return best;
        }
        self.candidates.set(request, count as usize, questions.len());
        match self.candidates.few() {
            Some(few) => each(few.iter().copied(), &self.candidates, judge, best),
            None if n > count as usize / LONG => each(0..count, &self.candidates, judge, best),
            None => {
                self.funnel.aim(sieve, kind, questions);
                self.funnel.fill(sieve, &self.candidates, judge, best);
            }
        }
        best
    }
}

/// Scores every one of these rows.
fn each(
    rows: impl Iterator<Item = u32> + Clone,
    candidates: &Candidates,
    judge: &mut impl Judge,
    best: &mut [Collector],
) {
    for (question, best) in best.iter_mut().enumerate() {
        for row in rows.clone() {
            if candidates.pass(row) && judge.passes(question, row) {
                consider(judge, question, row, best);
            }
        }
    }
}
