//! Small routines on slices: products, sums of squares, combinations of rows.

use super::buffer::LINE;
use super::level::Level;
use super::simd::{Job, Simd};

struct Dot<'a>(&'a [f32], &'a [f32]);

impl Job for Dot<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        dot_in(s, self.0, self.1)
    }
}

/// [`dot`] inside another job. Four chains of sums, then the vectors left over, then the floats: in the chain in which
/// they would be if zeros followed, so that rows with and without zeros at their end have the same product.
#[inline(always)]
pub(crate) fn dot_in<S: Simd>(s: S, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [s.zero(); 4];
    let (fours, rest) = S::vectors(a).as_chunks::<4>();
    let (fours_b, rest_b) = S::vectors(b).as_chunks::<4>();
    for (a, b) in fours.iter().zip(fours_b) {
        for (v, sum) in sums.iter_mut().enumerate() {
            *sum = s.fma(s.load(a[v].as_ref()), s.load(b[v].as_ref()), *sum);
        }
    }
    for ((a, b), sum) in rest.iter().zip(rest_b).zip(&mut sums) {
        *sum = s.fma(s.load(a.as_ref()), s.load(b.as_ref()), *sum);
    }
    let whole = a.len() / S::LANES * S::LANES;
    let (a, b) = (&a[whole..], &b[whole..]);
    if !a.is_empty() {
        let (a, b) = (s.load_part(a), s.load_part(b));
        for (v, sum) in sums.iter_mut().enumerate() {
            if v == rest.len() {
                *sum = s.fma(a, b, *sum);
            }
        }
    }
    s.sum(s.add(s.add(sums[0], sums[2]), s.add(sums[1], sums[3])))
}

/// The product `a . b` over the length they have in common; `n` multiply-adds.
#[must_use]
pub fn dot(level: Level, a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    level.run(Dot(&a[..n], &b[..n]))
}

/// The sum of the squares of `a`; `n` multiply-adds.
#[must_use]
pub fn sum_of_squares(level: Level, a: &[f32]) -> f32 {
    dot(level, a, a)
}

struct Prefetch<'a>(&'a [f32]);

impl Job for Prefetch<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for line in self.0.chunks(LINE) {
            s.prefetch(line);
        }
    }
}

/// Asks for a row that will be read soon.
#[inline]
pub(crate) fn prefetch(level: Level, row: &[f32]) {
    level.run(Prefetch(row));
}

struct Axpy<'a>(f32, &'a [f32], &'a mut [f32]);

impl Job for Axpy<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(alpha, x, y) = self;
        let alpha = s.splat(alpha);
        let mut x = x.chunks_exact(S::LANES);
        let mut y = y.chunks_exact_mut(S::LANES);
        for (x, y) in x.by_ref().zip(y.by_ref()) {
            s.store(s.fma(alpha, s.load(x), s.load(y)), y);
        }
        let (x, y) = (x.remainder(), y.into_remainder());
        s.store_part(s.fma(alpha, s.load_part(x), s.load_part(y)), y);
    }
}

/// `y += alpha * x` over the length they have in common; `n` multiply-adds.
pub fn axpy(level: Level, alpha: f32, x: &[f32], y: &mut [f32]) {
    let n = x.len().min(y.len());
    level.run(Axpy(alpha, &x[..n], &mut y[..n]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_agrees_with_f64_at_every_length() {
        let a: Vec<f32> = (0..200).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
        let b: Vec<f32> = (0..200).map(|i| ((i * 53) % 97) as f32 / 48.0 - 1.0).collect();
        for level in Level::available() {
            for n in 0..a.len() {
                let exact: f64 = a.iter().zip(&b).take(n).map(|(x, y)| f64::from(x * y)).sum();
                let got = f64::from(dot(level, &a[..n], &b));
                assert!((got - exact).abs() < 1e-4, "{level} n={n}: {got} {exact}");
                assert_eq!(sum_of_squares(level, &a[..n]), dot(level, &a[..n], &a[..n]));
                let zeros = vec![0.0; n.next_multiple_of(16) - n];
                let padded = dot(level, &[&a[..n], &zeros].concat(), &[&b[..n], &zeros].concat());
                assert_eq!(padded.to_bits(), dot(level, &a[..n], &b).to_bits(), "{level} n={n}");
                let mut y = b.clone();
                axpy(level, 0.5, &a[..n], &mut y);
                for (i, y) in y.iter().enumerate() {
                    let want = if i < n { 0.5f32.mul_add(a[i], b[i]) } else { b[i] };
                    assert!((y - want).abs() < 1e-6);
                }
            }
        }
    }
}
