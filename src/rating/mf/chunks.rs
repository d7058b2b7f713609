//! Cutting rows into jobs of like cost, and slices along the same cut.

use std::ops::Range;

/// Jobs a pass is cut into, at most and about.
const JOBS: usize = 96;

/// The least cost of a job: a few tens of microseconds.
const LEAST: usize = 2048;

/// Cuts compressed rows where about the same number of events, plus `row_cost` for each row, has come together.
/// The cut depends on the data and the dimension alone.
pub(super) fn balanced(offsets: &[usize], row_cost: usize) -> Vec<Range<usize>> {
    let rows = offsets.len() - 1;
    let cost = |from: usize, to: usize| offsets[to] - offsets[from] + (to - from) * row_cost;
    let share = (cost(0, rows) / JOBS).max(LEAST);
    let mut cuts = Vec::with_capacity(JOBS + 1);
    let mut from = 0;
    for to in 1..=rows {
        if to == rows || cost(from, to) >= share {
            cuts.push(from..to);
            from = to;
        }
    }
    cuts
}

/// Parts of a slice of `width` numbers per row.
pub(super) fn parts<'a, T>(mut all: &'a mut [T], width: usize, cuts: &[Range<usize>]) -> Vec<&'a mut [T]> {
    let part = |rows: &Range<usize>| {
        let (head, rest) = std::mem::take(&mut all).split_at_mut(rows.len() * width);
        all = rest;
        head
    };
    cuts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_covers_every_row_once_whatever_the_lengths() {
        for lengths in [vec![], vec![0; 7], vec![5000; 300], vec![1, 1_000_000, 0, 3]] {
            let mut offsets = vec![0];
            for length in &lengths {
                offsets.push(offsets[offsets.len() - 1] + length);
            }
            let cuts = balanced(&offsets, 16);
            let rows: Vec<usize> = cuts.iter().cloned().flatten().collect();
            assert_eq!(rows, (0..lengths.len()).collect::<Vec<_>>());
            let mut numbers = vec![0u8; 2 * lengths.len()];
            let parts = parts(&mut numbers, 2, &cuts);
            assert!(parts.iter().zip(&cuts).all(|(part, rows)| part.len() == 2 * rows.len()));
        }
    }
}
