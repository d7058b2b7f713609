//! What is believed of an item that nobody has rated yet.
//!
//! Not what the prior of the rated ones says of an empty set: who has rated an item tells how known it is, and among
//! items of some age an empty set is the mark of the most obscure. One that is not out yet is not obscure, its set is
//! unknown. So beside the prior with sets a second one is drawn, in each sample, from attributes alone, given the rows
//! of the items that have ratings: what their sets say goes, as far as attributes foretell it, into the weights, and
//! else into the mean and the spread. It tells the rated rows nothing (a cut in the graph of the model).

use super::features::Features;
use super::side::{Frame, Side};
use crate::data::{ItemAttributes, ItemIx};
use crate::kernel::{Matrix, SolveError};
use std::sync::Arc;

/// The family of draws: see [`place`](super::draws::place).
const PART: usize = 2;

/// The prior of items without ratings.
pub(super) struct Cold {
    /// The rows with ratings, and what attributes say of them.
    pub(super) side: Side,
    rated: Vec<usize>,
    attributes: Option<Arc<ItemAttributes>>,
}

impl Cold {
    pub(super) fn new(dim: usize, offsets: &[usize], attributes: Option<Arc<ItemAttributes>>) -> Self {
        let rated: Vec<usize> =
            (0..offsets.len() - 1).filter(|&row| offsets[row] < offsets[row + 1]).collect();
        let mut features = Features::new();
        if let Some(attributes) = &attributes {
            features.add_attributes_of(attributes, rated.iter().map(|&row| ItemIx::new(row as u32)));
        }
        let mut side = Side::new(dim, &vec![0; rated.len() + 1], features, PART);
        side.begun = true;
        Self { side, rated, attributes }
    }

    /// Draws the prior given the rows of all items.
    pub(super) fn draw(&mut self, frame: &Frame<'_>, rows: &Matrix) -> Result<(), SolveError> {
        let stride = self.side.rows.stride();
        for (to, &row) in self.side.rows.floats_mut().chunks_exact_mut(stride).zip(&self.rated) {
            let from = rows.row(row);
            to[..from.len()].copy_from_slice(from);
        }
        self.side.believe(frame)
    }

    /// What attributes say of an item.
    pub(super) fn told(&self, item: usize) -> Vec<f32> {
        let mut told = vec![0.0; self.side.rows.width()];
        let (Some(attributes), Some(link)) = (&self.attributes, &self.side.link) else { return told };
        let (features, values) = attributes.row(ItemIx::new(item as u32));
        for (&feature, value) in features.iter().zip(values) {
            let weights = link.weights.row(feature as usize);
            told.iter_mut().zip(weights).for_each(|(to, weight)| *to += value * weight);
        }
        told
    }
}
