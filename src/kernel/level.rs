//! Which instructions: chosen once, when something is prepared, and never per call.

use super::simd::{Job, Simd, scalar::Scalar};
#[cfg(target_arch = "x86_64")]
use super::simd::{avx2::Avx2, avx512::Avx512};
use std::fmt;

/// A set of instructions this processor has.
///
/// A value is a proof that the instructions are there, so it comes only from [`Level::detect`],
/// [`Level::available`] and [`Level::named`]. Results of two levels may differ in their last bits (other
/// orders of summation, fused or separate rounding); within one level they are always the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Isa);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isa {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Level {
    /// Plain Rust, on every processor: four floats at a time, as far as the compiler sees them.
    pub const SCALAR: Self = Self(Isa::Scalar(Scalar));

    /// The fastest level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::SCALAR)
    }

    /// Every level of this processor, slowest first; the first is always [`Level::SCALAR`].
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let more =
            [Avx2::detect().map(|s| Self(Isa::Avx2(s))), Avx512::detect().map(|s| Self(Isa::Avx512(s)))];
        #[cfg(not(target_arch = "x86_64"))]
        let more: [Option<Self>; 0] = [];
        std::iter::once(Self::SCALAR).chain(more.into_iter().flatten())
    }

    /// The level of that [name](Level::name), if this processor has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|level| level.name() == name)
    }

    /// `"scalar"`, `"avx2"` or `"avx512"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Isa::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
        }
    }

    /// Floats in one vector.
    #[must_use]
    pub fn lanes(self) -> usize {
        match self.0 {
            Isa::Scalar(_) => Scalar::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => Avx512::LANES,
        }
    }

    /// Runs a job with this level's instructions.
    #[inline]
    pub(crate) fn run<J: Job>(self, job: J) -> J::Out {
        match self.0 {
            Isa::Scalar(s) => s.vectorize(job),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(s) => s.vectorize(job),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(s) => s.vectorize(job),
        }
    }
}

impl Default for Level {
    /// [`Level::detect`].
    fn default() -> Self {
        Self::detect()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn levels_are_named_and_the_first_is_scalar() {
        assert_eq!(Level::available().next(), Some(Level::SCALAR));
        for level in Level::available() {
            assert_eq!(Level::named(level.name()), Some(level));
            assert!(level.lanes() >= 4);
        }
        assert_eq!(Level::named("abacus"), None);
        assert_eq!(Level::available().last(), Some(Level::detect()));
    }
}
