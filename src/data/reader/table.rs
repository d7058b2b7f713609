//! Tables of text: titles and other attributes by raw id.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::report::{Fault, Reason};
use super::super::{DataError, IdMap};
use super::error::ReadError;
use super::fields::Fields;
use super::intern::{NOT_UTF8, decode};
use super::layout::{Column, Encoding};
use super::lines::{Line, Lines};
use super::sniff::{Head, shorten};

/// The layout of a table of text; what is not given is recognised, as for
/// [`Layout`](super::Layout).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TableLayout {
    pub(super) delimiter: Option<String>,
    pub(super) header: Option<bool>,
    pub(super) id: Option<Column>,
    pub(super) encoding: Encoding,
}

impl TableLayout {
    /// The id in the first column; text is UTF-8.
    pub fn new() -> Self {
        Self::default()
    }

    /// What parts the fields: `::` or one ASCII character.
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

    /// The column with the id. Default: the first.
    #[must_use]
    pub fn id(mut self, column: impl Into<Column>) -> Self {
        self.id = Some(column.into());
        self
    }

    /// How bytes become text. Default UTF-8; MovieLens 100K's `u.item` needs Latin-1.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }
}

impl TableLayout {
    /// Whether the column with the id is asked for by name, so that there must be a header.
    pub(super) fn names_id(&self) -> bool {
        matches!(self.id, Some(Column::Name(_)))
    }
}

/// Rows of text by raw id: titles, genres, what is known of users or items.
///
/// ```
/// use foldin::data::{TableLayout, TextTable};
/// let movies = "1::Toy Story (1995)::Animation|Comedy\n2::Jumanji (1995)::Adventure\n";
/// let movies = TextTable::from_reader("movies.dat", movies.as_bytes(), &TableLayout::new())?;
/// let title = movies.column(2)?;
/// assert_eq!(movies.text("2", title), Some("Jumanji (1995)"));
/// assert_eq!(movies.text("3", title), None);
/// # Ok::<(), foldin::data::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextTable {
    file: String,
    head: Option<Head>,
    ids: IdMap<String>,
    /// Where each row's cells begin in `cells`.
    offsets: Vec<usize>,
    cells: Vec<String>,
}

impl TextTable {
    /// Reads a file. A row may have fewer or more fields than the first; where an id stands twice, the
    /// first row counts. Memory: every field.
    ///
    /// # Errors
    /// [`ReadError`]; for text that is not in the encoding with file, line and field.
    pub fn from_path(path: impl AsRef<Path>, layout: &TableLayout) -> Result<Self, ReadError> {
        let file = path.as_ref().display().to_string();
        let input =
            File::open(path.as_ref()).map_err(|source| ReadError::Io { file: file.clone(), source })?;
        Self::from_reader(&file, input, layout)
    }

    /// Reads any input; `file` names it in messages.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn from_reader(file: &str, input: impl Read, layout: &TableLayout) -> Result<Self, ReadError> {
        let mut table =
            Self { file: file.into(), head: None, ids: IdMap::new(), offsets: vec![0], cells: Vec::new() };
        let mut lines = Lines::new(input, file)?;
        let head =
            Head::of(lines.peek(), layout.delimiter.as_deref(), layout.header, layout.names_id(), file)?;
        if head.n_fields == 0 {
            return Ok(table);
        }
        let id = layout.id.as_ref().map_or(Ok(0), |column| head.find(column, file))?;
        lines.quote_fields(head.delimiter.quotes());
        let mut skip_header = head.names.is_some();
        let mut fields = Fields::default();
        while let Some(line) = lines.next()? {
            if line.is_blank() || std::mem::take(&mut skip_header) {
                continue;
            }
            table.add(line, &head, &mut fields, id, layout.encoding)?;
        }
        table.head = Some(head);
        Ok(table)
    }

    fn add(
        &mut self,
        line: Line<'_>,
        head: &Head,
        fields: &mut Fields,
        id: usize,
        encoding: Encoding,
    ) -> Result<(), ReadError> {
        let fault = |reason, at, found: &[u8], expected: &str| DataError::Record {
            origin: self.file.clone(),
            fault: Fault {
                line: line.number,
                reason,
                field: head.label(at),
                found: format!("`{}`", shorten(found)),
                expected: expected.into(),
            },
        };
        fields
            .split(line, head.delimiter)
            .map_err(|broken| fault(Reason::Quoting, broken.field, line.bytes, broken.expected))?;
        let mut row = Vec::with_capacity(fields.len());
        for at in 0..fields.len() {
            let bytes = fields.get(line, at);
            let text = decode(bytes, encoding).ok_or_else(|| fault(Reason::Encoding, at, bytes, NOT_UTF8))?;
            row.push(text.into_owned());
        }
        let Some(key) = row.get(id).filter(|key| !key.is_empty()) else {
            return Err(fault(Reason::Id, id, b"", "an id").into());
        };
        let rows = self.ids.len();
        if self.ids.insert_ref(key.as_str())? as usize == rows {
            self.cells.append(&mut row);
            self.offsets.push(self.cells.len());
        }
        Ok(())
    }

    /// How many ids have a row.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, in the order of the file.
    pub fn ids(&self) -> &[String] {
        self.ids.keys()
    }

    /// The names of the columns, if the file has a header.
    pub fn names(&self) -> Option<&[String]> {
        self.head.as_ref()?.names.as_deref()
    }

    /// The place of a column in [`row`](Self::row), by its name in the header or its number from 1.
    ///
    /// # Errors
    /// [`ReadError::NoColumn`], which lists the columns there are.
    pub fn column(&self, column: impl Into<Column>) -> Result<usize, ReadError> {
        let column = column.into();
        match &self.head {
            Some(head) => head.find(&column, &self.file),
            None => Err(ReadError::NoColumn {
                file: self.file.clone(),
                column: column.to_string(),
                found: "none: the file is empty".into(),
            }),
        }
    }

    /// All fields of the row with an id, the id among them.
    pub fn row(&self, id: &str) -> Option<&[String]> {
        let row = self.ids.get(id)? as usize;
        Some(&self.cells[self.offsets[row]..self.offsets[row + 1]])
    }

    /// One field of the row with an id; none where there is no such row or the row ends before.
    pub fn text(&self, id: &str, place: usize) -> Option<&str> {
        self.row(id)?.get(place).map(String::as_str)
    }
}
