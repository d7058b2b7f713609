//! Many sparse linear regressions on the same features, drawn coefficient by coefficient.
//!
//! For rows e ~ N(F b, I), one independent column per response, and b_j ~ N(0, 1 / lambda_j), one pass draws every
//! coefficient from its distribution given all others (a Gibbs sweep), keeping e - F b. Two passes over the entries of
//! a feature: `2 * entries` multiply-adds per response. Sixteen responses share a pass, one cache line per row.

use super::error::SolveError;
use super::level::Level;
use super::row::check_len;
use super::simd::{Job, Simd};

/// Responses that are drawn together: one cache line.
pub const RESPONSES: usize = 16;

/// One number for each of the responses.
pub type Responses = [f32; RESPONSES];

/// The features of some rows, column by column.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Where each feature's entries begin; one more than there are features.
    pub offsets: &'a [usize],
    /// The rows that have the feature.
    pub rows: &'a [u32],
    /// How much of it they have.
    pub values: &'a [f32],
}

impl Columns<'_> {
    /// The rows and values of a feature.
    fn column(&self, feature: usize) -> Result<(&[u32], &[f32]), SolveError> {
        let entries = self.offsets[feature]..self.offsets[feature + 1];
        let shape = SolveError::Shape {
            what: "rows of columns",
            expected: entries.start.max(entries.end),
            found: self.rows.len(),
        };
        let rows = self.rows.get(entries.clone()).ok_or(shape)?;
        Ok((rows, &self.values[entries]))
    }
}

/// One pass: replaces each coefficient and takes the change out of `left`. `precision` is lambda, a number above 0, and
/// `noise(j)` the standard normal draws of feature `j`. After an error coefficients and `left` are of no use.
///
/// # Errors
/// [`SolveError::Shape`] when columns, precision and coefficients do not fit each other, and [`SolveError::Index`] when a
/// row of `columns` is beyond `left`.
pub fn sweep(
    level: Level,
    columns: Columns<'_>,
    precision: &[f32],
    left: &mut [Responses],
    coefficients: &mut [Responses],
    noise: impl FnMut(usize) -> Responses,
) -> Result<(), SolveError> {
    let n = coefficients.len();
    check_len("precision", n, precision.len())?;
    check_len("offsets of columns", n + 1, columns.offsets.len())?;
    check_len("values of columns", columns.rows.len(), columns.values.len())?;
    level.run(Sweep { columns, precision, left, coefficients, noise })
}

struct Sweep<'a, N> {
    columns: Columns<'a>,
    precision: &'a [f32],
    left: &'a mut [Responses],
    coefficients: &'a mut [Responses],
    noise: N,
}

