//! Somebody arrived a second ago: how long it takes to fold them in and list ten of 100,000 items, on one thread.
//!
//! ```text
//! cargo run --release --example just_arrived
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--items N` | 100,000 |
//! | `--users N` the model is fitted to | 40,000 |
//! | `--ratings N` of theirs | 4,000,000 |
//! | `--factors K` | 64 |
//! | `--events N` of who asks | 50 |
//! | `--questions N` | 20,000 |
//!
//! Who asks is known by so many events of a user of the data, as if they had never been seen: none of it is stored. Prints
//! percentiles of the time from the events to the list. Every list is held against that of all scores.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use foldin::data::{History, Interactions, synthetic::Synthetic};
use foldin::implicit::IalsParams;
use foldin::model::{Fit, Profile, Query, Score};
use foldin::rating::BiasedMfParams;
use foldin::retrieve::{Scanner, ScoreExt, TopN, Workspace};

type Failure = Box<dyn std::error::Error>;

struct Args {
    items: u32,
    users: u32,
    ratings: u64,
    factors: usize,
    events: usize,
    questions: usize,
}

fn main() -> ExitCode {
    match args(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("just_arrived: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args {
        items: 100_000,
        users: 40_000,
        ratings: 4_000_000,
        factors: 64,
        events: 50,
        questions: 20_000,
    };
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--items" => args.items = value.parse()?,
            "--users" => args.users = value.parse()?,
            "--ratings" => args.ratings = value.parse()?,
            "--factors" => args.factors = value.parse()?,
            "--events" => args.events = value.parse()?,
            "--questions" => args.questions = value.parse()?,
            _ => return Err(format!("{option} is none of the options in the table of the source").into()),
        }
    }
    Ok(args)
}

fn run(args: &Args) -> Result<(), Failure> {
    let synthetic = Synthetic::new().users(args.users).items(args.items).ratings(args.ratings);
    let data = synthetic.generate()?.interactions;
    println!(
        "{} items, {} factors, {} events of who asks, one thread",
        args.items, args.factors, args.events
    );
    println!("            questions   p50 ms   p99 ms  p99.9 ms   max ms   of which folding in, p50 ms");
    let ials = IalsParams::new().factors(args.factors).epochs(3).fit(&data)?;
    measure("Ials", &ials, &data, args)?;
    let biased = BiasedMfParams::new().factors(args.factors).epochs(3).fit(&data)?;
    measure("BiasedMf", &biased, &data, args)
}

/// The first events of users who have enough.
fn strangers<'a>(data: &'a Interactions, args: &Args) -> Result<Vec<History<'a>>, Failure> {
    let n = args.events;
    let long = data.users().filter(|(_, history)| history.len() >= n).take(1_000);
    let cut = |row: History<'a>| History { ids: &row.ids[..n], values: &row.values[..n], times: None };
    let strangers: Vec<_> = long.map(|(_, history)| cut(history)).collect();
    if strangers.is_empty() { Err("no user has so many events".into()) } else { Ok(strangers) }
}

fn measure<M: Score>(name: &str, model: &M, data: &Interactions, args: &Args) -> Result<(), Failure> {
    let (strangers, request) = (strangers(data, args)?, TopN::new(10));
    let scanner = Scanner::new(model)?;
    let (mut workspace, mut hits, mut profile) = (Workspace::new(), Vec::new(), Profile::new());
    let (mut whole, mut folding) = (Vec::new(), Vec::new());
    for question in 0..args.questions {
        let query = Query::history(strangers[question % strangers.len()]);
        let start = Instant::now();
        scanner.top_n_into(&query, &request, &mut workspace, &mut hits)?;
        whole.push(start.elapsed());
    }
    // Apart, so that nobody's rows are in the cache for having just been asked for.
    for stranger in &strangers {
        let start = Instant::now();
        model.profile(&Query::history(*stranger), &mut profile)?;
        folding.push(start.elapsed());
    }
    for stranger in &strangers {
        let query = Query::history(*stranger);
        scanner.top_n_into(&query, &request, &mut workspace, &mut hits)?;
        if hits != model.top_n(&query, &request)? {
            return Err("a list is not that of all scores".into());
        }
    }
    let [p50, p99, p999, most] = percentiles(whole);
    let [folding, ..] = percentiles(folding);
    println!(
        "{name:>10} {:>10} {p50:>8.3} {p99:>8.3} {p999:>9.3} {most:>8.3} {folding:>10.3}",
        args.questions
    );
    Ok(())
}

/// In milliseconds.
fn percentiles(mut times: Vec<Duration>) -> [f64; 4] {
    times.sort_unstable();
    [0.5, 0.99, 0.999, 1.0].map(|part| {
        let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    })
}
