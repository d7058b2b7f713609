//! From records of several sources to the attributes of a data set.

use std::fmt::Debug;
use std::hash::Hash;

use super::learn::{BadCell, Cell, LearnError, Table, cells};
use super::matrix::Attributes;
use super::recognise::recognise;
use super::record::{AttributeRecord, AttributeValue, same_name};
use super::report::AttributesReport;
use super::schema::FieldKind;
use crate::data::report::{Fault, Reason, SourceReport};
use crate::data::{DataError, IdMap, Ids, ItemIx, UserIx};

/// Collects what is known of users or of items, and joins it with the ids of a data set.
///
/// | setting | default | |
/// |---|---|---|
/// | [`kind`](Self::kind) | recognised | what a field holds |
/// | [`min_rows`](Self::min_rows) | 2 | values of fewer rows are no features |
/// | [`list_separator`](Self::list_separator) | `\|` | parts the values of a list in a text |
/// | [`lenient`](Self::lenient) | strict | unusable records |
///
/// A field whose kind is not given is, by the first that holds,
///
/// * [ignored](FieldKind::Ignore), if it has no values or its name says `title`, `url` or ends in `id`;
/// * a [prefix](FieldKind::Prefix) of one character, if its name says `zip` or `postcode`;
/// * a [list](FieldKind::List), if a value has the separator in it;
/// * a [year](FieldKind::Year), if its name says `year`, `date` or `released`, and every value has one;
/// * a [category](FieldKind::Categorical), if it has at most 32 different whole numbers, 8 rows for each
///   on average: they are codes;
/// * a [number with bands](FieldKind::Banded), if all values are numbers;
/// * ignored, if more than nine tenths of (at least 20) texts differ: they are names;
/// * a category.
///
/// Everything is learned from the rows of the data set alone; what is said of other ids is counted. A
/// feature that every described row has tells nothing, and one that has the same entries as another
/// tells nothing new: both are left out and counted. Where two sources describe one id, each field has
/// the value of the first source that has one. Time `O(n log n)` in the values.
///
/// ```
/// use foldin::data::{AttributeRecord, InteractionsBuilder, ItemAttributes};
/// let set = InteractionsBuilder::new()
///     .add("ratings", [("ann", "Alien", 5.0), ("bob", "Heat", 4.0), ("bob", "Thief", 5.0)])?
///     .build()?;
/// let film = |director, genres: &str| {
///     AttributeRecord::new().with("director", director).with("genres", genres)
/// };
/// let (films, report) = ItemAttributes::builder()
///     .add("films", [
///         ("Alien", film("Ridley Scott", "Horror|Sci-Fi")),
///         ("Heat", film("Michael Mann", "Crime|Drama")),
///         ("Thief", film("Michael Mann", "Crime")),
///         ("Manhunter", film("Michael Mann", "Crime|Horror")),
///     ])?
///     .build(&set.ids)?;
/// // Only Michael Mann and crime are known of two films, and of the same two.
/// assert_eq!(report.unknown_ids, 1);
/// let names: Vec<String> = films.features().iter().map(|feature| feature.to_string()).collect();
/// assert_eq!(names, ["director = Michael Mann", "genres = Crime"]);
/// let (features, values) = films.row(set.ids.item("Heat")?);
/// assert_eq!((features, values), (&[0, 1][..], &[1.0, 0.5f32.sqrt()][..]));
///
/// let collateral = films.encode(&film("Michael Mann", "Crime|Thriller"))?;
/// assert_eq!(collateral.features, [0, 1]);
/// assert_eq!(collateral.unknown_values[0].to_string(), "genres = Thriller");
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttributesBuilder<R, K = String> {
    rules: AttributeRules,
    ids: IdMap<K>,
    /// One for each id.
    rows: Vec<Known>,
    fields: Vec<(String, Option<FieldKind>)>,
    report: AttributesReport,
    side: std::marker::PhantomData<fn(R)>,
}

/// What is known of one id, and the last source that described it.
#[derive(Clone, Debug)]
struct Known {
    cells: Vec<Cell>,
    source: usize,
}

#[derive(Clone, Debug)]
struct AttributeRules {
    kinds: Vec<(String, FieldKind)>,
    min_rows: usize,
    separator: char,
    lenient: bool,
}

impl<R> Attributes<R> {
    /// Collects what is known.
    pub fn builder<K>() -> AttributesBuilder<R, K> {
        AttributesBuilder::new()
    }
}

