//! The join of what is known with the ids of a data set.

use std::fmt::Debug;
use std::hash::Hash;

use super::builder::{AttributeRules, AttributesBuilder};
use super::learn::{BadCell, Cell, LearnError, Table, cells};
use super::matrix::Attributes;
use super::recognise::recognise;
use super::record::same_name;
use super::report::AttributesReport;
use super::schema::FieldKind;
use crate::data::report::{Fault, Reason};
use crate::data::{DataError, IdMap, Ids, ItemIx, UserIx};

impl<R, K: Hash + Eq> AttributesBuilder<R, K> {
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
