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

/// The two halves of two rows: half h of each, side by side. Called only from methods of [`Avx2`].
#[inline(always)]
fn pairs([a, b]: [&[f32]; 2]) -> [__m256; 2] {
    let (a, b) = (&a[..N], &b[..N]);
    // SAFETY: each row has eight floats by the line above; the caller holds the proof of AVX2.
    unsafe {
        let low = _mm256_castps128_ps256(_mm_loadu_ps(a.as_ptr()));
        let high = _mm256_castps128_ps256(_mm_loadu_ps(a.as_ptr().add(4)));
        [
            _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(b.as_ptr())),
            _mm256_insertf128_ps::<1>(high, _mm_loadu_ps(b.as_ptr().add(4))),
        ]
    }
}

/// The 4 x 4 transposes inside the halves of four vectors. Called only from methods of [`Avx2`].
#[inline(always)]
fn transpose_halves([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    // SAFETY: the caller holds the proof of AVX2.
    unsafe {
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
    }
}

impl Simd for Avx2 {
    const LANES: usize = N;
    const ROWS_BY_1: usize = 12;
    // 12 accumulators, two vectors, one broadcast: 15 of 16 registers.
    const ROWS_BY_2: usize = 6;
    // 9 accumulators, three vectors and one operand.
    const SIDE: usize = 3;
    const GROUP: usize = 4;
    type V = __m256;
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
    fn lane(self, v: __m256, i: usize) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_permutevar8x32_ps(v, _mm256_set1_epi32(i as i32)) }
    }

    #[inline(always)]
    fn with_lane(self, v: __m256, i: usize, x: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpeq_epi32(lanes, _mm256_set1_epi32(i as i32));
            _mm256_blendv_ps(v, x, _mm256_castsi256_ps(mask))
        }
    }

    #[inline(always)]
    fn head(self, v: __m256, count: usize) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes);
            _mm256_and_ps(v, _mm256_castsi256_ps(mask))
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

    #[inline(always)]
    fn group(self, x: &[f32]) -> __m256 {
        let x = &x[..4];
        // SAFETY: four floats are there by the line above, an unaligned load is allowed to read them, and the
        // processor has AVX2, see `detect`.
        unsafe {
            let v = _mm_loadu_ps(x.as_ptr());
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(v), v)
        }
    }

    #[inline(always)]
    fn braid(self, [a, b, c, d]: [&[f32]; 4]) -> [__m256; 4] {
        let ([a, e], [c, g]) = (pairs([a, b]), pairs([c, d]));
        [a, c, e, g]
    }

    #[inline(always)]
    fn sums(self, v: [__m256; 4]) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3])) }
    }

    #[inline(always)]
    fn fold(self, v: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_add_ps(v, _mm256_permute2f128_ps::<1>(v, v)) }
    }

    #[inline(always)]
    fn each<const I: i32>(self, v: __m256) -> __m256 {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            match I {
                0 => _mm256_permute_ps::<0b0000_0000>(v),
                1 => _mm256_permute_ps::<0b0101_0101>(v),
                2 => _mm256_permute_ps::<0b1010_1010>(v),
                _ => _mm256_permute_ps::<0b1111_1111>(v),
            }
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
        let [a0, a1] = pairs([row(0), row(4)]);
        let [b0, b1] = pairs([row(1), row(5)]);
        let [c0, c1] = pairs([row(2), row(6)]);
        let [d0, d1] = pairs([row(3), row(7)]);
        // A closure here might not be inlined, and would then lack the machine's instructions.
        macro_rules! put {
            ($j:literal, $columns:expr) => {
                let [a, b, c, d] = transpose_halves($columns);
                self.store(finish($j, a), &mut out[$j * stride..]);
                self.store(finish($j + 1, b), &mut out[($j + 1) * stride..]);
                self.store(finish($j + 2, c), &mut out[($j + 2) * stride..]);
                self.store(finish($j + 3, d), &mut out[($j + 3) * stride..]);
            };
        }
        put!(0, [a0, b0, c0, d0]);
        put!(4, [a1, b1, c1, d1]);
    }

    #[inline(always)]
    fn prefetch(self, x: &[f32]) {
        // SAFETY: a prefetch reads nothing a program can see and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(x.as_ptr().cast()) }
    }
}
