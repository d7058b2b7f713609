//! From rows of raw values to a schema and a matrix.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::matrix::Attributes;
use super::record::AttributeValue;
use super::report::FieldReport;
use super::schema::{AttributeSchema, Feature, Field, FieldKind, Scale};
use crate::data::DataError;

/// A band holds no fewer rows, if there are as many.
const ROWS_PER_BAND: usize = 8;

/// One value of one row, and where it was found.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) field: usize,
    pub(super) value: AttributeValue,
    pub(super) source: usize,
    pub(super) line: u64,
}

/// The cells of one field.
pub(super) fn cells<'a>(rows: &[Option<&'a [Cell]>], field: usize) -> impl Iterator<Item = &'a Cell> {
    rows.iter().flatten().filter_map(move |row| {
        let at = row.binary_search_by_key(&field, |cell| cell.field).ok()?;
        Some(&row[at])
    })
}

/// The rows of a data set, before anything is learned. Rows of which nothing was said are none.
pub(super) struct Table<'a> {
    pub(super) fields: Vec<(String, FieldKind)>,
    /// Sorted by field.
    pub(super) rows: Vec<Option<&'a [Cell]>>,
    pub(super) separator: char,
    pub(super) min_rows: usize,
}

/// A cell that should hold a number and does not.
pub(super) struct BadCell<'a>(pub(super) &'a Cell);

impl<'a> Table<'a> {
    /// The schema with the matrix, and what became of each field.
    pub(super) fn learn<R>(&self) -> Result<(Attributes<R>, Vec<FieldReport>), LearnError<'a>> {
        let mut fields = self.fields().map_err(LearnError::Cell)?;
        let found = self.read(&fields).map_err(LearnError::Cell)?;
        let (mut reports, fates) = self.judge(&fields, &found);
        // What was not kept is no feature of somebody new either.
        for (at, field) in fields.iter_mut().enumerate() {
            let number = found.labels[at].get(&None).map(|&id| fates[id]);
            field.scale = field.scale.filter(|_| number == Some(Fate::Kept));
            reports[at].values = found.labels[at].keys().flatten().count() as u32;
        }
        let attributes = found.into_matrix(fields, &fates, self.separator).map_err(LearnError::Data)?;
        Ok((attributes, reports))
    }

    fn cells(&self, field: usize) -> impl Iterator<Item = &'a Cell> {
        cells(&self.rows, field)
    }

    fn fields(&self) -> Result<Vec<Field>, BadCell<'a>> {
        let mut fields = Vec::new();
        for (at, (name, kind)) in self.fields.iter().enumerate() {
            let mut field = Field { name: name.clone(), kind: *kind, scale: None, cuts: Vec::new() };
            if let FieldKind::Numeric | FieldKind::Banded | FieldKind::Year = kind {
                let filled = self.cells(at).filter(|cell| !kind.is_missing(&cell.value, self.separator));
                let numbers = filled.map(|cell| kind.number(&cell.value).ok_or(BadCell(cell)));
                let mut numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
                field.scale = Scale::of(&numbers);
                if *kind != FieldKind::Numeric && field.scale.is_some() {
                    numbers.sort_unstable_by(f64::total_cmp);
                    field.cuts = cuts(&numbers);
                }
            }
            fields.push(field);
        }
        Ok(fields)
    }

    /// The entries of all rows, in all features there could be.
    fn read(&self, fields: &[Field]) -> Result<Found<'a>, BadCell<'a>> {
        let labels = fields.iter().map(|_| BTreeMap::new()).collect();
        let mut found = Found { labels, columns: Vec::new(), n_rows: self.rows.len() };
        for (at, row) in self.rows.iter().enumerate() {
            for cell in row.iter().flat_map(|row| row.iter()) {
                let read = fields[cell.field].read(&cell.value, self.separator);
                for (label, value) in read.map_err(|_| BadCell(cell))? {
                    let next = found.columns.len();
                    let id = *found.labels[cell.field].entry(label).or_insert(next);
                    if id == next {
                        found.columns.push(Vec::new());
                    }
                    found.columns[id].push((at as u32, value));
                }
            }
        }
        Ok(found)
    }

    /// Which features stay.
    fn judge(&self, fields: &[Field], found: &Found<'a>) -> (Vec<FieldReport>, Vec<Fate>) {
        let described = self.rows.iter().flatten().count();
        let mut seen: HashSet<Vec<(u32, u32)>> = HashSet::new();
        let mut fates = vec![Fate::Kept; found.columns.len()];
        let mut reports = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let filled =
                self.cells(at).filter(|cell| !field.kind.is_missing(&cell.value, self.separator)).count();
            let mut report = FieldReport::of(&field.name, field.kind, (described - filled) as u64);
            if let FieldKind::Numeric | FieldKind::Banded | FieldKind::Year = field.kind {
                report.constant += u32::from(field.scale.is_none() && filled > 0);
            }
            for (label, &id) in &found.labels[at] {
                let column = &found.columns[id];
                let bits = || column.iter().map(|&(row, value)| (row, value.to_bits())).collect();
                fates[id] = match label {
                    Some(_) if column.len() < self.min_rows => Fate::Rare,
                    Some(_) if column.len() == described => Fate::Constant,
                    _ if !seen.insert(bits()) => Fate::Duplicate,
                    _ => Fate::Kept,
                };
                *match fates[id] {
                    Fate::Kept => &mut report.features,
                    Fate::Rare => &mut report.rare,
                    Fate::Constant => &mut report.constant,
                    Fate::Duplicate => &mut report.duplicate,
                } += 1;
            }
            reports.push(report);
        }
        (reports, fates)
    }
}

