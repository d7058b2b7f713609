//! placeholder
use super::*;
use crate::data::UserIx;
/// t
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserHit {
    /// u
    pub user: UserIx,
    /// s
    pub score: f32,
}
/// t
pub struct UserScanner<M> {
    #[allow(dead_code)]
    model: M,
}
