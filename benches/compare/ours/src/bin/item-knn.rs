//! One fit of `ItemKnn` with its defaults, timed, and the time of its predictions: `item-knn --split
//! FILE --threads T [--neighbours K]` prints one JSON object.

use std::process::ExitCode;
use std::time::Instant;

use compare_ours::{Arguments, Split, interactions, main_with, rmse};
use foldin::model::{Fit, FitContext};
use foldin::rating::ItemKnnParams;

fn main() -> ExitCode {
    main_with("item-knn", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let split = Split::read(&arguments.text("split")?)?;
    let train = interactions(&split, &split.train)?;
    let mut params = ItemKnnParams::new();
    if arguments.has("neighbours") {
        params = params.neighbours(arguments.number("neighbours")?);
    }
    let mut context = FitContext::new().threads(arguments.number("threads")?).seed(1);
    let start = Instant::now();
    let fitted = params.fit_with(&train, &mut context).map_err(|error| error.to_string())?;
    let fit = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let rmse = rmse(&split, &fitted.model)?;
    let predict = start.elapsed().as_secs_f64() * 1e5 / split.test.values.len() as f64;
    Ok(format!("{{\"fit_seconds\": {fit}, \"rmse\": {rmse}, \"predict_seconds_per_100k\": {predict}}}"))
}
