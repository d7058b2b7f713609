//! How much of a row's answer does each of its targets carry?
//!
//! The row x that minimises `sum_j w_j (t_j - y_j.x)^2 + (x - m)' D (x - m)` is linear in the targets and the prior
//! mean, so a product with any vector v falls into a term of the prior and one of each event:
//!
//! ```text
//! v.x = u.(D m) + sum_j h_j t_j,      A = D + Y'WY,      u = A^-1 v,      h_j = w_j y_j.u
//! ```
//!
//! The terms may be much larger than their sum, so all is done in double precision. Short rows go through the n x n
//! matrix `I + Z Z'` with `Z = W^1/2 Y D^-1/2`, where h is found without a difference; long ones through A.

use super::error::SolveError;
use super::level::Level;
use super::row::{Method, check_len};
use super::simd::{Job, Simd};

/// One row's system in double precision, factored once, for any number of vectors.
///
/// Cost: `n D^2 / 2 + D^3 / 6` or `n^2 D / 2 + n^3 / 6` multiply-adds, whichever is less, and `D^2 + n D` or
/// `n^2 + 2 n D` for a vector. Memory: `n D` numbers and the square of the smaller of n and D.
#[derive(Debug, Clone)]
pub(crate) struct Influence {
    level: Level,
    method: Method,
    /// sqrt(w_j) y_j; in the dual times D^-1/2. One after the other.
    rows: Vec<f64>,
    /// sqrt(w_j)
    roots: Vec<f64>,
    /// 1 / sqrt(D_k)
    scales: Vec<f64>,
    /// U of `U'U`, which is A or `I + Z Z'`: the upper triangle of a square matrix.
    upper: Vec<f64>,
}

impl Influence {
    /// Factors the system of `rows` (one y after the other, as wide as `diagonal`) with a weight each, at least 0.
    ///
    /// # Errors
    /// [`SolveError`] for lengths that do not fit and numbers that are not finite or out of range.
    pub(crate) fn new(
        level: Level,
        rows: Vec<f64>,
        weights: &[f64],
        diagonal: &[f64],
    ) -> Result<Self, SolveError> {
        let (n, d) = (weights.len() as f64, diagonal.len() as f64);
        let cost = |n: f64, d: f64| n * d * d / 2.0 + d * d * d / 6.0;
        let method = if cost(d, n) < cost(n, d) { Method::Dual } else { Method::Primal };
        Self::by(method, level, rows, weights, diagonal)
    }

    /// The same by a method of the caller's choice.
    fn by(
        method: Method,
        level: Level,
        mut rows: Vec<f64>,
        weights: &[f64],
        diagonal: &[f64],
    ) -> Result<Self, SolveError> {
        let (n, width) = (weights.len(), diagonal.len());
        check_len("fixed rows", n * width, rows.len())?;
        if let Some(position) = weights.iter().position(|&w| !(0.0..f64::INFINITY).contains(&w)) {
            return Err(SolveError::Weight { position });
        }
        if let Some(coordinate) = diagonal.iter().position(|&d| !(d > 0.0 && d < f64::INFINITY)) {
            return Err(SolveError::Precision { coordinate });
        }
        if !rows.iter().all(|y| y.is_finite()) {
            return Err(SolveError::NotFinite);
        }
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let scales: Vec<f64> = diagonal.iter().map(|d| 1.0 / d.sqrt()).collect();
        for (row, root) in rows.chunks_exact_mut(width.max(1)).zip(&roots) {
            row.iter_mut().for_each(|y| *y *= root);
            if method == Method::Dual {
                row.iter_mut().zip(&scales).for_each(|(y, scale)| *y *= scale);
            }
        }
        let mut upper = match method {
            Method::Primal => square(diagonal),
            Method::Dual => square(&vec![1.0; n]),
        };
        level.run(Factor { method, rows: &rows, width, upper: &mut upper });
        let order = if method == Method::Dual { n } else { width };
        if (0..order).all(|k| upper[k * order + k] > 0.0 && upper[k * order + k].is_finite()) {
            return Ok(Self { level, method, rows, roots, scales, upper });
        }
        Err(SolveError::NotPositiveDefinite)
    }

