//! What became of what was said about users or items.

use std::fmt;

use super::schema::FieldKind;
use crate::data::report::{Fault, SourceReport};

/// What became of the values of one field. Rows are those of the data set.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct FieldReport {
    /// The name of the field.
    pub name: String,
    /// What it holds, as recognised or as asked for.
    pub kind: FieldKind,
    /// Described rows without a value.
    pub missing: u64,
    /// How many different values (or bands) there are.
    pub values: u32,
    /// Values left out because too few rows have them.
    pub rare: u32,
    /// Features left out because every described row has them, and numbers that are all the same.
    pub constant: u32,
    /// Features left out because another one has the same value in every row.
    pub duplicate: u32,
    /// Features that are left.
    pub features: u32,
}

impl FieldReport {
    pub(super) fn of(name: &str, kind: FieldKind, missing: u64) -> Self {
        let name = name.into();
        Self { name, kind, missing, values: 0, rare: 0, constant: 0, duplicate: 0, features: 0 }
    }
}

/// Accounts for every record and every id: of the records that each source has, those dropped, those
/// with an id that was described before in the same source (`repeated`), and those of ids that the data
/// does not know (`unknown_ids`) are not used.
///
/// Printed with `{}` it is a summary for people.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AttributesReport {
    /// "user" or "item".
    pub kind: String,
    /// The sources in the order in which they were added; their weight is 1.
    pub sources: Vec<SourceReport>,
    /// Records of an id that an earlier record of the same source describes: the first counts.
    pub repeated: u64,
    /// Ids that the sources describe and the data does not know.
    pub unknown_ids: u64,
    /// Users or items of the data that are described.
    pub described: u32,
    /// Users or items of the data that no record describes: their rows are empty.
    pub undescribed: u32,
    /// What became of each field, in the order of the schema.
    pub fields: Vec<FieldReport>,
    /// How many features came out.
    pub features: u32,
    /// How many entries are not 0.
    pub entries: u64,
}

impl AttributesReport {
    /// Records that came in, from all sources.
    pub fn records(&self) -> u64 {
        self.sources.iter().map(|source| source.records).sum()
    }

    /// Records that were dropped as unusable, from all sources.
    pub fn dropped(&self) -> u64 {
        self.sources.iter().map(|source| source.dropped.total()).sum()
    }

    pub(super) fn fault(&self, source: usize, fault: Fault) -> crate::data::DataError {
        let SourceReport { name, file, .. } = &self.sources[source];
        crate::data::DataError::Record { origin: file.as_ref().unwrap_or(name).clone(), fault }
    }
}

impl fmt::Display for AttributesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} records of {}s in", self.records(), self.kind)?;
        for source in &self.sources {
            write!(f, "  {}: {} records", source.name, source.records)?;
            match &source.layout {
                Some(layout) => writeln!(f, " ({layout})")?,
                None => writeln!(f)?,
            }
            for fault in &source.examples {
                writeln!(f, "      {}:{fault}", source.file.as_deref().unwrap_or(&source.name))?;
            }
        }
        let mut line = |count: u64, what: &str| match count {
            0 => Ok(()),
            _ => writeln!(f, "- {count} {what}"),
        };
        line(self.dropped(), "dropped")?;
        line(self.repeated, "of an id that was described before")?;
        line(self.unknown_ids, "of ids that the data does not know")?;
        for field in &self.fields {
            write_field(f, field)?;
        }
        let Self { described, undescribed, features, entries, kind, .. } = self;
        write!(
            f,
            "= {features} features, {entries} entries: {described} {kind}s described, {undescribed} not"
        )
    }
}

fn write_field(f: &mut fmt::Formatter<'_>, field: &FieldReport) -> fmt::Result {
    write!(f, "  {}: {:?}, {} features", field.name, field.kind, field.features)?;
    let left_out = [
        (u64::from(field.rare), "rare values"),
        (u64::from(field.constant), "constant"),
        (u64::from(field.duplicate), "duplicate"),
        (field.missing, "rows without"),
    ];
    for (count, what) in left_out.iter().filter(|(count, _)| *count > 0) {
        write!(f, ", {count} {what}")?;
    }
    writeln!(f)
}
