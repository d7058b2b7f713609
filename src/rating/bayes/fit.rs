//! The sampler: start, samples, watching, stopping.

use super::cold::Cold;
use super::draws::{Draw, place};
use super::events::Events;
use super::features::Features;
use super::kept::{self, Belief, Kept};
use super::model::{self, BayesianMf, Parts};
use super::noise::Noise;
use super::params::BayesianMfParams;
use super::ratings::Ratings;
use super::side::{Failed, Frame, Seen, Side};
use super::time::{Calendar, Effect, Kind};
use super::validation::Validation;
use crate::data::{Interactions, ItemAttributes, ItemIx, UserAttributes, UserIx};
use crate::kernel::{RowSolver, SolveError};
use crate::model::{Clock, Epochs, FitContext, FitError, FitReport, Fitted};
use crate::par::Workers;
use crate::persist::Unsound;
use std::sync::Arc;

pub(super) fn fit(
    params: &BayesianMfParams,
    data: &Interactions,
    from: Option<&BayesianMf>,
    context: &mut FitContext<'_>,
) -> Result<Fitted<BayesianMf>, FitError> {
    if u32::try_from(data.len()).is_err() {
        return Err(FitError::Diverged {
            epoch: 1,
            row: "all ratings".into(),
            what: "the number of events",
            raise: None,
        });
    }
    let mut clock = Clock::start();
    let workers = Workers::new(context.get_threads())?;
    let mut state = match from {
        Some(model) => State::start_from(params, data, (&workers, context.get_seed()), model)?,
        None => State::start(params, data, (&workers, context.get_seed()))?,
    };
    let (curve, stopped) = clock.run(&mut state, params.burn_in + params.samples, context)?;
    let model = state.finish(curve.len())?;
    Ok(Fitted { model, report: FitReport { curve, stopped, elapsed: clock.elapsed() } })
}

/// What is known of users and of items.
pub(super) type Told = (Option<Arc<UserAttributes>>, Option<Arc<ItemAttributes>>);

/// Everything that changes from sample to sample.
pub(super) struct State<'d> {
    pub(super) params: &'d BayesianMfParams,
    pub(super) data: &'d Interactions,
    pub(super) workers: &'d Workers,
    seed: u64,
    pub(super) solver: RowSolver,
    pub(super) ratings: Ratings,
    pub(super) events: Events,
    pub(super) users: Side,
    pub(super) items: Side,
    /// What users and items without ratings are drawn from, where it is not the prior of the others.
    cold_users: Option<Cold<UserIx>>,
    cold_items: Option<Cold<ItemIx>>,
    pub(super) noise: Noise,
    calendar: Option<Calendar>,
    effects: Vec<Effect>,
    attributes: Told,
    kept: Vec<Kept>,
    /// How noisy users and items are: sums over the samples that count.
    spread: [Vec<f64>; 2],
    counted: usize,
    validation: Option<Validation>,
}

