//! The stages from a file to compressed rows. With `FOLDIN_DATA` on ML-1M and MovieTweetings, else on
//! generated data alone; everything on one thread.
//!
//! `cargo bench --bench data`

use std::path::PathBuf;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldin::data::synthetic::Synthetic;
use foldin::data::{Columns, Interactions, InteractionsBuilder, ItemIx, Layout, UserIx};

/// A file of a million ratings in the layout given, from a generated data set.
fn text(delimiter: &str, quote: &str) -> String {
    let settings = Synthetic::new().users(6_000).items(3_700).ratings(1_000_000);
    let world = settings.generate().expect("the settings are in range");
    let mut text = String::new();
    for event in world.interactions.events() {
        let (user, item) = (event.user.get() + 1, event.item.get() + 1);
        let (value, time) = (event.value, event.time.unwrap_or_default());
        text += &format!("{quote}{user}{quote}{delimiter}{item}{delimiter}{value}{delimiter}{time}\n");
    }
    text
}

fn read(text: &[u8]) -> Interactions {
    let builder = InteractionsBuilder::<String, String>::new();
    let builder =
        builder.add_reader("bench", "bench", text, &Layout::new()).expect("the text is well formed");
    let set = builder.build().expect("the records are clean");
    assert_eq!(set.report.records(), set.report.events);
    set.interactions
}

fn files(c: &mut Criterion) {
    let Some(folder) = std::env::var_os("FOLDIN_DATA").map(PathBuf::from) else {
        eprintln!("FOLDIN_DATA is not set: real files skipped");
        return;
    };
    let mut group = c.benchmark_group("file");
    group.sample_size(20);
    for name in ["ml-1m", "movietweetings-100k"] {
        let path = folder.join(name).join("ratings.dat");
        let read =
            || InteractionsBuilder::new().read(&path, &Layout::new()).expect("the data folder is whole");
        let report = read().report;
        eprintln!("{name}: {report}");
        group.throughput(Throughput::Elements(report.records()));
        group.bench_function(name, |bench| bench.iter(read));
    }
}

fn layouts(c: &mut Criterion) {
    let mut group = c.benchmark_group("million lines");
    group.sample_size(10);
    for (name, delimiter, quote) in [("colons", "::", ""), ("comma", ",", ""), ("quoted ids", ",", "\"")] {
        let text = text(delimiter, quote);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| read(text.as_bytes())));
    }
}

fn compress(c: &mut Criterion) {
    let settings = Synthetic::new().users(6_000).items(3_700).ratings(1_000_000);
    let data = settings.generate().expect("the settings are in range").interactions;
    let mut events: Vec<_> = data.events().collect();
    let mut group = c.benchmark_group("compress");
    group.sample_size(10).throughput(Throughput::Elements(data.len() as u64));
    for name in ["sorted", "shuffled"] {
        if name == "shuffled" {
            events.sort_by_key(|event| (event.user.get() ^ event.item.get()).wrapping_mul(0x9E37_79B9));
        }
        let users: Vec<UserIx> = events.iter().map(|event| event.user).collect();
        let items: Vec<ItemIx> = events.iter().map(|event| event.item).collect();
        let values: Vec<f32> = events.iter().map(|event| event.value).collect();
        let times: Vec<i64> = events.iter().filter_map(|event| event.time).collect();
        let columns = Columns { users: &users, items: &items, values: &values, times: Some(&times) };
        let build = |columns| Interactions::from_columns(data.n_users(), data.n_items(), columns);
        assert_eq!(build(columns).as_ref(), Ok(&data));
        group.bench_function(name, |bench| bench.iter_batched(|| columns, build, BatchSize::PerIteration));
    }
}

fn synthetic(c: &mut Criterion) {
    let settings = Synthetic::new();
    let n = settings.generate().expect("the settings are in range").interactions.len();
    let mut group = c.benchmark_group("synthetic");
    group.sample_size(10).throughput(Throughput::Elements(n as u64));
    group.bench_function("default", |bench| bench.iter(|| settings.generate()));
}

criterion_group!(benches, files, layouts, compress, synthetic);
criterion_main!(benches);
