//! The ratings as the sampler sees them: in the order of the users and in that of the items.

use super::draws::{Draw, place};
use super::ratings::Ratings;
use crate::data::Interactions;
use crate::kernel::Stream;
use crate::par::Workers;

/// Events of one job.
pub(super) const EVENTS: usize = 1 << 14;

/// The numbers behind the ratings, what time says of them, and what nothing explains. By user unless said otherwise.
pub(super) struct Events {
    /// z: standardised ratings, or the numbers drawn behind levels.
    pub(super) targets: Vec<f32>,
    pub(super) targets_by_item: Vec<f32>,
    /// What time says.
    pub(super) drift: Vec<f32>,
    pub(super) drift_by_item: Vec<f32>,
    /// Targets less all the model says.
    pub(super) left: Vec<f32>,
    /// How exact each rating is: its noise precision.
    pub(super) precision: Vec<f32>,
    /// Where the events in the order of the items stand in that of the users.
    pub(super) from_item: Vec<u32>,
    /// The level of each rating, if ratings are levels.
    levels: Vec<u8>,
}

impl Events {
    pub(super) fn new(data: &Interactions, ratings: &Ratings, workers: &Workers, seed: u64) -> Self {
        let n = data.len();
        let values = || data.users().flat_map(|(_, history)| history.values.iter().copied());
        let levels: Vec<u8> = match ratings.is_ordinal() {
            true => values().map(|value| ratings.level(value) as u8).collect(),
            false => Vec::new(),
        };
        let mut events = Self {
            targets: values().map(|value| ratings.standardised(value)).collect(),
            targets_by_item: vec![0.0; n],
            drift: vec![0.0; n],
            drift_by_item: vec![0.0; n],
            left: vec![0.0; n],
            precision: vec![1.0; n],
            from_item: from_item(data),
            levels,
        };
        // Nothing is explained yet: the first numbers behind levels are drawn about zero.
        events.left.copy_from_slice(&events.targets);
        events.draw_latent(workers, ratings, place(seed, 0, Draw::Latent, 0));
        events.share(workers);
        events
    }

    /// Draws the numbers behind the levels, given what the model says and how exact each rating is; nothing where ratings
    /// are numbers.
    pub(super) fn draw_latent(&mut self, workers: &Workers, ratings: &Ratings, place: Stream) {
        let bounds: Vec<_> = (0..ratings.levels.len()).map(|level| ratings.bounds(level)).collect();
        let told = self.levels.chunks(EVENTS).zip(self.precision.chunks(EVENTS));
        let parts = self.targets.chunks_mut(EVENTS).zip(self.left.chunks_mut(EVENTS));
        let jobs = told.zip(parts).enumerate().collect();
        workers.map(
            jobs,
            || (),
            |(), (job, ((levels, precision), (targets, left)))| {
                let mut normal = Stream { row: job as u64, ..place }.normal();
                let told = levels.iter().zip(precision);
                for (((&level, &precision), target), left) in told.zip(targets).zip(left) {
                    let score = f64::from(*target) - f64::from(*left);
                    let root = f64::from(precision).sqrt();
                    let (low, high) = bounds[usize::from(level)];
                    let drawn = normal.between((low - score) * root, (high - score) * root) / root;
                    (*target, *left) = ((score + drawn) as f32, drawn as f32);
                }
            },
        );
    }

    /// Hands targets and drift over to the order of the items.
    pub(super) fn share(&mut self, workers: &Workers) {
        let parts = self.targets_by_item.chunks_mut(EVENTS).zip(self.drift_by_item.chunks_mut(EVENTS));
        let jobs = self.from_item.chunks(EVENTS).zip(parts).collect();
        let (targets, drift) = (&self.targets, &self.drift);
        workers.map(
            jobs,
            || (),
            |(), (from, (to_targets, to_drift))| {
                for ((&from, target), to_drift) in from.iter().zip(to_targets).zip(to_drift) {
                    (*target, *to_drift) = (targets[from as usize], drift[from as usize]);
                }
            },
        );
    }

    /// The root mean square of what is left.
    pub(super) fn error(&self, workers: &Workers) -> f64 {
        let jobs = self.left.chunks(EVENTS).collect();
        let sums =
            workers.map(jobs, || (), |(), left| left.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>());
        (sums.into_iter().sum::<f64>() / self.left.len() as f64).sqrt()
    }
}

fn from_item(data: &Interactions) -> Vec<u32> {
    let mut next = data.item_offsets().to_vec();
    let mut from = vec![0; data.len()];
    let ids = data.users().flat_map(|(_, history)| history.ids);
    for (event, item) in (0..).zip(ids) {
        from[next[item.ix()]] = event;
        next[item.ix()] += 1;
    }
    from
}
