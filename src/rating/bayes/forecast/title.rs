//! What a title is like, in each sample.

use super::request::{ForecastError, Title};
use crate::data::{EncodedRow, ItemIx};
use crate::model::{QueryError, Score};
use crate::rating::bayes::BayesianMf;
use crate::rating::bayes::chain::times;
use crate::rating::bayes::draws::{Draw, place};

/// The rows of a title in all samples.
pub(super) struct TitleRows {
    pub(super) item: Option<ItemIx>,
    pub(super) drawn: Vec<f32>,
    /// The same where it has ratings; else without the draws of what attributes leave open.
    pub(super) expected: Vec<f32>,
    /// How noisy its ratings are.
    pub(super) noise: f32,
    pub(super) features: Vec<(u32, f32)>,
}

impl TitleRows {
    pub(super) fn of(model: &BayesianMf, title: Title<'_>) -> Result<Self, ForecastError> {
        match title {
            Title::Item(item) => Ok(Self::of_item(model, item)?),
            Title::Attributes(row) => Self::of_attributes(model, row),
        }
    }

    fn of_item(model: &BayesianMf, item: ItemIx) -> Result<Self, QueryError> {
        QueryError::check_items(&[item], model.n_items())?;
        let parts = &model.parts;
        let (features, values) =
            parts.item_attributes.as_ref().map_or((&[][..], &[][..]), |all| all.row(item));
        let features: Vec<_> = features.iter().copied().zip(values.iter().copied()).collect();
        let drawn = parts.item(item.ix())[..parts.width()].to_vec();
        let expected = if model.item_known[item.ix()] { drawn.clone() } else { told(model, &features) };
        Ok(Self { item: Some(item), drawn, expected, noise: parts.noise.items[item.ix()], features })
    }

    fn of_attributes(model: &BayesianMf, row: &EncodedRow) -> Result<Self, ForecastError> {
        let parts = &model.parts;
        let Some(attributes) = &parts.item_attributes else { return Err(ForecastError::NoAttributes) };
        let n_features = attributes.n_features();
        let finite = row.values.iter().filter(|value| value.is_finite()).count();
        if (row.features.len(), row.features.len()) != (row.values.len(), finite) {
            return Err(ForecastError::Malformed { features: row.features.len(), values: finite });
        }
        if let Some(&feature) = row.features.iter().find(|&&feature| feature >= n_features) {
            return Err(QueryError::UnknownFeature { feature, n_features }.into());
        }
        let features: Vec<_> = row.features.iter().copied().zip(row.values.iter().copied()).collect();
        let expected = told(model, &features);
        let drawn = expected.iter().zip(open(model)).map(|(told, open)| told + open).collect();
        Ok(Self { item: None, drawn, expected, noise: usual_noise(model), features })
    }
}

/// The prior mean of a title with these features.
pub(super) fn told(model: &BayesianMf, features: &[(u32, f32)]) -> Vec<f32> {
    let mut row = model.parts.item_prior.mean.clone();
    model.parts.item_prior.tell(&mut row, features.iter().map(|&(feature, value)| (feature as usize, value)));
    row
}

/// What attributes leave open, drawn for each sample: by pairs of opposite draws, so that the mean is not moved.
fn open(model: &BayesianMf) -> Vec<f32> {
    let (dim, samples) = (model.parts.dim(), model.parts.samples);
    let row = |sample: usize| {
        let mut normal = place(0, sample / 2, Draw::Cold, 3).normal();
        let sign = if sample.is_multiple_of(2) { 1.0 } else { -1.0 };
        let white: Vec<f32> = (0..dim).map(|_| sign * normal.draw() as f32).collect();
        times(&white, &model.parts.item_prior.inverse[sample * dim * dim..][..dim * dim])
    };
    (0..samples).flat_map(row).collect()
}

/// The mean over the titles that have ratings.
fn usual_noise(model: &BayesianMf) -> f32 {
    let known = model.parts.noise.items.iter().zip(&model.item_known).filter(|(_, known)| **known);
    let (sum, n) = known.fold((0.0, 0.0), |(sum, n), (&noise, _)| (sum + f64::from(noise), n + 1.0));
    if n > 0.0 { (sum / n) as f32 } else { 1.0 }
}
