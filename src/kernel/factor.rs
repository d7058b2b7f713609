//! A symmetric positive definite matrix, prepared for many right-hand sides.

use super::buffer::{Buffer, stride_for};
use super::cholesky::{Below, Cholesky};
use super::error::SolveError;
use super::level::Level;
use super::row::Rows;
use super::simd::{Job, MAX_LANES, Simd};

/// The Cholesky factor of one matrix A = L L', reusable for matrix after matrix of the same order.
///
/// ```
/// use foldin::kernel::{Factor, Level, Rows};
///
/// let mut factor = Factor::new(2, Level::detect());
/// factor.factor(Rows::new(&[4.0, 0.0, 2.0, 3.0], 2, 2)?)?; // the upper triangle is not read
/// let mut x = [8.0, 7.0];
/// factor.solve(&mut x)?;
/// assert!((x[0] - 1.25).abs() < 1e-6 && (x[1] - 1.5).abs() < 1e-6);
/// # Ok::<(), foldin::kernel::SolveError>(())
/// ```
#[derive(Debug)]
pub struct Factor {
    level: Level,
    order: usize,
    c: Buffer,
    u: Buffer,
    inverse: Buffer,
    side: Buffer,
}

impl Factor {
    /// Room for matrices of that order.
    #[must_use]
    pub fn new(order: usize, level: Level) -> Self {
        Self {
            level,
            order,
            c: Buffer::default(),
            u: Buffer::default(),
            inverse: Buffer::default(),
            side: Buffer::default(),
        }
    }

    /// Factors `a`, of which the lower triangle is read; `n^3 / 6` multiply-adds.
    ///
    /// # Errors
    /// [`SolveError::Shape`] when `a` is not square of this order, [`SolveError::NotFinite`],
    /// [`SolveError::NotPositiveDefinite`]; then nothing may be solved with it.
    pub fn factor(&mut self, a: Rows<'_>) -> Result<(), SolveError> {
        let n = self.order;
        for (what, found) in [("columns of the matrix", a.width()), ("rows of the matrix", a.count())] {
            if found != n {
                return Err(SolveError::Shape { what, expected: n, found });
            }
        }
        let stride = stride_for(n);
        let c = self.c.get(n * stride);
        let mut finite = true;
        for (i, to) in c.chunks_exact_mut(stride).enumerate() {
            let row = a.row(i).unwrap_or_default();
            to[..=i].copy_from_slice(&row[..=i]);
            finite &= row[..=i].iter().all(|x| x.is_finite());
        }
        // A block on the diagonal is eliminated whole: mirror its lower half.
        let lanes = self.level.lanes();
        for i in 0..n {
            for j in i + 1..(i + 1).next_multiple_of(lanes).min(n) {
                c[i * stride + j] = c[j * stride + i];
            }
        }
        if !finite {
            return Err(SolveError::NotFinite);
        }
        self.level.run(Eliminate(self));
        let inverse = self.inverse.get(n.next_multiple_of(lanes) * lanes);
        let last = |i: usize| inverse[i * lanes + i % lanes];
        if (0..n).all(|i| last(i) > 0.0) { Ok(()) } else { Err(SolveError::NotPositiveDefinite) }
    }

    /// Replaces `b` by A^-1 b; `n^2` multiply-adds.
    ///
    /// # Errors
    /// [`SolveError::Shape`].
    pub fn solve(&mut self, b: &mut [f32]) -> Result<(), SolveError> {
        self.substitute(b, true)
    }

    /// Replaces `z` by L'^-1 z; of independent standard normal draws this makes draws with covariance A^-1.
    ///
    /// # Errors
    /// [`SolveError::Shape`].
    pub fn back_substitute(&mut self, z: &mut [f32]) -> Result<(), SolveError> {
        self.substitute(z, false)
    }

