//! A service that answers while it learns: how long lists take while a writer applies batches without a pause.
//!
//! ```text
//! cargo run --release --example open_all_hours
//! cargo run --release --example open_all_hours -- --items 1000000 --users 200000 --ratings 10000000
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--items N` | 20,000 |
//! | `--users N` | 10,000 |
//! | `--ratings N` | 500,000 |
//! | `--factors K` | 64 |
//! | `--epochs N` | 2 |
//! | `--readers N` threads that ask for the top 10 | 1 |
//! | `--threads N` of the writer; 0 stands for all cores | 1 |
//! | `--batch N` events; one in a hundred is of something new | 1000 |
//! | `--pause MS` of the writer after a batch | 0 |
//! | `--seconds N` of each turn | 5 |
//! | `--turns N` without and with the writer | 2 |
//!
//! Prints the percentiles of the time from asking for a snapshot to having the list, in turns: in peace, and while batches
//! are applied, each durable in the log before it is acknowledged. With as many threads as cores left to the readers, the
//! writer takes no core from them.

#[path = "../leaderboard/memory.rs"]
mod memory;
mod readers;
mod report;
mod writer;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use foldin::data::{Ids, Interactions, synthetic::Synthetic};
use foldin::implicit::{Ials, IalsParams};
use foldin::live::{Learner, Live};
use foldin::model::Fit;

pub(crate) type Failure = Box<dyn std::error::Error>;
pub(crate) type Service = Live<Ials, u64, u64>;

pub(crate) struct Args {
    pub(crate) items: u32,
    pub(crate) users: u32,
    pub(crate) ratings: u64,
    pub(crate) factors: usize,
    pub(crate) epochs: usize,
    pub(crate) readers: usize,
    pub(crate) threads: usize,
    pub(crate) batch: usize,
    pub(crate) pause: u64,
    pub(crate) seconds: u64,
    pub(crate) turns: usize,
}

fn main() -> ExitCode {
    match args(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("open_all_hours: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args {
        items: 20_000,
        users: 10_000,
        ratings: 500_000,
        factors: 64,
        epochs: 2,
        readers: 1,
        threads: 1,
        batch: 1000,
        pause: 0,
        seconds: 5,
        turns: 2,
    };
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--items" => args.items = value.parse()?,
            "--users" => args.users = value.parse()?,
            "--ratings" => args.ratings = value.parse()?,
            "--factors" => args.factors = value.parse()?,
            "--epochs" => args.epochs = value.parse()?,
            "--readers" => args.readers = value.parse()?,
            "--threads" => args.threads = value.parse()?,
            "--batch" => args.batch = value.parse()?,
            "--pause" => args.pause = value.parse()?,
            "--seconds" => args.seconds = value.parse()?,
            "--turns" => args.turns = value.parse()?,
            _ => {
                return Err(
                    format!("{option} is unknown; the options are those of the table in the source").into()
                );
            }
        }
    }
    if args.readers == 0 || args.batch == 0 || args.users == 0 || args.items == 0 {
        return Err("users, items, readers and events of a batch are at least 1".into());
    }
    Ok(args)
}

fn run(args: &Args) -> Result<(), Failure> {
    let directory = std::env::temp_dir().join(format!("open_all_hours-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let outcome = serve(args, &directory.join("live.foldin"));
    std::fs::remove_dir_all(&directory)?;
    outcome
}

fn serve(args: &Args, path: &Path) -> Result<(), Failure> {
    let service = open(args, path)?;
    println!("{service:?}, {} factors, {} readers", args.factors, args.readers);
    report::memory("at first");
    memory::reset_peak();
    report::head();
    let mut batches = Vec::new();
    for _ in 0..args.turns {
        let (peace, ()) = readers::measure(&service, args, |_| Ok(()))?;
        report::line("in peace", peace);
        let (busy, written) = readers::measure(&service, args, |until| writer::write(&service, args, until))?;
        report::line("while it learns", busy);
        batches.extend(written);
    }
    report::batches(batches, args);
    report::memory("at most since");
    Ok(())
}

fn open(args: &Args, path: &Path) -> Result<Service, Failure> {
    let start = Instant::now();
    let generated = Synthetic::new().users(args.users).items(args.items).ratings(args.ratings).generate()?;
    let data: Interactions = generated.interactions;
    let model = IalsParams::new().factors(args.factors).epochs(args.epochs).fit(&data)?;
    let ids = Ids {
        users: (0..u64::from(data.n_users())).collect(),
        items: (0..u64::from(data.n_items())).collect(),
    };
    let service = Live::create(path, Learner::new(model, data)?.threads(args.threads), ids)?;
    println!("fitted and saved in {:.1} s", start.elapsed().as_secs_f64());
    Ok(service)
}
