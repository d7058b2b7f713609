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
//! | `--batch N` events; one in a hundred is of something new | 1000 |
//! | `--seconds N` with and without the writer | 5 |
//!
//! Prints the percentiles of the time from asking for a snapshot to having the list, first in peace, then while batches
//! are applied, each durable in the log before it is acknowledged.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use foldin::data::{Change, Event, Ids, Interactions, UserIx, synthetic::Synthetic};
use foldin::implicit::{Ials, IalsParams};
use foldin::live::{Learner, Live};
use foldin::model::{Fit, Query, Score};
use foldin::retrieve::{TopN, Workspace};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

type Failure = Box<dyn std::error::Error>;
type Service = Live<Ials, u64, u64>;

struct Args {
    items: u32,
    users: u32,
    ratings: u64,
    factors: usize,
    epochs: usize,
    readers: usize,
    batch: usize,
    seconds: u64,
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
        batch: 1000,
        seconds: 5,
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
            "--batch" => args.batch = value.parse()?,
            "--seconds" => args.seconds = value.parse()?,
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

fn serve(args: &Args, path: &std::path::Path) -> Result<(), Failure> {
    let service = open(args, path)?;
    println!("{service:?}, {} factors, {} readers", args.factors, args.readers);
    println!("                       lists   p50 ms   p99 ms  p99.9 ms   max ms");
    let (peace, ()) = measure(&service, args, |_| Ok(()))?;
    print("in peace", peace);
    let (busy, report) = measure(&service, args, |until| write(&service, args, until))?;
    print("while it learns", busy);
    let Written { batches, events, slowest, elapsed } = report;
    println!(
        "{batches} batches of {} events, {:.0} events a second, the slowest batch {:.0} ms",
        args.batch,
        events as f64 / elapsed.as_secs_f64(),
        slowest.as_secs_f64() * 1e3
    );
    Ok(())
}

fn open(args: &Args, path: &std::path::Path) -> Result<Service, Failure> {
    let start = Instant::now();
    let generated = Synthetic::new().users(args.users).items(args.items).ratings(args.ratings).generate()?;
    let data: Interactions = generated.interactions;
    let model = IalsParams::new().factors(args.factors).epochs(args.epochs).fit(&data)?;
    let ids = Ids {
        users: (0..u64::from(data.n_users())).collect(),
        items: (0..u64::from(data.n_items())).collect(),
    };
    let service = Live::create(path, Learner::new(model, data)?, ids)?;
    println!("fitted and saved in {:.1} s", start.elapsed().as_secs_f64());
    Ok(service)
}

/// The times of all lists that the readers get, while this thread does something until the time is over.
fn measure<T>(
    service: &Service,
    args: &Args,
    work: impl FnOnce(Instant) -> Result<T, Failure>,
) -> Result<(Vec<Duration>, T), Failure> {
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let (all, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let done = thread::scope(|scope| {
        for reader in 0..args.readers {
            let (all, over) = (&all, &over);
            scope.spawn(move || {
                let times = ask(service, reader as u64, || over.load(Ordering::Relaxed));
                all.lock().expect("no reader panics").extend(times);
            });
        }
        let done = work(until);
        thread::sleep(until.saturating_duration_since(Instant::now()));
        over.store(true, Ordering::Relaxed);
        done
    })?;
    let mut times = all.into_inner()?;
    times.sort_unstable();
    Ok((times, done))
}

/// One list after the other, of users drawn at random.
fn ask(service: &Service, reader: u64, over: impl Fn() -> bool) -> Vec<Duration> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(reader);
    let (mut times, mut workspace, mut hits) = (Vec::new(), Workspace::new(), Vec::new());
    while !over() {
        let start = Instant::now();
        let snapshot = service.snapshot();
        let user = UserIx::new(random.random_range(0..snapshot.model().n_users()));
        let answer = snapshot.top_n_into(&Query::user(user), &TopN::new(10), &mut workspace, &mut hits);
        times.push(start.elapsed());
        assert!(answer.is_ok() && !hits.is_empty(), "a known user has a list");
    }
    times
}

struct Written {
    batches: usize,
    events: usize,
    slowest: Duration,
    elapsed: Duration,
}

/// Batches until the time is over.
fn write(service: &Service, args: &Args, until: Instant) -> Result<Written, Failure> {
    let (mut random, start) = (Xoshiro256PlusPlus::seed_from_u64(u64::MAX), Instant::now());
    let timed = service.with_learner(|learner| learner.histories().has_times())?;
    let mut written = Written { batches: 0, events: 0, slowest: Duration::ZERO, elapsed: Duration::ZERO };
    let mut newest = u64::from(args.items);
    while Instant::now() < until {
        let mut batch = Vec::with_capacity(args.batch);
        for n in 0..args.batch {
            newest += u64::from(n % 100 == 99);
            let item = if n % 100 == 99 { newest } else { random.random_range(0..args.items).into() };
            let (user, time) =
                (random.random_range(0..args.users).into(), timed.then_some(written.batches as i64));
            batch.push(Change::Replace(Event { user, item, value: 4.0, time }));
        }
        let before = Instant::now();
        service.apply(&batch)?;
        written.slowest = written.slowest.max(before.elapsed());
        written.batches += 1;
        written.events += batch.len();
    }
    written.elapsed = start.elapsed();
    Ok(written)
}

fn print(what: &str, times: Vec<Duration>) {
    let at = |part: f64| {
        let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{what:>16} {:>11} {:>8.3} {:>8.3} {:>9.3} {:>8.3}",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}
