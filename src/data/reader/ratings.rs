//! Files of records into the builder.

use std::fmt::Debug;
use std::fs::File;
use std::hash::Hash;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;

use super::super::intake::{Gate, Intake};
use super::super::report::{Fault, Reason, SourceReport};
use super::super::{DataError, Dataset, Ids, Interactions, InteractionsBuilder, Source};
use super::adjacency;
use super::error::ReadError;
use super::fields::{BrokenQuotes, Fields};
use super::intern::{Interner, NoId};
use super::layout::Layout;
use super::lines::{Line, Lines};
use super::number::{parse_f32, parse_time};
use super::sniff::{Head, Picks, shorten};

impl InteractionsBuilder<String, String> {
    /// Reads one file whose layout is recognised: the shortest way from a file to a model. The report
    /// is left out; [`read`](Self::read) returns it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn from_csv_path(self, path: impl AsRef<Path>) -> Result<(Interactions, Ids), ReadError> {
        let set = self.read(path, &Layout::new())?;
        Ok((set.interactions, set.ids))
    }

    /// Reads one file, with ids as text: [`add_file`](Self::add_file) under the name "records", then
    /// [`build`](Self::build).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(self, path: impl AsRef<Path>, layout: &Layout) -> Result<Dataset, ReadError> {
        Ok(self.add_file("records", path, layout)?.build()?)
    }
}

impl<U, I> InteractionsBuilder<U, I>
where
    U: FromStr + Hash + Eq + Debug,
    I: FromStr + Hash + Eq + Debug,
{
    /// Adds the records of a file, with ids of any type that can be parsed.
    ///
    /// ```no_run
    /// use foldin::data::{Dataset, InteractionsBuilder, Layout, Source};
    /// let set: Dataset<u32, String> = InteractionsBuilder::new()
    ///     .add_file("ratings", "ratings.csv", &Layout::new())?
    ///     .add_file(Source::new("views").weight(0.1), "views.tsv", &Layout::new().without_value())?
    ///     .build()?;
    /// println!("{}", set.report);
    /// # Ok::<(), foldin::data::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn add_file(
        self,
        source: impl Into<Source>,
        path: impl AsRef<Path>,
        layout: &Layout,
    ) -> Result<Self, ReadError> {
        let file = path.as_ref().display().to_string();
        let input =
            File::open(path.as_ref()).map_err(|source| ReadError::Io { file: file.clone(), source })?;
        self.add_reader(source, &file, input, layout)
    }

    /// Adds the records of any input: a decompressor, a socket, bytes in memory. `file` names it in
    /// messages. It is read in large blocks and need not be buffered.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn add_reader(
        mut self,
        source: impl Into<Source>,
        file: &str,
        input: impl Read,
        layout: &Layout,
    ) -> Result<Self, ReadError> {
        let start = Instant::now();
        let mut intake = self.intake(source.into())?;
        intake.gate.report.file = Some(file.into());
        let mut lines = Lines::new(input, file)?;
        let report = match layout.adjacency {
            true => adjacency::read(&mut lines, layout.encoding, intake)?,
            false => read_table(&mut lines, layout, intake)?,
        };
        self.report.sources.push(report);
        self.report.stages.read += lines.reading;
        self.report.stages.parse += start.elapsed().saturating_sub(lines.reading);
        Ok(self)
    }
}

fn read_table<U, I>(
    lines: &mut Lines<impl Read>,
    layout: &Layout,
    intake: Intake<'_, U, I>,
) -> Result<SourceReport, ReadError>
where
    U: FromStr + Hash + Eq,
    I: FromStr + Hash + Eq,
{
    let Intake { users, items, pile, mut gate } = intake;
    let file = lines.file().to_owned();
    let named = layout.is_named();
    let head = Head::of(lines.peek(), layout.delimiter.as_deref(), layout.header, named, &file)?;
    if head.n_fields == 0 {
        return Ok(gate.report);
    }
    let picks = Picks::of(layout, &head, &file)?;
    gate.report.layout = Some(describe(&head, picks));
    lines.quote_fields(head.delimiter.quotes());
    let mut skip_header = head.names.is_some();
    let mut rows = Rows {
        fields: Fields::default(),
        users: Interner::new(users, layout.encoding),
        items: Interner::new(items, layout.encoding),
        head,
        picks,
    };
    while let Some(line) = lines.next()? {
        if line.is_blank() || std::mem::take(&mut skip_header) {
            continue;
        }
        gate.report.records += 1;
        match rows.parse(line, &gate) {
            Ok((user, item, value, time)) => pile.push(user, item, value, time),
            Err(refusal) => gate.refuse(refusal.into_fault(line.number)?)?,
        }
    }
    Ok(gate.report)
}

