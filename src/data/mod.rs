//! From records to numbers: how does a pile of records become clean rows of events?
//!
//! *Knows*: raw ids, records, files, duplicates, ranges. *Does not know*: any model.
//! *Cost*: linear in the records; memory 16 bytes per event (32 with times) once built.
//! *Fails* with [`DataError`] and [`ReadError`], which say where in the data and what to do.

mod attributes;
mod builder;
mod change;
mod compressed;
mod edits;
mod error;
mod histories;
mod ids;
mod intake;
mod interactions;
mod ix;
mod living;
mod merge;
mod minimum;
mod pile;
mod places;
#[cfg(feature = "csv")]
mod reader;
mod record;
mod report;
mod row;
mod rules;
pub mod synthetic;

pub use attributes::{
    AttributeRecord, AttributeSchema, AttributeValue, Attributes, AttributesBuilder, AttributesReport,
    EncodedRow, Feature, Field, FieldKind, FieldReport, ItemAttributes, Scale, UserAttributes,
};
pub use builder::{Dataset, InteractionsBuilder};
pub use change::Change;
pub use error::{ChangeError, DataError};
pub use histories::{Histories, Touched};
pub(crate) use histories::{Made, Vacancy};
pub use ids::{IdMap, Ids};
pub use interactions::{Columns, Interactions};
pub use ix::{ItemIx, UserIx};
pub use merge::Duplicates;
pub(crate) use places::{Places, follow};
#[cfg(feature = "csv")]
pub use reader::{Column, Encoding, Layout, ReadError, TableLayout, TextTable};
pub use record::{Record, Source};
pub use report::{CleaningReport, Dropped, Fault, Reason, SourceReport, StageTimes, Times};
pub use row::{Audience, Event, History, Row};
