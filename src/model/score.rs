//! The core promise: a score for every item.

use super::{Profile, Query, QueryError};
use crate::data::{ItemIx, UserIx};

/// Scores items for an asker: higher is better.
///
/// *Who asks* and *which items* are apart: [`profile`](Self::profile) may solve a small system and
/// may fail; [`score_block`](Self::score_block) cannot fail and allocates nothing. The trait is
/// dyn-safe. Ranked lists come from the extension trait [`ScoreExt`](crate::retrieve::ScoreExt).
pub trait Score: Send + Sync {
    /// How many users the model has rows for.
    fn n_users(&self) -> u32;

    /// How many items the model scores.
    fn n_items(&self) -> u32;

    /// The cold half: who asks?
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or item or a malformed history.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError>;

    /// The hot half: the scores of items `first .. first + out.len()`, never NaN.
    ///
    /// Scores order items; where they estimate a rating they are not yet clipped to its scale, so
    /// that two items above the scale still differ. The score of an item does not depend, to the bit,
    /// on the block it is asked in. Items beyond [`n_items`](Self::n_items) get
    /// negative infinity, with which nothing is in a list.
    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]);

    /// The items a user touched in training, sorted; empty for an unknown user. They are left out of
    /// lists unless asked for.
    fn seen(&self, user: UserIx) -> &[ItemIx];

    /// Whether answers depend on the moment asked about, [`Query::at`]. Default no.
    fn knows_time(&self) -> bool {
        false
    }

    /// The item rows, where every score is `profile.dense . row + bias + profile.offset`, so that
    /// retrieval can pack, fuse and prune; none for other models.
    ///
    /// It is a promise: [`score_block`](Self::score_block) gives this very sum, its products and terms added in
    /// single precision or better, in any order, and nothing on top of it; or negative infinity for an item that no list is
    /// to name. A model that rounds more coarsely or boosts a score afterwards must answer none, or a
    /// [`Scanner`](crate::retrieve::Scanner) may lose items.
    fn inner_product(&self) -> Option<Factors<'_>> {
        None
    }
}

/// Item factors as a dense matrix: row `i` is `rows[i * stride .. i * stride + factors]`.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// The rows, one after the other.
    pub rows: &'a [f32],
    /// Numbers from the start of a row to the start of the next.
    pub stride: usize,
    /// Numbers of a row that count; at most `stride`.
    pub factors: usize,
    /// One bias per row, or empty.
    pub bias: &'a [f32],
}
