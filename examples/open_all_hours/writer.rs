//! What happens meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use foldin::data::{Change, Event};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::{Args, Failure, Service};

/// Applies batches until the time is over; how long each took.
pub(crate) fn write(service: &Service, args: &Args, until: Instant) -> Result<Vec<Duration>, Failure> {
    let first = service.snapshot().sequence();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(first);
    let timed = service.with_learner(|learner| learner.histories().has_times())?;
    let mut newest = service.snapshot().ids().items.n_indices() as u64;
    let mut times = Vec::new();
    while Instant::now() < until {
        let mut batch = Vec::with_capacity(args.batch);
        for n in 0..args.batch {
            let is_new = n % 100 == 99;
            newest += u64::from(is_new);
            let item = if is_new { newest } else { random.random_range(0..args.items).into() };
            let (user, time) =
                (random.random_range(0..args.users).into(), timed.then_some(times.len() as i64));
            batch.push(Change::Replace(Event { user, item, value: 4.0, time }));
        }
        let start = Instant::now();
        service.apply(&batch)?;
        times.push(start.elapsed());
        thread::sleep(Duration::from_millis(args.pause));
    }
    Ok(times)
}
