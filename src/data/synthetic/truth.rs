//! Where the ratings come from.

use super::Synthetic;
use super::catalogue::Catalogue;
use super::draw::{Draw, Stream};
use super::people::People;
use crate::data::{ItemIx, UserIx};

/// The mean of all stars that a catalogue of average items gets.
const MEAN: f32 = 3.4;
/// Standard deviations of the biases, in stars.
const USER_BIAS: f32 = 0.4;
const ITEM_BIAS: f32 = 0.4;
/// The first moment, and how many seconds pass to the last: six years from 1 January 2000.
pub(super) const BEGIN: i64 = 946_684_800;
pub(super) const SPAN: i64 = 6 * 365 * 86_400;

/// The parameters behind generated ratings. Rows of the factors are `row * n_factors ..`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Truth {
    /// How many factors there are.
    pub n_factors: usize,
    /// The rating of an average user for an average item in the middle of the time.
    pub mean: f32,
    /// How much all ratings rise from the beginning to the end.
    pub trend: f32,
    /// One per user, in stars.
    pub user_bias: Vec<f32>,
    /// How much each user's ratings rise from the beginning to the end.
    pub user_drift: Vec<f32>,
    /// The users' factors in the middle of the time.
    pub user_factors: Vec<f32>,
    /// How much these change from the beginning to the end.
    pub user_factor_drift: Vec<f32>,
    /// One per item, in stars.
    pub item_bias: Vec<f32>,
    /// The items' factors.
    pub item_factors: Vec<f32>,
}

impl Truth {
    pub(super) fn draw(settings: &Synthetic, catalogue: &Catalogue, people: &People) -> Self {
        let (n, n_factors) = (settings.users as usize, settings.factors);
        let mut truth = Self {
            n_factors,
            mean: MEAN,
            trend: settings.drift / 2.0,
            user_bias: Vec::with_capacity(n),
            user_drift: Vec::with_capacity(n),
            user_factors: Vec::with_capacity(n * n_factors),
            user_factor_drift: Vec::with_capacity(n * n_factors),
            item_bias: catalogue.quality.iter().map(|quality| ITEM_BIAS * quality).collect(),
            item_factors: catalogue.factors.clone(),
        };
        let per_factor = (n_factors as f32).sqrt();
        let told = f64::from(settings.told.unwrap_or(0.0));
        let (told, own) = (told.sqrt(), (1.0 - told).sqrt());
        for user in 0..n {
            let mut draw = Draw::new(settings.seed, Stream::User, user as u64);
            let mut common = people.common(user);
            truth
                .user_bias
                .push(USER_BIAS * (own * draw.normal() + told * common.next().unwrap_or_default()) as f32);
            truth.user_drift.push(settings.drift * draw.normal() as f32);
            let (taste, drift) = (settings.taste / per_factor, settings.drift / per_factor);
            let factors = common.map(|common| (own * draw.normal() + told * common) as f32);
            truth.user_factors.extend(factors.map(|factor| taste * factor));
            truth.user_factor_drift.extend((0..n_factors).map(|_| drift * draw.normal() as f32));
        }
        truth
    }

    /// What a user would think of an item at a moment: on the scale, without noise and not rounded.
    /// None for an unknown user or item.
    pub fn rating(&self, user: UserIx, item: ItemIx, time: i64) -> Option<f32> {
        let known = user.ix() < self.user_bias.len() && item.ix() < self.item_bias.len();
        known.then(|| self.raw(user.ix(), item.ix(), centred(time)).clamp(1.0, 5.0))
    }

    /// The factors' part of a rating in the middle of the time.
    pub(super) fn taste(&self, user: usize, item: usize) -> f32 {
        let (users, items) = (self.row(user), self.row(item));
        self.user_factors[users].iter().zip(&self.item_factors[items]).map(|(p, q)| p * q).sum()
    }

    /// The rating before it is brought onto the scale.
    pub(super) fn raw(&self, user: usize, item: usize, centred: f32) -> f32 {
        let drift = &self.user_factor_drift[self.row(user)];
        let moved: f32 = drift.iter().zip(&self.item_factors[self.row(item)]).map(|(r, q)| r * q).sum();
        let biases = self.user_bias[user] + self.item_bias[item];
        let over_time = self.trend + self.user_drift[user] + moved;
        self.mean + biases + self.taste(user, item) + centred * over_time
    }

    fn row(&self, row: usize) -> std::ops::Range<usize> {
        row * self.n_factors..(row + 1) * self.n_factors
    }
}

/// A moment as a part of the span: from -1/2 to 1/2, and there it stays.
pub(super) fn centred(time: i64) -> f32 {
    let part = time.saturating_sub(BEGIN) as f64 / SPAN as f64;
    (part.clamp(0.0, 1.0) - 0.5) as f32
}