impl<'d> State<'d> {
    /// All rows at zero.
    pub(super) fn new(
        params: &'d BayesianMfParams,
        data: &'d Interactions,
        (workers, seed): (&'d Workers, u64),
        told: Told,
    ) -> Result<Self, FitError> {
        let dim = params.factors + 1;
        let ratings = Ratings::of(data, params.likelihood)?;
        let events = Events::new(data, &ratings, workers, seed);
        let calendar = if params.time { Calendar::of(data)? } else { None };
        let effects = calendar.map_or(Vec::new(), |calendar| Effect::all(data, &calendar));
        let attributes = if params.attributes { told } else { (None, None) };
        let (mut of_users, mut of_items) = (Features::new(), Features::new());
        if let Some(attributes) = &attributes.0 {
            of_users.add_attributes(attributes);
        }
        if let Some(attributes) = &attributes.1 {
            of_items.add_attributes(attributes);
        }
        if params.user_sets {
            of_users.add_user_sets(data);
        }
        if params.item_sets {
            of_items.add_item_sets(data);
        }
        let cold_users = || Cold::users(dim, data.user_offsets(), attributes.0.clone());
        let cold_items = || Cold::items(dim, data.item_offsets(), attributes.1.clone());
        let cold_users = params.user_sets.then(cold_users);
        let cold_items = params.item_sets.then(cold_items);
        Ok(Self {
            params,
            data,
            workers,
            seed,
            solver: RowSolver::new(dim),
            users: Side::new(dim, data.user_offsets(), of_users, 0),
            items: Side::new(dim, data.item_offsets(), of_items, 1),
            cold_users,
            cold_items,
            noise: Noise::new(data),
            ratings,
            events,
            calendar,
            effects,
            attributes,
            kept: Vec::new(),
            spread: [vec![0.0; data.n_users() as usize], vec![0.0; data.n_items() as usize]],
            counted: 0,
            validation: None,
        })
    }

    /// Draws all items, then all users.
    fn draw_rows(&mut self, sample: usize) -> Result<(), FitError> {
        let Self { data, workers, solver, seed, .. } = *self;
        let frame = Frame { workers, solver, tau: self.noise.tau, seed, sample };
        let (events, noise) = (&mut self.events, &self.noise);
        let seen = Seen {
            offsets: data.item_offsets(),
            targets: &events.targets_by_item,
            drift: &events.drift_by_item,
            own: &noise.items.omega,
            others: &noise.users.omega,
        };
        let audience = |i: usize| data.item(ItemIx::new(i as u32)).unwrap_or_default();
        self.items
            .draw(&frame, &self.users.rows, audience, &seen, None)
            .map_err(|at| failed(sample, "item", at))?;
        if let Some(cold) = &mut self.cold_items {
            cold.draw(&frame, &self.items.rows).map_err(|error| failed(sample, "item", error.into()))?;
        }
        let seen = Seen {
            offsets: data.user_offsets(),
            targets: &events.targets,
            drift: &events.drift,
            own: &noise.users.omega,
            others: &noise.items.omega,
        };
        let history = |u: usize| data.user(UserIx::new(u as u32)).unwrap_or_default();
        self.users
            .draw(&frame, &self.items.rows, history, &seen, Some(&mut events.left))
            .map_err(|at| failed(sample, "user", at))?;
        match &mut self.cold_users {
            Some(cold) => {
                cold.draw(&frame, &self.users.rows).map_err(|error| failed(sample, "user", error.into()))
            }
            None => Ok(()),
        }
    }

    /// Draws the numbers behind levels.
    pub(super) fn draw_latent(&mut self, sample: usize) {
        let at = place(self.seed, sample, Draw::Latent, 0);
        self.events.draw_latent(self.workers, &self.ratings, at);
    }

    /// Counts a sample after the burn-in.
    fn count(&mut self) {
        for (sums, omega) in self.spread.iter_mut().zip([&self.noise.users.omega, &self.noise.items.omega]) {
            sums.iter_mut().zip(omega).for_each(|(sum, &omega)| *sum += 1.0 / f64::from(omega));
        }
        self.effects.iter_mut().for_each(Effect::count);
        if self.params.keeps(self.counted) {
            self.keep();
        }
        self.counted += 1;
    }

    fn keep(&mut self) {
        let (n, seed, data) = (self.kept.len(), self.seed, self.data);
        let sets = if self.params.user_sets { data.n_items() } else { 0 };
        let of_users = self.attributes.0.as_ref().map_or(0, |known| known.n_features());
        let of_items = self.attributes.1.as_ref().map_or(0, |known| known.n_features());
        let (cold_users, cold_items) = (self.cold_users.as_ref(), self.cold_items.as_ref());
        self.kept.push(Kept {
            users: kept::rows(&self.users, cold_users, data.user_offsets(), (seed, n, 0)),
            items: kept::rows(&self.items, cold_items, data.item_offsets(), (seed, n, 1)),
            of_users: Belief::of(&self.users, of_users + sets),
            of_items: Belief::of(cold_items.map_or(&self.items, |cold| &cold.side), of_items),
            of_newcomers: cold_users.map(|cold| Belief::of(&cold.side, of_users)),
            of_rated: cold_items.map(|_| Belief::of_each(&self.items, data.item_offsets())),
        });
    }

    /// The model of what was drawn so far; of the last sample where none counts yet.
    fn finish(mut self, epoch: usize) -> Result<BayesianMf, FitError> {
        if self.counted == 0 {
            self.count();
        }
        if self.kept.is_empty() {
            self.keep();
        }
        let [mut users, items] = self.spread.map(|sums| mean(&sums, self.counted));
        // Nothing says how noisy somebody is who has rated nothing: as those of all, like an asker.
        let unknown = self.data.user_offsets().windows(2).map(|row| row[0] == row[1]);
        users.iter_mut().zip(unknown).filter(|(_, unknown)| *unknown).for_each(|(noise, _)| *noise = 1.0);
        let parts = Parts::new(Drawn {
            params: self.params,
            data: self.data,
            ratings: self.ratings,
            kept: &self.kept,
            noise: model::Noise { all: (1.0 / self.noise.tau) as f32, users, items },
            calendar: self.calendar,
            effects: &self.effects,
            counted: self.counted,
            attributes: self.attributes,
        });
        BayesianMf::try_from(parts).map_err(|_: Unsound| FitError::Diverged {
            epoch,
            row: "a user".into(),
            what: "a score",
            raise: None,
        })
    }
}

/// What a sampler has drawn, for the model to keep.
pub(super) struct Drawn<'a> {
    pub(super) params: &'a BayesianMfParams,
    pub(super) data: &'a Interactions,
    pub(super) ratings: Ratings,
    pub(super) kept: &'a [Kept],
    pub(super) noise: model::Noise,
    pub(super) calendar: Option<Calendar>,
    effects: &'a [Effect],
    counted: usize,
    pub(super) attributes: Told,
}

