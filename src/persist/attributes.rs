//! Attributes, and what their features mean, among the sections of a model.

use std::sync::Arc;

use super::{LoadError, SectionReader, Sections};
use crate::data::{AttributeSchema, Attributes, Feature, Field, FieldKind, Scale};

impl<'a> Sections<'a> {
    /// What the features mean, in ten sections whose names begin with `NAME.`, of at most 16 characters:
    /// enough to [encode](AttributeSchema::encode) somebody or something new.
    pub fn put_schema(&mut self, name: &str, schema: &AttributeSchema) {
        let fields = schema.fields();
        self.put_owned(format!("{name}.separator"), [u32::from(schema.separator())]);
        self.put_strings(&format!("{name}.fields"), fields.iter().map(|field| &field.name[..]));
        self.put_owned(
            format!("{name}.kinds"),
            fields.iter().flat_map(|field| code(field.kind)).collect::<Vec<_>>(),
        );
        let scales = fields.iter().flat_map(|field| match field.scale {
            Some(Scale { mean, deviation, low, high }) => [mean, deviation, low, high],
            None => [0.0; 4],
        });
        self.put_owned(format!("{name}.scales"), scales.collect::<Vec<f64>>());
        let cuts: Vec<f64> = fields.iter().flat_map(|field| field.cuts.iter().copied()).collect();
        self.put_owned(format!("{name}.cuts.offsets"), offsets(fields.iter().map(|field| field.cuts.len())));
        self.put_owned(format!("{name}.cuts"), cuts);
        let of_fields = (0..fields.len()).map(|field| schema.features_of(field).len());
        self.put_owned(format!("{name}.starts"), offsets(of_fields));
        // No value is empty: that is the number of the field.
        let values = schema.features().iter().map(|feature| feature.value.as_deref().unwrap_or_default());
        self.put_strings(&format!("{name}.values"), values);
    }

    /// The sections of [`put_schema`](Self::put_schema), and the matrix in three more.
    pub fn put_attributes<R>(&mut self, name: &str, attributes: &'a Attributes<R>) {
        self.put_schema(name, attributes.schema());
        self.put(format!("{name}.row.offsets"), attributes.offsets());
        self.put(format!("{name}.row.features"), attributes.indices());
        self.put(format!("{name}.row.values"), attributes.values());
    }
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<u64> {
    let mut end = 0;
    std::iter::once(0)
        .chain(lengths.map(|length| {
            end += length as u64;
            end
        }))
        .collect()
}

impl SectionReader<'_> {
    /// The sections of [`Sections::put_schema`].
    ///
    /// # Errors
    /// As [`strings`](Self::strings) and [`offsets`](Self::offsets), and
    /// [`LoadFault::Value`](super::LoadFault::Value) for what is no schema.
    pub fn schema(&self, name: &str) -> Result<AttributeSchema, LoadError> {
        let section = |part: &str| format!("{name}.{part}");
        let [separator]: [u32; 1] = self.array(&section("separator"))?;
        let separator = char::from_u32(separator)
            .ok_or_else(|| self.invalid(&section("separator"), 0, separator, "a character"))?;
        let names = self.strings(&section("fields"), None)?;
        let n = names.len();
        let kinds: Vec<u32> = self.values(&section("kinds"), &[n, 2])?;
        let scales: Vec<f64> = self.values(&section("scales"), &[n, 4])?;
        let cut_offsets = self.offsets(&section("cuts.offsets"), n)?;
        let cuts: Vec<f64> = self.values(&section("cuts"), &[cut_offsets[n]])?;
        let starts = self.offsets(&section("starts"), n)?;
        let mut values = self.strings(&section("values"), Some(starts[n]))?.into_iter();
        let (mut fields, mut features) = (Vec::with_capacity(n), Vec::with_capacity(starts[n]));
        for (at, field) in names.into_iter().enumerate() {
            let found = &kinds[2 * at..2 * at + 2];
            let kind = kind(found).ok_or_else(|| {
                self.invalid(&section("kinds"), 2 * at, format!("{found:?}"), "a kind of field")
            })?;
            let scale = match scales[4 * at..4 * at + 4] {
                [mean, deviation, low, high] if deviation != 0.0 => {
                    Some(Scale { mean, deviation, low, high })
                }
                _ => None,
            };
            for value in values.by_ref().take(starts[at + 1] - starts[at]) {
                features.push(Feature {
                    field: field.clone(),
                    value: Some(value).filter(|value| !value.is_empty()),
                });
            }
            let cuts = cuts[cut_offsets[at]..cut_offsets[at + 1]].to_vec();
            fields.push(Field { name: field, kind, scale, cuts });
        }
        AttributeSchema::new(fields, features, separator)
            .map_err(|error| self.invalid(&section("values.utf8"), 0, error, "a schema"))
    }

    /// The sections of [`Sections::put_attributes`], of `n_rows` users or items.
    ///
    /// # Errors
    /// As [`schema`](Self::schema), and [`LoadFault::Value`](super::LoadFault::Value) for what is no
    /// matrix of its features.
    pub fn attributes<R>(&self, name: &str, n_rows: u32) -> Result<Attributes<R>, LoadError> {
        let schema = Arc::new(self.schema(name)?);
        let section = |part: &str| format!("{name}.row.{part}");
        let offsets = self.offsets(&section("offsets"), n_rows as usize)?;
        let n = offsets[n_rows as usize];
        let features = self.values(&section("features"), &[n])?;
        let values = self.values(&section("values"), &[n])?;
        Attributes::from_parts(schema, offsets, features, values)
            .map_err(|error| self.invalid(&section("features"), 0, error, "a matrix of the features"))
    }
}

/// A kind of field, and what belongs to it.
fn code(kind: FieldKind) -> [u32; 2] {
    match kind {
        FieldKind::Ignore => [0, 0],
        FieldKind::Categorical => [1, 0],
        FieldKind::Prefix(n) => [2, n],
        FieldKind::List => [3, 0],
        FieldKind::Numeric => [4, 0],
        FieldKind::Banded => [5, 0],
        FieldKind::Year => [6, 0],
    }
}

fn kind(code: &[u32]) -> Option<FieldKind> {
    Some(match code {
        [0, 0] => FieldKind::Ignore,
        [1, 0] => FieldKind::Categorical,
        [2, n] => FieldKind::Prefix(*n),
        [3, 0] => FieldKind::List,
        [4, 0] => FieldKind::Numeric,
        [5, 0] => FieldKind::Banded,
        [6, 0] => FieldKind::Year,
        _ => return None,
    })
}
