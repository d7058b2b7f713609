//! What is believed of rows that have no ratings yet: of an item that is not out, of somebody who has just come.
//!
//! Not what the prior of the rated ones says of an empty set: who has rated an item tells how known it is, and among
//! items of some age an empty set is the mark of the most obscure. One that is not out yet is not obscure, its set is
//! unknown; so is that of a person who was not asked yet. So beside the prior with sets a second one is drawn, in each
//! sample, from attributes alone, given the rows that have ratings: what their sets say goes, as far as attributes
//! foretell it, into the weights, and else into the mean and the spread. It tells the rated rows nothing (a cut in the
//! graph of the model).
//!
//! Of items the long tail is left out: those that few have rated are many, and of what is watched next to nothing is among
//! them, so an item asked about is seldom one of theirs. Of users everybody counts who has rated something: each of them
//! was new once.

use super::features::Features;
use super::side::{Frame, Side};
use crate::data::{Attributes, ItemIx, UserIx};
use crate::kernel::{Matrix, SolveError};
use std::sync::Arc;

/// Which part of the ratings is of items that the prior is drawn from, the most rated first.
const WATCHED: f64 = 0.95;

/// The prior of rows without ratings.
pub(super) struct Cold<R> {
    /// The rows that count, and what attributes say of them.
    pub(super) side: Side,
    /// Which rows count.
    known: Vec<usize>,
    attributes: Option<Arc<Attributes<R>>>,
}

impl Cold<ItemIx> {
    /// Of items.
    pub(super) fn items(dim: usize, offsets: &[usize], attributes: Option<Arc<Attributes<ItemIx>>>) -> Self {
        Self::new(dim, watched(offsets), attributes, 2)
    }
}

impl Cold<UserIx> {
    /// Of users.
    pub(super) fn users(dim: usize, offsets: &[usize], attributes: Option<Arc<Attributes<UserIx>>>) -> Self {
        let known = (0..offsets.len() - 1).filter(|&row| offsets[row] < offsets[row + 1]).collect();
        Self::new(dim, known, attributes, 3)
    }
}

impl<R: From<u32> + Into<usize>> Cold<R> {
    /// `part` is that of the draws: see [`place`](super::draws::place).
    fn new(dim: usize, known: Vec<usize>, attributes: Option<Arc<Attributes<R>>>, part: usize) -> Self {
        let mut features = Features::new();
        if let Some(attributes) = &attributes {
            features.add_attributes_of(attributes, known.iter().map(|&row| R::from(row as u32)));
        }
        let mut side = Side::new(dim, &vec![0; known.len() + 1], features, part);
        side.begun = true;
        Self { side, known, attributes }
    }

    /// Draws the prior given the rows of all.
    pub(super) fn draw(&mut self, frame: &Frame<'_>, rows: &Matrix) -> Result<(), SolveError> {
        let stride = self.side.rows.stride();
        for (to, &row) in self.side.rows.floats_mut().chunks_exact_mut(stride).zip(&self.known) {
            let from = rows.row(row);
            to[..from.len()].copy_from_slice(from);
        }
        self.side.believe(frame)
    }

    /// What attributes say of a row.
    pub(super) fn told(&self, row: usize) -> Vec<f32> {
        let mut told = vec![0.0; self.side.rows.width()];
        let (Some(attributes), Some(link)) = (&self.attributes, &self.side.link) else { return told };
        let (features, values) = attributes.row(R::from(row as u32));
        for (&feature, value) in features.iter().zip(values) {
            let weights = link.weights.row(feature as usize);
            told.iter_mut().zip(weights).for_each(|(to, weight)| *to += value * weight);
        }
        told
    }
}

/// The most rated items that together have [`WATCHED`] of the ratings, ascending; of equally rated ones, all.
fn watched(offsets: &[usize]) -> Vec<usize> {
    let counts: Vec<usize> = offsets.windows(2).map(|row| row[1] - row[0]).collect();
    let mut sorted = counts.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let enough = WATCHED * offsets[offsets.len() - 1] as f64;
    let mut sum = 0;
    let last = sorted.into_iter().find(|&count| {
        sum += count;
        sum as f64 >= enough
    });
    let least = last.unwrap_or(1).max(1);
    (0..counts.len()).filter(|&row| counts[row] >= least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_tail_does_not_count() {
        assert_eq!(watched(&[0, 50, 51, 51, 91, 96, 101]), [0, 3, 4, 5]);
        assert_eq!(watched(&[0, 0, 1]), [1]);
        assert!(watched(&[0]).is_empty() && watched(&[0, 0]).is_empty());
    }
}
