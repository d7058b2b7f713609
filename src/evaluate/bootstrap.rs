//! How sure a figure is: what it would have been on other samples of the same kind.

use super::draw::Draw;
use crate::model::ParamError;
use crate::par::Workers;

/// Resamples of one job; the streams of draws are numbered by jobs, so this is part of the result.
const CHUNK: usize = 16;

/// How intervals are computed: the percentile bootstrap (Efron and Tibshirani, An Introduction to the
/// Bootstrap, 1993, chapter 13).
///
/// | field | default | range |
/// |---|---|---|
/// | `resamples` | 1000 | 0 turns intervals off; below 100 they are coarse |
/// | `confidence` | 0.95 | above 0, below 1 |
/// | `seed` | 0 | |
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bootstrap {
    /// How often the sample is drawn again, with replacement.
    pub resamples: usize,
    /// The share of resamples inside the interval.
    pub confidence: f64,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 1000, confidence: 0.95, seed: 0 }
    }
}

/// Where a figure lies in all likelihood.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The share of resamples inside.
    pub confidence: f64,
}

impl Interval {
    /// Whether a value lies inside, the ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Enough for any interval; more would only fill the memory.
const MOST_RESAMPLES: usize = 1_000_000;

impl Bootstrap {
    /// Whether every field is in its range.
    ///
    /// # Errors
    /// The error that names the field.
    pub fn check(&self) -> Result<(), ParamError> {
        let fits = self.resamples <= MOST_RESAMPLES;
        ParamError::require(fits, "resamples", self.resamples, "at most 1000000")?;
        let fits = self.confidence > 0.0 && self.confidence < 1.0;
        ParamError::require(fits, "confidence", self.confidence, "above 0 and below 1")
    }

    /// The intervals of `F` figures computed from the sums of `S` numbers over all units; none without
    /// resamples or units.
    pub(super) fn intervals<const S: usize, const F: usize>(
        &self,
        workers: &Workers,
        units: &[[f64; S]],
        figures: impl Fn(&[f64; S]) -> [f64; F] + Sync,
    ) -> [Option<Interval>; F] {
        if self.resamples == 0 || units.is_empty() {
            return [None; F];
        }
        let drawn = workers.map(self.jobs(), || (), |(), (draw, n)| resample(draw, n, units, &figures));
        let drawn: Vec<[f64; F]> = drawn.into_iter().flatten().collect();
        std::array::from_fn(|figure| {
            let mut values: Vec<f64> = drawn.iter().map(|figures| figures[figure]).collect();
            values.sort_unstable_by(f64::total_cmp);
            let tail = (1.0 - self.confidence) / 2.0;
            let (low, high) = (quantile(&values, tail), quantile(&values, 1.0 - tail));
            Some(Interval { low, high, confidence: self.confidence })
        })
    }

    /// A stream of draws, and how many resamples to make of it, for each job.
    fn jobs(&self) -> Vec<(Draw, usize)> {
        let mut draw = Draw::new(self.seed);
        (0..self.resamples)
            .step_by(CHUNK)
            .map(|first| {
                let mine = draw.clone();
                draw.next_stream();
                (mine, CHUNK.min(self.resamples - first))
            })
            .collect()
    }
}

fn resample<const S: usize, const F: usize>(
    mut draw: Draw,
    n: usize,
    units: &[[f64; S]],
    figures: impl Fn(&[f64; S]) -> [f64; F],
) -> Vec<[f64; F]> {
    (0..n)
        .map(|_| {
            // Two sums, so that an addition need not wait for the one before.
            let (mut even, mut odd) = ([0.0; S], [0.0; S]);
            for _ in 0..units.len() / 2 {
                let [a, b] = draw.two_below(units.len() as u64);
                add(&mut even, &units[a]);
                add(&mut odd, &units[b]);
            }
            if units.len() % 2 == 1 {
                add(&mut even, &units[draw.below(units.len())]);
            }
            add(&mut even, &odd);
            figures(&even)
        })
        .collect()
}

#[inline]
fn add<const S: usize>(sum: &mut [f64; S], unit: &[f64; S]) {
    for (sum, value) in sum.iter_mut().zip(unit) {
        *sum += value;
    }
}

/// The value below which a share of the sorted values lies, interpolated between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, weight) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + weight * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(quantile(&sorted, 0.0), 1.0);
        assert_eq!(quantile(&sorted, 0.25), 1.5);
        assert_eq!(quantile(&sorted, 0.75), 3.0);
        assert_eq!(quantile(&sorted, 1.0), 4.0);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }

    /// The mean of n values with standard deviation s has a standard error of s / sqrt(n), and 95 % lie
    /// within 1.96 of them: 0..=400 has s = 115.76, so 5.781 either way of 200, 11.33 for the interval.
    #[test]
    fn the_interval_of_a_mean_is_the_textbook_one() {
        let workers = Workers::new(2).unwrap();
        let units: Vec<[f64; 2]> = (0..=400).map(|value| [f64::from(value), 1.0]).collect();
        let bootstrap = Bootstrap { resamples: 20_000, ..Bootstrap::default() };
        let [interval] = bootstrap.intervals(&workers, &units, |[sum, n]| [sum / n]);
        let interval = interval.unwrap();
        assert!((interval.low - (200.0 - 11.33)).abs() < 0.35, "{interval:?}");
        assert!((interval.high - (200.0 + 11.33)).abs() < 0.35, "{interval:?}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits_and_another_seed_others() {
        let units: Vec<[f64; 1]> = (0..101).map(|value| [f64::from(value).sqrt()]).collect();
        let run = |threads, seed| {
            let bootstrap = Bootstrap { resamples: 333, seed, ..Bootstrap::default() };
            bootstrap.intervals(&Workers::new(threads).unwrap(), &units, |&[sum]| [sum])[0].unwrap()
        };
        let one = run(1, 5);
        for threads in [2, 3, 8] {
            assert_eq!(run(threads, 5), one);
        }
        assert_ne!(run(1, 6), one);
    }

    #[test]
    fn without_resamples_there_is_no_interval() {
        let workers = Workers::new(1).unwrap();
        let off = Bootstrap { resamples: 0, ..Bootstrap::default() };
        assert_eq!(off.intervals(&workers, &[[1.0]], |sums| *sums), [None]);
        assert_eq!(Bootstrap::default().intervals(&workers, &[[1.0]; 0], |sums| *sums), [None]);
    }
}
