//! How a row fails. No context: the caller knows which epoch and which side it was.

use thiserror::Error;

/// Why a row could not be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SolveError {
    /// A slice has not the length the others ask for.
    #[error("{what}: expected length {expected}, found {found}")]
    Shape {
        /// Which slice.
        what: &'static str,
        /// The length it should have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// An index points past the last fixed row.
    #[error("index {index} points past the {rows} fixed rows")]
    Index {
        /// The index.
        index: usize,
        /// How many fixed rows there are.
        rows: usize,
    },
    /// A weight is zero, negative or not finite.
    #[error("weight {position} of the row is not a positive finite number; leave such an event out")]
    Weight {
        /// The position of the event in the row.
        position: usize,
    },
    /// A diagonal entry of the prior precision is zero, negative or not finite.
    #[error(
        "the prior precision of coordinate {coordinate} is not a positive finite number; raise the prior precision"
    )]
    Precision {
        /// The coordinate.
        coordinate: usize,
    },
    /// A fixed row, a target or the prior mean holds NaN or infinity.
    #[error("an input of the row is not finite; the fit may have diverged: raise the prior precision")]
    NotFinite,
    /// The inputs are finite, yet the system cannot be factored in single precision.
    #[error("the row's system is not positive definite in single precision; raise the prior precision")]
    NotPositiveDefinite,
    /// The eigenvalues of a matrix were not found in the steps allowed.
    #[error("the eigenvalues of the Gram matrix were not found; raise the prior precision")]
    NotConverged,
}

/// Which of many rows failed, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("row {row}: {error}")]
pub struct RowError {
    /// The position of the row in the call; the lowest, when several failed.
    pub row: usize,
    /// Why.
    #[source]
    pub error: SolveError,
}
