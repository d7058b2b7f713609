//! `leaderboard ratings`: how far are predictions off?

use std::io::Write;

use foldin::evaluate::{ByBasis, Interval, RatingErrors, RatingOptions, RatingReport};
use foldin::model::PredictRating;
use serde_json::{Map, json};

use crate::Failure;
use crate::args::Args;
use crate::measure;
use crate::models::{self, RATINGS};
use crate::runs::{Run, runs};
use crate::split::Exam;

/// What one run found: the report, and the errors for the paired comparison of models.
struct Found {
    report: RatingReport,
    errors: RatingErrors,
}

type Line = measure::Line<Found>;

/// Compares the models and writes the table.
pub fn compare(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let entrants = models::entrants(RATINGS, args)?;
    let runs = runs(args)?;
    if !args.json {
        head(out)?;
    }
    let mut lines = Vec::new();
    for entrant in &entrants {
        let line = measure::line(entrant, &runs, args, |model, run| examine(model, run, args))?;
        if args.json {
            writeln!(out, "{}", object(&line))?;
        } else {
            row(out, &line)?;
        }
        lines.push(line);
    }
    if args.json { Ok(()) } else { margins(out, &lines) }
}

fn examine(model: &dyn PredictRating, run: &Run, args: &Args) -> Result<Found, Failure> {
    let Exam::Test(test) = &run.parts.exam else { return Err("this exam is for lists".into()) };
    let options = RatingOptions::new().threads(args.threads);
    let errors = RatingErrors::measure(model, &run.parts.train, test, &options)?;
    Ok(Found { report: errors.report(&options)?, errors })
}

fn mean(line: &Line, figure: impl Fn(&RatingReport) -> f64) -> f64 {
    line.mean(|found| figure(&found.report))
}

/// The ends of the runs' 95 % intervals of the RMSE, averaged.
fn interval(line: &Line) -> (f64, f64) {
    let end = |pick: fn(&Interval) -> f64| {
        mean(line, |report| report.rmse_interval.as_ref().map_or(f64::NAN, pick))
    };
    (end(|interval| interval.low), end(|interval| interval.high))
}

/// What stands above the lines.
fn head(out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{:<10} {:>8} {:>8}  {:<17} {:>9} {:>12} {:>9}  rests on learned/biases/mean",
        "model", "RMSE", "MAE", "95 % of RMSE", "fit s", "predict/s", "peak MiB"
    )
}

/// One line for people.
fn row(out: &mut dyn Write, line: &Line) -> std::io::Result<()> {
    let (low, high) = interval(line);
    let basis = |pick: fn(&ByBasis) -> usize| -> usize {
        line.results.iter().map(|found| pick(&found.report.by_basis)).sum()
    };
    writeln!(
        out,
        "{:<10} {:>8.4} {:>8.4}  {:<17} {:>9.3} {:>12.0} {:>9}  {}/{}/{} {}",
        line.model,
        mean(line, |report| report.rmse),
        mean(line, |report| report.mae),
        format!("{low:.4} to {high:.4}"),
        line.fit_seconds(),
        mean(line, RatingReport::predictions_per_second),
        line.peak(),
        basis(|by| by.learned),
        basis(|by| by.biases),
        basis(|by| by.global_mean),
        line.varied,
    )
}

/// One line for programs.
fn object(line: &Line) -> serde_json::Value {
    let (low, high) = interval(line);
    let runs: Vec<f64> = line.results.iter().map(|found| found.report.rmse).collect();
    line.object(Map::from_iter([
        ("rmse".into(), json!(mean(line, |report| report.rmse))),
        ("mae".into(), json!(mean(line, |report| report.mae))),
        ("rmse_interval".into(), json!([low, high])),
        ("rmse_runs".into(), json!(runs)),
        ("n".into(), json!(line.results.iter().map(|found| found.report.n).sum::<usize>())),
        ("predictions_per_second".into(), json!(mean(line, RatingReport::predictions_per_second))),
    ]))
}

/// How far below each other model the last one is: the question of the Netflix Prize. And which values are the
/// best, where several were compared.
fn margins(out: &mut dyn Write, lines: &[Line]) -> Result<(), Failure> {
    let Some((last, others)) = lines.split_last() else { return Ok(()) };
    let rmse = |line: &Line| mean(line, |report| report.rmse);
    for other in others {
        let (mine, theirs) = (rmse(last), rmse(other));
        let difference = last.results[0].errors.compare(&other.results[0].errors, &RatingOptions::new())?;
        let interval = difference.rmse_interval.map_or(String::new(), |interval| {
            format!(
                "; the first run's difference is {:.4} to {:.4} (95 %, paired)",
                interval.low, interval.high
            )
        });
        // Two models without any error are equal.
        let share = if theirs > 0.0 { 100.0 * (1.0 - mine / theirs) } else { 0.0 };
        writeln!(out, "{} is {share:.2} % below {}{interval}", last.title(), other.title())?;
    }
    measure::name_best(out, lines, "RMSE", |line| -rmse(line), rmse)
}
