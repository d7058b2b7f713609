//! The loop over the catalogue: scores in, survivors out.

use super::TopN;
use super::collect::Collector;
use super::filter::Filter;
use crate::data::ItemIx;
use crate::model::{Profile, Score};

/// Items scored at a time: 4 KiB of scores stay in the first cache. A multiple of 64, so that a block
/// begins at a word of the filter.
const BLOCK: usize = 1024;

/// Scores compared with the threshold at a time. For the top 10 of 100,000 given scores 8 take 23 us, 16
/// take 15, 32 and 64 take 11.
const LANES: usize = 32;

/// Offers every eligible item of the catalogue that may enter the list, in ascending order.
pub(super) fn scan<S: Score + ?Sized>(
    model: &S,
    profile: &Profile,
    request: &TopN<'_>,
    filter: &Filter,
    scores: &mut Vec<f32>,
    best: &mut Collector,
) {
    let n_items = model.n_items() as usize;
    scores.resize(BLOCK, 0.0);
    for first in (0..n_items).step_by(BLOCK) {
        let items = filter.trim(first..(first + BLOCK).min(n_items));
        if items.is_empty() {
            continue;
        }
        let out = &mut scores[..items.len()];
        model.score_block(profile, ItemIx::new(items.start as u32), out);
        survivors(out, items.start, request, filter, best);
    }
}

/// Offers what is above the threshold, which rises meanwhile.
fn survivors(scores: &[f32], first: usize, request: &TopN<'_>, filter: &Filter, best: &mut Collector) {
    for (lane, scores) in scores.chunks(LANES).enumerate() {
        let threshold = best.threshold();
        // Without an early exit: this becomes a few vector compares.
        if !scores.iter().fold(false, |any, &score| any | (score > threshold)) {
            continue;
        }
        for (at, &score) in scores.iter().enumerate() {
            let item = ItemIx::new((first + lane * LANES + at) as u32);
            if score > best.threshold() && filter.passes(item) && request.keeps(item) {
                best.offer(item.get(), score);
            }
        }
    }
}
