mod follow;

use super::*;
use crate::kernel::{Level, Stream};

fn noise(row: u64, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    Stream { seed: 8, epoch: 0, side: 0, row }.normal().fill(&mut out);
    out
}

/// Rows, biases, and questions with offsets.
struct Case {
    width: usize,
    rows: Vec<f32>,
    bias: Vec<f32>,
    questions: Vec<(Vec<f32>, f32)>,
}

impl Case {
    fn new(width: usize, count: usize, scale: f32, bias: f32) -> Self {
        let rows = noise(1, width * count).into_iter().map(|y| scale * y).collect();
        let bias =
            if bias == 0.0 { vec![0.0; count] } else { noise(2, count).iter().map(|b| bias * b).collect() };
        let questions = (10..33).map(|at| (noise(at, width), at as f32 / 10.0 - 2.0)).collect();
        Self { width, rows, bias, questions }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.rows[row * self.width..][..self.width]
    }

    fn sieve(&self, level: Level) -> Sieve {
        let count = self.bias.len() as u32;
        Sieve::new(level, count, self.width, |row, out| {
            out.extend_from_slice(self.row(row as usize));
            self.bias[row as usize]
        })
        .unwrap()
    }

    /// Whether the sieve that follows these rows is as good as one that is packed anew.
    fn is_followed(&self, sieve: &mut Sieve, changed: impl Iterator<Item = u32>) -> bool {
        sieve.follow(self.bias.len() as u32, changed, |row, out| {
            out.extend_from_slice(self.row(row as usize));
            self.bias[row as usize]
        })
    }

    /// Products in two orders of summation.
    fn products(&self, (x, offset): &(Vec<f32>, f32)) -> [Vec<f32>; 2] {
        let product = |row: usize, back: bool| {
            let terms = self.row(row).iter().zip(x).map(|(y, x)| y * x);
            let sum: f32 = if back { terms.rev().sum() } else { terms.sum() };
            if back { sum + self.bias[row] + offset } else { sum + (self.bias[row] + offset) }
        };
        [false, true].map(|back| (0..self.bias.len()).map(|row| product(row, back)).collect())
    }

    /// The rows found by each question at its threshold, and how often a group was looked at in vain.
    fn found(&self, sieve: &Sieve, kind: Kind, thresholds: &[f32]) -> Vec<Vec<u32>> {
        let mut all = vec![Vec::new(); self.questions.len()];
        let (mut tile, mut found, mut first) = (Tile::default(), Vec::new(), 0);
        for height in sieve.heights(self.questions.len()) {
            sieve.set(&mut tile, kind, height);
            let these = first..(first + height).min(self.questions.len());
            for (at, question) in these.clone().enumerate() {
                sieve.aim(&mut tile, &self.questions[question].0, self.questions[question].1);
                tile.raise(at, thresholds[question]);
            }
            for group in 0..sieve.groups() {
                found.clear();
                sieve.sift(group, &tile, &mut found);
                assert!(found.is_empty() || !sieve.is_over(&tile, group), "given up too early");
                for &one in &found {
                    assert!(one.question() < tile.count());
                    if let Some(row) = sieve.row(one) {
                        all[first + one.question()].push(row);
                    }
                }
            }
            first = these.end;
        }
        for (question, rows) in all.iter_mut().enumerate() {
            rows.extend(sieve.wild());
            rows.sort_unstable();
            assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "question {question} found a row twice");
        }
        all
    }
}

/// Every row that reaches the threshold is found, for thresholds that are scores themselves.
fn no_row_is_lost(case: &Case, place: &str) -> usize {
    let mut most = 0;
    for level in Level::available() {
        let sieve = case.sieve(level);
        for rank in [0, 3, case.bias.len() / 2] {
            let products: Vec<_> = case.questions.iter().map(|question| case.products(question)).collect();
            let threshold = |[forward, _]: &[Vec<f32>; 2]| {
                let mut sorted = forward.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                sorted.into_iter().filter(|x| !x.is_nan()).nth(rank).unwrap_or(0.0)
            };
            let thresholds: Vec<f32> = products.iter().map(threshold).collect();
            let found = case.found(&sieve, Kind::Product, &thresholds);
            for ((products, &threshold), found) in products.iter().zip(&thresholds).zip(&found) {
                for (row, (&forward, &backward)) in products[0].iter().zip(&products[1]).enumerate() {
                    if forward >= threshold || backward >= threshold {
                        let there = found.binary_search(&(row as u32)).is_ok();
                        assert!(
                            there,
                            "{place} {level}: row {row} scores {forward} {backward}, threshold {threshold}"
                        );
                    }
                }
                if rank == 3 {
                    most = most.max(found.len());
                }
            }
        }
    }
    most
}

