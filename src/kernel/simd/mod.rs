//! One algorithm, several machines: the vocabulary the kernels are written in.
//!
//! A kernel is a [`Job`]: generic code over `S: Simd`. [`Simd::vectorize`] compiles that job as one function
//! with the machine's instructions switched on; everything the job calls is `#[inline(always)]`, or enters
//! again through `vectorize`. The value `s: S` is a proof: an `Avx2` or `Avx512` exists only after the
//! processor was asked.
//!
//! This folder holds the only `unsafe` code of the room: loads and stores of whole vectors, the intrinsics,
//! and the call into a function compiled for the machine.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod bytes;
pub(crate) mod scalar;

/// A piece of work, generic over the machine.
pub(crate) trait Job {
    /// What the work returns.
    type Out;
    /// Does the work. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

/// A machine: vectors of `LANES` floats and the shapes that fill its registers.
pub(crate) trait Simd: Copy {
    /// Floats in one vector.
    const LANES: usize;
    /// Rows of a register tile one vector wide.
    const ROWS_BY_1: usize;
    /// Rows of a register tile two vectors wide.
    const ROWS_BY_2: usize;
    /// Side of a square register tile of the kernels that keep one system per lane.
    const SIDE: usize;
    /// Floats of one row that lie together where several rows share a vector: four, or eight.
    const GROUP: usize;
    /// One vector.
    type V: Copy;
    /// The floats of one vector in memory.
    type Array: AsRef<[f32]> + AsMut<[f32]>;

    /// The whole vectors of `x`.
    fn vectors(x: &[f32]) -> &[Self::Array];
    /// The whole vectors of `x`.
    fn vectors_mut(x: &mut [f32]) -> &mut [Self::Array];

