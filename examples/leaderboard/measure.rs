//! One model on all runs.

use std::ops::ControlFlow;
use std::time::Duration;

use foldin::evaluate::{RatingErrors, RatingOptions, RatingReport};
use foldin::model::{FitContext, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;
use crate::memory;
use crate::models::Trainer;
use crate::runs::{Failure, Run};

/// What a line of the table says.
pub struct Line {
    pub model: String,
    pub params: Vec<(&'static str, String)>,
    pub reports: Vec<RatingReport>,
    /// Kept for the paired comparison of models.
    pub errors: Vec<RatingErrors>,
    pub fits: Vec<Duration>,
    pub epochs: usize,
    pub peak_rss_mib: Option<f64>,
}

impl Line {
    /// The mean of a figure over the runs.
    pub fn mean(&self, figure: impl Fn(&RatingReport) -> f64) -> f64 {
        self.reports.iter().map(figure).sum::<f64>() / self.reports.len() as f64
    }

    /// The mean time of a fit, in seconds.
    pub fn fit_seconds(&self) -> f64 {
        self.fits.iter().map(Duration::as_secs_f64).sum::<f64>() / self.fits.len() as f64
    }

    /// The ends of the runs' 95 % intervals of the RMSE, averaged.
    pub fn interval(&self) -> (f64, f64) {
        let end = |pick: fn(&foldin::evaluate::Interval) -> f64| {
            self.mean(|report| report.rmse_interval.as_ref().map_or(f64::NAN, pick))
        };
        (end(|interval| interval.low), end(|interval| interval.high))
    }
}

/// Fits and measures one model on every run.
pub fn line(name: &str, params: &dyn Trainer, runs: &[Run], args: &Args) -> Result<Line, Failure> {
    memory::reset_peak();
    let mut line = Line {
        model: name.into(),
        params: params.values(),
        reports: Vec::new(),
        errors: Vec::new(),
        fits: Vec::new(),
        epochs: 0,
        peak_rss_mib: None,
    };
    let bar = bar(name, runs.len(), args);
    for (round, run) in runs.iter().enumerate() {
        bar.set_message(format!("run {} of {}", round + 1, runs.len()));
        let mut watch = |progress: &Progress<'_>| {
            bar.set_length(progress.epochs as u64);
            bar.set_position(progress.last.epoch as u64);
            ControlFlow::Continue(())
        };
        let mut context = FitContext::new().seed(run.seed).threads(args.threads).observer(&mut watch);
        let trained = params.fit_boxed(&run.split.train, &mut context)?;
        let options = RatingOptions::new().threads(args.threads);
        let errors = RatingErrors::measure(&*trained.model, &run.split.train, &run.split.test, &options)?;
        line.reports.push(errors.report(&options)?);
        line.errors.push(errors);
        line.fits.push(trained.report.elapsed);
        line.epochs = trained.report.curve.len();
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
