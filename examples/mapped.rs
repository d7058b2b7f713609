//! Opening a model of a million items: loaded into memory, and mapped.
//!
//! ```text
//! cargo run --release --all-features --example mapped
//! cargo run --release --all-features --example mapped -- --items 1000000 --factors 128
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--items N` | 20,000 |
//! | `--users N` | 5,000 |
//! | `--events N` of each user | 20 |
//! | `--factors K` | 64 |
//! | `--times N` it is opened either way | 5 |
//!
//! Fits one epoch to events drawn at random, saves the model with its ids and opens it again and again. Beside the times
//! it prints how much of the file was brought into memory, where the system tells (Linux): all pages of files that the
//! process has in memory, `RssFile`, before and after. Both ways must give the same lists, to the bit.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use foldin::data::{Event, History, Ids, Interactions, ItemIx, UserIx};
use foldin::implicit::{Ials, IalsParams};
use foldin::model::{Fit, Query, Score};
use foldin::persist::{Mapped, Saved, load, map, save};
use foldin::retrieve::{Hit, ScoreExt, TopN};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

type Failure = Box<dyn std::error::Error>;

struct Args {
    items: u32,
    users: u32,
    events: u32,
    factors: usize,
    times: usize,
}

fn main() -> ExitCode {
    match args(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mapped: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args { items: 20_000, users: 5_000, events: 20, factors: 64, times: 5 };
    while let Some(option) = words.next() {
        let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--items" => args.items = value.parse()?,
            "--users" => args.users = value.parse()?,
            "--events" => args.events = value.parse()?,
            "--factors" => args.factors = value.parse()?,
            "--times" => args.times = value.parse()?,
            _ => {
                return Err(
                    format!("{option} is unknown; the options are those of the table in the source").into()
                );
            }
        }
    }
    if args.items == 0 || args.users == 0 || args.times == 0 {
        return Err("items, users and times are at least 1".into());
    }
    Ok(args)
}

fn run(args: &Args) -> Result<(), Failure> {
    let directory = std::env::temp_dir().join(format!("mapped-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let outcome = make(args, &directory.join("model.foldin")).and_then(|path| compare(args, path));
    std::fs::remove_dir_all(&directory)?;
    outcome
}

fn make<'a>(args: &Args, path: &'a Path) -> Result<&'a Path, Failure> {
    let start = Instant::now();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut events = Vec::new();
    for user in 0..args.users {
        let mut items: Vec<u32> = (0..args.events).map(|_| random.random_range(0..args.items)).collect();
        items.sort_unstable();
        items.dedup();
        let event = |item| Event { user: UserIx::new(user), item: ItemIx::new(item), value: 1.0, time: None };
        events.extend(items.into_iter().map(event));
    }
    let data = Interactions::from_events(args.users, args.items, &events)?;
    let model = IalsParams::new().factors(args.factors).epochs(1).fit(&data)?;
    let ids = Ids {
        users: (0..args.users).map(|n| format!("user-{n}")).collect(),
        items: (0..args.items).map(|n| format!("item-{n}")).collect(),
    };
    save(path, &model, &ids)?;
    println!(
        "{} users, {} items, K={}: a file of {:.1} MiB, made in {:.1} s",
        args.users,
        args.items,
        args.factors,
        mebibytes(std::fs::metadata(path)?.len()),
        start.elapsed().as_secs_f64()
    );
    Ok(path)
}

fn compare(args: &Args, path: &Path) -> Result<(), Failure> {
    let before = resident();
    let (mapped, mapping) = often(args.times, || map::<Ials, String, String>(path).map_err(Failure::from))?;
    print("opened by map", mapping, before);
    let (list, first) = timed(|| answers(&mapped.model, args))?;
    print("first lists", first, before);
    let (again, second) = timed(|| answers(&mapped.model, args))?;
    print("the same again", second, before);
    let ((), naming) = timed(|| names(&mapped, &list))?;
    print("first look at the ids", naming, before);
    let ((), verifying) = timed(|| Ok(mapped.verify()?))?;
    print("verified", verifying, before);
    let (loaded, loading) = often(args.times, || load::<Ials, String, String>(path).map_err(Failure::from))?;
    print("opened by load", loading, before);
    let Saved { model, .. } = loaded;
    let (expected, in_memory) = timed(|| answers(&model, args))?;
    print("lists in memory", in_memory, before);
    assert!(list == expected && again == expected, "mapped and loaded answer alike, to the bit");
    println!("opened {:.0} times as fast; the same lists", loading.as_secs_f64() / mapping.as_secs_f64());
    Ok(())
}

/// Lists for a user, for a history and for nobody.
fn answers(model: &Ials, args: &Args) -> Result<Vec<(ItemIx, u32)>, Failure> {
    let items = [ItemIx::new(0), ItemIx::new(args.items / 2)];
    let n = if items[0] == items[1] { 1 } else { 2 };
    let history = Query::history(History::new(&items[..n], &[1.0, 1.0][..n])?);
    let mut lists = Vec::new();
    for query in [Query::user(UserIx::new(model.n_users() / 2)), history, Query::anyone()] {
        let list = model.top_n(&query, &TopN::new(10))?;
        lists.extend(list.iter().map(|Hit { item, score }| (*item, score.to_bits())));
    }
    Ok(lists)
}

fn names(mapped: &Mapped<Ials>, list: &[(ItemIx, u32)]) -> Result<(), Failure> {
    let ids = mapped.ids()?;
    let named = |&(item, _): &(ItemIx, u32)| ids.item_id(item) == Some(&format!("item-{}", item.get()));
    assert!(list.iter().all(named), "every item has its id");
    Ok(())
}

/// Does it so many times: the last outcome, and the median of the times.
fn often<T>(times: usize, mut work: impl FnMut() -> Result<T, Failure>) -> Result<(T, Duration), Failure> {
    let mut taken = Vec::with_capacity(times);
    for _ in 1..times {
        taken.push(timed(&mut work)?.1);
    }
    let (last, time) = timed(&mut work)?;
    taken.push(time);
    taken.sort_unstable();
    Ok((last, taken[taken.len() / 2]))
}

fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Duration), Failure> {
    let start = Instant::now();
    Ok((work()?, start.elapsed()))
}

fn print(what: &str, time: Duration, before: Option<u64>) {
    print!("{what:<22} {:>10.2} ms", time.as_secs_f64() * 1e3);
    match resident().zip(before) {
        Some((now, before)) => {
            println!("   {:>8.2} MiB of files in memory", mebibytes(now.saturating_sub(before)))
        }
        None => println!(),
    }
}

/// Bytes of files that this process has in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}
