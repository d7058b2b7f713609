//! What time says: effects that groups of ratings share, such as those of one user on one day.

use super::draws::{Draw, place};
use super::events::{EVENTS, Events};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::kernel::Stream;
use crate::model::ParamError;
use crate::par::{Workers, balanced, parts};

/// The Gamma prior of the precision of an effect: shape and rate. Worth two groups that differ by a tenth.
const PRIOR: (f64, f64) = (1.0, 0.01);

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days of an item's period, at least.
const MONTH: i64 = 30;

/// The most periods of an item.
const PERIODS: i64 = 64;

/// The most days that ratings can span: more are no Unix seconds, and each would take memory.
const MOST_DAYS: u64 = 100_000;

/// Into which groups a moment falls.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Calendar {
    /// The first moment of the data.
    pub(super) start: i64,
    /// The last.
    pub(super) end: i64,
}

impl Calendar {
    /// Of data with times; none without.
    pub(super) fn of(data: &Interactions) -> Result<Option<Self>, ParamError> {
        let calendar = data.time_range().map(|(start, end)| Self { start, end });
        let days = calendar.and_then(|calendar| calendar.day(calendar.end)).unwrap_or_default();
        let expected = "false, or times in Unix seconds";
        let found = format!("true, and the times of the ratings span {days} days");
        ParamError::require(days < MOST_DAYS, "time", found, expected).map(|()| calendar)
    }

    /// Days since the first moment; none outside the data.
    pub(super) fn day(&self, time: i64) -> Option<u64> {
        let inside = (self.start..=self.end).contains(&time);
        inside.then(|| time.abs_diff(self.start) / DAY as u64)
    }

    fn days_of_period(&self) -> u64 {
        let days = self.end.abs_diff(self.start) / DAY as u64 + 1;
        days.div_ceil(PERIODS as u64).max(MONTH as u64)
    }

    pub(super) fn period(&self, time: i64) -> Option<u64> {
        self.day(time).map(|day| day / self.days_of_period())
    }

    /// How many periods there are: at most 64.
    pub(super) fn n_periods(&self) -> usize {
        self.period(self.end).map_or(0, |last| last as usize + 1)
    }
}

/// A kind of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All ratings of a day.
    Day,
    /// A user's ratings of a day.
    UserDay,
    /// An item's ratings of a period.
    ItemPeriod,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::UserDay, Self::ItemPeriod];

    /// The group of a rating; none where time says nothing.
    pub(super) fn key(
        self,
        calendar: &Calendar,
        user: UserIx,
        item: ItemIx,
        time: Option<i64>,
    ) -> Option<u64> {
        let time = time?;
        let of = |row: u32, at: u64| u64::from(row) << 32 | at;
        match self {
            Self::Day => calendar.day(time),
            Self::UserDay => calendar.day(time).map(|day| of(user.get(), day)),
            Self::ItemPeriod => calendar.period(time).map(|period| of(item.get(), period)),
        }
    }
}

/// One number per group of events, drawn with a precision of its own.
pub(super) struct Effect {
    pub(super) kind: Kind,
    /// The key of each group, ascending.
    pub(super) keys: Vec<u64>,
    /// The events of group `g`: `events[offsets[g]..offsets[g + 1]]`.
    offsets: Vec<usize>,
    events: Vec<u32>,
    /// The group of each event.
    group: Vec<u32>,
    pub(super) values: Vec<f32>,
    precision: f64,
    /// The sum of `values` over the samples that count.
    pub(super) sums: Vec<f64>,
}

impl Effect {
    /// The effects that data with times has.
    pub(super) fn all(data: &Interactions, calendar: &Calendar) -> Vec<Self> {
        Kind::ALL.map(|kind| Self::new(kind, data, calendar)).into()
    }

    fn new(kind: Kind, data: &Interactions, calendar: &Calendar) -> Self {
        let key = |event: crate::data::Event| kind.key(calendar, event.user, event.item, event.time);
        let mut order: Vec<(u64, u32)> =
            data.events().zip(0..).map(|(event, at)| (key(event).unwrap_or_default(), at)).collect();
        order.sort_unstable();
        let (mut keys, mut offsets, mut group) = (Vec::new(), Vec::new(), vec![0; order.len()]);
        for (at, &(key, event)) in order.iter().enumerate() {
            if keys.last() != Some(&key) {
                keys.push(key);
                offsets.push(at);
            }
            group[event as usize] = keys.len() as u32 - 1;
        }
        offsets.push(order.len());
        let events = order.into_iter().map(|(_, event)| event).collect();
        let (values, sums) = (vec![0.0; keys.len()], vec![0.0; keys.len()]);
        Self { kind, keys, offsets, events, group, values, precision: 100.0, sums }
    }

    /// What this sample says of a group: nothing of one it does not know.
    pub(super) fn value(&self, key: Option<u64>) -> f32 {
        key.and_then(|key| self.keys.binary_search(&key).ok()).map_or(0.0, |at| self.values[at])
    }

    /// Counts this sample.
    pub(super) fn count(&mut self) {
        self.sums.iter_mut().zip(&self.values).for_each(|(sum, &value)| *sum += f64::from(value));
    }

    /// Draws the effect given what events leave over and how exact they are, and takes the change out of what is left.
    pub(super) fn draw(&mut self, workers: &Workers, events: &mut Events, (seed, sample): (u64, usize)) {
        let before = self.values.clone();
        let squares = self.draw_values(workers, events, place(seed, sample, Draw::Time, self.kind as usize));
        let mut normal = place(seed, sample, Draw::TimePrecision, self.kind as usize).normal();
        let shape = PRIOR.0 + 0.5 * self.values.len() as f64;
        self.precision = normal.gamma(shape) / (PRIOR.1 + 0.5 * squares);
        let change: Vec<f32> = self.values.iter().zip(before).map(|(now, before)| now - before).collect();
        let parts = events.left.chunks_mut(EVENTS).zip(events.drift.chunks_mut(EVENTS));
        let jobs = self.group.chunks(EVENTS).zip(parts).collect();
        workers.map(
            jobs,
            || (),
            |(), (groups, (left, drift))| {
                for ((&group, left), drift) in groups.iter().zip(left).zip(drift) {
                    let change = change[group as usize];
                    *left -= change;
                    *drift += change;
                }
            },
        );
    }

    /// Draws the number of each group; returns the sum of their squares.
    fn draw_values(&mut self, workers: &Workers, all: &Events, place: Stream) -> f64 {
        let cuts = balanced(&self.offsets, |n| n + 4, EVENTS);
        let jobs: Vec<_> = cuts.iter().cloned().zip(parts(&mut self.values, 1, &cuts)).enumerate().collect();
        let (offsets, events, own) = (&self.offsets, &self.events, self.precision);
        let sums = workers.map(
            jobs,
            || (),
            |(), (job, (groups, out))| {
                let mut normal = Stream { row: job as u64, ..place }.normal();
                let mut squares = 0.0;
                for (group, value) in groups.zip(out) {
                    let (mut weight, mut sum) = (0.0, 0.0);
                    for &event in &events[offsets[group]..offsets[group + 1]] {
                        let precision = f64::from(all.precision[event as usize]);
                        weight += precision;
                        sum += precision * f64::from(all.left[event as usize]);
                    }
                    let scale = 1.0 / (weight + own);
                    let drawn = (sum + weight * f64::from(*value)) * scale + scale.sqrt() * normal.draw();
                    squares += drawn * drawn;
                    *value = drawn as f32;
                }
                squares
            },
        );
        sums.into_iter().sum()
    }
}
