//! Files of records and tables of text: from bytes to fields to numbers, with positions.

mod adjacency;
mod attributes;
mod error;
mod fields;
mod intern;
mod layout;
mod lines;
mod movielens;
mod number;
mod ratings;
mod sniff;
mod table;

pub use error::ReadError;
pub use layout::{Column, Encoding, Layout};
pub use table::{TableLayout, TextTable};
