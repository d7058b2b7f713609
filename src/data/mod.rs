//! From records to numbers: how does a pile of records become clean rows of events?
//!
//! *Knows*: raw ids, records, files, duplicates, ranges. *Does not know*: any model.
//! *Cost*: linear in the records; memory 16 bytes per event (32 with times) once built.
//! *Fails* with [`DataError`], which says where in the data and what to do.

mod error;
mod ids;
mod interactions;
mod ix;

pub use error::DataError;
pub use ids::{IdMap, Ids};
pub use interactions::{Audience, Columns, Event, History, Interactions, Row};
pub use ix::{ItemIx, UserIx};
