//! Which ratings carry a score: the few that the prediction is made of.

use super::ItemKnn;
use super::model::Asker;
use crate::data::ItemIx;
use crate::model::{Explain, Explanation, Profile, Query, QueryError, Reason, Score};
use crate::rating::bias::Events;

impl Explain for ItemKnn {
    /// Reasons are the ratings of the neighbours that have a say: each adds its share of the weights times what the
    /// rating is above or below its baseline. The base is the baseline. A known user is answered without a history too;
    /// the values are then those of training to the rounding of single precision.
    ///
    /// `O(n + candidates)` for an item.
    fn explain_many(&self, query: &Query<'_>, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError> {
        QueryError::check_items(items, self.n_items())?;
        let mut profile = Profile::new();
        self.profile(query, &mut profile)?;
        let rated = self.rated_by(query)?;
        Ok(items.iter().map(|&item| self.explained(&profile, &rated, item)).collect())
    }
}

/// One rating of the asker.
struct Rated {
    item: ItemIx,
    value: f32,
    residual: f32,
}

impl ItemKnn {
    fn rated_by(&self, query: &Query<'_>) -> Result<Vec<Rated>, QueryError> {
        let asker = self.biases.asker(query, &self.seen)?;
        let baseline = |item: ItemIx| asker.offset + self.biases.items[item.ix()];
        Ok(match asker.events {
            Events::Folded(history) => {
                let rated = |(item, value)| {
                    let residual = self.biases.residual(asker.offset, item, value);
                    Rated { item, value, residual }
                };
                history.iter().map(rated).collect()
            }
            Events::Trained(row) => {
                let rated = |(&item, &residual)| Rated { item, value: baseline(item) + residual, residual };
                self.seen.items()[row.clone()].iter().zip(&self.residuals[row]).map(rated).collect()
            }
        })
    }

    fn explained(&self, profile: &Profile, rated: &[Rated], item: ItemIx) -> Explanation {
        let asker = Asker::of(profile);
        let mut score = [0.0];
        self.score_block(profile, item, &mut score);
        let mut total = f64::from(self.regularization);
        let mut weights = Vec::new();
        for (other, weight, [_, times]) in self.heard(&asker, item.ix()) {
            total += f64::from(weight) * f64::from(times);
            weights.push((other, f64::from(weight)));
        }
        weights.sort_unstable_by_key(|&(other, _)| other);
        let reason = |rated: &Rated| {
            let at = weights.binary_search_by_key(&rated.item, |&(other, _)| other).ok()?;
            let contribution = (weights[at].1 * f64::from(rated.residual) / total) as f32;
            Some(Reason { item: rated.item, value: rated.value, contribution })
        };
        let base = asker.offset + self.biases.items[item.ix()];
        Explanation::new(item, score[0], base, rated.iter().filter_map(reason).collect())
    }
}
