//! The fit: start, epochs, watching, stopping.

use super::model::{BiasedMf, Parts};
use super::params::BiasedMfParams;
use super::prior::{NOISE, Sums};
use super::side::{Failed, Frame, Side};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::kernel::{Level, SolveError, UncertainSolver, dot};
use crate::model::{Clock, Epochs, FitContext, FitError, FitReport, Fitted, Seen};
use crate::par::{Workers, chunks};
use crate::persist::Unsound;
use crate::rating::start::{Events, Scaling, biases, user_factors};

/// What helps where numbers run away.
const RAISE: Option<&str> = Some("regularization");

/// Users of one job of the validation.
const USERS: usize = 256;

pub(super) fn fit(
    params: &BiasedMfParams,
    data: &Interactions,
    from: Option<&BiasedMf>,
    context: &mut FitContext<'_>,
) -> Result<Fitted<BiasedMf>, FitError> {
    let mut clock = Clock::start();
    let workers = Workers::new(context.get_threads())?;
    let mut state = match from {
        Some(model) => State::start_from(params, data, &workers, model)?,
        None => State::start(params, data, &workers, context.get_seed())?,
    };
    let (curve, stopped) = clock.run(&mut state, params.epochs, context)?;
    let model = state.finish(curve.len())?;
    Ok(Fitted { model, report: FitReport { curve, stopped, elapsed: clock.elapsed() } })
}

/// Everything that changes from epoch to epoch.
pub(super) struct State<'d> {
    params: &'d BiasedMfParams,
    data: &'d Interactions,
    workers: &'d Workers,
    scaling: Scaling,
    solver: UncertainSolver,
    pub(super) users: Side,
    pub(super) items: Side,
    pub(super) tau: f64,
    /// What the users were found to be like in the last epoch: their prior is learned from it only when it is needed
    /// again, so that the prior of the last epoch stays with the model for folding in.
    user_sums: Option<Sums>,
}

impl<'d> State<'d> {
    fn start(
        params: &'d BiasedMfParams,
        data: &'d Interactions,
        workers: &'d Workers,
        seed: u64,
    ) -> Result<Self, FitError> {
        let dim = params.factors + 1;
        let scaling = Scaling::of(data)?;
        let level = Level::detect();
        let failed = |error: SolveError| diverged(1, "the start".into(), error);
        let events = Events::new(data, scaling);
        let (user_biases, item_biases) = biases(workers, &events);
        let choice = (params.factors, params.start_damping, seed);
        let start =
            user_factors(workers, level, &events, (&user_biases, &item_biases), choice).map_err(failed)?;
        let mut users = Side::new(dim, data.user_offsets());
        let rows = users.mean.chunks_exact_mut(dim).zip(start.rows.chunks_exact(start.stride));
        for ((to, from), bias) in rows.zip(user_biases) {
            to[..params.factors].copy_from_slice(&from[..params.factors]);
            to[params.factors] = bias;
        }
        users.publish().map_err(failed)?;
        let items = Side::new(dim, data.item_offsets());
        let solver = UncertainSolver::new(dim, level);
        Ok(Self { params, data, workers, scaling, solver, users, items, tau: NOISE, user_sums: None })
    }

    /// The items of a model with what it believes of them, and users solved from them.
    fn start_from(
        params: &'d BiasedMfParams,
        data: &'d Interactions,
        workers: &'d Workers,
        model: &BiasedMf,
    ) -> Result<Self, FitError> {
        let fits = |what, found, expected, fits: bool| {
            if fits { Ok(()) } else { Err(FitError::Start { what, found, expected }) }
        };
        let (found, n_items) = (model.item_biases.len(), data.n_items() as usize);
        fits("factors", model.factors(), params.factors, model.factors() == params.factors)?;
        fits("items", found, n_items, found <= n_items)?;
        let mut state = Self::resume(params, data, workers, model, Scaling::of(data)?)?;
        let sums = state.user_sums.take().unwrap_or_default();
        state.users.prior.learn(&sums);
        Ok(state)
    }

    /// The same for a model with as many factors and no more items, in units of the scaling. The prior of the users is
    /// that of the model.
    pub(super) fn resume(
        params: &'d BiasedMfParams,
        data: &'d Interactions,
        workers: &'d Workers,
        model: &BiasedMf,
        scaling: Scaling,
    ) -> Result<Self, FitError> {
        let (parts, dim) = (&model.parts, params.factors + 1);
        let failed = |error: SolveError| diverged(1, "the start".into(), error);
        let mut items = Side::new(dim, data.item_offsets());
        let ratio = parts.scaling.spread / scaling.spread;
        items.mean.iter_mut().zip(&parts.items).for_each(|(to, x)| *to = ratio * x);
        items.variance.iter_mut().zip(&parts.item_variances).for_each(|(to, v)| *to = ratio * ratio * v);
        items.weight[..parts.item_weights.len()].copy_from_slice(&parts.item_weights);
        let has_events = |i: usize| data.item_offsets()[i] < data.item_offsets()[i + 1];
        items.prior.learn(&items.sums(|i| has_events(i) && i < parts.item_weights.len()));
        items.publish().map_err(failed)?;
        let mut users = Side::new(dim, data.user_offsets());
        users.prior = parts.prior.clone();
        users.prior.precision.iter_mut().for_each(|p| *p /= parts.regularization * ratio * ratio);
        users.prior.mean.iter_mut().chain(&mut users.prior.slope).for_each(|x| *x *= ratio);
        let solver = UncertainSolver::new(dim, Level::detect());
        let tau = f64::from(parts.tau / (ratio * ratio));
        let mut state = Self { params, data, workers, scaling, solver, users, items, tau, user_sums: None };
        state.solve_users(1)?;
        if let Some(sums) = &state.user_sums {
            state.tau = sums.noise(data.len());
        }
        Ok(state)
    }

