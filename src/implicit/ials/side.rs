//! One side of the factorization: all users, or all items; and the half of an epoch that solves it.

use std::ops::Range;

use super::basis::diagonalise;
use super::degrees::Shares;
use super::evidence::{Events, Evidence};
use super::order::Order;
use super::params::IalsParams;
use super::weighting::{Pair, Weighting};
use crate::data::Row;
use crate::kernel::Matrix;
use crate::kernel::{
    Answers, Precision, Row as System, RowSolver, Rows, RowsMut, SolveError, Workspace, gathered_products,
    sum_of_squares,
};
use crate::par::{Workers, balanced, parts, tapered};

/// The least cost of a job, in multiply-adds: some tens of microseconds.
const LEAST_COST: usize = 1 << 20;

/// Solves the rows of a model with that many factors, in training and when folding in: the unobserved pairs make the
/// prior strong, so conjugate gradients come near in few steps.
pub(super) fn solver(factors: usize) -> RowSolver {
    RowSolver::new(factors).with_conjugate_gradients()
}

/// The rows of one side.
pub(super) struct Side {
    pub(super) rows: Matrix,
    /// How strongly each row is drawn to zero.
    regularization: Vec<f32>,
    shares: Shares,
    cuts: Vec<Range<usize>>,
}

/// What both half-steps of a fit share.
pub(super) struct Frame<'a> {
    pub(super) workers: &'a Workers,
    pub(super) solver: RowSolver,
    pub(super) weighting: Weighting,
    /// As many ones as the longest row has events, if every target and weight is 1.
    pub(super) ones: Option<Vec<f32>>,
}

/// A row that could not be solved, or all of them.
pub(super) struct Failed {
    pub(super) row: Option<usize>,
    pub(super) error: SolveError,
}

impl From<SolveError> for Failed {
    fn from(error: SolveError) -> Self {
        Self { row: None, error }
    }
}

/// What a half-step tells of the objective.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The regularization of the rows it solved.
    Regularization,
    /// All of it but the regularization of the fixed rows.
    Objective,
}

/// The memory of one thread.
struct Scratch<Ix> {
    events: Events<Ix>,
    workspace: Workspace,
    minima: Vec<f32>,
    scores: Vec<f32>,
}

impl Side {
    /// All rows at zero. `used` says how many events of each row tell something; `others` is the number of rows of the
    /// other side.
    pub(super) fn new(
        params: &IalsParams,
        offsets: &[usize],
        used: &[usize],
        others: u32,
        shares: Shares,
    ) -> Self {
        Self {
            rows: Matrix::new(used.len(), params.factors),
            regularization: used.iter().map(|&n| params.regularization_of(n, others)).collect(),
            shares,
            cuts: cuts(params.factors, offsets),
        }
    }

    /// Takes an order of the rows in which the events of each begin at `offsets`. The factors stay where they are.
    pub(super) fn arrange(&mut self, (order, offsets): (&Order, &[usize])) {
        self.regularization = order.arranged(&self.regularization);
        self.shares.arrange(order);
        self.cuts = cuts(self.rows.width(), offsets);
    }

    /// Turns the fixed side and solves every row against it. `row` gives what a row has touched, or who has touched
    /// it. Returns the diagonal of the fixed side's Gram matrix and what is to be told of the objective.
    pub(super) fn solve<'d, Ix: Copy + Into<usize> + Sync + Send + 'd>(
        &mut self,
        frame: &Frame<'_>,
        fixed: &mut Self,
        row: impl Fn(usize) -> Row<'d, Ix> + Send + Sync,
        told: Told,
    ) -> Result<(Vec<f32>, f64), Failed> {
        let Frame { workers, solver, .. } = *frame;
        let base =
            diagonalise(workers, solver.level(), solver.dim(), &mut fixed.rows, fixed.shares.uneven_pairs())?;
        let shares = (&self.shares, &fixed.shares);
        let step = Step { frame, fixed: fixed.rows.rows()?, base: &base, row, shares, told };
        let (width, stride) = (solver.dim(), self.rows.stride());
        let outs = parts(self.rows.floats_mut(), stride, &self.cuts);
        let pulls = parts(&mut self.regularization, 1, &self.cuts);
        let jobs: Vec<_> = self.cuts.iter().map(|cut| cut.start).zip(outs).zip(pulls).collect();
        let scratch = || Scratch {
            events: Events::default(),
            workspace: Workspace::default(),
            minima: Vec::new(),
            scores: Vec::new(),
        };
        let sums = workers.map(jobs, scratch, |scratch, ((first, out), pulls)| {
            step.solve(first, out, (width, stride), pulls, scratch)
        });
        let mut sum = 0.0;
        for part in sums {
            sum += part?;
        }
        Ok((base, sum))
    }
}

