//! The most popular items first, the same for everybody: the bar that every table shows.
//!
//! The score of an item is the sum over its events of `c 2^(-age / half-life)`, where `c` is 1 or the value of
//! the event, and `age` is counted back from the latest event of the data. Only positive values count: an event
//! of value 0 or below is no reason to recommend an item, and takes nothing away from others' either.
//!
//! *Cost*: one pass over the events; memory 4 bytes per item, and 4 per event to remember who has seen what.
//! *Choose another model* for anything personal: the order of the items is the same for everybody.
//! *Limitation*: popular items stay popular by being shown; a half-life lets new ones in.

mod file;

use std::time::Instant;

use crate::data::{Audience, Interactions, ItemIx, UserIx};
use crate::model::params::by_name;
use crate::model::{
    Fit, FitContext, FitError, FitReport, Fitted, ParamError, Params, Profile, Query, QueryError, Score,
    Seen, StopReason,
};

/// Parameters of [`Popularity`].
///
/// ```
/// use foldin::data::{Event, Interactions, ItemIx, UserIx};
/// use foldin::implicit::PopularityParams;
/// use foldin::model::{Fit, Query};
/// use foldin::retrieve::{ScoreExt, TopN};
/// let event = |user, item, day| Event {
///     user: UserIx::new(user),
///     item: ItemIx::new(item),
///     value: 1.0,
///     time: Some(day),
/// };
/// // Three people saw item 0 long ago, two saw item 1 today.
/// let events = [event(0, 0, 1), event(1, 0, 1), event(2, 0, 2), event(0, 1, 100), event(1, 1, 100)];
/// let data = Interactions::from_events(3, 2, &events)?;
/// let first = |params: PopularityParams| -> Result<ItemIx, foldin::Error> {
///     Ok(params.fit(&data)?.top_n(&Query::anyone(), &TopN::new(1))?[0].item)
/// };
/// assert_eq!(first(PopularityParams::new())?, ItemIx::new(0));
/// assert_eq!(first(PopularityParams::new().half_life(30.0))?, ItemIx::new(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct PopularityParams {
    /// After how much time an event counts half, in the unit of the data's times (usually seconds). At least 0;
    /// default 0: events do not age. Above 0 the data must have times.
    ///
    /// All ages are counted from one moment, and another moment would multiply all scores alike: the order of the
    /// items does not depend on it, nor on the moment that a question asks about.
    pub half_life: f64,
    /// Whether an event counts its value: plays, minutes, pieces bought. Default false: each event with a positive
    /// value counts 1, so that the score is the number of people.
    pub sum_values: bool,
}

impl PopularityParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`half_life`](Self#structfield.half_life).
    #[must_use]
    pub fn half_life(self, half_life: f64) -> Self {
        Self { half_life, ..self }
    }

    /// Sets [`sum_values`](Self#structfield.sum_values).
    #[must_use]
    pub fn sum_values(self, sum_values: bool) -> Self {
        Self { sum_values, ..self }
    }

    /// What the events of one item add up to.
    fn score(&self, audience: &Audience<'_>, latest: Option<i64>) -> f32 {
        let weight = |at: usize| {
            let value = audience.values[at];
            let count = if self.sum_values { f64::from(value) } else { 1.0 };
            if value > 0.0 { count * self.share_left(audience, at, latest) } else { 0.0 }
        };
        let sum: f64 = (0..audience.len()).map(weight).sum();
        // Scores are finite: what no number can hold is as popular as can be.
        sum.min(f64::from(f32::MAX)) as f32
    }

    /// The part of an event that age has left.
    fn share_left(&self, audience: &Audience<'_>, at: usize, latest: Option<i64>) -> f64 {
        match (audience.times, latest) {
            (Some(times), Some(latest)) if self.half_life > 0.0 => {
                (-(latest as f64 - times[at] as f64) / self.half_life).exp2()
            }
            _ => 1.0,
        }
    }
}

impl Params for PopularityParams {
    fn check(&self) -> Result<(), ParamError> {
        let sound = self.half_life.is_finite() && self.half_life >= 0.0;
        ParamError::require(sound, "half_life", self.half_life, "a finite number, at least 0")
    }

    by_name!(half_life, sum_values);
}

impl Fit for PopularityParams {
    type Model = Popularity;

    fn fit_checked(
        &self,
        data: &Interactions,
        _: &mut FitContext<'_>,
    ) -> Result<Fitted<Popularity>, FitError> {
        let start = Instant::now();
        let can_age = self.half_life == 0.0 || data.has_times();
        ParamError::require(can_age, "half_life", self.half_life, "0 where the events have no times")?;
        let latest = data.time_range().map(|(_, latest)| latest);
        let scores = data.items().map(|(_, audience)| self.score(&audience, latest)).collect();
        let model = Popularity { scores, seen: Seen::new(data) };
        let report = FitReport { curve: Vec::new(), stopped: StopReason::Epochs, elapsed: start.elapsed() };
        Ok(Fitted { model, report })
    }
}

/// How popular each item is: see [`PopularityParams`].
///
/// Everybody is answered alike, known or not; a history only tells what not to list. Items that nobody touched
/// score 0 and come last, the smaller index first.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "file::Unchecked")
)]
pub struct Popularity {
    scores: Vec<f32>,
    seen: Seen,
}

impl Popularity {
    /// The score of each item: at least 0, the larger the more popular.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}

impl Score for Popularity {
    fn n_users(&self) -> u32 {
        self.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.scores.len() as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        query.user.map_or(Ok(()), |user| QueryError::check_user(user, self.n_users()))?;
        query.history.map_or(Ok(()), |history| QueryError::check_history(&history, self.n_items()))
    }

    fn score_block(&self, _: &Profile, first: ItemIx, out: &mut [f32]) {
        let known = self.scores.get(first.ix()..).unwrap_or_default();
        let (inside, beyond) = out.split_at_mut(known.len().min(out.len()));
        inside.copy_from_slice(&known[..inside.len()]);
        beyond.fill(f32::NEG_INFINITY);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }
}

#[cfg(test)]
mod tests;
