//! Random numbers that belong to a place, not to a stream somebody shares.
//!
//! Row r of side s in epoch e of a fit seeded with `seed` draws from a generator of its own, so the draws do not
//! depend on the schedule. The generator is xoshiro256++ (Blackman and Vigna 2021, "Scrambled linear
//! pseudorandom number generators"), named and therefore the same in every version; its state comes from the
//! place by four steps of SplitMix64, each fed with one coordinate. Normal draws are our own arithmetic on its
//! bits, down to the logarithm, so they do not depend on a system library either.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Where a draw is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The seed of the fit.
    pub seed: u64,
    /// The epoch, or sample.
    pub epoch: u64,
    /// Which family of rows: any small number that differs between the families.
    pub side: u64,
    /// The row.
    pub row: u64,
}

impl Stream {
    /// The generator of this place. Neighbouring places have unrelated generators.
    #[must_use]
    pub fn generator(self) -> Xoshiro256PlusPlus {
        let mut state = 0;
        let mut bytes = [0; 32];
        let coordinates = [self.seed, self.epoch, self.side, self.row];
        for coordinate in coordinates {
            state = mix(state ^ mix(coordinate.wrapping_add(GOLDEN)));
        }
        for chunk in bytes.chunks_exact_mut(8) {
            state = state.wrapping_add(GOLDEN);
            chunk.copy_from_slice(&mix(state).to_le_bytes());
        }
        Xoshiro256PlusPlus::from_seed(bytes)
    }

    /// Standard normal draws of this place.
    #[must_use]
    pub fn normal(self) -> Normal {
        Normal { bits: self.generator(), spare: None }
    }
}

/// 2^64 divided by the golden ratio: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64 (Steele, Lea and Flood 2014), a bijection of the 64-bit numbers.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Standard normal draws: Marsaglia's polar method (1964), two draws from each accepted pair.
///
/// The polar method needs one logarithm and one square root for two draws and no trigonometry.
#[derive(Debug, Clone)]
pub struct Normal {
    bits: Xoshiro256PlusPlus,
    spare: Option<f64>,
}

impl Normal {
    /// Draws from an existing generator.
    #[must_use]
    pub fn new(bits: Xoshiro256PlusPlus) -> Self {
        Self { bits, spare: None }
    }

    /// One draw in double precision.
    pub fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let x = self.symmetric();
            let y = self.symmetric();
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let scale = (-2.0 * ln(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Fills a slice, in order.
    pub fn fill(&mut self, out: &mut [f32]) {
        for x in out {
            *x = self.draw() as f32;
        }
    }

    /// Uniform in [-1, 1), 53 bits.
    fn symmetric(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * f64::exp2(-52.0) - 1.0
    }
}

/// The natural logarithm of a positive normal number, by additions, products and one division, which every
/// machine rounds alike: exponent and mantissa apart, then ln m = 2 artanh((m - 1) / (m + 1)) as a series whose
/// argument stays below 0.172, so that eleven terms reach double precision.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits((bits & MANTISSA) | 1.0f64.to_bits());
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let z = (m - 1.0) / (m + 1.0);
    let square = z * z;
    let mut series = 0.0;
    for term in (0..11u32).rev() {
        series = series * square + 1.0 / f64::from(2 * term + 1);
    }
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * z * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_right() {
        for i in 1..10_000 {
            let x = f64::from(i) / 5000.0;
            assert!((ln(x) - x.ln()).abs() <= 4e-16 * (1.0 + x.ln().abs()), "{x}");
        }
        assert!((ln(1e-30) - 1e-30f64.ln()).abs() < 1e-13);
    }

    #[test]
    fn the_moments_are_those_of_a_normal() {
        let mut normal = Stream { seed: 7, epoch: 0, side: 0, row: 0 }.normal();
        let n = 200_000;
        let (mut first, mut second, mut fourth) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = normal.draw();
            first += x;
            second += x * x;
            fourth += x * x * x * x;
        }
        let n = f64::from(n);
        assert!((first / n).abs() < 0.01);
        assert!((second / n - 1.0).abs() < 0.02);
        assert!((fourth / n - 3.0).abs() < 0.1);
    }

    #[test]
    fn draws_are_value_stable() {
        let place = Stream { seed: 42, epoch: 3, side: 1, row: 1000 };
        let mut bits = place.generator();
        assert_eq!(
            [bits.next_u64(), bits.next_u64()],
            [5_886_909_299_383_709_235, 12_600_223_866_296_684_907]
        );
        let mut draws = [0.0; 4];
        place.normal().fill(&mut draws);
        let bits = [3_214_058_333, 1_066_691_018, 1_071_042_679, 3_216_619_492];
        assert_eq!(draws.map(f32::to_bits), bits);
    }

    #[test]
    fn neighbouring_places_differ() {
        let at = |seed, epoch, side, row| Stream { seed, epoch, side, row }.generator().next_u64();
        let places = [at(0, 0, 0, 0), at(1, 0, 0, 0), at(0, 1, 0, 0), at(0, 0, 1, 0), at(0, 0, 0, 1)];
        for (i, a) in places.iter().enumerate() {
            assert!(places[i + 1..].iter().all(|b| a != b));
        }
    }
}