/// The jobs of a half-step.
fn cuts(factors: usize, offsets: &[usize]) -> Vec<Range<usize>> {
    let solver = solver(factors);
    tapered(balanced(offsets, |n| solver.cost(n) as usize + factors, LEAST_COST))
}

/// One half-step.
struct Step<'a, F> {
    frame: &'a Frame<'a>,
    fixed: Rows<'a>,
    base: &'a [f32],
    row: F,
    told: Told,
    /// Of the side that is solved, and of the fixed one.
    shares: (&'a Shares, &'a Shares),
}

impl<'d, Ix: Copy + Into<usize> + 'd, F: Fn(usize) -> Row<'d, Ix>> Step<'_, F> {
    /// Solves the rows from `first` on into `out`; returns what is to be told of the objective.
    fn solve(
        &self,
        first: usize,
        out: &mut [f32],
        (width, stride): (usize, usize),
        pulls: &[f32],
        scratch: &mut Scratch<Ix>,
    ) -> Result<f64, Failed> {
        let Scratch { events, workspace, minima, scores } = scratch;
        let rows = first..first + pulls.len();
        if self.frame.ones.is_none() {
            events.read(&self.frame.weighting, rows.map(&self.row), |at, id| self.pair(first + at, id));
        }
        let system = |r: usize| {
            let Evidence { ids, targets, weights } = match &self.frame.ones {
                Some(ones) => {
                    let ids = (self.row)(first + r).ids;
                    Evidence { ids, targets: &ones[..ids.len()], weights: None }
                }
                None => events.row(r),
            };
            System {
                indices: ids,
                targets,
                weights,
                precision: self.precision(first + r, pulls[r]),
                mean: None,
            }
        };
        minima.resize(pulls.len(), 0.0);
        let told_by_minima = self.told == Told::Objective && self.frame.weighting.is_told_by_minima();
        let to = Answers {
            rows: RowsMut::new(&mut *out, width, stride)?,
            variances: None,
            minima: told_by_minima.then_some(minima),
        };
        self.frame
            .solver
            .solve_many(self.fixed, pulls.len(), system, workspace, to)
            .map_err(|at| Failed { row: Some(first + at.row), error: at.error })?;
        if told_by_minima {
            return Ok(minima.iter().copied().map(f64::from).sum());
        }
        let mut sum = 0.0;
        for (r, (x, &pull)) in out.chunks_exact(stride).zip(pulls).enumerate() {
            let x = &x[..width];
            sum += f64::from(pull) * f64::from(sum_of_squares(self.frame.solver.level(), x));
            if self.told == Told::Objective {
                sum += self.loss(x, first + r, scores)?;
            }
        }
        Ok(sum)
    }

    /// The unobserved weight of the pairs of a row, but for what the other side multiplies it by.
    fn unobserved(&self, row: usize) -> f32 {
        self.frame.weighting.unobserved_weight * self.shares.0.pairs[row]
    }

    fn pair(&self, row: usize, id: Ix) -> Pair {
        let ((own, fixed), id) = (self.shares, id.into());
        Pair { share: own.events[row] * fixed.events[id], unobserved: self.unobserved(row) * fixed.pairs[id] }
    }

    fn precision(&self, row: usize, pull: f32) -> Precision<'_> {
        Precision { base: self.base, scale: self.unobserved(row), shift: pull }
    }

    /// What one solved row adds to the objective beside its regularization.
    fn loss(&self, x: &[f32], row: usize, scores: &mut Vec<f32>) -> Result<f64, SolveError> {
        let events = (self.row)(row);
        let Frame { solver, weighting, .. } = self.frame;
        scores.resize(events.len().max(scores.len()), 0.0);
        let scores = &mut scores[..events.len()];
        gathered_products(solver.level(), self.fixed, events.ids, x, scores)?;
        let told = events.iter().zip(scores);
        let observed = told.map(|((id, value), score)| weighting.loss(value, *score, self.pair(row, id)));
        let squares = x.iter().zip(self.base).map(|(&x, &l)| f64::from(x) * f64::from(x) * f64::from(l));
        Ok(observed.sum::<f64>() + f64::from(self.unobserved(row)) * squares.sum::<f64>())
    }
}
