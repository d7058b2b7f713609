//! Compares models on any file of ratings or events, to choose one by.
//!
//! ```text
//! cargo run --release --example leaderboard -- ratings --input ratings.csv --split folds:5
//! cargo run --release --example leaderboard -- topn --input ratings.csv --threshold 4 --split users:0.1
//! cargo run --release --example leaderboard -- topn --train train.txt --test test.txt --metrics recall@20,ndcg@20
//! ```
//!
//! Without `--input` it runs on generated data. `--help` lists everything.

mod args;
mod help;
mod item_mean;
mod measure;
mod memory;
mod models;
mod ratings;
mod read;
mod runs;
mod split;
#[cfg(test)]
mod tests;
mod topn;

use std::io::Write;
use std::process::ExitCode;

use args::{Args, Command, Task};

/// Something that went wrong, for people.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(std::env::args().skip(1), &mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("leaderboard: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: impl Iterator<Item = String>, out: &mut dyn Write) -> Result<(), Failure> {
    match args::parse(words)? {
        Command::Help => Ok(write!(out, "{}", help::HELP)?),
        Command::Compare(args) if args.list => list(&args, out),
        Command::Compare(args) => match args.task {
            Task::Ratings => ratings::compare(&args, out),
            Task::Topn => topn::compare(&args, out),
        },
    }
}

/// Every parameter with its value.
fn list(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let lines = match args.task {
        Task::Ratings => models::parameters(models::RATINGS, args)?,
        Task::Topn => models::parameters(models::TOPN, args)?,
    };
    Ok(writeln!(out, "{}", lines.join("\n"))?)
}
