//! The fitted model: the samples it keeps.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fit::Drawn;
use super::kept::{Kept, braid};
use super::prior::{Prior, Rated};
use super::ratings::Ratings;
use super::reach::Reach;
use super::time::{Calendar, Kind};
use crate::data::{ItemAttributes, ItemIx, UserAttributes, UserIx};
use crate::kernel::Level;
use crate::model::Seen;
use crate::persist::Unsound;

/// A Bayesian matrix factorization: samples of what users and items may be like.
///
/// Scores are the mean over the kept samples; [`distribution`](Self::distribution) tells how far they differ. An item or
/// user without ratings is known by its attributes, if the data came with them, and else by what all have in common.
///
/// Memory: `4 * kept * (factors + 1)` bytes for each user, item and attribute, and for each item once more with
/// [`user_sets`](super::BayesianMfParams::user_sets), and with [`item_sets`](super::BayesianMfParams::item_sets).
///
/// It [lives](crate::live::Learner): a batch draws the rows it touches anew in every kept sample, given the rest of that
/// sample, items first. A user's row afterwards is a draw, with numbers of its own, from the posterior that folding in
/// their history draws from: scores differ as those of a trained user from a fold-in, by the deviation of the samples
/// over the root of their number. Means and spreads of the priors, what attributes and sets say, how noisy users and items
/// are, and effects of time stay those of the fit. So do attributes: who or what is new has none, and is as noisy as all. What
/// the set of its raters says of an item is what it said at the fit; items that came since, or were rated by somebody who
/// went, are drawn from the prior of new ones. Whoever goes takes noise, attributes, and days along. Cost: `kept * (events * factors^2 + factors^3)` multiply-adds for each row.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Parts", into = "Parts")
)]
pub struct BayesianMf {
    pub(super) parts: Parts,
    /// Whether an item has ratings.
    pub(super) item_known: Vec<bool>,
    /// How large its numbers are.
    pub(super) reach: Reach,
    pub(super) level: Level,
}

/// What makes up a model; everything else follows from it. A row has `samples` times `factors` and a bias, in
/// standardised units; rows of items end with what each period adds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Parts {
    pub(super) factors: usize,
    pub(super) samples: usize,
    pub(super) ratings: Ratings,
    pub(super) users: Vec<f32>,
    pub(super) items: Vec<f32>,
    pub(super) user_prior: Prior,
    pub(super) item_prior: Prior,
    /// Of users without ratings, where it is not that of all.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) newcomers: Option<Prior>,
    /// Of items with ratings, where it is not that of new ones.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) rated: Option<Rated>,
    /// Whether the weights of `user_prior` end with a row for each item.
    pub(super) user_sets: bool,
    pub(super) noise: Noise,
    pub(super) time: Option<Time>,
    pub(super) user_attributes: Option<Arc<UserAttributes>>,
    pub(super) item_attributes: Option<Arc<ItemAttributes>>,
    pub(super) seen: Seen,
    /// With fewer ratings an asker has just come, and these are not all there will be. 0 in files of before: found anew.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) few: u32,
    /// Users who have come since the fit, or have less ratings than at the fit, and have just come in this sense.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) begun: BTreeSet<UserIx>,
}

/// The variance of ratings about what the model says: `all * users[u] * items[i]`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Noise {
    pub(super) all: f32,
    pub(super) users: Vec<f32>,
    pub(super) items: Vec<f32>,
}

/// What time says: the mean over all samples.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Time {
    pub(super) calendar: Calendar,
    /// Of each day.
    pub(super) days: Vec<f32>,
    /// Of a user's days; ascending keys.
    pub(super) user_keys: Vec<u64>,
    pub(super) user_days: Vec<f32>,
}

impl PartialEq for BayesianMf {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl From<BayesianMf> for Parts {
    fn from(model: BayesianMf) -> Self {
        model.parts
    }
}

impl TryFrom<Parts> for BayesianMf {
    type Error = Unsound;

    fn try_from(mut parts: Parts) -> Result<Self, Unsound> {
        parts.check()?;
        if parts.few == 0 {
            parts.few = few(&parts.seen);
        }
        let mut item_known = vec![false; parts.noise.items.len()];
        parts.seen.rows().flatten().for_each(|item| item_known[item.ix()] = true);
        let reach = parts.reach();
        Ok(Self { parts, item_known, reach, level: Level::detect() })
    }
}

impl Parts {
    /// What a sampler has drawn.
    pub(super) fn new(drawn: Drawn<'_>) -> Self {
        let Drawn { params, data, kept, .. } = drawn;
        let dim = params.factors + 1;
        let time = drawn.calendar.map(|calendar| Time::of(calendar, &drawn));
        let periods = drawn.calendar.map_or(0, |calendar| calendar.n_periods());
        let width = kept.len() * dim;
        let rows = braid(&each(kept, |kept| &kept.items), dim);
        let mut items = Vec::with_capacity(data.n_items() as usize * (width + periods));
        for (item, row) in (0..).zip(rows.chunks_exact(width)) {
            items.extend_from_slice(row);
            items.extend(
                (0..periods).map(|period| drawn.effect(Kind::ItemPeriod, item << 32 | period as u64)),
            );
        }
        Self {
            factors: params.factors,
            samples: kept.len(),
            ratings: drawn.ratings,
            users: braid(&each(kept, |kept| &kept.users), dim),
            items,
            user_prior: Prior::of(kept, |kept| Some(&kept.of_users), dim),
            item_prior: Prior::of(kept, |kept| Some(&kept.of_items), dim),
            rated: params.item_sets.then(|| Rated::of(kept, data, dim)),
            newcomers: params.user_sets.then(|| Prior::of(kept, |kept| kept.of_newcomers.as_ref(), dim)),
            user_sets: params.user_sets,
            noise: drawn.noise,
            time,
            user_attributes: drawn.attributes.0,
            item_attributes: drawn.attributes.1,
            few: few(&Seen::new(data)),
            seen: Seen::new(data),
            begun: BTreeSet::new(),
        }
    }

