//! The link from features to rows: a row's prior mean is mu + F B, and B is drawn with everything else.
//!
//! The prior of B is that of Macau (Simm et al. 2017, "Macau: scalable Bayesian factorization with high-dimensional side
//! information using MCMC"): B_j ~ N(0, (lambda Lambda)^-1), one lambda for each block of features, Gamma distributed.
//! Macau draws B at once, by conjugate gradients. Here coefficients are drawn feature by feature, each given all others:
//! in coordinates in which Lambda is the identity the columns of B are independent regressions, so a pass costs what
//! one step of conjugate gradients costs, needs no decomposition, and holds for any number of features.

use super::draws::{Draw, place};
use super::features::Features;
use super::matrices::{moments, multiply};
use crate::kernel::{Gaussian, Level, Matrix, Moments, RESPONSES, Responses, SolveError, Stream, sweep};
use crate::par::Workers;

/// The Gamma prior of a block's lambda: shape and rate.
const PRIOR: (f64, f64) = (1.0, 1.0);

/// Where lambda starts; it is drawn from the first sample on.
const START: f32 = 0.3;

/// B, and how much each block of features matters.
pub(super) struct Link {
    pub(super) features: Features,
    /// One row per feature.
    pub(super) weights: Matrix,
    /// Lambda of each feature: one number per block, repeated.
    precision: Vec<f32>,
}

impl Link {
    /// None without features.
    pub(super) fn new(features: Features, dim: usize) -> Option<Self> {
        let count = features.count();
        let new = || Self { features, weights: Matrix::new(count, dim), precision: vec![START; count] };
        (count > 0).then(new)
    }

    /// What the weights say of the spread of rows.
    pub(super) fn add_to(&self, to: &mut Moments, workers: &Workers, level: Level) -> Result<(), SolveError> {
        let mut scaled = self.weights.clone();
        let stride = scaled.stride();
        for (row, precision) in scaled.floats_mut().chunks_exact_mut(stride).zip(&self.precision) {
            let root = precision.sqrt();
            row.iter_mut().for_each(|x| *x *= root);
        }
        let of_weights = moments(workers, level, &scaled)?;
        (to.zero_mean_count, to.zero_mean) = (of_weights.count, of_weights.squares);
        Ok(())
    }

    /// Draws all weights given the rows. `left` is what the rows are beside mean and features, in coordinates in which
    /// `gaussian` is white, and is kept so.
    pub(super) fn draw(
        &mut self,
        workers: &Workers,
        level: Level,
        gaussian: &Gaussian,
        left: &mut Matrix,
        (seed, sample, side): (u64, usize, usize),
    ) -> Result<(), SolveError> {
        let panels = self.weights.width().div_ceil(RESPONSES);
        multiply(workers, level, &mut self.weights, &gaussian.root)?;
        let (columns, weights, rows, precision) =
            (self.features.columns(), &self.weights, &*left, &self.precision);
        let at = place(seed, sample, Draw::Link, side);
        let drawn = workers.map(
            (0..panels).collect(),
            || (),
            |(), panel| {
                let (mut left, mut coefficients) = (panel_of(rows, panel), panel_of(weights, panel));
                let noise = |feature: usize| {
                    let mut draws = [0.0; RESPONSES];
                    Stream { row: (feature * panels + panel) as u64, ..at }.normal().fill(&mut draws);
                    draws
                };
                sweep(level, columns, precision, &mut left, &mut coefficients, noise)?;
                Ok((left, coefficients))
            },
        );
        for (panel, drawn) in drawn.into_iter().enumerate() {
            let (rest, coefficients): (Vec<_>, Vec<_>) = drawn?;
            put_panel(left, panel, &rest);
            put_panel(&mut self.weights, panel, &coefficients);
        }
        self.draw_precision(place(seed, sample, Draw::LinkPrecision, side));
        multiply(workers, level, &mut self.weights, &gaussian.inverse)
    }

    /// Draws how much each block matters, from its white weights.
    fn draw_precision(&mut self, place: Stream) {
        let squares =
            |feature: usize| self.weights.row(feature).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        for (b, block) in self.features.blocks().iter().enumerate() {
            let sum: f64 = block.clone().map(squares).sum();
            let shape = PRIOR.0 + 0.5 * (block.len() * self.weights.width()) as f64;
            let gamma = Stream { row: b as u64, ..place }.normal().gamma(shape);
            self.precision[block.clone()].fill((gamma / (PRIOR.1 + 0.5 * sum)) as f32);
        }
    }
}

fn panel_of(from: &Matrix, panel: usize) -> Vec<Responses> {
    let rows = from.floats().chunks_exact(from.stride());
    rows.map(|row| row[panel * RESPONSES..][..RESPONSES].try_into().expect("rows of whole lines")).collect()
}

fn put_panel(to: &mut Matrix, panel: usize, from: &[Responses]) {
    let (stride, width) = (to.stride(), to.width());
    let columns = panel * RESPONSES..((panel + 1) * RESPONSES).min(width);
    for (row, from) in to.floats_mut().chunks_exact_mut(stride).zip(from) {
        row[columns.clone()].copy_from_slice(&from[..columns.len()]);
    }
}
