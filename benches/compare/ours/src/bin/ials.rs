//! One fit of `Ials`, timed: `ials --split FILE --factors K --threads T --epochs N --regularization L
//! --unobserved A --nu V [--activity-exponent E] [--popularity-discount D] [--seed S] [--export DIR
//! --export-at N,N,...]` prints one JSON object.
//!
//! `--export` writes the factors after some epochs, each from a fit of its own that ends there: a fit's
//! first epochs are those of a longer one, to the bit.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use compare_ours::{Arguments, Split, interactions, main_with, memory};
use foldin::data::{Interactions, UserIx};
use foldin::implicit::{Ials, IalsParams};
use foldin::model::{Fit, FitContext, Fitted, Profile, Query, Score};

fn main() -> ExitCode {
    main_with("ials", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let split = Split::read(&arguments.text("split")?)?;
    let train = interactions(&split, &split.train)?;
    let params = IalsParams::new()
        .factors(arguments.number("factors")?)
        .epochs(arguments.number("epochs")?)
        .regularization(arguments.number("regularization")?)
        .unobserved_weight(arguments.number("unobserved")?)
        .nu(arguments.number("nu")?)
        .activity_exponent(arguments.number_or("activity-exponent", 0.0)?)
        .popularity_discount(arguments.number_or("popularity-discount", 0.0)?);
    let circumstances = || -> Result<_, String> {
        Ok(FitContext::new().threads(arguments.number("threads")?).seed(arguments.number_or("seed", 1)?))
    };
    if arguments.has("export") {
        return export(&params, &train, circumstances, &arguments);
    }
    let before = memory::start_of_peak()?;
    let start = Instant::now();
    let report = fit(&params, &train, circumstances()?)?.report;
    let (seconds, peak) = (start.elapsed().as_secs_f64(), memory::peak()?);
    // What comes before the first epoch is in its time: it is left out, and `fit_seconds` holds everything.
    let elapsed = report.curve.iter().map(|epoch| epoch.elapsed.as_secs_f64());
    let iterations: Vec<_> = elapsed.clone().skip(1).zip(elapsed).map(|(end, begin)| end - begin).collect();
    let (epochs, grown) = (report.curve.len(), peak - before);
    Ok(format!(
        "{{\"epochs\": {epochs}, \"fit_seconds\": {seconds}, \"iteration_seconds\": {iterations:?}, \
         \"peak_mib\": {peak}, \"grown_mib\": {grown}}}"
    ))
}

fn fit(
    params: &IalsParams,
    train: &Interactions,
    mut context: FitContext<'_>,
) -> Result<Fitted<Ials>, String> {
    params.fit_with(train, &mut context).map_err(|error| error.to_string())
}

fn export(
    params: &IalsParams,
    train: &Interactions,
    context: impl Fn() -> Result<FitContext<'static>, String>,
    arguments: &Arguments,
) -> Result<String, String> {
    let folder = arguments.text("export")?;
    for epoch in arguments.text("export-at")?.split(',') {
        let n_epochs: usize = epoch.parse().map_err(|_| format!("--export-at {epoch}: a number expected"))?;
        let model = fit(&params.clone().epochs(n_epochs), train, context()?)?.model;
        write(&folder, &format!("users-{epoch}.f32"), &users(&model)?)?;
        write(&folder, &format!("items-{epoch}.f32"), &items(&model)?)?;
    }
    Ok("{}".to_string())
}

/// What the users' profiles hold, which is what their lists are made with.
fn users(model: &Ials) -> Result<Vec<f32>, String> {
    let (mut profile, mut rows) = (Profile::new(), Vec::new());
    let n_factors = model.inner_product().ok_or("scores are not inner products")?.factors;
    for user in 0..model.n_users() {
        model.profile(&Query::user(UserIx::new(user)), &mut profile).map_err(|error| error.to_string())?;
        rows.extend_from_slice(&profile.dense[..n_factors]);
    }
    Ok(rows)
}

fn items(model: &Ials) -> Result<Vec<f32>, String> {
    let given = model.inner_product().ok_or("scores are not inner products")?;
    let rows = given.rows.chunks(given.stride).take(model.n_items() as usize);
    Ok(rows.flat_map(|row| row[..given.factors].iter().copied()).collect())
}

fn write(folder: &str, name: &str, rows: &[f32]) -> Result<(), String> {
    let path = Path::new(folder).join(name);
    let bytes: Vec<u8> = rows.iter().copied().flat_map(f32::to_le_bytes).collect();
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
