//! The solver and the choice between the two ways.

use super::batch::Batch;
use super::{Method, Row, Rows, RowsMut, Workspace, check_len};
use crate::kernel::error::{RowError, SolveError};
use crate::kernel::level::Level;

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
}
