//! Models of events: what will this person watch, buy or play next?
//!
//! *Knows*: `data`, the contract of `model`, `kernel`, `par`, `persist`. *Does not know*: lists, held-out truth.
//! *Cost*: [`Popularity`] one pass over the events; [`Ials`] linear in them, times K or less per pair of events of a row.
//! *Fails* with [`FitError`](crate::model::FitError) and [`QueryError`](crate::model::QueryError).
//!
//! An event here says *that* somebody touched an item; its value says how much, never how well it was liked.
//! What is not positive is no event that speaks for an item: each model says what it makes of those.
//!
//! | model | rests on | choose it |
//! |---|---|---|
//! | [`Ials`] | factors of user and item | for personal lists |
//! | [`Popularity`] | how many touched an item, lately if wanted | as the bar that everything else has to beat |

mod ials;
mod popularity;

pub use ials::{
    Confidence, Ials, IalsParams, IalsPatch, IalsUndo, IalsWorking, Negatives, Objective, UnknownChoice,
};
pub use popularity::{Popularity, PopularityParams};
