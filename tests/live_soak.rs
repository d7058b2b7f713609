//! Guards the memory of a live model that serves for a long time: readers and a writer, people and things that come and go,
//! checkpoints, refits, snapshots held and let go. Every list is held against that of all scores; what was removed is in
//! none; and what is held at the end is what was held at the beginning.
//!
//! A few seconds; `FOLDIN_SOAK_SECONDS=300 cargo test --release --test live_soak -- --nocapture` takes as many and prints
//! the curve.

#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

mod counting;
#[path = "live_kill/world.rs"]
mod world;

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use foldin::data::{Change, ItemIx, UserIx};
use foldin::implicit::{Ials, IalsParams};
use foldin::live::{Live, Snapshot};
use foldin::model::{FitContext, Query};
use foldin::retrieve::{Hit, ScoreExt, TopN};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use world::{World, first};

type Service = Live<Ials, u64, u64>;

/// Points of the curve.
const POINTS: u32 = 24;

fn params() -> IalsParams {
    IalsParams::new().factors(16).epochs(2)
}

/// What threads tell each other.
struct Shared {
    service: Service,
    until: Instant,
    /// An item that was removed before anybody could read this.
    gone: AtomicU64,
    lists: AtomicU64,
    batches: AtomicU64,
}

impl Shared {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }
}

/// The list of a user drawn at random, checked.
fn check(snapshot: &Snapshot<Ials, u64, u64>, gone: u64, rng: &mut Xoshiro256PlusPlus) -> (UserIx, Vec<Hit>) {
    let ids = snapshot.ids();
    let user = ids.users.keys()[rng.random_range(0..ids.users.len())];
    let user = ids.user(&user).unwrap();
    let hits = snapshot.top_n(&Query::user(user), &TopN::new(10)).unwrap();
    let is_ordered = |pair: &[Hit]| (pair[1].score, pair[0].item) < (pair[0].score, pair[1].item);
    assert!(hits.windows(2).all(is_ordered), "{hits:?}");
    let names: Vec<u64> = hits.iter().map(|hit| *ids.item_id(hit.item).expect("what is there")).collect();
    assert!(!names.contains(&gone) && ids.item(&gone).is_err(), "what was removed");
    let vacant: Vec<ItemIx> = ids.items.vacant().map(ItemIx::new).collect();
    let naive = snapshot.model().top_n(&Query::user(user), &TopN::new(10).deny(&vacant)).unwrap();
    assert_eq!(hits, naive);
    (user, hits)
}

/// Asks without a pause to speak of; `holds` a snapshot for so long now and then.
fn read(shared: &Shared, seed: u64, holds: Option<Duration>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    while shared.goes_on() {
        let gone = shared.gone.load(Ordering::Acquire);
        let snapshot = shared.service.snapshot();
        let (user, hits) = check(&snapshot, gone, &mut rng);
        shared.lists.fetch_add(1, Ordering::Relaxed);
        if let Some(time) = holds {
            thread::sleep(time);
            assert_eq!(snapshot.top_n(&Query::user(user), &TopN::new(10)).unwrap(), hits, "it changed");
        }
        drop(snapshot);
        thread::sleep(Duration::from_micros(100));
    }
}

fn write(shared: &Shared) {
    let mut world = World::of(&shared.service);
    while shared.goes_on() {
        let (batch, next) = world.next();
        shared.service.apply(&batch).unwrap();
        shared.batches.fetch_add(1, Ordering::Relaxed);
        if let Some(Change::RemoveItem { item }) = batch.last() {
            shared.gone.store(*item, Ordering::Release);
        }
        world = next;
        match world.sequence % 500 {
            0 => drop(shared.service.refit(&params(), &mut FitContext::new().threads(1)).unwrap()),
            n if n % 50 == 0 => shared.service.checkpoint().unwrap(),
            _ => {}
        }
    }
    assert!(World::of(&shared.service) == world);
}

/// What is held at one moment.
struct Point {
    held: usize,
    resident: usize,
}

fn watch(shared: &Shared, start: Instant) -> Vec<Point> {
    let (mut curve, step) = (Vec::new(), (shared.until - start) / POINTS);
    println!("seconds  batches     lists  held KiB  resident MiB  users  items");
    for n in 1..=POINTS {
        thread::sleep((start + step * n).saturating_duration_since(Instant::now()));
        // The most of some moments: a batch under way holds more than none.
        let held = (0..20).map(|_| {
            thread::sleep(Duration::from_millis(2));
            counting::held()
        });
        let point = Point { held: held.max().unwrap(), resident: resident() };
        let snapshot = shared.service.snapshot();
        println!(
            "{:>7.1} {:>8} {:>9} {:>9} {:>13.1} {:>6} {:>6}",
            start.elapsed().as_secs_f64(),
            shared.batches.load(Ordering::Relaxed),
            shared.lists.load(Ordering::Relaxed),
            point.held >> 10,
            point.resident as f64 / (1 << 20) as f64,
            snapshot.ids().users.len(),
            snapshot.ids().items.len()
        );
        curve.push(point);
    }
    curve
}

/// Resident memory in bytes, where the system tells.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[test]
fn memory_is_flat() {
    let seconds = std::env::var("FOLDIN_SOAK_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let (learner, ids) = first(&params());
    let service = Live::create(directory.path().join("live.foldin"), learner, ids).unwrap();
    let start = Instant::now();
    let shared = Shared {
        service,
        until: start + Duration::from_secs(seconds),
        gone: AtomicU64::new(0),
        lists: AtomicU64::new(0),
        batches: AtomicU64::new(0),
    };
    let curve = thread::scope(|scope| {
        scope.spawn(|| read(&shared, 1, None));
        scope.spawn(|| read(&shared, 2, Some(Duration::from_millis(120))));
        scope.spawn(|| write(&shared));
        watch(&shared, start)
    });
    let most = |part: &[Point], of: fn(&Point) -> usize| part.iter().map(of).max().unwrap();
    let third = curve.len() / 3;
    let (before, after) = (&curve[third..2 * third], &curve[2 * third..]);
    let held = [before, after].map(|part| most(part, |point| point.held));
    assert!(held[1] < held[0] * 3 / 2, "{held:?} bytes");
    let resident = [before, after].map(|part| most(part, |point| point.resident));
    assert!(resident[1] < resident[0] * 3 / 2 + (8 << 20), "{resident:?} bytes");
    assert!(shared.batches.into_inner() > 20 && shared.lists.into_inner() > 20);
}
