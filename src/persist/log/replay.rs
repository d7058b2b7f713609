//! The batches of a log, one after the other.

use std::fs::File;
use std::io::BufReader;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::path::Path;

use super::changes::take_changes;
use super::walk::Walk;
use super::{LogError, LogId};
use crate::data::Change;

/// One call of [`EventLog::append`](super::EventLog::append).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogBatch<U, I> {
    /// Its number; each is one more than the one before.
    pub sequence: u64,
    /// What was appended, in its order.
    pub changes: Vec<Change<U, I>>,
}

/// The batches that the model does not know yet, in their order. Read from the file as they are asked
/// for; in memory is one at a time. After an error comes nothing.
pub struct Replay<'a, U, I> {
    walk: Walk<BufReader<&'a mut File>>,
    path: &'a Path,
    known: u64,
    payload: Vec<u8>,
    done: bool,
    ids: PhantomData<fn() -> (U, I)>,
}

impl<'a, U: LogId, I: LogId> Replay<'a, U, I> {
    pub(super) fn new(walk: Walk<BufReader<&'a mut File>>, path: &'a Path, known: u64) -> Self {
        Self { walk, path, known, payload: Vec::new(), done: false, ids: PhantomData }
    }

    fn read(&mut self) -> Result<Option<LogBatch<U, I>>, LogError> {
        loop {
            let at = self.walk.position();
            self.payload.clear();
            let next = self.walk.next(|bytes| self.payload.extend_from_slice(bytes));
            match next.map_err(|stop| stop.at(at))? {
                None => return Ok(None),
                Some(head) if head.sequence <= self.known => {}
                Some(head) => {
                    let sequence = head.sequence;
                    let changes = take_changes(&self.payload, head.changes, sequence)?;
                    return Ok(Some(LogBatch { sequence, changes }));
                }
            }
        }
    }
}

impl<U: LogId, I: LogId> Iterator for Replay<'_, U, I> {
    type Item = Result<LogBatch<U, I>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().map_err(|error| error.at(self.path)).transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<U: LogId, I: LogId> FusedIterator for Replay<'_, U, I> {}
