//! One side of the factorization: all users, or all items; and the half of an epoch that solves it.

use std::ops::Range;

use super::activity::Activity;
use super::prior::{Prior, Sums};
use crate::data::Row;
use crate::kernel::{
    Beliefs, Evidence, Posterior, SolveError, UncertainRows, UncertainRowsMut, UncertainSolver,
    UncertainWorkspace,
};
use crate::par::{Workers, balanced, parts};

/// The least cost of a job, in events and unknowns: a few tens of microseconds.
pub(super) const LEAST_COST: usize = 2048;

/// The rows of one side with what is believed of them.
pub(super) struct Side {
    /// Means: factors, then the bias; `dim` per row.
    pub(super) mean: Vec<f32>,
    /// Variances, likewise.
    pub(super) variance: Vec<f32>,
    /// Relative noise precision omega, one per row.
    pub(super) weight: Vec<f32>,
    /// The same, as the other side reads it.
    pub(super) packed: UncertainRows,
    pub(super) prior: Prior,
    pub(super) activity: Activity,
    /// The covariate of each row.
    covariates: Vec<f32>,
    cuts: Vec<Range<usize>>,
}

/// What a half-step shares between its rows.
pub(super) struct Frame<'a> {
    pub(super) workers: &'a Workers,
    pub(super) solver: &'a UncertainSolver,
    /// Mean, slope and the rest come from the side that is solved; `precision` too, multiplied by this.
    pub(super) regularization: f32,
    pub(super) tau: f32,
    pub(super) steadiness: f32,
    pub(super) center: f32,
    pub(super) scale: f32,
}

/// A row that could not be solved.
pub(super) struct Failed {
    pub(super) row: usize,
    pub(super) error: SolveError,
}

/// The rows of one job.
struct Part<'a> {
    rows: Range<usize>,
    mean: &'a mut [f32],
    variance: &'a mut [f32],
    weight: &'a mut [f32],
    packed: UncertainRowsMut<'a>,
}

/// The memory of one thread.
#[derive(Default)]
struct Scratch {
    workspace: UncertainWorkspace,
    error: Vec<f64>,
    residual: Vec<f64>,
}

impl Side {
    /// All rows at zero.
    pub(super) fn new(dim: usize, offsets: &[usize]) -> Self {
        let n = offsets.len() - 1;
        let activity = Activity::of(offsets);
        let covariates = offsets.windows(2).map(|row| activity.covariate(row[1] - row[0])).collect();
        Self {
            mean: vec![0.0; n * dim],
            variance: vec![0.0; n * dim],
            weight: vec![1.0; n],
            packed: UncertainRows::new(dim, n),
            prior: Prior::start(dim),
            activity,
            covariates,
            cuts: balanced(offsets, |n| n + dim, LEAST_COST),
        }
    }

    /// What the rows that have events are like, without their errors.
    pub(super) fn sums(&self, has_events: impl Fn(usize) -> bool) -> Sums {
        let dim = self.packed.dim();
        let mut sums = Sums::new(dim);
        let rows = self.mean.chunks_exact(dim).zip(self.variance.chunks_exact(dim)).enumerate();
        rows.filter(|(r, _)| has_events(*r)).for_each(|(r, (x, v))| sums.add_row(x, v, self.covariates[r]));
        sums
    }

    /// Hands the rows over to the other side.
    pub(super) fn publish(&mut self) -> Result<(), SolveError> {
        let dim = self.packed.dim();
        let mut packed = self.packed.all_mut();
        for (r, (x, v)) in self.mean.chunks_exact(dim).zip(self.variance.chunks_exact(dim)).enumerate() {
            packed.set(r, x, v, self.weight[r])?;
        }
        Ok(())
    }

    /// Solves every row against the other side. `row` gives what a row has rated, or who has rated it.
    pub(super) fn solve<'d, Ix: Copy + Into<usize> + Sync + 'd>(
        &mut self,
        frame: &Frame<'_>,
        fixed: &UncertainRows,
        row: impl Fn(usize) -> Row<'d, Ix> + Send + Sync,
        with_residuals: bool,
    ) -> Result<Sums, Failed> {
        let dim = fixed.dim();
        let precision: Vec<f32> = self.prior.precision.iter().map(|p| p * frame.regularization).collect();
        let (covariates, prior, cuts) = (&self.covariates, &self.prior, &self.cuts);
        let beliefs = Beliefs {
            mean: &prior.mean,
            slope: &prior.slope,
            precision: &precision,
            tau: frame.tau,
            steadiness: frame.steadiness,
            center: frame.center,
            scale: frame.scale,
        };
        let mut packed = Some(self.packed.all_mut());
        let slices = parts(&mut self.mean, dim, cuts)
            .into_iter()
            .zip(parts(&mut self.variance, dim, cuts))
            .zip(parts(&mut self.weight, 1, cuts));
        let job = |(rows, ((mean, variance), weight)): (&Range<usize>, _)| {
            let (head, rest) = packed.take()?.split_at(rows.len());
            packed = Some(rest);
            Some(Part { rows: rows.clone(), mean, variance, weight, packed: head })
        };
        let jobs: Vec<Part<'_>> = cuts.iter().zip(slices).filter_map(job).collect();
        let sums = frame.workers.map(jobs, Scratch::default, |scratch, part| {
            let first = part.rows.start;
            let evidence = |r: usize| {
                let (row, covariate) = (row(first + r), covariates[first + r]);
                Evidence { indices: row.ids, values: row.values, covariate }
            };
            solve_part(frame.solver, fixed, &beliefs, evidence, scratch, with_residuals, part)
        });
        let mut total = Sums::new(dim);
        for sums in sums {
            total.add(&sums?);
        }
        Ok(total)
    }
}

fn solve_part<'d, Ix: Copy + Into<usize> + 'd>(
    solver: &UncertainSolver,
    fixed: &UncertainRows,
    beliefs: &Beliefs<'_>,
    evidence: impl Fn(usize) -> Evidence<'d, Ix>,
    scratch: &mut Scratch,
    with_residuals: bool,
    mut part: Part<'_>,
) -> Result<Sums, Failed> {
    let (dim, count) = (fixed.dim(), part.rows.len());
    scratch.error.clear();
    scratch.error.resize(count, 0.0);
    scratch.residual.clear();
    scratch.residual.resize(if with_residuals { count } else { 0 }, 0.0);
    let mut out = Posterior {
        mean: part.mean,
        variance: part.variance,
        weight: part.weight,
        error: &mut scratch.error,
        residual: &mut scratch.residual,
    };
    let failed = |row: usize, error| Failed { row: part.rows.start + row, error };
    solver
        .solve_many(fixed, beliefs, count, &evidence, &mut scratch.workspace, &mut out)
        .map_err(|at| failed(at.row, at.error))?;
    let mut sums = Sums::new(dim);
    for r in 0..count {
        let (x, v) = (&out.mean[r * dim..][..dim], &out.variance[r * dim..][..dim]);
        let weight = out.weight[r];
        part.packed.set(r, x, v, weight).map_err(|error| failed(r, error))?;
        let evidence = evidence(r);
        if !evidence.indices.is_empty() {
            sums.add_row(x, v, evidence.covariate);
            let residual = out.residual.get(r).copied().unwrap_or_default();
            sums.add_error(f64::from(weight) * out.error[r], residual);
        }
    }
    Ok(sums)
}
