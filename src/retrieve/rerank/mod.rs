//! Lists people like: the steps between a pool and the list chosen from it. What each is for stands at
//! [`retrieve`](crate::retrieve#lists-people-like).

mod adjust;
mod choose;
mod error;
mod freshness;
mod mmr;
mod popularity;
mod quota;
mod thompson;

pub use adjust::Adjust;
pub use choose::Rerank;
pub use error::RerankError;
pub use freshness::Freshness;
pub use mmr::Mmr;
pub use popularity::PopularityDiscount;
pub use quota::Quota;
pub use thompson::Thompson;
