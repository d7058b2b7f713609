//! Compares models on any ratings file, to choose one by.
//!
//! ```text
//! cargo run --release --example leaderboard -- ratings --input ratings.csv --split folds:5
//! ```
//!
//! Without `--input` it runs on generated data. `--help` lists everything.

mod args;
mod item_mean;
mod measure;
mod memory;
mod models;
mod runs;
mod table;

use std::process::ExitCode;

use args::{Args, Command};
use runs::Failure;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => return fail(&message),
    };
    let done = match &command {
        Command::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
        Command::Ratings(args) if args.list => list(args),
        Command::Ratings(args) => ratings(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("leaderboard: {message}");
    ExitCode::FAILURE
}

fn list(args: &Args) -> Result<(), Failure> {
    for name in &args.models {
        for (parameter, value) in models::configured(name, args)?.values() {
            println!("{name}.{parameter}={value}");
        }
    }
    Ok(())
}

fn ratings(args: &Args) -> Result<(), Failure> {
    let trainers = args
        .models
        .iter()
        .map(|name| Ok((name, models::configured(name, args)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let runs = runs::runs(args)?;
    if !args.json {
        table::head();
    }
    let mut lines = Vec::new();
    for (name, trainer) in &trainers {
        let line = measure::line(name, &**trainer, &runs, args)?;
        if args.json {
            table::object(&line)
        } else {
            table::row(&line)
        }
        lines.push(line);
    }
    if args.json { Ok(()) } else { table::margins(&lines) }
}
