//! Columns of tall matrices: their products, and orthonormal ones in their place.
//!
//! Orthonormal columns come from Cholesky-QR done twice (Yamamoto et al. 2015, "Roundoff error analysis of the
//! CholeskyQR2 algorithm"); columns that depend on earlier ones become zero.

use crate::kernel::{Gram, Level, Rows, RowsMut, SolveError, transform};
use crate::par::{Workers, chunks};

/// What is left of a column, as part of its square, below which it depends on the columns before it.
const DEPENDENT: f64 = 1e-5;

/// Rows of one job.
const ROWS: usize = 512;

/// Makes the columns orthonormal; dependent ones become zero. Rows have `n` numbers.
pub(in crate::rating) fn orthonormalise(
    workers: &Workers,
    level: Level,
    n: usize,
    rows: &mut [f32],
) -> Result<(), SolveError> {
    for _ in 0..2 {
        let inverse = inverse_root(&mut gram(workers, level, n, rows)?, n);
        multiply(workers, level, n, rows, &inverse)?;
    }
    Ok(())
}

/// Multiplies every row by a square matrix from the right.
pub(in crate::rating) fn multiply(
    workers: &Workers,
    level: Level,
    n: usize,
    rows: &mut [f32],
    by: &[f32],
) -> Result<(), SolveError> {
    let by = Rows::new(by, n, n)?;
    let jobs = rows.chunks_mut(ROWS * n).collect();
    let done =
        workers.map(jobs, || (), |(), part: &mut [f32]| transform(level, RowsMut::new(part, n, n)?, by));
    done.into_iter().collect()
}

/// The products of all columns with each other.
pub(in crate::rating) fn gram(
    workers: &Workers,
    level: Level,
    n: usize,
    rows: &[f32],
) -> Result<Vec<f64>, SolveError> {
    let all = Rows::new(rows, n, n)?;
    let jobs: Vec<_> = chunks(all.count(), ROWS).collect();
    let parts = workers.map(
        jobs,
        || Gram::new(n, level),
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

/// The inverse of the upper triangular R with R'R = G, row-major; columns that depend on earlier ones are zero.
pub(in crate::rating) fn inverse_root(g: &mut [f64], n: usize) -> Vec<f32> {
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
    use crate::kernel::Stream;

    #[test]
    fn columns_become_orthonormal_and_dependent_ones_zero() {
        let (n, factors) = (300, 7);
        let workers = Workers::new(2).unwrap();
        let mut rows = vec![0.0; n * 16];
        for (r, row) in (0..).zip(rows.chunks_exact_mut(16)) {
            Stream { seed: 5, epoch: 0, side: 0, row: r }.normal().fill(&mut row[..factors]);
            row[3] = row[0] - 2.0 * row[1];
        }
        orthonormalise(&workers, Level::detect(), 16, &mut rows).unwrap();
        for i in 0..16 {
            for j in 0..16 {
                let sum: f64 = rows.chunks_exact(16).map(|row| f64::from(row[i]) * f64::from(row[j])).sum();
                let expected = if i == j && i < factors && i != 3 { 1.0 } else { 0.0 };
                assert!((sum - expected).abs() < 1e-5, "{i} {j}: {sum}");
            }
        }
    }
}
