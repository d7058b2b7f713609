//! The fit: start, epochs, the model at the end.

use super::degrees::{Activity, Discount, Shares};
use super::lists::Lists;
use super::model::{Ials, Parts};
use super::params::IalsParams;
use super::side::{Failed, Frame, Side, Told, solver};
use super::validation;
use crate::data::Interactions;
use crate::kernel::Matrix;
use crate::kernel::{SolveError, Stream};
use crate::model::{Clock, Epochs, FitContext, FitError, FitReport, Fitted, Seen};
use crate::par::Workers;
use crate::persist::Unsound;

/// Rows of one job of the start.
const ROWS: usize = 512;

/// The family of the random draws.
const SIDE: u64 = 0;

/// What helps where numbers run away.
const RAISE: Option<&str> = Some("regularization");

pub(super) fn fit(
    params: &IalsParams,
    data: &Interactions,
    from: Option<&Ials>,
    context: &mut FitContext<'_>,
) -> Result<Fitted<Ials>, FitError> {
    let mut clock = Clock::start();
    let workers = Workers::new(context.get_threads())?;
    let mut state = State::new(params, data, &workers);
    match from {
        Some(model) => state.start_from(model)?,
        None => state.draw(context.get_seed()),
    }
    let (curve, stopped) = clock.run(&mut state, params.epochs, context)?;
    let model = state.finish()?;
    Ok(Fitted { model, report: FitReport { curve, stopped, elapsed: clock.elapsed() } })
}

/// Everything that changes from epoch to epoch.
struct State<'d> {
    params: &'d IalsParams,
    lists: Lists<'d>,
    /// The epoch that is going on, or comes next.
    epoch: usize,
    frame: Frame<'d>,
    users: Side,
    items: Side,
    activity: Activity,
    discount: Discount,
    item_weights: Vec<f32>,
    /// The diagonal of the items' Gram matrix that the users were solved with.
    base: Vec<f32>,
}

impl<'d> State<'d> {
    fn new(params: &'d IalsParams, data: &'d Interactions, workers: &'d Workers) -> Self {
        let weighting = params.weighting();
        let longest = |offsets: &[usize]| offsets.windows(2).map(|row| row[1] - row[0]).max().unwrap_or(0);
        let plain = params.popularity_discount == 0.0
            && data.value_range().is_some_and(|(lowest, _)| weighting.is_plain(lowest));
        let longest = longest(data.user_offsets()).max(longest(data.item_offsets()));
        let ones = plain.then(|| vec![1.0; longest]);
        let used = |values: &[f32]| values.iter().filter(|&&value| weighting.counts(value)).count();
        let by_user: Vec<_> = data.users().map(|(_, history)| used(history.values)).collect();
        let by_item: Vec<_> = data.items().map(|(_, audience)| used(audience.values)).collect();
        let activity = Activity::new(params.activity_exponent, &by_user);
        let discount = Discount::new(params.popularity_discount, &by_item);
        let item_weights: Vec<_> = by_item.iter().map(|&n| discount.weight(n)).collect();
        let shares = (Shares::of_users(activity, &by_user), Shares::of_items(item_weights.clone()));
        let mut users = Side::new(params, data.user_offsets(), &by_user, data.n_items(), shares.0);
        let mut items = Side::new(params, data.item_offsets(), &by_item, data.n_users(), shares.1);
        let lists = Lists::new(workers, params, data, plain);
        if let Some([of_users, of_items]) = lists.orders() {
            users.arrange(of_users);
            items.arrange(of_items);
        }
        Self {
            params,
            lists,
            epoch: 1,
            users,
            items,
            activity,
            discount,
            item_weights,
            frame: Frame { workers, solver: solver(params.factors), weighting, ones },
            base: Vec::new(),
        }
    }

    /// Random users, each from a generator of its own, whatever their order.
    fn draw(&mut self, seed: u64) {
        let lists = &self.lists;
        let (factors, stride) = (self.params.factors, self.users.rows.stride());
        let scale = self.params.init_scale / (factors as f32).sqrt();
        let jobs: Vec<_> = self.users.rows.floats_mut().chunks_mut(ROWS * stride).enumerate().collect();
        self.frame.workers.map(
            jobs,
            || (),
            |(), (job, part)| {
                for (row, to) in part.chunks_exact_mut(stride).enumerate() {
                    let row = lists.user(job * ROWS + row) as u64;
                    let place = Stream { seed, epoch: 0, side: SIDE, row };
                    place.normal().fill(&mut to[..factors]);
                    to.iter_mut().for_each(|x| *x *= scale);
                }
            },
        );
    }

