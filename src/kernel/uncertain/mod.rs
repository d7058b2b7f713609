//! The row solver for fixed rows that are themselves uncertain: one step of variational Bayes.
//!
//! A row x (D coordinates) explains n targets through fixed rows that are known up to a variance,
//!
//! ```text
//! t_j = b_j + y_j.x + noise,   y_j = (q_j, 1),   q_j ~ N(mean, diag v_j),   noise ~ N(0, 1 / (tau w_j omega))
//! x ~ N(m + s c, diag(1/P))
//! ```
//!
//! where omega, the relative noise precision of the row itself, is a gamma variable of mean 1 worth h events. With
//! S = sum w_j y_j y_j', V = diag(sum w_j v_j) (its offset entry zero), g = sum w_j (t_j - b_j) y_j and Q = P / (tau
//! omega), the row's mean, the diagonal approximation of its variance, its expected squared error and its noise are
//!
//! ```text
//! A x = g + Q (m + s c),   A = S + V + Q,        v_k = 1 / (tau omega A_kk)
//! e = sum w_j (t_j - b_j)^2 - x.(g + Q (x - m - s c)) + sum w_j v_j[offset] + sum_k (1 - Q_k / A_kk) / (tau omega)
//! omega = (h + n) / (h + tau e)
//! ```
//!
//! Two passes: omega = 1, then the omega that follows. S, V and g serve both, so the second costs a factorisation.
//! Long rows factor the D x D matrix A; short ones go through the n x n matrix of [`RowSolver`], for which a diagonal
//! prior is all that is needed. Which way depends on n and D alone, so a row has the same bits alone and in any batch.
//!
//! Cost: `n (D + 1) (D + 2) / 2 + D^3 / 3 + 2 D^2` multiply-adds for a long row.

mod dual;
mod gather;
mod lanes;
mod primal;
mod rows;
#[cfg(test)]
mod tests;
mod workspace;

use super::error::{RowError, SolveError};
use super::level::Level;
use super::row::{Method, RowSolver, check_len};
use super::simd::{Job, Simd};
use rows::View;
pub use rows::{UncertainRows, UncertainRowsMut};
pub use workspace::UncertainWorkspace;

/// What all rows of a call have in common.
#[derive(Debug, Clone, Copy)]
pub struct Beliefs<'a> {
    /// Prior mean m, one entry per coordinate.
    pub mean: &'a [f32],
    /// What the prior mean gains per unit of a row's covariate: s.
    pub slope: &'a [f32],
    /// Prior precision P, positive.
    pub precision: &'a [f32],
    /// Noise precision tau, positive.
    pub tau: f32,
    /// How many events the belief in omega = 1 is worth: h, positive; infinite keeps omega at 1.
    pub steadiness: f32,
    /// Targets are `(value - center) * scale`.
    pub center: f32,
    /// See `center`.
    pub scale: f32,
}

impl Beliefs<'_> {
    /// omega of a row of `n` events whose expected squared error is `error`.
    pub(crate) fn weight(&self, n: usize, error: f64) -> f32 {
        if self.steadiness == f32::INFINITY {
            return 1.0;
        }
        let h = f64::from(self.steadiness);
        ((h + n as f64) / (h + f64::from(self.tau) * error)) as f32
    }
}

/// What one row knows.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a, I> {
    /// Which fixed rows, in the order in which their terms are summed.
    pub indices: &'a [I],
    /// One value per index.
    pub values: &'a [f32],
    /// The covariate c of the prior mean.
    pub covariate: f32,
}

/// Where the answers of `count` rows go.
#[derive(Debug)]
pub struct Posterior<'a> {
    /// Means, `count * dim`.
    pub mean: &'a mut [f32],
    /// Variances, `count * dim`.
    pub variance: &'a mut [f32],
    /// omega, one per row.
    pub weight: &'a mut [f32],
    /// e, one per row.
    pub error: &'a mut [f64],
    /// The plain sum of squares of `t_j - b_j - y_j.x`, one per row; empty when not wanted.
    pub residual: &'a mut [f64],
}

