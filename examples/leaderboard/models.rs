//! The models that can be compared, by name.

use foldin::data::Interactions;
use foldin::implicit::{IalsParams, PopularityParams};
use foldin::model::{Fit, FitContext, FitError, FitReport, Params, PredictRating, Score};
use foldin::rating::{BayesianMfParams, BiasBaselineParams, BiasedMfParams, ItemKnnParams};

use crate::Failure;
use crate::args::{Args, Task};
use crate::item_mean::ItemMeanParams;

/// A name for `--models`, and the parameters with their defaults.
type Known<M> = (&'static str, fn() -> Box<dyn Trainer<M>>);

/// What `ratings` compares, in the order of the table.
pub const RATINGS: &[Known<dyn PredictRating>] = &[
    ("item-mean", defaults::<ItemMeanParams, _>),
    ("bias", defaults::<BiasBaselineParams, _>),
    ("item-knn", defaults::<ItemKnnParams, _>),
    ("biased-mf", defaults::<BiasedMfParams, _>),
    ("bayesian-mf", defaults::<BayesianMfParams, _>),
];

/// What `topn` compares.
pub const TOPN: &[Known<dyn Score>] =
    &[("popularity", defaults::<PopularityParams, _>), ("ials", defaults::<IalsParams, _>)];

/// What `--models` may name.
pub fn names(task: Task) -> Vec<String> {
    match task {
        Task::Ratings => RATINGS.iter().map(|(name, _)| name.to_string()).collect(),
        Task::Topn => TOPN.iter().map(|(name, _)| name.to_string()).collect(),
    }
}

fn defaults<P: Trainer<M> + Default + 'static, M: ?Sized>() -> Box<dyn Trainer<M>> {
    Box::<P>::default()
}

/// A model's parameters, whatever their type; `M` is what is asked of the model.
pub trait Trainer<M: ?Sized>: Params {
    fn fit_boxed(&self, data: &Interactions, context: &mut FitContext<'_>) -> Result<Trained<M>, FitError>;
}

/// A model, whatever its type, and how its fit went.
pub struct Trained<M: ?Sized> {
    pub model: Box<M>,
    pub report: FitReport,
}

impl<P: Fit> Trainer<dyn PredictRating> for P
where
    P::Model: PredictRating + 'static,
{
    fn fit_boxed(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Trained<dyn PredictRating>, FitError> {
        let fitted = self.fit_with(data, context)?;
        Ok(Trained { model: Box::new(fitted.model), report: fitted.report })
    }
}

impl<P: Fit> Trainer<dyn Score> for P
where
    P::Model: 'static,
{
    fn fit_boxed(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Trained<dyn Score>, FitError> {
        let fitted = self.fit_with(data, context)?;
        Ok(Trained { model: Box::new(fitted.model), report: fitted.report })
    }
}

/// One line of the table to be: a model with its parameters.
pub struct Entrant<M: ?Sized> {
    pub name: String,
    /// The parameters that differ from line to line, as `name=value`; empty for one line.
    pub varied: String,
    pub trainer: Box<dyn Trainer<M>>,
}

/// The models of the command line with what it sets, one for each combination of values.
pub fn entrants<M: ?Sized>(known: &[Known<M>], args: &Args) -> Result<Vec<Entrant<M>>, Failure> {
    let mut entrants = Vec::new();
    let mut has_factors = false;
    for name in &args.models {
        let (_, defaults) = known.iter().find(|(known, _)| known == name).ok_or("no such model")?;
        let set = args.set.iter().filter(|set| set.model == *name);
        let mut axes: Vec<(&str, &[String])> = set.map(|set| (&set.parameter[..], &set.values[..])).collect();
        if !args.factors.is_empty() && defaults().values().iter().any(|(name, _)| *name == "factors") {
            axes.push(("factors", &args.factors));
            has_factors = true;
        }
        for choice in combinations(&axes) {
            let mut trainer = defaults();
            for (parameter, value) in &choice {
                trainer.set(parameter, value).map_err(|error| format!("--set {name}: {error}"))?;
            }
            trainer.check().map_err(|error| format!("--set {name}: {error}"))?;
            entrants.push(Entrant { name: name.clone(), varied: varied(&axes, &choice), trainer });
        }
    }
    if !args.factors.is_empty() && !has_factors {
        return Err("--factors: none of the models has factors".into());
    }
    Ok(entrants)
}

/// Every parameter of every entrant, as `--set` takes it.
pub fn parameters<M: ?Sized>(known: &[Known<M>], args: &Args) -> Result<Vec<String>, Failure> {
    let entrants = entrants(known, args)?;
    let lines = entrants.iter().flat_map(|entrant| {
        let values = entrant.trainer.values().into_iter();
        values.map(|(parameter, value)| format!("{}.{parameter}={value}", entrant.name))
    });
    Ok(lines.collect())
}

/// One value of each axis, in every way; the last axis changes fastest.
fn combinations<'a>(axes: &[(&'a str, &'a [String])]) -> Vec<Vec<(&'a str, &'a str)>> {
    axes.iter().fold(vec![Vec::new()], |choices, &(parameter, values)| {
        let longer = |choice: &Vec<_>, value: &'a String| {
            let mut choice = choice.clone();
            choice.push((parameter, &value[..]));
            choice
        };
        choices.iter().flat_map(|choice| values.iter().map(|value| longer(choice, value))).collect()
    })
}

fn varied(axes: &[(&str, &[String])], choice: &[(&str, &str)]) -> String {
    let several = axes.iter().zip(choice).filter(|((_, values), _)| values.len() > 1);
    several.map(|(_, (parameter, value))| format!("{parameter}={value}")).collect::<Vec<_>>().join(" ")
}
