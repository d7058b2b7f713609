//! AVX-512F: sixteen floats, thirty-two registers.
#![allow(unsafe_code)]

use super::{Job, Simd};
use std::arch::x86_64::*;

/// Proof that this processor has AVX-512F, VL, DQ and BW, AVX2 and FMA.
///
/// Processors with AVX-512 since 2017 have these together. VL gives the quarters and halves of vectors in
/// [`Simd::transpose`] thirty-two registers instead of sixteen; the gain is within the noise of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

const N: usize = 16;

impl Avx512 {
    /// Asks the processor (and the operating system, which must save the registers).
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        there.then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
#[inline(never)]
fn call<J: Job>(s: Avx512, job: J) -> J::Out {
    job.run(s)
}

/// The four quarters of four rows: quarter q of each, side by side. Called only from methods of [`Avx512`].
#[inline(always)]
fn quads([a, b, c, d]: [&[f32]; 4]) -> [__m512; 4] {
    let (a, b, c, d) = (&a[..N], &b[..N], &c[..N], &d[..N]);
    macro_rules! quad {
        ($k:literal) => {{
            // SAFETY: each row has the floats $k .. $k + 4 by the line above; the caller holds the proof of
            // AVX-512F.
            unsafe {
                let v = _mm512_castps128_ps512(_mm_loadu_ps(a.as_ptr().add($k)));
                let v = _mm512_insertf32x4::<1>(v, _mm_loadu_ps(b.as_ptr().add($k)));
                let v = _mm512_insertf32x4::<2>(v, _mm_loadu_ps(c.as_ptr().add($k)));
                _mm512_insertf32x4::<3>(v, _mm_loadu_ps(d.as_ptr().add($k)))
            }
        }};
    }
    [quad!(0), quad!(4), quad!(8), quad!(12)]
}

/// The two halves of two rows: half h of each, side by side. Called only from methods of [`Avx512`].
#[inline(always)]
fn halves([a, b]: [&[f32]; 2]) -> [__m512; 2] {
    let (a, b) = (&a[..N], &b[..N]);
    macro_rules! half {
        ($k:literal) => {{
            // SAFETY: each row has the floats $k .. $k + 8 by the line above; the caller holds the proof of
            // AVX-512DQ.
            unsafe {
                let v = _mm512_castps256_ps512(_mm256_loadu_ps(a.as_ptr().add($k)));
                _mm512_insertf32x8::<1>(v, _mm256_loadu_ps(b.as_ptr().add($k)))
            }
        }};
    }
    [half!(0), half!(8)]
}

/// The 4 x 4 transposes inside the quarters of four vectors. Called only from methods of [`Avx512`].
#[inline(always)]
fn transpose_quarters([a, b, c, d]: [__m512; 4]) -> [__m512; 4] {
    // SAFETY: the caller holds the proof of AVX-512F.
    unsafe {
        let ab = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
        let cd = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
        let ab_high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
        let cd_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
        [
            _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
            _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high)),
        ]
    }
}

