//! Many lists at once: jobs of questions, each of which reads all packed rows once.

use crate::data::ItemIx;
use crate::model::QueryError;
use crate::par::{Workers, chunks};
use crate::retrieve::{BatchError, Workspace};
use std::ops::Range;

/// Questions of one job: whole tiles of every machine. More would leave threads idle at the end, fewer would read the
/// rows too often.
const QUESTIONS: usize = 112;

/// Runs the jobs on `threads` threads; their lists in order, or the error of the first that fails.
pub(super) fn lists<L: Send>(
    questions: usize,
    threads: usize,
    job: impl Fn(&mut Workspace, Range<usize>) -> Result<Vec<L>, BatchError> + Send + Sync,
) -> Result<Vec<L>, BatchError> {
    let workers = Workers::new(threads).map_err(BatchError::Threads)?;
    let mut lists = Vec::with_capacity(questions);
    for part in workers.map(chunks(questions, QUESTIONS).collect(), Workspace::new, job) {
        lists.append(&mut part?);
    }
    Ok(lists)
}

/// Whether all items of a batch are known.
pub(super) fn check_items(items: &[ItemIx], n_items: u32) -> Result<(), BatchError> {
    match items.iter().position(|item| item.get() >= n_items) {
        None => Ok(()),
        Some(position) => Err(BatchError::Query {
            position,
            source: QueryError::UnknownItem { item: items[position], n_items },
        }),
    }
}
