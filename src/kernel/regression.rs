//! Many sparse linear regressions on the same features, drawn coefficient by coefficient.
//!
//! For rows e ~ N(F b, I), one independent column per response, and b_j ~ N(0, 1 / lambda_j), one pass draws every
//! coefficient from its distribution given all others (a Gibbs sweep), keeping e - F b. Two passes over the entries of
//! a feature: `2 * entries` multiply-adds per response. Sixteen responses share a pass, one cache line per row.

use super::level::Level;
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

/// One pass: replaces each coefficient and takes the change out of `left`. `precision` is lambda and `noise(j)` the
/// standard normal draws of feature `j`.
///
/// # Panics
/// When a row of `columns` is beyond `left`.
pub fn sweep(
    level: Level,
    columns: Columns<'_>,
    precision: &[f32],
    left: &mut [Responses],
    coefficients: &mut [Responses],
    noise: impl FnMut(usize) -> Responses,
) {
    level.run(Sweep { columns, precision, left, coefficients, noise });
}

struct Sweep<'a, N> {
    columns: Columns<'a>,
    precision: &'a [f32],
    left: &'a mut [Responses],
    coefficients: &'a mut [Responses],
    noise: N,
}

impl<N: FnMut(usize) -> Responses> Job for Sweep<'_, N> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { columns, precision, left, coefficients, mut noise } = self;
        for (j, (coefficient, &lambda)) in coefficients.iter_mut().zip(precision).enumerate() {
            let entries = columns.offsets[j]..columns.offsets[j + 1];
            let (rows, values) = (&columns.rows[entries.clone()], &columns.values[entries]);
            let (mut sums, mut squares) = ([[0.0; RESPONSES]; 2], 0.0);
            for (at, (&row, &value)) in rows.iter().zip(values).enumerate() {
                let (sum, from) = (&mut sums[at % 2], &left[row as usize]);
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
    }
}
