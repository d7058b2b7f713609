//! A Gram matrix that moves with its rows.

use crate::kernel::{Gram, Level, Rows, SolveError};

/// The Gram matrix of one side, in coordinates in which it was diagonal to begin with.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    /// The lower triangle, row-major; in double precision, so that a thousand batches leave no trace of rounding.
    lower: Vec<f64>,
    factors: usize,
}

impl Moving {
    pub(super) fn of(diagonal: &[f32]) -> Self {
        let factors = diagonal.len();
        let mut lower = vec![0.0; factors * factors];
        diagonal.iter().enumerate().for_each(|(k, &x)| lower[k * factors + k] = f64::from(x));
        Self { lower, factors }
    }

    /// Adds rows that came and takes away those that went; they lie one after the other.
    pub(super) fn exchange(&mut self, level: Level, came: &[f32], went: &[f32]) -> Result<(), SolveError> {
        for (rows, sign) in [(came, 1.0), (went, -1.0)] {
            let rows = Rows::new(rows, self.factors, self.factors)?;
            let mut gram = Gram::new(self.factors, level);
            let mut lower = vec![0.0; self.lower.len()];
            gram.add(rows, 0..rows.count())?;
            gram.lower(&mut lower)?;
            self.lower.iter_mut().zip(lower).for_each(|(sum, x)| *sum += sign * f64::from(x));
        }
        Ok(())
    }

    /// What stands on the diagonal, which rounding may leave below zero.
    pub(super) fn diagonal(&self) -> Vec<f32> {
        (0..self.factors).map(|k| self.at(k, k).max(0.0) as f32).collect()
    }

    /// What the diagonal does not hold: the root of the mean, over the coordinates, of the sum of squared correlations
    /// with the others. 0 if the matrix is diagonal.
    pub(super) fn drift(&self) -> f64 {
        let mut sum = 0.0;
        for i in 0..self.factors {
            for j in 0..i {
                let size = self.at(i, i) * self.at(j, j);
                if size > 0.0 {
                    sum += 2.0 * self.at(i, j).powi(2) / size;
                }
            }
        }
        (sum / self.factors as f64).sqrt()
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.lower[i * self.factors + j]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_and_go() {
        let mut gram = Moving::of(&[4.0, 1.0]);
        assert_eq!((gram.diagonal(), gram.drift()), (vec![4.0, 1.0], 0.0));
        gram.exchange(Level::detect(), &[1.0, 2.0, 0.0, 1.0], &[]).unwrap();
        assert_eq!(gram.diagonal(), [5.0, 6.0]);
        assert!((gram.drift() - 2.0 / 30f64.sqrt()).abs() < 1e-12);
        gram.exchange(Level::detect(), &[], &[1.0, 2.0, 0.0, 1.0]).unwrap();
        assert_eq!((gram.diagonal(), gram.drift()), (vec![4.0, 1.0], 0.0));
    }
}