    /// u and h of a vector: `A^-1 v`, and what each target of 1 adds to `v.x`.
    ///
    /// # Errors
    /// [`SolveError::Shape`].
    pub(crate) fn of(&self, v: &[f64]) -> Result<(Vec<f64>, Vec<f64>), SolveError> {
        check_len("vector", self.scales.len(), v.len())?;
        let (mut u, mut h) = (v.to_vec(), vec![0.0; self.roots.len()]);
        self.level.run(Carry { system: self, u: &mut u, h: &mut h });
        Ok((u, h))
    }
}

/// A square matrix with this diagonal.
fn square(diagonal: &[f64]) -> Vec<f64> {
    let mut all = vec![0.0; diagonal.len() * diagonal.len()];
    all.iter_mut().step_by(diagonal.len() + 1).zip(diagonal).for_each(|(to, d)| *to = *d);
    all
}

/// Adds the rows' products to the upper triangle and factors it. A pivot that is not above zero is left NaN.
struct Factor<'a> {
    method: Method,
    rows: &'a [f64],
    width: usize,
    upper: &'a mut [f64],
}

impl Job for Factor<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { method, rows, width, upper } = self;
        match method {
            Method::Primal => {
                for row in rows.chunks_exact(width.max(1)) {
                    for (k, &y) in row.iter().enumerate() {
                        add_multiple(&mut upper[k * width + k..(k + 1) * width], y, &row[k..]);
                    }
                }
                eliminate(upper, width);
            }
            Method::Dual => {
                let n = rows.len() / width.max(1);
                for (j, row) in rows.chunks_exact(width.max(1)).enumerate() {
                    for (l, other) in rows.chunks_exact(width.max(1)).enumerate().skip(j) {
                        upper[j * n + l] += product(row, other);
                    }
                }
                eliminate(upper, n);
            }
        }
    }
}

/// One vector: `u` comes as v.
struct Carry<'a> {
    system: &'a Influence,
    u: &'a mut [f64],
    h: &'a mut [f64],
}

impl Job for Carry<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { system: Influence { method, rows, roots, scales, upper, .. }, u, h } = self;
        let width = u.len().max(1);
        match method {
            Method::Primal => {
                substitute(upper, u);
                for ((row, root), h) in rows.chunks_exact(width).zip(roots).zip(h) {
                    *h = root * product(row, u);
                }
            }
            Method::Dual => {
                u.iter_mut().zip(scales).for_each(|(u, scale)| *u *= scale);
                for (row, h) in rows.chunks_exact(width).zip(&mut *h) {
                    *h = product(row, u);
                }
                substitute(upper, h);
                for (row, h) in rows.chunks_exact(width).zip(&*h) {
                    add_multiple(u, -h, row);
                }
                u.iter_mut().zip(scales).for_each(|(u, scale)| *u *= scale);
                h.iter_mut().zip(roots).for_each(|(h, root)| *h *= root);
            }
        }
    }
}

/// Replaces the upper triangle of a symmetric matrix by U with `U'U` the matrix.
#[inline(always)]
fn eliminate(upper: &mut [f64], order: usize) {
    for k in 0..order {
        let (head, below) = upper.split_at_mut((k + 1) * order);
        let row = &mut head[k * order + k..];
        let scale = 1.0 / row[0].sqrt();
        row.iter_mut().for_each(|x| *x *= scale);
        for i in k + 1..order {
            let to = &mut below[(i - k - 1) * order + i..(i - k) * order];
            add_multiple(to, -row[i - k], &row[i - k..]);
        }
    }
}

