//! One row drawn anew in every sample, given everything else that was drawn with it: somebody folded in, or a row of a
//! model that lives.

use super::BayesianMf;
use super::draws::{Draw, place};
use super::prior::Spread;
use crate::kernel::{
    Normal, Precision, Row as System, RowSolver, Rows, RowsMut, SolveError, Stream, Workspace, dot, transform,
};

/// Passes through the first samples before the one that counts, for numbers behind levels to settle.
const SETTLING: usize = 4;

/// Whose row it is: everybody who asks draws the same numbers, a row of the model its own.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Asker,
    /// Of users (side 0) or items (side 1).
    Row {
        side: usize,
        row: usize,
    },
}

impl Who {
    /// Where the numbers of a sample come from.
    fn place(self, sample: usize) -> Stream {
        match self {
            Self::Asker => Stream { row: u64::MAX - sample as u64, ..place(0, 0, Draw::Cold, 2) },
            Self::Row { side, row } => Stream { row: row as u64, ..place(0, sample, Draw::Living, side) },
        }
    }

    /// The same without ratings: one place for two samples, whose draws are opposite. So the mean over the samples is the
    /// prior mean.
    fn place_of_pair(self, sample: usize) -> Stream {
        match self {
            Self::Asker => Stream { row: sample as u64 / 2, ..place(0, 0, Draw::Cold, 2) },
            Self::Row { .. } => self.place(sample / 2),
        }
    }
}

/// What a row's ratings say, and of whom.
pub(super) struct Evidence<'a> {
    /// The rows of the other side, of all samples.
    pub(super) others: Vec<&'a [f32]>,
    pub(super) values: &'a [f32],
    /// What time says of each rating.
    pub(super) drift: Vec<f32>,
    /// How exact each rating is, but for what the row itself says.
    pub(super) weights: Vec<f32>,
    /// How noisy the row's ratings are.
    pub(super) noise: f32,
}

/// A row in all samples.
pub(super) struct Drawn {
    /// The mean of the row given what was drawn with it; where nobody asked for it, its prior mean.
    pub(super) means: Vec<f32>,
    pub(super) rows: Vec<f32>,
}

/// Draws a row in all samples: `told` are its prior means, `means` whether those given the ratings are wanted too.
pub(super) fn draw(
    model: &BayesianMf,
    (prior, told): (Spread<'_>, Vec<f32>),
    evidence: Evidence<'_>,
    who: Who,
    means: bool,
) -> Result<Drawn, SolveError> {
    let (samples, dim) = (model.parts.samples, model.parts.dim());
    let mut drawn = Drawn { rows: vec![0.0; told.len()], means: told };
    let mut step = Step::new(model, prior, &evidence);
    let nothing = evidence.values.is_empty();
    let first = if nothing { samples } else { samples + SETTLING.min(samples) };
    for at in (0..first).rev() {
        let (sample, kept) = (at % samples, at < samples);
        let span = sample * dim..(sample + 1) * dim;
        if nothing {
            drawn.rows[span.clone()].copy_from_slice(&step.draw_prior(sample, &drawn.means[span], who));
            continue;
        }
        let (mean, row) = step.draw(sample, &drawn.means[span.clone()], who, means && kept)?;
        if kept {
            drawn.rows[span.clone()].copy_from_slice(&row);
            if let Some(mean) = mean {
                drawn.means[span].copy_from_slice(&mean);
            }
        }
    }
    Ok(drawn)
}

/// What is shared by the samples of one row.
struct Step<'a> {
    model: &'a BayesianMf,
    prior: Spread<'a>,
    evidence: &'a Evidence<'a>,
    /// Numbers behind the ratings.
    targets: Vec<f32>,
    solver: RowSolver,
    workspace: Workspace,
    indices: Vec<usize>,
    ones: Vec<f32>,
}

