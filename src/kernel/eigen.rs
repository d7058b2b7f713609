//! Eigenvalues and eigenvectors of one symmetric matrix, in double precision.
//!
//! A = Q L Q' in three steps. *Householder*: reflections take A to tridiagonal form, one pass over the triangle per
//! reflection, which applies the update of the one before on its way. *Implicit QL*: Wilkinson's shifts find the
//! eigenvalues of the tridiagonal; the plane rotations are written down, not applied. *Vectors*: reflections, then
//! rotations, are applied to sixteen columns at a time, which stay in the cache; such strips are independent of each
//! other, so that a caller with threads hands them out. (Golub & Van Loan 2013, "Matrix computations", chapter 8;
//! Bowdler, Martin, Reinsch & Wilkinson 1968, "The QR and QL algorithms for symmetric matrices".)
//!
//! Cost for order n: `2 n^3 / 3` multiply-adds for the first step, `O(n^2)` for the second, about `2.5 n^3` for all
//! vectors. No fused operations are used: the same bits at every [`Level`].

use super::error::SolveError;
use super::level::Level;
use super::row::check_len;
use super::simd::{Job, Simd};

/// Columns that are carried through reflections and rotations together.
const STRIP: usize = 16;

/// Sweeps granted for one eigenvalue; two are usual.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric matrix, and what makes up its eigenvectors.
///
/// ```
/// use foldin::kernel::{Eigen, Level};
///
/// // The lower triangle of [[2, 1], [1, 2]].
/// let eigen = Eigen::new(Level::detect(), 2, vec![2.0, 0.0, 1.0, 2.0])?;
/// assert!((eigen.values()[0] - 3.0).abs() < 1e-12 && (eigen.values()[1] - 1.0).abs() < 1e-12);
/// let mut q = [0.0; 4];
/// eigen.vectors(0, &mut q)?;
/// assert!((q[0] - q[2]).abs() < 1e-6 && (q[1] + q[3]).abs() < 1e-6);
/// # Ok::<(), foldin::kernel::SolveError>(())
/// ```
#[derive(Debug)]
pub struct Eigen {
    level: Level,
    /// Descending.
    values: Vec<f64>,
    /// Which of the computed pairs stands at each place.
    order: Vec<usize>,
    /// Row k is v of reflection k, I - v v'; it is zero up to k.
    reflections: Vec<f64>,
    sweeps: Vec<Sweep>,
    rotations: Vec<Rotation>,
}

/// Rotations of neighbours `from - 1, from`, then down to `to, to + 1`.
#[derive(Debug)]
struct Sweep {
    from: usize,
    to: usize,
}

#[derive(Debug, Clone, Copy)]
struct Rotation {
    cos: f64,
    sin: f64,
}

impl Eigen {
    /// Decomposes the matrix of order `n` whose lower triangle is that of `lower`, row-major; what lies above the
    /// diagonal is not read.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `lower` is not `n * n` long, [`SolveError::NotFinite`] when an entry is not finite
    /// or its square is not, [`SolveError::NotConverged`] when the iteration does not end, which no matrix is known
    /// to cause.
    pub fn new(level: Level, n: usize, mut lower: Vec<f64>) -> Result<Self, SolveError> {
        check_len("symmetric matrix", n.saturating_mul(n), lower.len())?;
        let square: f64 = (0..n).flat_map(|i| &lower[i * n..=i * n + i]).map(|x| x * x).sum();
        if !square.is_finite() {
            return Err(SolveError::NotFinite);
        }
        let (mut tridiagonal, reflections) = level.run(Tridiagonalise { n, a: &mut lower });
        let (mut sweeps, mut rotations) = (Vec::new(), Vec::with_capacity(n * n));
        tridiagonal.diagonalise(&mut sweeps, &mut rotations)?;
        let found = tridiagonal.diagonal;
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| found[j].total_cmp(&found[i]).then(i.cmp(&j)));
        let values = order.iter().map(|&i| found[i]).collect();
        Ok(Self { level, values, order, reflections, sweeps, rotations })
    }

    /// The eigenvalues, the largest first.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Rows `first ..` of Q, as many as `out` holds, row-major: column k is the eigenvector of value k.
    ///
    /// About `2.5 n^2` multiply-adds per row, best in multiples of 16 rows; a row does not depend on the others.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `out` is not whole rows of Q.
    pub fn vectors(&self, first: usize, out: &mut [f32]) -> Result<(), SolveError> {
        let n = self.values.len();
        let rows = out.len() / n.max(1);
        check_len("rows of eigenvectors", rows * n, out.len())?;
        check_len("rows of eigenvectors", n.min(first.saturating_add(rows)), first.saturating_add(rows))?;
        let mut strip = vec![[0.0; STRIP]; n];
        for (at, out) in out.chunks_mut(STRIP * n.max(1)).enumerate() {
            let count = out.len() / n;
            strip.fill([0.0; STRIP]);
            for column in 0..count {
                strip[first + at * STRIP + column][column] = 1.0;
            }
            self.level.run(Carry { eigen: self, strip: &mut strip });
            for (column, row) in out.chunks_exact_mut(n).enumerate() {
                for (to, &from) in row.iter_mut().zip(&self.order) {
                    *to = strip[from][column] as f32;
                }
            }
        }
        Ok(())
    }
}

