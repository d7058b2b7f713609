//! The row solver: one row's factors, given the fixed factors of what it touched.
//!
//! For fixed rows y_j, targets t_j, weights w_j > 0, a prior mean m and a diagonal prior precision P > 0,
//!
//! ```text
//! minimise  sum_j w_j (t_j - y_j.x)^2 + (x - m)' P (x - m)
//! ```
//!
//! exactly, in one of two ways (n events, D coordinates):
//!
//! * *primal*: A = P + Y'WY, b = P m + Y'W t, Cholesky of A; `n D(D+1)/2 + D^3/6 + D^2` multiply-adds;
//! * *dual*: x = m + P^-1 Y' z with (W^-1 + Y P^-1 Y') z = t - Y m, Cholesky of the n x n matrix;
//!   `n^2 D/2 + n^3/6 + n^2 + 2nD` multiply-adds. Nothing cancels, and W^-1 > 0 keeps it positive definite.
//!
//! Each row takes the cheaper one. Small systems are solved `LANES` at a time, one per lane: see
//! [`super::interleaved`]. Which way a row goes depends on its n, on D and on the level alone, so a row has the
//! same bits alone and in any batch.
//!
//! Workspace: `O(D^2 + LANES * D)` floats, reused.

mod gather;
mod lanes;
mod single;
#[cfg(test)]
mod tests;
mod workspace;

use super::error::{RowError, SolveError};
use super::level::Level;
use super::simd::{Job, Simd};
pub(super) use gather::copy_scaled;
pub use gather::{Rows, RowsMut};
pub use workspace::Workspace;

/// How a row is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Through the D x D matrix of the coordinates.
    Primal,
    /// Through the n x n matrix of the events.
    Dual,
}

/// A diagonal prior precision: `scale * base[k] + shift` in coordinate k.
///
/// Three numbers that cover the models without a vector per row: lambda(n) I with a bias coordinate of its own
/// (`scale`), and a diagonalised implicit prior plus lambda(n) (`shift`).
#[derive(Debug, Clone, Copy)]
pub struct Precision<'a> {
    /// One entry per coordinate.
    pub base: &'a [f32],
    /// Multiplies every entry.
    pub scale: f32,
    /// Is added to every entry.
    pub shift: f32,
}

impl<'a> Precision<'a> {
    /// The diagonal itself.
    #[must_use]
    pub fn diagonal(base: &'a [f32]) -> Self {
        Self { base, scale: 1.0, shift: 0.0 }
    }

    /// The diagonal times `scale`.
    #[must_use]
    pub fn scaled(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// The (scaled) diagonal plus `shift`.
    #[must_use]
    pub fn shifted(self, shift: f32) -> Self {
        Self { shift, ..self }
    }
}

/// One row to solve: what it touched, and its prior.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a, I> {
    /// Which fixed rows, in the order in which their terms are summed.
    pub indices: &'a [I],
    /// One target per index.
    pub targets: &'a [f32],
    /// One weight per index; `None` is all ones.
    pub weights: Option<&'a [f32]>,
    /// The prior precision.
    pub precision: Precision<'a>,
    /// The prior mean; `None` is zero.
    pub mean: Option<&'a [f32]>,
}

/// Prepared once for a dimension and a level, then used for any number of rows from any number of threads,
/// each with its own [`Workspace`].
#[derive(Debug, Clone, Copy)]
pub struct RowSolver {
    dim: usize,
    level: Level,
    method: Option<Method>,
}