    /// Solves all users; returns the root mean squared error on the training data.
    fn solve_users(&mut self, epoch: usize) -> Result<f64, FitError> {
        let Self { data, scaling, .. } = *self;
        let frame = frame(self.params, self.workers, &self.solver, self.tau, scaling);
        let history = |u: usize| data.user(UserIx::new(u as u32)).unwrap_or_default();
        let sums = self
            .users
            .solve(&frame, &self.items.packed, history, true)
            .map_err(|at: Failed| diverged(epoch, format!("user {}", at.row), at.error))?;
        let loss = (sums.residual / data.len() as f64).sqrt() * f64::from(scaling.spread);
        self.user_sums = Some(sums);
        Ok(loss)
    }

    fn finish(self, epoch: usize) -> Result<BiasedMf, FitError> {
        let precision = self.users.prior.precision.iter().map(|p| p * self.params.regularization).collect();
        let prior = super::prior::Prior { precision, ..self.users.prior };
        BiasedMf::try_from(Parts {
            factors: self.params.factors,
            scaling: self.scaling,
            users: self.users.mean,
            items: self.items.mean,
            item_variances: self.items.variance,
            item_weights: self.items.weight,
            prior,
            activity: self.users.activity,
            tau: self.tau as f32,
            steadiness: self.params.noise_prior,
            regularization: self.params.regularization,
            seen: Seen::new(self.data),
        })
        .map_err(|_: Unsound| FitError::Diverged {
            epoch,
            row: "a user".into(),
            what: "a score",
            raise: RAISE,
        })
    }
}

impl Epochs for State<'_> {
    /// One epoch; returns the root mean squared error on the training data.
    fn epoch(&mut self, epoch: usize) -> Result<f64, FitError> {
        let Self { data, scaling, .. } = *self;
        if let Some(sums) = self.user_sums.take() {
            self.users.prior.learn(&sums);
            self.tau = sums.noise(data.len());
        }
        let frame = frame(self.params, self.workers, &self.solver, self.tau, scaling);
        let audience = |i: usize| data.item(ItemIx::new(i as u32)).unwrap_or_default();
        let sums = self
            .items
            .solve(&frame, &self.users.packed, audience, false)
            .map_err(|at: Failed| diverged(epoch, format!("item {}", at.row), at.error))?;
        self.items.prior.learn(&sums);
        self.tau = sums.noise(data.len());
        self.solve_users(epoch)
    }

    /// The root mean squared error of clipped predictions on held-out events.
    fn validate(&mut self, held_out: &Interactions) -> Result<Option<f64>, FitError> {
        let (dim, level, Scaling { center, spread, range }) =
            (self.solver.dim(), self.solver.level(), self.scaling);
        let error = |user: usize, item: ItemIx, value: f32| {
            let (x, y) = (&self.users.mean[user * dim..][..dim], &self.items.mean[item.ix() * dim..][..dim]);
            let z = dot(level, &x[..dim - 1], &y[..dim - 1]) + x[dim - 1] + y[dim - 1];
            f64::from(range.clip(center + spread * z) - value)
        };
        let jobs = chunks(held_out.n_users() as usize, USERS).collect();
        let sums = self.workers.map(
            jobs,
            || (),
            |(), users| {
                let row = |user: usize| {
                    let history = held_out.user(UserIx::new(user as u32)).unwrap_or_default();
                    history.iter().map(|(item, value)| error(user, item, value).powi(2)).sum::<f64>()
                };
                users.map(row).sum::<f64>()
            },
        );
        Ok(Some((sums.into_iter().sum::<f64>() / held_out.len() as f64).sqrt()))
    }
}

/// What a half-step is done with.
fn frame<'a>(
    params: &BiasedMfParams,
    workers: &'a Workers,
    solver: &'a UncertainSolver,
    tau: f64,
    scaling: Scaling,
) -> Frame<'a> {
    let (center, scale) = (scaling.center, scaling.factor());
    let (regularization, steadiness) = (params.regularization, params.noise_prior);
    Frame { workers, solver, regularization, tau: tau as f32, steadiness, center, scale }
}

fn diverged(epoch: usize, row: String, error: SolveError) -> FitError {
    match error {
        SolveError::NotPositiveDefinite => FitError::Singular { epoch, row, raise: RAISE },
        SolveError::Precision { .. } => FitError::Diverged { epoch, row, what: "the prior", raise: RAISE },
        _ => FitError::Diverged { epoch, row, what: "the solution", raise: RAISE },
    }
}
