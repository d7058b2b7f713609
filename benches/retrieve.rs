//! What a list costs beside the scores it is made of: top-10 of 100,000 items, 64 factors.
//!
//! `scores alone` is the toy model's inner products without any list: the difference to it is what
//! retrieval adds. `ascending` is the worst order there is: every item enters the list for a while.

#[path = "../tests/toy/mod.rs"]
mod toy;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use foldin::data::{ItemIx, UserIx};
use foldin::model::{Profile, Query, Score};
use foldin::retrieve::{ScoreExt, TopN, Workspace};
use toy::{InnerProduct, Table};

const ITEMS: u32 = 100_000;
const USERS: u32 = 64;

fn every(step: u32) -> Vec<ItemIx> {
    (0..ITEMS).step_by(step as usize).map(ItemIx::new).collect()
}

fn one_user(c: &mut Criterion) {
    let mut model = InnerProduct::new(USERS as usize, ITEMS as usize, 64);
    model.seen = every(501);
    let (deny, allow_half, allow_few) = (every(97), every(2), every(997));
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
    for (name, request) in [
        ("no filter", TopN::new(10).include_seen()),
        ("200 seen", TopN::new(10)),
        ("200 seen, 1,031 denied", TopN::new(10).deny(&deny)),
        ("half allowed", TopN::new(10).allow(&allow_half)),
        ("101 allowed", TopN::new(10).allow(&allow_few)),
        ("predicate", TopN::new(10).filter(&even)),
        ("top 1,000 instead", TopN::new(1_000)),
    ] {
        let (mut workspace, mut hits, mut user) = (Workspace::new(), Vec::new(), 0);
        group.bench_function(name, |b| {
            b.iter(|| {
                user = (user + 1) % USERS;
                let query = Query::user(UserIx::new(user));
                model.top_n_into(&query, &request, &mut workspace, &mut hits).expect("the user is known");
                black_box(&hits);
            });
        });
        assert_eq!(hits.len(), request.get_n());
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
            });
            assert_eq!(hits.len(), n);
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

criterion_group!(benches, one_user, collector, batch);
criterion_main!(benches);
