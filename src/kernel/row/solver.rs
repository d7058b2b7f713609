//! The solver and the choice between the two ways.

use super::batch::{Batch, One};
use super::{Answers, Method, Row, Rows, RowsMut, Workspace, check_len};
use crate::kernel::error::{RowError, SolveError};
use crate::kernel::level::Level;

/// Rows of so many events or fewer are solved sooner through the products of their pairs, a vector of rows at once: of fewer
/// than [`WIDE_FROM`] coordinates, and of as many or more. Epochs of `Ials` on Gowalla, two threads, ms (driver `ials` of
/// `benches/compare`, with these lengths changed): none and 16, 40.4 and 39.8 at 64 factors, 89.9 and 86.8 at 128; 16 and 24,
/// 38.6 and 41.2 at 64, 254 and 244 at 256; 10, 12 and 16, 35.4, 34.4 and 34.2 at 64. A short row alone goes the same way, to
/// have the same bits, and waits for one root after the other. Bench `ials`, folding in 4, 8 and 16 events, ns: none 310, 350
/// and 434 at 64 factors, these 280, 404 and 841, on a machine some 10 % faster.
const SHORT: [usize; 2] = [16, 24];

/// The least coordinates for which the second length holds.
const WIDE_FROM: usize = 256;

/// Steps of conjugate gradients that the cost of a row is reckoned with: longer rows and weaker priors take more.
const USUAL_STEPS: f64 = 8.0;

/// With as many coordinates or fewer, only rows with less than three events per coordinate are solved faster by
/// conjugate gradients than through a matrix; with more, rows of any length. Epochs of `Ials` on one thread, ms (bench `ials`, with
/// this constant changed), direct alone / rows up to that length / all rows by conjugate gradients: MovieLens 1M (4 and 5 stars) 19 / 20 / 31 at 32
/// factors, 63 / 53 / 56 at 64, 118 / 90 / 85 at 96; Gowalla 48 / 42 / 40 and 125 / 75 / 70 at 32 and 64.
const DIRECT_UP_TO: usize = 63;

/// Floats of events that a second cache keeps from step to step. Beyond them a step waits for memory, and a matrix that
/// reads each event once is faster, unless it is very large itself.
const CACHED: usize = 1 << 18;

/// The least coordinates of such a matrix: 20 floats are read per event and coordinate instead of a multiply-add each.
const LARGE_FROM: usize = 400;

/// Floats of events that are packed at most, in the memory of each thread: 128 MiB.
const MOST_PACKED: usize = 1 << 25;

/// Prepared once for a dimension and a level, then used for any number of rows from any number of threads,
/// each with its own [`Workspace`].
#[derive(Debug, Clone, Copy)]
pub struct RowSolver {
    dim: usize,
    level: Level,
    method: Option<Method>,
    /// Rows of fewer events need fewer operations in the dual.
    dual_below: usize,
    iterates: bool,
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
        let dual = |&n: &usize| operations(Method::Dual, n, dim) < operations(Method::Primal, n, dim);
        Self { dim, level, method: None, dual_below: (0..dim).take_while(dual).count(), iterates: false }
    }

    /// Forces one method for all rows; for tests and measurements.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method: Some(method), ..self }
    }

    /// Solves rows by conjugate gradients where that is less work than a factorisation, for priors that hold most of
    /// what the events say: see [`iterates`](Self::iterates).
    #[must_use]
    pub fn with_conjugate_gradients(self) -> Self {
        Self { iterates: true, ..self }
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
        self.method.unwrap_or(if n < self.dual_below { Method::Dual } else { Method::Primal })
    }

    /// Whether a row of `n` events is solved by conjugate gradients, and by [`method`](Self::method) only if it does not
    /// come near enough. Short rows are not.
    #[must_use]
    pub fn iterates(&self, n: usize) -> bool {
        let packed = n.saturating_mul(self.dim);
        let cached = packed <= CACHED || self.dim >= LARGE_FROM;
        let faster = n < 3 * self.dim || (self.dim > DIRECT_UP_TO && cached);
        self.iterates && n > SHORT[usize::from(self.dim >= WIDE_FROM)] && faster && packed <= MOST_PACKED
    }

    /// The multiply-adds a row of `n` events needs: the triangle of the rank update, the factorisation, the
    /// triangular solves and, in the dual, the way back to the coordinates.
    #[must_use]
    pub fn operations(&self, method: Method, n: usize) -> f64 {
        operations(method, n, self.dim)
    }

    /// The multiply-adds a row of `n` events is expected to need, the way it is solved.
    #[must_use]
    pub fn cost(&self, n: usize) -> f64 {
        let (events, dim) = (n as f64, self.dim as f64);
        if self.iterates(n) { USUAL_STEPS * 2.0 * events * dim } else { self.operations(self.method(n), n) }
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
        let rows = RowsMut::new(out, self.dim, self.dim)?;
        let variances = variance.map(|v| RowsMut::new(v, self.dim, self.dim)).transpose()?;
        let answers = Answers { rows, variances, minima: None };
        self.solve_many(fixed, 1, |_| row, workspace, answers).map_err(|e| e.error)
    }

    /// Solves `count` rows; row `r` is described by `row(r)` and answered in row `r` of what is wanted.
    ///
    /// `row` may be called several times per row and must answer the same. The rows may be of any lengths: short
    /// ones are sorted by length and solved together, which changes no bits.
    ///
    /// # Errors
    /// The lowest row that failed. The other rows are solved all the same; the failed ones are left in an
    /// unspecified state.
    pub fn solve_many<'a, 'o, I: Copy + Into<usize> + 'a>(
        &self,
        fixed: Rows<'_>,
        count: usize,
        row: impl Fn(usize) -> Row<'a, I>,
        workspace: &mut Workspace,
        answers: impl Into<Answers<'o>>,
    ) -> Result<(), RowError> {
        let answers = answers.into();
        let shapes = [
            ("width of the fixed rows", self.dim, fixed.width()),
            ("width of the output", self.dim, answers.rows.width()),
            ("width of the variances", self.dim, answers.variances.as_ref().map_or(self.dim, RowsMut::width)),
        ];
        for (what, expected, found) in shapes {
            check_len(what, expected, found).map_err(|error| RowError { row: 0, error })?;
        }
        let lengths = [
            ("rows of the output", answers.rows.count()),
            ("rows of the variances", answers.variances.as_ref().map_or(count, RowsMut::count)),
            ("minima", answers.minima.as_ref().map_or(count, |minima| minima.len())),
        ];
        for (what, found) in lengths {
            if found < count {
                let error = SolveError::Shape { what, expected: count, found };
                return Err(RowError { row: 0, error });
            }
        }
        let batch = Batch { solver: self, fixed, count, row, workspace, answers };
        if count == 1 { self.level.run(One(batch)) } else { self.level.run(batch) }
    }
}

fn operations(method: Method, n: usize, dim: usize) -> f64 {
    let (n, d) = (n as f64, dim as f64);
    match method {
        Method::Primal => n * d * (d + 1.0) / 2.0 + d * d * d / 6.0 + d * d,
        Method::Dual => n * (n + 1.0) / 2.0 * d + n * n * n / 6.0 + n * n + n * d,
    }
}
