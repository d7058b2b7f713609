//! Who asks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use foldin::data::UserIx;
use foldin::model::{Query, Score};
use foldin::retrieve::{TopN, Workspace};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::{Args, Failure, Service};

/// The times of all lists that the readers get, ascending, while this thread does something until the time is over.
pub(crate) fn measure<T>(
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
        drop(snapshot);
        times.push(start.elapsed());
        assert!(answer.is_ok() && !hits.is_empty(), "a known user has a list");
    }
    times
}
