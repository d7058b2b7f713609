//! What the features mean: fields with their kinds, and one feature for each value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::record::{AttributeValue, same_name};
use crate::data::DataError;

/// What a field holds, and so which features it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FieldKind {
    /// One value of several: a feature for each, which is 1.
    Categorical,
    /// The first so many characters are the value: a post code stands for a region.
    Prefix(u32),
    /// Any number of values: a feature for each. Of `n` different values in a row each counts
    /// `1 / sqrt(n)`, so that a long list weighs as much as a short one; values that have no feature
    /// count among the `n`.
    List,
    /// A number: one feature, `(x - mean) / deviation`. What is missing counts 0, as the mean does, and
    /// what lies beyond the range of the data counts as the end of that range.
    Numeric,
    /// A number as under [`Numeric`](Self::Numeric), and beside it the band in which it lies, as a
    /// category: at most [`FieldKind::BANDS`] bands of about equally many rows. The number carries the
    /// trend, the bands what is not straight: taste by age, or the films of one time.
    Banded,
    /// The year that stands last in a text (`Heat (1995)`, `01-Jan-1995`, `1995`), as under
    /// [`Banded`](Self::Banded). A text without a year is missing.
    Year,
    /// Not used.
    Ignore,
}

impl FieldKind {
    /// How many bands a number has at most.
    pub const BANDS: usize = 16;

    fn is_number(self) -> bool {
        matches!(self, Self::Numeric | Self::Banded | Self::Year)
    }

    /// The number in a value of such a field.
    pub(super) fn number(self, value: &AttributeValue) -> Option<f64> {
        match self {
            Self::Year => value.year(),
            _ => value.number(),
        }
    }

    /// Whether a value says nothing to such a field.
    pub(super) fn is_missing(self, value: &AttributeValue, separator: char) -> bool {
        value.is_missing()
            || match (self, value) {
                (Self::Year, _) => value.year().is_none(),
                (Self::List, AttributeValue::Text(_)) => value.list(separator).is_empty(),
                _ => false,
            }
    }
}

/// How a number becomes a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scale {
    /// The mean of the rows that have one.
    pub mean: f64,
    /// Their standard deviation, above 0.
    pub deviation: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Scale {
    /// Of numbers that are not all the same.
    pub(super) fn of(numbers: &[f64]) -> Option<Self> {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n;
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low < high && variance > 0.0).then_some(Self { mean, deviation: variance.sqrt(), low, high })
    }

    fn apply(&self, number: f64) -> f32 {
        ((number.clamp(self.low, self.high) - self.mean) / self.deviation) as f32
    }

    fn is_sound(&self) -> bool {
        let Self { mean, deviation, low, high } = *self;
        [mean, deviation, low, high].iter().all(|number| number.is_finite())
            && deviation > 0.0
            && low <= mean
            && mean <= high
            && [low, high].iter().all(|&end| self.apply(end).is_finite())
    }
}

/// One field of a schema.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// How its number becomes a feature; none for other kinds, and for numbers that are all the same.
    pub scale: Option<Scale>,
    /// Where the bands of its number end, ascending; the last band has no end.
    pub cuts: Vec<f64>,
}

impl Field {
    /// What a value says, also where the schema has no feature for it.
    pub(super) fn read<'a>(
        &self,
        value: &'a AttributeValue,
        separator: char,
    ) -> Result<Vec<Entry<'a>>, NotANumber> {
        if self.kind.is_missing(value, separator) {
            return Ok(Vec::new());
        }
        Ok(match self.kind {
            FieldKind::Ignore => Vec::new(),
            FieldKind::Categorical => vec![(Some(value.text()), 1.0)],
            FieldKind::Prefix(n) => {
                let text = value.text();
                let prefix: String = text.chars().take(n as usize).collect();
                vec![(Some(prefix.into()), 1.0)]
            }
            FieldKind::List => {
                let mut values: Vec<Cow<'_, str>> =
                    value.list(separator).into_iter().map(Cow::Borrowed).collect();
                if let AttributeValue::Number(_) = value {
                    values.push(value.text());
                }
                let share = (1.0 / (values.len() as f64).sqrt()) as f32;
                values.into_iter().map(|value| (Some(value), share)).collect()
            }
            FieldKind::Numeric | FieldKind::Banded | FieldKind::Year => {
                let number = self.kind.number(value).ok_or(NotANumber)?;
                let scaled = self.scale.map(|scale| (None, scale.apply(number)));
                let band = (!self.cuts.is_empty()).then(|| (Some(self.band(number).into()), 1.0));
                scaled.into_iter().chain(band).collect()
            }
        })
    }

    /// The label of the band in which a number lies.
    fn band(&self, number: f64) -> String {
        let at = self.cuts.partition_point(|&cut| cut < number);
        match (at.checked_sub(1).map(|before| self.cuts[before]), self.cuts.get(at)) {
            (None, Some(end)) => format!("to {end}"),
            (Some(begin), Some(end)) => format!("above {begin} to {end}"),
            (Some(begin), None) => format!("above {begin}"),
            (None, None) => String::new(),
        }
    }

    fn is_sound(&self) -> bool {
        let bands = matches!(self.kind, FieldKind::Banded | FieldKind::Year);
        let number = self.kind.is_number();
        (self.cuts.is_empty() || bands && self.cuts.iter().all(|cut| cut.is_finite()))
            && self.cuts.windows(2).all(|pair| pair[0] < pair[1])
            && self.scale.is_none_or(|scale| number && scale.is_sound())
            && self.kind != FieldKind::Prefix(0)
    }
}

