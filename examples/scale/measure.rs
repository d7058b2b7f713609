//! One size: fitted in this process, or in one of its own.

use std::fmt;
use std::process::Command;
use std::time::Instant;

use foldin::data::Interactions;
use foldin::data::synthetic::Synthetic;
use foldin::implicit::IalsParams;
use foldin::model::{Fit, FitContext};

use crate::{Args, Failure, memory};

/// What one size needed. Printed by the process of the point, and read by the one that asked for it.
pub struct Point {
    pub interactions: u64,
    pub threads: usize,
    /// Seconds to generate the data.
    pub generate: f64,
    /// Seconds of the whole fit.
    pub fit: f64,
    /// Seconds of one epoch: the fastest, which others on the machine disturbed least. The first does not count:
    /// its time holds the preparation.
    pub epoch: f64,
    /// The most that was resident during the fit, data included.
    pub fit_mib: f64,
    /// The most that was resident at all.
    pub peak_mib: f64,
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interactions, threads, generate, fit, epoch, fit_mib, peak_mib } = self;
        write!(out, "{interactions} {threads} {generate} {fit} {epoch} {fit_mib} {peak_mib}")
    }
}

impl Point {
    fn read(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [interactions, threads, generate, fit, epoch, fit_mib, peak_mib] = words[..] else { return None };
        Some(Self {
            interactions: interactions.parse().ok()?,
            threads: threads.parse().ok()?,
            generate: generate.parse().ok()?,
            fit: fit.parse().ok()?,
            epoch: epoch.parse().ok()?,
            fit_mib: fit_mib.parse().ok()?,
            peak_mib: peak_mib.parse().ok()?,
        })
    }
}

/// Measures in a process of its own.
pub fn elsewhere(interactions: u64, args: &Args) -> Result<Point, Failure> {
    let settings = [
        ("--point", interactions.to_string()),
        ("--factors", args.factors.to_string()),
        ("--epochs", args.epochs.to_string()),
        ("--threads", args.threads.to_string()),
    ];
    let mut command = Command::new(std::env::current_exe()?);
    settings.iter().for_each(|(name, value)| {
        command.arg(name).arg(value);
    });
    let done = command.output()?;
    let text = String::from_utf8_lossy(&done.stdout);
    match Point::read(&text) {
        Some(point) if done.status.success() => Ok(point),
        _ => {
            let told = String::from_utf8_lossy(&done.stderr);
            Err(format!("{interactions} interactions: {}, {}", done.status, told.trim()).into())
        }
    }
}

/// Measures in this process.
pub fn here(interactions: u64, args: &Args) -> Result<Point, Failure> {
    let start = Instant::now();
    let data = data(interactions)?;
    let generate = start.elapsed().as_secs_f64();
    let before = memory::peak_mib().ok_or("this system does not tell the peak of memory")?;
    memory::reset_peak();
    let params = IalsParams::new().factors(args.factors).epochs(args.epochs);
    let mut context = FitContext::new().threads(args.threads).seed(1);
    let start = Instant::now();
    let fitted = params.fit_with(&data, &mut context)?;
    let fit = start.elapsed().as_secs_f64();
    let fit_mib = memory::peak_mib().ok_or("this system does not tell the peak of memory")?;
    let elapsed: Vec<_> = fitted.report.curve.iter().map(|epoch| epoch.elapsed.as_secs_f64()).collect();
    let epochs = elapsed.windows(2).map(|pair| pair[1] - pair[0]);
    let epoch = epochs.min_by(f64::total_cmp).ok_or("--epochs: at least 2 expected")?;
    let threads = match args.threads {
        0 => std::thread::available_parallelism()?.get(),
        threads => threads,
    };
    let interactions = data.len() as u64;
    Ok(Point { interactions, threads, generate, fit, epoch, fit_mib, peak_mib: before.max(fit_mib) })
}

/// Everything but the interactions is dropped: their times stay, as in real data.
fn data(interactions: u64) -> Result<Interactions, Failure> {
    Ok(Synthetic::netflix().ratings(interactions).seed(1).generate()?.interactions)
}
