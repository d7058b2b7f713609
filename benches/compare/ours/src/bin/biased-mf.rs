//! One fit of `BiasedMf`, timed: `biased-mf --split FILE --factors K --threads T [--epochs N]
//! [--stop-after N] [--curve]` prints one JSON object. Everything not given is the crate's default.
//!
//! `--curve` measures the test error after each epoch; `--stop-after` ends a timed fit, in which
//! nothing is measured, after that many of its epochs.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use compare_ours::{Arguments, Split, interactions, main_with, rmse};
use foldin::model::{Fit, FitContext, Progress, Stop};
use foldin::rating::BiasedMfParams;

fn main() -> ExitCode {
    main_with("biased-mf", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let split = Split::read(&arguments.text("split")?)?;
    let train = interactions(&split, &split.train)?;
    let mut params = BiasedMfParams::new().factors(arguments.number("factors")?);
    if arguments.has("epochs") {
        params = params.epochs(arguments.number("epochs")?);
    }
    let context = FitContext::new().threads(arguments.number("threads")?).seed(1);
    if arguments.has("curve") {
        let test = interactions(&split, &split.test)?;
        let fitted = params.fit_with(&train, &mut context.validation(&test)).map_err(|e| e.to_string())?;
        let curve: Vec<_> = fitted.report.curve.iter().filter_map(|epoch| epoch.validation).collect();
        return Ok(format!("{{\"curve\": {curve:?}}}"));
    }
    let last = if arguments.has("stop-after") { arguments.number("stop-after")? } else { usize::MAX };
    let mut stop = |progress: &Progress<'_>| match progress.last.epoch < last {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(Stop::Keep),
    };
    let start = Instant::now();
    let fitted = params.fit_with(&train, &mut context.observer(&mut stop)).map_err(|e| e.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let epochs = fitted.report.curve.len();
    let rmse = rmse(&split, &fitted.model)?;
    Ok(format!("{{\"epochs\": {epochs}, \"fit_seconds\": {seconds}, \"rmse\": {rmse}}}"))
}
