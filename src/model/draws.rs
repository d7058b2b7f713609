//! What the model holds possible, one sample at a time.

use super::{Profile, QueryError, Score};
use crate::data::ItemIx;

/// A model that keeps draws from its posterior: each is a whole set of scores that could be the true one.
///
/// Where the draws agree the model is sure. Scoring a list by one of them is Thompson sampling:
/// [`Thompson`](crate::retrieve::Thompson).
pub trait Draws: Score {
    /// How many draws it keeps; at least 1.
    fn n_draws(&self) -> usize;

    /// The scores of some items by one draw (counted from 0, and from 0 again beyond the last), each in its place of
    /// `out`, which is as long as `items`. The mean over the draws is the [score](Score::score_block).
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`]; [`QueryError::Profile`] for a profile of another model, or an `out` that is not as
    /// long as `items`.
    fn score_draw(
        &self,
        profile: &Profile,
        draw: usize,
        items: &[ItemIx],
        out: &mut [f32],
    ) -> Result<(), QueryError>;
}
