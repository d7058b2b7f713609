//! What a set of lists does to the catalogue: how much of it is shown, and how unevenly.

use super::EvaluateError;
use crate::data::ItemIx;
use crate::model::QueryError;
use crate::retrieve::Hit;

/// How often each item of a catalogue stands in the lists of a set of users.
///
/// ```
/// use foldin::data::ItemIx;
/// use foldin::evaluate::Exposure;
/// use foldin::retrieve::Hit;
/// let list = |items: &[u32]| -> Vec<Hit> {
///     items.iter().map(|&item| Hit { item: ItemIx::new(item), score: 1.0 }).collect()
/// };
/// let mut shown = Exposure::new(4);
/// shown.add(&list(&[0, 1]))?;
/// shown.add(&list(&[0, 2]))?;
/// assert_eq!(shown.coverage(), 0.75);
/// assert_eq!(shown.gini(), 0.375);
/// # Ok::<(), foldin::evaluate::EvaluateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exposure {
    counts: Vec<u64>,
}

impl Exposure {
    /// No lists yet, of a catalogue of `n_items`.
    pub fn new(n_items: u32) -> Self {
        Self { counts: vec![0; n_items as usize] }
    }

    /// Counts the items of one list.
    ///
    /// # Errors
    /// [`EvaluateError::Item`] for an item beyond the catalogue; then nothing of the list is counted.
    pub fn add(&mut self, list: &[Hit]) -> Result<(), EvaluateError> {
        let items: Vec<ItemIx> = list.iter().map(|hit| hit.item).collect();
        QueryError::check_items(&items, self.counts.len() as u32).map_err(EvaluateError::Item)?;
        items.iter().for_each(|item| self.counts[item.ix()] += 1);
        Ok(())
    }

    /// How often each item was shown.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The share of the catalogue that stands in at least one list, in [0, 1]; 0 for an empty catalogue.
    pub fn coverage(&self) -> f64 {
        let shown = self.counts.iter().filter(|&&count| count > 0).count();
        shown as f64 / self.counts.len().max(1) as f64
    }

    /// The Gini coefficient of how often the items are shown, in [0, 1): 0 where all are shown alike, 1 - 1/items where
    /// one has all places. Items that are never shown count. 0 without lists. `O(items log items)`.
    ///
    /// Fleder & Hosanagar 2009, "Blockbuster culture's next rise or fall".
    pub fn gini(&self) -> f64 {
        let mut sorted = self.counts.clone();
        sorted.sort_unstable();
        let n = sorted.len() as f64;
        let (mut places, mut weighted) = (0.0, 0.0);
        for (rank, &count) in (1..).zip(&sorted) {
            places += count as f64;
            weighted += (2.0 * f64::from(rank) - n - 1.0) * count as f64;
        }
        if places > 0.0 { weighted / (n * places) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(counts: &[u64]) -> Exposure {
        Exposure { counts: counts.to_vec() }
    }

    /// Half the mean difference of all pairs, over the mean.
    fn by_pairs(counts: &[u64]) -> f64 {
        let n = counts.len() as f64;
        let sum: u64 = counts.iter().sum();
        let apart: u64 = counts.iter().flat_map(|a| counts.iter().map(move |b| a.abs_diff(*b))).sum();
        apart as f64 / (2.0 * n * sum as f64)
    }

    #[test]
    fn gini_is_half_the_mean_difference_of_all_pairs() {
        for counts in [&[1, 1, 1][..], &[0, 0, 5], &[7], &[3, 0, 12, 1, 1, 0, 40], &[0, 1, 2, 3, 4, 5]] {
            assert!((shown(counts).gini() - by_pairs(counts)).abs() < 1e-12, "{counts:?}");
        }
        assert_eq!(shown(&[4, 4, 4]).gini(), 0.0);
        assert!((shown(&[0, 0, 0, 9]).gini() - 0.75).abs() < 1e-12);
    }

    #[test]
    fn without_lists_or_items_nothing_is_shown() {
        for empty in [shown(&[]), shown(&[0, 0])] {
            assert_eq!((empty.coverage(), empty.gini()), (0.0, 0.0));
        }
    }

    #[test]
    fn an_item_beyond_the_catalogue_is_an_error_and_counts_nothing() {
        let mut shown = Exposure::new(2);
        let hits = [1, 2].map(|item| Hit { item: ItemIx::new(item), score: 0.0 });
        let unknown = QueryError::UnknownItem { item: ItemIx::new(2), n_items: 2 };
        assert_eq!(shown.add(&hits), Err(EvaluateError::Item(unknown)));
        assert_eq!(shown.counts(), [0, 0]);
    }
}