    /// The items of a model, and users solved from them.
    fn start_from(&mut self, model: &Ials) -> Result<(), FitError> {
        let (factors, n_items) = (self.params.factors, self.lists.data().n_items());
        let (items, n_items) = (&model.parts.items, n_items as usize);
        let fits = |what, found, expected, fits: bool| {
            if fits { Ok(()) } else { Err(FitError::Start { what, found, expected }) }
        };
        fits("factors", model.factors(), factors, model.factors() == factors)?;
        fits("items", items.count(), n_items, items.count() <= n_items)?;
        let items = Matrix::from_dense(n_items, factors, &items.to_dense());
        self.items.rows = match self.lists.orders() {
            Some([_, (order, _)]) => order.arranged_factors(self.frame.workers, &items),
            None => items,
        };
        self.solve_users().map(|_| ())
    }

    /// Solves all items; returns their part of the regularization.
    fn solve_items(&mut self) -> Result<f64, FitError> {
        let lists = &self.lists;
        let audience = |place: usize| lists.audience(place);
        let solved = self.items.solve(&self.frame, &mut self.users, audience, Told::Regularization);
        let (_, told) =
            solved.map_err(|failed| diverged(self.epoch, "item", failed, |place| lists.item(place)))?;
        Ok(told)
    }

    /// Solves all users; returns the objective without the regularization of the items.
    fn solve_users(&mut self) -> Result<f64, FitError> {
        let lists = &self.lists;
        let history = |place: usize| lists.history(place);
        let solved = self.users.solve(&self.frame, &mut self.items, history, Told::Objective);
        let (base, told) =
            solved.map_err(|failed| diverged(self.epoch, "user", failed, |place| lists.user(place)))?;
        self.base = base;
        Ok(told)
    }

    /// The factors of users and items as the data has them, if the fit has another order.
    fn restored(&self) -> Option<[Matrix; 2]> {
        let [(users, _), (items, _)] = self.lists.orders()?;
        let workers = self.frame.workers;
        let items = items.restored_factors(workers, &self.items.rows);
        Some([users.restored_factors(workers, &self.users.rows), items])
    }

    fn finish(self) -> Result<Ials, FitError> {
        let restored = self.restored();
        let Self { params, lists, epoch, users, items, activity, discount, item_weights, base, .. } = self;
        let [users, items] = restored.unwrap_or([users.rows, items.rows]);
        let parts = Parts {
            factors: params.factors,
            weighting: params.weighting(),
            regularization: params.regularization,
            nu: params.nu,
            activity,
            discount,
            item_weights: item_weights.into(),
            users,
            items,
            base,
            seen: Seen::new(lists.data()),
        };
        Ials::try_from(parts).map_err(|_: Unsound| FitError::Diverged {
            epoch,
            row: "a user".into(),
            what: "a score",
            raise: RAISE,
        })
    }
}

impl Epochs for State<'_> {
    fn epoch(&mut self, epoch: usize) -> Result<f64, FitError> {
        self.epoch = epoch;
        let items = self.solve_items()?;
        Ok(items + self.solve_users()?)
    }

    fn validate(&mut self, held_out: &Interactions) -> Result<Option<f64>, FitError> {
        let Frame { workers, solver, .. } = &self.frame;
        let restored = self.restored();
        let rows =
            restored.as_ref().map_or((&self.users.rows, &self.items.rows), |[users, items]| (users, items));
        let misplaced = validation::misplaced(workers, solver.level(), rows, self.lists.data(), held_out);
        misplaced.map_err(|error| diverged(self.epoch, "user", error.into(), |user| user))
    }
}

/// `at` names the row of the data at a place.
fn diverged(
    epoch: usize,
    kind: &str,
    Failed { row, error }: Failed,
    at: impl Fn(usize) -> usize,
) -> FitError {
    let row = row.map_or_else(|| format!("all {kind}s"), |place| format!("{kind} {}", at(place)));
    match error {
        SolveError::NotPositiveDefinite => FitError::Singular { epoch, row, raise: RAISE },
        SolveError::Precision { .. } => {
            FitError::Diverged { epoch, row, what: "the regularization", raise: RAISE }
        }
        SolveError::Weight { .. } => {
            FitError::Diverged { epoch, row, what: "the weight of an event", raise: None }
        }
        _ => FitError::Diverged { epoch, row, what: "the solution", raise: RAISE },
    }
}