impl<R, K> Default for AttributesBuilder<R, K> {
    fn default() -> Self {
        let rules = AttributeRules { kinds: Vec::new(), min_rows: 2, separator: '|', lenient: false };
        let (rows, fields, report) = (Vec::new(), Vec::new(), AttributesReport::default());
        Self { rules, ids: IdMap::new(), rows, fields, report, side: std::marker::PhantomData }
    }
}

impl<R, K> AttributesBuilder<R, K> {
    /// Nothing is known yet. `R` says of whom or what: [`UserIx`] or [`ItemIx`].
    pub fn new() -> Self {
        Self::default()
    }

    /// What a field holds; it need not be there yet.
    #[must_use]
    pub fn kind(mut self, field: impl Into<String>, kind: FieldKind) -> Self {
        let field = field.into();
        self.rules.kinds.retain(|(other, _)| !same_name(other, &field));
        self.rules.kinds.push((field, kind));
        self
    }

    /// How many rows of the data must have a value for it to be a feature. A value of a single row
    /// tells nothing about others. Default 2.
    #[must_use]
    pub fn min_rows(mut self, n: usize) -> Self {
        self.rules.min_rows = n;
        self
    }

    /// What parts the values of a list in a text. Default a bar.
    #[must_use]
    pub fn list_separator(mut self, separator: char) -> Self {
        self.rules.separator = separator;
        self
    }

    /// Drops records that cannot be used, and counts them by reason, where a strict reading ends with
    /// an error. It holds for the sources added after it. A value that should be a number and is not
    /// stays an error: leave the field out, or make it a category.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.rules.lenient = true;
        self
    }

    /// The ids that are described, for
    /// [`InteractionsBuilder::also_items`](crate::data::InteractionsBuilder::also_items).
    pub fn ids(&self) -> &[K] {
        self.ids.keys()
    }
}

impl<R, K: Hash + Eq> AttributesBuilder<R, K> {
    /// Adds records that the program has: pairs of an id and what is known of it.
    ///
    /// # Errors
    /// [`DataError::TooManyIds`].
    pub fn add(
        mut self,
        source: impl Into<String>,
        records: impl IntoIterator<Item = (impl Into<K>, AttributeRecord)>,
    ) -> Result<Self, DataError> {
        let mut report = SourceReport { name: source.into(), weight: 1.0, ..SourceReport::default() };
        for (id, record) in records {
            report.records += 1;
            let cells: Vec<_> =
                record.iter().map(|(name, value)| (self.field(name), value.clone())).collect();
            self.describe(id.into(), report.records, cells)?;
        }
        self.report.sources.push(report);
        Ok(self)
    }

    /// The place of a field, which is added if it is new.
    pub(in crate::data) fn field(&mut self, name: &str) -> usize {
        let known = self.fields.iter().position(|(other, _)| same_name(other, name));
        known.unwrap_or_else(|| {
            self.fields.push((name.trim().into(), None));
            self.fields.len() - 1
        })
    }

    /// Says what a field holds, if the caller does not.
    #[cfg(feature = "csv")]
    pub(in crate::data) fn suggest(&mut self, field: usize, kind: FieldKind) {
        self.fields[field].1.get_or_insert(kind);
    }

    /// Takes one record of the source that is being read.
    pub(in crate::data) fn describe(
        &mut self,
        id: K,
        line: u64,
        cells: impl IntoIterator<Item = (usize, AttributeValue)>,
    ) -> Result<(), DataError> {
        let (source, n) = (self.report.sources.len(), self.ids.len());
        let at = self.ids.insert(id)? as usize;
        if at == n {
            self.rows.push(Known { cells: Vec::new(), source });
        } else if self.rows[at].source == source {
            self.report.repeated += 1;
            return Ok(());
        }
        let Known { cells: row, source: last } = &mut self.rows[at];
        *last = source;
        for (field, value) in cells {
            let cell = Cell { field, value, source, line };
            match row.iter_mut().find(|other| other.field == field) {
                Some(other) if other.value.is_missing() => *other = cell,
                Some(_) => {}
                None => row.push(cell),
            }
        }
        Ok(())
    }

    /// Keeps what came of a source, or ends a strict reading.
    #[cfg(feature = "csv")]
    pub(in crate::data) fn refuse(&self, report: &mut SourceReport, fault: Fault) -> Result<(), DataError> {
        if self.rules.lenient {
            report.drop_record(fault);
            return Ok(());
        }
        Err(DataError::Record { origin: report.file.clone().unwrap_or_else(|| report.name.clone()), fault })
    }

