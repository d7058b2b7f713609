//! The threads beside the caller's, kept awake from one pass to the next.
//!
//! To wake a thread that sleeps takes long beside the shortest passes of an epoch, between which there is a little to do on
//! one thread. So a thread that is done with a pass watches for the next
//! one for a while before it sleeps, if it can have a core of its own. Epochs of `Ials` on Gowalla, two threads, ms, medians
//! of seven runs in turn (driver `ials` of `benches/compare`), all threads asleep between passes and then so: 34.5 and 33.3
//! at 64 factors, 13.8 and 13.4 at 16.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a thread waits for another one before it sleeps.
const LONGEST: Duration = Duration::from_micros(300);

/// Pauses for which a caller waits on after the last helper has said that it is done: the pool notes it a little later,
/// and the caller would go to sleep for that.
const NOTED: usize = 32;

/// The threads beside the caller's.
pub(super) struct Helpers {
    pool: rayon::ThreadPool,
    /// The passes begun: who watches for the next one watches this.
    passes: Arc<AtomicUsize>,
    /// Whether every thread can have a core.
    watching: bool,
}

impl Helpers {
    /// Starts `count` threads, which is at least one.
    pub(super) fn new(count: usize, cores: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build()?;
        Ok(Self { pool, passes: Arc::default(), watching: count < cores })
    }

    /// Runs `work` on every thread, the caller's too.
    pub(super) fn run(&self, work: impl Fn() + Send + Sync) {
        let busy = AtomicUsize::new(self.pool.current_num_threads());
        let pass = self.passes.fetch_add(1, Ordering::Release) + 1;
        self.pool.in_place_scope(|scope| {
            scope.spawn_broadcast(|_, _| {
                work();
                busy.fetch_sub(1, Ordering::Release);
            });
            work();
            if self.watching {
                watch(|| busy.load(Ordering::Acquire) == 0);
                (0..NOTED).for_each(|_| spin_loop());
            }
        });
        if self.watching {
            let passes = Arc::clone(&self.passes);
            self.pool.spawn_broadcast(move |_| watch(|| passes.load(Ordering::Acquire) != pass));
        }
    }
}

/// The cores this program may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Waits until that is so, or for too long.
fn watch(so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() && begun.elapsed() < LONGEST {
        spin_loop();
    }
}
