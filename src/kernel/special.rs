//! Functions of one number that statistics needs, by additions, products, divisions and roots alone, so that they do not
//! depend on a system library.

/// The natural logarithm of a positive normal number: exponent and mantissa apart, then
/// ln m = 2 artanh((m - 1) / (m + 1)) as a series whose argument stays below 0.172, so that eleven terms reach double
/// precision.
pub fn ln(x: f64) -> f64 {
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

/// The exponential: 0 below -708, and for arguments beyond 709 that of 709.
pub fn exp(x: f64) -> f64 {
    if x < -708.0 {
        return 0.0;
    }
    let x = if x > 709.0 { 709.0 } else { x };
    let power = (x * std::f64::consts::LOG2_E).round();
    let rest = x - power * std::f64::consts::LN_2;
    let series = (1..=13u32).rev().fold(1.0, |sum, term| 1.0 + sum * rest / f64::from(term));
    series * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

/// The logarithm of the Gamma function of a positive number, NaN of others: Stirling's series, after the recurrence has
/// brought the argument above 8.
pub fn ln_gamma(mut x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut product = 1.0;
    while x < 8.0 {
        product *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x;
    let half_ln_two_pi = 0.918_938_533_204_672_8;
    (x - 0.5) * ln(x) - x + half_ln_two_pi + series - ln(product)
}

/// The standard normal distribution function, to within 1e-7 of its value on either tail: the Chebyshev fit of Press et
/// al. 1992, "Numerical recipes", for the complementary error function.
pub fn normal_cdf(x: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let z = x.abs() * std::f64::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let fit = FIT.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let tail = 0.5 * t * exp(fit - z * z);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Where the standard normal distribution function is `p`, a number in (0, 1); within [-9, 9], by bisection.
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
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
    fn the_exponential_is_right() {
        for i in -7000..7000 {
            let x = f64::from(i) / 10.0;
            assert!((exp(x) / x.exp() - 1.0).abs() <= 4e-13, "{x}");
        }
        assert_eq!([exp(0.0), exp(-1e9)], [1.0, 0.0]);
        assert!(exp(f64::INFINITY).is_finite() && exp(f64::NAN).is_nan());
    }

    #[test]
    fn the_gamma_function_is_that_of_factorials() {
        let mut factorial = 1.0f64;
        for n in 1..40u32 {
            assert!((ln_gamma(f64::from(n)) - factorial.ln()).abs() <= 1e-9 * (1.0 + factorial.ln()), "{n}");
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 1e-9);
        // Gamma(x + 1) = x Gamma(x).
        for x in [1e-3, 0.1, 0.7, 3.25, 7.999, 8.0, 123.4, 1e5] {
            let (a, b) = (ln_gamma(x + 1.0), ln_gamma(x) + f64::ln(x));
            assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{x}: {a} {b}");
        }
        for x in [0.0, -0.5, -1e300, f64::NEG_INFINITY, f64::NAN] {
            assert!(ln_gamma(x).is_nan(), "{x}");
        }
    }

    #[test]
    fn the_quantile_is_the_way_back() {
        for at in 1..1000 {
            let p = f64::from(at) / 1000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-9, "{p}");
        }
        for p in [0.0, -1.0, 1e-300, 1.0, 2.0, f64::NAN] {
            assert!(normal_quantile(p).abs() <= 9.0, "{p}");
        }
    }

    #[test]
    fn the_normal_distribution_is_that_of_tables() {
        // Abramowitz & Stegun 1964, table 26.1.
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (1.96, 0.975_002_105), (3.0, 0.998_650_102)] {
            assert!((normal_cdf(x) - p).abs() < 1e-7 && (normal_cdf(-x) - (1.0 - p)).abs() < 1e-7, "{x}");
            assert!((normal_quantile(p) - x).abs() < 1e-5);
        }
        assert!((normal_cdf(-5.0) / 2.866_515_72e-7 - 1.0).abs() < 1e-6);
        assert_eq!([normal_cdf(f64::INFINITY), normal_cdf(f64::NEG_INFINITY)], [1.0, 0.0]);
    }
}
