//! The sparse matrix of attributes.

use std::marker::PhantomData;
use std::sync::Arc;

use super::schema::{AttributeSchema, Feature};
use crate::data::error::{DataError, same_length};
use crate::data::{ItemIx, UserIx};

/// Sparse features of users (`Attributes<UserIx>`) or of items (`Attributes<ItemIx>`): a compressed
/// matrix of one row for each user or item of a data set, and what its columns mean.
///
/// A row without entries is somebody or something nothing is known of. Memory: 8 bytes per entry, 8 per
/// row, and the names of the features. Built by [`AttributesBuilder`](super::AttributesBuilder), which
/// also says what becomes of the values.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked", into = "Unchecked", bound = ""))]
pub struct Attributes<R> {
    schema: Arc<AttributeSchema>,
    offsets: Vec<usize>,
    features: Vec<u32>,
    values: Vec<f32>,
    rows: PhantomData<fn(R)>,
}

/// What is known of users.
pub type UserAttributes = Attributes<UserIx>;
/// What is known of items.
pub type ItemAttributes = Attributes<ItemIx>;

impl<R> Attributes<R> {
    /// Builds from parts, as a model file holds them: the entries of row `r` are
    /// `offsets[r]..offsets[r + 1]` of `features` and `values`.
    ///
    /// # Errors
    /// [`DataError::Length`], [`DataError::AttributeMatrix`] for offsets that do not ascend from 0 to
    /// the number of entries, for features that do not ascend within a row or are beyond the schema, and
    /// for values that are not finite.
    pub fn from_parts(
        schema: Arc<AttributeSchema>,
        offsets: Vec<usize>,
        features: Vec<u32>,
        values: Vec<f32>,
    ) -> Result<Self, DataError> {
        same_length("values", values.len(), features.len())?;
        let wrong = |part, at| Err(DataError::AttributeMatrix { part, at });
        let ends = (offsets.first(), offsets.last());
        if ends != (Some(&0), Some(&features.len())) || u32::try_from(offsets.len() - 1).is_err() {
            return wrong("offsets", offsets.len().saturating_sub(1));
        }
        if let Some(at) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return wrong("offsets", at + 1);
        }
        let n = schema.features().len();
        for pair in offsets.windows(2) {
            let row = &features[pair[0]..pair[1]];
            if let Some(at) = row.windows(2).position(|pair| pair[0] >= pair[1]) {
                return wrong("features", pair[0] + at + 1);
            }
            if row.last().is_some_and(|&feature| feature as usize >= n) {
                return wrong("features", pair[1] - 1);
            }
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => wrong("values", at),
            None => Ok(Self { schema, offsets, features, values, rows: PhantomData }),
        }
    }

    /// What the features mean.
    pub fn schema(&self) -> &Arc<AttributeSchema> {
        &self.schema
    }

    /// The features: column `f` is `features()[f]`.
    pub fn features(&self) -> &[Feature] {
        self.schema.features()
    }

    /// How many users or items there are, those nothing is known of included.
    pub fn n_rows(&self) -> u32 {
        (self.offsets.len() - 1) as u32
    }

    /// How many features there are.
    pub fn n_features(&self) -> u32 {
        self.schema.features().len() as u32
    }

    /// How many entries are not 0.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Where the entries of each row begin in [`indices`](Self::indices) and
    /// [`values`](Self::values), and at the end how many there are: `n_rows + 1` ascending numbers.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The features of all entries, row by row, ascending within a row.
    pub fn indices(&self) -> &[u32] {
        &self.features
    }

    /// The values of all entries.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

impl<R: Into<usize>> Attributes<R> {
    /// The features of one user or item, ascending, and their values; both are empty where nothing is
    /// known, and for an index beyond the data.
    pub fn row(&self, row: R) -> (&[u32], &[f32]) {
        match self.offsets.get(row.into()..).unwrap_or_default() {
            [start, end, ..] => (&self.features[*start..*end], &self.values[*start..*end]),
            _ => (&[], &[]),
        }
    }
}

impl<R: Copy + Into<usize>> Attributes<R> {
    /// The same with nothing known of some rows. Linear in the entries.
    pub(crate) fn without(&self, rows: &[R]) -> Self {
        let mut gone = vec![false; self.offsets.len() - 1];
        for row in rows {
            if let Some(gone) = gone.get_mut((*row).into()) {
                *gone = true;
            }
        }
        let (mut offsets, mut features, mut values) = (vec![0], Vec::new(), Vec::new());
        for (row, gone) in self.offsets.windows(2).zip(gone) {
            let range = if gone { 0..0 } else { row[0]..row[1] };
            features.extend_from_slice(&self.features[range.clone()]);
            values.extend_from_slice(&self.values[range]);
            offsets.push(features.len());
        }
        Self { schema: self.schema.clone(), offsets, features, values, rows: PhantomData }
    }
}

impl<R> Clone for Attributes<R> {
    fn clone(&self) -> Self {
        let Self { schema, offsets, features, values, rows } = self;
        let (schema, offsets) = (schema.clone(), offsets.clone());
        Self { schema, offsets, features: features.clone(), values: values.clone(), rows: *rows }
    }
}

impl<R> PartialEq for Attributes<R> {
    fn eq(&self, other: &Self) -> bool {
        (&self.schema, &self.offsets) == (&other.schema, &other.offsets)
            && (&self.features, &self.values) == (&other.features, &other.values)
    }
}

/// A matrix from outside.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Unchecked {
    schema: AttributeSchema,
    offsets: Vec<usize>,
    features: Vec<u32>,
    values: Vec<f32>,
}

#[cfg(feature = "serde")]
impl<R> TryFrom<Unchecked> for Attributes<R> {
    type Error = DataError;

    fn try_from(from: Unchecked) -> Result<Self, DataError> {
        Self::from_parts(Arc::new(from.schema), from.offsets, from.features, from.values)
    }
}

#[cfg(feature = "serde")]
impl<R> From<Attributes<R>> for Unchecked {
    fn from(from: Attributes<R>) -> Self {
        let Attributes { schema, offsets, features, values, .. } = from;
        Self { schema: Arc::unwrap_or_clone(schema), offsets, features, values }
    }
}
