//! How much a row is rated, as the covariate of its prior mean.

/// c = ln(n + 1) less its mean over the rows that have ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::rating) struct Activity {
    /// The mean of ln(n + 1).
    pub(in crate::rating) mean: f64,
    /// The least ln(n + 1) of a row that has ratings: below it nothing is known of the slope.
    pub(in crate::rating) low: f64,
    /// The largest.
    pub(in crate::rating) high: f64,
}

impl Activity {
    /// Of compressed rows; there must be a row with ratings.
    pub(in crate::rating) fn of(offsets: &[usize]) -> Self {
        let logs = offsets.windows(2).map(|row| row[1] - row[0]).filter(|&n| n > 0).map(log);
        let (mut n, mut sum) = (0usize, 0.0);
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for log in logs {
            n += 1;
            sum += log;
            low = low.min(log);
            high = high.max(log);
        }
        Self { mean: sum / n.max(1) as f64, low: low.min(high), high }
    }

    /// The covariate of a row with `n` ratings; beyond what training has seen it stays at the edge.
    pub(in crate::rating) fn covariate(&self, n: usize) -> f32 {
        (log(n).max(self.low).min(self.high) - self.mean) as f32
    }
}

fn log(n: usize) -> f64 {
    (n as f64 + 1.0).ln()
}
