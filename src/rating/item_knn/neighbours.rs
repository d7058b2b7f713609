//! From residuals to the most similar items of each item, without a matrix of items times items.

use super::ItemKnnParams;
use crate::data::{Interactions, ItemIx};
use crate::model::FitError;
use crate::par::{Workers, chunks};
use crate::rating::bias::Biases;

/// Items per task: popular ones are dear, so few.
const ITEMS: usize = 8;

/// So many times in a fit the deadline is looked at.
const ROUNDS: usize = 16;

/// What the baseline leaves over of each rating, in the order of the users.
pub(super) struct Residuals {
    pub(super) by_user: Vec<f32>,
    /// The same, divided by the norm of the item's: the product of two is a term of their correlation,
    /// and sums of products stay within 1, whatever the scale.
    unit: Vec<f32>,
    /// Where a user's residuals begin.
    offsets: Vec<usize>,
}

impl Residuals {
    pub(super) fn new(data: &Interactions, biases: &Biases) -> Self {
        let (mut by_user, mut offsets) = (Vec::with_capacity(data.len()), vec![0]);
        let mut squares = vec![0f64; data.n_items() as usize];
        for (user, history) in data.users() {
            let offset = biases.offset(user);
            for (item, value) in history.iter() {
                let residual = biases.residual(offset, item, value);
                squares[item.ix()] += f64::from(residual).powi(2);
                by_user.push(residual);
            }
            offsets.push(by_user.len());
        }
        let norms: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
        let items = data.users().flat_map(|(_, history)| history.ids);
        let unit = items.zip(&by_user).map(|(item, &e)| unit(e, norms[item.ix()])).collect();
        Self { by_user, unit, offsets }
    }
}

/// A residual over the norm of its item; 0 for an item whose residuals are all 0.
fn unit(residual: f32, norm: f64) -> f32 {
    if norm > 0.0 { (f64::from(residual) / norm) as f32 } else { 0.0 }
}

/// The most similar items of each item, the most similar first, in compressed rows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Neighbours {
    pub(super) offsets: Vec<usize>,
    pub(super) items: Vec<ItemIx>,
    /// The weight of each: its similarity, amplified. Above 0, at most 1.
    pub(super) weights: Vec<f32>,
}

impl Neighbours {
    /// Finds them item by item. All sums of one item are made by one thread in the order of the users,
    /// so the bits do not depend on who does it.
    pub(super) fn find(
        params: &ItemKnnParams,
        data: &Interactions,
        residuals: &Residuals,
        workers: &Workers,
        is_late: impl Fn() -> bool,
    ) -> Result<Self, FitError> {
        let n_items = data.n_items() as usize;
        let mut found = Self { offsets: vec![0], items: Vec::new(), weights: Vec::new() };
        let search = Search { params, data, residuals };
        for round in chunks(n_items, n_items.div_ceil(ROUNDS)) {
            if is_late() {
                return Err(FitError::Deadline);
            }
            let jobs = chunks(round.len(), ITEMS).map(|job| round.start + job.start..round.start + job.end);
            let rows = workers.map(
                jobs.collect(),
                || Overlaps::new(n_items),
                |overlaps, job| {
                    job.map(|item| search.similar(ItemIx::new(item as u32), overlaps)).collect::<Vec<_>>()
                },
            );
            rows.iter().flatten().for_each(|row| found.push(row, params.amplification));
        }
        Ok(found)
    }

    /// Adds the row of the next item. A power may underflow: such a neighbour would have no say.
    fn push(&mut self, row: &[(f32, ItemIx)], amplification: f32) {
        let weighted = row.iter().map(|&(similarity, item)| (similarity.powf(amplification), item));
        for (weight, item) in weighted.filter(|(weight, _)| weight.is_normal()) {
            self.weights.push(weight);
            self.items.push(item);
        }
        self.offsets.push(self.items.len());
    }

    /// The neighbours of an item with their weights.
    pub(super) fn of(&self, item: usize) -> impl Iterator<Item = (ItemIx, f32)> {
        let range = self.offsets[item]..self.offsets[item + 1];
        self.items[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }
}

struct Search<'a> {
    params: &'a ItemKnnParams,
    data: &'a Interactions,
    residuals: &'a Residuals,
}

impl Search<'_> {
    /// The candidates of one item, each with its similarity: the most similar first, ties by index.
    fn similar(&self, item: ItemIx, overlaps: &mut Overlaps) -> Vec<(f32, ItemIx)> {
        self.collect(item, overlaps);
        let pairs = overlaps.drain();
        let compared = pairs.filter(|(other, _)| *other != item);
        let mut similar: Vec<_> =
            compared.filter_map(|(other, pair)| Some((self.similarity(pair)?, other))).collect();
        let order = |a: &(f32, ItemIx), b: &(f32, ItemIx)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if similar.len() > self.params.candidates {
            similar.select_nth_unstable_by(self.params.candidates, order);
            similar.truncate(self.params.candidates);
        }
        similar.sort_unstable_by(order);
        similar
    }

    /// Walks the histories of everybody who rated the item.
    fn collect(&self, item: ItemIx, overlaps: &mut Overlaps) {
        let Residuals { unit, offsets, .. } = self.residuals;
        for &user in self.data.item(item).unwrap_or_default().ids {
            let history = self.data.user(user).unwrap_or_default().ids;
            let unit = &unit[offsets[user.ix()]..offsets[user.ix() + 1]];
            let own = history.partition_point(|&other| other < item);
            overlaps.add(history, unit, unit[own]);
        }
    }

    /// The shrunk correlation of a pair, if it has the support and is positive.
    fn similarity(&self, pair: Overlap) -> Option<f32> {
        let raters = pair.raters as f32;
        let shrunk = pair.product.min(1.0) * raters / (raters + self.params.shrinkage);
        (pair.raters >= self.params.min_overlap && shrunk > 0.0).then_some(shrunk)
    }
}

/// What two items have in common.
#[derive(Clone, Copy, Default)]
struct Overlap {
    /// Sum of the products of the residuals.
    product: f32,
    /// How many people rated both.
    raters: u32,
}

/// One item against all: a dense row of sums, emptied where it was touched.
struct Overlaps {
    row: Vec<Overlap>,
    /// The first `n_touched` name the entries in use. One place more than there are items, because the
    /// next free place is written before it is known whether it is needed.
    touched: Vec<ItemIx>,
    n_touched: usize,
}

impl Overlaps {
    fn new(n_items: usize) -> Self {
        Self {
            row: vec![Overlap::default(); n_items],
            touched: vec![ItemIx::default(); n_items + 1],
            n_touched: 0,
        }
    }

    /// Adds one person: the items, their residuals, and the residual of the item in question.
    fn add(&mut self, items: &[ItemIx], residuals: &[f32], own: f32) {
        for (item, residual) in items.iter().zip(residuals) {
            let pair = &mut self.row[item.ix()];
            self.touched[self.n_touched] = *item;
            self.n_touched += usize::from(pair.raters == 0);
            pair.product += own * residual;
            pair.raters += 1;
        }
    }

    /// Takes everything out.
    fn drain(&mut self) -> impl Iterator<Item = (ItemIx, Overlap)> {
        let Self { row, touched, n_touched } = self;
        let touched = &touched[..std::mem::take(n_touched)];
        touched.iter().map(|&item| (item, std::mem::take(&mut row[item.ix()])))
    }
}
