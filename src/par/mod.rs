//! Who runs it: fixed chunks, fixed order of reduction, any number of threads.
//!
//! *Knows*: closures over ranges. *Does not know*: what they compute.
//! *Cost*: one task per chunk; threads of its own for each fit, all but the caller's, which works too. Between two passes
//! they wait awake for a moment: see `helpers`.
//! *Fails* when threads cannot be started.
//!
//! The bits never depend on the number of threads: work is cut into chunks whose size depends on the
//! data alone, each chunk writes its own part of the output, and sums are added in chunk order.

#[cfg(feature = "parallel")]
mod helpers;

use std::ops::Range;
#[cfg(feature = "parallel")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "parallel")]
use helpers::Helpers;

/// Threads that could not be started.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("cannot start {threads} threads: {reason}; ask for fewer")]
pub struct ThreadsError {
    /// How many were asked for; 0 stands for one per core.
    pub threads: usize,
    /// What the system said.
    pub reason: String,
}

/// More threads than any machine has cores: a mistyped number must not bring the machine down.
#[cfg(feature = "parallel")]
const MOST_THREADS: usize = 4096;

/// The threads of one fit or one evaluation, the caller's among them.
pub(crate) struct Workers {
    /// The others, if there are any.
    #[cfg(feature = "parallel")]
    helpers: Option<Helpers>,
}

impl Workers {
    /// Starts the threads beside the caller's, to be `threads` in all; 0 stands for one per core.
    #[cfg(feature = "parallel")]
    pub(crate) fn new(threads: usize) -> Result<Self, ThreadsError> {
        if threads > MOST_THREADS {
            let reason = format!("at most {MOST_THREADS} make sense");
            return Err(ThreadsError { threads, reason });
        }
        let cores = helpers::cores();
        let others = if threads == 0 { cores } else { threads } - 1;
        let helpers = (others > 0)
            .then(|| Helpers::new(others, cores))
            .transpose()
            .map_err(|error| ThreadsError { threads, reason: error.to_string() })?;
        Ok(Self { helpers })
    }

    /// Without the feature `parallel` the caller's thread does everything.
    #[cfg(not(feature = "parallel"))]
    pub(crate) fn new(_threads: usize) -> Result<Self, ThreadsError> {
        Ok(Self {})
    }

    /// Runs `work` on every job and returns the results in the order of the jobs. `state` makes the
    /// working memory of one thread; what is left in it must not change a result.
    pub(crate) fn map<J: Send, S, R: Send>(
        &self,
        jobs: Vec<J>,
        state: impl Fn() -> S + Send + Sync,
        work: impl Fn(&mut S, J) -> R + Send + Sync,
    ) -> Vec<R> {
        #[cfg(feature = "parallel")]
        if let Some(helpers) = self.helpers.as_ref().filter(|_| jobs.len() > 1) {
            return together(helpers, jobs, &state, &work);
        }
        alone(jobs, state, work)
    }
}

