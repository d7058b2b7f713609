//! What is believed of rows before their ratings, in each sample.

use std::collections::BTreeSet;

use super::kept::{Belief, Kept, braid};
use crate::data::{Interactions, ItemIx};

/// The prior of one side, in each sample.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Prior {
    /// A row.
    pub(super) mean: Vec<f32>,
    /// A square matrix for each sample, one behind the other: see [`Gaussian`](crate::kernel::Gaussian).
    pub(super) root: Vec<f32>,
    pub(super) inverse: Vec<f32>,
    /// A row for each feature.
    pub(super) weights: Vec<f32>,
}

/// The prior of items with ratings, as it was at the fit: who has rated them tells of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Rated {
    /// The prior mean of each item in all samples; zeros of new ones.
    pub(super) told: Vec<f32>,
    /// As in [`Prior`].
    pub(super) root: Vec<f32>,
    pub(super) inverse: Vec<f32>,
    /// Items of which this prior says nothing: they had no ratings at the fit, have none, or had some of somebody who went.
    pub(super) new: BTreeSet<ItemIx>,
}

/// The square matrices of a prior, one for each sample.
#[derive(Clone, Copy)]
pub(super) struct Spread<'a> {
    pub(super) root: &'a [f32],
    pub(super) inverse: &'a [f32],
}

impl Prior {
    /// The prior of some rows, of the samples that have one.
    pub(super) fn of(kept: &[Kept], pick: impl Fn(&Kept) -> Option<&Belief>, dim: usize) -> Self {
        let beliefs: Vec<&Belief> = kept.iter().filter_map(pick).collect();
        let all = |part: fn(&Belief) -> &Vec<f32>| {
            beliefs.iter().flat_map(|&belief| part(belief)).copied().collect()
        };
        let weights: Vec<&[f32]> = beliefs.iter().map(|belief| belief.weights.as_slice()).collect();
        Self {
            mean: all(|belief| &belief.mean),
            root: all(|belief| &belief.root),
            inverse: all(|belief| &belief.inverse),
            weights: braid(&weights, dim),
        }
    }

    pub(super) fn spread(&self) -> Spread<'_> {
        Spread { root: &self.root, inverse: &self.inverse }
    }

    /// Adds what features say to a row that begins with the mean.
    pub(super) fn tell(&self, row: &mut [f32], features: impl Iterator<Item = (usize, f32)>) {
        let width = row.len();
        for (feature, value) in features {
            let weights = &self.weights[feature * width..(feature + 1) * width];
            row.iter_mut().zip(weights).for_each(|(x, w)| *x += value * w);
        }
    }
}

impl Rated {
    pub(super) fn of(kept: &[Kept], data: &Interactions, dim: usize) -> Self {
        let beliefs: Vec<&Belief> = kept.iter().filter_map(|kept| kept.of_rated.as_ref()).collect();
        let told: Vec<&[f32]> = beliefs.iter().map(|belief| belief.mean.as_slice()).collect();
        let all = |part: fn(&Belief) -> &Vec<f32>| beliefs.iter().flat_map(|&b| part(b)).copied().collect();
        let new = data.items().filter(|(_, audience)| audience.is_empty()).map(|(item, _)| item);
        let (root, inverse) = (all(|belief| &belief.root), all(|belief| &belief.inverse));
        Self { told: braid(&told, dim), root, inverse, new: new.collect() }
    }

    pub(super) fn spread(&self) -> Spread<'_> {
        Spread { root: &self.root, inverse: &self.inverse }
    }
}
