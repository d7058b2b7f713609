//! Products of many rows with one vector, or the coefficients of one sparse row.

use super::buffer::LINE;
use super::error::SolveError;
use super::level::Level;
use super::row::{Rows, check_len};
use super::simd::{Job, Simd};
use super::vector::dot_in;

struct Products<'a> {
    rows: Rows<'a>,
    first: usize,
    x: &'a [f32],
    bias: &'a [f32],
    offset: f32,
    out: &'a mut [f32],
}

impl Job for Products<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { rows, first, x, bias, offset, out } = self;
        for (r, out) in out.iter_mut().enumerate() {
            let row = rows.row(first + r).unwrap_or_default();
            let bias = bias.get(first + r).copied().unwrap_or_default();
            *out = dot_in(s, row, x) + (bias + offset);
        }
    }
}

/// `out[r] = row[first + r] . x + bias[first + r] + offset` for as many rows as `out` has places; no biases are all
/// zero. One row's product does not depend on the others.
///
/// # Errors
/// [`SolveError::Shape`] when `x` is not as wide as the rows, or rows or biases are missing.
pub fn products(
    level: Level,
    rows: Rows<'_>,
    first: usize,
    x: &[f32],
    bias: &[f32],
    offset: f32,
    out: &mut [f32],
) -> Result<(), SolveError> {
    check_len("vector", rows.width(), x.len())?;
    let last = first.saturating_add(out.len());
    let biases = if bias.is_empty() { last } else { bias.len() };
    for count in [rows.count(), biases] {
        check_len("rows of the product", last.min(count), last)?;
    }
    level.run(Products { rows, first, x, bias, offset, out });
    Ok(())
}

struct Combine<'a, 'o, I> {
    rows: Rows<'a>,
    indices: &'a [I],
    coefficients: &'a [f32],
    out: &'o mut [f32],
}

impl<I: Copy + Into<usize>> Job for Combine<'_, '_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut at = 0;
        let width = self.rows.width();
        while at + 4 * S::LANES <= width {
            self.block::<S, 4>(s, at);
            at += 4 * S::LANES;
        }
        while at + 2 * S::LANES <= width {
            self.block::<S, 2>(s, at);
            at += 2 * S::LANES;
        }
        while at + S::LANES <= width {
            self.block::<S, 1>(s, at);
            at += S::LANES;
        }
        for k in at..width {
            let term = |(&i, c): (&I, &f32)| c * self.rows.row(i.into()).unwrap_or_default()[k];
            self.out[k] = self.indices.iter().zip(self.coefficients).map(term).sum();
        }
    }
}

impl<I: Copy + Into<usize>> Combine<'_, '_, I> {
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, s: S, at: usize) {
        let mut sums = [s.zero(); V];
        for (&i, &c) in self.indices.iter().zip(self.coefficients) {
            let row = &self.rows.row(i.into()).unwrap_or_default()[at..at + V * S::LANES];
            let c = s.splat(c);
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = s.fma(c, s.load(&row[v * S::LANES..]), *sum);
            }
        }
        for (v, sum) in sums.into_iter().enumerate() {
            s.store(sum, &mut self.out[at + v * S::LANES..]);
        }
    }
}

/// `out = sum_j c_j row[i_j]`, summed in the order of the indices; `n * width` multiply-adds.
///
/// # Errors
/// [`SolveError::Shape`] when the slices differ in length, [`SolveError::Index`].
pub fn combine<I: Copy + Into<usize>>(
    level: Level,
    rows: Rows<'_>,
    indices: &[I],
    coefficients: &[f32],
    out: &mut [f32],
) -> Result<(), SolveError> {
    check_len("coefficients", indices.len(), coefficients.len())?;
    check_len("sum", rows.width(), out.len())?;
    check_indices(rows, indices)?;
    level.run(Combine { rows, indices, coefficients, out });
    Ok(())
}

/// Gathered rows are fetched so many rows before they are read.
const AHEAD: usize = 6;

struct Gathered<'a, I> {
    rows: Rows<'a>,
    indices: &'a [I],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl<I: Copy + Into<usize>> Job for Gathered<'_, I> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { rows, indices, x, out } = self;
        for (j, (&i, out)) in indices.iter().zip(out).enumerate() {
            if let Some(next) = indices.get(j + AHEAD).and_then(|&i| rows.row(i.into())) {
                next.chunks(LINE).for_each(|line| s.prefetch(line));
            }
            *out = dot_in(s, rows.row(i.into()).unwrap_or_default(), x);
        }
    }
}

