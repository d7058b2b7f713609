//! Which items may be listed: one bit per item.
//!
//! A bit set costs an eighth of a byte per item to clear, does not mind the order of the sets it is
//! made from, and answers in one load. It is asked only about items that passed the threshold.

use std::ops::Range;

use super::TopN;

/// The items a request leaves out. Its memory is kept from request to request.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Bit `i % 64` of word `i / 64` is set when item `i` must not be listed.
    blocked: Vec<u64>,
}

impl Filter {
    /// Starts anew for a catalogue of `n_items`: what the request allows and denies.
    pub(super) fn reset<Ix: Copy + Into<usize>>(&mut self, n_items: usize, request: &TopN<'_, Ix>) {
        self.blocked.clear();
        let all = if request.allowed().is_some() { u64::MAX } else { 0 };
        self.blocked.resize(n_items.div_ceil(64), all);
        for &item in request.allowed().unwrap_or_default() {
            let at = item.into();
            if let Some(word) = self.blocked.get_mut(at / 64) {
                *word &= !(1 << (at % 64));
            }
        }
        self.block(request.denied());
    }

    /// Leaves these items out; those beyond the catalogue are not there anyway.
    pub(super) fn block<Ix: Copy + Into<usize>>(&mut self, items: &[Ix]) {
        for &item in items {
            let at = item.into();
            if let Some(word) = self.blocked.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
        }
    }

    /// Whether the item may be listed.
    #[inline]
    pub(super) fn passes(&self, item: impl Into<usize>) -> bool {
        let at = item.into();
        self.blocked[at / 64] >> (at % 64) & 1 == 0
    }

    /// The part of `items` worth scoring: from the first word with a free item to the last. Empty when
    /// there is none. `items` must begin at a multiple of 64.
    pub(super) fn trim(&self, items: Range<usize>) -> Range<usize> {
        let words = &self.blocked[items.start / 64..items.end.div_ceil(64)];
        let is_free = |&word: &u64| word != u64::MAX;
        let Some(first) = words.iter().position(is_free) else {
            return items.start..items.start;
        };
        let last = words.iter().rposition(is_free).unwrap_or(first);
        items.start + first * 64..(items.start + (last + 1) * 64).min(items.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemIx;

    fn items(indices: &[u32]) -> Vec<ItemIx> {
        indices.iter().copied().map(ItemIx::new).collect()
    }

    fn free(filter: &Filter, n_items: u32) -> Vec<u32> {
        (0..n_items).filter(|&item| filter.passes(ItemIx::new(item))).collect()
    }

    #[test]
    fn allow_then_deny_with_duplicates_and_unknown_items() {
        let mut filter = Filter::default();
        let (allow, deny) = (items(&[69, 2, 2, 64, 1_000_000]), items(&[64, 64, u32::MAX]));
        filter.reset(70, &TopN::new(1).allow(&allow).deny(&deny));
        assert_eq!(free(&filter, 70), [2, 69]);
        filter.block(&items(&[2]));
        assert_eq!(free(&filter, 70), [69]);
        filter.reset(70, &TopN::new(1));
        assert_eq!(free(&filter, 70).len(), 70, "nothing is left of the last request");
    }

    #[test]
    fn trimming_keeps_every_free_item() {
        let mut filter = Filter::default();
        let allow = items(&[130, 200]);
        filter.reset(300, &TopN::new(1).allow(&allow));
        assert_eq!(filter.trim(0..300), 128..256);
        assert!(filter.trim(0..128).is_empty());
        assert!(filter.trim(256..300).is_empty());
        filter.reset(300, &TopN::new(1));
        assert_eq!(filter.trim(0..300), 0..300);
    }
}
