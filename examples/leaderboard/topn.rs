//! `leaderboard topn`: how good are the lists?

use std::io::Write;

use foldin::data::Interactions;
use foldin::evaluate::{Metric, RankingOptions, RankingReport, metric_by_name, ranking, ranking_among};
use foldin::model::Score;
use serde_json::{Map, json};

use crate::Failure;
use crate::args::Args;
use crate::measure;
use crate::models::{self, TOPN};
use crate::runs::{Run, runs};
use crate::split::{Exam, SplitSpec};

/// What one run found.
struct Found {
    report: RankingReport,
    /// Users who were asked for and have no event in training, or none to fold in.
    cold: usize,
}

type Line = measure::Line<Found>;

/// Metrics, and the names they were asked for by.
struct Metrics {
    names: Vec<String>,
    metrics: Vec<Box<dyn Metric>>,
}

impl Metrics {
    fn new(args: &Args) -> Result<Self, Failure> {
        let usual: &[&str] = match args.split {
            SplitSpec::Ncf(_) => &["hr@10", "ndcg@10"],
            _ => &["recall@20", "recall-capped@20", "ndcg@20"],
        };
        let usual = || usual.iter().map(|name| name.to_string()).collect();
        let names: Vec<String> = if args.metrics.is_empty() { usual() } else { args.metrics.clone() };
        let metrics = names.iter().map(|name| metric_by_name(name)).collect::<Result<_, _>>()?;
        Ok(Self { names, metrics })
    }
}

/// Compares the models and writes the table.
pub fn compare(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let entrants = models::entrants(TOPN, args)?;
    let metrics = Metrics::new(args)?;
    let runs = runs(args)?;
    if !args.json {
        head(out, &metrics)?;
    }
    let mut lines = Vec::new();
    for entrant in &entrants {
        let line = measure::line(entrant, &runs, args, |model, run| examine(model, run, &metrics, args))?;
        if args.json {
            writeln!(out, "{}", object(&line, &metrics))?;
        } else {
            row(out, &line, &metrics)?;
        }
        lines.push(line);
    }
    if args.json { Ok(()) } else { foot(out, &lines, &metrics) }
}

fn examine(model: &dyn Score, run: &Run, metrics: &Metrics, args: &Args) -> Result<Found, Failure> {
    let borrowed: Vec<&dyn Metric> = metrics.metrics.iter().map(|metric| &**metric).collect();
    let options = RankingOptions::only(&borrowed).threads(args.threads);
    let train = &run.parts.train;
    Ok(match &run.parts.exam {
        Exam::Test(test) => Found { report: ranking(model, train, test, &options)?, cold: cold(train, test) },
        Exam::FoldIn { history, test } => {
            Found { report: ranking(model, history, test, &options.fold_in())?, cold: cold(history, test) }
        }
        Exam::Among(candidates) => {
            let is_cold = |user| train.user(user).is_none_or(|history| history.is_empty());
            let cold = candidates.iter().filter(|case| is_cold(case.user)).count();
            Found { report: ranking_among(model, train, candidates, &options)?, cold }
        }
    })
}

/// How many users have events in the test alone.
fn cold(known: &Interactions, test: &Interactions) -> usize {
    let both = known.users().zip(test.users());
    both.filter(|((_, known), (_, test))| known.is_empty() && !test.is_empty()).count()
}

fn figure(line: &Line, at: usize) -> f64 {
    line.mean(|found| found.report.metrics[at].mean)
}

fn width(name: &str) -> usize {
    name.len().max(8)
}

/// What stands above the lines.
fn head(out: &mut dyn Write, metrics: &Metrics) -> std::io::Result<()> {
    write!(out, "{:<10}", "model")?;
    for name in &metrics.names {
        write!(out, " {name:>0$}", width(name))?;
    }
    writeln!(out, " {:>9} {:>9} {:>9} {:>9}", "fit s", "s/epoch", "users/s", "peak MiB")
}

/// One line for people.
fn row(out: &mut dyn Write, line: &Line, metrics: &Metrics) -> std::io::Result<()> {
    write!(out, "{:<10}", line.model)?;
    for (at, name) in metrics.names.iter().enumerate() {
        write!(out, " {:>1$.4}", figure(line, at), width(name))?;
    }
    writeln!(
        out,
        " {:>9.3} {:>9} {:>9.0} {:>9}  {}",
        line.fit_seconds(),
        line.seconds_per_epoch().map_or("-".into(), |seconds| format!("{seconds:.4}")),
        line.mean(|found| found.report.users_per_second()),
        line.peak(),
        line.varied,
    )
}

/// One line for programs.
fn object(line: &Line, metrics: &Metrics) -> serde_json::Value {
    let mut figures = Map::new();
    for (at, name) in metrics.names.iter().enumerate() {
        figures.insert(name.clone(), json!(figure(line, at)));
    }
    let sum = |pick: fn(&Found) -> usize| line.results.iter().map(pick).sum::<usize>();
    figures.insert("users".into(), json!(sum(|found| found.report.users)));
    figures.insert("skipped_users".into(), json!(sum(|found| found.report.skipped_users)));
    figures.insert("cold_users".into(), json!(sum(|found| found.cold)));
    let k = line.results.first().map_or(0, |found| found.report.k);
    figures.insert(format!("coverage@{k}"), json!(line.mean(|found| found.report.coverage)));
    figures.insert("runs".into(), json!(line.results.len()));
    figures.insert("users_per_second".into(), json!(line.mean(|found| found.report.users_per_second())));
    line.object(figures)
}

/// Who was measured, which is the same for all models, and which values are the best.
fn foot(out: &mut dyn Write, lines: &[Line], metrics: &Metrics) -> Result<(), Failure> {
    if let Some(Found { report, cold }) = lines.first().and_then(|line| line.results.first()) {
        let RankingReport { users, skipped_users, n_relevant, .. } = report;
        let of = if lines[0].results.len() > 1 { " in the first run" } else { "" };
        writeln!(
            out,
            "{users} measured{of} ({cold} of them without a training event), {skipped_users} skipped without a test event, {n_relevant} relevant items"
        )?;
    }
    measure::name_best(out, lines, &metrics.names[0], |line| figure(line, 0), |line| figure(line, 0))
}
