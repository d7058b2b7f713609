//! One side: all users, or all items; what is believed of them, and the half of a sample that draws them.

use super::draws::{Draw, place};
use super::features::Features;
use super::link::Link;
use super::matrices::{each_row, moments, multiply, single};
use crate::data::Row;
use crate::kernel::{
    Gaussian, Matrix, Precision, Row as System, RowSolver, Rows, RowsMut, SolveError, Stream, Workspace,
    gathered_products,
};
use crate::par::{Workers, balanced, parts};
use std::ops::Range;

/// The least cost of a job, in multiply-adds: some tens of microseconds.
const LEAST_COST: usize = 1 << 18;

/// The rows of one side. A row has its factors first and its bias last.
pub(super) struct Side {
    /// This sample.
    pub(super) rows: Matrix,
    /// What the features say of each row: F B.
    pub(super) told: Matrix,
    pub(super) link: Option<Link>,
    /// The distribution of what features leave over.
    pub(super) gaussian: Gaussian,
    cuts: Vec<Range<usize>>,
    /// Whether the rows are more than zeros.
    pub(super) begun: bool,
    /// 0 for users, 1 for items.
    side: usize,
}

/// The events in the order of one side.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) offsets: &'a [usize],
    pub(super) targets: &'a [f32],
    /// What time says.
    pub(super) drift: &'a [f32],
    /// How exact the rows of this side are, and those of the other.
    pub(super) own: &'a [f32],
    pub(super) others: &'a [f32],
}

/// What all draws of a sample share.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) workers: &'a Workers,
    pub(super) solver: RowSolver,
    pub(super) tau: f64,
    pub(super) seed: u64,
    pub(super) sample: usize,
}

/// A row that could not be drawn, or all of them.
pub(super) struct Failed {
    pub(super) row: Option<usize>,
    pub(super) error: SolveError,
}

impl From<SolveError> for Failed {
    fn from(error: SolveError) -> Self {
        Self { row: None, error }
    }
}

/// The memory of one thread.
#[derive(Default)]
struct Scratch {
    workspace: Workspace,
    targets: Vec<f32>,
    weights: Vec<f32>,
    means: Vec<f32>,
    scores: Vec<f32>,
}

impl Side {
    /// All rows at zero.
    pub(super) fn new(dim: usize, offsets: &[usize], features: Features, side: usize) -> Self {
        let count = offsets.len() - 1;
        let solver = RowSolver::new(dim);
        let cuts = balanced(offsets, |n| solver.cost(n) as usize + dim, LEAST_COST);
        let (rows, told, link) = (Matrix::new(count, dim), Matrix::new(count, dim), Link::new(features, dim));
        Self { rows, told, link, gaussian: Gaussian::standard(dim), cuts, begun: false, side }
    }

    /// Draws the distribution of the rows, the link, then the rows. What each event leaves over goes to `left`, if given.
    pub(super) fn draw<'d, Ix: Copy + Into<usize> + Sync + 'd>(
        &mut self,
        frame: &Frame<'_>,
        fixed: &Matrix,
        row: impl Fn(usize) -> Row<'d, Ix> + Send + Sync,
        seen: &Seen<'_>,
        left: Option<&mut [f32]>,
    ) -> Result<(), Failed> {
        let center = self.draw_prior(frame)?;
        let turned = self.turn(frame, fixed)?;
        self.draw_rows(frame, (turned.rows()?, fixed), row, seen, left)?;
        let (workers, level) = (frame.workers, frame.solver.level());
        multiply(workers, level, &mut self.rows, &self.gaussian.inverse)?;
        Ok(self.settle(frame, &center)?)
    }

    /// Draws the distribution of the rows and the link, and leaves the rows as they are.
    pub(super) fn believe(&mut self, frame: &Frame<'_>) -> Result<(), SolveError> {
        let center = self.draw_prior(frame)?;
        self.settle(frame, &center)
    }

    /// Makes white prior means what features say of each row.
    fn settle(&mut self, frame: &Frame<'_>, center: &[f32]) -> Result<(), SolveError> {
        let (workers, level) = (frame.workers, frame.solver.level());
        each_row(workers, &mut self.told, |_, told| told.iter_mut().zip(center).for_each(|(m, c)| *m -= c));
        multiply(workers, level, &mut self.told, &self.gaussian.inverse)
    }

