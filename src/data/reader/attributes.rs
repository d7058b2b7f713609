//! Files of attributes into their builder.

use std::fs::File;
use std::hash::Hash;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use super::super::attributes::{AttributeValue, AttributesBuilder, FieldKind};
use super::super::report::{Fault, Reason, SourceReport};
use super::error::ReadError;
use super::fields::Fields;
use super::intern::{NOT_UTF8, decode};
use super::layout::Encoding;
use super::lines::{Line, Lines};
use super::movielens::{self, Content};
use super::sniff::{Head, names_an_id, rows, shorten};
use super::table::TableLayout;

impl<R, K: FromStr + Hash + Eq> AttributesBuilder<R, K> {
    /// Adds the records of a file: one line for each id, the id first unless the layout says otherwise.
    /// Fields have the names of the header, or `column 2` and so on; a name that is empty or stands
    /// twice gives way to the number too. Lists are parted by a bar within a field.
    ///
    /// The files of MovieLens are recognised by their shape, if they have no header:
    ///
    /// | file | fields |
    /// |---|---|
    /// | 100K `u.user` | `age` ([banded](FieldKind::Banded)), `sex`, `occupation`, `zip` (the first character: a region) |
    /// | 100K `u.item` | `year` of the release date, `genres` by name, from the flags |
    /// | 1M `users.dat` | `sex`, `age` (banded), `occupation`, `zip` |
    /// | 1M `movies.dat` | `year` in the title, `genres` |
    ///
    /// Titles and addresses on the web are not used, and need not be in the encoding.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use foldin::data::{Encoding, InteractionsBuilder, ItemAttributes, Layout, TableLayout};
    /// let set = InteractionsBuilder::new().read("ml-100k/u.data", &Layout::new())?;
    /// let films = ItemAttributes::builder().add_file("ml-100k/u.item", &TableLayout::new())?;
    /// let (films, report) = films.build(&set.ids)?;
    /// println!("{report}");
    /// let data = set.interactions.with_item_attributes(Arc::new(films))?;
    /// # Ok::<(), foldin::data::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// [`ReadError`]; for a line that cannot be used with file, line and field.
    pub fn add_file(self, path: impl AsRef<Path>, layout: &TableLayout) -> Result<Self, ReadError> {
        let file = path.as_ref().display().to_string();
        let input =
            File::open(path.as_ref()).map_err(|source| ReadError::Io { file: file.clone(), source })?;
        self.add_reader(&file, input, layout)
    }

    /// Adds the records of any input; `file` names it in messages.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn add_reader(
        mut self,
        file: &str,
        input: impl Read,
        layout: &TableLayout,
    ) -> Result<Self, ReadError> {
        let mut report =
            SourceReport { name: file.into(), file: Some(file.into()), ..SourceReport::default() };
        report.weight = 1.0;
        let mut lines = Lines::new(input, file)?;
        let plan = Plan::of(lines.peek(), layout, file)?;
        if plan.head.n_fields > 0 {
            report.layout = Some(plan.describe());
            lines.quote_fields(plan.head.delimiter.quotes());
            let places = plan.columns.iter().map(|column| self.place(column)).collect::<Vec<_>>();
            let mut skip_header = plan.head.names.is_some();
            let mut fields = Fields::default();
            while let Some(line) = lines.next()? {
                if line.is_blank() || std::mem::take(&mut skip_header) {
                    continue;
                }
                report.records += 1;
                let number = line.number;
                match plan.parse::<K>(line, &mut fields, &places) {
                    Ok((id, cells)) => self.describe(id, number, cells)?,
                    Err(fault) => self.refuse(&mut report, *fault)?,
                }
            }
        }
        self.finish_source(report);
        Ok(self)
    }

    /// The field of a column, if it is used.
    fn place(&mut self, column: &Content) -> Option<usize> {
        let (name, kind) = match column {
            Content::Unused => return None,
            Content::Field(name) => (&name[..], None),
            Content::Known(name, kind) => (*name, Some(*kind)),
            Content::Flag(name, _) => (*name, Some(FieldKind::List)),
        };
        let field = self.field(name);
        if let Some(kind) = kind {
            self.suggest(field, kind);
        }
        Some(field)
    }
}

/// An id, and the values of fields.
type Described<K> = (K, Vec<(usize, AttributeValue)>);

/// What stands in which column.
struct Plan {
    head: Head,
    /// The place of the id.
    id: usize,
    columns: Vec<Content>,
    encoding: Encoding,
    /// The name of the layout, if it is one of those that are known.
    known: Option<&'static str>,
}

