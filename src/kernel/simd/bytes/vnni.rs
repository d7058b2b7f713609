//! AVX-512 with VNNI: sixteen sums, one instruction for sixty-four products.
#![allow(unsafe_code)]

use super::{ByteJob, Bytes};
use std::arch::x86_64::*;

/// Proof that this processor has AVX-512F, VL, DQ, BW and VNNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vnni(());

const N: usize = 16;

impl Vnni {
    /// Asks the processor (and the operating system, which must save the registers).
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        there.then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
#[inline(never)]
fn call<J: ByteJob>(m: Vnni, job: J) -> J::Out {
    job.run(m)
}

impl Bytes for Vnni {
    const LANES: usize = N;
    // 28 sums, two vectors of rows, one word: 31 of 32 registers, 16 loads for 28 instructions.
    const TALLEST: usize = 14;
    // Four products are added in 32 bits at once: nothing saturates.
    const FINEST: i8 = 127;
    type Sums = __m512i;
    type Words = __m512i;

    #[inline(always)]
    fn vectorize<J: ByteJob>(self, job: J) -> J::Out {
        // SAFETY: `self` exists only after `detect` found every feature `call` is compiled for.
        unsafe { call(self, job) }
    }

    #[inline(always)]
    fn splat(self, x: i32) -> __m512i {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_set1_epi32(x) }
    }

    #[inline(always)]
    fn load(self, x: &[u8]) -> __m512i {
        let x = &x[..4 * N];
        // SAFETY: 64 bytes are there by the line above, an unaligned load is allowed to read them, and the processor
        // has AVX-512F, see `detect`.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }

    #[inline(always)]
    fn word(self, x: i32) -> __m512i {
        self.splat(x)
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, unsigned: __m512i, signed: __m512i) -> __m512i {
        // SAFETY: the processor has VNNI, see `detect`.
        unsafe { _mm512_dpbusd_epi32(sums, unsigned, signed) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the processor has AVX-512F, see `detect`.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn not_negative(self, sums: __m512i) -> u32 {
        // SAFETY: the processor has AVX-512DQ, see `detect`.
        let negative = unsafe { _mm512_movepi32_mask(sums) };
        u32::from(!negative)
    }
}
