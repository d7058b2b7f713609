//! Somebody who was not there when the samples were drawn.

use super::BayesianMf;
use super::draws::{Draw, place};
use super::features::set_share;
use super::model::Prior;
use crate::data::{EncodedRow, History, UserIx};
use crate::kernel::{
    Normal, Precision, Row as System, RowSolver, Rows, RowsMut, SolveError, Stream, Workspace, dot, transform,
};
use crate::model::QueryError;

/// Passes through the first samples before the one that counts, for numbers behind levels to settle.
const SETTLING: usize = 4;

/// The rows of an asker in all samples.
pub(super) struct Asker {
    /// The mean of each row given what was drawn with it.
    pub(super) means: Vec<f32>,
    pub(super) draws: Vec<f32>,
    /// How noisy the asker's ratings are taken to be: as those of all.
    pub(super) noise: f32,
}

impl Asker {
    pub(super) fn draw(
        model: &BayesianMf,
        history: History<'_>,
        user: Option<UserIx>,
        attributes: Option<&EncodedRow>,
    ) -> Result<Self, QueryError> {
        let parts = &model.parts;
        let (prior, with_set) = model.prior_of_asker(history.len(), user);
        let mut told = prior.mean.clone();
        tell(model, (prior, with_set), history, user, attributes, &mut told)?;
        let mut asker = Self { means: told, draws: vec![0.0; parts.width()], noise: 1.0 };
        let mut step = Step::new(model, prior, history);
        let first =
            if history.is_empty() { parts.samples } else { parts.samples + SETTLING.min(parts.samples) };
        for at in (0..first).rev() {
            let sample = at % parts.samples;
            let kept = at < parts.samples;
            step.draw(sample, kept, &mut asker).map_err(|error| QueryError::Unsolvable(error.to_string()))?;
        }
        Ok(asker)
    }
}

/// Adds what is known of the asker beside ratings to the prior mean.
fn tell(
    model: &BayesianMf,
    (prior, with_set): (&Prior, bool),
    history: History<'_>,
    user: Option<UserIx>,
    attributes: Option<&EncodedRow>,
    row: &mut [f32],
) -> Result<(), QueryError> {
    let parts = &model.parts;
    let n_attributes = parts.user_attributes.as_ref().map_or(0, |known| known.n_features() as usize);
    let entries = match (attributes, user, &parts.user_attributes) {
        (Some(told), _, _) => {
            if let Some(&feature) = told.features.iter().find(|&&feature| feature as usize >= n_attributes) {
                return Err(QueryError::UnknownFeature { feature, n_features: n_attributes as u32 });
            }
            (&told.features[..], &told.values[..])
        }
        (None, Some(user), Some(known)) => known.row(user),
        _ => (&[][..], &[][..]),
    };
    let features = entries.0.iter().zip(entries.1).map(|(&feature, &value)| (feature as usize, value));
    prior.tell(row, features);
    if with_set {
        let share = set_share(history.len());
        prior.tell(row, history.ids.iter().map(|item| (n_attributes + item.ix(), share)));
    }
    Ok(())
}

/// What is shared by the samples of one asker.
struct Step<'a> {
    model: &'a BayesianMf,
    prior: &'a Prior,
    history: History<'a>,
    /// Numbers behind the ratings.
    targets: Vec<f32>,
    solver: RowSolver,
    workspace: Workspace,
    indices: Vec<usize>,
    ones: Vec<f32>,
    weights: Vec<f32>,
}

impl<'a> Step<'a> {
    fn new(model: &'a BayesianMf, prior: &'a Prior, history: History<'a>) -> Self {
        let parts = &model.parts;
        let middle = |value: &f32| match parts.ratings.is_ordinal() {
            true => {
                let (low, high) = parts.ratings.bounds(parts.ratings.level(*value));
                (0.5 * (low.max(-2.5) + high.min(2.5))) as f32
            }
            false => parts.ratings.standardised(*value),
        };
        Self {
            model,
            prior,
            history,
            targets: history.values.iter().map(middle).collect(),
            solver: RowSolver::with_level(parts.dim(), model.level),
            workspace: Workspace::default(),
            indices: (0..history.len()).collect(),
            ones: vec![1.0; parts.dim()],
            weights: history.ids.iter().map(|item| 1.0 / parts.noise.items[item.ix()]).collect(),
        }
    }

