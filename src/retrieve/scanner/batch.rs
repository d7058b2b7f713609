//! Many lists at once, through the packed rows in tiles.

use super::Many;
use crate::kernel::Sieve;
use crate::model::{Query, Score};
use crate::par::{Workers, chunks};
use crate::retrieve::{BatchError, Hit, TopN};

/// Questions of one job: whole tiles of every machine. A job reads all packed rows once; more would leave threads idle
/// at the end, fewer would read the rows too often.
const QUESTIONS: usize = 112;

pub(super) fn top_n<'q, S: Score + ?Sized, Q: Copy + Into<Query<'q>> + Sync>(
    model: &S,
    sieve: &Sieve,
    queries: &[Q],
    request: &TopN<'_>,
    threads: usize,
) -> Result<Vec<Vec<Hit>>, BatchError> {
    let workers = Workers::new(threads).map_err(BatchError::Threads)?;
    let jobs = chunks(queries.len(), QUESTIONS).collect();
    let parts = workers.map(jobs, Many::default, |many, job| {
        let first = job.start;
        let questions = queries[job].iter().map(|&query| query.into());
        let count = many
            .ask(model, questions, request)
            .map_err(|(at, source)| BatchError::Query { position: first + at, source })?;
        let list = |best: &mut crate::retrieve::collect::Collector| {
            let mut hits = Vec::new();
            best.finish(&mut hits, Hit::new);
            hits
        };
        Ok(many.lists(model, sieve, count, request).iter_mut().map(list).collect::<Vec<_>>())
    });
    let mut lists = Vec::with_capacity(queries.len());
    for part in parts {
        lists.append(&mut part?);
    }
    Ok(lists)
}
