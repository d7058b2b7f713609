//! The leading singular vectors of what the biases leave over, by orthogonal iteration.
//!
//! The residual of user u and item i is divided by sqrt((n_u + d) (n_i + d)), so that rows with few ratings do not
//! pose as directions of their own. Orthonormal columns come from Cholesky-QR done twice (Yamamoto et al. 2015,
//! "Roundoff error analysis of the CholeskyQR2 algorithm"); columns that depend on earlier ones become zero.

use super::biases::{Direction, Events};
use crate::data::Row;
use crate::kernel::{Gram, Level, Rows, RowsMut, SolveError, Stream, combine, transform};
use crate::par::{Workers, chunks, parts};

/// Times the matrix and its transpose are applied.
const ROUNDS: usize = 3;

/// What is left of a column, as part of its square, below which it depends on the columns before it.
const DEPENDENT: f64 = 1e-5;

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
        it.orthonormalise(&mut items)?;
        it.damp(&by_item, &mut items);
        it.multiply(&by_user, (user_biases, item_biases), &items, &mut users)?;
        if round < ROUNDS {
            it.orthonormalise(&mut users)?;
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

    /// Makes the columns orthonormal; dependent ones become zero.
    fn orthonormalise(&self, rows: &mut [f32]) -> Result<(), SolveError> {
        let n = self.width;
        for _ in 0..2 {
            let inverse = inverse_root(&mut self.gram(rows)?, n);
            let matrix = Rows::new(&inverse, n, n)?;
            let done = self.workers.map(
                self.jobs(rows),
                || (),
                |(), (_, part)| transform(self.level, RowsMut::new(part, n, n)?, matrix),
            );
            done.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    /// The products of all columns with each other.
    fn gram(&self, rows: &[f32]) -> Result<Vec<f64>, SolveError> {
        let n = self.width;
        let all = Rows::new(rows, n, n)?;
        let jobs: Vec<_> = chunks(all.count(), ROWS).collect();
        let parts = self.workers.map(
            jobs,
            || Gram::new(n, self.level),
            |gram, part| {
                let mut lower = vec![0.0; n * n];
                gram.clear();
                gram.add(all, part)?;
                gram.lower(&mut lower).map(|()| lower)
            },
        );
        let mut total = vec![0.0; n * n];
        for part in parts {
            total.iter_mut().zip(part?).for_each(|(sum, x)| *sum += f64::from(x));
        }
        for i in 0..n {
            for j in 0..i {
                total[j * n + i] = total[i * n + j];
            }
        }
        Ok(total)
    }
}

/// The inverse of the upper triangular R with R'R = G, row-major; columns that depend on earlier ones are zero.
fn inverse_root(g: &mut [f64], n: usize) -> Vec<f32> {
    let mut inverse = vec![0.0f64; n * n];
    let mut dependent = vec![false; n];
    let squares: Vec<f64> = (0..n).map(|k| g[k * n + k]).collect();
    for k in 0..n {
        // NaN is dependent too.
        let independent = g[k * n + k] > DEPENDENT * squares[k];
        dependent[k] = !independent;
        if dependent[k] {
            g[k * n + k..(k + 1) * n].fill(0.0);
            continue;
        }
        let pivot = 1.0 / g[k * n + k].sqrt();
        let (done, rest) = g.split_at_mut((k + 1) * n);
        let row = &mut done[k * n..];
        row[k..].iter_mut().for_each(|x| *x *= pivot);
        for i in k + 1..n {
            let factor = row[i];
            let to = &mut rest[(i - k - 1) * n..][..n];
            to[i..].iter_mut().zip(&row[i..]).for_each(|(to, x)| *to -= factor * x);
        }
    }
    // Row k of the inverse: e_k / R_kk, then minus what the columns on the way hold.
    for k in (0..n).filter(|&k| !dependent[k]) {
        inverse[k * n + k] = 1.0 / g[k * n + k];
        for j in (k + 1..n).filter(|&j| !dependent[j]) {
            let sum: f64 = (k..j).map(|i| inverse[k * n + i] * g[i * n + j]).sum();
            inverse[k * n + j] = -sum / g[j * n + j];
        }
    }
    inverse.into_iter().map(|x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_orthonormal_and_dependent_ones_zero() {
        let (n, factors) = (300, 7);
        let workers = Workers::new(2).unwrap();
        let it = Iteration { workers: &workers, level: Level::detect(), width: 16, damping: 0.0 };
        let mut rows = it.draw(n, factors, 5);
        for row in rows.chunks_exact_mut(16) {
            row[3] = row[0] - 2.0 * row[1];
        }
        it.orthonormalise(&mut rows).unwrap();
        for i in 0..16 {
            for j in 0..16 {
                let sum: f64 = rows.chunks_exact(16).map(|row| f64::from(row[i]) * f64::from(row[j])).sum();
                let expected = if i == j && i < factors && i != 3 { 1.0 } else { 0.0 };
                assert!((sum - expected).abs() < 1e-5, "{i} {j}: {sum}");
            }
        }
    }
}
