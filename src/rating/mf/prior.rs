//! The prior of one side's rows, and how it is learned from them.

/// A Gaussian prior: mean m + s c, precision P, all by coordinate; the last coordinate is the bias.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(in crate::rating) struct Prior {
    pub(in crate::rating) mean: Vec<f32>,
    pub(in crate::rating) slope: Vec<f32>,
    pub(in crate::rating) precision: Vec<f32>,
}

/// Precision of the factors at the start, in units of the standardised ratings.
const FACTORS: f32 = 10.0;

/// Precision of the biases at the start.
const BIAS: f32 = 6.0;

/// Noise precision at the start.
pub(super) const NOISE: f64 = 1.6;

/// No noise precision above this is believed: ratings are not exact to a hundredth of their spread.
const NOISE_LIMIT: f64 = 1e4;

/// No prior is believed to be wider than this says: thirty times the spread of the ratings.
const LEAST: f64 = 1e-3;

/// Sums over rows that have events, in double precision; added chunk by chunk in a fixed order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// How many rows.
    n: f64,
    /// Of c^2; the sum of c is zero.
    covariate: f64,
    /// Of x, of c x, of x^2, of v: by coordinate.
    x: Vec<f64>,
    cx: Vec<f64>,
    square: Vec<f64>,
    variance: Vec<f64>,
    /// Of omega e.
    error: f64,
    /// Of the plain squared residuals.
    pub(super) residual: f64,
}

impl Sums {
    /// Nothing yet.
    pub(super) fn new(dim: usize) -> Self {
        let zeros = || vec![0.0; dim];
        Self { x: zeros(), cx: zeros(), square: zeros(), variance: zeros(), ..Self::default() }
    }

    /// One row with its covariate.
    pub(super) fn add_row(&mut self, x: &[f32], v: &[f32], covariate: f32) {
        let c = f64::from(covariate);
        self.n += 1.0;
        self.covariate += c * c;
        for k in 0..x.len() {
            let value = f64::from(x[k]);
            self.x[k] += value;
            self.cx[k] += c * value;
            self.square[k] += value * value;
            self.variance[k] += f64::from(v[k]);
        }
    }

    /// The errors of one row.
    pub(super) fn add_error(&mut self, weighted: f64, residual: f64) {
        self.error += weighted;
        self.residual += residual;
    }

    /// The rows of the next chunk.
    pub(super) fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.covariate += other.covariate;
        self.error += other.error;
        self.residual += other.residual;
        let pairs = [
            (&mut self.x, &other.x),
            (&mut self.cx, &other.cx),
            (&mut self.square, &other.square),
            (&mut self.variance, &other.variance),
        ];
        for (to, from) in pairs {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// The noise precision that these errors of `events` events ask for, one event at the starting precision added.
    pub(super) fn noise(&self, events: usize) -> f64 {
        let tau = (events as f64 + 1.0) / (self.error + 1.0 / NOISE);
        tau.min(NOISE_LIMIT)
    }
}

impl Prior {
    /// Before any row is known.
    pub(super) fn start(dim: usize) -> Self {
        let mut precision = vec![FACTORS; dim];
        precision[dim - 1] = BIAS;
        Self { mean: vec![0.0; dim], slope: vec![0.0; dim], precision }
    }

    /// What the rows ask for, one row that follows the starting prior added.
    pub(super) fn learn(&mut self, sums: &Sums) {
        let start = Self::start(self.mean.len());
        for k in 0..self.mean.len() {
            let mean = sums.x[k] / (sums.n + 1.0);
            let slope = sums.cx[k] / (sums.covariate + 1.0);
            let around = sums.square[k] - 2.0 * mean * sums.x[k] + sums.n * mean * mean
                - 2.0 * slope * sums.cx[k]
                + slope * slope * sums.covariate;
            let known = around.max(0.0) + sums.variance[k];
            self.mean[k] = mean as f32;
            self.slope[k] = slope as f32;
            let precision = (sums.n + 1.0) / (known + 1.0 / f64::from(start.precision[k]));
            self.precision[k] = precision.max(LEAST) as f32;
        }
    }
}
