//! The rows of one job as the row solver wants them.

use super::weighting::{Pair, Told, Weighting};
use crate::data::Row;

/// What one row says.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a, Ix> {
    pub(super) ids: &'a [Ix],
    pub(super) targets: &'a [f32],
    pub(super) weights: Option<&'a [f32]>,
}

/// Values of some rows turned into targets and weights; events that say nothing are left out.
pub(super) struct Events<Ix> {
    ids: Vec<Ix>,
    targets: Vec<f32>,
    weights: Vec<f32>,
    /// Where each row begins, and where the last ends.
    offsets: Vec<usize>,
}

impl<Ix> Default for Events<Ix> {
    fn default() -> Self {
        Self { ids: Vec::new(), targets: Vec::new(), weights: Vec::new(), offsets: vec![0] }
    }
}

impl<Ix: Copy> Events<Ix> {
    /// Reads the rows, in place of what was read before. `pair` is asked with the place of a row among them, and an id.
    pub(super) fn read<'d>(
        &mut self,
        weighting: &Weighting,
        rows: impl Iterator<Item = Row<'d, Ix>>,
        pair: impl Fn(usize, Ix) -> Pair,
    ) where
        Ix: 'd,
    {
        self.ids.clear();
        self.targets.clear();
        self.weights.clear();
        self.offsets.truncate(1);
        for (at, row) in rows.enumerate() {
            for (id, value) in row.iter() {
                if let Some(Told { target, weight }) = weighting.of(value, pair(at, id)) {
                    self.ids.push(id);
                    self.targets.push(target);
                    self.weights.push(weight);
                }
            }
            self.offsets.push(self.ids.len());
        }
    }

    /// What a row says, counted from the first that was read.
    pub(super) fn row(&self, row: usize) -> Evidence<'_, Ix> {
        let at = self.offsets[row]..self.offsets[row + 1];
        Evidence {
            ids: &self.ids[at.clone()],
            targets: &self.targets[at.clone()],
            weights: Some(&self.weights[at]),
        }
    }
}
