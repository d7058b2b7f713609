//! What can be wrong with a split or a measurement.

use crate::data::{DataError, ItemIx, UserIx};
use crate::model::{ParamError, QueryError};
use crate::par::ThreadsError;

/// Data that cannot be parted as asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum SplitError {
    /// A fraction or a number is out of range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// The split goes by time.
    #[error("the events have no times: name the column of times when reading, or use a random split")]
    NoTimes,
    /// One of the parts would have no events.
    #[error("no event would be left to {part}: change the size of the test part, or give more data")]
    EmptyPart {
        /// "train", "history" or "test".
        part: &'static str,
    },
    /// Two parts that do not number the same users and items.
    #[error(
        "train has {train_users} users and {train_items} items, test {test_users} and {test_items}: number both by one set of ids"
    )]
    Shape {
        /// Users of the training part.
        train_users: u32,
        /// Items of the training part.
        train_items: u32,
        /// Users of the test part.
        test_users: u32,
        /// Items of the test part.
        test_items: u32,
    },
    /// The data cannot be parted.
    #[error("the events cannot be parted: {0}")]
    Data(String),
}

impl From<DataError> for SplitError {
    fn from(error: DataError) -> Self {
        Self::Data(error.to_string())
    }
}

/// A model that cannot be measured as asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// An option is out of range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Training and test part do not belong together.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The model numbers other items than the data.
    #[error(
        "the model has {model_items} items, the data {data_items}: evaluate on the ids it was fitted with"
    )]
    Items {
        /// Items of the model.
        model_items: u32,
        /// Items of the data.
        data_items: u32,
    },
    /// There is nothing to measure on.
    #[error("no user has a test event to measure on: give a larger test part, or a lower `relevant_from`")]
    Empty,
    /// The model could not answer for a user.
    #[error("{user:?}: {source}")]
    Query {
        /// The user.
        user: UserIx,
        /// Why.
        source: QueryError,
    },
    /// A list that is made elsewhere could not be made.
    #[error("the list of {user:?} could not be made: {reason}")]
    List {
        /// The user.
        user: UserIx,
        /// Why.
        reason: String,
    },
    /// A list holds an item the catalogue does not have.
    #[error(transparent)]
    Item(QueryError),
    /// The model predicted no number.
    #[error("the prediction for {user:?} and {item:?} is {rating}: the model is broken, fit it anew")]
    NotFinite {
        /// The user.
        user: UserIx,
        /// The item.
        item: ItemIx,
        /// NaN or an infinity.
        rating: f32,
    },
    /// A metric measured no number.
    #[error("metric `{metric}` is {value} for {user:?}: it must be finite")]
    Metric {
        /// The metric's name.
        metric: String,
        /// The user.
        user: UserIx,
        /// NaN or an infinity.
        value: f64,
    },
    /// Two measurements that are not of the same test events.
    #[error("the two models were measured on different test events: measure both on one test part")]
    Unpaired,
    /// The threads could not be started.
    #[error(transparent)]
    Threads(ThreadsError),
}