    /// Draws the prior of all rows; leaves their prior means in `told`, in coordinates in which the prior is white, and
    /// returns the part of them that is the same for all.
    fn draw_prior(&mut self, frame: &Frame<'_>) -> Result<Vec<f32>, SolveError> {
        let Frame { workers, seed, sample, .. } = *frame;
        let (level, dim) = (frame.solver.level(), self.rows.width());
        if !self.begun {
            // Nothing is known of the rows, so there is nothing to learn a prior from: each is drawn from its ratings.
            self.begun = true;
            return Ok(vec![0.0; dim]);
        }
        let (rows, told) = (&self.rows, &self.told);
        let mut apart = rows.clone();
        each_row(workers, &mut apart, |r, row| row.iter_mut().zip(told.row(r)).for_each(|(x, m)| *x -= m));
        let mut moments = moments(workers, level, &apart)?;
        if let Some(link) = &self.link {
            link.add_to(&mut moments, workers, level)?;
        }
        let at = place(seed, sample, Draw::Spread, self.side);
        self.gaussian = Gaussian::draw(&moments, &mut at.normal())?;
        let center = single(&self.gaussian.white_mean());
        let Some(link) = &mut self.link else {
            each_row(workers, &mut self.told, |_, told| told[..dim].copy_from_slice(&center));
            return Ok(center);
        };
        multiply(workers, level, &mut apart, &self.gaussian.root)?;
        each_row(workers, &mut apart, |_, row| row.iter_mut().zip(&center).for_each(|(x, c)| *x -= c));
        self.told.floats_mut().copy_from_slice(self.rows.floats());
        multiply(workers, level, &mut self.told, &self.gaussian.root)?;
        link.draw(workers, level, &self.gaussian, &mut apart, (seed, sample, self.side))?;
        each_row(workers, &mut self.told, |r, told| {
            told.iter_mut().zip(apart.row(r)).for_each(|(m, apart)| *m -= apart);
        });
        Ok(center)
    }

    /// The fixed side's rows, their biases replaced by ones, in the coordinates in which the prior is white.
    fn turn(&self, frame: &Frame<'_>, fixed: &Matrix) -> Result<Matrix, SolveError> {
        let dim = fixed.width();
        let mut turned = fixed.clone();
        each_row(frame.workers, &mut turned, |_, row| row[dim - 1] = 1.0);
        let inverse = &self.gaussian.inverse;
        let transposed: Vec<f64> = (0..dim * dim).map(|at| inverse[at % dim * dim + at / dim]).collect();
        multiply(frame.workers, frame.solver.level(), &mut turned, &transposed)?;
        Ok(turned)
    }

    /// Draws every row given the fixed side, exactly: the minimum for targets and prior means that are drawn about the
    /// true ones is a draw from the posterior (Papandreou & Yuille 2010, "Gaussian sampling by local perturbations").
    fn draw_rows<'d, Ix: Copy + Into<usize> + Sync + 'd>(
        &mut self,
        frame: &Frame<'_>,
        (turned, fixed): (Rows<'_>, &Matrix),
        row: impl Fn(usize) -> Row<'d, Ix> + Send + Sync,
        seen: &Seen<'_>,
        left: Option<&mut [f32]>,
    ) -> Result<(), Failed> {
        let (dim, stride) = (self.rows.width(), self.rows.stride());
        let biases: Vec<f32> = (0..fixed.count()).map(|r| fixed.row(r)[dim - 1]).collect();
        let ones = vec![1.0; dim];
        let at = place(frame.seed, frame.sample, Draw::Rows, self.side);
        let step = Step { frame, turned, biases: &biases, ones: &ones, row, seen, at };
        let spans: Vec<_> =
            self.cuts.iter().map(|cut| seen.offsets[cut.start]..seen.offsets[cut.end]).collect();
        let lefts: Vec<_> = match left {
            Some(left) => parts(left, 1, &spans).into_iter().map(Some).collect(),
            None => spans.iter().map(|_| None).collect(),
        };
        let outs = parts(self.rows.floats_mut(), stride, &self.cuts);
        let means = parts(self.told.floats_mut(), stride, &self.cuts);
        let jobs = self.cuts.iter().cloned().zip(outs).zip(means).zip(lefts).collect();
        let done = frame.workers.map(jobs, Scratch::default, |scratch, (((rows, out), means), left)| {
            step.perturb(rows.clone(), means, stride, scratch);
            step.solve(rows.clone(), out, stride, scratch)?;
            left.map_or(Ok(()), |left| step.leave(rows, out, stride, scratch, left))
        });
        done.into_iter().collect()
    }
}

/// Half a sample.
struct Step<'a, F> {
    frame: &'a Frame<'a>,
    turned: Rows<'a>,
    biases: &'a [f32],
    ones: &'a [f32],
    row: F,
    seen: &'a Seen<'a>,
    at: Stream,
}

