//! The leading singular vectors of what the biases leave over, by orthogonal iteration.
//!
//! The residual of user u and item i is divided by sqrt((n_u + d) (n_i + d)), so that rows with few ratings do not
//! pose as directions of their own.

use super::biases::{Direction, Events};
use super::columns::orthonormalise;
use crate::data::Row;
use crate::kernel::{Level, Rows, SolveError, Stream, combine};
use crate::par::{Workers, parts};

/// Times the matrix and its transpose are applied.
const ROUNDS: usize = 3;

/// Rows of one job of the dense steps.
const ROWS: usize = 512;

/// The family of the random draws.
const SIDE: u64 = 0;

/// Tall matrices as rows of `width` floats, padded with zeros.
struct Iteration<'a> {
    workers: &'a Workers,
    level: Level,
    width: usize,
    damping: f32,
}

/// Factors of the users, `factors` in rows of `stride` floats, of mean square length 1; zero for users without events.
pub(in crate::rating) struct UserFactors {
    pub(in crate::rating) rows: Vec<f32>,
    pub(in crate::rating) stride: usize,
}

/// Runs the iteration from random factors of the users.
pub(in crate::rating) fn user_factors(
    workers: &Workers,
    level: Level,
    events: &Events<'_>,
    (user_biases, item_biases): (&[f32], &[f32]),
    (factors, damping, seed): (usize, f32, u64),
) -> Result<UserFactors, SolveError> {
    let (by_user, by_item) = (events.by_user(), events.by_item());
    let it = Iteration { workers, level, width: factors.next_multiple_of(16), damping };
    let mut users = it.draw(by_user.n(), factors, seed);
    let mut items = vec![0.0; by_item.n() * it.width];
    it.damp(&by_user, &mut users);
    for round in 1..=ROUNDS {
        it.multiply(&by_item, (item_biases, user_biases), &users, &mut items)?;
        orthonormalise(workers, level, it.width, &mut items)?;
        it.damp(&by_item, &mut items);
        it.multiply(&by_user, (user_biases, item_biases), &items, &mut users)?;
        if round < ROUNDS {
            orthonormalise(workers, level, it.width, &mut users)?;
            it.damp(&by_user, &mut users);
        }
    }
    let square: f64 = users.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let active = (0..by_user.n()).filter(|&row| by_user.len(row) > 0).count();
    let scale = if square > 0.0 { (active as f64 / square).sqrt() } else { 0.0 };
    users.iter_mut().for_each(|x| *x = (f64::from(*x) * scale) as f32);
    Ok(UserFactors { rows: users, stride: it.width })
}

impl Iteration<'_> {
    fn jobs<'r>(&self, rows: &'r mut [f32]) -> Vec<(usize, &'r mut [f32])> {
        rows.chunks_mut(ROWS * self.width).enumerate().map(|(job, part)| (job * ROWS, part)).collect()
    }

    /// Standard normal rows, each from a generator of its own.
    fn draw(&self, n: usize, factors: usize, seed: u64) -> Vec<f32> {
        let mut rows = vec![0.0; n * self.width];
        self.workers.map(
            self.jobs(&mut rows),
            || (),
            |(), (first, part)| {
                for (row, to) in part.chunks_exact_mut(self.width).enumerate() {
                    let place = Stream { seed, epoch: 0, side: SIDE, row: (first + row) as u64 };
                    place.normal().fill(&mut to[..factors]);
                }
            },
        );
        rows
    }

    /// Divides each row by the root of its damped number of events; rows without events become zero.
    fn damp<'d, Ix: Copy + Into<usize> + Sync + 'd>(
        &self,
        side: &Direction<'_, impl Fn(usize) -> Row<'d, Ix> + Send + Sync>,
        rows: &mut [f32],
    ) {
        for (row, to) in rows.chunks_exact_mut(self.width).enumerate() {
            let factor = self.factor(side.len(row));
            to.iter_mut().for_each(|x| *x *= factor);
        }
    }

    fn factor(&self, n: usize) -> f32 {
        if n == 0 { 0.0 } else { 1.0 / (n as f32 + self.damping).sqrt() }
    }

    /// Rows of the damped residuals times the (damped) rows of the other side.
    fn multiply<'d, Ix: Copy + Into<usize> + Sync + 'd>(
        &self,
        side: &Direction<'_, impl Fn(usize) -> Row<'d, Ix> + Send + Sync>,
        (biases, other_biases): (&[f32], &[f32]),
        other: &[f32],
        out: &mut [f32],
    ) -> Result<(), SolveError> {
        let fixed = Rows::new(other, self.width, self.width)?;
        let jobs: Vec<_> = side.cuts.iter().cloned().zip(parts(out, self.width, side.cuts)).collect();
        let done = self.workers.map(jobs, Vec::new, |left: &mut Vec<f32>, (rows, out)| {
            for (r, out) in rows.zip(out.chunks_exact_mut(self.width)) {
                let row = (side.row)(r);
                left.clear();
                let residual =
                    |(id, value): (Ix, f32)| side.standard(value) - biases[r] - other_biases[id.into()];
                left.extend(row.iter().map(residual));
                combine(self.level, fixed, row.ids, left, out)?;
                let factor = self.factor(row.len());
                out.iter_mut().for_each(|x| *x *= factor);
            }
            Ok(())
        });
        done.into_iter().collect()
    }
}
