//! How good the mean prediction of the samples so far is on held-out ratings.

use super::events::EVENTS;
use super::noise::Noise;
use super::ratings::Ratings;
use super::time::{Calendar, Effect};
use crate::data::{Event, Interactions};
use crate::kernel::{Level, Matrix, dot};
use crate::par::Workers;

/// Held-out ratings with the sums of their predictions.
pub(super) struct Validation {
    events: Vec<Event>,
    sums: Vec<f64>,
    counted: usize,
}

/// All that a sample predicts from.
pub(super) struct Sample<'a> {
    pub(super) users: &'a Matrix,
    pub(super) items: &'a Matrix,
    pub(super) effects: &'a [Effect],
    pub(super) calendar: Option<&'a Calendar>,
    pub(super) noise: &'a Noise,
    pub(super) ratings: &'a Ratings,
    pub(super) level: Level,
}

impl Sample<'_> {
    /// The rating this sample expects, not clipped.
    fn predict(&self, event: &Event) -> f64 {
        let (user, item) = (event.user.ix(), event.item.ix());
        let (x, y) = (self.users.row(user), self.items.row(item));
        let dim = x.len() - 1;
        let time = self.calendar.map_or(0.0, |calendar| {
            let value =
                |effect: &Effect| effect.value(effect.kind.key(calendar, event.user, event.item, event.time));
            self.effects.iter().map(value).sum::<f32>()
        });
        let z = dot(self.level, &x[..dim], &y[..dim]) + x[dim] + y[dim] + time;
        let precision =
            self.noise.tau * f64::from(self.noise.users.omega[user] * self.noise.items.omega[item]);
        self.ratings.expected(f64::from(z), 1.0 / precision)
    }
}

impl Validation {
    pub(super) fn new(held_out: &Interactions) -> Self {
        let events: Vec<Event> = held_out.events().collect();
        let sums = vec![0.0; events.len()];
        Self { events, sums, counted: 0 }
    }

    /// Adds a sample, if it counts, and returns the root mean squared error of the clipped mean prediction; that of the
    /// sample alone before any counts.
    pub(super) fn add(&mut self, sample: &Sample<'_>, workers: &Workers, counts: bool) -> f64 {
        self.counted += usize::from(counts);
        let (counted, range) = (self.counted, sample.ratings.range());
        let jobs = self.events.chunks(EVENTS).zip(self.sums.chunks_mut(EVENTS)).collect();
        let sums = workers.map(
            jobs,
            || (),
            |(), (events, sums)| {
                let mut squares = 0.0;
                for (event, sum) in events.iter().zip(sums) {
                    let mut mean = sample.predict(event);
                    if counts {
                        *sum += mean;
                        mean = *sum / counted as f64;
                    }
                    squares += (f64::from(range.clip(mean as f32)) - f64::from(event.value)).powi(2);
                }
                squares
            },
        );
        (sums.into_iter().sum::<f64>() / self.events.len() as f64).sqrt()
    }
}