impl RowSolver {
    /// A solver for rows of `dim` coordinates with the fastest instructions of this processor.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self::with_level(dim, Level::detect())
    }

    /// The same with a level of the caller's choice.
    #[must_use]
    pub fn with_level(dim: usize, level: Level) -> Self {
        Self { dim, level, method: None }
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

    /// The multiply-adds a row of `n` events needs: the triangle of the rank update, the factorisation, the
    /// triangular solves and, in the dual, the way back to the coordinates.
    #[must_use]
    pub fn operations(&self, method: Method, n: usize) -> f64 {
        let (n, d) = (n as f64, self.dim as f64);
        match method {
            Method::Primal => n * d * (d + 1.0) / 2.0 + d * d * d / 6.0 + d * d,
            Method::Dual => n * (n + 1.0) / 2.0 * d + n * n * n / 6.0 + n * n + n * d,
        }
    }

    /// An empty workspace, which grows to what this solver needs at its first rows and then stays.
    #[must_use]
    pub fn workspace(&self) -> Workspace {
        Workspace::default()
    }

    /// Solves one row into `out`, and the diagonal of the posterior covariance (P + Y'WY)^-1 into `variance`,
    /// when wanted.
    ///
    /// In the dual the variances come as 1/P minus what the events explained: their relative error is about
    /// 1e-7 times prior variance over posterior variance.
    ///
    /// # Errors
    /// [`SolveError`], with `out` and `variance` left in an unspecified state.
    pub fn solve<I: Copy + Into<usize>>(
        &self,
        fixed: Rows<'_>,
        row: Row<'_, I>,
        workspace: &mut Workspace,
        out: &mut [f32],
        variance: Option<&mut [f32]>,
    ) -> Result<(), SolveError> {
        let out = RowsMut::new(out, self.dim, self.dim)?;
        let variance = match variance {
            Some(v) => Some(RowsMut::new(v, self.dim, self.dim)?),
            None => None,
        };
        self.solve_many(fixed, 1, |_| row, workspace, out, variance).map_err(|e| e.error)
    }

    /// Solves `count` rows; row `r` is described by `row(r)` and lands in row `r` of `out` (and of `variance`).
    ///
    /// `row` may be called several times per row and must answer the same. The rows may be of any lengths: short
    /// ones are sorted by length and solved together, which changes no bits.
    ///
    /// # Errors
    /// The lowest row that failed. The other rows are solved all the same; the failed ones are left in an
    /// unspecified state.
    pub fn solve_many<'a, I: Copy + Into<usize> + 'a>(
        &self,
        fixed: Rows<'_>,
        count: usize,
        row: impl Fn(usize) -> Row<'a, I>,
        workspace: &mut Workspace,
        out: RowsMut<'_>,
        variance: Option<RowsMut<'_>>,
    ) -> Result<(), RowError> {
        let shapes = [
            ("width of the fixed rows", self.dim, fixed.width()),
            ("width of the output", self.dim, out.width()),
            ("width of the variances", self.dim, variance.as_ref().map_or(self.dim, RowsMut::width)),
        ];
        for (what, expected, found) in shapes {
            check_len(what, expected, found).map_err(|error| RowError { row: 0, error })?;
        }
        let lengths = [
            ("rows of the output", out.count()),
            ("rows of the variances", variance.as_ref().map_or(count, RowsMut::count)),
        ];
        for (what, found) in lengths {
            if found < count {
                let error = SolveError::Shape { what, expected: count, found };
                return Err(RowError { row: 0, error });
            }
        }
        self.level.run(Batch { solver: self, fixed, count, row, workspace, out, variance })
    }

    /// Whether a row of `n` events is solved beside others, one per lane.
    fn in_lanes<S: Simd>(&self, method: Method, n: usize) -> bool {
        method == Method::Dual && n <= LANES_UP_TO
    }
}

/// The longest row that is solved one per lane. Bench `kernel` on AVX-512, share of the peak in lanes against
/// alone, medians of five runs in turn: D = 65, n = 40: 27 and 19 %, n = 64: 29 and 27 %; D = 129, n = 40: 26
/// and 22 %, n = 64: 28 and 31 %, n = 100: 36 and 40 %. The ways cross near here; much lower loses the rows of
/// 40, much higher a tenth of those of 100. AVX2 crosses in the same region.
const LANES_UP_TO: usize = 64;

