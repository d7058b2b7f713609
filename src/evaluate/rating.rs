//! How far predicted ratings are from the ratings given: options and report.

use std::time::Duration;

use super::{Bootstrap, EvaluateError, Interval, RatingErrors};
use crate::data::Interactions;
use crate::model::{Basis, PredictRating};

/// What a resample is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Resample {
    /// Users with all their test ratings. The errors of one user hang together (somebody who rates at
    /// whim is mispredicted everywhere), so this is the honest interval for other people.
    #[default]
    Users,
    /// Items with all their test ratings: the interval for other items, where whole items are held out.
    Items,
    /// Single ratings, as if each were given independently. Narrower; the usual one in papers.
    Ratings,
}

/// How ratings are evaluated.
///
/// | option | default |
/// |---|---|
/// | [`threads`](Self::threads) | 0: one per core |
/// | [`fold_in`](Self::fold_in) | off: users are asked for by their trained rows |
/// | [`bootstrap`](Self::bootstrap) | 1000 resamples, 95 %, seed 0 |
/// | [`resample`](Self::resample) | users |
#[derive(Clone, Debug, Default)]
pub struct RatingOptions {
    pub(super) threads: usize,
    pub(super) fold_in: bool,
    pub(super) bootstrap: Bootstrap,
    pub(super) resample: Resample,
}

impl RatingOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads to use; 0 stands for one per core. No figure depends on it, but the time does.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Asks with each user's history in `train` instead of their trained row: how good the model is for
    /// people it folds in.
    #[must_use]
    pub fn fold_in(mut self) -> Self {
        self.fold_in = true;
        self
    }

    /// How the intervals are computed.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// What a resample is made of.
    #[must_use]
    pub fn resample(mut self, resample: Resample) -> Self {
        self.resample = resample;
        self
    }
}

/// On what the predictions of an evaluation rest, in numbers of predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ByBasis {
    /// On what was learned of the user and the item.
    pub learned: usize,
    /// On biases alone.
    pub biases: usize,
    /// On the mean of all ratings alone.
    pub global_mean: usize,
}

impl ByBasis {
    pub(super) fn count(&mut self, basis: Basis) {
        match basis {
            Basis::Learned => self.learned += 1,
            Basis::Biases => self.biases += 1,
            Basis::GlobalMean => self.global_mean += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.learned += other.learned;
        self.biases += other.biases;
        self.global_mean += other.global_mean;
    }
}

/// How far predictions were from the truth.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RatingReport {
    /// Root mean squared error over all test ratings, in units of the rating.
    pub rmse: f64,
    /// Mean absolute error over all test ratings.
    pub mae: f64,
    /// Where the RMSE lies on other samples; none when resampling is off.
    pub rmse_interval: Option<Interval>,
    /// The same for the MAE.
    pub mae_interval: Option<Interval>,
    /// How many test ratings there are.
    pub n: usize,
    /// How many users gave them.
    pub users: usize,
    /// On what the predictions rest.
    pub by_basis: ByBasis,
    /// The time of the predictions, profiles included, on the threads asked for.
    pub elapsed: Duration,
}

impl RatingReport {
    /// How many predictions were made in a second, profiles included.
    pub fn predictions_per_second(&self) -> f64 {
        self.n as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The difference between two models on the same test events.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Difference {
    /// RMSE of the first less RMSE of the second: negative when the first is better.
    pub rmse: f64,
    /// MAE of the first less MAE of the second.
    pub mae: f64,
    /// Where the difference of the RMSEs lies on other samples; one that does not hold 0 tells the
    /// models apart.
    pub rmse_interval: Option<Interval>,
    /// The same for the MAEs.
    pub mae_interval: Option<Interval>,
}

/// Predicts every test rating and says how far off the predictions are.
///
/// RMSE and MAE are taken over all test ratings, never averaged per user. Every rating is predicted:
/// what rests on little is counted in [`ByBasis`], not left out. Ratings are compared with predictions
/// as [`PredictRating::predict`] makes them: clipped to the scale, not rounded. A user's profile is
/// made once; a model that [knows time](crate::model::Score::knows_time) is asked about the moment of each
/// rating, if the test events have times. To compare models, keep their [`RatingErrors`].
///
/// # Errors
/// [`EvaluateError`] when the parts or the model do not fit together, there are no test events, the
/// model cannot answer or predicts no number, or an option is out of range.
pub fn rating<M: PredictRating + ?Sized>(
    model: &M,
    train: &Interactions,
    test: &Interactions,
    options: &RatingOptions,
) -> Result<RatingReport, EvaluateError> {
    RatingErrors::measure(model, train, test, options)?.report(options)
}
