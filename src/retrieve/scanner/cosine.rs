//! Which rows point the same way?

/// Sums made side by side: whole vectors of every machine, in an order that is the same on all.
const CHAINS: usize = 8;

/// The cosine of the angle between two rows, in [-1, 1]: computed in double precision, where squares of single ones neither
/// overflow nor vanish, and rounded once. Rows that point the same way have 1. A row of zeros has no direction: 0. NaN
/// where a row is not finite.
pub(in crate::retrieve) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let [ab, aa, bb] = products(a, b);
    if !(aa.is_finite() && bb.is_finite()) {
        return f32::NAN;
    }
    if aa == 0.0 || bb == 0.0 {
        return 0.0;
    }
    // Not the root of the product: that of two lengths is exact for rows that are equal.
    ((ab / (aa.sqrt() * bb.sqrt())) as f32).clamp(-1.0, 1.0)
}

/// `a.b`, `a.a` and `b.b`.
fn products(a: &[f32], b: &[f32]) -> [f64; 3] {
    let mut sums = [[0.0; CHAINS]; 3];
    let (a, b) = (a.chunks(CHAINS), b.chunks(CHAINS));
    for (a, b) in a.zip(b) {
        for (at, (&a, &b)) in a.iter().zip(b).enumerate() {
            let (a, b) = (f64::from(a), f64::from(b));
            sums[0][at] += a * b;
            sums[1][at] += a * a;
            sums[2][at] += b * b;
        }
    }
    sums.map(|sums| sums.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::cosine;

    #[test]
    fn cosines_are_exact_where_they_are_known() {
        let row: Vec<f32> = (0..67).map(|k| ((k * 37 % 19) as f32 - 9.0) * 0.37).collect();
        for scale in [1.0, 3.7e-44, 1e37, -1e-20, -2.0] {
            let other: Vec<f32> = row.iter().map(|x| x * scale).collect();
            let near = if scale.abs() < 1e-40 { 0.05 } else { 0.0 };
            assert!((cosine(&row, &other) - scale.signum()).abs() <= near, "{scale}");
            assert_eq!(cosine(&other, &other), 1.0, "{scale}");
        }
        assert_eq!(cosine(&[3.0, 4.0], &[-4.0, 3.0]), 0.0);
        assert_eq!(cosine(&[1.0, 0.0], &[1.0, 1.0]), 0.5_f32.sqrt());
        assert_eq!(cosine(&[0.0; 3], &[1.0; 3]), 0.0);
        assert!(cosine(&[f32::NAN, 1.0], &[1.0; 2]).is_nan());
        assert!(cosine(&[f32::INFINITY, 1.0], &[1.0; 2]).is_nan());
        assert!(cosine(&[0.0; 2], &[1.0, f32::NAN]).is_nan());
    }
}
