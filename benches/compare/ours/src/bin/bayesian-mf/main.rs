//! One fit of `BayesianMf`, its RMSE against seconds: `bayesian-mf --split FILE --users TABLE --items TABLE
//! --factors K --threads T --samples N --noise gaussian|ordered-probit [--burn-in N] [--seconds S] [--seed S]`
//! prints one JSON object. Everything not given is the crate's default.
//!
//! The crate's clock stands still while held-out events are predicted, and here while the observer works.

mod known;

use std::ops::ControlFlow;
use std::process::ExitCode;

use compare_ours::{Arguments, Split, interactions_at, main_with};
use foldin::data::{ItemAttributes, UserAttributes};
use foldin::model::{Fit, FitContext, Progress, Stop};
use foldin::rating::{BayesianMfParams, Likelihood};
use known::{attributes, numbered, times};

fn main() -> ExitCode {
    main_with("bayesian-mf", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let path = arguments.text("split")?;
    let split = Split::read(&path)?;
    let (train_times, test_times) = times(&split, &path)?;
    let train = interactions_at(&split, &split.train, Some(&train_times))?;
    let test = interactions_at(&split, &split.test, Some(&test_times))?;
    let ids = numbered(&split)?;
    let users = attributes(UserAttributes::builder(), &arguments.text("users")?)?;
    let items = attributes(ItemAttributes::builder(), &arguments.text("items")?)?;
    let (users, _) = users.build(&ids).map_err(|error| error.to_string())?;
    let (items, _) = items.build(&ids).map_err(|error| error.to_string())?;
    let likelihood = match arguments.text("noise")?.as_str() {
        "gaussian" => Likelihood::Gaussian,
        "ordered-probit" => Likelihood::Ordinal,
        other => return Err(format!("--noise {other}: gaussian or ordered-probit expected")),
    };
    let train = train.with_user_attributes(users.into()).map_err(|error| error.to_string())?;
    let train = train.with_item_attributes(items.into()).map_err(|error| error.to_string())?;
    let params = BayesianMfParams::new()
        .factors(arguments.number("factors")?)
        .samples(arguments.number("samples")?)
        .burn_in(arguments.number_or("burn-in", 5)?)
        .likelihood(likelihood);
    let most: f64 = arguments.number_or("seconds", f64::INFINITY)?;
    let mut stop = |progress: &Progress<'_>| match progress.last.elapsed.as_secs_f64() < most {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(Stop::Keep),
    };
    let context =
        FitContext::new().threads(arguments.number("threads")?).seed(arguments.number_or("seed", 1)?);
    let mut context = context.validation(&test).observer(&mut stop);
    let report = params.fit_with(&train, &mut context).map_err(|error| error.to_string())?.report;
    let elapsed: Vec<_> = report.curve.iter().map(|epoch| epoch.elapsed.as_secs_f64()).collect();
    // What comes before the first sample is in the first one's time, as it is in the peers'.
    let seconds: Vec<_> =
        [0.0].iter().chain(&elapsed).zip(&elapsed).map(|(begin, end)| end - begin).collect();
    let points = elapsed.iter().zip(&report.curve).filter_map(|(at, epoch)| Some((at, epoch.validation?)));
    let curve: Vec<_> = points.map(|(at, rmse)| format!("{{\"seconds\": {at}, \"rmse\": {rmse}}}")).collect();
    Ok(format!("{{\"iteration_seconds\": {seconds:?}, \"curve\": [{}]}}", curve.join(", ")))
}
