//! Random numbers that belong to a place, not to a stream somebody shares.
//!
//! Row r of side s in epoch e of a fit seeded with `seed` draws from a generator of its own, so the draws do not
//! depend on the schedule. The generator is xoshiro256++ (Blackman and Vigna 2021, "Scrambled linear
//! pseudorandom number generators"), named and therefore the same in every version; its state comes from the
//! place by four steps of SplitMix64, each fed with one coordinate. Normal draws are our own arithmetic on its
//! bits, down to the logarithm, so they do not depend on a system library either.

use super::special::ln;
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

    /// A draw from the Gamma distribution of scale 1 and a shape of at least 1 (smaller ones are taken for 1):
    /// Marsaglia & Tsang 2000, "A simple method for generating gamma variables".
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape.max(1.0) - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.draw();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            if ln(self.uniform()) < 0.5 * x * x + d - d * v + d * ln(v) {
                return d * v;
            }
        }
    }

    /// A standard normal draw given that it lies between `low` and `high`, either of which may be infinite: Robert 1995,
    /// "Simulation of truncated normal variables".
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        if low > 0.0 {
            return self.above(low, high);
        }
        if high < 0.0 {
            return -self.above(-high, -low);
        }
        if high - low > 2.5 {
            loop {
                let x = self.draw();
                if x >= low && x <= high {
                    return x;
                }
            }
        }
        loop {
            let x = low + (high - low) * self.uniform();
            if ln(self.uniform()) < -0.5 * x * x {
                return x;
            }
        }
    }

    /// The same for an interval above zero.
    fn above(&mut self, low: f64, high: f64) -> f64 {
        if (high - low) * low.max(0.5) < 2.0 {
            loop {
                let x = low + (high - low) * self.uniform();
                if ln(self.uniform()) < 0.5 * (low * low - x * x) {
                    return x;
                }
            }
        }
        let rate = 0.5 * (low + (low * low + 4.0).sqrt());
        loop {
            let x = low - ln(self.uniform()) / rate;
            if x <= high && ln(self.uniform()) < -0.5 * (x - rate) * (x - rate) {
                return x;
            }
        }
    }

    /// Uniform in (0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits.next_u64() >> 11) as f64 + 0.5) * f64::exp2(-53.0)
    }

    /// Uniform in [-1, 1), 53 bits.
    fn symmetric(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * f64::exp2(-52.0) - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