#[test]
fn no_row_is_lost_at_any_width() {
    for width in (0..20).chain([31, 64, 100]) {
        for bias in [0.0, 0.5, 40.0] {
            no_row_is_lost(&Case::new(width, 300, 1.0, bias), &format!("width {width} bias {bias}"));
        }
    }
}

#[test]
fn no_row_is_lost_at_any_magnitude() {
    for scale in [0.0, 1e-45, 1e-38, 1e-20, 1e18, 1e30, 1e37, 3e38] {
        for bias in [0.0, 1e-44, 1.0, 1e38] {
            for count in [1, 127, 128, 129, 400] {
                no_row_is_lost(&Case::new(9, count, scale, bias), &format!("scale {scale} bias {bias}"));
            }
        }
    }
}

#[test]
fn questions_and_rows_that_are_not_numbers_find_and_are_found() {
    let mut case = Case::new(6, 300, 1.0, 0.1);
    for (at, x) in [(7, f32::NAN), (6 * 130 + 5, f32::INFINITY), (6 * 299, f32::NEG_INFINITY)] {
        case.rows[at] = x;
    }
    case.bias[17] = f32::NAN;
    let sieve = case.sieve(Level::detect());
    assert_eq!(sieve.wild(), [1, 17, 130, 299]);
    no_row_is_lost(&case, "rows");
    for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        case.questions[2].0[3] = x;
        case.questions[3].1 = x;
        let found = case.found(&sieve, Kind::Product, &[1e9; 23]);
        assert_eq!([found[2].len(), found[3].len(), found[4].len()], [300, 300, 4]);
    }
    case.questions[2].0.pop();
    assert_eq!(case.found(&sieve, Kind::Product, &[1e9; 23])[2].len(), 300, "a question of another width");
}

#[test]
fn few_rows_are_found_in_vain() {
    for (width, most) in [(64, 40), (128, 60)] {
        let found = no_row_is_lost(&Case::new(width, 3_000, 1.0, 0.0), "noise");
        assert!(found <= most, "{found} rows for the best 4 of 3,000, width {width}");
        let found = no_row_is_lost(&Case::new(width, 3_000, 1.0, 3.0), "noise");
        assert!(found <= most + 20, "{found} rows for the best 4 of 3,000 with biases, width {width}");
    }
}

#[test]
fn a_catalogue_of_short_rows_is_not_looked_at() {
    let mut case = Case::new(16, 2_000, 1.0, 0.0);
    case.rows[16 * 100..].iter_mut().for_each(|y| *y *= 1e-3);
    for level in Level::available() {
        let sieve = case.sieve(level);
        let mut tile = Tile::default();
        sieve.set(&mut tile, Kind::Product, 1);
        sieve.aim(&mut tile, &case.questions[0].0, 0.0);
        tile.raise(0, 1.0);
        assert!(!sieve.is_over(&tile, 0) && sieve.is_over(&tile, 1) && sieve.is_over(&tile, sieve.groups()));
    }
}

#[test]
fn cosines_lose_no_row_either() {
    for scale in [1e-40, 1.0, 1e38] {
        let mut case = Case::new(12, 500, scale, 0.5);
        case.rows[..12 * 40].iter_mut().for_each(|y| *y *= 0.01);
        case.rows[12 * 60..12 * 70].fill(0.0);
        case.questions[5].0.fill(0.0);
        let length = |x: &[f32]| x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        for level in Level::available() {
            let sieve = case.sieve(level);
            for threshold in [-1.0, -0.3, 0.0, 0.3, 0.9] {
                let found = case.found(&sieve, Kind::Cosine, &[threshold; 23]);
                for ((x, _), found) in case.questions.iter().zip(&found) {
                    for row in (0..500).filter(|&row| case.row(row).iter().all(|y| y.is_finite())) {
                        let dot: f64 =
                            case.row(row).iter().zip(x).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                        let size = length(x) * length(case.row(row));
                        let cosine = if size == 0.0 { 0.0 } else { (dot / size) as f32 };
                        let there = found.binary_search(&(row as u32)).is_ok();
                        assert!(
                            there || cosine < threshold,
                            "{level} row {row}: {cosine}, threshold {threshold}"
                        );
                    }
                }
                assert!(threshold < 0.9 || scale != 1.0 || found[0].len() < 250, "{}", found[0].len());
            }
        }
    }
}

#[test]
fn more_coordinates_than_bytes_can_be_summed_for_are_refused() {
    let sieve = |width| {
        Sieve::new(Level::SCALAR, 1, width, |_, out| {
            out.resize(width, 1.0);
            0.0
        })
    };
    assert!(sieve(MOST).is_some());
    assert!(sieve(MOST + 1).is_none());
}