/// A tridiagonal matrix; entry k of `beside` stands between k and k + 1, the last is zero.
struct Tridiagonal {
    diagonal: Vec<f64>,
    beside: Vec<f64>,
}

/// Products over the length in common, in eight sums.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (a[..n].as_chunks::<8>(), b[..n].as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.0.iter().zip(b.0) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let rest: f64 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

struct Tridiagonalise<'a> {
    n: usize,
    a: &'a mut [f64],
}

impl Job for Tridiagonalise<'_> {
    type Out = (Tridiagonal, Vec<f64>);

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Self::Out {
        let Self { n, a } = self;
        let mut diagonal = vec![0.0; n];
        let mut beside = vec![0.0; n];
        let mut reflections = vec![0.0; n * n];
        // The update that the matrix still waits for: A - v w' - w v'.
        let (mut v, mut w, mut p) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for k in 0..n {
            diagonal[k] = a[k * n + k] - 2.0 * v[k] * w[k];
            let reflected = &mut reflections[k * n..][..n];
            for i in k + 1..n {
                reflected[i] = a[i * n + k] - v[i] * w[k] - w[i] * v[k];
            }
            if k + 1 == n {
                break;
            }
            beside[k] = reflect(&mut reflected[k + 1..]);
            p[k + 1..].fill(0.0);
            for i in k + 1..n {
                let row = &mut a[i * n + k + 1..=i * n + i];
                p[i] +=
                    pass(row, (&v[k + 1..], &w[k + 1..], v[i], w[i]), &reflected[k + 1..], &mut p[k + 1..]);
            }
            let half = 0.5 * dot(&p[k + 1..], &reflected[k + 1..]);
            for i in k + 1..n {
                w[i] = p[i] - half * reflected[i];
            }
            v[k + 1..].copy_from_slice(&reflected[k + 1..]);
        }
        (Tridiagonal { diagonal, beside }, reflections)
    }
}

/// Turns x into v with (I - v v') x = tail e_1, v'v being 2, or 0 where nothing is to be done; returns the tail.
#[inline(always)]
fn reflect(x: &mut [f64]) -> f64 {
    let below = dot(&x[1..], &x[1..]);
    if below < f64::MIN_POSITIVE {
        let tail = x[0];
        x.fill(0.0);
        return tail;
    }
    let length = (x[0] * x[0] + below).sqrt();
    // Away from x_1, so that nothing cancels.
    let tail = if x[0] > 0.0 { -length } else { length };
    x[0] -= tail;
    let scale = (2.0 / (x[0] * x[0] + below)).sqrt();
    x.iter_mut().for_each(|x| *x *= scale);
    tail
}

/// One row of the triangle: takes the update that it waits for, then its part of A x. Returns the product of the row
/// with x; the row times x_i goes to `p`, its diagonal entry excepted.
#[inline(always)]
fn pass(row: &mut [f64], (v, w, v_i, w_i): (&[f64], &[f64], f64, f64), x: &[f64], p: &mut [f64]) -> f64 {
    let n = row.len();
    let (v, w, x, p) = (&v[..n], &w[..n], &x[..n], &mut p[..n - 1]);
    let x_i = x[n - 1];
    for j in 0..n {
        row[j] -= v_i * w[j] + w_i * v[j];
    }
    for j in 0..n - 1 {
        p[j] += x_i * row[j];
    }
    dot(row, x)
}

impl Tridiagonal {
    /// Leaves the eigenvalues on the diagonal.
    fn diagonalise(
        &mut self,
        sweeps: &mut Vec<Sweep>,
        rotations: &mut Vec<Rotation>,
    ) -> Result<(), SolveError> {
        let n = self.diagonal.len();
        let (d, e) = (&mut self.diagonal, &mut self.beside);
        let norm = (0..n).map(|k| d[k].abs() + e[k].abs()).fold(0.0, f64::max);
        let small = f64::EPSILON * norm;
        for to in 0..n {
            let mut left = SWEEPS;
            loop {
                let from = (to..n - 1).find(|&k| e[k].abs() <= small).unwrap_or(n - 1);
                if from == to {
                    break;
                }
                left = left.checked_sub(1).ok_or(SolveError::NotConverged)?;
                sweep(d, e, (from, to), rotations);
                sweeps.push(Sweep { from, to });
            }
        }
        Ok(())
    }
}

