//! What is answered.

use super::crowd::Crowd;
use super::reasons::{Reasons, moments};
use super::request::ForecastRequest;
use crate::data::{Feature, ItemIx, UserIx};
use crate::kernel::normal_quantile;
use crate::rating::bayes::BayesianMf;

/// How a title will be received. Made by [`BayesianMf::forecast`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Forecast {
    /// The mean of the ratings that the users asked would give, each having seen it.
    pub mean: Estimate,
    /// How many of the users asked would rate it at least `threshold`, each having seen it.
    pub audience: Estimate,
    /// The least rating of those who like it.
    pub threshold: f32,
    /// The users asked.
    pub users: Vec<UserIx>,
    /// The rating to expect of each, on the scale.
    pub expected: Vec<f32>,
    /// The standard deviation of each rating, noise included, in its units.
    pub deviation: Vec<f32>,
    /// How likely each is to rate it at least `threshold`, in [0, 1].
    pub probability: Vec<f32>,
    /// The most likely to like it, the likeliest first.
    pub top: Vec<Prospect>,
    /// The expected mean rating, by the users asked, of a title of which nothing is known.
    pub nothing_known: f64,
    /// How much each of its attributes moves the expected mean rating, the largest first.
    pub features: Vec<Reason>,
    /// The same for each field: the sum over its attributes.
    pub fields: Vec<Reason>,
    /// What its ratings say beyond its attributes: 0 for a title without ratings.
    pub own: Reason,
    /// The titles with ratings that are most like it, the most alike first.
    pub neighbours: Vec<Neighbour>,
}

/// A number and where it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Estimate {
    /// To be expected.
    pub value: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Somebody likely to like a title.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Prospect {
    /// Who.
    pub user: UserIx,
    /// How likely, in [0, 1].
    pub probability: f32,
    /// The rating to expect.
    pub expected: f32,
}

/// Something that moves a forecast, to first order: in units of the rating, against a title without it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Reason {
    /// What; a whole field has no value.
    pub feature: Feature,
    /// How much the expected mean rating rises by it: the mean over samples.
    pub effect: f64,
    /// The standard deviation over samples: how far the effect is not known.
    pub deviation: f64,
}

/// A title with ratings that is like the one asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Neighbour {
    /// Which.
    pub item: ItemIx,
    /// The correlation, over the users of the model, of what they are predicted to think of both: from -1 to 1.
    pub similarity: f64,
    /// How many of the users asked have rated it.
    pub audience: u32,
    /// Which share of these is expected to like the title asked about; none where nobody has rated it.
    pub overlap: Option<f64>,
}

/// Puts everything together.
pub(super) fn report(
    model: &BayesianMf,
    users: Vec<UserIx>,
    crowd: Crowd,
    (reasons, neighbours): (Reasons, Vec<Neighbour>),
    request: &ForecastRequest<'_>,
    threshold: f32,
) -> Forecast {
    let Crowd { expected, deviation, probability, sums } = crowd;
    let (n, scale) = (users.len() as f64, model.parts.ratings.range());
    let means: Vec<f64> = sums.ratings.iter().map(|sum| sum / n).collect();
    let on_scale = (f64::from(scale.min), f64::from(scale.max));
    let mean = Estimate::of(&means, sums.rating_noise / (n * n), request.interval, on_scale);
    let audience = Estimate::of(&sums.likes, sums.like_noise, request.interval, (0.0, n));
    let prospect =
        |at: usize| Prospect { user: users[at], probability: probability[at], expected: expected[at] };
    let mut top: Vec<Prospect> = (0..users.len()).map(prospect).collect();
    let rank = |p: &Prospect| (p.probability, p.expected);
    top.sort_by(|a, b| {
        let ((a1, a2), (b1, b2)) = (rank(a), rank(b));
        b1.total_cmp(&a1).then(b2.total_cmp(&a2)).then(a.user.cmp(&b.user))
    });
    top.truncate(request.top);
    let Reasons { nothing_known, features, fields, own } = reasons;
    Forecast {
        mean,
        audience,
        threshold,
        users,
        expected,
        deviation,
        probability,
        top,
        nothing_known,
        features,
        fields,
        own,
        neighbours,
    }
}

impl Estimate {
    /// Of a number in each sample, and of the variance that it has beside. Everything lies within bounds.
    pub(super) fn of(samples: &[f64], noise: f64, probability: f64, (least, most): (f64, f64)) -> Self {
        let (mean, variance) = moments(samples);
        let deviation = (variance + noise).sqrt();
        let half = deviation * normal_quantile(0.5 + 0.5 * probability);
        let within = |x: f64| x.clamp(least, most);
        Self { value: within(mean), deviation, low: within(mean - half), high: within(mean + half) }
    }
}