    fn substitute(&mut self, x: &mut [f32], forward: bool) -> Result<(), SolveError> {
        super::row::check_len("right-hand side", self.order, x.len())?;
        let padded = self.order.next_multiple_of(self.level.lanes());
        let side = self.side.get(padded);
        side[..self.order].copy_from_slice(x);
        side[self.order..].fill(0.0);
        self.level.run(Substitute { factor: self, forward });
        x.copy_from_slice(&self.side.get(padded)[..self.order]);
        Ok(())
    }

    #[inline(always)]
    fn parts<S: Simd>(&mut self, _: S) -> (Cholesky<'_>, &mut [f32]) {
        let padded = self.order.next_multiple_of(S::LANES);
        let c_stride = stride_for(self.order);
        let u_stride = stride_for(self.order + MAX_LANES);
        let system = Cholesky {
            c: self.c.get(self.order * c_stride),
            c_stride,
            u: self.u.get(padded * u_stride),
            u_stride,
            inverse: self.inverse.get(padded * S::LANES),
            order: self.order,
        };
        (system, self.side.get(padded))
    }
}

struct Eliminate<'a>(&'a mut Factor);

impl Job for Eliminate<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (mut system, _) = self.0.parts(s);
        system.factor(s, Below { full: 0, identity: false });
    }
}

struct Substitute<'a> {
    factor: &'a mut Factor,
    forward: bool,
}

impl Job for Substitute<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (system, side) = self.factor.parts(s);
        if self.forward {
            system.forward_substitute(s, side);
        }
        system.back_substitute(s, side);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Gram, Stream};

    #[test]
    fn gram_factor_and_solve_agree_with_f64() {
        for level in Level::available() {
            for n in (1..70).chain([127, 128, 130, 200]) {
                let mut y = vec![0.0; 3 * n * n];
                Stream { seed: 1, epoch: 2, side: 3, row: n as u64 }.normal().fill(&mut y);
                let rows = Rows::new(&y, n, n).unwrap();
                let mut a = vec![0.0; n * n];
                let mut gram = Gram::new(n, level);
                gram.add(rows, 0..3 * n).unwrap();
                gram.lower(&mut a).unwrap();
                for i in 0..n {
                    for j in i + 1..n {
                        a[i * n + j] = a[j * n + i];
                    }
                }
                for i in (0..n).step_by(5) {
                    for j in 0..n {
                        let exact: f64 =
                            (0..3 * n).map(|r| f64::from(y[r * n + i]) * f64::from(y[r * n + j])).sum();
                        assert!((f64::from(a[i * n + j]) - exact).abs() < 1e-3, "{level} {n}");
                    }
                }
                let mut factor = Factor::new(n, level);
                factor.factor(Rows::new(&a, n, n).unwrap()).unwrap();
                let mut x = y[..n].to_vec();
                factor.solve(&mut x).unwrap();
                for i in 0..n {
                    let back: f64 = (0..n).map(|j| f64::from(a[i * n + j]) * f64::from(x[j])).sum();
                    assert!((back - f64::from(y[i])).abs() < 2e-3, "{level} {n}: {back} {}", y[i]);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_factored_is_an_error() {
        for level in Level::available() {
            let mut factor = Factor::new(2, level);
            let mut try_it = |a: [f32; 4]| factor.factor(Rows::new(&a, 2, 2).unwrap());
            assert_eq!(try_it([1.0, 0.0, 2.0, 1.0]), Err(SolveError::NotPositiveDefinite));
            assert_eq!(try_it([0.0, 0.0, 0.0, 1.0]), Err(SolveError::NotPositiveDefinite));
            assert_eq!(try_it([1.0, 0.0, f32::NAN, 1.0]), Err(SolveError::NotFinite));
            assert_eq!(try_it([1.0, 9.0, 0.5, 1.0]), Ok(()));
            assert!(factor.solve(&mut [0.0; 3]).is_err());
            assert!(factor.factor(Rows::new(&[0.0; 9], 3, 3).unwrap()).is_err());
        }
    }
}
