//! What is asked, and what comes out.

use crate::kernel::SolveError;
use crate::model::{ParamError, QueryError};
use crate::par::ThreadsError;
use crate::rating::BiasedMf;

/// How to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Compression {
    /// Factors of the small model, K. 1 to 1024.
    pub(super) factors: usize,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) threads: usize,
}

impl Compression {
    /// To so many factors, 1 to 1024, on all cores. More than the samples have are zeros.
    #[must_use]
    pub fn new(factors: usize) -> Self {
        Self { factors, threads: 0 }
    }

    /// How many threads to use; 0 stands for one per core. No bit of the model depends on it.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    pub(super) fn check(&self) -> Result<(), ParamError> {
        ParamError::require((1..=1024).contains(&self.factors), "factors", self.factors, "from 1 to 1024")
    }
}

/// A small model, and how it differs from the one it was made of.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The small model.
    pub model: BiasedMf,
    /// How far it is off.
    pub report: CompressionReport,
}

/// How far predictions of a compressed model are from those of all samples, in units of the rating and for no moment of
/// time: root mean squares over pairs of the training data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompressionReport {
    /// How many pairs were asked: all, or 100 000 to 200 000 spread evenly.
    pub pairs: usize,
    /// The difference.
    pub apart: f64,
    /// What is left of it with any number of factors: a line instead of the steps of ordinal ratings.
    pub line: f64,
}

/// A model that cannot be compressed.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum CompressError {
    /// The factors are out of their range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// The threads could not be started.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// Numbers of the model are too large to be multiplied.
    #[error(
        "numbers of the model are too large to be multiplied: fit it anew, or check the file it came from"
    )]
    TooLarge,
}

impl From<SolveError> for CompressError {
    fn from(_: SolveError) -> Self {
        Self::TooLarge
    }
}

impl From<QueryError> for CompressError {
    fn from(_: QueryError) -> Self {
        Self::TooLarge
    }
}
