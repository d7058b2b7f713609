//! The machine every processor can play: vectors of four floats as plain arrays.
//!
//! It is the oracle the others are tested against, and what runs where no faster machine is known. Four
//! lanes, so that a compiler turns them into SSE2 or NEON registers on its own. Products are rounded before
//! they are added: a fused `mul_add` would be a library call on a processor without the instruction.

use super::{Job, Simd};

/// Four floats at a time, in portable Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scalar;

const N: usize = 4;

#[inline(always)]
fn zip(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Simd for Scalar {
    const LANES: usize = N;
    const ROWS_BY_1: usize = 8;
    const ROWS_BY_2: usize = 4;
    const SIDE: usize = 3;
    const GROUP: usize = 4;
    type V = [f32; N];
    type Array = [f32; N];

    #[inline(always)]
    fn vectors(x: &[f32]) -> &[[f32; N]] {
        x.as_chunks().0
    }

    #[inline(always)]
    fn vectors_mut(x: &mut [f32]) -> &mut [[f32; N]] {
        x.as_chunks_mut().0
    }

    #[inline(always)]
    fn vectorize<J: Job>(self, job: J) -> J::Out {
        #[inline(never)]
        fn call<J: Job>(job: J) -> J::Out {
            job.run(Scalar)
        }
        call(job)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; N] {
        [x; N]
    }

    #[inline(always)]
    fn load(self, x: &[f32]) -> [f32; N] {
        [x[0], x[1], x[2], x[3]]
    }

    #[inline(always)]
    fn store(self, v: [f32; N], x: &mut [f32]) {
        x[..N].copy_from_slice(&v);
    }

    #[inline(always)]
    fn add(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn mul(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn fma(self, a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn fnma(self, a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        zip(c, self.mul(a, b), |c, ab| c - ab)
    }

    #[inline(always)]
    fn recip_sqrt(self, a: [f32; N]) -> [f32; N] {
        a.map(|x| if x > 0.0 { 1.0 / x.sqrt() } else { f32::NAN })
    }

    #[inline(always)]
    fn lane(self, v: [f32; N], i: usize) -> [f32; N] {
        [v[i]; N]
    }

    #[inline(always)]
    fn with_lane(self, mut v: [f32; N], i: usize, x: [f32; N]) -> [f32; N] {
        v[i] = x[i];
        v
    }

    #[inline(always)]
    fn head(self, mut v: [f32; N], count: usize) -> [f32; N] {
        v[count.min(N)..].fill(0.0);
        v
    }

    #[inline(always)]
    fn sum(self, v: [f32; N]) -> f32 {
        (v[0] + v[2]) + (v[1] + v[3])
    }

    #[inline(always)]
    fn group(self, x: &[f32]) -> [f32; N] {
        self.load(x)
    }

    #[inline(always)]
    fn braid(self, [a, b, c, d]: [&[f32]; 4]) -> [[f32; N]; 4] {
        [self.load(a), self.load(b), self.load(c), self.load(d)]
    }

    #[inline(always)]
    fn sums(self, v: [[f32; N]; 4]) -> [f32; N] {
        v.map(|v| self.sum(v))
    }

    #[inline(always)]
    fn fold(self, v: [f32; N]) -> [f32; N] {
        v
    }

    #[inline(always)]
    fn each<const I: i32>(self, v: [f32; N]) -> [f32; N] {
        [v[I as usize % N]; N]
    }

    #[inline(always)]
    fn transpose<'a>(
        self,
        row: impl Fn(usize) -> &'a [f32],
        finish: impl Fn(usize, [f32; N]) -> [f32; N],
        out: &mut [f32],
        stride: usize,
    ) {
        let r = [row(0), row(1), row(2), row(3)];
        for j in 0..N {
            let column = [r[0][j], r[1][j], r[2][j], r[3][j]];
            self.store(finish(j, column), &mut out[j * stride..]);
        }
    }

    #[inline(always)]
    fn prefetch(self, _: &[f32]) {}
}
