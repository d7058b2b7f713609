//! The same events through a live model: raw ids, copies for readers, and every batch in the log before the next begins.

use std::time::{Duration, Instant};

use foldin::data::{Change, Event, Ids};
use foldin::implicit::Ials;
use foldin::live::{Learner, Live};

use crate::arrive::World;
use crate::{Args, Failure};

pub(crate) fn run(learner: Learner<Ials>, world: &World, args: &Args) -> Result<(), Failure> {
    let directory = std::env::temp_dir().join(format!("living-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let ids =
        Ids { users: (0..world.early.n_users()).collect(), items: (0..world.early.n_items()).collect() };
    let times = Live::create(directory.join("live.foldin"), learner, ids)
        .map_err(Failure::from)
        .and_then(|live| apply(&live, world, args));
    std::fs::remove_dir_all(&directory)?;
    print(times?, world.late.len(), args);
    Ok(())
}

fn apply(live: &Live<Ials, u32, u32>, world: &World, args: &Args) -> Result<Vec<Duration>, Failure> {
    let raw = |event: &Event| {
        let (user, item) = (event.user.get(), event.item.get());
        Change::Add(Event { user, item, value: event.value, time: event.time })
    };
    let changes: Vec<Change<u32, u32>> = world.late.iter().map(raw).collect();
    let timed = |batch| {
        let start = Instant::now();
        live.apply(batch)?;
        Ok(start.elapsed())
    };
    changes.chunks(args.batch).map(timed).collect()
}

fn print(mut times: Vec<Duration>, events: usize, args: &Args) {
    times.sort_unstable();
    let all: f64 = times.iter().map(Duration::as_secs_f64).sum();
    let at = |share: f64| 1e3 * times[((times.len() - 1) as f64 * share) as usize].as_secs_f64();
    println!(
        "\ndurable, `Live::apply` of {events} events in batches of {}: {:.0} events/s; a batch {:.1} ms (median), {:.1} ms \
         (p99), {:.1} ms (slowest)",
        args.batch,
        events as f64 / all,
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
