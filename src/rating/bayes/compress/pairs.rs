//! What the full model says of pairs of the training data: the line that ratings follow, their noise, and how far a small
//! model is off.

use super::super::BayesianMf;
use super::super::distribution::RatingDistribution;
use super::report::CompressionReport;
use crate::data::{ItemIx, UserIx};
use crate::kernel::Level;
use crate::kernel::dot;
use crate::model::{PredictRating, Profile, Query, QueryError, Score};
use crate::par::{Workers, chunks};
use crate::rating::BiasedMf;

/// The least number of pairs, where there are as many.
const PAIRS: usize = 100_000;

/// Pairs of one job.
const JOB: usize = 4096;

/// A pair.
struct Pair {
    user: UserIx,
    item: ItemIx,
    /// The number behind the rating.
    score: f64,
    rating: f64,
    /// The variance of ratings about what is known, were the noise of all rows one.
    noise: f64,
}

pub(super) struct Pairs {
    all: Vec<Pair>,
    level: Level,
    /// Ratings are close to `line.0 + line.1 * score`.
    pub(super) line: (f32, f32),
    /// The variance about the line, in units of the score.
    pub(super) noise: f64,
}

impl Pairs {
    /// Asks the full model, for no moment.
    pub(super) fn ask(model: &BayesianMf, workers: &Workers) -> Result<Self, QueryError> {
        let seen = &model.parts.seen;
        let step = (seen.items().len() / PAIRS).max(1);
        let mut asked = Vec::with_capacity(seen.items().len() / step + 1);
        for (user, span) in (0..).zip(seen.offsets().windows(2)) {
            let first = span[0].next_multiple_of(step);
            asked.extend((first..span[1]).step_by(step).map(|at| (UserIx::new(user), seen.items()[at])));
        }
        let jobs = chunks(asked.len(), JOB).collect();
        let parts = workers.map(jobs, Profile::new, |profile, span| {
            let mut last = None;
            let of = |&(user, item): &(UserIx, ItemIx)| {
                if last.replace(user) != Some(user) {
                    model.profile(&Query::user(user), profile)?;
                }
                Ok(Pair::of(model, (user, item), &model.distribution(profile, item)?))
            };
            asked[span].iter().map(of).collect::<Result<Vec<Pair>, QueryError>>()
        });
        let mut all = Vec::with_capacity(asked.len());
        for part in parts {
            all.extend(part?);
        }
        let line = if model.parts.ratings.is_ordinal() { line(&all) } else { None };
        let scaling = model.parts.ratings.scaling;
        let line = line.unwrap_or((scaling.center, scaling.spread));
        let noise = match all.len() {
            0 => f64::from(model.parts.noise.all),
            n => all.iter().map(|pair| pair.noise).sum::<f64>() / n as f64 / f64::from(line.1).powi(2),
        };
        Ok(Self { all, level: model.level, line, noise })
    }

    /// The mean square of what these rows leave out, in units of the score.
    pub(super) fn apart(&self, factors: usize, users: &[f32], items: &[f32]) -> f64 {
        let width = factors + 1;
        let square = |pair: &Pair| {
            let (x, y) =
                (&users[pair.user.ix() * width..][..width], &items[pair.item.ix() * width..][..width]);
            let score = dot(self.level, &x[..factors], &y[..factors]) + x[factors] + y[factors];
            (f64::from(score) - pair.score).powi(2)
        };
        self.all.iter().map(square).sum::<f64>() / (self.all.len() as f64).max(1.0)
    }

    /// How far the small model is off.
    pub(super) fn report(
        &self,
        model: &BayesianMf,
        small: &BiasedMf,
        workers: &Workers,
    ) -> Result<CompressionReport, QueryError> {
        let (scale, (center, spread)) = (model.scale(), self.line);
        let jobs = chunks(self.all.len(), JOB).collect();
        let parts = workers.map(jobs, Profile::new, |profile, span| {
            let (mut apart, mut line) = (0.0, 0.0);
            let mut last = None;
            for pair in &self.all[span] {
                if last.replace(pair.user) != Some(pair.user) {
                    small.profile(&Query::user(pair.user), profile)?;
                }
                let found = small.predict(profile, pair.item)?.rating;
                apart += (f64::from(found) - pair.rating).powi(2);
                let straight = scale.clip(center + spread * pair.score as f32);
                line += (f64::from(straight) - pair.rating).powi(2);
            }
            Ok::<_, QueryError>((apart, line))
        });
        let (mut apart, mut line) = (0.0, 0.0);
        for part in parts {
            let part = part?;
            apart += part.0;
            line += part.1;
        }
        let root = |sum: f64| (sum / (self.all.len() as f64).max(1.0)).sqrt();
        Ok(CompressionReport { pairs: self.all.len(), apart: root(apart), line: root(line) })
    }
}

impl Pair {
    fn of(model: &BayesianMf, (user, item): (UserIx, ItemIx), told: &RatingDistribution<'_>) -> Self {
        let noise = &model.parts.noise;
        let of_rows = f64::from(noise.users[user.ix()] * noise.items[item.ix()]);
        let sure = RatingDistribution { spread: 0.0, ..*told };
        Self {
            user,
            item,
            score: told.mean,
            rating: f64::from(told.mean()),
            noise: f64::from(sure.deviation()).powi(2) / of_rows,
        }
    }
}

/// The line through the pairs with the least squares; none where it does not rise.
fn line(all: &[Pair]) -> Option<(f32, f32)> {
    let n = all.len() as f64;
    let mean = |of: fn(&Pair) -> f64| all.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|pair| pair.score), mean(|pair| pair.rating));
    let (mut squares, mut products) = (0.0, 0.0);
    for pair in all {
        squares += (pair.score - x).powi(2);
        products += (pair.score - x) * (pair.rating - y);
    }
    let slope = products / squares;
    let rises = slope > 1e-6 && slope.is_finite();
    rises.then_some(((y - slope * x) as f32, slope as f32))
}