    /// Draws the row of one sample, and notes it and its mean where it is kept.
    fn draw(&mut self, sample: usize, kept: bool, asker: &mut Asker) -> Result<(), SolveError> {
        let parts = &self.model.parts;
        let (dim, n) = (parts.dim(), self.history.len());
        let span = sample * dim..(sample + 1) * dim;
        let prior = self.prior;
        let root = &prior.root[sample * dim * dim..][..dim * dim];
        let inverse = &prior.inverse[sample * dim * dim..][..dim * dim];
        let at = Stream { row: sample as u64 / 2, ..place(0, 0, Draw::Cold, 2) };
        let mut normal = at.normal();
        if n == 0 {
            // By pairs of opposite draws: without ratings the mean over the samples is the prior mean.
            let sign = if sample.is_multiple_of(2) { 1.0 } else { -1.0 };
            let white: Vec<f32> = (0..dim).map(|_| sign * normal.draw() as f32).collect();
            let spread = times(&white, inverse);
            let drawn = asker.means[span.clone()].iter().zip(spread).map(|(m, s)| m + s);
            asker.draws[span].iter_mut().zip(drawn).for_each(|(to, x)| *to = x);
            return Ok(());
        }
        let mut normal = Normal::new(Stream { row: u64::MAX - sample as u64, ..at }.generator());
        let (fixed, offsets) = self.fixed(sample, inverse)?;
        let rows = Rows::new(&fixed, dim, dim)?;
        let precision = Precision::diagonal(&self.ones).scaled(parts.noise.all);
        let prior = times(&asker.means[span.clone()], root);
        let targets: Vec<f32> = self.targets.iter().zip(&offsets).map(|(z, offset)| z - offset).collect();
        let mut solve = |targets: &[f32], mean: &[f32]| {
            let mut x = vec![0.0; dim];
            let row = System {
                indices: &self.indices,
                targets,
                weights: Some(&self.weights),
                precision,
                mean: Some(mean),
            };
            self.solver.solve(rows, row, &mut self.workspace, &mut x, None).map(|()| x)
        };
        let mean = solve(&targets, &prior)?;
        let perturbed: Vec<f32> = targets
            .iter()
            .zip(&self.weights)
            .map(|(t, w)| t + (parts.noise.all / w).sqrt() * normal.draw() as f32)
            .collect();
        let shifted: Vec<f32> = prior.iter().map(|m| m + normal.draw() as f32).collect();
        let drawn = solve(&perturbed, &shifted)?;
        self.draw_latent(&fixed, &offsets, &drawn, &mut normal);
        if kept {
            asker.means[span.clone()].copy_from_slice(&times(&mean, inverse));
            asker.draws[span].copy_from_slice(&times(&drawn, inverse));
        }
        Ok(())
    }

    /// The rows of what was rated, their biases replaced by ones, in coordinates in which the prior is white; and what
    /// has to be taken from the targets.
    fn fixed(&self, sample: usize, inverse: &[f32]) -> Result<(Vec<f32>, Vec<f32>), SolveError> {
        let parts = &self.model.parts;
        let dim = parts.dim();
        let (mut fixed, mut offsets) = (Vec::with_capacity(self.history.len() * dim), Vec::new());
        for (at, item) in self.history.ids.iter().enumerate() {
            let row = parts.item(item.ix());
            let y = &row[sample * dim..][..dim];
            fixed.extend_from_slice(&y[..dim - 1]);
            fixed.push(1.0);
            let period = self.history.times.zip(parts.time.as_ref());
            let period = period.and_then(|(times, time)| time.calendar.period(times[at]));
            offsets.push(y[dim - 1] + period.map_or(0.0, |period| row[parts.width() + period as usize]));
        }
        let transposed: Vec<f32> = (0..dim * dim).map(|at| inverse[at % dim * dim + at / dim]).collect();
        let by = Rows::new(&transposed, dim, dim)?;
        transform(self.model.level, RowsMut::new(&mut fixed, dim, dim)?, by)?;
        Ok((fixed, offsets))
    }

    /// Draws the numbers behind levels given a row.
    fn draw_latent(&mut self, fixed: &[f32], offsets: &[f32], x: &[f32], normal: &mut Normal) {
        let parts = &self.model.parts;
        if !parts.ratings.is_ordinal() {
            return;
        }
        let dim = parts.dim();
        let told = fixed.chunks_exact(dim).zip(offsets).zip(&self.weights).zip(self.history.values);
        for ((((y, offset), weight), value), target) in told.zip(&mut self.targets) {
            let score = f64::from(dot(self.model.level, x, y) + offset);
            let root = f64::from(weight / parts.noise.all).sqrt();
            let (low, high) = parts.ratings.bounds(parts.ratings.level(*value));
            *target = (score + normal.between((low - score) * root, (high - score) * root) / root) as f32;
        }
    }
}

/// A row times a square matrix.
pub(super) fn times(row: &[f32], matrix: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; row.len()];
    for (x, by) in row.iter().zip(matrix.chunks_exact(row.len())) {
        out.iter_mut().zip(by).for_each(|(out, by)| *out += x * by);
    }
    out
}
