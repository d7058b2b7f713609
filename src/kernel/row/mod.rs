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
//!   `n^2 D/2 + n^3/6 + n^2 + nD` multiply-adds. Nothing cancels, and W^-1 > 0 keeps it positive definite.
//!
//! Each row takes the cheaper one; or, where the caller says that the prior is strong and the row is not short, conjugate
//! gradients until single precision has no more to give (see `conjugate`), with these two for rows that do not get there.
//! Small systems are made one by one and solved `LANES` at a time, one per lane, or alone with the same bits: see `lanes`,
//! and [`super::interleaved`]. Rows that start on a cache line (their stride a multiple of 16 floats) are read fastest.
//! Which way a row goes depends on its n, on D and on the level alone, so a row has the same bits alone and in any batch.
//!
//! Workspace: `O(n D + n^2)` or `O(D^2)` floats for a row alone; for rows in lanes `LANES` systems twice, of order 64 at
//! most. Reused.

mod batch;
mod conjugate;
mod gather;
mod lanes;
mod single;
mod solver;
#[cfg(test)]
mod tests;
mod workspace;

use super::error::SolveError;
pub(super) use gather::{Ahead, copy_scaled};
pub use gather::{Rows, RowsMut};
pub use solver::RowSolver;
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

    /// Whether it is the same one: the same base, not one that has the same entries.
    #[inline(always)]
    fn is(&self, other: &Precision<'_>) -> bool {
        std::ptr::eq(self.base, other.base) & (self.scale == other.scale) & (self.shift == other.shift)
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

/// A row and its position.
type Placed<'r, I> = (usize, Row<'r, I>);

/// Where the answers of a call go, a row of it each.
#[derive(Debug)]
pub struct Answers<'a> {
    /// The rows themselves.
    pub rows: RowsMut<'a>,
    /// The diagonals of the posterior covariances (P + Y'WY)^-1, when wanted.
    pub variances: Option<RowsMut<'a>>,
    /// What is minimised, at its minimum, when wanted.
    pub minima: Option<&'a mut [f32]>,
}

impl<'a> From<RowsMut<'a>> for Answers<'a> {
    fn from(rows: RowsMut<'a>) -> Self {
        Self { rows, variances: None, minima: None }
    }
}

impl Answers<'_> {
    /// Notes the minimum of row `r`.
    #[inline(always)]
    fn note_minimum(&mut self, r: usize, minimum: impl FnOnce() -> f32) {
        if let Some(minima) = &mut self.minima {
            minima[r] = minimum();
        }
    }
}

impl<I> Row<'_, I> {
    /// What the objective comes to at zero: the weighted squares of the targets, and the prior mean's.
    #[inline(always)]
    fn at_zero(&self) -> f32 {
        let weighted = |(j, &t): (usize, &f32)| self.weights.map_or(1.0, |w| w[j]) * t * t;
        let prior = |(k, &m): (usize, &f32)| self.precision.at(k) * m * m;
        let told: f32 = self.targets.iter().enumerate().map(weighted).sum();
        told + self.mean.map_or(0.0, |mean| mean.iter().enumerate().map(prior).sum())
    }
}

pub(in crate::kernel) fn check_len(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), SolveError> {
    if expected == found { Ok(()) } else { Err(SolveError::Shape { what, expected, found }) }
}
