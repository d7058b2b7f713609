//! The normal distribution of many rows, drawn from what a sample of the rows says of it.
//!
//! Rows x ~ N(mu, Lambda^-1) with the conjugate prior mu ~ N(0, (beta Lambda)^-1), Lambda ~ Wishart(I, nu), and further
//! vectors v ~ N(0, Lambda^-1) whose mean is known to be zero. (Murphy 2007, "Conjugate Bayesian analysis of the
//! Gaussian distribution"; the Wishart draw is Bartlett's decomposition, 1933.)

use super::error::SolveError;
use super::rng::Normal;

/// How many rows the prior of the mean is worth.
const BETA: f64 = 2.0;

/// Sums over rows: what a draw of their distribution rests on.
#[derive(Debug, Clone)]
pub struct Moments {
    /// How many rows.
    pub count: f64,
    /// Their sum.
    pub sum: Vec<f64>,
    /// The sum of x x', row-major; the lower triangle is read.
    pub squares: Vec<f64>,
    /// How many further vectors of mean zero `zero_mean` sums over.
    pub zero_mean_count: f64,
    /// The sum of v v' over them, likewise.
    pub zero_mean: Vec<f64>,
}

impl Moments {
    /// No rows.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        let square = vec![0.0; dim * dim];
        Self {
            count: 0.0,
            sum: vec![0.0; dim],
            squares: square.clone(),
            zero_mean_count: 0.0,
            zero_mean: square,
        }
    }
}

/// A normal distribution N(mean, (G G')^-1) of rows, with what takes rows to coordinates in which it is N(G' mean, I)
/// and back. Matrices are row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    /// The mean.
    pub mean: Vec<f64>,
    /// G: a row x becomes x' G.
    pub root: Vec<f64>,
    /// G^-1: a whitened row z becomes z' G^-1.
    pub inverse: Vec<f64>,
}

impl Gaussian {
    /// The standard normal distribution.
    #[must_use]
    pub fn standard(dim: usize) -> Self {
        let mut identity = vec![0.0; dim * dim];
        (0..dim).for_each(|i| identity[i * dim + i] = 1.0);
        Self { mean: vec![0.0; dim], root: identity.clone(), inverse: identity }
    }

    /// Draws mean and precision given the rows. `O(dim^3)`.
    ///
    /// # Errors
    /// [`SolveError::NotPositiveDefinite`] when the sums are not those of finite rows.
    pub fn draw(moments: &Moments, normal: &mut Normal) -> Result<Self, SolveError> {
        let dim = moments.sum.len();
        let weight = moments.count + BETA;
        let center: Vec<f64> = moments.sum.iter().map(|sum| sum / weight).collect();
        // T = I + the scatter about the mean, as the prior of the mean sees it.
        let mut scale = vec![0.0; dim * dim];
        for i in 0..dim {
            for j in 0..=i {
                let at = i * dim + j;
                let about = moments.squares[at] - weight * center[i] * center[j];
                scale[at] = about + moments.zero_mean[at] + f64::from(u8::from(i == j));
            }
        }
        cholesky(dim, &mut scale)?;
        // Two more than the least, so that every chi-squared draw has a shape of more than one.
        let degrees = dim as f64 + 2.0 + moments.count + moments.zero_mean_count;
        let bartlett = bartlett(dim, degrees, normal);
        // Lambda = T^-T A A' T^-1, so G = T^-T A and G^-1 = A^-1 T'.
        let (below, a_inverse) = (invert_lower(dim, &scale), invert_lower(dim, &bartlett));
        let root =
            product(dim, |i, k| if k >= i { below[k * dim + i] } else { 0.0 }, |k, j| bartlett[k * dim + j]);
        let inverse =
            product(dim, |i, k| a_inverse[i * dim + k], |k, j| if j >= k { scale[j * dim + k] } else { 0.0 });
        let noise: Vec<f64> = (0..dim).map(|_| normal.draw() / weight.sqrt()).collect();
        let mean = (0..dim)
            .map(|j| center[j] + (0..dim).map(|k| noise[k] * inverse[k * dim + j]).sum::<f64>())
            .collect();
        Ok(Self { mean, root, inverse })
    }

    /// The mean in whitened coordinates.
    #[must_use]
    pub fn white_mean(&self) -> Vec<f64> {
        let dim = self.mean.len();
        let column = |j: usize| (0..dim).map(|i| self.mean[i] * self.root[i * dim + j]).sum();
        (0..dim).map(column).collect()
    }
}

/// The lower factor A of a Wishart draw A A' with scale I.
fn bartlett(dim: usize, degrees: f64, normal: &mut Normal) -> Vec<f64> {
    let mut a = vec![0.0; dim * dim];
    for i in 0..dim {
        for j in 0..i {
            a[i * dim + j] = normal.draw();
        }
        a[i * dim + i] = (2.0 * normal.gamma((degrees - i as f64) / 2.0)).sqrt();
    }
    a
}

/// Replaces the lower triangle by its Cholesky factor; the upper becomes zero.
fn cholesky(dim: usize, a: &mut [f64]) -> Result<(), SolveError> {
    for j in 0..dim {
        for i in j..dim {
            let dot: f64 = (0..j).map(|k| a[i * dim + k] * a[j * dim + k]).sum();
            let left = a[i * dim + j] - dot;
            if i > j {
                a[i * dim + j] = left / a[j * dim + j];
            } else if left > 0.0 && left.is_finite() {
                a[j * dim + j] = left.sqrt();
            } else {
                return Err(SolveError::NotPositiveDefinite);
            }
        }
        a[j * dim + j + 1..(j + 1) * dim].fill(0.0);
    }
    Ok(())
}

/// The inverse of a lower triangular matrix.
fn invert_lower(dim: usize, a: &[f64]) -> Vec<f64> {
    let mut inverse = vec![0.0; dim * dim];
    for j in 0..dim {
        inverse[j * dim + j] = 1.0 / a[j * dim + j];
        for i in j + 1..dim {
            let sum: f64 = (j..i).map(|k| a[i * dim + k] * inverse[k * dim + j]).sum();
            inverse[i * dim + j] = -sum / a[i * dim + i];
        }
    }
    inverse
}

fn product(dim: usize, a: impl Fn(usize, usize) -> f64, b: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut out = vec![0.0; dim * dim];
    for i in 0..dim {
        for k in 0..dim {
            let left = a(i, k);
            if left != 0.0 {
                (0..dim).for_each(|j| out[i * dim + j] += left * b(k, j));
            }
        }
    }
    out
}