/// Solves `U'U x = b` in place.
#[inline(always)]
fn substitute(upper: &[f64], b: &mut [f64]) {
    let order = b.len();
    for k in 0..order {
        let row = &upper[k * order + k..(k + 1) * order];
        let (head, rest) = b.split_at_mut(k + 1);
        head[k] /= row[0];
        add_multiple(rest, -head[k], &row[1..]);
    }
    for k in (0..order).rev() {
        let row = &upper[k * order + k..(k + 1) * order];
        b[k] = (b[k] - product(&row[1..], &b[k + 1..])) / row[0];
    }
}

#[inline(always)]
fn add_multiple(to: &mut [f64], by: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += by * from);
}

/// Eight sums side by side, so that they become vectors.
#[inline(always)]
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    fn draw(row: u64, len: usize) -> Vec<f64> {
        let mut out = vec![0.0; len];
        Stream { seed: 6, epoch: 0, side: 0, row }.normal().fill(&mut out);
        out.into_iter().map(f64::from).collect()
    }

    /// `A u` by the definition, as far from v as rounding allows; h by the definition.
    #[test]
    fn both_methods_satisfy_the_definition_at_every_level() {
        for level in Level::available() {
            for (n, width) in [(0, 3), (1, 1), (1, 9), (5, 5), (7, 20), (40, 6), (33, 17), (12, 64)] {
                let (rows, v) = (draw(1, n * width), draw(2, width));
                let weights: Vec<f64> = draw(3, n).iter().map(|w| w * w).collect();
                let diagonal: Vec<f64> = draw(4, width).iter().map(|d| 0.1 + d * d).collect();
                for method in [Method::Primal, Method::Dual] {
                    let place = format!("{level} {method:?} {n} x {width}");
                    let system = Influence::by(method, level, rows.clone(), &weights, &diagonal).unwrap();
                    let (u, h) = system.of(&v).unwrap();
                    let products: Vec<f64> =
                        (0..n).map(|j| product(&rows[j * width..][..width], &u)).collect();
                    for k in 0..width {
                        let told: f64 = (0..n).map(|j| weights[j] * rows[j * width + k] * products[j]).sum();
                        assert!((diagonal[k] * u[k] + told - v[k]).abs() < 1e-10, "{place}: u");
                    }
                    for j in 0..n {
                        assert!((h[j] - weights[j] * products[j]).abs() < 1e-10, "{place}: h");
                    }
                }
            }
        }
    }

    #[test]
    fn the_cheaper_method_is_taken() {
        let method = |n: usize, width: usize| {
            let rows = vec![1.0; n * width];
            Influence::new(Level::SCALAR, rows, &vec![1.0; n], &vec![1.0; width]).unwrap().method
        };
        assert_eq!(method(3, 40), Method::Dual);
        assert_eq!(method(40, 3), Method::Primal);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let new = |rows: &[f64], weights: &[f64], diagonal: &[f64]| {
            Influence::new(Level::SCALAR, rows.to_vec(), weights, diagonal).map(|system| system.method)
        };
        assert!(new(&[1.0], &[1.0], &[1.0, 1.0]).is_err());
        assert_eq!(new(&[1.0], &[-1.0], &[1.0]), Err(SolveError::Weight { position: 0 }));
        assert_eq!(new(&[1.0], &[1.0], &[0.0]), Err(SolveError::Precision { coordinate: 0 }));
        assert_eq!(new(&[f64::NAN], &[1.0], &[1.0]), Err(SolveError::NotFinite));
        assert_eq!(new(&[1e200], &[1.0], &[1.0]), Err(SolveError::NotPositiveDefinite));
        let system = Influence::new(Level::SCALAR, vec![1.0], &[0.0], &[1.0]).unwrap();
        assert_eq!(system.of(&[2.0]), Ok((vec![2.0], vec![0.0])), "an event of no weight says nothing");
        assert!(system.of(&[]).is_err());
    }
}