pub(super) enum LearnError<'a> {
    Cell(BadCell<'a>),
    Data(DataError),
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Kept,
    Rare,
    Constant,
    Duplicate,
}

/// All features there could be.
struct Found<'a> {
    /// For each field the column of each label, and of the number.
    labels: Vec<BTreeMap<Option<Cow<'a, str>>, usize>>,
    /// Rows and values, by row.
    columns: Vec<Vec<(u32, f32)>>,
    n_rows: usize,
}

impl Found<'_> {
    /// The columns that stay, by field and value, turned into rows.
    fn into_matrix<R>(
        self,
        fields: Vec<Field>,
        fates: &[Fate],
        separator: char,
    ) -> Result<Attributes<R>, DataError> {
        let (mut features, mut rows) = (Vec::new(), vec![Vec::new(); self.n_rows]);
        for (field, labels) in fields.iter().zip(&self.labels) {
            for (label, &id) in labels.iter().filter(|&(_, &id)| fates[id] == Fate::Kept) {
                let at = u32::try_from(features.len()).map_err(|_| DataError::TooManyIds)?;
                let value = label.as_ref().map(|label| label.clone().into_owned());
                features.push(Feature { field: field.name.clone(), value });
                let filled = self.columns[id].iter().filter(|&&(_, value)| value != 0.0);
                filled.for_each(|&(row, value)| rows[row as usize].push((at, value)));
            }
        }
        let schema = AttributeSchema::new(fields, features, separator)?;
        let mut offsets = vec![0];
        offsets.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let (features, values) = rows.into_iter().flatten().unzip();
        Attributes::from_parts(Arc::new(schema), offsets, features, values)
    }
}

/// Ends of bands of about equally many of the sorted numbers; equal numbers are in one band. Where there
/// are not more different numbers than bands, each has its own. None where all would be in one.
fn cuts(sorted: &[f64]) -> Vec<f64> {
    let (mut cuts, mut from) = (Vec::new(), 0);
    let size = match sorted.chunk_by(|a, b| a == b).count() {
        ..=FieldKind::BANDS => ROWS_PER_BAND,
        _ => sorted.len().div_ceil(FieldKind::BANDS).max(ROWS_PER_BAND),
    };
    while let Some(&end) = sorted.get(from + size - 1) {
        from = sorted.partition_point(|&number| number <= end);
        // What is left behind a cut must be worth a band.
        if sorted.len() - from < ROWS_PER_BAND {
            break;
        }
        cuts.push(end);
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_have_about_equally_many_rows() {
        let sorted: Vec<f64> = (0..160).map(f64::from).collect();
        let expected: Vec<f64> = (1..16).map(|band| f64::from(band * 10 - 1)).collect();
        assert_eq!(cuts(&sorted), expected);
        // Equal numbers are never parted; few different ones have a band each, if enough rows have them.
        let ages = [[1.0; 10].as_slice(), &[18.0; 1000], &[25.0; 30], &[56.0; 7]].concat();
        assert_eq!(cuts(&ages), [1.0, 18.0]);
        assert!(cuts(&sorted[..15]).is_empty());
        assert_eq!(cuts(&sorted[..16]), [7.0]);
        assert_eq!((cuts(&[]), cuts(&[3.0; 100])), (vec![], vec![]));
    }
}