impl Simd for Avx512 {
    const LANES: usize = N;
    // One load of the vector feeds 16 multiply-adds whose other operand is broadcast from memory.
    const ROWS_BY_1: usize = 16;
    // 28 accumulators, two vectors, one broadcast: 31 of 32 registers, 16 loads for 28 multiply-adds.
    const ROWS_BY_2: usize = 14;
    // 16 accumulators hide the latency of two units four cycles deep; 8 loads for 16 multiply-adds.
    const SIDE: usize = 4;
    const GROUP: usize = 8;
    type V = __m512;
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
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, x: &[f32]) -> __m512 {
        let x = &x[..N];
        // SAFETY: 16 floats are there by the line above, an unaligned load is allowed to read them, and the
        // processor has AVX-512F, see `detect`.
        unsafe { _mm512_loadu_ps(x.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m512, x: &mut [f32]) {
        let x = &mut x[..N];
        // SAFETY: 16 floats are there and ours to write by the line above; the store may be unaligned; the
        // processor has AVX-512F, see `detect`.
        unsafe { _mm512_storeu_ps(x.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn fnma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    /// A guess of 14 bits and one step of Newton, 28 bits before rounding, instead of a square root and a
    /// division, which are long and not pipelined.
    #[inline(always)]
    fn recip_sqrt(self, a: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe {
            let guess = _mm512_rsqrt14_ps(a);
            let half = _mm512_mul_ps(_mm512_mul_ps(a, _mm512_set1_ps(0.5)), guess);
            let step = _mm512_fnmadd_ps(half, guess, _mm512_set1_ps(1.5));
            _mm512_mul_ps(guess, step)
        }
    }

    #[inline(always)]
    fn lane(self, v: __m512, i: usize) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_permutexvar_ps(_mm512_set1_epi32(i as i32), v) }
    }

    #[inline(always)]
    fn with_lane(self, v: __m512, i: usize, x: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_mask_mov_ps(v, 1 << i, x) }
    }

    #[inline(always)]
    fn head(self, v: __m512, count: usize) -> __m512 {
        let mask = (1u32 << count.min(N)).wrapping_sub(1) as u16;
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_maskz_mov_ps(mask, v) }
    }

    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_reduce_add_ps(v) }
    }

    #[inline(always)]
    fn group(self, x: &[f32]) -> __m512 {
        let x = &x[..8];
        // SAFETY: eight floats are there by the line above; the processor has AVX-512DQ, see `detect`.
        unsafe { _mm512_broadcast_f32x8(_mm256_loadu_ps(x.as_ptr())) }
    }

    #[inline(always)]
    fn braid(self, [a, b, c, d]: [&[f32]; 4]) -> [__m512; 4] {
        let ([a, e], [c, g]) = (halves([a, b]), halves([c, d]));
        [a, c, e, g]
    }

    #[inline(always)]
    fn sums(self, v: [__m512; 4]) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe {
            let ab = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
            let cd = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
            let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
            let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
            _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high))
        }
    }

    #[inline(always)]
    fn totals(self, v: &[[__m512; 4]], out: &mut [f32]) {
        for (v, out) in v.as_chunks::<2>().0.iter().zip(out.chunks_exact_mut(N)) {
            let (a, b) = (self.sums(v[0]), self.sums(v[1]));
            // SAFETY: the processor has AVX-512F, see `detect`.
            let sums = unsafe {
                let even = _mm512_shuffle_f32x4::<0b1000_1000>(a, b);
                _mm512_add_ps(even, _mm512_shuffle_f32x4::<0b1101_1101>(a, b))
            };
            self.store(sums, out);
        }
    }

    #[inline(always)]
    fn fold(self, v: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe {
            let v = _mm512_add_ps(v, _mm512_shuffle_f32x4::<0b0100_1110>(v, v));
            _mm512_add_ps(v, _mm512_shuffle_f32x4::<0b1011_0001>(v, v))
        }
    }

    #[inline(always)]
    fn each<const I: i32>(self, v: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe {
            match I {
                0 => _mm512_permute_ps::<0b0000_0000>(v),
                1 => _mm512_permute_ps::<0b0101_0101>(v),
                2 => _mm512_permute_ps::<0b1010_1010>(v),
                _ => _mm512_permute_ps::<0b1111_1111>(v),
            }
        }
    }

    /// Each quarter of a vector takes four floats of another row, so that only the 4 x 4 transposes inside
    /// the quarters are left: 32 shuffles instead of 64.
    #[inline(always)]
    fn transpose<'a>(
        self,
        row: impl Fn(usize) -> &'a [f32],
        finish: impl Fn(usize, __m512) -> __m512,
        out: &mut [f32],
        stride: usize,
    ) {
        let [a0, a1, a2, a3] = quads([row(0), row(4), row(8), row(12)]);
        let [b0, b1, b2, b3] = quads([row(1), row(5), row(9), row(13)]);
        let [c0, c1, c2, c3] = quads([row(2), row(6), row(10), row(14)]);
        let [d0, d1, d2, d3] = quads([row(3), row(7), row(11), row(15)]);
        // A closure here might not be inlined, and would then lack the machine's instructions.
        macro_rules! put {
            ($j:literal, $columns:expr) => {
                let [a, b, c, d] = transpose_quarters($columns);
                self.store(finish($j, a), &mut out[$j * stride..]);
                self.store(finish($j + 1, b), &mut out[($j + 1) * stride..]);
                self.store(finish($j + 2, c), &mut out[($j + 2) * stride..]);
                self.store(finish($j + 3, d), &mut out[($j + 3) * stride..]);
            };
        }
        put!(0, [a0, b0, c0, d0]);
        put!(4, [a1, b1, c1, d1]);
        put!(8, [a2, b2, c2, d2]);
        put!(12, [a3, b3, c3, d3]);
    }

    #[inline(always)]
    fn load_part(self, x: &[f32]) -> __m512 {
        let mask = (1u32 << x.len().min(N)).wrapping_sub(1) as u16;
        // SAFETY: the mask has a bit for each float of `x` and no other; lanes without a bit are not read. The
        // processor has AVX-512F, see `detect`.
        unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr()) }
    }

    #[inline(always)]
    fn store_part(self, v: __m512, x: &mut [f32]) {
        let mask = (1u32 << x.len().min(N)).wrapping_sub(1) as u16;
        // SAFETY: the mask has a bit for each float of `x` and no other; lanes without a bit are not written.
        // The processor has AVX-512F, see `detect`.
        unsafe { _mm512_mask_storeu_ps(x.as_mut_ptr(), mask, v) }
    }

    #[inline(always)]
    fn prefetch(self, x: &[f32]) {
        // SAFETY: a prefetch reads nothing a program can see and faults on no address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(x.as_ptr().cast()) }
    }
}
