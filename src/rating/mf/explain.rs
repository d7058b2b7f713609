//! Which ratings carry a score.
//!
//! The asker's row solves `(S + V + Q) x = g + Q mu` (see [`crate::kernel::UncertainSolver`]), so with `y_i = (q_i, 1)`
//!
//! ```text
//! q_i.p + b_u = y_i' A^-1 Q mu + sum_j w_j (y_j' A^-1 y_i) (t_j - b_j)
//! ```
//!
//! Q depends on how noisy the asker's ratings are, which the solver learns in two passes, and so does this.

use super::BiasedMf;
use crate::data::{History, ItemIx};
use crate::kernel::{Beliefs, Influence, SolveError};
use crate::model::{Explain, Explanation, Profile, Query, QueryError, Reason, Score, told};

impl Explain for BiasedMf {
    /// Reasons are all ratings of the history: each adds what it is above or below the mean and the bias of its item,
    /// times the likeness of the two items as the asker's system sees it. The base holds the mean, the bias of the item,
    /// and what the row expected of anybody with as many ratings gives. How much the asker's ratings are believed
    /// follows from all of them together and is taken as it is.
    ///
    /// `O(n K min(n, K))` for the asker, `O(n K)` for an item, in double precision.
    fn explain_many(&self, query: &Query<'_>, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError> {
        QueryError::check_items(items, self.n_items())?;
        let mut profile = Profile::new();
        self.profile(query, &mut profile)?;
        let history = told(self, query)?;
        let unsolvable = |error: SolveError| QueryError::Unsolvable(error.to_string());
        let asker = Asker::new(self, history).map_err(unsolvable)?;
        let explained = |&item| asker.explain(&profile, item).map_err(unsolvable);
        items.iter().map(explained).collect()
    }
}

/// The system that a history is folded in by.
struct Asker<'a> {
    model: &'a BiasedMf,
    history: History<'a>,
    system: Influence,
    /// `t_j - b_j`
    targets: Vec<f64>,
    /// Q mu
    pulled: Vec<f64>,
}

/// What the two passes share.
struct Sums<'a> {
    model: &'a BiasedMf,
    beliefs: Beliefs<'a>,
    /// y of the ratings, one after the other, and their weights.
    rows: Vec<f64>,
    weights: Vec<f64>,
    targets: Vec<f64>,
    /// V, but for the offset, whose part is apart.
    variance: Vec<f64>,
    offset_variance: f64,
    /// The expected row.
    mean: Vec<f64>,
}

impl<'a> Sums<'a> {
    fn new(model: &'a BiasedMf, history: History<'a>) -> Self {
        let (parts, beliefs, dim) = (&model.parts, model.beliefs(), model.factors() + 1);
        let covariate = f64::from(parts.activity.covariate(history.len()));
        let expected = beliefs.mean.iter().zip(beliefs.slope);
        let mut sums = Self {
            model,
            beliefs,
            rows: Vec::with_capacity(history.len() * dim),
            weights: Vec::with_capacity(history.len()),
            targets: Vec::with_capacity(history.len()),
            variance: vec![0.0; dim],
            offset_variance: 0.0,
            mean: expected.map(|(&mean, &slope)| f64::from(mean) + f64::from(slope) * covariate).collect(),
        };
        for (item, value) in history.iter() {
            sums.add(item, value);
        }
        sums.offset_variance = std::mem::take(&mut sums.variance[dim - 1]);
        sums
    }

    fn add(&mut self, item: ItemIx, value: f32) {
        let (parts, dim) = (&self.model.parts, self.variance.len());
        let row = &parts.items[item.ix() * dim..][..dim];
        let weight = f64::from(parts.item_weights[item.ix()]);
        self.rows.extend(row[..dim - 1].iter().map(|&q| f64::from(q)));
        self.rows.push(1.0);
        self.weights.push(weight);
        let target = f64::from((value - self.beliefs.center) * self.beliefs.scale);
        self.targets.push(target - f64::from(row[dim - 1]));
        let variances = &parts.item_variances[item.ix() * dim..][..dim];
        self.variance.iter_mut().zip(variances).for_each(|(sum, &v)| *sum += weight * f64::from(v));
    }

    /// The system, and Q, when the asker's ratings have this relative noise precision.
    fn system(&self, omega: f64) -> Result<(Influence, Vec<f64>), SolveError> {
        let tau = f64::from(self.beliefs.tau) * omega;
        let prior: Vec<f64> = self.beliefs.precision.iter().map(|&p| f64::from(p) / tau).collect();
        let diagonal: Vec<f64> = prior.iter().zip(&self.variance).map(|(q, v)| q + v).collect();
        let system = Influence::new(self.model.solver.level(), self.rows.clone(), &self.weights, &diagonal)?;
        Ok((system, prior))
    }

    /// The noise precision that follows from a first pass with 1.
    fn omega(&self) -> Result<f64, SolveError> {
        let dim = self.mean.len();
        let (system, prior) = self.system(1.0)?;
        let (mut told, mut square) = (vec![0.0; dim], vec![0.0; dim]);
        let mut squares = self.offset_variance;
        for ((y, &w), &t) in self.rows.chunks_exact(dim).zip(&self.weights).zip(&self.targets) {
            squares += w * t * t;
            for k in 0..dim {
                told[k] += w * t * y[k];
                square[k] += w * y[k] * y[k];
            }
        }
        let right: Vec<f64> = (0..dim).map(|k| told[k] + prior[k] * self.mean[k]).collect();
        let (x, _) = system.of(&right)?;
        let explained = |k: usize| x[k] * (told[k] + prior[k] * (x[k] - self.mean[k]));
        let spread = |k: usize| {
            (1.0 - prior[k] / (square[k] + self.variance[k] + prior[k])) / f64::from(self.beliefs.tau)
        };
        let error = squares + (0..dim).map(|k| spread(k) - explained(k)).sum::<f64>();
        Ok(f64::from(self.beliefs.weight(self.weights.len(), error.max(0.0))))
    }
}

impl<'a> Asker<'a> {
    fn new(model: &'a BiasedMf, history: History<'a>) -> Result<Self, SolveError> {
        let sums = Sums::new(model, history);
        let (system, prior) = sums.system(sums.omega()?)?;
        let pulled = prior.iter().zip(&sums.mean).map(|(q, mean)| q * mean).collect();
        Ok(Self { model, history, system, targets: sums.targets, pulled })
    }

    fn explain(&self, profile: &Profile, item: ItemIx) -> Result<Explanation, SolveError> {
        let (parts, dim) = (&self.model.parts, self.pulled.len());
        let row = &parts.items[item.ix() * dim..][..dim];
        let y: Vec<f64> = row[..dim - 1].iter().map(|&q| f64::from(q)).chain([1.0]).collect();
        let (solved, carried) = self.system.of(&y)?;
        let (center, spread) = (f64::from(parts.scaling.center), f64::from(parts.scaling.spread));
        let expected: f64 = solved.iter().zip(&self.pulled).map(|(u, pulled)| u * pulled).sum();
        let base = center + spread * (f64::from(row[dim - 1]) + expected);
        let added = carried.iter().zip(&self.targets).map(|(h, t)| (spread * h * t) as f32);
        let reasons = self.history.iter().zip(added);
        let reasons = reasons.map(|((item, value), contribution)| Reason { item, value, contribution });
        let mut score = [0.0];
        self.model.score_block(profile, item, &mut score);
        Ok(Explanation::new(item, score[0], base as f32, reasons.collect()))
    }
}
