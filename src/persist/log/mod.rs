//! Events that last: what was acknowledged today is there tomorrow, whatever happens in between.
//!
//! *Knows*: changes, their raw ids, bytes, files. *Does not know*: what a change does to a model.
//! *Cost*: an append is one write and one sync of the disk; opening reads the file once, replaying once more.
//! *Fails* with [`LogError`], which says whether the log is as it was, must be opened again, or is damaged.

mod bytes;
mod changes;
mod checkpoint;
mod error;
mod id;
mod journal;
mod recover;
mod replay;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

pub use checkpoint::Checkpoint;
pub use error::{LogError, LogFault};
pub use id::LogId;
pub use replay::{LogBatch, Replay};

use self::bytes::{Header, head};
use self::journal::Journal;
use super::disk::System;
use crate::data::Change;

/// What is kept of the buffer of an append, in bytes.
const KEEP: usize = 1 << 20;

/// What was found when a log was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogReport {
    /// Batches that the model does not know: what [`EventLog::replay`] gives.
    pub batches: u64,
    /// The changes in them.
    pub changes: u64,
    /// Batches that the model knows, which are skipped.
    pub known: u64,
    /// Bytes of a batch that was being written when the process ended: it was never acknowledged, and
    /// is cut off. With [`EventLog::salvage`], everything from the damage on.
    pub cut: u64,
    /// Whether the model knew all batches, so that the log was begun anew: what a process that ended
    /// between saving the model and [`EventLog::reset`] had left to do.
    pub renewed: bool,
}

impl fmt::Display for LogReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batches, changes, known, cut, renewed } = self;
        write!(f, "{batches} batches with {changes} changes to replay, {known} known to the model")?;
        if *cut > 0 {
            write!(f, ", {cut} bytes cut that were never acknowledged")?;
        }
        if *renewed {
            write!(f, ", begun anew")?;
        }
        Ok(())
    }
}

/// An append-only log of changes beside a saved model.
///
/// What [`append`](Self::append) has returned for is there, whole and in order, after the process was
/// killed, the power was cut or the disk was full; of a batch that was under way then, all is there or
/// nothing. Batches are numbered on, one by one, from the number that the model was saved with.
///
/// ```
/// use foldin::data::{Change, Event};
/// use foldin::persist::{Checkpoint, EventLog};
///
/// # fn main() -> Result<(), foldin::Error> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("model.log");
/// // Beside the first model:
/// let saved = Checkpoint { model: 0x51ab, sequence: 0 };
/// let mut log = EventLog::<String, u64>::create(&path, saved)?;
/// let watched = Event { user: "ann".to_string(), item: 603, value: 1.0, time: Some(1_767_225_600) };
/// assert_eq!(log.append(&[Change::Add(watched)])?, 1);
/// drop(log);
///
/// // After a restart, with the checkpoint of the model that was loaded:
/// let (mut log, report) = EventLog::<String, u64>::open(&path, saved)?;
/// assert_eq!((report.batches, report.changes, report.cut), (1, 1, 0));
/// for batch in log.replay()? {
///     let batch = batch?;
///     println!("{}: {:?}", batch.sequence, batch.changes); // give it to the model
/// }
/// // Once the model is saved again, with the last batch it knows:
/// log.reset(log.sequence())?;
/// # Ok(())
/// # }
/// ```
///
/// # One writer
/// A log that is open cannot be opened again, in this process or in another. The lock is on a file
/// beside it, `NAME.lock`, which is empty and stays; it ends with the process that holds it.
///
/// # What it rests on
/// A sync that the system reports as done has been done; bytes that were synced stay when their
/// neighbours are written. `docs/format.md` has every byte, and what follows from which damage.
pub struct EventLog<U = String, I = String> {
    journal: Journal<System>,
    path: PathBuf,
    /// The last batch that the model knows.
    known: u64,
    record: Vec<u8>,
    ids: PhantomData<fn(U, I)>,
}

impl<U, I> fmt::Debug for EventLog<U, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, end) = (&self.path, self.journal.end());
        f.debug_struct("EventLog")
            .field("path", path)
            .field("sequence", &end.sequence)
            .finish_non_exhaustive()
    }
}

