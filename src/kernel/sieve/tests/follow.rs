//! Rows that change, against the naive search.

use super::{Case, noise};
use crate::kernel::Level;
use crate::kernel::sieve::{Kind, Sieve};

/// Rows that change a little or beyond all bounds, come, go and return, against the naive search.
#[test]
fn rows_that_change_are_not_lost() {
    for (width, bias) in [(7, 0.5), (16, 0.0), (12, 30.0)] {
        for level in Level::available() {
            let mut case = Case::new(width, 700, 1.0, bias);
            let mut sieve = case.sieve(level);
            let (mut strayed, mut groups) = (0, 0);
            for step in 0..70 {
                let place = format!("{level} width {width} bias {bias} step {step}");
                change(&mut case, step);
                let count = case.bias.len() as u32;
                let changed = (0..count).filter(|row| touched(step, u64::from(*row)));
                let before = sieve.groups();
                if !case.is_followed(&mut sieve, changed) {
                    sieve = case.sieve(level);
                }
                groups += sieve.groups().saturating_sub(before);
                strayed = strayed.max(sieve.wild().len());
                assert!(strayed < 300, "{place}: {strayed} rows are in no group");
                if step % 3 == 0 {
                    no_row_is_lost_by(&case, &sieve, &place);
                }
            }
            assert!(groups > 2 && strayed > 100, "{groups} groups came, {strayed} strays");
        }
    }
}

#[test]
fn when_too_much_has_changed_all_rows_are_to_be_packed_anew() {
    let mut case = Case::new(8, 600, 1.0, 0.0);
    let mut sieve = case.sieve(Level::detect());
    // Every row strays, again and again.
    let steps = (0..9).take_while(|step| {
        let by = if step % 2 == 0 { 1e3 } else { 1e-3 };
        case.rows.iter_mut().for_each(|y| *y *= by);
        case.is_followed(&mut sieve, 0..600)
    });
    assert!((1..5).contains(&steps.count()));
    no_row_is_lost_by(&case, &sieve, "until then");
    // A bias where there was none cannot be packed by the unit of none.
    let mut sieve = case.sieve(Level::detect());
    case.bias.fill(1.0);
    assert!(!case.is_followed(&mut sieve, 0..600));
    no_row_is_lost_by(&case, &sieve, "biases");
}

fn touched(step: u64, row: u64) -> bool {
    (row * 2_654_435_761 + step * 40_503) % 97 < 4
}

fn change(case: &mut Case, step: u64) {
    let width = case.width;
    for row in (0..case.bias.len()).filter(|&row| touched(step, row as u64)) {
        let by = [1.05, 0.97, 1.0, 0.0, 1.0, 3.0, 1.02, f32::NAN]
            [(row + step as usize) % if step == 9 { 8 } else { 7 }];
        let drift = noise(step * 1_000 + row as u64, width + 1);
        let y = &mut case.rows[row * width..][..width];
        y.iter_mut()
            .zip(&drift)
            .for_each(|(y, drift)| *y = *y * by + if by == 0.0 { 0.0 } else { 0.03 * drift });
        // Those that held NaN become numbers again.
        y.iter_mut().filter(|y| step > 10 && y.is_nan()).for_each(|y| *y = 0.1);
        if case.bias[row] != 0.0 || row % 50 == 3 {
            case.bias[row] += 0.05 * drift[width];
        }
    }
    let came = noise(77 + step, 11 * width);
    case.rows.extend(came);
    case.bias.extend([0.0; 11]);
}

fn no_row_is_lost_by(case: &Case, sieve: &Sieve, place: &str) {
    let products: Vec<_> = case.questions.iter().map(|question| case.products(question)).collect();
    for rank in [0, 9, 300] {
        let threshold = |[forward, _]: &[Vec<f32>; 2]| {
            let mut sorted: Vec<f32> = forward.iter().copied().filter(|x| !x.is_nan()).collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            sorted[rank]
        };
        let thresholds: Vec<f32> = products.iter().map(threshold).collect();
        let found = case.found(sieve, Kind::Product, &thresholds);
        for ((products, &threshold), found) in products.iter().zip(&thresholds).zip(&found) {
            for row in (0..case.bias.len()).filter(|&row| products.iter().any(|all| all[row] >= threshold)) {
                assert!(found.binary_search(&(row as u32)).is_ok(), "{place}: row {row} at rank {rank}");
            }
        }
    }
    let length = |x: &[f32]| x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let found = case.found(sieve, Kind::Cosine, &[0.5; 23]);
    for ((x, _), found) in case.questions.iter().zip(&found) {
        for row in 0..case.bias.len() {
            let dot: f64 = case.row(row).iter().zip(x).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let cosine = dot / (length(x) * length(case.row(row)));
            assert!(
                cosine.is_nan() || cosine < 0.5 || found.binary_search(&(row as u32)).is_ok(),
                "{place}: row {row}"
            );
        }
    }
}
