//! AVX2: eight sums, three instructions for thirty-two products.
#![allow(unsafe_code)]

use super::{ByteJob, Bytes};
use std::arch::x86_64::*;

/// Proof that this processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2Bytes(());

const N: usize = 8;

impl Avx2Bytes {
    /// Asks the processor (and the operating system, which must save the registers).
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        there.then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn call<J: ByteJob>(m: Avx2Bytes, job: J) -> J::Out {
    job.run(m)
}

impl Bytes for Avx2Bytes {
    const LANES: usize = N;
    // 8 sums, two vectors of rows, one word, ones and two products: 14 of 16 registers.
    const TALLEST: usize = 4;
    // Pairs are added in 16 bits with saturation: 2 * 255 * 64 = 32,640 fits.
    const FINEST: i8 = 64;
    type Sums = __m256i;
    type Words = __m256i;

    #[inline(always)]
    fn vectorize<J: ByteJob>(self, job: J) -> J::Out {
        // SAFETY: `self` exists only after `detect` found every feature `call` is compiled for.
        unsafe { call(self, job) }
    }

    #[inline(always)]
    fn splat(self, x: i32) -> __m256i {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_set1_epi32(x) }
    }

    #[inline(always)]
    fn load(self, x: &[u8]) -> __m256i {
        let x = &x[..4 * N];
        // SAFETY: 32 bytes are there by the line above, an unaligned load is allowed to read them, and the processor
        // has AVX2, see `detect`.
        unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
    }

    #[inline(always)]
    fn word(self, x: i32) -> __m256i {
        self.splat(x)
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe {
            let pairs = _mm256_maddubs_epi16(unsigned, signed);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the processor has AVX2, see `detect`.
        unsafe { _mm256_and_si256(a, b) }
    }

    #[inline(always)]
    fn not_negative(self, sums: __m256i) -> u32 {
        // SAFETY: the processor has AVX2, see `detect`.
        let negative = unsafe { _mm256_movemask_ps(_mm256_castsi256_ps(sums)) };
        !negative as u32 & 0xff
    }
}
