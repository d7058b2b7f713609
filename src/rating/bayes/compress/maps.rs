//! From the samples of a row to the coordinates of the small model.
//!
//! With means x0 of the users' factors and (y0, b0) of the items' rows, the score in a sample is
//! (x - x0) . (y - y0), which the maps make small, and what belongs to one side alone: the user's bias + x . y0 + b0, and
//! x0 . (y - y0) + b - b0 of the item.

use super::super::BayesianMf;
use super::subspace::{Tall, find};
use crate::kernel::{Level, Rows, SolveError, combine, dot};
use crate::par::Workers;

/// Rows of one job.
const ROWS: usize = 64;

/// The least variance of an item's coordinate.
const SURE: f64 = 1e-9;

/// How rows of the samples become rows of the small model: factors and a bias.
pub(super) struct Maps {
    level: Level,
    pub(super) factors: usize,
    dim: usize,
    samples: usize,
    /// A row for each column of the samples' rows.
    pub(super) of_users: Vec<f32>,
    pub(super) of_items: Vec<f32>,
    /// What every item's factors have in common; a user's bias is less by as much.
    shift: Vec<f32>,
    user_center: Vec<f32>,
    item_center: Vec<f32>,
}

impl Maps {
    /// The best of so many factors, rows as heavy as they have ratings.
    pub(super) fn find(model: &BayesianMf, factors: usize, workers: &Workers) -> Result<Self, SolveError> {
        let (parts, level) = (&model.parts, model.level);
        let (width, dim) = (parts.width(), parts.dim());
        let mut heard = vec![0usize; parts.noise.items.len()];
        parts.seen.items().iter().for_each(|item| heard[item.ix()] += 1);
        let root = |n: usize| (n as f32).sqrt();
        let rated = parts.seen.offsets().windows(2).map(|row| root(row[1] - row[0])).collect();
        let of = (workers, level);
        let users = Tall::new(of, Rows::new(&parts.users, width, width)?, rated, dim)?;
        let items = Rows::new(&parts.items, width, parts.item_width())?;
        let items = Tall::new(of, items, heard.into_iter().map(root).collect(), dim)?;
        let (of_users, mut of_items) = find(&users, &items, factors)?;
        // The score is the mean over the samples.
        of_items.iter_mut().for_each(|x| *x /= parts.samples as f32);
        let (user_center, item_center) = (users.center, items.center);
        let (samples, shift) = (parts.samples, vec![0.0; factors]);
        Ok(Self { level, factors, dim, samples, of_users, of_items, shift, user_center, item_center })
    }

    /// The same in other coordinates.
    pub(super) fn turned(self, of_users: Vec<f32>, of_items: Vec<f32>, shift: Vec<f32>) -> Self {
        Self { of_users, of_items, shift, ..self }
    }

    /// Numbers of a row of the small model.
    pub(super) fn width(&self) -> usize {
        self.factors + 1
    }

    /// Each sample of a user.
    pub(super) fn user(&self, row: &[f32], out: &mut [f32]) -> Result<(), SolveError> {
        let last = self.dim - 1;
        self.each(row, &self.user_center, &self.of_users, out)?;
        for ((to, x), y0) in out
            .chunks_exact_mut(self.width())
            .zip(row.chunks_exact(self.dim))
            .zip(self.item_center.chunks_exact(self.dim))
        {
            let common = dot(self.level, &to[..self.factors], &self.shift);
            to[self.factors] = x[last] + dot(self.level, &x[..last], &y0[..last]) + y0[last] - common;
        }
        Ok(())
    }

    /// Each sample of an item.
    pub(super) fn item(&self, row: &[f32], out: &mut [f32]) -> Result<(), SolveError> {
        let last = self.dim - 1;
        self.each(row, &self.item_center, &self.of_items, out)?;
        let centers = self.user_center.chunks_exact(self.dim).zip(self.item_center.chunks_exact(self.dim));
        for ((to, y), (x0, y0)) in
            out.chunks_exact_mut(self.width()).zip(row.chunks_exact(self.dim)).zip(centers)
        {
            to.iter_mut().zip(&self.shift).for_each(|(to, shift)| *to += shift);
            let x0 = &x0[..last];
            to[self.factors] =
                dot(self.level, x0, &y[..last]) - dot(self.level, x0, &y0[..last]) + y[last] - y0[last];
        }
        Ok(())
    }

    /// The factors of each sample: as if all samples were like it.
    fn each(&self, row: &[f32], center: &[f32], map: &[f32], out: &mut [f32]) -> Result<(), SolveError> {
        let (dim, k) = (self.dim, self.factors);
        let columns: Vec<usize> = (0..dim - 1).collect();
        let mut apart = vec![0.0; dim - 1];
        for (sample, to) in out.chunks_exact_mut(self.width()).enumerate() {
            let span = sample * dim..(sample + 1) * dim - 1;
            let rows = row[span.clone()].iter().zip(&center[span]);
            apart.iter_mut().zip(rows).for_each(|(to, (x, center))| *to = self.samples as f32 * (x - center));
            let by = Rows::new(&map[sample * dim * k..][..dim * k], k, k)?;
            combine(self.level, by, &columns, &apart, &mut to[..k])?;
        }
        Ok(())
    }

    /// The mean row of every user.
    pub(super) fn users(&self, model: &BayesianMf, workers: &Workers) -> Result<Vec<f32>, SolveError> {
        let all = self.means(model.parts.noise.users.len(), workers, |row, out| {
            self.user(model.parts.user(row), out)
        })?;
        Ok(all.0)
    }

    /// The mean row of every item, and how far samples differ from it.
    pub(super) fn items(
        &self,
        model: &BayesianMf,
        workers: &Workers,
    ) -> Result<(Vec<f32>, Vec<f32>), SolveError> {
        let width = model.parts.width();
        self.means(model.parts.noise.items.len(), workers, |row, out| {
            self.item(&model.parts.item(row)[..width], out)
        })
    }

    /// Means and variances over the samples.
    fn means(
        &self,
        n: usize,
        workers: &Workers,
        draws: impl Fn(usize, &mut [f32]) -> Result<(), SolveError> + Sync,
    ) -> Result<(Vec<f32>, Vec<f32>), SolveError> {
        let (width, count) = (self.width(), self.samples as f64);
        let (mut means, mut variances) = (vec![0.0; n * width], vec![0.0; n * width]);
        let jobs =
            means.chunks_mut(ROWS * width).zip(variances.chunks_mut(ROWS * width)).enumerate().collect();
        let done = workers.map(
            jobs,
            || vec![0.0; self.samples * width],
            |each, (job, (means, variances)): (usize, (&mut [f32], &mut [f32]))| {
                let rows = means.chunks_exact_mut(width).zip(variances.chunks_exact_mut(width)).enumerate();
                for (at, (mean, variance)) in rows {
                    draws(job * ROWS + at, each)?;
                    for k in 0..width {
                        let column = || each[k..].iter().step_by(width).map(|&x| f64::from(x));
                        let center = column().sum::<f64>() / count;
                        let squares: f64 = column().map(|x| (x - center).powi(2)).sum();
                        mean[k] = center as f32;
                        variance[k] = (squares / (count - 1.0).max(1.0)).max(SURE) as f32;
                    }
                }
                Ok(())
            },
        );
        done.into_iter().collect::<Result<(), _>>().map(|()| (means, variances))
    }
}
