//! From ratings to the numbers that are factored, and back.

use super::Likelihood;
use crate::data::Interactions;
use crate::kernel::{normal_cdf, normal_quantile};
use crate::model::{FitError, ParamError, RatingScale};
use crate::rating::start::Scaling;

/// The most levels that can be told apart.
const MOST_LEVELS: usize = 256;

/// What ratings have in common: `center + spread * z`, where z has mean 0 and variance 1; or levels, at which z is cut.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Ratings {
    pub(super) scaling: Scaling,
    /// The different ratings, ascending; empty where they are plain numbers.
    pub(super) levels: Vec<f32>,
    /// Where each level but the first begins, in z.
    pub(super) cuts: Vec<f32>,
}

impl Ratings {
    pub(super) fn of(data: &Interactions, likelihood: Likelihood) -> Result<Self, FitError> {
        let scaling = Scaling::of(data)?;
        let most = match likelihood {
            Likelihood::Gaussian => 0,
            Likelihood::Auto => Likelihood::LEVELS,
            Likelihood::Ordinal => MOST_LEVELS,
        };
        let counts = if most == 0 { None } else { count_levels(data, most) };
        match counts {
            Some(counts) if counts.len() > 1 => Ok(Self::ordinal(scaling, &counts, data.len())),
            None if likelihood == Likelihood::Ordinal => Err(too_many_levels()),
            _ => Ok(Self { scaling, levels: Vec::new(), cuts: Vec::new() }),
        }
    }

    /// Cuts at which a standard normal number falls into the levels as often as the ratings do.
    fn ordinal(scaling: Scaling, counts: &[(f32, usize)], n: usize) -> Self {
        let mut below = 0;
        let cut = |&(_, count): &(f32, usize)| {
            below += count;
            normal_quantile(below as f64 / n as f64) as f32
        };
        let cuts = counts[..counts.len() - 1].iter().map(cut).collect();
        Self { scaling, levels: counts.iter().map(|level| level.0).collect(), cuts }
    }

    /// Whether ratings are levels.
    pub(super) fn is_ordinal(&self) -> bool {
        !self.levels.is_empty()
    }

    /// The level of a rating, or the one that begins below it.
    pub(super) fn level(&self, rating: f32) -> usize {
        self.levels.partition_point(|&level| level <= rating).saturating_sub(1)
    }

    /// Where z lies for a level.
    pub(super) fn bounds(&self, level: usize) -> (f64, f64) {
        let low = level.checked_sub(1).map_or(f64::NEG_INFINITY, |at| f64::from(self.cuts[at]));
        let high = self.cuts.get(level).map_or(f64::INFINITY, |&cut| f64::from(cut));
        (low, high)
    }

    /// A plain number z for a rating.
    pub(super) fn standardised(&self, rating: f32) -> f32 {
        (rating - self.scaling.center) * self.scaling.factor()
    }

    /// The rating expected where z is normal, with this mean and variance.
    pub(super) fn expected(&self, mean: f64, variance: f64) -> f64 {
        if !self.is_ordinal() {
            return f64::from(self.scaling.center) + f64::from(self.scaling.spread) * mean;
        }
        let scale = 1.0 / variance.sqrt();
        let above = |cut: f32| normal_cdf((mean - f64::from(cut)) * scale);
        let steps = self.levels.windows(2).zip(&self.cuts);
        let rise: f64 = steps.map(|(pair, &cut)| f64::from(pair[1] - pair[0]) * above(cut)).sum();
        f64::from(self.levels[0]) + rise
    }

    pub(super) fn range(&self) -> RatingScale {
        self.scaling.range
    }
}

/// The different ratings with how often they occur, ascending; none when there are more than `most`.
fn count_levels(data: &Interactions, most: usize) -> Option<Vec<(f32, usize)>> {
    let mut counts: Vec<(f32, usize)> = Vec::new();
    for (_, history) in data.users() {
        for &value in history.values {
            match counts.binary_search_by(|level| level.0.total_cmp(&(value + 0.0))) {
                Ok(at) => counts[at].1 += 1,
                Err(_) if counts.len() == most => return None,
                Err(at) => counts.insert(at, (value + 0.0, 1)),
            }
        }
    }
    Some(counts)
}

fn too_many_levels() -> FitError {
    ParamError {
        name: "likelihood".into(),
        found: "ordinal, and the ratings have more than 256 different values".into(),
        expected: "gaussian or auto for such data".into(),
    }
    .into()
}
