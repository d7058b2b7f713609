//! The best approximation of low rank of a product of two tall matrices, by orthogonal iteration in their rows.
//!
//! (Halko, Martinsson & Tropp 2011, "Finding structure with randomness".) The product itself is never made.

use crate::kernel::{Eigen, Level, Rows, SolveError, Stream, combine};
use crate::par::{Workers, chunks};
use crate::rating::start::{gram, inverse_root, multiply, orthonormalise};

/// Times the product and its transpose are applied.
const ROUNDS: usize = 6;

/// Columns beyond those asked for: they make the last ones exact.
const BEYOND: usize = 8;

/// Squared singular values below this part of the largest are rounding.
const NOTHING: f64 = 1e-9;

/// Rows that are summed while they are in the cache.
const CACHED: usize = 128;

/// The most partial sums that are in memory at once.
const SUMS: usize = 32;

/// The rows of one side.
pub(super) struct Tall<'a> {
    pub(super) workers: &'a Workers,
    pub(super) level: Level,
    pub(super) rows: Rows<'a>,
    /// Roots of the weights.
    pub(super) roots: Vec<f32>,
    /// The weighted mean, which is taken from each row.
    pub(super) center: Vec<f32>,
    /// Every how many-th column is a bias, and counts nothing.
    pub(super) dim: usize,
}

impl<'a> Tall<'a> {
    pub(super) fn new(
        (workers, level): (&'a Workers, Level),
        rows: Rows<'a>,
        roots: Vec<f32>,
        dim: usize,
    ) -> Result<Self, SolveError> {
        let mut tall = Self { workers, level, rows, roots, center: vec![0.0; rows.width()], dim };
        let total: f64 = tall.roots.iter().map(|&root| f64::from(root).powi(2)).sum();
        if total > 0.0 {
            let roots = tall.roots.clone();
            tall.center = tall.sums(&roots, 1)?.into_iter().map(|sum| (sum / total) as f32).collect();
        }
        Ok(tall)
    }

    /// Sums of root * row * factors': a row for each column, of as many numbers as `factors` has columns.
    fn sums(&self, factors: &[f32], k: usize) -> Result<Vec<f64>, SolveError> {
        let (n, width) = (self.rows.count(), self.rows.width());
        let jobs = chunks(n, n.div_ceil(SUMS).next_multiple_of(CACHED).max(CACHED)).collect();
        let parts = self.workers.map(
            jobs,
            || (),
            |(), span: std::ops::Range<usize>| {
                let (mut total, mut sum) = (vec![0.0f64; width * k], vec![0.0; width]);
                for part in chunks(span.len(), CACHED) {
                    let part: Vec<usize> = part.map(|at| span.start + at).collect();
                    for column in 0..k {
                        let of_row = |&row: &usize| self.roots[row] * factors[row * k + column];
                        let coefficients: Vec<f32> = part.iter().map(of_row).collect();
                        combine(self.level, self.rows, &part, &coefficients, &mut sum)?;
                        let to = total[column..].iter_mut().step_by(k);
                        to.zip(&sum).for_each(|(to, &x)| *to += f64::from(x));
                    }
                }
                Ok(total)
            },
        );
        let mut total = vec![0.0; width * k];
        for part in parts {
            total.iter_mut().zip(part?).for_each(|(to, x)| *to += x);
        }
        Ok(total)
    }

    /// The same of centred rows; those of biases are zero.
    fn gather(&self, factors: &[f32], k: usize) -> Result<Vec<f32>, SolveError> {
        let mut total = self.sums(factors, k)?;
        let mut all = vec![0.0f64; k];
        for (&root, row) in self.roots.iter().zip(factors.chunks_exact(k)) {
            all.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(root * x));
        }
        for (column, (to, &center)) in total.chunks_exact_mut(k).zip(&self.center).enumerate() {
            let counts = if column % self.dim + 1 < self.dim { 1.0 } else { 0.0 };
            to.iter_mut().zip(&all).for_each(|(to, sum)| *to = counts * (*to - f64::from(center) * sum));
        }
        let single: Vec<f32> = total.into_iter().map(|x| x as f32).collect();
        if single.iter().all(|x| x.is_finite()) { Ok(single) } else { Err(SolveError::NotFinite) }
    }

