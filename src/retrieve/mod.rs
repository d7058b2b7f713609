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
//! # Two roads, one answer
//!
//! | | takes | costs |
//! |---|---|---|
//! | [`ScoreExt`] | any model, as it is | a score per item |
//! | [`Scanner`] | a model whose scores are [inner products](crate::model::Score::inner_product), prepared once | a byte per factor and item, and a score for the few hundred items that may enter the list |
//!
//! The lists are the same to the bit. A scanner pays from the second list on; it also finds similar items, and a
//! [`UserScanner`] the users for an item and similar users.
//!
//! # Lists people like
//!
//! The best ten by score are often ten of a kind. A [`Rerank`] takes the exact best items of a larger *pool*, lets any
//! number of steps give them new scores ([`Adjust`]), and then chooses the list one item at a time under what is said of
//! the list as a whole:
//!
//! | step | what it does | what it costs |
//! |---|---|---|
//! | [`PopularityDiscount`] | what everybody knows counts less | a look-up per item of the pool |
//! | [`Freshness`] | what is new counts more | a look-up per item of the pool |
//! | [`Thompson`] | what the model is unsure of gets its chance | a score per kept sample and item of the pool |
//! | [`Mmr`] | what is like an item already chosen counts less | `pool * n * factors` |
//! | [`Quota`] | at most so many of one director, one genre | a count per item looked at |
//!
//! Every step is deterministic. Nothing outside the pool comes into the list. The example `crowd_pleasers` prints what each
//! does to accuracy, coverage and concentration.
//!
//! # How it is done
//!
//! The score of the `n`-th best item so far is the threshold: nearly all of a large catalogue is thrown away by comparing
//! with it, and only the survivors are looked up in the filters. Three parts know nothing of each other: the `Filter`
//! (which items), the `Collector` (the best of them), and between them the loop that brings the scores. `scan` is
//! the loop for every model: blocks of items are scored into a small buffer that stays in the first cache. `scanner` is
//! the loop over packed rows: the sieve of the kernel finds the items whose score may reach the threshold, and the
//! model scores those. Nothing is approximate: the kernel's essay proves that no item is lost, and since the score that is
//! compared in the end is the model's own, any correct sieve gives the same list.

mod batch;
mod collect;
mod ext;
mod filter;
mod request;
mod rerank;
mod scan;
mod scanner;

pub use batch::BatchError;
pub use ext::{Hit, ScoreExt, Workspace};
pub use request::TopN;
pub use rerank::{Adjust, Freshness, Mmr, PopularityDiscount, Quota, Rerank, RerankError, Thompson};
pub use scanner::{ScanError, Scanner, UserHit, UserScanner, Vectors};
