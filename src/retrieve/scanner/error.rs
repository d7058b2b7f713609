//! What cannot be scanned.

use crate::model::{Factors, QueryError, Score};

/// A model that cannot be prepared for scanning.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum ScanError {
    /// The scores are no inner products, so there is nothing to pack.
    #[error(
        "the scores of this model are no inner products of rows: rank with `ScoreExt::top_n`, which takes any model"
    )]
    NotInnerProduct,
    /// The rows do not have the shape that is said of them.
    #[error("{what}: expected {expected} numbers, found {found}: correct the shape of the factors")]
    Shape {
        /// What has another length.
        what: &'static str,
        /// How many numbers there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The rows are too wide for sums of bytes.
    #[error(
        "rows of {factors} factors are too wide: at most {most} can be scanned; rank with `ScoreExt::top_n`"
    )]
    TooWide {
        /// How many factors there are.
        factors: usize,
        /// How many there may be.
        most: usize,
    },
    /// There are more rows than indices.
    #[error("{found} rows are too many: rows are counted in 32 bits")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// The row of a user could not be made.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// The item rows of a model, held against their shape.
pub(in crate::retrieve) fn item_rows<S: Score + ?Sized>(model: &S) -> Result<Factors<'_>, ScanError> {
    let rows = model.inner_product().ok_or(ScanError::NotInnerProduct)?;
    check(&rows, model.n_items() as usize)?;
    Ok(rows)
}

/// Whether there are `count` rows, and as many biases if there are any.
pub(super) fn check(rows: &Factors<'_>, count: usize) -> Result<(), ScanError> {
    let shape = |what, expected, found| Err(ScanError::Shape { what, expected, found });
    if rows.factors > rows.stride {
        return shape("the stride of the rows", rows.factors, rows.stride);
    }
    let needed = match count {
        0 => 0,
        _ => (count - 1).saturating_mul(rows.stride).saturating_add(rows.factors),
    };
    if rows.rows.len() < needed {
        return shape("the rows", needed, rows.rows.len());
    }
    if !rows.bias.is_empty() && rows.bias.len() != count {
        return shape("the biases", count, rows.bias.len());
    }
    Ok(())
}
