//! What both evaluations do before they ask a model.

use super::EvaluateError;
use super::split::check_shape;
use crate::data::{Interactions, UserIx};
use crate::model::Query;

/// Fails unless the two parts and the model fit together and there is something to measure on.
pub(super) fn check(
    model_items: u32,
    train: &Interactions,
    test: &Interactions,
) -> Result<(), EvaluateError> {
    check_shape(train, test)?;
    let data_items = test.n_items();
    if model_items != data_items {
        return Err(EvaluateError::Items { model_items, data_items });
    }
    if test.is_empty() { Err(EvaluateError::Empty) } else { Ok(()) }
}

/// The question for one user: their history where one is to be folded in, or their trained row.
pub(super) fn question(fold_in: Option<&Interactions>, user: UserIx) -> Query<'_> {
    match fold_in {
        Some(train) => Query::history(train.user(user).unwrap_or_default()),
        None => Query::user(user),
    }
}
