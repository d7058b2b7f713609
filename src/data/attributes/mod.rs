//! Who somebody is, what something is made of: how do words become features?
//!
//! *Knows*: fields of records, raw ids, the kinds of values. *Does not know*: events, any model.
//! *Cost*: `O(n log n)` in the values; memory 8 bytes per entry once built.
//! *Fails* with [`DataError`](super::DataError), which says where and what to do.

mod builder;
mod encode;
mod learn;
mod matrix;
mod recognise;
mod record;
mod report;
mod schema;

pub use builder::AttributesBuilder;
pub use encode::EncodedRow;
pub use matrix::{Attributes, ItemAttributes, UserAttributes};
pub use record::{AttributeRecord, AttributeValue};
pub use report::{AttributesReport, FieldReport};
pub use schema::{AttributeSchema, Feature, Field, FieldKind, Scale};
