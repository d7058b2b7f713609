//! Work on all rows of a matrix, shared between threads.

use crate::kernel::{Gram, Level, Matrix, Moments, Rows, RowsMut, SolveError, transform};
use crate::par::{Workers, chunks};
use std::ops::Range;

/// Rows of one job.
const ROWS: usize = 512;

/// Rows that are summed in single precision before double precision takes over.
const SINGLE: usize = 4096;

/// Numbers in single precision.
pub(super) fn single(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&x| x as f32).collect()
}

/// Multiplies every row by a square matrix from the right.
pub(super) fn multiply(
    workers: &Workers,
    level: Level,
    rows: &mut Matrix,
    by: &[f64],
) -> Result<(), SolveError> {
    let (width, stride) = (rows.width(), rows.stride());
    let by = single(by);
    let by = Rows::new(&by, width, width)?;
    let jobs = rows.floats_mut().chunks_mut(ROWS * stride).collect();
    let done = workers.map(
        jobs,
        || (),
        |(), part: &mut [f32]| transform(level, RowsMut::new(part, width, stride)?, by),
    );
    done.into_iter().collect()
}

/// Changes every row.
pub(super) fn each_row(
    workers: &Workers,
    rows: &mut Matrix,
    change: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    let stride = rows.stride();
    let jobs = rows.floats_mut().chunks_mut(ROWS * stride).enumerate().collect();
    workers.map(
        jobs,
        || (),
        |(), (job, part): (usize, &mut [f32])| {
            for (r, row) in part.chunks_exact_mut(stride).enumerate() {
                change(job * ROWS + r, row);
            }
        },
    );
}

/// Count, sum and squares of all rows.
pub(super) fn moments(workers: &Workers, level: Level, rows: &Matrix) -> Result<Moments, SolveError> {
    let dim = rows.width();
    let jobs = chunks(rows.count(), SINGLE.min(rows.count().div_ceil(16).max(ROWS))).collect();
    let sums = workers.map(
        jobs,
        || Gram::new(dim, level),
        |gram, part: Range<usize>| {
            gram.clear();
            let mut lower = vec![0.0; dim * dim];
            gram.add(rows.rows()?, part.clone())?;
            gram.lower(&mut lower)?;
            let mut sum = vec![0.0f64; dim];
            for r in part {
                sum.iter_mut().zip(rows.row(r)).for_each(|(s, &x)| *s += f64::from(x));
            }
            Ok((lower, sum))
        },
    );
    let mut moments = Moments::new(dim);
    moments.count = rows.count() as f64;
    for part in sums {
        let (lower, sum): (Vec<f32>, _) = part?;
        moments.squares.iter_mut().zip(lower).for_each(|(s, x)| *s += f64::from(x));
        moments.sum.iter_mut().zip(sum).for_each(|(s, x)| *s += x);
    }
    Ok(moments)
}