impl<'d, Ix: Copy + Into<usize> + 'd, F: Fn(usize) -> Row<'d, Ix>> Step<'_, F> {
    /// How exact the ratings of a row are, but for what the other side says.
    fn precision(&self, row: usize) -> f32 {
        self.frame.tau as f32 * self.seen.own[row]
    }

    /// What the factors of a pair, and the row's bias, have to explain.
    fn target(&self, event: usize, id: Ix) -> f32 {
        self.seen.targets[event] - self.seen.drift[event] - self.biases[id.into()]
    }

    /// Draws targets and prior means about the true ones.
    fn perturb(&self, rows: Range<usize>, means: &[f32], stride: usize, scratch: &mut Scratch) {
        let Scratch { targets, weights, means: drawn, .. } = scratch;
        targets.clear();
        weights.clear();
        drawn.clear();
        for (r, mean) in rows.zip(means.chunks_exact(stride)) {
            let mut normal = Stream { row: r as u64, ..self.at }.normal();
            let precision = self.precision(r);
            for (&id, event) in (self.row)(r).ids.iter().zip(self.seen.offsets[r]..) {
                let weight = self.seen.others[id.into()];
                let deviation = 1.0 / (precision * weight).sqrt();
                weights.push(weight);
                targets.push(self.target(event, id) + deviation * normal.draw() as f32);
            }
            drawn.extend(mean[..self.ones.len()].iter().map(|m| m + normal.draw() as f32));
        }
    }

    fn solve(
        &self,
        rows: Range<usize>,
        out: &mut [f32],
        stride: usize,
        scratch: &mut Scratch,
    ) -> Result<(), Failed> {
        let Scratch { workspace, targets, weights, means, .. } = scratch;
        let (dim, offsets, first) = (self.ones.len(), self.seen.offsets, self.seen.offsets[rows.start]);
        let system = |r: usize| {
            let row = rows.start + r;
            let span = offsets[row] - first..offsets[row + 1] - first;
            System {
                indices: (self.row)(row).ids,
                targets: &targets[span.clone()],
                weights: Some(&weights[span]),
                precision: Precision::diagonal(self.ones).scaled(1.0 / self.precision(row)),
                mean: Some(&means[r * dim..][..dim]),
            }
        };
        let to = RowsMut::new(out, dim, stride)?;
        let solved = self.frame.solver.solve_many(self.turned, rows.len(), system, workspace, to);
        solved.map_err(|at| Failed { row: Some(rows.start + at.row), error: at.error })
    }

    /// What the drawn rows leave over.
    fn leave(
        &self,
        rows: Range<usize>,
        drawn: &[f32],
        stride: usize,
        scratch: &mut Scratch,
        mut left: &mut [f32],
    ) -> Result<(), Failed> {
        for (r, x) in rows.zip(drawn.chunks_exact(stride)) {
            let ids = (self.row)(r).ids;
            let (own, rest) = left.split_at_mut(ids.len());
            scratch.scores.resize(ids.len(), 0.0);
            let level = self.frame.solver.level();
            gathered_products(level, self.turned, ids, &x[..self.ones.len()], &mut scratch.scores)?;
            let events = ids.iter().zip(&scratch.scores).zip(self.seen.offsets[r]..);
            own.iter_mut()
                .zip(events)
                .for_each(|(left, ((&id, score), event))| *left = self.target(event, id) - score);
            left = rest;
        }
        Ok(())
    }
}
