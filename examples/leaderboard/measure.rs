//! One model on all runs.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use foldin::model::{FitContext, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::args::Args;
use crate::memory;
use crate::models::Entrant;
use crate::runs::Run;

/// What a line of the table says; `R` is what one run found.
pub struct Line<R> {
    pub model: String,
    pub varied: String,
    params: Vec<(&'static str, String)>,
    pub results: Vec<R>,
    fits: Vec<Duration>,
    /// Of all runs together.
    epochs: usize,
    peak_rss_mib: Option<f64>,
}

impl<R> Line<R> {
    /// The mean of a figure over the runs.
    pub fn mean(&self, figure: impl Fn(&R) -> f64) -> f64 {
        self.results.iter().map(figure).sum::<f64>() / self.results.len() as f64
    }

    /// The model, and what tells its line from others of the same model.
    pub fn title(&self) -> String {
        if self.varied.is_empty() { self.model.clone() } else { format!("{} {}", self.model, self.varied) }
    }

    /// The mean time of a fit, in seconds.
    pub fn fit_seconds(&self) -> f64 {
        self.fits.iter().map(Duration::as_secs_f64).sum::<f64>() / self.fits.len() as f64
    }

    /// None for models that have no epochs.
    pub fn seconds_per_epoch(&self) -> Option<f64> {
        let all: f64 = self.fits.iter().map(Duration::as_secs_f64).sum();
        (self.epochs > 0).then(|| all / self.epochs as f64)
    }

    /// The peak memory as text.
    pub fn peak(&self) -> String {
        self.peak_rss_mib.map_or("unknown".into(), |mib| format!("{mib:.0}"))
    }

    /// What programs are told of every model, beside the `figures`.
    pub fn object(&self, figures: Map<String, Value>) -> Value {
        let params: Map<_, _> =
            self.params.iter().map(|(name, value)| (name.to_string(), typed(value))).collect();
        let mut object = Map::from_iter([("model".into(), json!(self.model))]);
        object.extend(figures);
        object.insert("fit_seconds".into(), json!(self.fit_seconds()));
        object.insert("epochs".into(), json!(self.epochs / self.fits.len().max(1)));
        object.insert("seconds_per_epoch".into(), json!(self.seconds_per_epoch()));
        object.insert("peak_rss_mib".into(), json!(self.peak_rss_mib));
        object.insert("params".into(), params.into());
        object.into()
    }
}

/// Numbers as numbers, the rest as text.
fn typed(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| value.into())
}

/// Fits one model on every run, and has it examined.
pub fn line<M: ?Sized, R>(
    entrant: &Entrant<M>,
    runs: &[Run],
    args: &Args,
    exam: impl Fn(&M, &Run) -> Result<R, Failure>,
) -> Result<Line<R>, Failure> {
    memory::reset_peak();
    let mut line = Line {
        model: entrant.name.clone(),
        varied: entrant.varied.clone(),
        params: entrant.trainer.values(),
        results: Vec::new(),
        fits: Vec::new(),
        epochs: 0,
        peak_rss_mib: None,
    };
    let bar = bar(&line.title(), runs.len(), args);
    for (round, run) in runs.iter().enumerate() {
        bar.set_message(format!("run {} of {}: fit", round + 1, runs.len()));
        let mut watch = |progress: &Progress<'_>| {
            bar.set_length(progress.epochs as u64);
            bar.set_position(progress.last.epoch as u64);
            ControlFlow::Continue(())
        };
        let mut context = FitContext::new().seed(run.seed).threads(args.threads).observer(&mut watch);
        let trained = entrant.trainer.fit_boxed(&run.parts.train, &mut context)?;
        bar.set_message(format!("run {} of {}: measuring", round + 1, runs.len()));
        line.results.push(exam(&trained.model, run)?);
        line.fits.push(trained.report.elapsed);
        line.epochs += trained.report.curve.len();
    }
    bar.finish_and_clear();
    line.peak_rss_mib = memory::peak_mib();
    Ok(line)
}

fn bar(name: &str, runs: usize, args: &Args) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix:>10} {msg} {bar:30} epoch {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(runs as u64).with_style(style).with_prefix(name.to_string())
}

/// Names the line with the highest `merit` and its figure, where one model has several lines.
pub fn name_best<R>(
    out: &mut dyn Write,
    lines: &[Line<R>],
    name: &str,
    merit: impl Fn(&Line<R>) -> f64,
    figure: impl Fn(&Line<R>) -> f64,
) -> Result<(), Failure> {
    let best = lines.iter().max_by(|a, b| merit(a).total_cmp(&merit(b)));
    match best {
        Some(best) if lines.iter().any(|line| !line.varied.is_empty()) => {
            writeln!(out, "best by {name}: {} with {:.4}", best.title(), figure(best))?;
        }
        _ => {}
    }
    Ok(())
}
