//! How a rating may turn out.

use super::BayesianMf;
use super::ratings::Ratings;
use crate::data::ItemIx;
use crate::kernel::{normal_cdf, normal_quantile};
use crate::model::{Profile, QueryError};

/// The distribution of one rating: what the samples say, their differences and the noise of ratings together.
///
/// Where ratings are levels (stars), a level stands for all numbers that round to it: half a step to either side.
#[derive(Clone, Copy, Debug)]
pub struct RatingDistribution<'m> {
    pub(super) ratings: &'m Ratings,
    /// Of the number behind the rating, in standardised units.
    pub(super) mean: f64,
    /// What the samples differ by.
    pub(super) spread: f64,
    /// What ratings differ by beside.
    pub(super) noise: f64,
}

impl RatingDistribution<'_> {
    /// The rating to expect, on the scale.
    pub fn mean(&self) -> f32 {
        self.ratings.range().clip(self.ratings.expected(self.mean, self.variance()) as f32)
    }

    /// The standard deviation of the rating, in its units.
    pub fn deviation(&self) -> f32 {
        let mean = self.ratings.expected(self.mean, self.variance());
        if !self.ratings.is_ordinal() {
            return self.ratings.scaling.spread * self.variance().sqrt() as f32;
        }
        let levels = self.ratings.levels.iter().enumerate();
        let square = |(at, &level): (usize, &f32)| self.level(at) * (f64::from(level) - mean).powi(2);
        levels.map(square).sum::<f64>().sqrt() as f32
    }

    /// How much of the variance behind the rating is what the model does not know, the rest being what nobody could: in
    /// [0, 1].
    pub fn doubt(&self) -> f32 {
        (self.spread / self.variance()) as f32
    }

    /// The probability of a rating of at least `rating`, in [0, 1]. Of levels, those count that are not below it.
    pub fn at_least(&self, rating: f32) -> f64 {
        if self.ratings.is_ordinal() {
            let first = self.ratings.levels.partition_point(|&level| level < rating);
            return if first < self.ratings.levels.len() { 1.0 - self.below(first) } else { 0.0 };
        }
        let z = f64::from(self.ratings.standardised(rating));
        normal_cdf((self.mean - z) / self.variance().sqrt())
    }

    /// The central interval that holds the rating with this probability, on the scale. `probability` is taken into
    /// [0, 1].
    pub fn interval(&self, probability: f64) -> (f32, f32) {
        let tail = 0.5 * (1.0 - probability.clamp(0.0, 1.0));
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    /// The number below which the rating lies with this probability, on the scale.
    pub fn quantile(&self, probability: f64) -> f32 {
        let probability = probability.clamp(1e-9, 1.0 - 1e-9);
        let range = self.ratings.range();
        if !self.ratings.is_ordinal() {
            let z = self.mean + self.variance().sqrt() * normal_quantile(probability);
            return range.clip(
                (f64::from(self.ratings.scaling.center) + f64::from(self.ratings.scaling.spread) * z) as f32,
            );
        }
        let levels = &self.ratings.levels;
        let last = levels.len() - 1;
        let at = (0..last).find(|&at| self.below(at + 1) >= probability).unwrap_or(last);
        let (below, within) = (self.below(at), self.level(at));
        let share = if within > 0.0 { ((probability - below) / within).clamp(0.0, 1.0) } else { 0.5 };
        let step = |from: usize, to: usize| 0.5 * f64::from(levels[to] - levels[from]);
        let low = if at > 0 { step(at - 1, at) } else { step(0, 1) };
        let high = if at < last { step(at, at + 1) } else { step(last - 1, last) };
        range.clip((f64::from(levels[at]) - low + share * (low + high)) as f32)
    }

    fn variance(&self) -> f64 {
        self.spread + self.noise
    }

    /// The probability of a rating below this level.
    fn below(&self, level: usize) -> f64 {
        normal_cdf((self.ratings.bounds(level).0 - self.mean) / self.variance().sqrt())
    }

    fn level(&self, level: usize) -> f64 {
        let upper = if level + 1 < self.ratings.levels.len() { self.below(level + 1) } else { 1.0 };
        (upper - self.below(level)).max(0.0)
    }
}

impl BayesianMf {
    /// How the asker of a profile may rate an item. `O(kept * factors)`.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`], and [`QueryError::Profile`] for a profile of another model.
    pub fn distribution(
        &self,
        profile: &Profile,
        item: ItemIx,
    ) -> Result<RatingDistribution<'_>, QueryError> {
        QueryError::check_items(&[item], self.parts.noise.items.len() as u32)?;
        let row = self.parts.item(item.ix());
        self.distribution_of(profile, row, self.parts.noise.items[item.ix()])
    }

    /// The same for an item's row.
    pub(super) fn distribution_of(
        &self,
        profile: &Profile,
        row: &[f32],
        noise: f32,
    ) -> Result<RatingDistribution<'_>, QueryError> {
        let (parts, width) = (&self.parts, self.parts.width());
        if (profile.dense.len(), profile.draws.len()) != (row.len(), width + 1) {
            return Err(QueryError::Profile { expected: row.len(), found: profile.dense.len() });
        }
        let scaling = &parts.ratings.scaling;
        let score = profile.offset + crate::kernel::dot(self.level, &profile.dense, row);
        let (draws, user_noise) = profile.draws.split_at(width);
        Ok(RatingDistribution {
            ratings: &parts.ratings,
            mean: f64::from((score - scaling.center) / scaling.spread),
            spread: self.spread(draws, &row[..width]),
            noise: f64::from(parts.noise.all * user_noise[0] * noise),
        })
    }

    /// The variance over the samples of what a pair of rows say.
    fn spread(&self, user: &[f32], item: &[f32]) -> f64 {
        let (dim, n) = (self.parts.dim(), self.parts.samples as f64);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (x, y) in user.chunks_exact(dim).zip(item.chunks_exact(dim)) {
            let z = crate::kernel::dot(self.level, &x[..dim - 1], &y[..dim - 1]) + x[dim - 1] + y[dim - 1];
            sum += f64::from(z);
            squares += f64::from(z) * f64::from(z);
        }
        ((squares - sum * sum / n) / (n - 1.0).max(1.0)).max(0.0)
    }
}
