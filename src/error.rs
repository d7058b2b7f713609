//! One error for `?`.

use crate::data::DataError;
#[cfg(feature = "csv")]
use crate::data::ReadError;
use crate::evaluate::{EvaluateError, SplitError};
use crate::live::LiveError;
use crate::model::{FitError, ParamError, QueryError};
use crate::persist::{LoadError, LogError, SaveError};
use crate::rating::{CompressError, ForecastError};
use crate::retrieve::{BatchError, RerankError, ScanError};

/// Everything that can go wrong in the crate, for programs that pass errors on with `?`.
///
/// Each room has its own error with typed fields; match on that where it matters. Every message says
/// what to do.
///
/// ```
/// fn ask(ids: &foldin::data::Ids) -> Result<foldin::data::UserIx, foldin::Error> {
///     Ok(ids.user("u42")?)
/// }
/// assert!(ask(&foldin::data::Ids::default()).unwrap_err().to_string().contains("u42"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Records or ids.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of records.
    #[cfg(feature = "csv")]
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A parameter.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// A fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A question.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The forecast of an audience.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
    /// The compression of a model.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// Many questions at once.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Preparing a model for ranked lists.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// Choosing a list from a pool.
    #[error(transparent)]
    Rerank(#[from] RerankError),
    /// Parting data.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// An evaluation.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Writing a model.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Reading a model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The log of events.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A model that serves while it learns.
    #[error(transparent)]
    Live(#[from] LiveError),
}
