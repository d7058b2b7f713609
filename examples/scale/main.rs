//! How time and memory grow with the data: fits `Ials` on generated data of the shape of the Netflix Prize
//! (480,189 users, 17,770 items), prints a table, checks that the growth is linear, and draws it.
//!
//! ```text
//! cargo run --release --example scale -- --plot docs/scale.svg
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--millions N,N,...` | 1,3,10,30,100 million interactions |
//! | `--factors K` | 64 |
//! | `--epochs N` | 4 |
//! | `--threads T` | all cores |
//! | `--plot FILE` | nothing is drawn |
//!
//! Each size runs in a process of its own, so that its memory is its own. Ends with a non-zero code where
//! something grows faster than the data.

mod measure;
#[path = "../leaderboard/memory.rs"]
mod memory;
mod plot;

use std::fmt::Write as _;
use std::process::ExitCode;

use measure::Point;
use plot::{Panel, Series};

type Failure = Box<dyn std::error::Error>;

/// What grows by more than this power of the data is not linear; the rest is for the noise of a machine.
const LINEAR: f64 = 1.1;

#[derive(Clone)]
struct Args {
    millions: Vec<f64>,
    factors: usize,
    epochs: usize,
    threads: usize,
    plot: Option<String>,
    /// The process of one point: so many interactions.
    point: Option<u64>,
}

fn main() -> ExitCode {
    match args(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("scale: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything grows with the data and no faster.
fn run(args: &Args) -> Result<bool, Failure> {
    if let Some(interactions) = args.point {
        println!("{}", measure::here(interactions, args)?);
        return Ok(true);
    }
    println!("   interactions  generate s     fit s  epoch s   ns per interaction  fit MiB  peak MiB");
    let mut points: Vec<Point> = Vec::new();
    for &millions in &args.millions {
        let point = measure::elsewhere((millions * 1e6) as u64, args)?;
        println!(
            "{:>15}  {:>10.1}  {:>8.2}  {:>7.3}  {:>19.1}  {:>7.0}  {:>8.0}",
            grouped(point.interactions),
            point.generate,
            point.fit,
            point.epoch,
            point.epoch * 1e9 / point.interactions as f64,
            point.fit_mib,
            point.peak_mib
        );
        points.push(point);
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, picture(args, &points)).map_err(|error| format!("{path}: {error}"))?;
        println!("drawn: {path}");
    }
    let time = is_linear("time of an epoch", &points, |point| point.epoch);
    let memory = is_linear("memory of a fit", &points, |point| point.fit_mib);
    Ok(time && memory)
}

/// Prints by which power of the data something grows from point to point.
fn is_linear(what: &str, points: &[Point], of: impl Fn(&Point) -> f64) -> bool {
    let powers = points.windows(2).map(|pair| {
        let growth = of(&pair[1]) / of(&pair[0]);
        growth.ln() / (pair[1].interactions as f64 / pair[0].interactions as f64).ln()
    });
    let (mut line, mut linear) = (format!("{what} grows with the power"), true);
    for power in powers {
        let _ = write!(line, " {power:.2}");
        linear &= power <= LINEAR;
    }
    println!("{line}: {}", if linear { "linear, or slower" } else { "FASTER than the data" });
    linear
}

fn picture(args: &Args, points: &[Point]) -> String {
    let line = |name: String, of: fn(&Point) -> f64| Series {
        name,
        points: points.iter().map(|point| (point.interactions as f64, of(point))).collect(),
    };
    let seconds = vec![
        line(format!("{} epochs", args.epochs), |point| point.fit),
        line("one epoch".to_owned(), |point| point.epoch),
    ];
    let memory = vec![line("data and fit".to_owned(), |point| point.fit_mib / 1024.0)];
    let threads = match points.first().map_or(0, |point| point.threads) {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    };
    let title = format!("Ials, exact: 480,189 users, 17,770 items, {} factors, {threads}", args.factors);
    plot::svg(
        &title,
        &[
            Panel { title: "seconds; dashed: in step with the data", series: seconds },
            Panel { title: "peak memory, GiB", series: memory },
        ],
    )
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args {
        millions: vec![1.0, 3.0, 10.0, 30.0, 100.0],
        factors: 64,
        epochs: 4,
        threads: 0,
        plot: None,
        point: None,
    };
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        let wrong = |error: &dyn std::fmt::Display| format!("{name} {value}: {error}");
        match name.as_str() {
            "--millions" => {
                let numbers: Result<_, _> = value.split(',').map(str::parse).collect();
                args.millions = numbers.map_err(|error: std::num::ParseFloatError| wrong(&error))?;
            }
            "--factors" => args.factors = value.parse().map_err(|error| wrong(&error))?,
            "--epochs" => args.epochs = value.parse().map_err(|error| wrong(&error))?,
            "--threads" => args.threads = value.parse().map_err(|error| wrong(&error))?,
            "--plot" => args.plot = Some(value),
            "--point" => args.point = Some(value.parse().map_err(|error| wrong(&error))?),
            _ => return Err(format!("{name} is unknown: see the head of examples/scale/main.rs").into()),
        }
    }
    Ok(args)
}