/// Everything of one call.
struct Batch<'a, F> {
    solver: &'a RowSolver,
    fixed: Rows<'a>,
    count: usize,
    row: F,
    workspace: &'a mut Workspace,
    out: RowsMut<'a>,
    variance: Option<RowsMut<'a>>,
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Job for Batch<'_, F> {
    type Out = Result<(), RowError>;

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) -> Self::Out {
        let mut failed: Option<RowError> = None;
        let mut fail = |row: usize, error: SolveError| {
            if failed.is_none_or(|f| row < f.row) {
                failed = Some(RowError { row, error });
            }
        };
        let mut short = std::mem::take(&mut self.workspace.short);
        short.clear();
        for r in 0..self.count {
            let row = (self.row)(r);
            let n = row.indices.len();
            let method = self.solver.method(n);
            if let Err(error) = self.check(&row) {
                fail(r, error);
            } else if self.variance.is_none() && self.solver.in_lanes::<S>(method, n) {
                short.push((n, r));
            } else if let Err(error) = self.single(s, method, row, r) {
                fail(r, error);
            }
        }
        short.sort_unstable();
        let mut groups = short.chunks(S::LANES).peekable();
        if let Some(group) = groups.peek() {
            let starts = &mut self.workspace.next_starts;
            lanes::find_starts(s, self.fixed, group, &self.row, starts);
        }
        while let Some(group) = groups.next() {
            let workspace = &mut *self.workspace;
            std::mem::swap(&mut workspace.starts, &mut workspace.next_starts);
            let next = groups.peek().copied().unwrap_or_default();
            lanes::find_starts(s, self.fixed, next, &self.row, &mut workspace.next_starts);
            let bad = lanes::solve_dual(s, self.fixed, group, &self.row, workspace, &mut self.out);
            for (lane, &(_, r)) in group.iter().enumerate() {
                if bad >> lane & 1 == 1 {
                    fail(r, self.blame(&(self.row)(r)));
                }
            }
        }
        self.workspace.short = short;
        failed.map_or(Ok(()), Err)
    }
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Batch<'_, F> {
    #[inline(always)]
    fn single<S: Simd>(&mut self, s: S, method: Method, row: Row<'r, I>, r: usize) -> Result<(), SolveError> {
        let next: &[I] = if r + 1 < self.count { (self.row)(r + 1).indices } else { &[] };
        let next = if next.iter().all(|&i| i.into() < self.fixed.count()) { next } else { &[] };
        let out = self.out.row_mut(r);
        let variance = self.variance.as_mut().map(|v| v.row_mut(r));
        let task = single::Task { fixed: self.fixed, row, workspace: self.workspace, next, out, variance };
        let finite = match method {
            Method::Primal => s.vectorize(single::Primal(task)),
            Method::Dual => s.vectorize(single::Dual(task)),
        };
        if finite { Ok(()) } else { Err(self.blame(&row)) }
    }

    /// Everything about a row that can be wrong before arithmetic starts.
    #[inline(always)]
    fn check(&self, row: &Row<'_, I>) -> Result<(), SolveError> {
        let n = row.indices.len();
        let dim = self.solver.dim;
        check_len("targets", n, row.targets.len())?;
        check_len("prior precision", dim, row.precision.base.len())?;
        if let Some(mean) = row.mean {
            check_len("prior mean", dim, mean.len())?;
        }
        if let Some(weights) = row.weights {
            check_len("weights", n, weights.len())?;
            let good = |w: &f32| (*w > 0.0) & (*w < f32::INFINITY);
            if !weights.iter().fold(true, |all, w| all & good(w)) {
                let position = weights.iter().position(|w| !good(w)).unwrap_or_default();
                return Err(SolveError::Weight { position });
            }
        }
        let rows = self.fixed.count();
        let largest = row.indices.iter().fold(0, |max, &i| i.into().max(max));
        if largest >= rows && n > 0 {
            return Err(SolveError::Index { index: largest, rows });
        }
        let Precision { base, scale, shift } = row.precision;
        let good = |b: &f32| {
            let p = scale * b + shift;
            (p > 0.0) & (p < f32::INFINITY)
        };
        // Without an early exit the loop becomes vectors; the place is looked for only when there is one.
        if base.iter().fold(true, |all, b| all & good(b)) {
            return Ok(());
        }
        let coordinate = base.iter().position(|b| !good(b)).unwrap_or_default();
        Err(SolveError::Precision { coordinate })
    }

    /// Why a solution is not finite.
    #[cold]
    fn blame(&self, row: &Row<'_, I>) -> SolveError {
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let fixed = |&i: &I| self.fixed.row(i.into()).is_none_or(finite);
        let inputs = finite(row.targets) && row.mean.is_none_or(finite) && row.indices.iter().all(fixed);
        if inputs { SolveError::NotPositiveDefinite } else { SolveError::NotFinite }
    }
}

pub(in crate::kernel) fn check_len(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), SolveError> {
    if expected == found { Ok(()) } else { Err(SolveError::Shape { what, expected, found }) }
}
