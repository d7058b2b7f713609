//! The coordinates in which the fixed side's Gram matrix is diagonal.

use std::ops::Range;

use crate::kernel::Matrix;
use crate::kernel::{Eigen, Gram, Level, Rows, RowsMut, SolveError, transform};
use crate::par::{Workers, chunks};

/// Rows of one job of the Gram matrix, at least.
const ROWS: usize = 512;

/// Rows of one job of the turn, at least: some blocks of the kernel.
const TURNED: usize = 1008;

/// Jobs of the Gram matrix, at most.
const GRAMS: usize = 32;

/// Entries of the matrices of all those jobs together: each job has one of its own, and all are there until they are
/// added. 128 MiB in double precision; beyond 2,896 factors two jobs have more.
const ENTRIES: usize = 1 << 24;

/// Rows that are summed in single precision before double precision takes over.
const SINGLE: usize = 4096;

/// Rows that are copied at once to be weighted.
const COPIED: usize = 256;

/// Rows of eigenvectors of one job.
const VECTORS: usize = 16;

/// Turns the rows of `side` so that their Gram matrix, in which each has its weight if there are any, becomes diagonal,
/// and returns the diagonal, largest first. Products between the rows and rows of the other side that are solved against
/// them do not know of the turn.
pub(super) fn diagonalise(
    workers: &Workers,
    level: Level,
    factors: usize,
    side: &mut Matrix,
    weights: Option<&[f32]>,
) -> Result<Vec<f32>, SolveError> {
    turned(workers, level, factors, side, weights).map(|basis| basis.diagonal)
}

/// Coordinates.
pub(super) struct Basis {
    /// Turns a row into them, from the right; orthogonal, K x K.
    pub(super) turn: Vec<f32>,
    /// The diagonal of the Gram matrix in them.
    pub(super) diagonal: Vec<f32>,
}

/// The same, and says how it turned them.
pub(super) fn turned(
    workers: &Workers,
    level: Level,
    factors: usize,
    side: &mut Matrix,
    weights: Option<&[f32]>,
) -> Result<Basis, SolveError> {
    let eigen = Eigen::new(level, factors, gram(workers, level, factors, (side, weights))?)?;
    let mut q = vec![0.0; factors * factors];
    let jobs: Vec<_> = q.chunks_mut(VECTORS * factors).enumerate().collect();
    let done = workers.map(jobs, || (), |(), (job, out)| eigen.vectors(job * VECTORS, out));
    done.into_iter().collect::<Result<(), _>>()?;
    turn(workers, level, side, Rows::new(&q, factors, factors)?)?;
    // Rounding may leave a zero below itself.
    let diagonal = eigen.values().iter().map(|value| value.max(0.0) as f32).collect();
    Ok(Basis { turn: q, diagonal })
}

/// The lower triangle of the Gram matrix.
fn gram(
    workers: &Workers,
    level: Level,
    factors: usize,
    (side, weights): (&Matrix, Option<&[f32]>),
) -> Result<Vec<f64>, SolveError> {
    // How many jobs there are decides on the order of sums: it must not depend on the machine.
    let most = (ENTRIES / (factors * factors)).clamp(2, GRAMS);
    let jobs = chunks(side.count(), side.count().div_ceil(most).max(ROWS)).collect();
    let entries = factors * (factors + 1) / 2;
    let parts = workers.map(
        jobs,
        || Gram::new(factors, level),
        |gram, part| {
            let mut sum = vec![0.0; entries];
            for piece in chunks(part.len(), SINGLE) {
                gram.clear();
                let rows = part.start + piece.start..part.start + piece.end;
                match weights {
                    None => gram.add(side.rows()?, rows)?,
                    Some(weights) => add_weighted(gram, side, weights, rows)?,
                }
                gram.add_packed_to(&mut sum)?;
            }
            Ok(sum)
        },
    );
    let mut total = vec![0.0; entries];
    for part in parts {
        total.iter_mut().zip(part?).for_each(|(total, part)| *total += part);
    }
    Ok(square(&total, factors))
}

/// The square matrix that has this lower triangle, packed row after row, and zeros above.
fn square(mut packed: &[f64], order: usize) -> Vec<f64> {
    let mut square = vec![0.0; order * order];
    for (i, row) in square.chunks_exact_mut(order).enumerate() {
        let (from, rest) = packed.split_at(i + 1);
        row[..=i].copy_from_slice(from);
        packed = rest;
    }
    square
}

/// Adds rows that count as often as their weights say.
fn add_weighted(
    gram: &mut Gram,
    side: &Matrix,
    weights: &[f32],
    rows: Range<usize>,
) -> Result<(), SolveError> {
    let mut copy = Vec::new();
    for piece in chunks(rows.len(), COPIED) {
        copy.clear();
        for row in rows.start + piece.start..rows.start + piece.end {
            let root = weights[row].sqrt();
            copy.extend(side.row(row).iter().map(|x| root * x));
        }
        gram.add(Rows::new(&copy, side.width(), side.width())?, 0..piece.len())?;
    }
    Ok(())
}

fn turn(workers: &Workers, level: Level, side: &mut Matrix, q: Rows<'_>) -> Result<(), SolveError> {
    let (width, stride) = (q.width(), side.stride());
    let jobs: Vec<_> = side.floats_mut().chunks_mut(TURNED.max(4 * width) * stride).collect();
    let done = workers.map(jobs, || (), |(), part| transform(level, RowsMut::new(part, width, stride)?, q));
    done.into_iter().collect()
}
