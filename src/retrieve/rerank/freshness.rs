//! What is new needs to be seen to be judged.

use super::{Adjust, RerankError};
use crate::data::Interactions;
use crate::model::{ParamError, Query};
use crate::retrieve::Hit;

/// Adds to each score a bonus that halves with every `half_life` of the item's age:
/// `strength * 2^(-age / half_life)`.
///
/// An item from the future is as fresh as can be; one without a time gets nothing. Times are in the unit of the data.
/// The moment is that of the question ([`Query::at`]), or else `now`. Borrowed times make it cheap to make anew for
/// every moment.
///
/// ```
/// use foldin::data::ItemIx;
/// use foldin::model::Query;
/// use foldin::retrieve::{Freshness, Hit, Rerank, RerankError};
/// let day = 86_400;
/// let times = [Some(0), Some(30 * day), None];
/// let pool = [(0, 0.9), (1, 0.7), (2, 0.6)].map(|(item, score)| Hit { item: ItemIx::new(item), score });
/// let fresh = Freshness::new(&times, 30 * day, 7.0 * 86_400.0, 0.5)?;
/// let list = Rerank::new(100).adjust(&fresh).choose(&Query::anyone(), &pool, 3)?;
/// assert_eq!(list.iter().map(|hit| hit.item.get()).collect::<Vec<_>>(), [1, 0, 2]);
/// # Ok::<(), RerankError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Freshness<'a> {
    times: &'a [Option<i64>],
    now: i64,
    half_life: f64,
    strength: f32,
}

impl<'a> Freshness<'a> {
    /// From the time of each item, in the order of the indices; `half_life` is above 0, `strength` (in units of the
    /// score) at least 0.
    ///
    /// # Errors
    /// [`RerankError::Param`] for a number out of range.
    pub fn new(
        times: &'a [Option<i64>],
        now: i64,
        half_life: f64,
        strength: f32,
    ) -> Result<Self, RerankError> {
        let sound = half_life.is_finite() && half_life > 0.0;
        ParamError::require(sound, "half_life", half_life, "a finite number above 0")?;
        let sound = strength.is_finite() && strength >= 0.0;
        ParamError::require(sound, "strength", strength, "a finite number, at least 0")?;
        Ok(Self { times, now, half_life, strength })
    }

    /// When each item was first touched: its arrival, where nothing better is known. None for an item without events.
    ///
    /// # Errors
    /// [`RerankError::NoTimes`] for events without times.
    pub fn first_seen(data: &Interactions) -> Result<Vec<Option<i64>>, RerankError> {
        if !data.has_times() {
            return Err(RerankError::NoTimes);
        }
        Ok(data
            .items()
            .map(|(_, audience)| audience.times.and_then(|times| times.iter().min().copied()))
            .collect())
    }

    fn bonus(&self, now: i64, time: i64) -> f64 {
        let age = (now as f64 - time as f64).max(0.0);
        f64::from(self.strength) * (-age / self.half_life).exp2()
    }
}

impl Adjust for Freshness<'_> {
    fn adjust(&self, query: &Query<'_>, pool: &mut [Hit]) -> Result<(), RerankError> {
        let now = query.at.unwrap_or(self.now);
        for hit in pool {
            if let Some(time) = RerankError::look_up("freshness", self.times, hit.item)? {
                hit.score = (f64::from(hit.score) + self.bonus(now, *time)) as f32;
            }
        }
        Ok(())
    }
}
