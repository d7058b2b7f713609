//! The shared contract: what does every model promise?
//!
//! *Knows*: `data`, and the error of `par`. *Does not know*: any algorithm; there is no arithmetic here.
//! *Cost*: none; a trait call per profile and per block of scores.
//! *Fails* with [`ParamError`], [`FitError`] and [`QueryError`], which say what to change.

mod context;
mod draws;
mod epochs;
mod explain;
mod fit;
pub(crate) mod params;
mod query;
mod rating;
mod score;
mod scratch;
mod seen;
mod update;

pub use context::{FitContext, Progress, Stop};
pub use draws::Draws;
pub(crate) use epochs::{Clock, Epochs};
pub(crate) use explain::told;
pub use explain::{Explain, Explanation, Reason};
pub(crate) use fit::check_fit;
pub use fit::{EpochReport, Fit, FitError, FitReport, Fitted, StopReason};
pub use params::{ParamError, Params};
pub use query::{Profile, Query, QueryError};
pub use rating::{Basis, PredictRating, Prediction, RatingScale};
pub use score::{Factors, Score};
pub use scratch::Scratch;
pub use seen::Seen;
pub(crate) use update::movement;
pub use update::{FitFrom, Resolve, Staleness, Update, UpdateError, UpdateReport, Updated};
