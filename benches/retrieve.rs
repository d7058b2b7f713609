//! What a list costs: top-10 of 100,000 items, from given scores, from a model, and from a scanner.
//!
//! `scores alone` is the toy model's inner products without any list: the difference to it is what retrieval adds to a
//! score per item. A scanner looks at less than every score; its factors here are normal noise, the worst case there is for
//! leaving out items by their length, and the same noise with lengths as models have them (log-normal, sigma 0.5).
//! `ascending` is the worst order there is: every item enters the list for a while.

#[path = "../tests/toy/mod.rs"]
mod toy;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use foldin::data::synthetic::Synthetic;
use foldin::data::{History, ItemIx, UserIx};
use foldin::implicit::IalsParams;
use foldin::kernel::{Level, Rows, Stream, products};
use foldin::model::{Factors, Fit, Profile, Query, QueryError, Score};
use foldin::rating::BiasedMfParams;
use foldin::retrieve::{Scanner, ScoreExt, TopN, UserScanner, Workspace};
use toy::{InnerProduct, Table};

const ITEMS: u32 = 100_000;
const USERS: u32 = 64;
const BATCH: u32 = 1_000;

fn every(step: u32) -> Vec<ItemIx> {
    (0..ITEMS).step_by(step as usize).map(ItemIx::new).collect()
}

/// Noise on both sides, scored by the kernel as the crate's models are.
struct Noise {
    width: usize,
    users: Vec<f32>,
    items: Vec<f32>,
    bias: Vec<f32>,
    seen: Vec<ItemIx>,
}

impl Noise {
    fn new(width: usize, spread: f32) -> Self {
        let normal = |row: u64, len: usize| {
            let mut out = vec![0.0; len];
            Stream { seed: 1, epoch: 0, side: 0, row }.normal().fill(&mut out);
            out
        };
        let n_items = ITEMS as usize;
        let mut items = normal(1, n_items * width);
        for (row, length) in items.chunks_exact_mut(width).zip(normal(2, n_items)) {
            row.iter_mut().for_each(|y| *y *= (spread * length).exp());
        }
        let users = normal(3, BATCH as usize * width);
        Self { width, users, items, bias: vec![0.0; n_items], seen: every(501) }
    }
}

impl Score for Noise {
    fn n_users(&self) -> u32 {
        BATCH
    }

    fn n_items(&self) -> u32 {
        ITEMS
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        let user = query.user.unwrap_or_default();
        QueryError::check_user(user, BATCH)?;
        out.clear();
        out.dense.extend_from_slice(&self.users[user.ix() * self.width..][..self.width]);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let rows = Rows::new(&self.items, self.width, self.width).expect("whole rows");
        products(Level::detect(), rows, first.ix(), &profile.dense, &self.bias, 0.0, out).expect("one width");
    }

    fn seen(&self, _: UserIx) -> &[ItemIx] {
        &self.seen
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        Some(Factors { rows: &self.items, stride: self.width, factors: self.width, bias: &[] })
    }
}

/// The requests whose cost is compared: a name, and the request made of these sets.
fn requests<'a>(
    [deny, half, few]: [&'a [ItemIx]; 3],
    even: &'a (dyn Fn(ItemIx) -> bool + Sync),
) -> [(&'static str, TopN<'a>); 7] {
    [
        ("no filter", TopN::new(10).include_seen()),
        ("200 seen", TopN::new(10)),
        ("200 seen, 1,031 denied", TopN::new(10).deny(deny)),
        ("half allowed", TopN::new(10).allow(half)),
        ("101 allowed", TopN::new(10).allow(few)),
        ("predicate", TopN::new(10).filter(even)),
        ("top 1,000 instead", TopN::new(1_000)),
    ]
}

