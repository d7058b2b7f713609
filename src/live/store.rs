//! Where a live model lasts: its file, and the log beside it.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use super::Learner;
use super::service::LiveId;
use crate::data::{Change, Ids};
use crate::model::Update;
use crate::persist::{
    self, Archive, Checkpoint, EventLog, LogError, LogId, Metadata, Persist, PersistId, SaveError, SaveFault,
};

/// What a writer needs of files; a live model in memory has none.
pub(super) trait Store<M: Update, U: LiveId, I: LiveId>: Send {
    /// Makes a batch last; returns its number.
    fn append(&mut self, changes: &[Change<U, I>]) -> Result<u64, LogError>;
    /// Saves the model, which knows all batches up to this one.
    fn save(&self, learner: &Learner<M>, ids: &Ids<U, I>, sequence: u64) -> Result<(), SaveError>;
    /// Takes from the log what a saved model knows.
    fn reset(&mut self, sequence: u64) -> Result<(), LogError>;
}

pub(super) struct Files<U, I> {
    pub(super) path: PathBuf,
    pub(super) line: u64,
    pub(super) log: EventLog<U, I>,
    pub(super) metadata: Metadata,
}

impl<M, U, I> Store<M, U, I> for Files<U, I>
where
    M: Update + Persist,
    U: LiveId + PersistId + LogId,
    I: LiveId + PersistId + LogId,
{
    fn append(&mut self, changes: &[Change<U, I>]) -> Result<u64, LogError> {
        self.log.append(changes)
    }

    fn save(&self, learner: &Learner<M>, ids: &Ids<U, I>, sequence: u64) -> Result<(), SaveError> {
        let checkpoint = Checkpoint { model: self.line, sequence };
        let archive = Archive::of(learner).with_ids(ids)?.with_checkpoint(checkpoint);
        archive.with_metadata(&self.metadata).save(&self.path)
    }

    fn reset(&mut self, sequence: u64) -> Result<(), LogError> {
        self.log.reset(sequence)
    }
}

/// The log of a model's file: its name with `.log`.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".log");
    name.into()
}

/// Removes what a process left that was killed while it wrote model or log; the log is locked by whoever calls. Whoever was
/// removed later on would still be in there.
pub(super) fn sweep(path: &Path) -> Result<(), SaveError> {
    persist::sweep(path)?;
    persist::sweep(&log_of(path))
}

/// A number that tells this line of models from all others; no result depends on it.
pub(super) fn new_line() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Whether it is unknown which file a failed save left in place.
pub(super) fn is_uncertain(error: &SaveError) -> bool {
    matches!(error.fault(), SaveFault::Io { doing: "move it into place" | "sync the directory", .. })
}
