//! How exact ratings are: a precision tau for all, and a factor for each user and each item.
//!
//! The factors omega are Gamma distributed with mean 1 and a shape of `steadiness / 2`, which says how alike rows are.
//! It is drawn too, from a grid, so that nobody has to choose it.

use super::draws::{Draw, place};
use super::events::Events;
use crate::data::{Interactions, ItemIx, UserIx};
use crate::kernel::{Stream, exp, ln, ln_gamma};
use crate::par::{Workers, balanced, parts};

/// The Gamma prior of tau: shape and rate.
const PRIOR: (f64, f64) = (1.0, 1.0);

/// The steadiness that is possible: powers of the root of two from 2 to 4096.
const GRID: usize = 23;

/// Events of one job, at least.
const LEAST: usize = 1 << 12;

pub(super) struct Noise {
    pub(super) tau: f64,
    pub(super) users: Rows,
    pub(super) items: Rows,
}

/// The factors of one side.
pub(super) struct Rows {
    pub(super) omega: Vec<f32>,
    steadiness: f64,
}

impl Noise {
    pub(super) fn new(data: &Interactions) -> Self {
        let rows = |n: u32| Rows { omega: vec![1.0; n as usize], steadiness: 64.0 };
        Self { tau: 1.0, users: rows(data.n_users()), items: rows(data.n_items()) }
    }

    /// Draws everything given what the model leaves over, and tells each event how exact it is.
    pub(super) fn draw(
        &mut self,
        data: &Interactions,
        events: &mut Events,
        workers: &Workers,
        at: (u64, usize),
    ) {
        let of = |part| [Draw::RowNoise, Draw::Steadiness].map(|draw| place(at.0, at.1, draw, part));
        let left = &events.left;
        let others = &self.items.omega;
        let squares = |row: usize| {
            let history = data.user(UserIx::new(row as u32)).unwrap_or_default();
            let left = &left[data.user_offsets()[row]..];
            let square =
                |(item, &left): (&ItemIx, &f32)| f64::from(others[item.ix()]) * f64::from(left).powi(2);
            history.ids.iter().zip(left).map(square).sum::<f64>()
        };
        self.users.draw(workers, data.user_offsets(), self.tau, squares, of(0));
        let (others, from_item) = (&self.users.omega, &events.from_item);
        let squares = |row: usize| {
            let audience = data.item(ItemIx::new(row as u32)).unwrap_or_default();
            let from = &from_item[data.item_offsets()[row]..];
            let square = |(user, &from): (&UserIx, &u32)| {
                f64::from(others[user.ix()]) * f64::from(left[from as usize]).powi(2)
            };
            audience.ids.iter().zip(from).map(square).sum::<f64>()
        };
        let sum = self.items.draw(workers, data.item_offsets(), self.tau, squares, of(1));
        let gamma = place(at.0, at.1, Draw::Noise, 0).normal().gamma(PRIOR.0 + 0.5 * data.len() as f64);
        self.tau = gamma / (PRIOR.1 + 0.5 * sum);
        self.tell(data, &mut events.precision, workers);
    }

    /// Writes the precision of every event.
    pub(super) fn tell(&self, data: &Interactions, precision: &mut [f32], workers: &Workers) {
        let offsets = data.user_offsets();
        let cuts = balanced(offsets, |n| n + 16, LEAST);
        let of_events: Vec<_> = cuts.iter().map(|rows| offsets[rows.start]..offsets[rows.end]).collect();
        let jobs: Vec<_> = cuts.iter().cloned().zip(parts(precision, 1, &of_events)).collect();
        workers.map(
            jobs,
            || (),
            |(), (rows, mut out)| {
                for row in rows {
                    let history = data.user(UserIx::new(row as u32)).unwrap_or_default();
                    let (own, rest) = out.split_at_mut(history.len());
                    let exact = self.tau as f32 * self.users.omega[row];
                    own.iter_mut()
                        .zip(history.ids)
                        .for_each(|(to, item)| *to = exact * self.items.omega[item.ix()]);
                    out = rest;
                }
            },
        );
    }
}

impl Rows {
    /// Draws the factor of each row, then how alike they are. `squares` is the sum of a row's squared errors, each as
    /// exact as the other side says. Returns their sum, each row as exact as was drawn.
    fn draw(
        &mut self,
        workers: &Workers,
        offsets: &[usize],
        tau: f64,
        squares: impl Fn(usize) -> f64 + Sync,
        [of_rows, of_all]: [Stream; 2],
    ) -> f64 {
        let cuts = balanced(offsets, |n| n + 16, LEAST);
        let steadiness = self.steadiness;
        let jobs: Vec<_> = cuts.iter().cloned().zip(parts(&mut self.omega, 1, &cuts)).collect();
        let sums = workers.map(
            jobs,
            || (),
            |(), (rows, out)| {
                let mut sums = Told::default();
                for (row, omega) in rows.zip(out) {
                    let n = (offsets[row + 1] - offsets[row]) as f64;
                    let shape = 0.5 * (steadiness + n);
                    let squares = squares(row);
                    let rate = 0.5 * (steadiness + tau * squares);
                    let drawn = Stream { row: row as u64, ..of_rows }.normal().gamma(shape) / rate;
                    *omega = drawn as f32;
                    sums.add(Told { rows: 1.0, omega: drawn, ln_omega: ln(drawn), squares: drawn * squares });
                }
                sums
            },
        );
        let mut told = Told::default();
        sums.into_iter().for_each(|sum| told.add(sum));
        self.steadiness = told.draw(of_all);
        told.squares
    }
}

/// What the factors of all rows say of how alike they are.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    rows: f64,
    omega: f64,
    ln_omega: f64,
    squares: f64,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.omega += other.omega;
        self.ln_omega += other.ln_omega;
        self.squares += other.squares;
    }

    /// The logarithm of the likelihood of a steadiness.
    fn ln_likelihood(&self, steadiness: f64) -> f64 {
        let shape = 0.5 * steadiness;
        self.rows * (shape * ln(shape) - ln_gamma(shape)) + (shape - 1.0) * self.ln_omega - shape * self.omega
    }

    /// Draws the steadiness from the grid.
    fn draw(&self, place: Stream) -> f64 {
        let grid: [f64; GRID] =
            std::array::from_fn(|at| 2.0 * f64::powi(std::f64::consts::SQRT_2, at as i32));
        let likelihoods = grid.map(|steadiness| self.ln_likelihood(steadiness));
        let most = likelihoods.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = likelihoods.map(|likelihood| exp(likelihood - most));
        let mut left = place.normal().uniform() * weights.iter().sum::<f64>();
        let chosen = weights.iter().position(|weight| {
            left -= weight;
            left <= 0.0
        });
        grid[chosen.unwrap_or(GRID - 1)]
    }
}
