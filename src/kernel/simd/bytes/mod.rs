//! Products of bytes, exact in 32-bit integers: four bytes of a row a lane and step.
//!
//! The vocabulary of the [sieve](crate::kernel::sieve), apart from [`Simd`](super::Simd) because a machine may have
//! fast bytes and no other vectors of the same width, and the other way round. One side of a product is unsigned (the
//! rows), the other signed (the questions), as the instructions want it.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
pub(crate) mod scalar;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vnni;

use crate::kernel::level::Level;

/// A piece of work, generic over the machine.
pub(crate) trait ByteJob {
    /// What the work returns.
    type Out;
    /// Does the work. Implementations are `#[inline(always)]`.
    fn run<M: Bytes>(self, m: M) -> Self::Out;
}

/// A machine: vectors of `LANES` sums of 32 bits, or four times as many bytes.
pub(crate) trait Bytes: Copy {
    /// Sums in a vector.
    const LANES: usize;
    /// Questions of the largest register tile; 4 or 14.
    const TALLEST: usize;
    /// The largest signed byte whose products never saturate on the way.
    const FINEST: i8;
    /// One vector of 32-bit sums.
    type Sums: Copy;
    /// One vector of bytes.
    type Words: Copy;

    /// Runs `job` as a function of its own, compiled for this machine.
    fn vectorize<J: ByteJob>(self, job: J) -> J::Out;
    /// All sums `x`.
    fn splat(self, x: i32) -> Self::Sums;
    /// The first `4 * LANES` bytes of `x`, which must be there.
    fn load(self, x: &[u8]) -> Self::Words;
    /// The four signed bytes of `x` (the lowest first), over and over.
    fn word(self, x: i32) -> Self::Words;
    /// Adds to each sum its four products `unsigned * signed`; wraps around.
    fn add_products(self, sums: Self::Sums, unsigned: Self::Words, signed: Self::Words) -> Self::Sums;
    /// The bitwise and: negative where both are.
    fn and(self, a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// Bit `i` is set when sum `i` is not negative.
    fn not_negative(self, sums: Self::Sums) -> u32;
}

/// The machine of a [`Level`]: chosen once, when rows are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteLevel {
    /// Plain Rust.
    Scalar(scalar::Scalar),
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2Bytes),
    /// 512 bits, one instruction for four products and their sum.
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni),
}

impl ByteLevel {
    /// The fastest machine that goes no further than `level`.
    pub(crate) fn of(level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let vnni = if level.lanes() >= 16 { vnni::Vnni::detect() } else { None };
            let avx2 = if level.lanes() >= 8 { avx2::Avx2Bytes::detect() } else { None };
            if let Some(found) = vnni.map(Self::Vnni).or(avx2.map(Self::Avx2)) {
                return found;
            }
        }
        let _ = level;
        Self::Scalar(scalar::Scalar)
    }

    /// Runs a job with this machine's instructions.
    #[inline]
    pub(crate) fn run<J: ByteJob>(self, job: J) -> J::Out {
        match self {
            Self::Scalar(m) => m.vectorize(job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(m) => m.vectorize(job),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(m) => m.vectorize(job),
        }
    }

    /// The machine's numbers: sums in a vector, questions of the tallest tile, largest signed byte.
    pub(crate) fn shape(self) -> (usize, usize, i8) {
        struct Shape;
        impl ByteJob for Shape {
            type Out = (usize, usize, i8);
            #[inline(always)]
            fn run<M: Bytes>(self, _: M) -> Self::Out {
                (M::LANES, M::TALLEST, M::FINEST)
            }
        }
        self.run(Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of one vector, `rounds` times the same product, whether each is negative.
    struct Dots<'a>(&'a [u8], [i8; 4], usize);

    impl ByteJob for Dots<'_> {
        type Out = (usize, Vec<u32>);

        #[inline(always)]
        fn run<M: Bytes>(self, m: M) -> Self::Out {
            let word = m.word(i32::from_le_bytes(self.1.map(|byte| byte as u8)));
            let rows = m.load(self.0);
            // Which sums are at least t, for thresholds from low to high.
            let masks = (-3..4).map(|step| {
                let mut sums = m.splat(-step * 4_000);
                for _ in 0..self.2 {
                    sums = m.add_products(sums, rows, word);
                }
                m.not_negative(m.and(sums, m.splat(-1)))
            });
            (M::LANES, masks.collect())
        }
    }

    #[test]
    fn every_machine_adds_the_exact_products() {
        let mut rng = crate::kernel::Stream { seed: 5, epoch: 0, side: 0, row: 0 }.normal();
        for level in Level::available() {
            let machine = ByteLevel::of(level);
            let (_, _, finest) = machine.shape();
            for round in 0..400 {
                let mut noise = [0.0_f32; 68];
                rng.fill(&mut noise);
                let mut rows = [0_u8; 64];
                for (byte, x) in rows.iter_mut().zip(noise) {
                    *byte = if round < 4 { 255 } else { (128.0 + 60.0 * x) as u8 };
                }
                let extreme = [finest, -finest, finest, finest];
                let signed: [i8; 4] = std::array::from_fn(|at| {
                    if round < 8 {
                        extreme[(at + round) % 4]
                    } else {
                        (f32::from(finest) * noise[64 + at] / 4.0) as i8
                    }
                });
                let (lanes, masks) = machine.run(Dots(&rows, signed, 3));
                for (mask, step) in masks.into_iter().zip(-3..4) {
                    for lane in 0..lanes {
                        let terms = rows[4 * lane..][..4].iter().zip(signed);
                        let exact = 3 * terms.map(|(&a, b)| i32::from(a) * i32::from(b)).sum::<i32>();
                        assert_eq!(
                            mask >> lane & 1 == 1,
                            exact >= step * 4_000,
                            "{machine:?} {rows:?} {signed:?}"
                        );
                    }
                }
            }
        }
    }
}
