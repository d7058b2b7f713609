//! Where the sampler begins: with the data alone, or where a model ends, whose last sample is then the first state.

use super::BayesianMf;
use super::fit::{State, failed};
use super::params::BayesianMfParams;
use super::prior::Prior;
use super::ratings::Ratings;
use super::side::{Failed, Side};
use crate::data::Interactions;
use crate::kernel::{Level, dot};
use crate::model::{FitError, Score};
use crate::par::Workers;
use crate::rating::start;

/// Damping of rows with few ratings in the start, in ratings.
const DAMPING: f32 = 100.0;

impl<'d> State<'d> {
    /// From data alone.
    pub(super) fn start(
        params: &'d BayesianMfParams,
        data: &'d Interactions,
        run: (&'d Workers, u64),
    ) -> Result<Self, FitError> {
        let told = (data.user_attributes().cloned(), data.item_attributes().cloned());
        let mut state = Self::new(params, data, run, told)?;
        begin(&mut state.users, params, data, run, &state.ratings)?;
        Ok(state)
    }

    /// Rows, noise and numbers behind levels as the model has them. Weights of features and effects of time are drawn from
    /// nothing: a few samples bring them back. Nothing is turned into units of the data, for in both the ratings have mean
    /// 0 and variance 1.
    pub(super) fn start_from(
        params: &'d BayesianMfParams,
        data: &'d Interactions,
        (workers, seed): (&'d Workers, u64),
        model: &BayesianMf,
    ) -> Result<Self, FitError> {
        let fits = |what, found: usize, expected: usize, fits: bool| {
            if fits { Ok(()) } else { Err(FitError::Start { what, found, expected }) }
        };
        let (users, items) = (model.n_users() as usize, model.n_items() as usize);
        let (n_users, n_items) = (data.n_users() as usize, data.n_items() as usize);
        fits("factors", model.factors(), params.factors, model.factors() == params.factors)?;
        fits("users", users, n_users, users <= n_users)?;
        fits("items", items, n_items, items <= n_items)?;
        let told = (
            data.user_attributes().or(model.user_attributes()).cloned(),
            data.item_attributes().or(model.item_attributes()).cloned(),
        );
        let mut state = Self::new(params, data, (workers, seed), told)?;
        let parts = &model.parts;
        let of_new = parts.newcomers.as_ref().unwrap_or(&parts.user_prior);
        fill(&mut state.users, model, of_new, |user| (user < users).then(|| parts.user(user)));
        fill(&mut state.items, model, &parts.item_prior, |item| (item < items).then(|| parts.item(item)));
        state.noise.tau = f64::from(1.0 / parts.noise.all);
        let omegas = [&mut state.noise.users.omega, &mut state.noise.items.omega];
        for (omega, noise) in omegas.into_iter().zip([&parts.noise.users, &parts.noise.items]) {
            omega.iter_mut().zip(noise).for_each(|(omega, noise)| *omega = 1.0 / noise);
        }
        state.explain();
        Ok(state)
    }

    /// Draws the numbers behind levels about what the rows say.
    fn explain(&mut self) {
        let (level, dim) = (self.solver.level(), self.params.factors + 1);
        let mut left = self.events.left.iter_mut().zip(&self.events.targets);
        for (user, history) in self.data.users() {
            let x = self.users.rows.row(user.ix());
            for (item, (left, target)) in history.ids.iter().zip(&mut left) {
                let y = self.items.rows.row(item.ix());
                *left = target - (dot(level, &x[..dim - 1], &y[..dim - 1]) + x[dim - 1] + y[dim - 1]);
            }
        }
        self.noise.tell(self.data, &mut self.events.precision, self.workers);
        self.draw_latent(0);
        self.events.share(self.workers);
    }
}

/// The rows of the last sample; those that are new are the mean of their prior.
fn fill<'m>(side: &mut Side, model: &BayesianMf, of_new: &Prior, row: impl Fn(usize) -> Option<&'m [f32]>) {
    let dim = model.parts.dim();
    let last = (model.parts.samples - 1) * dim..model.parts.samples * dim;
    let stride = side.rows.stride();
    for (r, to) in side.rows.floats_mut().chunks_exact_mut(stride).enumerate() {
        to[..dim].copy_from_slice(&row(r).unwrap_or(&of_new.mean)[last.clone()]);
    }
    side.begun = true;
}

/// The users before the first sample: the leading singular vectors of what damped biases leave over. From rows near zero a
/// sampler is long on its way to the same place.
fn begin(
    users: &mut Side,
    params: &BayesianMfParams,
    data: &Interactions,
    (workers, seed): (&Workers, u64),
    ratings: &Ratings,
) -> Result<(), FitError> {
    let events = start::Events::new(data, ratings.scaling);
    let (of_users, of_items) = start::biases(workers, &events);
    let choice = (params.factors, DAMPING, seed);
    let found = start::user_factors(workers, Level::detect(), &events, (&of_users, &of_items), choice)
        .map_err(|error| failed(1, "user", Failed { row: None, error }))?;
    users.begun = true;
    let stride = users.rows.stride();
    let rows = users.rows.floats_mut().chunks_exact_mut(stride).zip(found.rows.chunks_exact(found.stride));
    for ((to, from), bias) in rows.zip(of_users) {
        to[..params.factors].copy_from_slice(&from[..params.factors]);
        to[params.factors] = bias;
    }
    Ok(())
}