/// Prepared once for a dimension and a level, then used for any number of rows from any number of threads, each
/// with its own [`UncertainWorkspace`].
#[derive(Debug, Clone, Copy)]
pub struct UncertainSolver {
    dim: usize,
    level: Level,
    dual: RowSolver,
    method: Option<Method>,
}

impl UncertainSolver {
    /// A solver for rows of `dim` coordinates (at least 1), the offset included.
    #[must_use]
    pub fn new(dim: usize, level: Level) -> Self {
        let dim = dim.max(1);
        let dual = RowSolver::with_level(dim, level).with_method(Method::Dual);
        Self { dim, level, dual, method: None }
    }

    /// Forces one method for all rows; for tests and measurements.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method: Some(method), ..self }
    }

    /// Coordinates of a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The instructions in use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The method a row of `n` events is solved with.
    #[must_use]
    pub fn method(&self, n: usize) -> Method {
        self.method.unwrap_or_else(|| {
            if self.operations(Method::Dual, n) < self.operations(Method::Primal, n) {
                Method::Dual
            } else {
                Method::Primal
            }
        })
    }

    /// The multiply-adds a row of `n` events needs, both passes together.
    #[must_use]
    pub fn operations(&self, method: Method, n: usize) -> f64 {
        let (events, d) = (n as f64, self.dim as f64);
        match method {
            Method::Primal => events * (d + 1.0) * (d + 2.0) / 2.0 + d * d * d / 3.0 + 2.0 * d * d,
            Method::Dual => 2.0 * self.dual.operations(method, n) + 3.0 * events * d,
        }
    }

    /// Solves `count` rows; row `r` is described by `row(r)` and lands in place `r` of `out`. A row without events
    /// is its prior.
    ///
    /// # Errors
    /// The lowest row that failed; the others are solved all the same.
    pub fn solve_many<'a, I: Copy + Into<usize> + 'a>(
        &self,
        fixed: &UncertainRows,
        beliefs: &Beliefs<'_>,
        count: usize,
        row: impl Fn(usize) -> Evidence<'a, I>,
        workspace: &mut UncertainWorkspace,
        out: &mut Posterior<'_>,
    ) -> Result<(), RowError> {
        self.check(fixed, beliefs, count, out).map_err(|error| RowError { row: 0, error })?;
        self.level.run(Batch { solver: self, fixed, beliefs, count, row, workspace, out })
    }

    /// Everything that can be wrong with what the rows have in common.
    fn check(
        &self,
        fixed: &UncertainRows,
        beliefs: &Beliefs<'_>,
        count: usize,
        out: &Posterior<'_>,
    ) -> Result<(), SolveError> {
        let dim = self.dim;
        let residuals = if out.residual.is_empty() { 0 } else { count };
        for (what, expected, found) in [
            ("fixed row", dim, fixed.dim()),
            ("prior mean", dim, beliefs.mean.len()),
            ("slope of the prior mean", dim, beliefs.slope.len()),
            ("prior precision", dim, beliefs.precision.len()),
            ("means", count * dim, out.mean.len()),
            ("variances", count * dim, out.variance.len()),
            ("weights", count, out.weight.len()),
            ("errors", count, out.error.len()),
            ("residuals", residuals, out.residual.len()),
        ] {
            check_len(what, expected, found)?;
        }
        let positive = |x: f32| x > 0.0 && x < f32::INFINITY;
        match beliefs.precision.iter().position(|&p| !positive(p / beliefs.tau)) {
            Some(coordinate) => Err(SolveError::Precision { coordinate }),
            None => Ok(()),
        }
    }
}

/// Everything of one call.
struct Batch<'a, 'o, F> {
    solver: &'a UncertainSolver,
    fixed: &'a UncertainRows,
    beliefs: &'a Beliefs<'a>,
    count: usize,
    row: F,
    workspace: &'a mut UncertainWorkspace,
    out: &'a mut Posterior<'o>,
}

/// Where the answer of one row goes.
struct Answer<'a> {
    mean: &'a mut [f32],
    variance: &'a mut [f32],
    weight: &'a mut f32,
    error: &'a mut f64,
    residual: Option<&'a mut f64>,
}

