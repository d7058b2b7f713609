//! A step that looks at one item at a time.

use super::RerankError;
use crate::model::Query;
use crate::retrieve::Hit;

/// Gives the items of a pool new scores. Write one yourself for what your catalogue knows: margins, stock, rights that
/// end.
///
/// ```
/// use foldin::data::ItemIx;
/// use foldin::model::Query;
/// use foldin::retrieve::{Adjust, Hit, Rerank, RerankError};
///
/// /// What the house has made itself comes first.
/// struct Ours<'a>(&'a [bool]);
/// impl Adjust for Ours<'_> {
///     fn adjust(&self, _: &Query<'_>, pool: &mut [Hit]) -> Result<(), RerankError> {
///         for hit in pool {
///             hit.score += if self.0[hit.item.ix()] { 0.1 } else { 0.0 };
///         }
///         Ok(())
///     }
/// }
///
/// let pool = [(0, 0.9), (1, 0.85)].map(|(item, score)| Hit { item: ItemIx::new(item), score });
/// let ours = Ours(&[false, true]);
/// let list = Rerank::new(100).adjust(&ours).choose(&Query::anyone(), &pool, 1)?;
/// assert_eq!(list[0].item, ItemIx::new(1));
/// # Ok::<(), RerankError>(())
/// ```
pub trait Adjust: Sync {
    /// Sets the score of each hit. The pool holds each item once, best first; an item scored NaN or negative infinity
    /// is not listed. The order of the pool must not be changed: it is sorted by the new scores afterwards.
    ///
    /// # Errors
    /// [`RerankError`], for the step's own reasons.
    fn adjust(&self, query: &Query<'_>, pool: &mut [Hit]) -> Result<(), RerankError>;
}