/// The label of a feature, or none for the number itself, and its value in a row.
pub(super) type Entry<'a> = (Option<Cow<'a, str>>, f32);

/// A value that should be a number and is not.
#[derive(Debug)]
pub(super) struct NotANumber;

/// One column of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Feature {
    /// The name of its field.
    pub field: String,
    /// The category, the value of a list, or the band; none for the number itself.
    pub value: Option<String>,
}

impl std::fmt::Display for Feature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}", self.field),
            None => f.write_str(&self.field),
        }
    }
}

/// What the features of users or of items mean: enough to describe somebody or something new.
///
/// Features stand in the order of the fields, and in a field sorted by value, the number first.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked", into = "Unchecked"))]
pub struct AttributeSchema {
    fields: Vec<Field>,
    features: Vec<Feature>,
    separator: char,
    /// Where the features of each field begin, and at the end how many there are.
    starts: Vec<usize>,
}

impl AttributeSchema {
    /// A schema of known parts, as a model file holds them. `separator` parts the values of a list in
    /// a text.
    ///
    /// # Errors
    /// [`DataError::Schema`] for fields that stand twice or cannot be, and for features that are out of
    /// order or of no field.
    pub fn new(fields: Vec<Field>, features: Vec<Feature>, separator: char) -> Result<Self, DataError> {
        let wrong = |name: &str, what| DataError::Schema { name: name.into(), what };
        let mut names = HashSet::new();
        for field in &fields {
            if !field.is_sound() {
                return Err(wrong(&field.name, "scale or cuts cannot be"));
            }
            if !names.insert(field.name.trim().to_ascii_lowercase()) {
                return Err(wrong(&field.name, "the field stands twice"));
            }
        }
        if let Some(empty) = features.iter().find(|feature| feature.value.as_deref() == Some("")) {
            return Err(wrong(&empty.field, "a value is empty"));
        }
        if u32::try_from(features.len()).is_err() {
            return Err(DataError::TooManyIds);
        }
        let mut starts = vec![0];
        for field in &fields {
            let start = starts[starts.len() - 1];
            let its = features[start..].iter().take_while(|feature| feature.field == field.name).count();
            let its = &features[start..start + its];
            if let Some(pair) = its.windows(2).find(|pair| pair[0].value >= pair[1].value) {
                return Err(wrong(&pair[1].to_string(), "the feature is not behind the one before"));
            }
            let numbers = its.iter().filter(|feature| feature.value.is_none()).count();
            if numbers > usize::from(field.scale.is_some())
                || field.kind == FieldKind::Ignore && !its.is_empty()
            {
                return Err(wrong(&field.name, "its kind makes no such feature"));
            }
            starts.push(start + its.len());
        }
        match features.get(starts[starts.len() - 1]) {
            Some(feature) => Err(wrong(&feature.to_string(), "the feature is of no field in its place")),
            None => Ok(Self { fields, features, separator, starts }),
        }
    }

    /// The fields, ignored ones among them.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The features: column `f` of the matrix is `features()[f]`.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What parts the values of a list in a text.
    pub fn separator(&self) -> char {
        self.separator
    }

    /// The place of a field, from 0.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| same_name(&field.name, name))
    }

    /// Which features a field has; empty for one beyond the last.
    pub fn features_of(&self, field: usize) -> Range<u32> {
        match self.starts.get(field..).unwrap_or_default() {
            [start, end, ..] => *start as u32..*end as u32,
            _ => 0..0,
        }
    }

    /// The feature of a value of a field, or of its number. Logarithmic.
    pub(super) fn find(&self, field: usize, value: Option<&str>) -> Option<u32> {
        let range = self.features_of(field);
        let its = &self.features[range.start as usize..range.end as usize];
        let at = its.binary_search_by(|feature| feature.value.as_deref().cmp(&value)).ok()?;
        Some(range.start + at as u32)
    }
}

/// A schema from outside.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Unchecked {
    fields: Vec<Field>,
    features: Vec<Feature>,
    separator: char,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for AttributeSchema {
    type Error = DataError;

    fn try_from(from: Unchecked) -> Result<Self, DataError> {
        Self::new(from.fields, from.features, from.separator)
    }
}

#[cfg(feature = "serde")]
impl From<AttributeSchema> for Unchecked {
    fn from(from: AttributeSchema) -> Self {
        Self { fields: from.fields, features: from.features, separator: from.separator }
    }
}