impl Posterior<'_> {
    fn row(&mut self, r: usize, dim: usize) -> Answer<'_> {
        let at = r * dim..(r + 1) * dim;
        Answer {
            mean: &mut self.mean[at.clone()],
            variance: &mut self.variance[at],
            weight: &mut self.weight[r],
            error: &mut self.error[r],
            residual: self.residual.get_mut(r),
        }
    }
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Evidence<'r, I>> Job for Batch<'_, '_, F> {
    type Out = Result<(), RowError>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Out {
        let Self { solver, fixed, beliefs, count, row, workspace, out } = self;
        let view = fixed.view();
        let mut failed: Option<RowError> = None;
        let mut fail = |row: usize, error: SolveError| {
            if failed.is_none_or(|f| row < f.row) {
                failed = Some(RowError { row, error });
            }
        };
        workspace.short.clear();
        workspace.waiting.clear();
        for r in 0..count {
            let evidence = row(r);
            if let Err(error) = check_row(fixed, &evidence) {
                fail(r, error);
                continue;
            }
            if solver.method(evidence.indices.len()) == Method::Dual {
                workspace.short.push(dual::Short { position: r, start: 0, omega: 1.0 });
                continue;
            }
            if solver.dim <= lanes::UP_TO {
                workspace.waiting.push(r);
                if workspace.waiting.len() == S::LANES {
                    solve_waiting(s, view, beliefs, &row, workspace, out, &mut fail);
                }
                continue;
            }
            let answer = out.row(r, solver.dim);
            if !s.vectorize(primal::Primal { fixed: view, beliefs, evidence, workspace, answer }) {
                fail(r, blame(&evidence));
            }
        }
        if !workspace.waiting.is_empty() {
            solve_waiting(s, view, beliefs, &row, workspace, out, &mut fail);
        }
        if !workspace.short.is_empty() {
            dual::solve(s, &solver.dual, fixed, beliefs, &row, workspace, out, &mut fail);
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Solves the rows that wait for company.
#[inline(always)]
fn solve_waiting<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    s: S,
    fixed: View<'_>,
    beliefs: &Beliefs<'_>,
    row: &impl Fn(usize) -> Evidence<'r, I>,
    workspace: &mut UncertainWorkspace,
    out: &mut Posterior<'_>,
    fail: &mut impl FnMut(usize, SolveError),
) {
    let mut waiting = std::mem::take(&mut workspace.waiting);
    let bad = s.vectorize(lanes::Lanes { fixed, beliefs, positions: &waiting, row, workspace, out });
    for (lane, &r) in waiting.iter().enumerate() {
        if bad >> lane & 1 == 1 {
            fail(r, blame(&row(r)));
        }
    }
    waiting.clear();
    workspace.waiting = waiting;
}

/// Everything about a row that can be wrong before arithmetic starts.
fn check_row<I: Copy + Into<usize>>(
    fixed: &UncertainRows,
    evidence: &Evidence<'_, I>,
) -> Result<(), SolveError> {
    check_len("values", evidence.indices.len(), evidence.values.len())?;
    let rows = fixed.count();
    // No way out in the middle, so that the loop is a few vector comparisons.
    if !evidence.indices.iter().fold(false, |beyond, &i| beyond | (i.into() >= rows)) {
        return Ok(());
    }
    let index = evidence.indices.iter().map(|&i| i.into()).find(|&i| i >= rows).unwrap_or(rows);
    Err(SolveError::Index { index, rows })
}

/// Why a solution is not finite.
#[cold]
fn blame<I>(evidence: &Evidence<'_, I>) -> SolveError {
    let finite = evidence.values.iter().all(|x| x.is_finite()) && evidence.covariate.is_finite();
    if finite { SolveError::NotPositiveDefinite } else { SolveError::NotFinite }
}

/// Parts of `len` floats, one after the other.
fn cut<const N: usize>(mut all: &mut [f32], len: usize) -> [&mut [f32]; N] {
    std::array::from_fn(|_| {
        let (head, rest) = std::mem::take(&mut all).split_at_mut(len);
        all = rest;
        head
    })
}