impl<U: LogId, I: LogId> EventLog<U, I> {
    const NAMES: [&'static str; 2] = [U::NAME, I::NAME];

    /// Creates a log that begins after the batch that the model knows, all or not at all.
    ///
    /// # Errors
    /// [`LogError`]; [`LogFault::Exists`] if there is a file of this name.
    pub fn create(path: impl AsRef<Path>, from: Checkpoint) -> Result<Self, LogError> {
        Self::create_or_replace(path.as_ref(), from, false)
    }

    /// The same for a model that is to be saved next, also in place of a log that begins at 0 and holds nothing: what a
    /// process leaves that ends between the two.
    pub(crate) fn create_before_model(path: &Path, from: Checkpoint) -> Result<Self, LogError> {
        Self::create_or_replace(path, from, true)
    }

    fn create_or_replace(path: &Path, from: Checkpoint, over_blank: bool) -> Result<Self, LogError> {
        let header = Header { names: Self::NAMES, from };
        let created = Journal::create(System, path, header, over_blank);
        Ok(Self::of(created.map_err(|error| error.at(path))?, path, from))
    }

    /// Opens the log beside a model: every byte is checked, and what was being written when the process
    /// before ended is cut off. [`replay`](Self::replay) then gives what the model does not know.
    ///
    /// # Errors
    /// [`LogError`]; [`LogFault::Damaged`] when a batch that was acknowledged is not what was written,
    /// [`LogFault::Busy`] when somebody else has the log open, [`LogFault::Model`] and
    /// [`LogFault::Gap`] when it is not the log of this model. Nothing was cut or changed then.
    pub fn open(path: impl AsRef<Path>, from: Checkpoint) -> Result<(Self, LogReport), LogError> {
        Self::open_or_salvage(path.as_ref(), from, false)
    }

    /// Opens a damaged log and gives up the damaged batch and all that follow it, for good: keep a copy
    /// of the file. [`LogReport::cut`] says how many bytes they were.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for the damage.
    pub fn salvage(path: impl AsRef<Path>, from: Checkpoint) -> Result<(Self, LogReport), LogError> {
        Self::open_or_salvage(path.as_ref(), from, true)
    }

    fn open_or_salvage(path: &Path, from: Checkpoint, give_up: bool) -> Result<(Self, LogReport), LogError> {
        let opened = Journal::open(System, path, Self::NAMES, from, give_up);
        let (journal, report) = opened.map_err(|error| error.at(path))?;
        Ok((Self::of(journal, path, from), report))
    }

    fn of(journal: Journal<System>, path: &Path, from: Checkpoint) -> Self {
        let (path, known) = (path.to_owned(), from.sequence);
        Self { journal, path, known, record: Vec::new(), ids: PhantomData }
    }

    /// The batches that the model does not know, from the first to the last appended.
    ///
    /// # Errors
    /// [`LogError`] when the file cannot be read; the iterator's own when it is not what it was when it
    /// was opened, or a batch does not hold changes of these ids.
    pub fn replay(&mut self) -> Result<Replay<'_, U, I>, LogError> {
        let walk = self.journal.walk().map_err(|error| error.at(&self.path))?;
        Ok(Replay::new(walk, &self.path, self.known))
    }

    /// Appends a batch, all or nothing. When it returns the batch lasts, and has this number.
    ///
    /// # Errors
    /// [`LogError`]. The batch is not in the log, and the log can be used on, for all errors but two:
    /// [`LogFault::Uncertain`], after which the log must be opened again to know, and
    /// [`LogFault::Poisoned`], which every call gives from then on.
    pub fn append(&mut self, changes: &[Change<U, I>]) -> Result<u64, LogError> {
        self.try_append(changes).map_err(|error| error.at(&self.path))
    }

    fn try_append(&mut self, changes: &[Change<U, I>]) -> Result<u64, LogError> {
        let found = changes.len();
        let n = u32::try_from(found).map_err(|_| LogFault::TooMany { found })?;
        self.record.clear();
        self.record.resize(head::SIZE, 0);
        changes::put_changes(changes, &mut self.record)?;
        let sequence = self.journal.append(&mut self.record, n);
        self.record.shrink_to(KEEP);
        sequence
    }

    /// Begins the log anew after a batch, once a model that knows it has been saved: batches up to
    /// `sequence` go, later ones stay. A `sequence` beyond the last batch leaves out the numbers
    /// between; they are the model's. The old log stays until the new one is complete.
    ///
    /// # Errors
    /// [`LogError`]; after [`LogFault::Uncertain`] the log must be opened again, with the checkpoint of
    /// the saved model, which makes the call good. With every other the old log goes on.
    pub fn reset(&mut self, sequence: u64) -> Result<(), LogError> {
        self.journal.reset(sequence).map_err(|error| error.at(&self.path))?;
        self.known = self.known.max(sequence);
        Ok(())
    }

    /// The number of the last batch; that of the checkpoint if there is none yet.
    pub fn sequence(&self) -> u64 {
        self.journal.end().sequence
    }

    /// How many batches the log holds, with those that the model knows.
    pub fn batches(&self) -> u64 {
        self.sequence() - self.journal.begins()
    }

    /// The length of the file in bytes.
    pub fn size(&self) -> u64 {
        self.journal.end().at
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
