//! Lists by the `Scanner` from given vectors, timed: `scan --vectors DIR --factors K --threads T --n N
//! --answers FILE [--batches B] [--singles S]` prints one JSON object. A single list is one call on one thread.

use std::process::ExitCode;
use std::time::Instant;

use compare_ours::{Arguments, Given, main_with, write_lists};
use foldin::data::UserIx;
use foldin::model::{Query, Score, Seen};
use foldin::retrieve::{Scanner, TopN, Workspace};

fn main() -> ExitCode {
    main_with("scan", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let given = Given::read(&arguments.text("vectors")?, arguments.number("factors")?, Seen::default())?;
    let (threads, request) = (arguments.number("threads")?, TopN::new(arguments.number("n")?));
    let everybody: Vec<_> = (0..given.n_users()).map(UserIx::new).collect();
    let start = Instant::now();
    let scanner = Scanner::new(&given).map_err(|error| error.to_string())?;
    let prepare = start.elapsed().as_secs_f64();
    let mut lists = Vec::new();
    let mut batches = Vec::new();
    // The first batch warms up.
    for _ in 0..1 + arguments.number_or("batches", 3)? {
        let start = Instant::now();
        lists = scanner.top_n_batch(&everybody, &request, threads).map_err(|error| error.to_string())?;
        batches.push(start.elapsed().as_secs_f64());
    }
    write_lists(&arguments.text("answers")?, &lists)?;
    let (mut workspace, mut hits, mut singles) = (Workspace::new(), Vec::new(), Vec::new());
    for (&user, list) in everybody.iter().zip(&lists).take(arguments.number_or("singles", 200)?) {
        let start = Instant::now();
        scanner
            .top_n_into(&Query::user(user), &request, &mut workspace, &mut hits)
            .map_err(|error| error.to_string())?;
        singles.push(start.elapsed().as_secs_f64());
        if hits != *list {
            return Err(format!("{user:?}: the list alone differs from that of the batch"));
        }
    }
    let batches = &batches[1..];
    Ok(format!(
        "{{\"batch_seconds\": {batches:?}, \"single_seconds\": {singles:?}, \"prepare_seconds\": {prepare}}}"
    ))
}
