//! Some rows of one side, solved against the other.

use super::super::answer::Pull;
use super::super::evidence::Events;
use super::super::side::Failed;
use super::super::weighting::{Pair, Weighting};
use crate::data::Row;
use crate::kernel::{Matrix, Row as System, RowSolver, RowsMut, Workspace};
use crate::par::{Workers, chunks, parts};

/// Rows of one job: some tens of microseconds.
const ROWS: usize = 16;

/// What the rows of one side share.
pub(super) struct Pass<'a> {
    pub(super) workers: &'a Workers,
    pub(super) solver: RowSolver,
    pub(super) weighting: Weighting,
    /// The other side, in coordinates in which its Gram matrix is diagonal.
    pub(super) fixed: &'a Matrix,
    pub(super) base: &'a [f32],
}

/// A row to solve.
pub(super) struct Asked<'a, Ix> {
    pub(super) index: usize,
    pub(super) events: Row<'a, Ix>,
    pub(super) pull: Pull,
}

impl Pass<'_> {
    /// Solves the rows; they lie one after the other in the answer. A row has the same bits alone and among others.
    pub(super) fn solve<Ix: Copy + Into<usize> + Sync + Send>(
        &self,
        asked: &[Asked<'_, Ix>],
        pair: impl Fn(&Asked<'_, Ix>, Ix) -> Pair + Sync + Send,
    ) -> Result<Vec<f32>, Failed> {
        let (width, fixed) = (self.solver.dim(), self.fixed.rows()?);
        let mut out = vec![0.0; asked.len() * width];
        let cuts: Vec<_> = chunks(asked.len(), ROWS).collect();
        let jobs: Vec<_> = cuts.iter().cloned().zip(parts(&mut out, width, &cuts)).collect();
        let scratch = || (Events::default(), Workspace::default());
        let done = self.workers.map(jobs, scratch, |(events, workspace), (rows, out)| {
            let asked = &asked[rows];
            let histories = asked.iter().map(|asked| asked.events);
            events.read(&self.weighting, histories, |at, id| pair(&asked[at], id));
            let system = |r: usize| {
                let (told, precision) = (events.row(r), asked[r].pull.precision(self.base));
                let (indices, targets, weights) = (told.ids, told.targets, told.weights);
                System { indices, targets, weights, precision, mean: None }
            };
            let to = RowsMut::new(out, width, width)?;
            let solved = self.solver.solve_many(fixed, asked.len(), system, workspace, to);
            solved.map_err(|at| Failed { row: asked.get(at.row).map(|asked| asked.index), error: at.error })
        });
        done.into_iter().collect::<Result<(), Failed>>()?;
        Ok(out)
    }
}
