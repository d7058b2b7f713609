//! What it costs that events last: an append with its sync, and the replay of a day.
//!
//! First a table: appends of batches from one event to a hundred thousand, each synced, beside a write and a
//! sync of as many bytes without a log. The files are under the target directory: it is the disk there
//! that is measured, and `CARGO_TARGET_TMPDIR` may stand elsewhere.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use foldin::data::{Change, Event};
use foldin::persist::{Checkpoint, EventLog};
use tempfile::TempDir;

const FROM: Checkpoint = Checkpoint { model: 1, sequence: 0 };
/// Events to be replayed, in batches of so many.
const REPLAYED: u64 = 1_000_000;
const BATCH: u64 = 1_000;
/// Appends per row of the table.
const TIMES: usize = 100;

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory under the target directory")
}

fn log(directory: &Path) -> EventLog<String, u64> {
    EventLog::create(directory.join("log"), FROM).expect("a new log")
}

/// Users by name, items by number, with times.
fn events(n: u64) -> Vec<Change<String, u64>> {
    let event = |at: u64| Event {
        user: format!("user {:06}", at * 7_919 % 1_000_000),
        item: at * 104_729 % 100_000,
        value: 1.0,
        time: Some(1_767_225_600 + at as i64),
    };
    (0..n).map(|at| Change::Add(event(at))).collect()
}

/// Times sorted, in milliseconds.
fn sorted(mut step: impl FnMut()) -> Vec<f64> {
    let mut time = || {
        let begin = Instant::now();
        step();
        begin.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..TIMES).map(|_| time()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// What a sync costs here, and what the log adds to it.
fn table() {
    println!("{TIMES} appends of a batch, each synced; milliseconds");
    println!(
        "{:>8} {:>10} | {:>8} {:>8} | {:>8} {:>8} | {:>12}",
        "events", "bytes", "p50", "p99", "plain 50", "plain 99", "events/s"
    );
    for n in [1, 10, 100, 1_000, 10_000, 100_000] {
        let (directory, batch) = (directory(), events(n));
        let mut log = log(directory.path());
        let before = log.size();
        let appends = sorted(|| {
            log.append(&batch).expect("room on the disk");
        });
        let bytes = (log.size() - before) as usize / TIMES;
        let mut file = File::create(directory.path().join("plain")).expect("a new file");
        let record = vec![7; bytes];
        let plain = sorted(|| {
            file.write_all(&record).and_then(|()| file.sync_data()).expect("room on the disk");
        });
        let (half, most) = (TIMES / 2, TIMES - 2);
        let rate = n as f64 * TIMES as f64 / appends.iter().sum::<f64>() * 1e3;
        println!(
            "{n:>8} {bytes:>10} | {:>8.2} {:>8.2} | {:>8.2} {:>8.2} | {rate:>12.0}",
            appends[half], appends[most], plain[half], plain[most]
        );
    }
    println!();
}

fn append(c: &mut Criterion) {
    let (directory, batch) = (directory(), events(BATCH));
    let mut log = log(directory.path());
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(BATCH)).measurement_time(Duration::from_secs(3));
    group.bench_function(BenchmarkId::new("append, synced, batch of", BATCH), |b| {
        b.iter(|| log.append(black_box(&batch)).expect("room on the disk"));
    });
    group.finish();
}

fn replay(c: &mut Criterion) {
    let (directory, batch) = (directory(), events(BATCH));
    let mut written = log(directory.path());
    for _ in 0..REPLAYED / BATCH {
        written.append(&batch).expect("room on the disk");
    }
    drop(written);
    let path = directory.path().join("log");
    let open = || EventLog::<String, u64>::open(&path, FROM).expect("the log that was written").0;
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(REPLAYED)).sample_size(10);
    group.bench_function(BenchmarkId::new("open, events", REPLAYED), |b| b.iter(open));
    group.bench_function(BenchmarkId::new("replay, events", REPLAYED), |b| {
        b.iter_batched_ref(
            open,
            |log| {
                let batches = log.replay().expect("a sound log");
                let n: usize = batches.map(|batch| batch.expect("a sound log").changes.len()).sum();
                assert_eq!(n as u64, REPLAYED);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    // `cargo bench -- --test` is a trial run.
    if !std::env::args().any(|argument| argument == "--test") {
        table();
    }
    append(c);
    replay(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
