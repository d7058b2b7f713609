//! One fit of libmf, timed: `compare-libmf --split FILE --factors K --epochs N --threads T
//! --regularization L --learning-rate E --bins B [--curve]` prints one JSON object.
//!
//! With `--curve` it fits for 1, 2, ..., N epochs and prints the error of each; nothing is timed then.

use std::process::ExitCode;
use std::time::Instant;

use libmf::{Matrix, Model, Params};

#[path = "../../../shared/split.rs"]
mod split;

use split::{Arguments, Part, Split};

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("compare-libmf: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let split = Split::read(&arguments.text("split")?)?;
    let matrix = matrix(&split.train)?;
    let epochs: i32 = arguments.number("epochs")?;
    let mut params = Model::params();
    params
        .quiet(true)
        .factors(arguments.number("factors")?)
        .threads(arguments.number("threads")?)
        .bins(arguments.number("bins")?)
        .lambda_p2(arguments.number("regularization")?)
        .lambda_q2(arguments.number("regularization")?)
        .learning_rate(arguments.number("learning-rate")?);
    if arguments.has("curve") {
        return curve(&mut params, epochs, &matrix, &split);
    }
    let start = Instant::now();
    let model = fit(&mut params, epochs, &matrix)?;
    let seconds = start.elapsed().as_secs_f64();
    let rmse = rmse(&model, &split)?;
    Ok(format!("{{\"epochs\": {epochs}, \"fit_seconds\": {seconds}, \"rmse\": {rmse}}}"))
}

fn curve(params: &mut Params, epochs: i32, matrix: &Matrix, split: &Split) -> Result<String, String> {
    let mut points = Vec::new();
    for n in 1..=epochs {
        points.push(rmse(&fit(params, n, matrix)?, split)?.to_string());
    }
    Ok(format!("{{\"curve\": [{}]}}", points.join(", ")))
}

fn fit(params: &mut Params, epochs: i32, matrix: &Matrix) -> Result<Model, String> {
    params.iterations(epochs).fit(matrix).map_err(|error| format!("libmf: {error:?}"))
}

fn matrix(part: &Part) -> Result<Matrix, String> {
    let mut matrix = Matrix::with_capacity(part.values.len());
    let signed = |row: u32| i32::try_from(row).map_err(|_| format!("row {row} is too large for libmf"));
    for event in 0..part.values.len() {
        matrix.push(signed(part.users[event])?, signed(part.items[event])?, part.values[event]);
    }
    Ok(matrix)
}

/// The error of libmf's predictions, brought to the scale as everybody's are.
fn rmse(model: &Model, split: &Split) -> Result<f64, String> {
    split.rmse(|user, item| Ok(model.predict(user as i32, item as i32)))
}
