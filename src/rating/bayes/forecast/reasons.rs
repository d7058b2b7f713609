//! What a forecast rests on: how much each attribute moves it.

use super::crowd::Crowd;
use super::report::Reason;
use super::title::TitleRows;
use crate::data::Feature;
use crate::rating::bayes::BayesianMf;

/// How far scores are moved to see how ratings follow.
const STEP: f64 = 0.01;

/// Everything a forecast rests on.
pub(super) struct Reasons {
    /// The expected mean rating of a title of which nothing is known.
    pub(super) nothing_known: f64,
    pub(super) features: Vec<Reason>,
    pub(super) fields: Vec<Reason>,
    pub(super) own: Reason,
}

/// The reasons of a title before a crowd. In a sample a feature moves every user's score by its value times (weight times
/// the user's row); the mean over users of that is its value times (weight times their mean row), and ratings
/// follow scores as those of the whole crowd do.
pub(super) fn reasons(model: &BayesianMf, title: &TitleRows, crowd: &Crowd) -> Reasons {
    let parts = &model.parts;
    let width = parts.width();
    let seen = Seen::of(model, crowd);
    let prior = &parts.item_prior;
    let effects: Vec<(u32, Vec<f64>)> = title
        .features
        .iter()
        .map(|&(feature, value)| {
            let weights = &prior.weights[feature as usize * width..][..width];
            (feature, seen.of_row(weights).into_iter().map(|x| f64::from(value) * x).collect())
        })
        .collect();
    let base = seen.of_row(&prior.mean);
    let whole = seen.of_row(&title.expected);
    let told = |sample: usize| effects.iter().map(|(_, effect)| effect[sample]).sum::<f64>();
    let own: Vec<f64> = (0..parts.samples).map(|s| whole[s] - base[s] - told(s)).collect();
    let names = parts.item_attributes.as_ref().map_or(&[][..], |all| all.features());
    let mut fields: Vec<(&str, Vec<f64>)> = Vec::new();
    for (feature, effect) in &effects {
        let field = names[*feature as usize].field.as_str();
        match fields.iter_mut().find(|(name, _)| *name == field) {
            Some((_, sum)) => sum.iter_mut().zip(effect).for_each(|(sum, x)| *sum += x),
            None => fields.push((field, effect.clone())),
        }
    }
    let of_field = |name: &str| Feature { field: name.into(), value: None };
    Reasons {
        nothing_known: seen.expected(model, &base),
        features: sorted(effects.iter().map(|(f, e)| seen.reason(names[*f as usize].clone(), e)).collect()),
        fields: sorted(fields.iter().map(|(name, effect)| seen.reason(of_field(name), effect)).collect()),
        own: seen.reason(of_field("its own ratings"), &own),
    }
}

/// The crowd, as a title sees it.
struct Seen {
    /// The mean row, sample by sample.
    rows: Vec<f64>,
    dim: usize,
    /// The variance of scores about their mean, in each sample; the mean noise is in it.
    variance: Vec<f64>,
    /// How ratings follow scores, in each sample.
    slopes: Vec<f64>,
}

impl Seen {
    fn of(model: &BayesianMf, crowd: &Crowd) -> Self {
        let n = crowd.expected.len() as f64;
        let sums = &crowd.sums;
        let mean = |sum: &f64| sum / n;
        let of_sample =
            |(sum, squares): (&f64, &f64)| (squares / n - (sum / n).powi(2)).max(0.0) + sums.noise / n;
        let variance: Vec<f64> = sums.score.iter().zip(&sums.score_squares).map(of_sample).collect();
        let expected = |score: f64, variance: f64| model.parts.ratings.expected(score, variance);
        let slope = |(sum, &variance): (&f64, &f64)| {
            let score = sum / n;
            (expected(score + STEP, variance) - expected(score - STEP, variance)) / (2.0 * STEP)
        };
        let slopes = sums.score.iter().zip(&variance).map(slope).collect();
        Self { rows: sums.rows.iter().map(mean).collect(), dim: model.parts.dim(), variance, slopes }
    }

    /// What a title's row, or a part of it, adds to the mean score, in each sample.
    fn of_row(&self, row: &[f32]) -> Vec<f64> {
        let last = self.dim - 1;
        let of_sample = |(x, y): (&[f64], &[f32])| {
            let taste: f64 = x[..last].iter().zip(&y[..last]).map(|(x, &y)| x * f64::from(y)).sum();
            taste + f64::from(y[last])
        };
        self.rows.chunks_exact(self.dim).zip(row.chunks_exact(self.dim)).map(of_sample).collect()
    }

    /// The mean rating that belongs to these parts of a score, in the mean over samples.
    fn expected(&self, model: &BayesianMf, scores: &[f64]) -> f64 {
        let biases = self.rows.chunks_exact(self.dim).map(|x| x[self.dim - 1]);
        let all = scores.iter().zip(biases).zip(&self.variance);
        let sum: f64 =
            all.map(|((z, bias), &variance)| model.parts.ratings.expected(z + bias, variance)).sum();
        f64::from(model.parts.ratings.range().clip((sum / scores.len() as f64) as f32))
    }

    fn reason(&self, feature: Feature, effect: &[f64]) -> Reason {
        let moved: Vec<f64> = effect.iter().zip(&self.slopes).map(|(effect, slope)| effect * slope).collect();
        let (mean, variance) = moments(&moved);
        Reason { feature, effect: mean, deviation: variance.sqrt() }
    }
}

/// The largest effects first.
fn sorted(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    reasons
}

/// Mean and variance of samples.
pub(super) fn moments(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let squares = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (mean, squares / (n - 1.0).max(1.0))
}