impl<'a> Step<'a> {
    fn new(model: &'a BayesianMf, prior: Spread<'a>, evidence: &'a Evidence<'a>) -> Self {
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
            evidence,
            targets: evidence.values.iter().map(middle).collect(),
            solver: RowSolver::with_level(parts.dim(), model.level),
            workspace: Workspace::default(),
            indices: (0..evidence.values.len()).collect(),
            ones: vec![1.0; parts.dim()],
        }
    }

    /// A square matrix of the prior in one sample.
    fn of_sample(&self, matrices: &'a [f32], sample: usize) -> &'a [f32] {
        let square = self.ones.len() * self.ones.len();
        &matrices[sample * square..][..square]
    }

    /// A draw from the prior.
    fn draw_prior(&self, sample: usize, told: &[f32], who: Who) -> Vec<f32> {
        let mut normal = who.place_of_pair(sample).normal();
        let sign = if sample.is_multiple_of(2) { 1.0 } else { -1.0 };
        let white: Vec<f32> = told.iter().map(|_| sign * normal.draw() as f32).collect();
        let spread = times(&white, self.of_sample(self.prior.inverse, sample));
        told.iter().zip(spread).map(|(mean, spread)| mean + spread).collect()
    }

    /// Draws the row of one sample, then the numbers behind the ratings. The mean comes first, if it is wanted.
    fn draw(
        &mut self,
        sample: usize,
        told: &[f32],
        who: Who,
        with_mean: bool,
    ) -> Result<(Option<Vec<f32>>, Vec<f32>), SolveError> {
        let (dim, all, evidence) = (self.ones.len(), self.model.parts.noise.all, self.evidence);
        let inverse = self.of_sample(self.prior.inverse, sample);
        let mut normal = who.place(sample).normal();
        let (fixed, offsets) = self.fixed(sample, inverse)?;
        let rows = Rows::new(&fixed, dim, dim)?;
        let noise = all * evidence.noise;
        let precision = Precision::diagonal(&self.ones).scaled(noise);
        let prior = times(told, self.of_sample(self.prior.root, sample));
        let targets: Vec<f32> = self.targets.iter().zip(&offsets).map(|(z, offset)| z - offset).collect();
        let mut solve = |targets: &[f32], mean: &[f32]| {
            let mut x = vec![0.0; dim];
            let row = System {
                indices: &self.indices,
                targets,
                weights: Some(&evidence.weights),
                precision,
                mean: Some(mean),
            };
            self.solver.solve(rows, row, &mut self.workspace, &mut x, None).map(|()| x)
        };
        let mean = if with_mean { Some(times(&solve(&targets, &prior)?, inverse)) } else { None };
        let perturbed: Vec<f32> = targets
            .iter()
            .zip(&evidence.weights)
            .map(|(t, w)| t + (noise / w).sqrt() * normal.draw() as f32)
            .collect();
        let shifted: Vec<f32> = prior.iter().map(|m| m + normal.draw() as f32).collect();
        let drawn = solve(&perturbed, &shifted)?;
        self.draw_latent(&fixed, &offsets, &drawn, &mut normal);
        Ok((mean, times(&drawn, inverse)))
    }

    /// The rows of the other side, their biases replaced by ones, in coordinates in which the prior is white; and what
    /// has to be taken from the targets.
    fn fixed(&self, sample: usize, inverse: &[f32]) -> Result<(Vec<f32>, Vec<f32>), SolveError> {
        let dim = self.ones.len();
        let (mut fixed, mut offsets) = (Vec::with_capacity(self.indices.len() * dim), Vec::new());
        for (row, drift) in self.evidence.others.iter().zip(&self.evidence.drift) {
            let y = &row[sample * dim..][..dim];
            fixed.extend_from_slice(&y[..dim - 1]);
            fixed.push(1.0);
            offsets.push(y[dim - 1] + drift);
        }
        let transposed: Vec<f32> = (0..dim * dim).map(|at| inverse[at % dim * dim + at / dim]).collect();
        let by = Rows::new(&transposed, dim, dim)?;
        transform(self.model.level, RowsMut::new(&mut fixed, dim, dim)?, by)?;
        Ok((fixed, offsets))
    }

    /// Draws the numbers behind levels given a row.
    fn draw_latent(&mut self, fixed: &[f32], offsets: &[f32], x: &[f32], normal: &mut Normal) {
        let (parts, evidence) = (&self.model.parts, self.evidence);
        if !parts.ratings.is_ordinal() {
            return;
        }
        let noise = parts.noise.all * evidence.noise;
        let told = fixed.chunks_exact(x.len()).zip(offsets).zip(&evidence.weights).zip(evidence.values);
        for ((((y, offset), weight), value), target) in told.zip(&mut self.targets) {
            let score = f64::from(dot(self.model.level, x, y) + offset);
            let root = f64::from(weight / noise).sqrt();
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