    /// Products of the centred rows with the columns of `map`, times the roots.
    fn project(&self, map: &[f32], k: usize) -> Result<Vec<f32>, SolveError> {
        let mut out = vec![0.0; self.rows.count() * k];
        let (columns, by) = ((0..self.rows.width()).collect::<Vec<usize>>(), Rows::new(map, k, k)?);
        let mut center = vec![0.0; k];
        combine(self.level, by, &columns, &self.center, &mut center)?;
        let jobs = out.chunks_mut(CACHED * k).enumerate().collect();
        let done = self.workers.map(
            jobs,
            || (),
            |(), (job, part): (usize, &mut [f32])| {
                for (at, to) in part.chunks_exact_mut(k).enumerate() {
                    let row = job * CACHED + at;
                    let from = self.rows.row(row).unwrap_or_default();
                    combine(self.level, by, &columns, from, to)?;
                    let root = self.roots[row];
                    to.iter_mut().zip(&center).for_each(|(x, center)| *x = root * (*x - center));
                }
                Ok(())
            },
        );
        done.into_iter().collect::<Result<(), _>>().map(|()| out)
    }
}

/// Maps from rows of users, and of items, to `factors` coordinates each: of centred rows x and y, (x M) . (y N) is the best
/// approximation of x . y.
pub(super) fn find(
    users: &Tall<'_>,
    items: &Tall<'_>,
    factors: usize,
) -> Result<(Vec<f32>, Vec<f32>), SolveError> {
    let (workers, level) = (users.workers, users.level);
    let k = (factors + BEYOND).next_multiple_of(16);
    let mut p = vec![0.0; users.rows.count() * k];
    for (row, to) in (0..).zip(p.chunks_exact_mut(k)) {
        Stream { seed: 0, epoch: 0, side: 0, row }.normal().fill(to);
    }
    let mut q = Vec::new();
    for round in 0..=ROUNDS {
        q = items.project(&users.gather(&p, k)?, k)?;
        if round < ROUNDS {
            orthonormalise(workers, level, k, &mut q)?;
            p = users.project(&items.gather(&q, k)?, k)?;
            orthonormalise(workers, level, k, &mut p)?;
        }
    }
    let turn = leading(level, k, factors, gram(workers, level, k, &q)?)?;
    multiply(workers, level, k, &mut q, &turn)?;
    let q: Vec<f32> = q.chunks_exact(k).flat_map(|row| &row[..factors]).copied().collect();
    let mut of_users = items.gather(&q, factors)?;
    let mut p = users.project(&of_users, factors)?;
    let inverse = inverse_root(&mut gram(workers, level, factors, &p)?, factors);
    multiply(workers, level, factors, &mut p, &inverse)?;
    multiply(workers, level, factors, &mut of_users, &inverse)?;
    Ok((of_users, users.gather(&p, factors)?))
}

/// Turns columns with these products into as many orthonormal ones as asked for, the longest first; the rest are zeros.
fn leading(level: Level, k: usize, factors: usize, products: Vec<f64>) -> Result<Vec<f32>, SolveError> {
    let eigen = Eigen::new(level, k, products)?;
    let mut turn = vec![0.0; k * k];
    eigen.vectors(0, &mut turn)?;
    let least = NOTHING * eigen.values()[0];
    let scale = |column: usize| {
        let value = eigen.values()[column];
        if column < factors && value > least { (1.0 / value.sqrt()) as f32 } else { 0.0 }
    };
    let scales: Vec<f32> = (0..k).map(scale).collect();
    turn.chunks_exact_mut(k).for_each(|row| row.iter_mut().zip(&scales).for_each(|(x, scale)| *x *= scale));
    Ok(turn)
}
