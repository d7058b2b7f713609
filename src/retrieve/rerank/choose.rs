//! The list, chosen one item at a time.

use std::fmt;

use super::{Adjust, Mmr, Quota, RerankError};
use crate::model::Query;
use crate::retrieve::Hit;

/// How a list is chosen from a pool: see the steps in [`retrieve`](crate::retrieve#lists-people-like).
///
/// A list is made by [`ScoreExt::top_n_reranked`](crate::retrieve::ScoreExt::top_n_reranked) and
/// [`Scanner::top_n_reranked`](crate::retrieve::Scanner::top_n_reranked), which fetch the pool by themselves, or by
/// [`choose`](Self::choose) from any pool.
///
/// # The rules
///
/// - The pool holds each item once (its best score) and nothing scored NaN or negative infinity.
/// - The [adjusting](Self::adjust) steps are made in the order in which they were named. The pool is then sorted: the
///   highest score first, of equal scores the smaller item index.
/// - The list is chosen greedily, by [likeness](Self::diverse) if there is one, and by score otherwise; of equals the one
///   that stands first in the sorted pool. An item that a [quota](Self::quota) has no room for is left out: a list is
///   shorter rather than against a quota. A larger pool makes it longer.
/// - A hit carries the score that the adjusting steps gave it. In a list by likeness scores need not fall.
///
/// ```
/// use foldin::data::{UserIx, synthetic::Synthetic};
/// use foldin::model::{Fit, Query};
/// use foldin::rating::BiasedMfParams;
/// use foldin::retrieve::{Mmr, PopularityDiscount, Quota, Rerank, Scanner, TopN};
/// let world = Synthetic::tiny().generate()?;
/// let (data, attributes) = (&world.interactions, world.item_attributes()?);
/// let model = BiasedMfParams::new().factors(4).fit(data)?;
///
/// let discount = PopularityDiscount::by_rank(data, 0.2)?;
/// let (variety, quota) = (Mmr::new(&model, 0.7)?, Quota::new(&attributes, "director", 2)?);
/// let rerank = Rerank::new(40).adjust(&discount).diverse(&variety).quota(&quota);
///
/// let scanner = Scanner::new(&model)?;
/// let list = scanner.top_n_reranked(&Query::user(UserIx::new(7)), &TopN::new(10), &rerank)?;
/// assert_eq!(list.len(), 10);
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone)]
pub struct Rerank<'a> {
    pool: usize,
    adjust: Vec<&'a dyn Adjust>,
    mmr: Option<&'a Mmr<'a>>,
    quotas: Vec<&'a Quota<'a>>,
}

impl<'a> Rerank<'a> {
    /// Chooses from the best `pool` items, or from as many as are asked for where these are more. Ten times the length
    /// of the list is a good beginning.
    pub fn new(pool: usize) -> Self {
        Self { pool, adjust: Vec::new(), mmr: None, quotas: Vec::new() }
    }

    /// Gives the items of the pool new scores. A further step looks at the scores of the one before.
    #[must_use]
    pub fn adjust(mut self, step: &'a dyn Adjust) -> Self {
        self.adjust.push(step);
        self
    }

    /// Chooses items that are unlike each other. A second call replaces the first.
    #[must_use]
    pub fn diverse(self, mmr: &'a Mmr<'a>) -> Self {
        Self { mmr: Some(mmr), ..self }
    }

    /// Lists at most so many of a kind. Several quotas all hold.
    #[must_use]
    pub fn quota(mut self, quota: &'a Quota<'a>) -> Self {
        self.quotas.push(quota);
        self
    }

    /// How many items the pool has.
    pub fn get_pool(&self) -> usize {
        self.pool
    }

    /// Chooses `n` items, or fewer where the pool or the quotas have no more. `O(pool log pool)` beside the steps.
    ///
    /// # Errors
    /// [`RerankError`] of a step, in the main [`RerankError::UnknownItem`] for a pool of other items than the step knows.
    pub fn choose(&self, query: &Query<'_>, pool: &[Hit], n: usize) -> Result<Vec<Hit>, RerankError> {
        let pool = self.adjusted(query, pool)?;
        let mut marginal = self.mmr.map(|mmr| mmr.begin(&pool)).transpose()?;
        let mut rooms: Vec<_> = self.quotas.iter().map(|quota| quota.begin()).collect();
        let (mut open, mut list) = (vec![true; pool.len()], Vec::with_capacity(n.min(pool.len())));
        while list.len() < n {
            let mut best: Option<(f64, usize)> = None;
            for (at, hit) in pool.iter().enumerate() {
                if !open[at] {
                    continue;
                }
                for room in &rooms {
                    open[at] &= room.admits(hit.item)?;
                }
                let value = marginal.as_ref().map_or(0.0, |marginal| marginal.value(at));
                if open[at] && best.is_none_or(|(most, _)| value > most) {
                    best = Some((value, at));
                    if marginal.is_none() {
                        break;
                    }
                }
            }
            let Some((_, at)) = best else { break };
            open[at] = false;
            list.push(pool[at]);
            marginal.iter_mut().for_each(|marginal| marginal.add(at));
            rooms.iter_mut().try_for_each(|room| room.add(pool[at].item))?;
        }
        Ok(list)
    }

    /// The pool with its new scores, sorted.
    fn adjusted(&self, query: &Query<'_>, pool: &[Hit]) -> Result<Vec<Hit>, RerankError> {
        let mut pool = pool.to_vec();
        sort(&mut pool);
        pool.sort_by_key(|hit| hit.item);
        pool.dedup_by_key(|hit| hit.item);
        sort(&mut pool);
        for step in &self.adjust {
            step.adjust(query, &mut pool)?;
            sort(&mut pool);
        }
        Ok(pool)
    }
}

/// Best first, ties by index; without what is not to be listed.
fn sort(pool: &mut Vec<Hit>) {
    pool.retain(|hit| hit.score > f32::NEG_INFINITY);
    // Adding zero turns -0 into 0: the two are equal, so the index decides.
    pool.sort_by(|a, b| (b.score + 0.0).total_cmp(&(a.score + 0.0)).then(a.item.cmp(&b.item)));
}

impl fmt::Debug for Rerank<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rerank")
            .field("pool", &self.pool)
            .field("adjust", &self.adjust.len())
            .field("diverse", &self.mmr)
            .field("quotas", &self.quotas.len())
            .finish()
    }
}
