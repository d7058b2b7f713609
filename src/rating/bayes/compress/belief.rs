//! What there is to believe of somebody new, and coordinates in which it is simple.

use super::super::BayesianMf;
use super::maps::Maps;
use crate::kernel::{Eigen, Gram, Level, Rows, SolveError};
use crate::par::{Workers, chunks};
use crate::rating::mf::{Activity, Prior};

/// Users of one job.
const USERS: usize = 64;

/// Variances below this part of the largest are none.
const NOTHING: f64 = 1e-9;

/// How users with ratings differ, and samples of them: a line in the covariate of their activity, and what is left over.
pub(super) struct Belief {
    level: Level,
    mean: Vec<f64>,
    slope: Vec<f64>,
    /// Covariances about the line; square.
    spread: Vec<f64>,
}

impl Belief {
    pub(super) fn of(
        model: &BayesianMf,
        maps: &Maps,
        activity: &Activity,
        workers: &Workers,
    ) -> Result<Self, SolveError> {
        let (level, width, samples) = (model.level, maps.width(), model.parts.samples);
        // Factors, bias, covariate, one.
        let n = width + 2;
        let offsets = model.parts.seen.offsets();
        let known: Vec<usize> =
            (0..offsets.len() - 1).filter(|&row| offsets[row] < offsets[row + 1]).collect();
        let parts = workers.map(
            chunks(known.len(), USERS).collect(),
            || (vec![0.0; samples * width], vec![0.0; samples * n], Gram::new(n, level)),
            |(draws, rows, gram), span| {
                gram.clear();
                for &user in &known[span] {
                    maps.user(model.parts.user(user), draws)?;
                    let covariate = activity.covariate(offsets[user + 1] - offsets[user]);
                    for (to, draw) in rows.chunks_exact_mut(n).zip(draws.chunks_exact(width)) {
                        to[..width].copy_from_slice(draw);
                        (to[width], to[width + 1]) = (covariate, 1.0);
                    }
                    gram.add(Rows::new(rows, n, n)?, 0..samples)?;
                }
                let mut lower = vec![0.0; n * n];
                gram.lower(&mut lower).map(|()| lower)
            },
        );
        let mut sums = vec![0.0; n * n];
        for part in parts {
            sums.iter_mut().zip(part?).for_each(|(sum, x)| *sum += f64::from(x));
        }
        if !sums.iter().all(|x| x.is_finite()) {
            return Err(SolveError::NotFinite);
        }
        Ok(Self::solve(level, width, &sums))
    }

    /// From the lower triangle of the products of (row, covariate, 1), summed.
    fn solve(level: Level, width: usize, sums: &[f64]) -> Self {
        let n = width + 2;
        let (of_covariate, of_one) = (&sums[width * n..][..n], &sums[(width + 1) * n..][..n]);
        let count = of_one[width + 1].max(1.0);
        let center = of_one[width] / count;
        let variation = of_covariate[width] - center * of_one[width];
        let slope = |k: usize| {
            let together = of_covariate[k] - center * of_one[k];
            if variation > 1e-6 * count { together / variation } else { 0.0 }
        };
        let slope: Vec<f64> = (0..width).map(slope).collect();
        let mean: Vec<f64> = (0..width).map(|k| of_one[k] / count - slope[k] * center).collect();
        let about = |at: usize| {
            let (i, j) = (at / width, at % width);
            let (i, j) = (i.max(j), i.min(j));
            (sums[i * n + j] - mean[i] * of_one[j] - slope[i] * of_covariate[j]) / count
        };
        let spread = (0..width * width).map(about).collect();
        Self { level, mean, slope, spread }
    }

    /// Turns the maps so that all coordinates of users are independent, and factors have a variance of one; returns them
    /// with the prior.
    pub(super) fn whiten(&self, maps: Maps) -> Result<(Maps, Prior), SolveError> {
        let (k, width) = (maps.factors, maps.width());
        let of_factors = (0..k * k).map(|at| self.spread[at / k * width + at % k]).collect();
        let eigen = Eigen::new(self.level, k, of_factors)?;
        let mut turn = vec![0.0; k * k];
        eigen.vectors(0, &mut turn)?;
        let least = NOTHING * eigen.values()[0].max(f64::MIN_POSITIVE);
        let roots: Vec<f64> =
            eigen.values().iter().map(|&v| if v > least { v.sqrt() } else { 0.0 }).collect();
        let inverses: Vec<f64> =
            roots.iter().map(|&root| if root > 0.0 { 1.0 / root } else { 0.0 }).collect();
        let turned = |row: &[f64], scale: &[f64]| -> Vec<f64> {
            let product =
                |j: usize| (0..k).map(|i| row[i] * f64::from(turn[i * k + j])).sum::<f64>() * scale[j];
            (0..k).map(product).collect()
        };
        // What the bias has in common with the factors goes to the factors of all items.
        let shift = turned(&self.spread[k * width..][..k], &inverses);
        let own = self.spread[k * width + k] - shift.iter().map(|x| x * x).sum::<f64>();
        let line = |row: &[f64]| -> Vec<f32> {
            let mut out = turned(&row[..k], &inverses);
            let common: f64 = out.iter().zip(&shift).map(|(a, b)| a * b).sum();
            out.push(row[k] - common);
            out.into_iter().map(|x| x as f32).collect()
        };
        let mut precision = vec![1.0; width];
        precision[k] = (1.0 / own.max(NOTHING)) as f32;
        let prior = Prior { mean: line(&self.mean), slope: line(&self.slope), precision };
        let all = |map: &[f32], scale: &[f64]| -> Vec<f32> {
            let double = |row: &[f32]| row.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            map.chunks_exact(k).flat_map(|row| turned(&double(row), scale)).map(|x| x as f32).collect()
        };
        let (of_users, of_items) = (all(&maps.of_users, &inverses), all(&maps.of_items, &roots));
        let shift = shift.into_iter().map(|x| x as f32).collect();
        Ok((maps.turned(of_users, of_items, shift), prior))
    }
}