fn one_user(c: &mut Criterion) {
    let mut model = InnerProduct::new(USERS as usize, ITEMS as usize, 64);
    model.seen = every(501);
    let (deny, half, few) = (every(97), every(2), every(997));
    let even = |item: ItemIx| item.get().is_multiple_of(2);
    let mut group = c.benchmark_group("top-10 of 100,000, d = 64, one user");
    group.throughput(Throughput::Elements(u64::from(ITEMS)));
    let mut scores = vec![0.0; 1024];
    let mut profile = Profile::new();
    group.bench_function("scores alone", |b| {
        model.profile(&Query::user(UserIx::new(0)), &mut profile).expect("user 0 is known");
        b.iter(|| {
            for first in (0..ITEMS).step_by(1024) {
                let n = (ITEMS - first).min(1024) as usize;
                model.score_block(&profile, ItemIx::new(first), &mut scores[..n]);
                black_box(&scores);
            }
        });
    });
    for (name, request) in requests([&deny, &half, &few], &even) {
        let (mut workspace, mut hits, mut user) = (Workspace::new(), Vec::new(), 0);
        group.bench_function(name, |b| {
            b.iter(|| {
                user = (user + 1) % USERS;
                let query = Query::user(UserIx::new(user));
                model.top_n_into(&query, &request, &mut workspace, &mut hits).expect("the user is known");
                black_box(&hits);
            });
            assert_eq!(hits.len(), request.get_n());
        });
    }
    group.finish();
}

/// Scores that are copied, not computed: nearly the collector alone.
fn collector(c: &mut Criterion) {
    let mut group = c.benchmark_group("top-n of 100,000 given scores");
    group.throughput(Throughput::Elements(u64::from(ITEMS)));
    for (name, scores) in [
        ("shuffled", (0..ITEMS).map(|item| toy::unit(item.into())).collect::<Vec<_>>()),
        ("ascending", (0..ITEMS).map(|item| item as f32).collect()),
    ] {
        let model = Table::new(ITEMS as usize, scores);
        for n in [10, 100, 1_000] {
            let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
            group.bench_function(format!("{name}, n = {n}"), |b| {
                b.iter(|| {
                    let request = TopN::new(n);
                    model
                        .top_n_into(&Query::anyone(), &request, &mut workspace, &mut hits)
                        .expect("anyone may ask");
                    black_box(&hits);
                });
                assert_eq!(hits.len(), n);
            });
        }
    }
    group.finish();
}

fn batch(c: &mut Criterion) {
    let model = InnerProduct::new(USERS as usize, ITEMS as usize, 64);
    let users: Vec<_> = (0..USERS).map(UserIx::new).collect();
    let mut group = c.benchmark_group("top-10 of 100,000, d = 64, 64 users");
    group.throughput(Throughput::Elements(u64::from(USERS)));
    group.sample_size(20);
    for threads in [1, 2] {
        group.bench_function(format!("{threads} threads"), |b| {
            b.iter(|| {
                model.top_n_batch(black_box(&users), &TopN::new(10), threads).expect("the users are known")
            });
        });
    }
    group.finish();
}

/// One question to a scanner after the other, with and without filters.
fn scan_one(c: &mut Criterion) {
    let (deny, half, few) = (every(97), every(2), every(997));
    let even = |item: ItemIx| item.get().is_multiple_of(2);
    for (lengths, spread) in [("equal lengths", 0.0), ("lengths as of a model", 0.5)] {
        let mut group = c.benchmark_group(format!("scanner, top-10 of 100,000, one user, {lengths}"));
        group.throughput(Throughput::Elements(u64::from(ITEMS)));
        for width in [64, 128] {
            let model = Noise::new(width, spread);
            let scanner = Scanner::new(&model).expect("inner products");
            let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
            for (name, request) in requests([&deny, &half, &few], &even) {
                let mut user = 0;
                group.bench_function(BenchmarkId::new(name, width), |b| {
                    b.iter(|| {
                        user = (user + 1) % BATCH;
                        let query = Query::user(UserIx::new(user));
                        scanner
                            .top_n_into(&query, &request, &mut workspace, &mut hits)
                            .expect("a known user");
                        black_box(&hits);
                    });
                });
            }
            group.bench_function(BenchmarkId::new("similar items", width), |b| {
                let (mut item, request) = (0, TopN::new(10));
                b.iter(|| {
                    item = (item + 1) % ITEMS;
                    let item = ItemIx::new(item);
                    scanner
                        .similar_items_into(item, &request, &mut workspace, &mut hits)
                        .expect("a known item");
                    black_box(&hits);
                });
            });
        }
        group.finish();
    }
}

