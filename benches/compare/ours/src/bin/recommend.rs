//! Lists by the `Scanner` for all users, without what they touched, from given factors: `recommend --split FILE
//! --vectors DIR --factors K --threads T --n N --answers FILE [--batches B]` prints one JSON object.
//! Preparing the scanner is in the time: a batch of all users is what it is prepared for.

use std::process::ExitCode;
use std::time::Instant;

use compare_ours::{Arguments, Given, Split, interactions, main_with, write_lists};
use foldin::data::UserIx;
use foldin::model::Seen;
use foldin::retrieve::{Scanner, TopN};

fn main() -> ExitCode {
    main_with("recommend", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let split = Split::read(&arguments.text("split")?)?;
    let seen = Seen::new(&interactions(&split, &split.train)?);
    let given = Given::read(&arguments.text("vectors")?, arguments.number("factors")?, seen)?;
    let (threads, request) = (arguments.number("threads")?, TopN::new(arguments.number("n")?));
    let everybody: Vec<_> = (0..split.n_users).map(UserIx::new).collect();
    let (mut lists, mut rates) = (Vec::new(), Vec::new());
    // The first round warms up.
    for _ in 0..1 + arguments.number_or("batches", 3)? {
        let start = Instant::now();
        let scanner = Scanner::new(&given).map_err(|error| error.to_string())?;
        lists = scanner.top_n_batch(&everybody, &request, threads).map_err(|error| error.to_string())?;
        rates.push(everybody.len() as f64 / start.elapsed().as_secs_f64());
    }
    write_lists(&arguments.text("answers")?, &lists)?;
    Ok(format!("{{\"users_per_second\": {:?}}}", &rates[1..]))
}