    /// Numbers of a row in one sample.
    pub(super) fn dim(&self) -> usize {
        self.factors + 1
    }

    /// Numbers of a row in all samples.
    pub(super) fn width(&self) -> usize {
        self.samples * self.dim()
    }

    pub(super) fn n_periods(&self) -> usize {
        self.time.as_ref().map_or(0, |time| time.calendar.n_periods())
    }

    /// Numbers of an item's row.
    pub(super) fn item_width(&self) -> usize {
        self.width() + self.n_periods()
    }

    /// How many attributes of users there are.
    pub(super) fn n_user_features(&self) -> usize {
        self.user_attributes.as_ref().map_or(0, |known| known.n_features() as usize)
    }

    /// The same of items.
    pub(super) fn n_item_features(&self) -> usize {
        self.item_attributes.as_ref().map_or(0, |known| known.n_features() as usize)
    }

    pub(super) fn item(&self, item: usize) -> &[f32] {
        let width = self.item_width();
        &self.items[item * width..(item + 1) * width]
    }

    pub(super) fn user(&self, user: usize) -> &[f32] {
        let width = self.width();
        &self.users[user * width..(user + 1) * width]
    }
}

impl Time {
    /// What is said of a moment, in standardised units.
    pub(super) fn day(&self, at: i64) -> f32 {
        let day = self.calendar.day(at).and_then(|day| self.days.get(day as usize));
        day.copied().unwrap_or_default()
    }

    /// What is said of a user at a moment, in standardised units.
    pub(super) fn user_day(&self, user: Option<UserIx>, at: i64) -> f32 {
        let key = user.and_then(|user| Kind::UserDay.key(&self.calendar, user, ItemIx::default(), Some(at)));
        let found = key.and_then(|key| self.user_keys.binary_search(&key).ok());
        found.map_or(0.0, |at| self.user_days[at])
    }
}

impl Time {
    fn of(calendar: Calendar, drawn: &Drawn<'_>) -> Self {
        let last = calendar.day(calendar.end).unwrap_or_default();
        let user_keys = drawn.keys(Kind::UserDay).to_vec();
        let user_days = user_keys.iter().map(|&key| drawn.effect(Kind::UserDay, key)).collect();
        let days = (0..=last).map(|day| drawn.effect(Kind::Day, day)).collect();
        Self { calendar, days, user_keys, user_days }
    }
}

/// One part of every sample.
fn each<'k>(kept: &'k [Kept], part: impl Fn(&'k Kept) -> &'k Vec<f32>) -> Vec<&'k [f32]> {
    kept.iter().map(|kept| part(kept).as_slice()).collect()
}

/// Which part of the users have rated at least as much as somebody who has not just come.
const SETTLED: f64 = 0.95;

/// What all but a few users have rated, of those who have rated something.
fn few(seen: &Seen) -> u32 {
    let mut counts: Vec<usize> = seen.rows().map(<[_]>::len).filter(|&n| n > 0).collect();
    counts.sort_unstable();
    let at = ((1.0 - SETTLED) * counts.len() as f64) as usize;
    counts.get(at).map_or(1, |&count| count as u32)
}

impl BayesianMf {
    /// The prior of somebody with so many ratings, and whether the set of what they rated tells of them. That of somebody
    /// who has just come is unknown, be it empty or begun; `user` is somebody of the model, whose set was whole unless
    /// they have just come too.
    pub(super) fn prior_of_asker(&self, ratings: usize, user: Option<UserIx>) -> (&Prior, bool) {
        match &self.parts.newcomers {
            Some(newcomers) if !self.is_whole(ratings, user) => (newcomers, false),
            _ => (&self.parts.user_prior, self.parts.user_sets && ratings > 0),
        }
    }

    /// Whether so many ratings are all that are to be expected of somebody.
    pub(super) fn is_whole(&self, ratings: usize, user: Option<UserIx>) -> bool {
        let settled = user.filter(|user| !self.parts.begun.contains(user));
        let known = settled.map_or(0, |user| self.parts.seen.of(user).len());
        ratings >= self.parts.few as usize || (known > 0 && ratings >= known)
    }

    /// The number of factors of one sample, K.
    pub fn factors(&self) -> usize {
        self.parts.factors
    }

    /// How many samples it keeps.
    pub fn samples(&self) -> usize {
        self.parts.samples
    }

    /// The attributes of users that came with the training data.
    pub fn user_attributes(&self) -> Option<&Arc<UserAttributes>> {
        self.parts.user_attributes.as_ref()
    }

    /// The attributes of items that came with the training data.
    pub fn item_attributes(&self) -> Option<&Arc<ItemAttributes>> {
        self.parts.item_attributes.as_ref()
    }
}