/// One implicit step on the block `to ..= from`, shifted by the eigenvalue of its upper corner.
fn sweep(d: &mut [f64], e: &mut [f64], (from, to): (usize, usize), rotations: &mut Vec<Rotation>) {
    let slope = (d[to + 1] - d[to]) / (2.0 * e[to]);
    let root = (slope * slope + 1.0).sqrt();
    let shifted = slope + if slope < 0.0 { -root } else { root };
    let mut g = d[from] - d[to] + e[to] / shifted;
    let (mut sin, mut cos, mut taken) = (1.0, 1.0, 0.0);
    for i in (to..from).rev() {
        let (f, b) = (sin * e[i], cos * e[i]);
        let r = (f * f + g * g).sqrt();
        e[i + 1] = r;
        // Both are zero: any rotation will do.
        (sin, cos) = if r == 0.0 { (0.0, 1.0) } else { (f / r, g / r) };
        g = d[i + 1] - taken;
        let next = (d[i] - g) * sin + 2.0 * cos * b;
        taken = sin * next;
        d[i + 1] = g + taken;
        g = cos * next - b;
        rotations.push(Rotation { cos, sin });
    }
    d[to] -= taken;
    e[to] = g;
    e[from] = 0.0;
}

/// Takes columns of the identity to columns of Q'.
struct Carry<'a> {
    eigen: &'a Eigen,
    strip: &'a mut [[f64; STRIP]],
}

impl Job for Carry<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { eigen: Eigen { reflections, sweeps, rotations, .. }, strip } = self;
        let n = strip.len();
        for (k, v) in reflections.chunks_exact(n).enumerate() {
            reflect_strip(&v[k + 1..], &mut strip[k + 1..]);
        }
        let mut rotations = rotations.as_slice();
        for &Sweep { from, to } in sweeps {
            let (now, later) = rotations.split_at(from - to);
            rotate_strip(now, &mut strip[to..=from]);
            rotations = later;
        }
    }
}

#[inline(always)]
fn reflect_strip(v: &[f64], strip: &mut [[f64; STRIP]]) {
    let mut sums = [0.0; STRIP];
    for (&v, row) in v.iter().zip(&*strip) {
        for c in 0..STRIP {
            sums[c] += v * row[c];
        }
    }
    for (&v, row) in v.iter().zip(strip) {
        for c in 0..STRIP {
            row[c] -= v * sums[c];
        }
    }
}