/// `out[j] = row[i_j] . x`; `n * width` multiply-adds.
///
/// # Errors
/// [`SolveError::Shape`] when the slices differ in length, [`SolveError::Index`].
pub fn gathered_products<I: Copy + Into<usize>>(
    level: Level,
    rows: Rows<'_>,
    indices: &[I],
    x: &[f32],
    out: &mut [f32],
) -> Result<(), SolveError> {
    check_len("vector", rows.width(), x.len())?;
    check_len("products", indices.len(), out.len())?;
    check_indices(rows, indices)?;
    level.run(Gathered { rows, indices, x, out });
    Ok(())
}

fn check_indices<I: Copy + Into<usize>>(rows: Rows<'_>, indices: &[I]) -> Result<(), SolveError> {
    match indices.iter().map(|&i| i.into()).find(|&i| i >= rows.count()) {
        Some(index) => Err(SolveError::Index { index, rows: rows.count() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    fn draw(row: u64, len: usize) -> Vec<f32> {
        let mut out = vec![0.0; len];
        Stream { seed: 4, epoch: 0, side: 0, row }.normal().fill(&mut out);
        out
    }

    fn near(found: f32, exact: f64, place: &str) {
        assert!((f64::from(found) - exact).abs() < 1e-4 * (1.0 + exact.abs()), "{place}: {found} {exact}");
    }

    fn product(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>) -> f64 {
        a.zip(b).map(|(a, b)| f64::from(a) * f64::from(b)).sum()
    }

    #[test]
    fn every_level_agrees_with_f64_at_every_width() {
        const ROWS: usize = 9;
        for level in Level::available() {
            for n in (1..70).chain([128, 131]) {
                let place = format!("{level} width {n}");
                let (data, x, bias) = (draw(1, ROWS * n), draw(2, n), draw(3, ROWS));
                let rows = Rows::new(&data, n, n).unwrap();
                let mut out = [0.0; 5];
                products(level, rows, 3, &x, &bias, 0.5, &mut out).unwrap();
                for (r, &found) in (3..).zip(&out) {
                    let row = data[r * n..][..n].iter().copied();
                    near(found, product(row, x.iter().copied()) + f64::from(bias[r]) + 0.5, &place);
                }
                let (indices, coefficients) = ([8usize, 0, 3, 8, 1], draw(4, 5));
                let mut sum = vec![0.0; n];
                combine(level, rows, &indices, &coefficients, &mut sum).unwrap();
                for (k, &found) in sum.iter().enumerate() {
                    let column = indices.iter().map(|&i| data[i * n + k]);
                    near(found, product(column, coefficients.iter().copied()), &place);
                }
                let mut gathered = [0.0; 5];
                gathered_products(level, rows, &indices, &x, &mut gathered).unwrap();
                for (&i, &found) in indices.iter().zip(&gathered) {
                    near(found, product(data[i * n..][..n].iter().copied(), x.iter().copied()), &place);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let data = [1.0; 6];
        let (rows, level) = (Rows::new(&data, 2, 2).unwrap(), Level::SCALAR);
        let bias = [0.0; 3];
        assert!(products(level, rows, 0, &[1.0], &bias, 0.0, &mut [0.0]).is_err());
        assert!(products(level, rows, 2, &[1.0; 2], &bias, 0.0, &mut [0.0; 2]).is_err());
        assert!(products(level, rows, usize::MAX, &[1.0; 2], &bias, 0.0, &mut [0.0; 2]).is_err());
        assert!(combine(level, rows, &[0usize], &[], &mut [0.0; 2]).is_err());
        let beyond = combine(level, rows, &[3usize], &[1.0], &mut [0.0; 2]);
        assert_eq!(beyond, Err(SolveError::Index { index: 3, rows: 3 }));
        let gathered = |indices: &[usize], x: &[f32]| {
            let mut out = [0.0; 2];
            gathered_products(level, rows, indices, x, &mut out).map(|()| out)
        };
        assert_eq!(gathered(&[0, 2], &[1.0; 2]), Ok([2.0; 2]));
        assert!(gathered(&[0], &[1.0; 2]).is_err() && gathered(&[0, 0], &[1.0]).is_err());
        assert_eq!(gathered(&[0, 3], &[1.0; 2]), Err(SolveError::Index { index: 3, rows: 3 }));
    }
}