impl<N: FnMut(usize) -> Responses> Job for Sweep<'_, N> {
    type Out = Result<(), SolveError>;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Self::Out {
        let Self { columns, precision, left, coefficients, mut noise } = self;
        for (j, (coefficient, &lambda)) in coefficients.iter_mut().zip(precision).enumerate() {
            let (rows, values) = columns.column(j)?;
            let (mut sums, mut squares) = ([[0.0; RESPONSES]; 2], 0.0);
            for (at, (&row, &value)) in rows.iter().zip(values).enumerate() {
                let Some(from) = left.get(row as usize) else {
                    return Err(SolveError::Index { index: row as usize, rows: left.len() });
                };
                let sum = &mut sums[at % 2];
                for k in 0..RESPONSES {
                    sum[k] += value * from[k];
                }
                squares += value * value;
            }
            let draws = noise(j);
            let scale = 1.0 / (squares + lambda);
            let deviation = scale.sqrt();
            let mut change = [0.0; RESPONSES];
            for k in 0..RESPONSES {
                let mean = (sums[0][k] + sums[1][k] + squares * coefficient[k]) * scale;
                let drawn = mean + deviation * draws[k];
                change[k] = drawn - coefficient[k];
                coefficient[k] = drawn;
            }
            for (&row, &value) in rows.iter().zip(values) {
                let to = &mut left[row as usize];
                for k in 0..RESPONSES {
                    to[k] -= value * change[k];
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    const ROWS: usize = 7;
    const FEATURES: usize = 3;
    const LAMBDA: [f32; FEATURES] = [0.5, 2.0, 1.0];

    /// Three features: one of every row, one of a few, one that nobody has.
    const OFFSETS: [usize; FEATURES + 1] = [0, 7, 10, 10];
    const ENTRIES: [u32; 10] = [0, 1, 2, 3, 4, 5, 6, 1, 3, 6];
    const VALUES: [f32; 10] = [1.0, 1.0, 0.5, 1.0, -1.0, 1.0, 2.0, 1.5, 1.0, -0.5];

    fn columns() -> Columns<'static> {
        Columns { offsets: &OFFSETS, rows: &ENTRIES, values: &VALUES }
    }

    fn told(row: usize, response: usize) -> f32 {
        ((row * 5 + response * 3) % 11) as f32 / 4.0 - 1.0
    }

    fn targets() -> Vec<Responses> {
        (0..ROWS).map(|row| std::array::from_fn(|response| told(row, response))).collect()
    }

    fn noise(pass: u64) -> impl FnMut(usize) -> Responses {
        move |feature| {
            let mut draws = [0.0; RESPONSES];
            Stream { seed: 1, epoch: pass, side: 0, row: feature as u64 }.normal().fill(&mut draws);
            draws
        }
    }

    /// F, densely.
    fn dense() -> [[f64; FEATURES]; ROWS] {
        let mut dense = [[0.0; FEATURES]; ROWS];
        for feature in 0..FEATURES {
            for at in OFFSETS[feature]..OFFSETS[feature + 1] {
                dense[ENTRIES[at] as usize][feature] = f64::from(VALUES[at]);
            }
        }
        dense
    }

    #[test]
    fn many_sweeps_are_the_posterior_of_the_regression() {
        const PASSES: u64 = 60_000;
        let (mut left, mut b) = (targets(), vec![[0.0; RESPONSES]; FEATURES]);
        let mut sum = [[0.0; RESPONSES]; FEATURES];
        let mut squares = [[0.0; FEATURES]; FEATURES];
        for pass in 0..PASSES {
            sweep(Level::detect(), columns(), &LAMBDA, &mut left, &mut b, noise(pass)).unwrap();
            for i in 0..FEATURES {
                (0..RESPONSES).for_each(|k| sum[i][k] += f64::from(b[i][k]));
                (0..FEATURES).for_each(|j| squares[i][j] += f64::from(b[i][0]) * f64::from(b[j][0]));
            }
        }
        let f = dense();
        // Posterior precision F'F + diag(lambda), its mean where precision times mean is F'e.
        let precision: [[f64; FEATURES]; FEATURES] = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let own = if i == j { f64::from(LAMBDA[i]) } else { 0.0 };
                own + f.iter().map(|row| row[i] * row[j]).sum::<f64>()
            })
        });
        let n = PASSES as f64;
        for i in 0..FEATURES {
            for response in 0..RESPONSES {
                let found: f64 = (0..FEATURES).map(|j| precision[i][j] * sum[j][response] / n).sum();
                let expected: f64 = (0..ROWS).map(|row| f[row][i] * f64::from(told(row, response))).sum();
                assert!((found - expected).abs() < 0.05, "{i} {response}: {found}, not {expected}");
            }
            for j in 0..FEATURES {
                let covariance = |k: usize| squares[k][j] / n - sum[k][0] * sum[j][0] / (n * n);
                let found: f64 = (0..FEATURES).map(|k| precision[i][k] * covariance(k)).sum();
                let expected = f64::from(u8::from(i == j));
                assert!((found - expected).abs() < 0.05, "{i} {j}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn what_is_left_is_kept_and_no_level_changes_a_bit() {
        let mut first = None;
        for level in Level::available() {
            let (mut left, mut b) = (targets(), vec![[0.25; RESPONSES]; FEATURES]);
            // The coefficients that are there are taken out of the targets already.
            let f = dense();
            let said = |b: &[Responses], row: usize, k: usize| -> f64 {
                (0..FEATURES).map(|j| f[row][j] * f64::from(b[j][k])).sum()
            };
            for (row, left) in left.iter_mut().enumerate() {
                (0..RESPONSES).for_each(|k| left[k] -= said(&b, row, k) as f32);
            }
            for pass in 0..50 {
                sweep(level, columns(), &LAMBDA, &mut left, &mut b, noise(pass)).unwrap();
            }
            for (row, left) in left.iter().enumerate() {
                for k in 0..RESPONSES {
                    let expected = f64::from(told(row, k)) - said(&b, row, k);
                    assert!((f64::from(left[k]) - expected).abs() < 1e-4, "{level} {row} {k}");
                }
            }
            let bits: Vec<u32> = left.iter().chain(&b).flatten().map(|x| x.to_bits()).collect();
            assert_eq!(*first.get_or_insert(bits.clone()), bits, "{level}");
        }
    }

    #[test]
    fn columns_that_do_not_fit_are_errors() {
        let attempt = |columns: Columns<'_>, precision: &[f32], rows: usize| {
            let mut b = vec![[0.0; RESPONSES]; FEATURES];
            let mut left = vec![[0.0; RESPONSES]; rows];
            sweep(Level::detect(), columns, precision, &mut left, &mut b, noise(0)).unwrap_err()
        };
        let good = columns();
        let shape = |error: SolveError| matches!(error, SolveError::Shape { .. });
        assert!(shape(attempt(good, &LAMBDA[1..], ROWS)));
        assert!(shape(attempt(Columns { offsets: &OFFSETS[1..], ..good }, &LAMBDA, ROWS)));
        assert!(shape(attempt(Columns { offsets: &[], ..good }, &LAMBDA, ROWS)));
        assert!(shape(attempt(Columns { values: &VALUES[1..], ..good }, &LAMBDA, ROWS)));
        assert!(shape(attempt(Columns { offsets: &[0, 7, 11, 11], ..good }, &LAMBDA, ROWS)));
        assert!(shape(attempt(Columns { offsets: &[0, 7, 3, 10], ..good }, &LAMBDA, ROWS)));
        assert!(shape(attempt(Columns { offsets: &[0, 7, 9, usize::MAX], ..good }, &LAMBDA, ROWS)));
        assert_eq!(attempt(good, &LAMBDA, 6), SolveError::Index { index: 6, rows: 6 });
    }
}
