//! From scores to a list: which items should this person see next?
//!
//! *Knows*: `Score`, seen items, allowed and denied items. *Does not know*: how scores come about.
//! *Cost*: one score and one compare per item; the rest is paid only for items that may be listed.
//! *Fails* with [`QueryError`](crate::model::QueryError) for one question, [`BatchError`] for many.
//!
//! # The rules of a list
//!
//! - Exact: the `n` highest scores of all eligible items. `n` hits whenever `n` items are eligible, all
//!   of them when fewer are, each once.
//! - The highest score comes first; of equal scores the smaller item index comes first.
//! - Items the asker has [seen](crate::model::Score::seen), and items in the question's own history,
//!   are left out unless [`TopN::include_seen`] says otherwise.
//! - An item scored NaN or negative infinity is never listed: this is how a model vetoes one.
//!
//! # How it is done
//!
//! Blocks of items are scored into a small buffer that stays in the first cache. The score of the
//! `n`-th best item so far is the threshold: nearly every block of a large catalogue is thrown away by
//! comparing with it, and only the survivors are looked up in the filters. What comes in scores and
//! goes out as a list is one loop (`scan`) between two parts that know nothing of each other: the
//! `Filter` (which items) and the `Collector` (the best of them). A faster source of scores takes the
//! place of the loop and keeps both.

mod batch;
mod collect;
mod ext;
mod filter;
mod request;
mod scan;
mod scanner;

pub use batch::BatchError;
pub use ext::{Hit, ScoreExt, Workspace};
pub use request::TopN;
pub use scanner::{ScanError, Scanner, UserHit, UserScanner, Vectors};
