//! The events as a start reads them, and biases as damped means.

use std::ops::Range;

use super::scaling::Scaling;
use crate::data::{Interactions, ItemIx, Row, UserIx};
use crate::par::{Workers, balanced, parts};

/// The least cost of a job, in events: a few tens of microseconds.
const LEAST_COST: usize = 2048;

/// How many ratings of bias 0 each row is given beforehand.
const DAMPING: f64 = 4.0;

/// Alternations of the biases.
const ROUNDS: usize = 3;

/// The events by both sides, with the cuts of their jobs.
pub(in crate::rating) struct Events<'d> {
    pub(in crate::rating) data: &'d Interactions,
    pub(in crate::rating) scaling: Scaling,
    user_cuts: Vec<Range<usize>>,
    item_cuts: Vec<Range<usize>>,
}

/// One direction of [`Events`].
pub(in crate::rating) struct Direction<'e, F> {
    pub(in crate::rating) scaling: Scaling,
    pub(in crate::rating) offsets: &'e [usize],
    pub(in crate::rating) cuts: &'e [Range<usize>],
    pub(in crate::rating) row: F,
}

impl<'d> Events<'d> {
    pub(in crate::rating) fn new(data: &'d Interactions, scaling: Scaling) -> Self {
        let cuts = |offsets| balanced(offsets, |n| n + 1, LEAST_COST);
        let (user_cuts, item_cuts) = (cuts(data.user_offsets()), cuts(data.item_offsets()));
        Self { data, scaling, user_cuts, item_cuts }
    }

    pub(in crate::rating) fn by_user(
        &self,
    ) -> Direction<'_, impl Fn(usize) -> Row<'d, ItemIx> + Send + Sync> {
        let data = self.data;
        let row = move |r: usize| data.user(UserIx::new(r as u32)).unwrap_or_default();
        Direction { scaling: self.scaling, offsets: data.user_offsets(), cuts: &self.user_cuts, row }
    }

    pub(in crate::rating) fn by_item(
        &self,
    ) -> Direction<'_, impl Fn(usize) -> Row<'d, UserIx> + Send + Sync> {
        let data = self.data;
        let row = move |r: usize| data.item(ItemIx::new(r as u32)).unwrap_or_default();
        Direction { scaling: self.scaling, offsets: data.item_offsets(), cuts: &self.item_cuts, row }
    }
}

impl<'d, Ix, F> Direction<'_, F>
where
    Ix: Copy + Into<usize> + Sync + 'd,
    F: Fn(usize) -> Row<'d, Ix> + Send + Sync,
{
    /// How many rows.
    pub(in crate::rating) fn n(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many events a row has.
    pub(in crate::rating) fn len(&self, row: usize) -> usize {
        self.offsets[row + 1] - self.offsets[row]
    }

    /// The standardised rating.
    #[inline]
    pub(in crate::rating) fn standard(&self, value: f32) -> f32 {
        (value - self.scaling.center) * self.scaling.factor()
    }

    /// The damped mean of what the other side's biases leave over.
    fn biases(&self, workers: &Workers, other: &[f32], out: &mut [f32]) {
        let jobs: Vec<_> = self.cuts.iter().cloned().zip(parts(out, 1, self.cuts)).collect();
        workers.map(
            jobs,
            || (),
            |(), (rows, out)| {
                for (row, bias) in rows.zip(out) {
                    let row = (self.row)(row);
                    let left = |(id, value): (Ix, f32)| f64::from(self.standard(value) - other[id.into()]);
                    let sum: f64 = row.iter().map(left).sum();
                    *bias = (sum / (DAMPING + row.len() as f64)) as f32;
                }
            },
        );
    }
}

/// Biases of users and items, in standardised units.
pub(in crate::rating) fn biases(workers: &Workers, events: &Events<'_>) -> (Vec<f32>, Vec<f32>) {
    let (by_user, by_item) = (events.by_user(), events.by_item());
    let (mut users, mut items) = (vec![0.0; by_user.n()], vec![0.0; by_item.n()]);
    for _ in 0..ROUNDS {
        by_item.biases(workers, &users, &mut items);
        by_user.biases(workers, &items, &mut users);
    }
    (users, items)
}
