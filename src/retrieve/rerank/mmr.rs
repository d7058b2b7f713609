//! Not ten of a kind.

use super::RerankError;
use crate::data::ItemIx;
use crate::model::{Factors, ParamError, Score};
use crate::retrieve::Hit;
use crate::retrieve::scanner::{cosine, item_rows, row_of};

/// Maximal marginal relevance: each next item is the one with the most of
///
/// ```text
/// lambda * relevance - (1 - lambda) * (largest likeness to an item already chosen)
/// ```
///
/// The relevance is the score, laid between 0 (the least of the pool) and 1 (the most; all are 1 where all are equal), so
/// that lambda means the same for every model and user; likeness is the cosine of the items' rows of factors, in
/// [-1, 1]. The first item is the most relevant one. Lambda 1 changes nothing, 0 looks at likeness alone.
///
/// Paper: Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking".
#[derive(Clone, Copy, Debug)]
pub struct Mmr<'a> {
    rows: Factors<'a>,
    n_items: usize,
    lambda: f64,
}

impl<'a> Mmr<'a> {
    /// Compares items by the rows of a model (or of [`Vectors`](crate::retrieve::Vectors): embeddings of covers, of
    /// texts). It need not be the model that made the pool. `lambda` is in [0, 1].
    ///
    /// # Errors
    /// [`RerankError::Rows`] for a model whose scores are no inner products, [`RerankError::Param`] for a lambda out of
    /// range.
    pub fn new<M: Score + ?Sized>(model: &'a M, lambda: f64) -> Result<Self, RerankError> {
        ParamError::require((0.0..=1.0).contains(&lambda), "lambda", lambda, "from 0 to 1")?;
        let rows = item_rows(model).map_err(RerankError::Rows)?;
        Ok(Self { rows, n_items: model.n_items() as usize, lambda })
    }

    /// An empty list from this pool.
    pub(super) fn begin(&self, pool: &[Hit]) -> Result<Marginal<'_>, RerankError> {
        let n_items = self.n_items;
        if let Some(hit) = pool.iter().find(|hit| hit.item.ix() >= n_items) {
            return Err(RerankError::UnknownItem {
                step: "the comparison of items",
                item: hit.item,
                n_items,
            });
        }
        // Infinite scores are the largest there are.
        let size = |hit: &Hit| f64::from(hit.score.clamp(f32::MIN, f32::MAX));
        let low = pool.iter().map(size).fold(f64::INFINITY, f64::min);
        let high = pool.iter().map(size).fold(f64::NEG_INFINITY, f64::max);
        let relevance = |hit: &Hit| if high > low { (size(hit) - low) / (high - low) } else { 1.0 };
        let items =
            pool.iter().map(|hit| Candidate { item: hit.item, relevance: relevance(hit), nearest: None });
        Ok(Marginal { mmr: self, items: items.collect() })
    }
}

/// The pool while a list grows.
pub(super) struct Marginal<'a> {
    mmr: &'a Mmr<'a>,
    items: Vec<Candidate>,
}

struct Candidate {
    item: ItemIx,
    relevance: f64,
    /// The largest likeness to an item already chosen.
    nearest: Option<f64>,
}

impl Marginal<'_> {
    /// What the item at this place of the pool would add to the list.
    pub(super) fn value(&self, at: usize) -> f64 {
        let (Candidate { relevance, nearest, .. }, lambda) = (&self.items[at], self.mmr.lambda);
        lambda * relevance - (1.0 - lambda) * nearest.unwrap_or(0.0)
    }

    /// Chooses the item at this place.
    pub(super) fn add(&mut self, at: usize) {
        let rows = self.mmr.rows;
        let chosen = row_of(&rows, self.items[at].item.get());
        for candidate in &mut self.items {
            // Rows that are not finite are like nothing.
            let likeness = cosine(chosen, row_of(&rows, candidate.item.get()));
            let likeness = if likeness.is_nan() { 0.0 } else { f64::from(likeness) };
            candidate.nearest = Some(candidate.nearest.map_or(likeness, |nearest| nearest.max(likeness)));
        }
    }
}