/// All jobs: each thread takes the next one when it is done with one, and none is left with many at the end.
#[cfg(feature = "parallel")]
fn together<J: Send, S, R: Send>(
    helpers: &Helpers,
    jobs: Vec<J>,
    state: &(impl Fn() -> S + Sync),
    work: &(impl Fn(&mut S, J) -> R + Sync),
) -> Vec<R> {
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let waiting = Mutex::new(jobs.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    helpers.run(|| {
        let Some(mut job) = next() else { return };
        let (mut state, mut own) = (state(), Vec::new());
        loop {
            own.push((job.0, work(&mut state, job.1)));
            match next() {
                Some(another) => job = another,
                None => break,
            }
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|&(place, _)| place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// All jobs, one after the other.
fn alone<J, S, R>(jobs: Vec<J>, state: impl Fn() -> S, work: impl Fn(&mut S, J) -> R) -> Vec<R> {
    let mut state = state();
    jobs.into_iter().map(|job| work(&mut state, job)).collect()
}

/// Cuts `0..n` into chunks of `chunk`; the cut depends on nothing else.
pub(crate) fn chunks(n: usize, chunk: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    let chunk = chunk.max(1);
    (0..n.div_ceil(chunk)).map(move |i| i * chunk..((i + 1) * chunk).min(n))
}

/// Jobs of a pass, at most and about.
const JOBS: usize = 96;

/// Cuts compressed rows where about the same cost has come together, `least` or more; `cost` says what a row of so
/// many events costs. The cut depends on the lengths of the rows alone.
pub(crate) fn balanced(offsets: &[usize], cost: impl Fn(usize) -> usize, least: usize) -> Vec<Range<usize>> {
    let costs = || offsets.windows(2).map(|row| cost(row[1] - row[0]));
    let share = (costs().sum::<usize>() / JOBS).max(least);
    let mut cuts = Vec::with_capacity(JOBS + 1);
    let (mut from, mut sum) = (0, 0);
    for (row, cost) in costs().enumerate() {
        sum += cost;
        if row + 2 == offsets.len() || sum >= share {
            cuts.push(from..row + 1);
            (from, sum) = (row + 1, 0);
        }
    }
    cuts
}

/// The last jobs of a pass that are cut once more, and into how many.
const LAST: (usize, usize) = (8, 4);

/// Cuts the last jobs smaller, so that a thread that is done does not wait long for the others.
pub(crate) fn tapered(mut cuts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let (jobs, pieces) = LAST;
    let last = cuts.split_off(cuts.len().saturating_sub(jobs));
    for cut in last {
        let piece = chunks(cut.len(), cut.len().div_ceil(pieces));
        cuts.extend(piece.map(|piece| cut.start + piece.start..cut.start + piece.end));
    }
    cuts
}

/// Parts of a slice of `width` numbers per row.
pub(crate) fn parts<'a, T>(mut all: &'a mut [T], width: usize, cuts: &[Range<usize>]) -> Vec<&'a mut [T]> {
    let part = |rows: &Range<usize>| {
        let (head, rest) = std::mem::take(&mut all).split_at_mut(rows.len() * width);
        all = rest;
        head
    };
    cuts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs_pass_after_pass() {
        for threads in [0, 1, 2, 3, 8] {
            let workers = Workers::new(threads).unwrap();
            for pass in 0..50 {
                let jobs: Vec<usize> = (0..pass).collect();
                let squares = workers.map(jobs, || pass, |pass, job| *pass + job * job);
                assert!(squares.iter().enumerate().all(|(job, &found)| found == pass + job * job));
                assert_eq!(squares.len(), pass, "{threads} threads");
            }
        }
    }

    #[test]
    fn a_job_that_panics_does_not_keep_the_others_waiting() {
        for threads in [1, 2, 3] {
            let workers = Workers::new(threads).unwrap();
            let pass = |bad: usize| workers.map((0..20).collect(), || (), |(), job| assert_ne!(job, bad));
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pass(7)));
            assert!(caught.is_err(), "{threads} threads");
            assert_eq!(pass(20).len(), 20, "{threads} threads");
        }
    }

    #[test]
    fn the_cut_covers_every_row_once_whatever_the_lengths() {
        for lengths in [vec![], vec![0; 7], vec![5000; 300], vec![1, 1_000_000, 0, 3]] {
            let mut offsets = vec![0];
            for length in &lengths {
                offsets.push(offsets[offsets.len() - 1] + length);
            }
            let cuts = balanced(&offsets, |n| n + 16, 2048);
            let rows = |cuts: &[Range<usize>]| cuts.iter().cloned().flatten().collect::<Vec<_>>();
            assert_eq!(rows(&cuts), (0..lengths.len()).collect::<Vec<_>>());
            let smaller = tapered(cuts.clone());
            assert_eq!(rows(&smaller), rows(&cuts));
            assert!(smaller.len() >= cuts.len() && smaller.len() <= cuts.len() + 24);
            let mut numbers = vec![0u8; 2 * lengths.len()];
            let parts = parts(&mut numbers, 2, &cuts);
            assert!(parts.iter().zip(&cuts).all(|(part, rows)| part.len() == 2 * rows.len()));
        }
    }
}
