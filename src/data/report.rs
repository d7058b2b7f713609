//! What became of every record.

use std::fmt;
use std::time::Duration;

/// Why a record was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// The line has another number of fields than the first.
    FieldCount,
    /// A quoted field that is not closed, or goes on after its closing quote.
    Quoting,
    /// An id that is not text in the encoding of the file.
    Encoding,
    /// An id that is empty or not of the asked type.
    Id,
    /// A value that is not a number.
    Value,
    /// A value that is NaN, infinite, or beyond single precision.
    NotFinite,
    /// A value outside the range given.
    OutOfRange,
    /// A time that is neither a number nor a date.
    Time,
}

impl Reason {
    /// All reasons, in the order in which reports list them.
    pub const ALL: [Self; 8] = [
        Self::FieldCount,
        Self::Quoting,
        Self::Encoding,
        Self::Id,
        Self::Value,
        Self::NotFinite,
        Self::OutOfRange,
        Self::Time,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::FieldCount => "wrong number of fields",
            Self::Quoting => "broken quotes",
            Self::Encoding => "not in the encoding",
            Self::Id => "unusable id",
            Self::Value => "value not a number",
            Self::NotFinite => "value not finite",
            Self::OutOfRange => "value out of range",
            Self::Time => "time not understood",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One record that cannot be used: where it is, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fault {
    /// The line of a file, or the position among records handed over by the program; from 1.
    pub line: u64,
    /// What kind of fault it is.
    pub reason: Reason,
    /// The field, by name or number; "line" when it is the line as a whole.
    pub field: String,
    /// What stands there, shortened where it is long.
    pub found: String,
    /// What should stand there, and often what to do.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: found {}, expected {}", self.line, self.field, self.found, self.expected)
    }
}

/// How many records were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dropped([u64; Reason::ALL.len()]);

impl Dropped {
    /// How many for one reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.0[reason as usize]
    }

    /// How many for any reason.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().map(|reason| (reason, self.count(reason))).filter(|&(_, count)| count > 0)
    }

    pub(super) fn add(&mut self, reason: Reason) {
        self.0[reason as usize] += 1;
    }
}

/// What came from one source.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceReport {
    /// The source's name.
    pub name: String,
    /// The file, if it was one.
    pub file: Option<String>,
    /// How the file was understood, if it was one: delimiter, header, columns.
    pub layout: Option<String>,
    /// The weight of its values.
    pub weight: f32,
    /// Records found in it; blank lines and a header are none.
    pub records: u64,
    /// Records of these that were dropped.
    pub dropped: Dropped,
    /// The first of the dropped records, at most [`SourceReport::MAX_EXAMPLES`].
    pub examples: Vec<Fault>,
}

impl SourceReport {
    /// How many dropped records are kept as examples.
    pub const MAX_EXAMPLES: usize = 5;

    pub(super) fn drop_record(&mut self, fault: Fault) {
        self.dropped.add(fault.reason);
        if self.examples.len() < Self::MAX_EXAMPLES {
            self.examples.push(fault);
        }
    }
}

/// What became of the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Times {
    /// No record had one.
    #[default]
    Absent,
    /// Every record had one: the events have them.
    Kept,
    /// Some records had none, so that the events have none; the times there were still chose the
    /// last of duplicates.
    Partial {
        /// How many records had none.
        untimed: usize,
    },
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StageTimes {
    /// Getting bytes from files.
    pub read: Duration,
    /// Lines, fields, numbers and ids to columns.
    pub parse: Duration,
    /// Ageing, sorting, duplicates, compressed rows in both directions.
    pub compress: Duration,
    /// Minimum interactions, and the ids that are left.
    pub clean: Duration,
}

impl StageTimes {
    /// All stages together.
    pub fn total(&self) -> Duration {
        self.read + self.parse + self.compress + self.clean
    }
}

/// Accounts for every record: `records` is the sum of `events`, `held_out`, `merged`,
/// `below_minimum` and what each source dropped.
///
/// Printed with `{}` it is a summary for people.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CleaningReport {
    /// The sources in the order in which they were added.
    pub sources: Vec<SourceReport>,
    /// Records that became one with a duplicate.
    pub merged: u64,
    /// Events of users or items that had fewer than the minimum.
    pub below_minimum: u64,
    /// Events of the training data that came out.
    pub events: u64,
    /// Events of held-out sources that came out.
    pub held_out: u64,
    /// Users that came out.
    pub users: u32,
    /// Items that came out.
    pub items: u32,
    /// Users that were left out, having no event or fewer than the minimum.
    pub users_removed: u32,
    /// Items that were left out.
    pub items_removed: u32,
    /// What became of the times of the training data.
    pub times: Times,
    /// How long it took.
    pub stages: StageTimes,
}

impl CleaningReport {
    /// Records that came in, from all sources.
    pub fn records(&self) -> u64 {
        self.sources.iter().map(|source| source.records).sum()
    }

    /// Records that were dropped as unusable, from all sources.
    pub fn dropped(&self) -> u64 {
        self.sources.iter().map(|source| source.dropped.total()).sum()
    }
}

impl fmt::Display for CleaningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} records in", self.records())?;
        for source in &self.sources {
            write_source(f, source)?;
        }
        let mut line = |count: u64, what: &str| match count {
            0 => Ok(()),
            _ => writeln!(f, "- {count} {what}"),
        };
        line(self.dropped(), "dropped")?;
        line(self.merged, "merged with a duplicate")?;
        line(self.below_minimum, "of users or items below the minimum")?;
        writeln!(f, "= {} events of {} users with {} items", self.events, self.users, self.items)?;
        if self.held_out > 0 {
            writeln!(f, "and {} held-out events", self.held_out)?;
        }
        if self.users_removed > 0 || self.items_removed > 0 {
            writeln!(f, "left out: {} users, {} items", self.users_removed, self.items_removed)?;
        }
        if let Times::Partial { untimed } = self.times {
            writeln!(f, "times left out: {untimed} records have none")?;
        }
        let StageTimes { read, parse, compress, clean } = self.stages;
        write!(f, "read {read:.1?}, parse {parse:.1?}, compress {compress:.1?}, clean {clean:.1?}")
    }
}

fn write_source(f: &mut fmt::Formatter<'_>, source: &SourceReport) -> fmt::Result {
    write!(f, "  {} x {}: {} records", source.name, source.weight, source.records)?;
    if let Some(layout) = &source.layout {
        write!(f, " ({layout})")?;
    }
    writeln!(f)?;
    for (reason, count) in source.dropped.iter() {
        writeln!(f, "    {count} dropped: {reason}")?;
    }
    let origin = source.file.as_deref().unwrap_or(&source.name);
    source.examples.iter().try_for_each(|fault| writeln!(f, "      {origin}:{fault}"))
}