impl Drawn<'_> {
    fn find(&self, kind: Kind) -> Option<&Effect> {
        self.effects.iter().find(|effect| effect.kind == kind)
    }

    /// The groups of an effect, ascending.
    pub(super) fn keys(&self, kind: Kind) -> &[u64] {
        self.find(kind).map_or(&[], |effect| &effect.keys)
    }

    /// The mean of an effect on a group: zero for one the data does not have.
    pub(super) fn effect(&self, kind: Kind, key: u64) -> f32 {
        let sum =
            self.find(kind).and_then(|effect| effect.keys.binary_search(&key).ok().map(|at| effect.sums[at]));
        (sum.unwrap_or_default() / self.counted as f64) as f32
    }
}

impl Epochs for State<'_> {
    /// One sample; returns its root mean squared error on the training data.
    fn epoch(&mut self, sample: usize) -> Result<f64, FitError> {
        self.draw_rows(sample)?;
        let Self { data, workers, seed, .. } = *self;
        for effect in &mut self.effects {
            effect.draw(workers, &mut self.events, (seed, sample));
        }
        self.draw_latent(sample);
        let loss = self.events.error(workers) * f64::from(self.ratings.scaling.spread);
        self.noise.draw(data, &mut self.events, workers, (seed, sample));
        self.events.share(workers);
        if sample > self.params.burn_in {
            self.count();
        }
        Ok(loss)
    }

    fn validate(&mut self, held_out: &Interactions) -> Result<Option<f64>, FitError> {
        let sample = super::validation::Sample {
            users: &self.users.rows,
            items: &self.items.rows,
            effects: &self.effects,
            calendar: self.calendar.as_ref(),
            noise: &self.noise,
            ratings: &self.ratings,
            level: self.solver.level(),
        };
        let counts = self.counted > 0;
        let validation = self.validation.get_or_insert_with(|| Validation::new(held_out));
        Ok(Some(validation.add(&sample, self.workers, counts)))
    }
}

fn mean(sums: &[f64], count: usize) -> Vec<f32> {
    sums.iter().map(|sum| (sum / count as f64) as f32).collect()
}

pub(super) fn failed(epoch: usize, what: &str, at: Failed) -> FitError {
    let row = at.row.map_or("all rows".into(), |row| format!("{what} {row}"));
    match at.error {
        SolveError::NotPositiveDefinite => FitError::Singular { epoch, row, raise: None },
        _ => FitError::Diverged { epoch, row, what: "the solution", raise: None },
    }
}
