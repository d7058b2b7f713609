//! Which events carry a score.
//!
//! The asker's row is `x = A^-1 Y'W t`, so the score of item i is the sum over the events of `w_j t_j (y_j' A^-1 y_i)`.
//! That is linear in the targets: an event drawn to 0 (a dislike) adds nothing of its own. It stands in A, and takes
//! from what the events of items like it add.
//!
//! The row that answers is the minimum to single precision only. What it leaves over, `r = Y'W t - A x`, is known in
//! double precision, and so is its part in a score, `-r' A^-1 y_i`: with it the account is that of the very row.

use super::Ials;
use super::answer::Told;
use crate::data::{History, ItemIx};
use crate::kernel::{Influence, SolveError};
use crate::model::{Basis, Explain, Explanation, Profile, Query, QueryError, Reason, Score, told};

impl Explain for Ials {
    /// Reasons are all events that say something, dislikes among them, which add 0: they lower what likes of similar
    /// items add. The base is 0 to the rounding of the asker's row, usually below a millionth; where nothing speaks for
    /// any item it is the mean score that everybody is answered with, and no event adds to it.
    ///
    /// `O(n K min(n, K))` for the asker, `O(n K)` for an item, in double precision.
    fn explain_many(&self, query: &Query<'_>, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError> {
        QueryError::check_items(items, self.n_items())?;
        self.check_mapped(items)?;
        let mut profile = Profile::new();
        self.profile(query, &mut profile)?;
        let unsolvable = |error: SolveError| QueryError::Unsolvable(error.to_string());
        let asker = Asker::new(self, &profile, told(self, query)?).map_err(unsolvable)?;
        items.iter().map(|&item| asker.explain(item).map_err(unsolvable)).collect()
    }
}

struct Asker<'a> {
    model: &'a Ials,
    profile: &'a Profile,
    /// The events that say something.
    events: Vec<(ItemIx, f32)>,
    told: Told,
    /// None for who is answered as everybody is: they have no row of their own.
    solved: Option<Solved>,
}

/// The system that the history was folded in by.
struct Solved {
    system: Influence,
    /// r
    left_over: Vec<f64>,
}

impl<'a> Asker<'a> {
    fn new(model: &'a Ials, profile: &'a Profile, history: History<'_>) -> Result<Self, SolveError> {
        let counts = |event: &(ItemIx, f32)| model.parts.weighting.counts(event.1);
        let (events, told) = (history.iter().filter(counts).collect(), model.told(history));
        let solved = match profile.basis {
            Basis::Learned => Some(Solved::new(model, &told, &profile.dense)?),
            _ => None,
        };
        Ok(Self { model, profile, events, told, solved })
    }

    fn explain(&self, item: ItemIx) -> Result<Explanation, SolveError> {
        let mut score = [0.0];
        self.model.score_block(self.profile, item, &mut score);
        let reason = |(item, value), contribution| Reason { item, value, contribution };
        let Some(Solved { system, left_over }) = &self.solved else {
            let reasons = self.events.iter().map(|&event| reason(event, 0.0)).collect();
            return Ok(Explanation::new(item, score[0], score[0], reasons));
        };
        let (solved, carried) = system.of(&double(self.model.parts.items.row(item.ix())))?;
        let added = carried.iter().zip(self.told.evidence().targets).map(|(h, &t)| (h * f64::from(t)) as f32);
        let reasons = self.events.iter().zip(added).map(|(&event, added)| reason(event, added)).collect();
        Ok(Explanation::new(item, score[0], -product(left_over, &solved) as f32, reasons))
    }
}

impl Solved {
    fn new(model: &Ials, told: &Told, x: &[f32]) -> Result<Self, SolveError> {
        let (parts, evidence) = (&model.parts, told.evidence());
        let precision = told.pull.precision(&parts.base);
        let (scale, shift) = (f64::from(precision.scale), f64::from(precision.shift));
        let diagonal: Vec<f64> = precision.base.iter().map(|&l| scale * f64::from(l) + shift).collect();
        let (weights, x) = (double(evidence.weights.unwrap_or_default()), double(x));
        let mut left_over: Vec<f64> = diagonal.iter().zip(&x).map(|(d, x)| -d * x).collect();
        let mut rows = Vec::with_capacity(weights.len() * diagonal.len());
        for ((item, &target), weight) in evidence.ids.iter().zip(evidence.targets).zip(&weights) {
            let y = double(parts.items.row(item.ix()));
            let error = weight * (f64::from(target) - product(&y, &x));
            left_over.iter_mut().zip(&y).for_each(|(left, y)| *left += error * y);
            rows.extend(y);
        }
        let system = Influence::new(model.solver.level(), rows, &weights, &diagonal)?;
        Ok(Self { system, left_over })
    }
}

fn double(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

/// As far as the shorter reaches: a profile is padded with zeros.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
