//! From scores to a list.

/// Ranked lists for every [`Score`](crate::model::Score).
pub trait ScoreExt: crate::model::Score {}
impl<S: crate::model::Score + ?Sized> ScoreExt for S {}