/// A thousand questions to a scanner at once.
fn scan_batch(c: &mut Criterion) {
    let (deny, half, few) = (every(97), every(2), every(997));
    let even = |item: ItemIx| item.get().is_multiple_of(2);
    let users: Vec<_> = (0..BATCH).map(UserIx::new).collect();
    for (lengths, spread) in [("equal lengths", 0.0), ("lengths as of a model", 0.5)] {
        let mut group = c.benchmark_group(format!("scanner, top-10 of 100,000, 1,000 users, {lengths}"));
        group.throughput(Throughput::Elements(u64::from(BATCH)));
        group.sample_size(10);
        for width in [64, 128] {
            let model = Noise::new(width, spread);
            let scanner = Scanner::new(&model).expect("inner products");
            for (name, request) in requests([&deny, &half, &few], &even) {
                group.bench_function(BenchmarkId::new(name, width), |b| {
                    b.iter(|| scanner.top_n_batch(black_box(&users), &request, 1).expect("known users"));
                });
            }
            let plain = TopN::new(10).include_seen();
            group.bench_function(BenchmarkId::new("no filter, 2 threads", width), |b| {
                b.iter(|| scanner.top_n_batch(black_box(&users), &plain, 2).expect("known users"));
            });
            let items: Vec<_> = (0..BATCH).map(ItemIx::new).collect();
            group.bench_function(BenchmarkId::new("similar items", width), |b| {
                b.iter(|| scanner.similar_items_batch(black_box(&items), &plain, 1).expect("known items"));
            });
            group.bench_function(BenchmarkId::new("packing", width), |b| {
                b.iter(|| Scanner::new(black_box(&model)).expect("inner products"));
            });
        }
        group.finish();
    }
}

/// Which of 100,000 users: the sides of the noise change places.
fn users_for_an_item(c: &mut Criterion) {
    let mut group = c.benchmark_group("users for an item, top-1,000 of 100,000");
    group.throughput(Throughput::Elements(u64::from(ITEMS)));
    for width in [64, 128] {
        let model = InnerProduct::new(ITEMS as usize, BATCH as usize, width);
        let scanner = UserScanner::new(&model).expect("inner products");
        let (mut workspace, mut hits, mut item) = (Workspace::new(), Vec::new(), 0);
        group.bench_function(BenchmarkId::from_parameter(width), |b| {
            b.iter(|| {
                item = (item + 1) % BATCH;
                let (item, request) = (ItemIx::new(item), TopN::users(1_000));
                scanner.top_n_into(item, &request, &mut workspace, &mut hits).expect("a known item");
                black_box(&hits);
            });
        });
    }
    group.finish();
}

/// Somebody known by 50 events only: folded in, then listed for. The percentiles are those of the example `just_arrived`.
fn just_arrived(c: &mut Criterion) {
    let synthetic = Synthetic::new().users(10_000).items(ITEMS).ratings(1_000_000).generate();
    let data = synthetic.expect("sizes that can be").interactions;
    let mut group = c.benchmark_group("scanner, top-10 of 100,000, d = 64, 50 events folded in");
    let mut measure = |name: &str, model: &dyn Score| {
        let scanner = Scanner::new(model).expect("inner products");
        let history = data.users().map(|(_, row)| row).find(|row| row.len() >= 50).expect("a long history");
        let history = History { ids: &history.ids[..50], values: &history.values[..50], times: None };
        let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
        group.bench_function(name, |b| {
            b.iter(|| {
                let query = Query::history(black_box(history));
                scanner.top_n_into(&query, &TopN::new(10), &mut workspace, &mut hits).expect("known items");
                black_box(&hits);
            });
        });
    };
    let fit = "enough data";
    measure("Ials", &IalsParams::new().factors(64).epochs(2).fit(&data).expect(fit));
    measure("BiasedMf", &BiasedMfParams::new().factors(64).epochs(2).fit(&data).expect(fit));
    group.finish();
}

criterion_group!(benches, one_user, collector, batch, scan_one, scan_batch, users_for_an_item, just_arrived);
criterion_main!(benches);