/// Rotates the last two rows, then the two before, up to the first two; one row is carried in registers.
#[inline(always)]
fn rotate_strip(rotations: &[Rotation], strip: &mut [[f64; STRIP]]) {
    let mut high = strip[rotations.len()];
    for (&Rotation { cos, sin }, i) in rotations.iter().zip((0..rotations.len()).rev()) {
        let low = strip[i];
        for c in 0..STRIP {
            strip[i + 1][c] = sin * low[c] + cos * high[c];
            high[c] = cos * low[c] - sin * high[c];
        }
    }
    strip[0] = high;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Stream;

    /// A symmetric matrix as its lower triangle; above it is NaN, which nobody reads.
    fn lower(n: usize, at: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        (0..n * n).map(|k| if k % n <= k / n { at(k / n, k % n) } else { f64::NAN }).collect()
    }

    fn vectors(eigen: &Eigen) -> Vec<f32> {
        let n = eigen.values().len();
        let mut q = vec![0.0; n * n];
        eigen.vectors(0, &mut q).unwrap();
        q
    }

    /// A q_k = l_k q_k and q_j q_k = [j = k], both to single precision, and values in order.
    fn check(n: usize, at: impl Fn(usize, usize) -> f64, case: &str) -> Vec<f64> {
        let symmetric = |i: usize, j: usize| if i >= j { at(i, j) } else { at(j, i) };
        let eigen =
            Eigen::new(Level::detect(), n, lower(n, &at)).unwrap_or_else(|e| panic!("{case}, n {n}: {e}"));
        let (values, q) = (eigen.values(), vectors(&eigen));
        assert!(values.is_sorted_by(|a, b| a >= b), "{case}: {values:?}");
        let size = values.iter().fold(f64::MIN_POSITIVE, |size, value| size.max(value.abs()));
        for k in 0..n {
            let column = |i: usize, k: usize| f64::from(q[i * n + k]);
            for i in 0..n {
                let product: f64 = (0..n).map(|j| symmetric(i, j) * column(j, k)).sum();
                let error = (product - values[k] * column(i, k)).abs() / size;
                assert!(error < 1e-6, "{case}, n {n}: vector {k} is off by {error}");
                let product: f64 = (0..n).map(|j| column(j, i) * column(j, k)).sum();
                let expected = f64::from(u8::from(i == k));
                assert!((product - expected).abs() < 1e-6, "{case}, n {n}: {i} . {k} is {product}");
            }
        }
        values.to_vec()
    }

    fn draws(n: usize, row: u64) -> Vec<f32> {
        let mut out = vec![0.0; n];
        Stream { seed: 1, epoch: 0, side: 0, row }.normal().fill(&mut out);
        out
    }

    #[test]
    fn random_gram_matrices_of_full_and_lower_rank() {
        for (n, rank) in [(1, 1), (2, 2), (3, 1), (5, 9), (16, 16), (17, 4), (33, 60), (64, 64), (100, 30)] {
            let y: Vec<Vec<f32>> = (0..rank).map(|row| draws(n, row)).collect();
            let at = |i: usize, j: usize| y.iter().map(|y| f64::from(y[i]) * f64::from(y[j])).sum();
            let values = check(n, at, "random");
            let zeros = values.iter().filter(|value| value.abs() < 1e-9 * values[0]).count();
            assert_eq!(zeros, n.saturating_sub(rank as usize), "rank {rank} of {n}: {values:?}");
        }
    }

    #[test]
    fn matrices_that_are_special() {
        for n in [1, 2, 7, 40] {
            let zero = check(n, |_, _| 0.0, "zero");
            assert!(zero.iter().all(|&value| value == 0.0));
            let one = check(n, |i, j| f64::from(u8::from(i == j)), "identity");
            assert!(one.iter().all(|&value| value == 1.0));
            let graded =
                check(n, |i, j| if i == j { 10f64.powi(-(i as i32)) } else { 0.0 }, "graded diagonal");
            assert!(graded.iter().enumerate().all(|(k, value)| *value == 10f64.powi(-(k as i32))));
            check(n, |_, _| 1.0, "all ones");
            check(n, |i, j| 10f64.powi(-((i + j) as i32)), "graded, rank one");
            check(n, |i, j| if i == j + 1 { -1.0 } else { f64::from(u8::from(i == j)) * 2.0 }, "tridiagonal");
            check(n, |i, j| if i == j { -(i as f64) } else { 1e-3 }, "negative");
            check(n, |i, j| 1e30 / (1 + i + j) as f64, "large");
            check(n, |i, j| 1e-40 / (1 + i + j) as f64, "tiny");
        }
    }

    #[test]
    fn every_level_has_the_same_bits_and_rows_do_not_depend_on_the_call() {
        let n = 45;
        let y: Vec<Vec<f32>> = (0..60).map(|row| draws(n, row)).collect();
        let at = |i: usize, j: usize| y.iter().map(|y| f64::from(y[i]) * f64::from(y[j])).sum();
        let expected = vectors(&Eigen::new(Level::SCALAR, n, lower(n, at)).unwrap());
        for level in Level::available() {
            let eigen = Eigen::new(level, n, lower(n, at)).unwrap();
            assert_eq!(vectors(&eigen), expected, "{level}");
            for (first, rows) in [(0, 1), (3, 17), (44, 1), (45, 0)] {
                let mut part = vec![0.0; rows * n];
                eigen.vectors(first, &mut part).unwrap();
                assert_eq!(part, expected[first * n..][..rows * n], "{level}: rows {first} + {rows}");
            }
        }
    }

    #[test]
    fn what_is_not_a_finite_matrix_is_an_error() {
        let new = |n, a: &[f64]| Eigen::new(Level::SCALAR, n, a.to_vec()).map(|_| ());
        assert!(matches!(new(2, &[1.0; 3]), Err(SolveError::Shape { .. })));
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(new(2, &[1.0, 0.0, bad, 1.0]), Err(SolveError::NotFinite));
        }
        assert_eq!(new(0, &[]), Ok(()));
        // Orders whose square is more than can be counted.
        for n in [1 << (usize::BITS / 2), usize::MAX] {
            assert!(matches!(new(n, &[]), Err(SolveError::Shape { .. })));
        }
        let eigen = Eigen::new(Level::SCALAR, 2, vec![1.0; 4]).unwrap();
        assert!(eigen.vectors(0, &mut [0.0; 3]).is_err());
        assert!(eigen.vectors(1, &mut [0.0; 4]).is_err());
        assert!(eigen.vectors(usize::MAX, &mut [0.0; 2]).is_err());
    }
}
