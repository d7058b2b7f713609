//! Somebody or something new, in the features of a schema.

use super::matrix::Attributes;
use super::record::AttributeRecord;
use super::schema::{AttributeSchema, Feature, FieldKind};
use crate::data::DataError;

/// A row of features that is in no data set, as [`Attributes::row`] has them, and what it leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EncodedRow {
    /// Ascending.
    pub features: Vec<u32>,
    /// One for each feature.
    pub values: Vec<f32>,
    /// Values that the schema has no feature for, because too few rows of the data, or all, have them.
    pub unknown_values: Vec<Feature>,
    /// Fields that the schema does not have.
    pub unknown_fields: Vec<String>,
    /// Fields of the schema of which the record says nothing.
    pub missing: Vec<String>,
}

impl AttributeSchema {
    /// Describes somebody or something new in the features of the schema.
    ///
    /// # Errors
    /// [`DataError::Attribute`] for a value that should be a number and is not.
    pub fn encode(&self, record: &AttributeRecord) -> Result<EncodedRow, DataError> {
        let mut row = EncodedRow::default();
        let known = |name: &&str| self.field(name).is_some();
        row.unknown_fields
            .extend(record.iter().map(|field| field.0).filter(|name| !known(name)).map(Into::into));
        let fields = self.fields().iter().enumerate();
        for (at, field) in fields.filter(|(_, field)| field.kind != FieldKind::Ignore) {
            let value =
                record.get(&field.name).filter(|value| !field.kind.is_missing(value, self.separator()));
            let Some(value) = value else {
                row.missing.push(field.name.clone());
                continue;
            };
            let entries = field.read(value, self.separator()).map_err(|_| DataError::Attribute {
                field: field.name.clone(),
                found: value.text().into_owned(),
                expected: "a number",
            })?;
            for (label, value) in entries {
                match self.find(at, label.as_deref()) {
                    Some(_) if value == 0.0 => {}
                    Some(feature) => {
                        row.features.push(feature);
                        row.values.push(value);
                    }
                    None => {
                        let (field, value) = (field.name.clone(), label.map(Into::into));
                        row.unknown_values.push(Feature { field, value });
                    }
                }
            }
        }
        Ok(row)
    }
}

impl<R> Attributes<R> {
    /// Describes somebody or something new in the features of these attributes: an unreleased film by
    /// who made it and who is in it. Nothing is stored.
    ///
    /// # Errors
    /// [`DataError::Attribute`] for a value that should be a number and is not.
    pub fn encode(&self, record: &AttributeRecord) -> Result<EncodedRow, DataError> {
        self.schema().encode(record)
    }
}
