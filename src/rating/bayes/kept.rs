//! The samples a model answers from.

use super::cold::Cold;
use super::draws::{Draw, place};
use super::side::Side;
use crate::kernel::{Matrix, Stream};

/// The prior of one sample.
pub(super) struct Belief {
    pub(super) mean: Vec<f32>,
    /// See [`Gaussian`](crate::kernel::Gaussian).
    pub(super) root: Vec<f32>,
    pub(super) inverse: Vec<f32>,
    /// One row per feature.
    pub(super) weights: Vec<f32>,
}

/// One sample. There is a row per user or item.
pub(super) struct Kept {
    pub(super) users: Vec<f32>,
    pub(super) items: Vec<f32>,
    pub(super) of_users: Belief,
    pub(super) of_items: Belief,
    /// Of users without ratings, where it is not that of all.
    pub(super) of_newcomers: Option<Belief>,
    /// Of items with ratings, where it is not that of all: the mean holds the prior mean of every item.
    pub(super) of_rated: Option<Belief>,
}

impl Belief {
    /// The prior of a side, without the weights of all but the first features.
    pub(super) fn of(side: &Side, features: u32) -> Self {
        let (gaussian, single) = (&side.gaussian, super::matrices::single);
        let weights = side.link.as_ref().map_or(Vec::new(), |link| head(&link.weights, features as usize));
        Self {
            mean: single(&gaussian.mean),
            root: single(&gaussian.root),
            inverse: single(&gaussian.inverse),
            weights,
        }
    }
}

impl Belief {
    /// The prior of the rows of a side, each with its own mean; zeros where there are no ratings.
    pub(super) fn of_each(side: &Side, offsets: &[usize]) -> Self {
        let dim = side.rows.width();
        let mut means = side.told.to_dense();
        for (r, row) in means.chunks_exact_mut(dim).enumerate() {
            let rated = offsets[r] < offsets[r + 1];
            row.iter_mut().zip(&side.gaussian.mean).for_each(|(told, mean)| {
                *told = if rated { *told + *mean as f32 } else { 0.0 };
            });
        }
        Self { mean: means, ..Self::of(side, 0) }
    }
}

/// Copies the rows of a side. A row without ratings is drawn from its prior anew, which is that of `cold` if there is
/// one, and samples go by pairs of which one is as far above the prior mean as the other below: so the mean over the
/// samples is the prior mean, without noise.
pub(super) fn rows<R: From<u32> + Into<usize>>(
    side: &Side,
    cold: Option<&Cold<R>>,
    offsets: &[usize],
    (seed, n, part): (u64, usize, usize),
) -> Vec<f32> {
    let dim = side.rows.width();
    let gaussian = &cold.map_or(side, |cold| &cold.side).gaussian;
    let at = place(seed, n / 2, Draw::Cold, part);
    let sign = if n.is_multiple_of(2) { 1.0 } else { -1.0 };
    let mut rows = side.rows.to_dense();
    for (r, row) in rows.chunks_exact_mut(dim).enumerate().filter(|(r, _)| offsets[*r] == offsets[r + 1]) {
        let mut normal = Stream { row: r as u64, ..at }.normal();
        let told = cold.map_or_else(|| side.told.row(r).to_vec(), |cold| cold.told(r));
        let white: Vec<f64> = (0..dim).map(|_| sign * normal.draw()).collect();
        for (k, x) in row.iter_mut().enumerate() {
            let spread: f64 =
                white.iter().zip(gaussian.inverse[k..].iter().step_by(dim)).map(|(w, i)| w * i).sum();
            *x = told[k] + (gaussian.mean[k] + spread) as f32;
        }
    }
    rows
}

/// The rows of all samples, one behind the other for each user, item or feature: row `r` of sample `s` begins at
/// `(r * samples + s) * dim`.
pub(super) fn braid(samples: &[&[f32]], dim: usize) -> Vec<f32> {
    let count = samples.first().map_or(0, |first| first.len() / dim);
    let of_row = |r: usize| samples.iter().flat_map(move |sample| &sample[r * dim..(r + 1) * dim]);
    (0..count).flat_map(of_row).copied().collect()
}

/// The first rows, one after the other without gaps.
fn head(matrix: &Matrix, rows: usize) -> Vec<f32> {
    (0..rows.min(matrix.count())).flat_map(|row| matrix.row(row)).copied().collect()
}
