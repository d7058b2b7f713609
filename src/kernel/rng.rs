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

/// A bound from which on the tail of the normal distribution is narrower than double precision can tell.
const FAR: f64 = 1e100;

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

    /// A draw from the Gamma distribution of scale 1 and a shape of at least 1 (smaller ones, and NaN, are taken for 1):
    /// Marsaglia & Tsang 2000, "A simple method for generating gamma variables".
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let shape = if shape > 1.0 { shape.min(f64::MAX) } else { 1.0 };
        let d = shape - 1.0 / 3.0;
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
    /// "Simulation of truncated normal variables". `low` where `high` is not above it, and NaN where either is NaN.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        if low.is_nan() || high.is_nan() {
            return f64::NAN;
        }
        if low >= high {
            return low;
        }
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
        // So far out that the square may overflow, the two agree to the last bit.
        let rate = if low < FAR { 0.5 * (low + (low * low + 4.0).sqrt()) } else { low };
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

    fn normal() -> Normal {
        Stream { seed: 11, epoch: 0, side: 0, row: 0 }.normal()
    }

    /// Mean and variance of many draws.
    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        const DRAWS: u32 = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let x = draw();
            sum += x;
            squares += x * x;
        }
        let mean = sum / f64::from(DRAWS);
        (mean, squares / f64::from(DRAWS) - mean * mean)
    }

    #[test]
    fn gamma_draws_have_mean_and_variance_of_their_shape() {
        let mut normal = normal();
        for shape in [1.0, 1.5, 3.0, 40.0, 1e6] {
            let (mean, variance) = moments(|| normal.gamma(shape));
            assert!((mean / shape - 1.0).abs() < 0.015, "{shape}: {mean}");
            assert!((variance / shape - 1.0).abs() < 0.04, "{shape}: {variance}");
        }
    }

    #[test]
    fn a_shape_that_is_none_is_taken_for_one_or_the_largest() {
        for shape in [0.0, -1e300, 0.5, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(normal().gamma(shape).to_bits(), normal().gamma(1.0).to_bits());
        }
        assert!(normal().gamma(f64::INFINITY) > 1e300 && normal().gamma(1e300).is_finite());
    }

    /// Mean and variance of a standard normal number in an interval, by Simpson's rule.
    fn truncated(low: f64, high: f64) -> (f64, f64) {
        const STEPS: u32 = 200_000;
        // The density falls from the point nearest to zero; beyond 40 of its scales there is nothing.
        let peak = 0.0f64.clamp(low, high);
        let reach = 40.0 / peak.abs().max(3.0);
        let (from, to) = (low.max(peak - reach), high.min(peak + reach));
        let step = (to - from) / f64::from(STEPS);
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        for at in 0..=STEPS {
            let share = if at == 0 || at == STEPS { 1.0 } else { f64::from(2 + at % 2 * 2) };
            // About the peak, so that far tails keep their digits.
            let d = from - peak + f64::from(at) * step;
            let weight = share * (-d * (peak + 0.5 * d)).exp();
            mass += weight;
            first += weight * d;
            second += weight * d * d;
        }
        let mean = first / mass;
        (peak + mean, second / mass - mean * mean)
    }

    #[test]
    fn draws_in_an_interval_are_those_of_a_truncated_normal() {
        const END: f64 = f64::INFINITY;
        let mut normal = normal();
        let intervals = [
            (-END, END),
            (-1.0, 2.0),
            (-0.5, 0.7),
            (-2.6, 0.0),
            (-1e-3, 10.0),
            (0.0, END),
            (0.0, 4.5),
            (0.1, 0.2),
            (0.2, 3.0),
            (0.45, 4.4),
            (2.0, END),
            (5.0, END),
            (8.0, 8.1),
            (8.0, 8.3),
            (30.0, END),
            (1e5, END),
        ];
        for (low, high) in intervals {
            let (mean, variance) = truncated(low, high);
            let deviation = variance.sqrt();
            let upper = moments(|| {
                let x = normal.between(low, high);
                assert!((low..=high).contains(&x), "{x} is not in {low}..{high}");
                (x - mean) / deviation
            });
            // The other tail is the same in the mirror.
            let lower = moments(|| (-normal.between(-high, -low) - mean) / deviation);
            for (found_mean, found_variance) in [upper, lower] {
                assert!(found_mean.abs() < 0.015, "{low}..{high}: {found_mean} deviations from {mean}");
                assert!((found_variance - 1.0).abs() < 0.04, "{low}..{high}: {found_variance} of {variance}");
            }
        }
    }

    #[test]
    fn no_interval_is_drawn_from_for_ever() {
        let edges =
            [0.0, f64::MIN_POSITIVE, 1e-300, 1e-9, 0.5, 2.5, 37.0, 1e8, 1e99, 1e100, 1e155, 1e300, f64::MAX];
        let ends: Vec<f64> = edges.iter().chain(&[f64::INFINITY]).flat_map(|&edge| [-edge, edge]).collect();
        let mut normal = normal();
        for &low in &ends {
            for &high in &ends {
                let x = normal.between(low, high);
                let sound = if low < high { (low..=high).contains(&x) && x.is_finite() } else { x == low };
                assert!(sound, "{x} is drawn from {low}..{high}");
            }
            let next = low.next_up();
            let x = normal.between(low, next);
            assert!(x == low || x == next, "{x} is drawn from {low}..{next}");
            assert!(normal.between(low, f64::NAN).is_nan() && normal.between(f64::NAN, low).is_nan());
        }
    }
}
