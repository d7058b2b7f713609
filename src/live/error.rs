//! What can go wrong while a model serves and learns.

use std::path::PathBuf;

use crate::data::DataError;
use crate::model::{FitError, QueryError, UpdateError};
use crate::persist::{LoadError, LogError, SaveError};
use crate::retrieve::ScanError;

/// A call to a [`Live`](super::Live) model that failed. Unless it says otherwise nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// A change that needs somebody or something known.
    #[error("change {at}: {kind} {id} is unknown, so there is nothing to remove: leave the change out")]
    Unknown {
        /// The position in the batch, from 0.
        at: usize,
        /// "user" or "item".
        kind: &'static str,
        /// The raw id, as its `Debug` shows it.
        id: String,
    },
    /// A batch that the model cannot take in.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// Raw ids.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A question.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A model that cannot be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A refit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The log beside the model. After [`LogFault::Uncertain`](crate::persist::LogFault::Uncertain) open the model again: a
    /// batch that was not acknowledged may have been taken in.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file of the model. After a step that left the file unknown every later change is refused.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The file of the model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A batch of the log that the model beside it cannot take in.
    #[error(
        "batch {sequence} of the log cannot be taken in: {source}; open it with the settings it was written with"
    )]
    Replay {
        /// The number of the batch.
        sequence: u64,
        /// Why.
        source: Box<LiveError>,
    },
    /// There is a file already.
    #[error("`{}` is there already: open it, or choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file of a model that no log belongs to.
    #[error("`{}` was not saved by a live model: load it, and create a live model under another name", path.display())]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// Ids that are not those of the model.
    #[error(
        "the ids of {kind}s do not have the indices of the model, {expected} with the vacant ones and not {found}: bring those of its training data, changed as its events were"
    )]
    Ids {
        /// "user" or "item".
        kind: &'static str,
        /// How many indices the ids have.
        found: usize,
        /// How many the model has.
        expected: usize,
    },
    /// A call before this one failed in a way that leaves the files unknown, or panicked.
    #[error(
        "a change before this one failed half way: readers are served as before; open the model again to change it"
    )]
    Broken,
}
