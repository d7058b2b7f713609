//! What can be wrong with a list that is to be chosen.

use crate::data::ItemIx;
use crate::model::{ParamError, QueryError};
use crate::retrieve::ScanError;

/// A list that cannot be chosen as asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum RerankError {
    /// A number is out of range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// The question cannot be answered.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The rows of the items cannot be compared.
    #[error("likeness of items: {0}")]
    Rows(ScanError),
    /// The attributes have no such field.
    #[error("there is no field `{field}` with values to count; the fields are {known}")]
    UnknownField {
        /// The field asked for.
        field: String,
        /// Those that can be counted, parted by commas.
        known: String,
    },
    /// The events have no times.
    #[error(
        "the events have no times: name the column of times when reading, or give the items' times yourself"
    )]
    NoTimes,
    /// A step knows nothing of an item of the pool.
    #[error("{item:?} is in the pool, but {step} knows {n_items} items: make both from the same data")]
    UnknownItem {
        /// Which step.
        step: &'static str,
        /// The item.
        item: ItemIx,
        /// How many it knows.
        n_items: usize,
    },
}

impl RerankError {
    /// What a step knows of an item, if it knows the item.
    pub(super) fn look_up<'a, T>(step: &'static str, all: &'a [T], item: ItemIx) -> Result<&'a T, Self> {
        all.get(item.ix()).ok_or(Self::UnknownItem { step, item, n_items: all.len() })
    }
}
