//! A small model that says what the samples say on average.
//!
//! *Knows*: the samples a model keeps. *Does not know*: the ratings, held-out truth.
//! *Cost*: [`ROUNDS`](subspace) times `4 * (users + items) * kept * factors * K` multiply-adds; never users times items.
//! *Fails* with [`CompressError`], which says what to do.
//!
//! The mean over the samples is an inner product of rows of `kept * (factors + 1)` numbers. Its best approximation of rank
//! K, each user and item as heavy as it has ratings, is found in the rows alone (`subspace`); means of rows are biases
//! (`maps`). Every sample of a row is then seen through the factors of the other side. How far samples differ tells how
//! unsure an item's row is, and how users differ, from user to user and sample to sample, is what there is to believe of
//! somebody new (`belief`). So what comes out is a [`BiasedMf`], which folds in histories by its own linear system.

mod belief;
mod maps;
mod pairs;
mod report;
mod subspace;
#[cfg(test)]
mod tests;

pub use report::{CompressError, Compressed, Compression, CompressionReport};

use super::BayesianMf;
use crate::par::Workers;
use crate::rating::mf::{Activity, BiasedMf, Parts};
use crate::rating::start::Scaling;
use belief::Belief;
use maps::Maps;
use pairs::Pairs;

/// How many ratings the belief is worth that an asker is as noisy as all others: what the samples take for certain.
const STEADINESS: f32 = 1e6;

impl BayesianMf {
    /// Compresses the kept samples to a small ordinary model.
    ///
    /// What it leaves out: time; attributes and sets of those who ask, but for how many ratings they have; intervals.
    /// Ordinal ratings follow a straight line instead of steps. Rows of users and items without ratings stay what their
    /// attributes made of them. [`CompressionReport`] tells how far its predictions are from those of all samples.
    ///
    /// ```
    /// use foldin::data::synthetic::Synthetic;
    /// use foldin::model::Fit;
    /// use foldin::rating::{BayesianMfParams, Compression};
    /// let data = Synthetic::tiny().generate()?.interactions;
    /// let model = BayesianMfParams::new().factors(4).samples(20).burn_in(10).fit(&data)?;
    /// let small = model.compress(&Compression::new(8))?;
    /// println!("predictions differ by {:.3} stars", small.report.apart);
    /// assert_eq!(small.model.factors(), 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CompressError`] for factors out of range, threads that do not start, numbers too large to multiply.
    pub fn compress(&self, how: &Compression) -> Result<Compressed, CompressError> {
        how.check()?;
        let workers = Workers::new(how.threads)?;
        let maps = Maps::find(self, how.factors, &workers)?;
        let activity = Activity::of(&self.offsets());
        let (maps, prior) = Belief::of(self, &maps, &activity, &workers)?.whiten(maps)?;
        let pairs = Pairs::ask(self, &workers)?;
        let users = maps.users(self, &workers)?;
        let (items, item_variances) = maps.items(self, &workers)?;
        let (center, spread) = pairs.line;
        let apart = pairs.apart(how.factors, &users, &items);
        let model = BiasedMf::try_from(Parts {
            factors: how.factors,
            scaling: Scaling { center, spread, range: self.parts.ratings.range() },
            users,
            items,
            item_variances,
            item_weights: self.parts.noise.items.iter().map(|noise| 1.0 / noise).collect(),
            prior,
            activity,
            tau: (1.0 / (pairs.noise + apart)) as f32,
            steadiness: STEADINESS,
            regularization: 1.0,
            seen: self.parts.seen.clone(),
        });
        let model = model.map_err(|_| CompressError::TooLarge)?;
        let report = pairs.report(self, &model, &workers)?;
        Ok(Compressed { model, report })
    }

    /// Where the items of each user begin.
    fn offsets(&self) -> Vec<usize> {
        self.parts.seen.offsets()
    }
}
