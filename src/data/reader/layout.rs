//! How a file is laid out; what is not given is recognised from its first lines.

use std::fmt;

use super::error::ReadError;

/// A column of a file, by the name in its header or by its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Column {
    /// The name in the header; case and surrounding spaces do not matter.
    Name(String),
    /// The number, from 1.
    Number(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Column {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// How bytes become text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Encoding {
    /// UTF-8; an id or text that is not is an error that says so.
    #[default]
    Utf8,
    /// UTF-8; what is not becomes the replacement character.
    Utf8Lossy,
    /// ISO 8859-1, in which every byte is a character: MovieLens 100K's `u.item`.
    Latin1,
}

/// Whether and where a column is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Wanted {
    /// Recognised by name or place, if it is there.
    #[default]
    Recognised,
    Absent,
    At(Column),
}

/// The layout of a file of records.
///
/// [`Layout::new`] recognises everything from the first lines:
///
/// * the delimiter: `::`, tab, semicolon, comma, bar or space, whichever parts the lines into equally
///   many fields;
/// * a header: a first line without numbers that has a known name, or stands above numbers;
/// * the columns: by name (`userId`, `movie_id`, `rating`, `timestamp` and their kin, in any order),
///   or without a header by place: user, item, value, time.
///
/// Without a value column every record counts 1. Values are decimal numbers with a point; times are
/// numbers (a fraction is rounded down) or dates like `2005-09-06` and `2005-09-06T12:30:00Z`, read as
/// Unix seconds. Quoted fields follow RFC 4180 (with `::`, quotes are ordinary characters). Spaces
/// around a field that is not quoted are left out. Blank lines, a byte order mark, CRLF are no matter.
///
/// ```
/// use foldin::data::Layout;
/// let netflix = Layout::new().columns("2,1,3,4")?;
/// let clicks = Layout::new().user("visitor").item("page").without_value();
/// # let _ = (netflix, clicks);
/// # Ok::<(), foldin::data::ReadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Layout {
    pub(super) adjacency: bool,
    pub(super) delimiter: Option<String>,
    pub(super) header: Option<bool>,
    pub(super) user: Option<Column>,
    pub(super) item: Option<Column>,
    pub(super) value: Wanted,
    pub(super) time: Wanted,
    pub(super) encoding: Encoding,
}

impl Layout {
    /// Recognises everything; text is UTF-8.
    pub fn new() -> Self {
        Self::default()
    }

    /// One line per user, `user item item ...`, parted by spaces or tabs; every event counts 1: the
    /// layout of the LightGCN splits. Columns, delimiter and header do not apply.
    pub fn adjacency() -> Self {
        Self { adjacency: true, ..Self::default() }
    }

    /// What parts the fields: `::` or one ASCII character. Checked when the file is read.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Whether the first line that is not blank names the columns.
    #[must_use]
    pub fn header(mut self, header: bool) -> Self {
        self.header = Some(header);
        self
    }

    /// The column with the user's id.
    #[must_use]
    pub fn user(mut self, column: impl Into<Column>) -> Self {
        self.user = Some(column.into());
        self
    }

    /// The column with the item's id.
    #[must_use]
    pub fn item(mut self, column: impl Into<Column>) -> Self {
        self.item = Some(column.into());
        self
    }

    /// The column with the rating or the strength of the event.
    #[must_use]
    pub fn value(mut self, column: impl Into<Column>) -> Self {
        self.value = Wanted::At(column.into());
        self
    }

    /// The column with the time. An empty field in it is a record without time.
    #[must_use]
    pub fn time(mut self, column: impl Into<Column>) -> Self {
        self.time = Wanted::At(column.into());
        self
    }

    /// Takes every record as an event of value 1.
    #[must_use]
    pub fn without_value(mut self) -> Self {
        self.value = Wanted::Absent;
        self
    }

    /// Reads no times.
    #[must_use]
    pub fn without_time(mut self) -> Self {
        self.time = Wanted::Absent;
        self
    }

    /// How bytes become text. Default UTF-8.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Whether a column is asked for by name, so that there must be a header.
    pub(super) fn is_named(&self) -> bool {
        let wanted = |wanted: &Wanted| matches!(wanted, Wanted::At(Column::Name(_)));
        let column = |column: &Option<Column>| matches!(column, Some(Column::Name(_)));
        column(&self.user) || column(&self.item) || wanted(&self.value) || wanted(&self.time)
    }

    /// The columns as one list, for command lines: `user,item[,value[,time]]`, each the name in the
    /// header or a number from 1. What the list leaves out is not read.
    ///
    /// # Errors
    /// [`ReadError::ColumnList`] unless there are two to four.
    pub fn columns(self, list: &str) -> Result<Self, ReadError> {
        let columns: Vec<Column> = list.split(',').map(|name| parse_column(name.trim())).collect();
        let wanted = |at: usize| columns.get(at).cloned().map_or(Wanted::Absent, Wanted::At);
        let empty = columns.iter().any(|column| *column == Column::Name(String::new()));
        match &columns[..] {
            [user, item, ..] if columns.len() <= 4 && !empty => Ok(Self {
                user: Some(user.clone()),
                item: Some(item.clone()),
                value: wanted(2),
                time: wanted(3),
                ..self
            }),
            _ => Err(ReadError::ColumnList { found: list.into() }),
        }
    }
}

fn parse_column(name: &str) -> Column {
    name.parse().map_or_else(|_| Column::Name(name.into()), Column::Number)
}

/// What parts the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One byte; quoted fields may hold it.
    Byte(u8),
    /// `::`, as MovieLens does; quotes mean nothing.
    DoubleColon,
}

impl Delimiter {
    pub(super) fn parse(text: &str) -> Result<Self, ReadError> {
        match text.as_bytes() {
            b"::" => Ok(Self::DoubleColon),
            &[byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(&byte) => {
                Ok(Self::Byte(byte))
            }
            _ => Err(ReadError::Delimiter { found: text.into() }),
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Byte(b'\t') => "tab".into(),
            Self::Byte(b' ') => "space".into(),
            Self::Byte(byte) => format!("`{}`", char::from(byte)),
            Self::DoubleColon => "`::`".into(),
        }
    }

    /// Whether a field may be quoted.
    pub(super) fn quotes(self) -> Option<u8> {
        match self {
            Self::Byte(byte) => Some(byte),
            Self::DoubleColon => None,
        }
    }
}
