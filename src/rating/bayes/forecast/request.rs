//! What is asked.

use crate::data::{EncodedRow, ItemIx, UserIx};
use crate::model::{ParamError, QueryError, RatingScale};
use crate::par::ThreadsError;

/// A title to forecast.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Title<'a> {
    /// An item of the training data, with or without ratings.
    Item(ItemIx),
    /// Something that is in no data, known by its attributes: see
    /// [`Attributes::encode`](crate::data::Attributes::encode). An empty row is a title of which nothing is known.
    Attributes(&'a EncodedRow),
}

/// What a forecast is to tell.
///
/// | setting | default |
/// |---|---|
/// | [`threshold`](Self::threshold) | three quarters up the scale: 4 of 5 stars |
/// | [`interval`](Self::interval) | 0.9 |
/// | [`users`](Self::users) | all |
/// | [`top`](Self::top) | 10 |
/// | [`neighbours`](Self::neighbours) | 10 |
/// | [`threads`](Self::threads) | 0: one per core |
#[derive(Clone, Copy, Debug)]
pub struct ForecastRequest<'a> {
    threshold: Option<f32>,
    pub(super) interval: f64,
    pub(super) users: Option<&'a [UserIx]>,
    pub(super) top: usize,
    pub(super) neighbours: usize,
    pub(super) threads: usize,
}

impl Default for ForecastRequest<'_> {
    fn default() -> Self {
        Self { threshold: None, interval: 0.9, users: None, top: 10, neighbours: 10, threads: 0 }
    }
}

impl<'a> ForecastRequest<'a> {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The least rating of those who like it; on the scale of the training ratings.
    #[must_use]
    pub fn threshold(self, rating: f32) -> Self {
        Self { threshold: Some(rating), ..self }
    }

    /// The probability that intervals hold the truth; above 0 and below 1.
    #[must_use]
    pub fn interval(self, probability: f64) -> Self {
        Self { interval: probability, ..self }
    }

    /// Who is asked: at least one, nobody twice.
    #[must_use]
    pub fn users(self, users: &'a [UserIx]) -> Self {
        Self { users: Some(users), ..self }
    }

    /// How many of the users most likely to like it are listed; all, where there are fewer.
    #[must_use]
    pub fn top(self, n: usize) -> Self {
        Self { top: n, ..self }
    }

    /// How many of the titles most like it are listed; all, where there are fewer. 0 saves their time.
    #[must_use]
    pub fn neighbours(self, n: usize) -> Self {
        Self { neighbours: n, ..self }
    }

    /// How many threads to use; 0 stands for one per core. No figure depends on it.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Checks the settings; returns the threshold.
    pub(super) fn check(&self, scale: RatingScale) -> Result<f32, ForecastError> {
        let RatingScale { min, max } = scale;
        let threshold = self.threshold.unwrap_or(min + 0.75 * (max - min));
        let expected = || format!("on the scale of the ratings, from {min} to {max}");
        if !(min..=max).contains(&threshold) {
            let found = threshold.to_string();
            return Err(ParamError { name: "threshold".into(), found, expected: expected().into() }.into());
        }
        let inside = self.interval > 0.0 && self.interval < 1.0;
        ParamError::require(inside, "interval", self.interval, "above 0 and below 1")?;
        Ok(threshold)
    }
}

/// The users, if they can be asked.
pub(super) fn checked_users(users: &[UserIx], n_users: u32) -> Result<Vec<UserIx>, ForecastError> {
    if users.is_empty() {
        return Err(ForecastError::NoUsers);
    }
    let mut asked = vec![false; n_users as usize];
    for &user in users {
        QueryError::check_user(user, n_users)?;
        if std::mem::replace(&mut asked[user.ix()], true) {
            return Err(ForecastError::RepeatedUser { user });
        }
    }
    Ok(users.to_vec())
}

/// A forecast that cannot be made.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum ForecastError {
    /// An item, a user or a feature that the model does not have.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A setting out of its range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// There is nobody to ask.
    #[error("nobody is asked: name at least one user, or leave the users out to ask all")]
    NoUsers,
    /// A user is named more than once and would be counted so.
    #[error("{user:?} is asked twice: name each user once")]
    RepeatedUser {
        /// The user.
        user: UserIx,
    },
    /// A title is described by attributes, and the model has none.
    #[error(
        "the model knows no attributes of items: fit it on data with item attributes, with `attributes` on, or ask for an item"
    )]
    NoAttributes,
    /// The attributes of the title are malformed.
    #[error(
        "attributes: {features} features and {values} finite values: give one finite value for each feature"
    )]
    Malformed {
        /// How many features there are.
        features: usize,
        /// How many finite values.
        values: usize,
    },
    /// The threads could not be started.
    #[error(transparent)]
    Threads(ThreadsError),
}
