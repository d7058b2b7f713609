//! How good is a model on events it has not seen?
//!
//! *Knows*: the public traits and lists alone, so that anybody's model can be measured; nothing
//! depends on it. *Does not know*: any model.
//! *Cost*: one profile per user, one prediction per event or one list per user; bootstrap on top.
//! *Fails* with [`SplitError`] and [`EvaluateError`], which say what to change.
//!
//! Part the data ([`Split`]), fit on `train`, measure on `test`:
//!
//! - [`rating`](fn@rating): RMSE and MAE over all test ratings, with bootstrap intervals;
//! - [`ranking`](fn@ranking): precision, recall, NDCG, MAP, MRR, hit rate, coverage and Gini coefficient of lists of the whole
//!   catalogue, and any [`Metric`] of your own;
//! - [`ranking_among`](fn@ranking_among): the same for lists of a few [`Candidates`], as some published protocols
//!   want it;
//! - [`ranking_of`](fn@ranking_of): the same for lists made elsewhere: re-ranked, of two stages, of another system.
//!
//! [`Exposure`] counts what a set of lists shows of the catalogue, and how unevenly. [`UserSplit`] holds out users instead of events: how good is the model for people it has never seen?
//!
//! Everything is done on several threads, and the figures are the same, to the bit, for any number.
//!
//! ```
//! # use foldin::data::{Columns, Interactions, ItemIx, UserIx};
//! use foldin::evaluate::Split;
//! # let users: Vec<_> = (0..40).map(|n| UserIx::new(n / 10)).collect();
//! # let items: Vec<_> = (0..40).map(|n| ItemIx::new(n % 10)).collect();
//! # let columns = Columns { users: &users, items: &items, values: &[3.0; 40], times: None };
//! # let data = Interactions::from_columns(4, 10, columns)?;
//! let Split { train, test } = Split::random(&data, 0.1, 42)?;
//! assert_eq!((train.len(), test.len()), (36, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod among;
mod ask;
mod bootstrap;
mod by_name;
mod candidates;
mod draw;
mod error;
mod exposure;
mod figures;
mod lists;
mod made;
mod metric;
#[cfg(feature = "csv")]
mod ncf;
mod ranking;
mod rating;
mod rating_errors;
mod split;
mod users;

pub use among::ranking_among;
pub use bootstrap::{Bootstrap, Interval};
pub use by_name::metric_by_name;
pub use candidates::{CandidateCase, Candidates};
pub use error::{EvaluateError, SplitError};
pub use exposure::Exposure;
pub use made::ranking_of;
pub use metric::{
    AveragePrecision, Case, HitRate, Metric, Ndcg, Precision, Recall, RecallCapped, ReciprocalRank,
};
#[cfg(feature = "csv")]
pub use ncf::Ncf;
pub use ranking::{Measured, RankingOptions, RankingReport, ranking};
pub use rating::{ByBasis, Difference, RatingOptions, RatingReport, Resample, rating};
pub use rating_errors::RatingErrors;
pub use split::{Folds, Split};
pub use users::UserSplit;
