//! What can be wrong with a file.

use std::io;

use super::super::DataError;

/// A file that cannot be read as it is; the message says where it is wrong and what to do.
///
/// A line that cannot be used is [`DataError::Record`] inside [`ReadError::Data`], with file, line,
/// field, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is UTF-16.
    #[error("{file}: this is UTF-16; convert it to UTF-8")]
    Utf16 {
        /// The file.
        file: String,
    },
    /// A line, or a quoted field over several lines, without an end in sight.
    #[error("{file}:{line}: no end within {limit} bytes; is this a text file with line ends?")]
    LineTooLong {
        /// The file.
        file: String,
        /// The line in which it begins, from 1.
        line: u64,
        /// How long a line may be.
        limit: usize,
    },
    /// No delimiter parts the first lines into two fields or more.
    #[error("{file}: no delimiter recognised in `{line}`; give it with `Layout::delimiter`")]
    NoDelimiter {
        /// The file.
        file: String,
        /// The first line.
        line: String,
    },
    /// A delimiter that is neither one ASCII character nor `::`.
    #[error(
        "the delimiter `{found}` is not supported: give one ASCII punctuation mark, a tab, a space, or `::`"
    )]
    Delimiter {
        /// What was given.
        found: String,
    },
    /// The header has not as many names as the lines have fields.
    #[error("{file}: the header names {names} columns, the lines have {fields} fields: mend the header")]
    HeaderWidth {
        /// The file.
        file: String,
        /// How many names there are.
        names: usize,
        /// How many fields most of the first lines have.
        fields: usize,
    },
    /// A column that was asked for is not in the file.
    #[error("{file}: no column {column}; the columns are {found}")]
    NoColumn {
        /// The file.
        file: String,
        /// The name or number asked for.
        column: String,
        /// The columns there are.
        found: String,
    },
    /// Which column is which cannot be recognised.
    #[error(
        "{file}: cannot tell which column is the {role}; the columns are {found}: say which with `Layout`"
    )]
    UnclearColumn {
        /// The file.
        file: String,
        /// "user" or "item".
        role: &'static str,
        /// The columns there are.
        found: String,
    },
    /// A list of columns that cannot be understood.
    #[error("columns `{found}`: give two to four names or numbers from 1, as user,item,rating,time")]
    ColumnList {
        /// What was given.
        found: String,
    },
    /// The records, or one of them, cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
}