impl Plan {
    fn of(sample: &[u8], layout: &TableLayout, file: &str) -> Result<Self, ReadError> {
        let mut head = Head::of(sample, layout.delimiter.as_deref(), layout.header, layout.names_id(), file)?;
        let encoding = layout.encoding;
        if head.n_fields == 0 {
            return Ok(Self { head, id: 0, columns: Vec::new(), encoding, known: None });
        }
        let id = layout.id.as_ref().map_or(Ok(0), |column| head.find(column, file))?;
        let first_rows = rows(sample, head.delimiter)?;
        // Attributes may be words alone; then the name above the ids tells a header.
        if let (None, None, Some(first)) = (layout.header, &head.names, first_rows.first()) {
            let is_header = first.len() == head.n_fields && names_an_id(&first[id]);
            head.names = is_header.then(|| first.clone());
        }
        let known = match (&head.names, id) {
            (None, 0) => movielens::recognise(head.delimiter, &first_rows),
            _ => None,
        };
        let (known, columns) = match known {
            Some((name, columns)) => (Some(name), columns),
            None => (None, (0..head.n_fields).map(|at| content(&head, id, at)).collect()),
        };
        Ok(Self { head, id, columns, encoding, known })
    }

    fn describe(&self) -> String {
        match self.known {
            Some(name) => name.into(),
            None => format!("delimiter {}, id = {}", self.head.delimiter.name(), self.head.label(self.id)),
        }
    }

    /// The id and the values of a line.
    fn parse<K: FromStr>(
        &self,
        line: Line<'_>,
        fields: &mut Fields,
        places: &[Option<usize>],
    ) -> Result<Described<K>, Box<Fault>> {
        let head = &self.head;
        let fault = |reason, at, found: &[u8], expected: &str| {
            let (field, found) = (head.label(at), format!("`{}`", shorten(found)));
            Box::new(Fault { line: line.number, reason, field, found, expected: expected.into() })
        };
        fields
            .split(line, head.delimiter)
            .map_err(|broken| fault(Reason::Quoting, broken.field, line.bytes, broken.expected))?;
        if fields.len() != head.n_fields {
            let (line, reason, field) = (line.number, Reason::FieldCount, "line".into());
            let found = format!("{} fields", fields.len());
            let expected =
                format!("{} as in the first lines, parted by {}", head.n_fields, head.delimiter.name());
            return Err(Box::new(Fault { line, reason, field, found, expected }));
        }
        let text = |at: usize, encoding| {
            let bytes = fields.get(line, at);
            decode(bytes, encoding).ok_or_else(|| fault(Reason::Encoding, at, bytes, NOT_UTF8))
        };
        let bytes = fields.get(line, self.id);
        let id = text(self.id, self.encoding)?;
        let id = Some(id).filter(|id| !id.is_empty()).and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| fault(Reason::Id, self.id, bytes, std::any::type_name::<K>()))?;
        let mut cells: Vec<(usize, AttributeValue)> = Vec::new();
        for (at, place) in places.iter().enumerate() {
            let Some(place) = *place else { continue };
            match &self.columns[at] {
                Content::Flag(_, value) => {
                    let set = match fields.get(line, at) {
                        b"0" => false,
                        b"1" => true,
                        other => return Err(fault(Reason::Value, at, other, "0 or 1")),
                    };
                    let flags = cells.iter_mut().find(|(field, _)| *field == place);
                    match flags {
                        Some((_, AttributeValue::List(values))) => {
                            values.extend(set.then(|| (*value).into()))
                        }
                        _ => cells
                            .push((place, AttributeValue::from(set.then_some(*value).as_slice().to_vec()))),
                    }
                }
                // The digits of a year are the same in every encoding.
                Content::Known(_, FieldKind::Year) => {
                    cells.push((place, text(at, Encoding::Utf8Lossy)?.into_owned().into()));
                }
                _ => cells.push((place, text(at, self.encoding)?.into_owned().into())),
            }
        }
        Ok((id, cells))
    }
}

/// A column of a file that is not known.
fn content(head: &Head, id: usize, at: usize) -> Content {
    let numbered = || format!("column {}", at + 1);
    match &head.names {
        _ if at == id => Content::Unused,
        None => Content::Field(numbered()),
        Some(names) => {
            let name = names[at].trim();
            let before = names[..at].iter().any(|other| other.trim().eq_ignore_ascii_case(name));
            Content::Field(if name.is_empty() || before { numbered() } else { name.into() })
        }
    }
}
