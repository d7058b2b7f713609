//! What can be wrong with data.

use std::fmt;

/// Data that cannot be used as it is; the message says where it is wrong and what to do.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum DataError {
    /// A raw id that no record named.
    #[error("unknown {kind} id {id}: it is not in the data; a new user is asked for by a history (fold-in)")]
    UnknownId {
        /// "user" or "item".
        kind: &'static str,
        /// The id as it was asked for.
        id: String,
    },
    /// More distinct ids than a 32-bit index can number.
    #[error("more than {} distinct ids: split the data", u32::MAX - 1)]
    TooManyIds,
    /// Columns that belong together differ in length.
    #[error("column `{column}` has {found} entries, the others have {expected}")]
    Length {
        /// The column that differs.
        column: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        expected: usize,
    },
    /// An index beyond the declared number of users or items.
    #[error("event {event}: {kind} index {index} is not below the declared {n}")]
    OutOfBounds {
        /// Position of the event, from 0.
        event: usize,
        /// "user" or "item".
        kind: &'static str,
        /// The index found.
        index: u32,
        /// How many there are.
        n: u32,
    },
    /// A value that is NaN or infinite.
    #[error("event {event}: value {value} is not finite; drop the record or set lenient reading")]
    NotFinite {
        /// Position of the event, from 0.
        event: usize,
        /// The value found.
        value: f32,
    },
    /// Two events of one user with one item, where only one may stand.
    #[error("{user:?} has two events with {item:?}; choose a policy for duplicates in `InteractionsBuilder`")]
    Duplicate {
        /// The user of both.
        user: super::UserIx,
        /// The item of both.
        item: super::ItemIx,
    },
    /// The same, with the raw ids of the records.
    #[error(
        "user {user} has two events with item {item}; choose another policy for `duplicates` than `Error`"
    )]
    DuplicateRecord {
        /// The raw id of the user.
        user: String,
        /// The raw id of the item.
        item: String,
    },
    /// A record that cannot be used, in a strict reading.
    #[error("{origin}:{fault}")]
    Record {
        /// The file, or the source's name for records handed over by the program.
        origin: String,
        /// Where in it, and what is wrong.
        fault: super::Fault,
    },
    /// A setting of the builder out of its range.
    #[error("`{name}` is {found}; it must be {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A half-life is asked for, but some records do not say when they happened.
    #[error(
        "a half-life needs a time in every record; {untimed} have none: add times or leave `half_life` out"
    )]
    Untimed {
        /// How many records have no time.
        untimed: usize,
    },
    /// A value of somebody or something new that does not fit its field.
    #[error("attribute `{field}`: found `{found}`, expected {expected}")]
    Attribute {
        /// The field.
        field: String,
        /// The value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A field is spoken of that no record has.
    #[error("no record has a field `{field}`; the fields are {found}")]
    UnknownField {
        /// The name.
        field: String,
        /// The fields there are.
        found: String,
    },
    /// Attributes that were joined with other ids than those of the data.
    #[error(
        "the {kind} attributes have {found} rows, the data has {expected} {kind}s: build them with the ids of this data"
    )]
    AttributeRows {
        /// "user" or "item".
        kind: &'static str,
        /// The rows of the attributes.
        found: u32,
        /// The rows of the data.
        expected: u32,
    },
    /// Parts that make up no schema of attributes.
    #[error("no schema of attributes: `{name}`: {what}")]
    Schema {
        /// The field or the feature.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Parts that make up no matrix of attributes.
    #[error("no matrix of attributes: entry {at} of the {part} cannot be")]
    AttributeMatrix {
        /// "offsets", "features" or "values".
        part: &'static str,
        /// The first entry that is wrong.
        at: usize,
    },
    /// The sum of duplicates is beyond single precision.
    #[error(
        "the events of user {user} with item {item} sum up beyond single precision: scale the values down"
    )]
    Overflow {
        /// The raw id of the user.
        user: String,
        /// The raw id of the item.
        item: String,
    },
}

/// A change that cannot be made; nothing of its batch was.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum ChangeError {
    /// An event to add that is there.
    #[error("change {at}: {user:?} has an event with {item:?}; say `Replace` where the last word wins")]
    There {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// Who.
        user: super::UserIx,
        /// What.
        item: super::ItemIx,
    },
    /// An event to remove that is not there.
    #[error("change {at}: {user:?} has no event with {item:?}: leave it out")]
    NotThere {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// Who.
        user: super::UserIx,
        /// What.
        item: super::ItemIx,
    },
    /// A user to remove who is not there.
    #[error("change {at}: {user:?} is not there, or was removed before: leave it out")]
    UnknownUser {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// Who.
        user: super::UserIx,
    },
    /// An item to remove that is not there.
    #[error("change {at}: {item:?} is not there, or was removed before: leave it out")]
    UnknownItem {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// What.
        item: super::ItemIx,
    },
    /// A new index that is not the next.
    #[error("change {at}: {kind} {index} is not there, and the next new {kind} is {next}")]
    Gap {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// "user" or "item".
        kind: &'static str,
        /// The index found.
        index: u32,
        /// The index that the next new one must have.
        next: u32,
    },
    /// A value that is NaN or infinite.
    #[error("change {at}: value {value} is not finite: leave the event out")]
    NotFinite {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// The value found.
        value: f32,
    },
    /// An event with a time where the others have none, or without one where they have.
    #[error(
        "change {at}: {}", if *.timed { "the events have times: give one" } else { "the events have no times: leave it out" }
    )]
    Time {
        /// Position of the change in its batch, from 0.
        at: usize,
        /// Whether the events have times.
        timed: bool,
    },
}

impl DataError {
    pub(crate) fn unknown<Q: fmt::Debug + ?Sized>(kind: &'static str, id: &Q) -> Self {
        Self::UnknownId { kind, id: format!("{id:?}") }
    }
}

pub(super) fn same_length(column: &'static str, found: usize, expected: usize) -> Result<(), DataError> {
    if found == expected {
        return Ok(());
    }
    Err(DataError::Length { column, found, expected })
}

pub(super) fn finite(values: &[f32]) -> Result<(), DataError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(event) => Err(DataError::NotFinite { event, value: values[event] }),
    }
}
