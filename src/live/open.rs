//! A live model in files: how it begins, and how it comes back.

use std::fs;
use std::path::Path;

use super::resolve::resolve;
use super::service::{check_ids, has_removal};
use super::store::{Files, Store, log_of, new_line, sweep};
use super::{Learner, Live, LiveError, LiveId};
use crate::data::{Change, Ids};
use crate::model::Update;
use crate::persist::{self, Checkpoint, EventLog, LogId, LogReport, Metadata, Persist, PersistId};

impl<M, U, I> Live<M, U, I>
where
    M: Update + Persist,
    U: LiveId + PersistId + LogId + 'static,
    I: LiveId + PersistId + LogId + 'static,
{
    /// A model that begins to live in files: the model under this name, the log beside it. A process that ends meanwhile
    /// leaves nothing that stands in the way of the next try.
    ///
    /// # Errors
    /// [`LiveError::Exists`], [`LiveError::Log`] if there is a log already that holds something, and those of
    /// [`in_memory`](Live::in_memory).
    pub fn create(path: impl AsRef<Path>, learner: Learner<M>, ids: Ids<U, I>) -> Result<Self, LiveError> {
        let path = path.as_ref();
        if path.exists() {
            return Err(LiveError::Exists { path: path.to_owned() });
        }
        let live = Self::in_memory(learner, ids)?;
        let mut writer = live.write()?;
        let line = new_line();
        let log = EventLog::create_before_model(&log_of(path), Checkpoint { model: line, sequence: 0 })?;
        sweep(path)?;
        let files = Files { path: path.to_owned(), line, log, metadata: Metadata::new() };
        if let Err(error) = Store::<M, U, I>::save(&files, &writer.learner, live.snapshot().ids(), 0) {
            // The log is of no use without a model, and would stand in the way of the next try.
            let _ = fs::remove_file(log_of(path));
            return Err(error.into());
        }
        writer.store = Some(Box::new(files));
        drop(writer);
        Ok(live)
    }

    /// Opens the model with every batch that was acknowledged; of one that was under way when the process ended, all or
    /// nothing. The report is that of the log.
    ///
    /// # Errors
    /// [`LiveError::Load`], [`LiveError::Log`], [`LiveError::NoCheckpoint`], [`LiveError::Replay`].
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, LogReport), LiveError> {
        Self::open_with(path, |learner| learner)
    }

    /// The same with settings for the learner, which are in no file: threads, and which rows are solved anew.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        path: impl AsRef<Path>,
        settings: impl FnOnce(Learner<M>) -> Learner<M>,
    ) -> Result<(Self, LogReport), LiveError> {
        let path = path.as_ref();
        let persist::Saved { model, mut ids, metadata, checkpoint } =
            persist::load::<Learner<M>, U, I>(path)?;
        let from = checkpoint.ok_or_else(|| LiveError::NoCheckpoint { path: path.to_owned() })?;
        let mut learner = settings(model);
        check_ids(&learner, &ids)?;
        let (mut log, report) = EventLog::open(log_of(path), from)?;
        sweep(path)?;
        let mut removes = false;
        for batch in log.replay()? {
            let batch = batch?;
            let sequence = batch.sequence;
            take_in(&mut learner, &mut ids, &batch.changes)
                .map_err(|source| LiveError::Replay { sequence, source: Box::new(source) })?;
            removes |= has_removal(&batch.changes);
        }
        let sequence = log.sequence();
        let files = Files { path: path.to_owned(), line: from.model, log, metadata };
        let live = Self::of(learner, ids, Some(Box::new(files)), sequence)?;
        if removes {
            live.checkpoint()?;
        }
        Ok((live, report))
    }
}

fn take_in<M: Update, U: LiveId, I: LiveId>(
    learner: &mut Learner<M>,
    ids: &mut Ids<U, I>,
    changes: &[Change<U, I>],
) -> Result<(), LiveError> {
    let (dense, turns) = resolve(ids, changes)?;
    learner.apply(&dense)?;
    turns.install(ids);
    Ok(())
}
