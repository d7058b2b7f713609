//! Lines for people and for programs.

use foldin::evaluate::RatingOptions;
use serde_json::json;

use crate::measure::Line;
use crate::runs::Failure;

/// What stands above the lines.
pub fn head() {
    println!(
        "{:<10} {:>8} {:>8}  {:<17} {:>9} {:>12} {:>9}  rests on learned/biases/mean",
        "model", "RMSE", "MAE", "95 % of RMSE", "fit s", "predict/s", "peak MiB"
    );
}

/// One line for people.
pub fn row(line: &Line) {
    let (low, high) = line.interval();
    let peak = line.peak_rss_mib.map_or("unknown".into(), |mib| format!("{mib:.0}"));
    let basis = |pick: fn(&foldin::evaluate::ByBasis) -> usize| -> usize {
        line.reports.iter().map(|report| pick(&report.by_basis)).sum()
    };
    println!(
        "{:<10} {:>8.4} {:>8.4}  {:<17} {:>9.3} {:>12.0} {:>9}  {}/{}/{}",
        line.model,
        line.mean(|report| report.rmse),
        line.mean(|report| report.mae),
        format!("{low:.4} to {high:.4}"),
        line.fit_seconds(),
        line.mean(|report| report.predictions_per_second()),
        peak,
        basis(|by| by.learned),
        basis(|by| by.biases),
        basis(|by| by.global_mean),
    );
}

/// One line for programs.
pub fn object(line: &Line) {
    let (low, high) = line.interval();
    let params: serde_json::Map<_, _> =
        line.params.iter().map(|(name, value)| (name.to_string(), typed(value))).collect();
    let rmse: Vec<f64> = line.reports.iter().map(|report| report.rmse).collect();
    let object = json!({
        "model": line.model,
        "rmse": line.mean(|report| report.rmse),
        "mae": line.mean(|report| report.mae),
        "rmse_interval": [low, high],
        "rmse_runs": rmse,
        "n": line.reports.iter().map(|report| report.n).sum::<usize>(),
        "fit_seconds": line.fit_seconds(),
        "epochs": line.epochs,
        "predictions_per_second": line.mean(|report| report.predictions_per_second()),
        "peak_rss_mib": line.peak_rss_mib,
        "params": params,
    });
    println!("{object}");
}

/// Numbers as numbers, the rest as text.
fn typed(value: &str) -> serde_json::Value {
    serde_json::from_str(value).unwrap_or_else(|_| value.into())
}

/// How far below each other model the last one is: the question of the Netflix Prize.
pub fn margins(lines: &[Line]) -> Result<(), Failure> {
    let Some((last, others)) = lines.split_last() else { return Ok(()) };
    for other in others {
        let (mine, theirs) = (last.mean(|report| report.rmse), other.mean(|report| report.rmse));
        let difference = last.errors[0].compare(&other.errors[0], &RatingOptions::new())?;
        let interval = difference.rmse_interval.map_or(String::new(), |interval| {
            format!(
                "; the first run's difference is {:.4} to {:.4} (95 %, paired)",
                interval.low, interval.high
            )
        });
        // Two models without any error are equal.
        let share = if theirs > 0.0 { 100.0 * (1.0 - mine / theirs) } else { 0.0 };
        println!("{} is {share:.2} % below {}{interval}", last.model, other.model);
    }
    Ok(())
}