    #[cfg(feature = "csv")]
    pub(in crate::data) fn finish_source(&mut self, report: SourceReport) {
        self.report.sources.push(report);
    }

    fn join(mut self, kind: &str, ids: &IdMap<K>) -> Result<(Attributes<R>, AttributesReport), DataError> {
        self.check()?;
        self.rows.iter_mut().for_each(|row| row.cells.sort_by_key(|cell| cell.field));
        let rows = ids.keys().iter().map(|id| Some(&self.rows[self.ids.get(id)? as usize].cells[..]));
        let rows: Vec<Option<&[Cell]>> = rows.collect();
        let fields = self.fields.iter().enumerate();
        let fields = fields.map(|(at, (name, _))| (name.clone(), self.kind_of(at, &rows))).collect();
        let AttributeRules { separator, min_rows, .. } = self.rules;
        let table = Table { fields, rows, separator, min_rows };
        let mut report = self.report;
        let (attributes, of_fields) = table.learn().map_err(|error| match error {
            LearnError::Data(error) => error,
            LearnError::Cell(BadCell(cell)) => report.fault(cell.source, fault(cell, &self.fields)),
        })?;
        let described = table.rows.iter().flatten().count();
        report.kind = kind.into();
        report.unknown_ids = (self.ids.len() - described) as u64;
        (report.described, report.undescribed) = (described as u32, (ids.len() - described) as u32);
        (report.features, report.entries) = (attributes.n_features(), attributes.len() as u64);
        report.fields = of_fields;
        Ok((attributes, report))
    }

    fn check(&self) -> Result<(), DataError> {
        let setting = |name, found: String, expected| Err(DataError::Setting { name, found, expected });
        if self.rules.min_rows == 0 {
            return setting("min_rows", "0".into(), "at least 1");
        }
        for (name, kind) in &self.rules.kinds {
            if *kind == FieldKind::Prefix(0) {
                return setting(
                    "kind",
                    format!("Prefix(0) for `{name}`"),
                    "a prefix of at least 1 character",
                );
            }
            if !self.fields.iter().any(|(other, _)| same_name(other, name)) {
                let fields: Vec<_> = self.fields.iter().map(|(name, _)| format!("`{name}`")).collect();
                return Err(DataError::UnknownField { field: name.clone(), found: fields.join(", ") });
            }
        }
        Ok(())
    }

    /// The kind that the caller gave, or the layout, or the values.
    fn kind_of(&self, field: usize, rows: &[Option<&[Cell]>]) -> FieldKind {
        let (name, suggested) = &self.fields[field];
        let given = self.rules.kinds.iter().find(|(other, _)| same_name(other, name));
        given.map(|&(_, kind)| kind).or(*suggested).unwrap_or_else(|| {
            recognise(name, cells(rows, field).map(|cell| &cell.value), self.rules.separator)
        })
    }
}

fn fault(cell: &Cell, fields: &[(String, Option<FieldKind>)]) -> Fault {
    let expected = "a number within single precision; or make the field a category by `kind`".into();
    let (field, found) = (fields[cell.field].0.clone(), format!("`{}`", cell.value.text()));
    Fault { line: cell.line, reason: Reason::Value, field, found, expected }
}

impl<U: Hash + Eq + Debug> AttributesBuilder<UserIx, U> {
    /// Joins what is known with the users of a data set: one row for each, in the order of their
    /// indices.
    ///
    /// # Errors
    /// [`DataError::Record`] for a value that should be a number and is not,
    /// [`DataError::UnknownField`] for a [`kind`](Self::kind) of a field that no record has,
    /// [`DataError::Setting`].
    pub fn build<I: Hash + Eq>(
        self,
        ids: &Ids<U, I>,
    ) -> Result<(Attributes<UserIx>, AttributesReport), DataError> {
        self.join("user", &ids.users)
    }
}

impl<I: Hash + Eq + Debug> AttributesBuilder<ItemIx, I> {
    /// Joins what is known with the items of a data set: one row for each, in the order of their
    /// indices.
    ///
    /// # Errors
    /// [`DataError::Record`] for a value that should be a number and is not,
    /// [`DataError::UnknownField`] for a [`kind`](Self::kind) of a field that no record has,
    /// [`DataError::Setting`].
    pub fn build<U: Hash + Eq>(
        self,
        ids: &Ids<U, I>,
    ) -> Result<(Attributes<ItemIx>, AttributesReport), DataError> {
        self.join("item", &ids.items)
    }
}
