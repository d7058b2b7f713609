//! The normal distribution of many rows, drawn from what a sample of the rows says of it.
//!
//! Rows x ~ N(mu, Lambda^-1) with the conjugate prior mu ~ N(0, (beta Lambda)^-1), Lambda ~ Wishart(I, nu), and further
//! vectors v ~ N(0, Lambda^-1) whose mean is known to be zero. (Murphy 2007, "Conjugate Bayesian analysis of the
//! Gaussian distribution"; the Wishart draw is Bartlett's decomposition, 1933.)

use super::error::SolveError;
use super::rng::Normal;
use super::row::check_len;

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

    fn check(&self) -> Result<(), SolveError> {
        let dim = self.sum.len();
        check_len("squares", dim * dim, self.squares.len())?;
        check_len("zero_mean", dim * dim, self.zero_mean.len())?;
        let sound = |count: f64| count >= 0.0 && count.is_finite();
        let counts = sound(self.count) && sound(self.zero_mean_count);
        if counts { Ok(()) } else { Err(SolveError::NotPositiveDefinite) }
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
    /// [`SolveError::NotPositiveDefinite`] when the sums are not those of finite rows, and [`SolveError::Shape`] when they
    /// are not of one dimension.
    pub fn draw(moments: &Moments, normal: &mut Normal) -> Result<Self, SolveError> {
        let dim = moments.sum.len();
        moments.check()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    const DIM: usize = 3;

    fn normal(row: u64) -> Normal {
        Stream { seed: 5, epoch: 0, side: 0, row }.normal()
    }

    /// Sums over rows that lean to one side and hang together, and over vectors of mean zero.
    fn moments() -> Moments {
        let row =
            |n: usize| [1.0 + (n % 5) as f64, (n % 3) as f64 - 1.0, 0.5 * (n % 5) as f64 - (n % 2) as f64];
        let mut moments = Moments::new(DIM);
        (moments.count, moments.zero_mean_count) = (20.0, 6.0);
        for n in 0..26 {
            let x = row(n);
            for i in 0..DIM {
                if n < 20 {
                    moments.sum[i] += x[i];
                }
                let to = if n < 20 { &mut moments.squares } else { &mut moments.zero_mean };
                (0..=i).for_each(|j| to[i * DIM + j] += x[i] * x[j]);
            }
        }
        moments
    }

    fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
        product(DIM, |i, k| a[i * DIM + k], |k, j| b[k * DIM + j])
    }

    fn transposed(a: &[f64]) -> Vec<f64> {
        (0..DIM * DIM).map(|at| a[at % DIM * DIM + at / DIM]).collect()
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
        let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= tolerance * (1.0 + e.abs()));
        assert!(near && found.len() == expected.len(), "{found:?}, not {expected:?}");
    }

    const IDENTITY: [f64; DIM * DIM] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

    #[test]
    fn draws_are_those_of_the_normal_wishart_posterior() {
        const DRAWS: usize = 40_000;
        let told = moments();
        let weight = told.count + BETA;
        let center: Vec<f64> = told.sum.iter().map(|sum| sum / weight).collect();
        let lower = |at: usize| (at / DIM).max(at % DIM) * DIM + (at / DIM).min(at % DIM);
        let scale: Vec<f64> = (0..DIM * DIM)
            .map(|at| {
                let about = told.squares[lower(at)] - weight * center[at / DIM] * center[at % DIM];
                IDENTITY[at] + about + told.zero_mean[lower(at)]
            })
            .collect();
        let degrees = DIM as f64 + 2.0 + 26.0;
        let (mut precision, mut squares) = (vec![0.0; DIM * DIM], vec![0.0; DIM * DIM]);
        let (mut mean, mut spread) = (vec![0.0; DIM], vec![0.0; DIM * DIM]);
        let mut normal = normal(0);
        for _ in 0..DRAWS {
            let drawn = Gaussian::draw(&told, &mut normal).unwrap();
            let lambda = times(&drawn.root, &transposed(&drawn.root));
            // One over their number, so that sums are means.
            let share = 1.0 / DRAWS as f64;
            for at in 0..DIM * DIM {
                precision[at] += share * lambda[at];
                squares[at] += share * lambda[at] * lambda[at];
                let about = |i: usize| drawn.mean[i] - center[i];
                spread[at] += share * about(at / DIM) * about(at % DIM);
            }
            mean.iter_mut().zip(&drawn.mean).for_each(|(m, x)| *m += share * x);
        }
        // E[Lambda] = degrees T^-1.
        let white: Vec<f64> = times(&precision, &scale).iter().map(|x| x / degrees).collect();
        assert_near(&white, &IDENTITY, 0.02);
        // Var[Lambda_ij] = degrees (V_ij^2 + V_ii V_jj), V = T^-1.
        let v: Vec<f64> = precision.iter().map(|x| x / degrees).collect();
        for at in 0..DIM * DIM {
            let (i, j) = (at / DIM, at % DIM);
            let expected = degrees * (v[at] * v[at] + v[i * DIM + i] * v[j * DIM + j]);
            let found = squares[at] - precision[at] * precision[at];
            assert!((found / expected - 1.0).abs() < 0.06, "{i} {j}: {found}, not {expected}");
        }
        assert_near(&mean, &center, 0.01);
        // Cov[mu] = E[Lambda^-1] / weight, and E[Lambda^-1] = T / (degrees - dim - 1).
        let expected: Vec<f64> = scale.iter().map(|t| t / ((degrees - DIM as f64 - 1.0) * weight)).collect();
        let largest = expected.iter().copied().fold(0.0, f64::max);
        let near = spread.iter().zip(&expected).all(|(s, e)| (s - e).abs() < 0.03 * largest);
        assert!(near, "{spread:?}, not {expected:?}");
    }

    #[test]
    fn the_way_there_and_back_is_none() {
        for row in 0..50 {
            let drawn = Gaussian::draw(&moments(), &mut normal(row)).unwrap();
            assert_near(&times(&drawn.root, &drawn.inverse), &IDENTITY, 1e-10);
            let white = drawn.white_mean();
            let back: Vec<f64> =
                (0..DIM).map(|j| (0..DIM).map(|k| white[k] * drawn.inverse[k * DIM + j]).sum()).collect();
            assert_near(&back, &drawn.mean, 1e-10);
        }
        let standard = Gaussian::standard(DIM);
        assert_eq!((&standard.root[..], &standard.inverse[..]), (&IDENTITY[..], &IDENTITY[..]));
    }

    #[test]
    fn nothing_seen_is_the_prior() {
        let drawn = Gaussian::draw(&Moments::new(DIM), &mut normal(0)).unwrap();
        assert!(drawn.mean.iter().chain(&drawn.root).chain(&drawn.inverse).all(|x| x.is_finite()));
        assert!(Gaussian::draw(&Moments::new(0), &mut normal(0)).unwrap().mean.is_empty());
    }

    #[test]
    fn sums_of_no_rows_are_errors() {
        let fails = |change: &dyn Fn(&mut Moments)| {
            let mut moments = moments();
            change(&mut moments);
            Gaussian::draw(&moments, &mut normal(0)).unwrap_err()
        };
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(fails(&|m| m.count = bad), SolveError::NotPositiveDefinite);
            assert_eq!(fails(&|m| m.zero_mean_count = bad), SolveError::NotPositiveDefinite);
            for i in 0..DIM {
                assert_eq!(fails(&|m| m.sum[i] = bad), SolveError::NotPositiveDefinite);
                for at in (0..=i).map(|j| i * DIM + j) {
                    assert_eq!(fails(&|m| m.squares[at] = bad), SolveError::NotPositiveDefinite);
                    assert_eq!(fails(&|m| m.zero_mean[at] = bad), SolveError::NotPositiveDefinite);
                }
            }
        }
        assert_eq!(fails(&|m| m.count = -3.0), SolveError::NotPositiveDefinite);
        assert_eq!(fails(&|m| m.squares[4] = -1e6), SolveError::NotPositiveDefinite);
        assert!(matches!(fails(&|m| m.squares.truncate(4)), SolveError::Shape { what: "squares", .. }));
        assert!(matches!(fails(&|m| m.zero_mean.clear()), SolveError::Shape { what: "zero_mean", .. }));
        assert!(matches!(fails(&|m| m.sum.push(0.0)), SolveError::Shape { .. }));
    }
}
