//! At most so many of a kind.

use std::ops::Range;

use super::RerankError;
use crate::data::{ItemAttributes, ItemIx};
use crate::model::ParamError;

/// At most so many items of one value of a field: two per director, three per genre.
///
/// An item with several values (genres) counts for each of them, and is listed only while each has room; one without a
/// value is not counted. Numbers are counted by their bands, where the field has any.
///
/// ```
/// use foldin::data::synthetic::Synthetic;
/// use foldin::model::{Fit, Query};
/// use foldin::rating::BiasedMfParams;
/// use foldin::retrieve::{Quota, Rerank, ScoreExt, TopN};
/// let world = Synthetic::tiny().generate()?;
/// let attributes = world.item_attributes()?;
/// let model = BiasedMfParams::new().factors(4).fit(&world.interactions)?;
/// let quota = Quota::new(&attributes, "director", 1)?;
/// let rerank = Rerank::new(40).quota(&quota);
/// let list = model.top_n_reranked(&Query::user(foldin::data::UserIx::new(3)), &TopN::new(5), &rerank)?;
/// let mut directors: Vec<_> = list.iter().map(|hit| &world.items[hit.item.ix()].director).collect();
/// directors.sort();
/// directors.dedup();
/// assert_eq!(directors.len(), list.len());
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Quota<'a> {
    attributes: &'a ItemAttributes,
    features: Range<u32>,
    most: usize,
}

impl<'a> Quota<'a> {
    /// At most `most` items (at least 1) per value of `field`.
    ///
    /// # Errors
    /// [`RerankError::UnknownField`] for a field that is not there or has no values to count, [`RerankError::Param`] for
    /// a `most` of 0.
    pub fn new(attributes: &'a ItemAttributes, field: &str, most: usize) -> Result<Self, RerankError> {
        ParamError::require(most > 0, "most", most, "at least 1")?;
        let schema = attributes.schema();
        let countable = |at: usize| {
            let features = schema.features_of(at);
            let values = &schema.features()[features.start as usize..features.end as usize];
            values.iter().any(|feature| feature.value.is_some()).then_some(features)
        };
        if let Some(features) = schema.field(field).and_then(countable) {
            return Ok(Self { attributes, features, most });
        }
        let fields = schema.fields().iter().enumerate().filter(|(at, _)| countable(*at).is_some());
        let known = fields.map(|(_, field)| field.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(RerankError::UnknownField { field: field.into(), known })
    }

    /// An empty list.
    pub(super) fn begin(&self) -> Room<'_> {
        Room { quota: self, used: vec![0; self.features.len()] }
    }

    /// The values of an item that are counted, from 0.
    fn values(&self, item: ItemIx) -> Result<impl Iterator<Item = usize>, RerankError> {
        let n_items = self.attributes.n_rows() as usize;
        if item.ix() >= n_items {
            return Err(RerankError::UnknownItem { step: "the quota", item, n_items });
        }
        let (all, (features, _)) = (self.attributes.features(), self.attributes.row(item));
        let counted =
            |feature: &&u32| self.features.contains(feature) && all[**feature as usize].value.is_some();
        Ok(features.iter().filter(counted).map(|&feature| (feature - self.features.start) as usize))
    }
}

/// What a list has used up of a quota.
pub(super) struct Room<'a> {
    quota: &'a Quota<'a>,
    used: Vec<usize>,
}

impl Room<'_> {
    /// Whether the item may be added. What may not be added once never may.
    pub(super) fn admits(&self, item: ItemIx) -> Result<bool, RerankError> {
        Ok(self.quota.values(item)?.all(|value| self.used[value] < self.quota.most))
    }

    /// Counts an item that was added.
    pub(super) fn add(&mut self, item: ItemIx) -> Result<(), RerankError> {
        self.quota.values(item)?.for_each(|value| self.used[value] += 1);
        Ok(())
    }
}
