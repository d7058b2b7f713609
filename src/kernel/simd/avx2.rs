//! AVX2 with FMA: eight floats, sixteen registers.
#![allow(unsafe_code)]

use super::{Job, Simd};
use std::arch::x86_64::*;

/// Proof that this processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

const N: usize = 8;

impl Avx2 {
    /// Asks the processor (and the operating system, which must save the registers).
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        there.then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn call<J: Job>(s: Avx2, job: J) -> J::Out {
    job.run(s)
}

impl Simd for Avx2 {
    const LANES: usize = N;
    const ROWS_BY_1: usize = 12;
    // 12 accumulators, two vectors, one broadcast: 15 of 16 registers.
    const ROWS_BY_2: usize = 6;
    // 9 accumulators, three vectors and one operand.
    const SIDE: usize = 3;
    type V = __m256;

    #[inline(always)]
    fn vectorize<J: Job>(self, job: J) -> J::Out {
        // SAFETY: `self` exists only after `detect` found every feature `call` is compiled for.
        unsafe { call(self, job) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, x: &[f32]) -> __m256 {
        let x = &x[..N];
        // SAFETY: 8 floats are there by the line above, an unaligned load is allowed to read them, and the
        // processor has AVX2, see `detect`.
        unsafe { _mm256_loadu_ps(x.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m256, x: &mut [f32]) {
        let x = &mut x[..N];
        // SAFETY: 8 floats are there and ours to write by the line above; the store may be unaligned; the
        // processor has AVX2, see `detect`.
        unsafe { _mm256_storeu_ps(x.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the processor has FMA, see `detect`.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn fnma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the processor has FMA, see `detect`.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }

    /// The instruction's own guess has 12 bits: one step of Newton would fall short, so divide. Minus the
    /// square root of zero is masked to NaN, as the other machines have it.
    #[inline(always)]
    fn recip_sqrt(self, a: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(a, _mm256_setzero_ps());
            let inverse = _mm256_div_ps(_mm256_set1_ps(1.0), _mm256_sqrt_ps(a));
            _mm256_blendv_ps(_mm256_set1_ps(f32::NAN), inverse, positive)
        }
    }

    #[inline(always)]
    fn sum(self, v: __m256) -> f32 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            let quarter = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        }
    }

    /// Each half of a vector takes four floats of another row, so that only the 4 x 4 transposes inside the
    /// halves are left.
    #[inline(always)]
    fn transpose<'a>(
        self,
        row: impl Fn(usize) -> &'a [f32],
        finish: impl Fn(usize, __m256) -> __m256,
        out: &mut [f32],
        stride: usize,
    ) {
        let mut pairs = [[self.zero(); 4]; 2];
        for r in 0..4 {
            let rows = [row(r), row(r + 4)].map(|row| &row[..N]);
            for (q, pair) in pairs.iter_mut().enumerate() {
                // SAFETY: [4q .. 4q + 4] lies inside the 8 floats sliced above; the processor has AVX2, see
                // `detect`.
                pair[r] = unsafe {
                    let at = |i: usize| _mm_loadu_ps(rows[i].as_ptr().add(4 * q));
                    _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(at(0)), at(1))
                };
            }
        }
        for (q, [a, b, c, d]) in pairs.into_iter().enumerate() {
            // SAFETY: the processor has AVX2, see `detect`.
            let columns = unsafe {
                let ab = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
                let cd = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
                let ab_high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
                let cd_high = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
                [
                    _mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd)),
                    _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd)),
                    _mm256_castpd_ps(_mm256_unpacklo_pd(ab_high, cd_high)),
                    _mm256_castpd_ps(_mm256_unpackhi_pd(ab_high, cd_high)),
                ]
            };
            for (i, column) in columns.into_iter().enumerate() {
                let j = 4 * q + i;
                self.store(finish(j, column), &mut out[j * stride..]);
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, x: &[f32]) {
        // SAFETY: a prefetch reads nothing a program can see and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.as_ptr().cast()) }
    }
}
