//! Lists that somebody else made, measured.

use std::fmt::Display;
use std::time::Instant;

use super::ask::check;
use super::lists::{Truths, USERS};
use super::{EvaluateError, RankingOptions, RankingReport};
use crate::data::{Interactions, UserIx};
use crate::model::{ParamError, QueryError};
use crate::par::{Workers, chunks};
use crate::retrieve::Hit;

/// Users whose lists are in memory together.
const PART: usize = 4096;

/// Measures the lists that `list` makes: re-ranked ones, those of another system, of two stages, of a file. Everything
/// else is as with [`ranking`](fn@super::ranking).
///
/// `list` is asked for the list of a user, best first, of as many items as the deepest metric looks at, and for each user
/// with relevant test items once, from several threads. What the user touched in `train` does not count as relevant, so a
/// place given to it is lost.
///
/// [`RankingOptions::fold_in`] does not apply: `list` knows whom it asks.
///
/// # Errors
/// [`EvaluateError::List`] with the message of the first list (by user) that could not be made, [`EvaluateError::Query`]
/// for a list with an item the data does not have, and those of [`ranking`](fn@super::ranking).
pub fn ranking_of<E: Display>(
    list: impl Fn(UserIx, usize) -> Result<Vec<Hit>, E> + Sync,
    train: &Interactions,
    test: &Interactions,
    options: &RankingOptions<'_>,
) -> Result<RankingReport, EvaluateError> {
    check(test.n_items(), train, test)?;
    ParamError::require(!options.fold_in, "fold_in", true, "left out for lists that are made elsewhere")?;
    let mut figures = options.figures(test.n_items())?;
    let workers = Workers::new(options.threads).map_err(EvaluateError::Threads)?;
    let truths = Truths { train, test, options };
    let depth = figures.depth().min(test.n_items() as usize);
    let made = |user: UserIx| {
        let hits =
            list(user, depth).map_err(|error| EvaluateError::List { user, reason: error.to_string() })?;
        let items: Vec<_> = hits.iter().map(|hit| hit.item).collect();
        let known = QueryError::check_items(&items, test.n_items());
        known.map(|()| hits).map_err(|source| EvaluateError::Query { user, source })
    };
    let began = Instant::now();
    for users in chunks(test.n_users() as usize, PART) {
        let truths = truths.of(&workers, users);
        let jobs = chunks(truths.len(), USERS).collect();
        let parts = workers.map(
            jobs,
            || (),
            |(), job| truths[job].iter().map(|truth| made(truth.user)).collect::<Result<Vec<_>, _>>(),
        );
        let lists = parts.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        figures.add(&workers, &truths, &lists)?;
    }
    figures.report(test.n_users() as usize, began.elapsed())
}