/// Makes records of lines.
struct Rows<'a, U, I> {
    head: Head,
    picks: Picks,
    fields: Fields,
    users: Interner<'a, U>,
    items: Interner<'a, I>,
}

impl<U: FromStr + Hash + Eq, I: FromStr + Hash + Eq> Rows<'_, U, I> {
    /// User, item, weighted value, time. A record with a fault leaves no id behind, unless the fault
    /// is in the item's id.
    #[inline]
    fn parse(
        &mut self,
        line: Line<'_>,
        gate: &Gate<'_>,
    ) -> Result<(u32, u32, f32, Option<i64>), Box<Refusal>> {
        let Self { head, picks, fields, users, items } = self;
        fields.split(line, head.delimiter).map_err(|broken| head.broken_quotes(line.bytes, broken))?;
        if fields.len() != head.n_fields {
            return Err(head.wrong_count(fields.len()));
        }
        let value = match picks.value {
            None => 1.0,
            Some(at) => {
                let text = fields.get(line, at);
                parse_f32(text).ok_or_else(|| head.no_number(text, at))?
            }
        };
        let weighted = gate.weigh(value).map_err(|(reason, expected)| {
            let at = picks.value.unwrap_or_default();
            head.refuse(reason, at, fields.get(line, at), expected)
        })?;
        let time = match picks.time {
            None => None,
            Some(at) => {
                let text = fields.get(line, at);
                let time = if text.is_empty() { None } else { Some(parse_time(text)) };
                time.map(|time| time.ok_or_else(|| head.no_time(text, at))).transpose()?
            }
        };
        let (user, item) = (fields.get(line, picks.user), fields.get(line, picks.item));
        let user = users.index(user).map_err(|problem| head.no_id(problem, user, picks.user))?;
        let item = items.index(item).map_err(|problem| head.no_id(problem, item, picks.item))?;
        Ok((user, item, weighted, time))
    }
}

/// Why a line is not a record.
enum Refusal {
    Fault { reason: Reason, field: String, found: String, expected: String },
    Full(DataError),
}

impl Refusal {
    fn into_fault(self, line: u64) -> Result<Fault, DataError> {
        match self {
            Self::Fault { reason, field, found, expected } => {
                Ok(Fault { line, reason, field, found, expected })
            }
            Self::Full(error) => Err(error),
        }
    }
}

/// The ways in which a line can fail, off the hot path.
impl Head {
    #[cold]
    fn refuse(&self, reason: Reason, at: usize, found: &[u8], expected: String) -> Box<Refusal> {
        let found = format!("`{}`", shorten(found));
        Box::new(Refusal::Fault { reason, field: self.label(at), found, expected })
    }

    #[cold]
    fn wrong_count(&self, n: usize) -> Box<Refusal> {
        Box::new(Refusal::Fault {
            reason: Reason::FieldCount,
            field: "line".into(),
            found: format!("{n} fields"),
            expected: format!("{} as in the first lines, parted by {}", self.n_fields, self.delimiter.name()),
        })
    }

    #[cold]
    fn broken_quotes(&self, line: &[u8], broken: BrokenQuotes) -> Box<Refusal> {
        self.refuse(Reason::Quoting, broken.field, line, broken.expected.into())
    }

    #[cold]
    fn no_number(&self, text: &[u8], at: usize) -> Box<Refusal> {
        let with_point: Vec<u8> = text.iter().map(|&byte| if byte == b',' { b'.' } else { byte }).collect();
        let comma = text.contains(&b',') && parse_f32(&with_point).is_some();
        let expected = if comma { "a decimal point instead of the comma" } else { "a number" };
        self.refuse(Reason::Value, at, text, expected.into())
    }

    #[cold]
    fn no_time(&self, text: &[u8], at: usize) -> Box<Refusal> {
        let expected = "a number or a date like 2005-09-06T12:30:00Z (or read `without_time`)";
        self.refuse(Reason::Time, at, text, expected.into())
    }

    #[cold]
    fn no_id(&self, problem: NoId, text: &[u8], at: usize) -> Box<Refusal> {
        match problem {
            NoId::Field(reason, expected) => self.refuse(reason, at, text, expected.into()),
            NoId::Full(error) => Box::new(Refusal::Full(error)),
        }
    }
}

/// The layout as it was understood.
fn describe(head: &Head, picks: Picks) -> String {
    let column = |role: &str, at: Option<usize>| at.map(|at| format!("{role} = {}", head.label(at)));
    let columns = [
        column("user", Some(picks.user)),
        column("item", Some(picks.item)),
        column("value", picks.value).or_else(|| Some("every value = 1".into())),
        column("time", picks.time),
    ];
    let columns: Vec<String> = columns.into_iter().flatten().collect();
    format!("delimiter {}, {}", head.delimiter.name(), columns.join(", "))
}
