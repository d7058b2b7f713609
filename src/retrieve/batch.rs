//! Many lists at once.

use super::{Hit, ScoreExt, TopN, Workspace};
use crate::model::{Query, QueryError, Score};
use crate::par::{ThreadsError, Workers, chunks};

/// Questions of one job. It depends on nothing, and no list depends on it: small enough to keep all
/// threads busy to the end, large enough to share a workspace.
const QUERIES: usize = 32;

/// Lists that could not be made.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum BatchError {
    /// A question cannot be answered.
    #[error("question {position} of the batch (from 0): {source}")]
    Query {
        /// Its position, from 0; the first if there are several.
        position: usize,
        /// Why.
        source: QueryError,
    },
    /// The threads could not be started.
    #[error(transparent)]
    Threads(ThreadsError),
}

pub(super) fn top_n<'q, S: Score + ?Sized, Q: Copy + Into<Query<'q>> + Sync>(
    model: &S,
    queries: &[Q],
    request: &TopN<'_>,
    threads: usize,
) -> Result<Vec<Vec<Hit>>, BatchError> {
    let workers = Workers::new(threads).map_err(BatchError::Threads)?;
    let one = |workspace: &mut Workspace, position: usize| {
        let mut hits = Vec::new();
        let query = queries[position].into();
        let answer = model.top_n_into(&query, request, workspace, &mut hits);
        answer.map(|()| hits).map_err(|source| BatchError::Query { position, source })
    };
    let jobs = chunks(queries.len(), QUERIES).collect();
    let parts = workers.map(jobs, Workspace::new, |workspace, job| {
        job.map(|position| one(workspace, position)).collect::<Result<Vec<_>, _>>()
    });
    let mut lists = Vec::with_capacity(queries.len());
    for part in parts {
        lists.append(&mut part?);
    }
    Ok(lists)
}
