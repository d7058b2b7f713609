//! The models that can be compared, by name.

use foldin::data::Interactions;
use foldin::model::{Fit, FitContext, FitError, FitReport, Params, PredictRating};
use foldin::rating::{BiasBaselineParams, BiasedMfParams, ItemKnnParams};

use crate::args::Args;
use crate::item_mean::ItemMeanParams;

/// What `--models` may name, in the order of the table.
pub const NAMES: [&str; 4] = ["item-mean", "bias", "item-knn", "biased-mf"];

/// A model's parameters, whatever their type.
pub trait Trainer: Params {
    fn fit_boxed(&self, data: &Interactions, context: &mut FitContext<'_>) -> Result<Trained, FitError>;
}

/// A model, whatever its type, and how its fit went.
pub struct Trained {
    pub model: Box<dyn PredictRating>,
    pub report: FitReport,
}

impl<P: Fit> Trainer for P
where
    P::Model: PredictRating + 'static,
{
    fn fit_boxed(&self, data: &Interactions, context: &mut FitContext<'_>) -> Result<Trained, FitError> {
        let fitted = self.fit_with(data, context)?;
        Ok(Trained { model: Box::new(fitted.model), report: fitted.report })
    }
}

/// The parameters of a model by its name, with its defaults.
fn trainer(name: &str) -> Result<Box<dyn Trainer>, String> {
    Ok(match name {
        "item-mean" => Box::new(ItemMeanParams),
        "bias" => Box::new(BiasBaselineParams::default()),
        "item-knn" => Box::new(ItemKnnParams::default()),
        "biased-mf" => Box::new(BiasedMfParams::default()),
        _ => return Err(format!("unknown model `{name}`: one of {}", NAMES.join(", "))),
    })
}

/// The parameters of a model with what the command line sets.
pub fn configured(name: &str, args: &Args) -> Result<Box<dyn Trainer>, String> {
    let mut params = trainer(name)?;
    for (_, parameter, value) in args.set.iter().filter(|(model, ..)| model == name) {
        params.set(parameter, value).map_err(|error| format!("--set {name}: {error}"))?;
    }
    params.check().map_err(|error| format!("--set {name}: {error}"))?;
    Ok(params)
}