    /// Runs `job` as a function of its own, compiled for this machine.
    fn vectorize<J: Job>(self, job: J) -> J::Out;
    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// The first `LANES` floats of `x`, which must be there.
    fn load(self, x: &[f32]) -> Self::V;
    /// Writes to the first `LANES` floats of `x`, which must be there.
    fn store(self, v: Self::V, x: &mut [f32]);
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a * b`.
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `1 / sqrt(a)`, to within two units in the last place; NaN (not infinity) at and below zero.
    fn recip_sqrt(self, a: Self::V) -> Self::V;
    /// All lanes what lane `i` of `v` is.
    fn lane(self, v: Self::V, i: usize) -> Self::V;
    /// `v` with lane `i` from `x`.
    fn with_lane(self, v: Self::V, i: usize, x: Self::V) -> Self::V;
    /// The first `count` lanes of `v`, then zeros.
    fn head(self, v: Self::V, count: usize) -> Self::V;
    /// The sum of the lanes, in an order fixed for this machine.
    fn sum(self, v: Self::V) -> f32;
    /// The first `GROUP` floats of `x`, which must be there, again and again.
    fn group(self, x: &[f32]) -> Self::V;
    /// The first `LANES` floats of four rows, `GROUP` of each row in turn.
    fn braid(self, rows: [&[f32]; 4]) -> [Self::V; 4];
    /// Of each group of four lanes its sum in `v[0]`, then in `v[1]`, `v[2]`, `v[3]`.
    fn sums(self, v: [Self::V; 4]) -> Self::V;
    /// The groups of four lanes added, their sum in each of them.
    fn fold(self, v: Self::V) -> Self::V;
    /// In each group of four lanes all four what lane `I` of the group is.
    fn each<const I: i32>(self, v: Self::V) -> Self::V;
    /// Transposes a square of `LANES x LANES`: row `i` is the head of `row(i)`, column `j` goes through
    /// `finish(j, column)` to `out[j * stride ..]`.
    fn transpose<'a>(
        self,
        row: impl Fn(usize) -> &'a [f32],
        finish: impl Fn(usize, Self::V) -> Self::V,
        out: &mut [f32],
        stride: usize,
    );
    /// Asks for the cache line of `x[0]`, if there is one.
    fn prefetch(self, x: &[f32]);

    /// Writes sixteen sums: of the first group of `v[0][0]`, `v[0][1]`, `v[0][2]` and `v[0][3]`, then of their next one,
    /// then those of `v[1]`, and so on.
    #[inline(always)]
    fn totals(self, v: &[[Self::V; 4]], out: &mut [f32]) {
        for (v, out) in v.iter().zip(out.chunks_exact_mut(Self::LANES)) {
            self.store(self.sums(*v), out);
        }
    }

    /// All lanes zero.
    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }

    /// The floats of `x` (fewer than `LANES`), then zeros.
    #[inline(always)]
    fn load_part(self, x: &[f32]) -> Self::V {
        let mut whole = [0.0; MAX_LANES];
        for (to, from) in whole.iter_mut().zip(x) {
            *to = *from;
        }
        self.load(&whole)
    }

    /// Writes the first lanes to all of `x` (fewer than `LANES`).
    #[inline(always)]
    fn store_part(self, v: Self::V, x: &mut [f32]) {
        let mut whole = [0.0; MAX_LANES];
        self.store(v, &mut whole);
        for (to, from) in x.iter_mut().zip(whole) {
            *to = from;
        }
    }
}

/// Lanes of the widest machine.
pub(crate) const MAX_LANES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Level;

    struct RecipSqrt(f32);

    impl Job for RecipSqrt {
        type Out = f32;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            let mut out = [0.0; MAX_LANES];
            s.store(s.recip_sqrt(s.splat(self.0)), &mut out);
            out[S::LANES - 1]
        }
    }

    #[test]
    fn inverse_roots_are_within_two_units_and_nan_at_and_below_zero() {
        for level in Level::available() {
            for i in 1..20_000 {
                let x = 1.0003f32.powi(i) * 1e-2;
                let exact = 1.0 / f64::from(x).sqrt();
                let error = (f64::from(level.run(RecipSqrt(x))) / exact - 1.0).abs();
                assert!(error <= 2.0 * f64::from(f32::EPSILON), "{level} {x}: {error}");
            }
            for x in [0.0, -0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
                assert!(level.run(RecipSqrt(x)).is_nan(), "{level} {x}");
            }
        }
    }

    /// The moves by groups and by fours, on rows that begin at an odd offset.
    struct Groups<'a>(&'a [Vec<f32>; 4]);

    impl Job for Groups<'_> {
        /// The length of a group; one of row 0 again and again, all rows braided, the sums over groups of all rows, from as
        /// many copies as there are, the sums over fours of all rows, those folded, and of the folded the second and the
        /// last of each four.
        type Out = (usize, [Vec<f32>; 7]);

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Out {
            let rows = self.0.each_ref().map(|row| &row[1..]);
            let (mut group, mut sums) = (vec![0.0; S::LANES], vec![0.0; S::LANES]);
            let mut braid = vec![0.0; 4 * S::LANES];
            s.store(s.group(rows[0]), &mut group);
            let [a, b, c, d] = s.braid(rows);
            s.store(a, &mut braid);
            s.store(b, &mut braid[S::LANES..]);
            s.store(c, &mut braid[2 * S::LANES..]);
            s.store(d, &mut braid[3 * S::LANES..]);
            let [a, b, c, d] = rows;
            let rows = [s.load(a), s.load(b), s.load(c), s.load(d)];
            let mut totals = vec![0.0; 16];
            s.totals(&[rows; 4][..4 * S::GROUP / S::LANES], &mut totals);
            let v = s.sums(rows);
            s.store(v, &mut sums);
            let folded = s.fold(v);
            let mut rest = [vec![0.0; S::LANES], vec![0.0; S::LANES], vec![0.0; S::LANES]];
            s.store(folded, &mut rest[0]);
            s.store(s.each::<1>(folded), &mut rest[1]);
            s.store(s.each::<3>(folded), &mut rest[2]);
            let [fold, second, last] = rest;
            (S::GROUP, [group, braid, totals, sums, fold, second, last])
        }
    }

    #[test]
    fn moves_by_groups_and_by_fours_are_what_they_say_from_any_offset() {
        // Whole numbers, all different: every sum is exact.
        let rows =
            [0, 1, 2, 3].map(|r| (0..=MAX_LANES).map(|k| (1000 * r + k * k) as f32).collect::<Vec<_>>());
        for level in Level::available() {
            let (length, [group, braid, totals, sums, fold, second, last]) = level.run(Groups(&rows));
            let groups = || (1..level.lanes()).step_by(length).map(|k| k..k + length);
            let fours = || (1..level.lanes()).step_by(4).map(|k| k..k + 4);
            let expected: Vec<f32> = groups().flat_map(|_| &rows[0][1..=length]).copied().collect();
            assert_eq!(group, expected, "{level}");
            let expected: Vec<f32> =
                groups().flat_map(|at| rows.iter().flat_map(move |row| &row[at.clone()])).copied().collect();
            assert_eq!(braid, expected, "{level}");
            let expected: Vec<f32> =
                groups().flat_map(|at| rows.iter().map(move |row| row[at.clone()].iter().sum())).collect();
            assert_eq!(totals, expected.repeat(4 * length / level.lanes()), "{level}");
            let expected: Vec<f32> =
                fours().flat_map(|at| rows.iter().map(move |row| row[at.clone()].iter().sum())).collect();
            assert_eq!(sums, expected, "{level}");
            let whole = |row: &Vec<f32>| row[1..=level.lanes()].iter().sum::<f32>();
            let totals: Vec<f32> = fours().flat_map(|_| rows.iter().map(whole)).collect();
            assert_eq!(fold, totals, "{level}");
            for (found, i) in [(second, 1), (last, 3)] {
                assert_eq!(found, vec![whole(&rows[i]); level.lanes()], "{level}");
            }
        }
    }
}
