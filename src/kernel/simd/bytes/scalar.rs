//! Bytes on every processor: four sums at a time, in plain arrays, and the oracle of the others.

use super::{ByteJob, Bytes};
pub(crate) use crate::kernel::simd::scalar::Scalar;

const N: usize = 4;

impl Bytes for Scalar {
    const LANES: usize = N;
    const TALLEST: usize = 4;
    const FINEST: i8 = 127;
    type Sums = [i32; N];
    type Words = [i8; 4 * N];

    #[inline(always)]
    fn vectorize<J: ByteJob>(self, job: J) -> J::Out {
        job.run(self)
    }

    #[inline(always)]
    fn splat(self, x: i32) -> [i32; N] {
        [x; N]
    }

    #[inline(always)]
    fn load(self, x: &[u8]) -> [i8; 4 * N] {
        std::array::from_fn(|at| x[at] as i8)
    }

    #[inline(always)]
    fn word(self, x: i32) -> [i8; 4 * N] {
        let bytes = x.to_le_bytes();
        std::array::from_fn(|at| bytes[at % 4] as i8)
    }

    #[inline(always)]
    fn add_products(self, mut sums: [i32; N], unsigned: [i8; 4 * N], signed: [i8; 4 * N]) -> [i32; N] {
        for (lane, sum) in sums.iter_mut().enumerate() {
            for at in 4 * lane..4 * lane + 4 {
                *sum = sum.wrapping_add(i32::from(unsigned[at] as u8) * i32::from(signed[at]));
            }
        }
        sums
    }

    #[inline(always)]
    fn and(self, a: [i32; N], b: [i32; N]) -> [i32; N] {
        std::array::from_fn(|lane| a[lane] & b[lane])
    }

    #[inline(always)]
    fn not_negative(self, sums: [i32; N]) -> u32 {
        (0..N).fold(0, |mask, lane| mask | u32::from(sums[lane] >= 0) << lane)
    }
}
