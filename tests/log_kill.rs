//! Guards against the end of the process at any moment: a child appends to a log, saves models and
//! begins the log anew, and is killed in the midst of it. Everything it was told to be done is there,
//! whole and in order, and at most the one batch beyond that was under way.
//!
//! `FOLDIN_KILLS=500 cargo test --release --test log_kill -- --nocapture` kills as often and prints what
//! it saw; without the variable it is a few times. Most kills come while the disk syncs; where syncs cost
//! nothing (`TMPDIR=/dev/shm`) they come while bytes are written.

mod killed;
mod persist_toy;

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use foldin::data::{Change, Event};
use foldin::persist::{Archive, Checkpoint, EventLog, SectionReader};
use killed::{child, killed, kills};
use persist_toy::{Toy, small_ids};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

type Log = EventLog<String, u64>;

/// The longest a child lives, in microseconds; it is up in two or three thousand.
const LIFE: u64 = 60_000;

/// What batch `sequence` holds, as both processes know: nothing, one change, or thousands.
fn batch(sequence: u64) -> Vec<Change<String, u64>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(sequence);
    let most = [1, 10, 1_000, 10_000][rng.random_range(0..4)];
    let n = rng.random_range(0..=most);
    let change = |at: u64| {
        let (user, item) = (format!("user {}", rng.random_range(0..1_000_000)), rng.random());
        let time = rng.random::<bool>().then_some(at as i64);
        let event = |user, item| Event { user, item, value: sequence as f32, time };
        match rng.random_range(0..10) {
            0 => Change::Remove { user, item },
            1 => Change::RemoveUser { user },
            2 => Change::RemoveItem { item },
            3..6 => Change::Replace(event(user, item)),
            _ => Change::Add(event(user, item)),
        }
    };
    (0..n).map(change).collect()
}

fn save(directory: &Path, sequence: u64) {
    let (model, ids) = (Toy::small(), small_ids());
    let archive = Archive::of(&model).with_ids(&ids).unwrap();
    archive.with_checkpoint(Checkpoint { model: 99, sequence }).save(directory.join("model")).unwrap();
}

/// What the saved model says of the log.
fn saved(directory: &Path) -> Option<Checkpoint> {
    let path = directory.join("model");
    path.exists().then(|| {
        let bytes = fs::read(path).unwrap();
        let reader = SectionReader::new(&bytes).unwrap();
        assert_eq!(reader.model::<Toy>().unwrap(), Toy::small());
        reader.checkpoint().unwrap().expect("it was saved with one")
    })
}

#[test]
#[ignore = "the process that is killed: the test beside it starts it"]
fn the_process_that_is_killed() {
    let Some((directory, seed)) = child() else { return };
    let path = directory.join("log");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let from = saved(&directory).unwrap_or_else(|| {
        save(&directory, 0);
        Checkpoint { model: 99, sequence: 0 }
    });
    let mut log =
        if path.exists() { Log::open(&path, from).unwrap().0 } else { Log::create(&path, from).unwrap() };
    println!("\nopen {}", log.sequence());
    loop {
        let next = log.sequence() + 1;
        match rng.random_range(0..20) {
            // A checkpoint, and one after which the numbers go on by one: somebody was forgotten.
            pick @ 0..2 => {
                let sequence = log.sequence() + pick;
                println!("begin {sequence}");
                save(&directory, sequence);
                println!("saved {sequence}");
                log.reset(sequence).unwrap();
            }
            _ => {
                println!("begin {next}");
                assert_eq!(log.append(&batch(next)).unwrap(), next);
                println!("done {next}");
            }
        }
    }
}

/// What was said to be done, and seen.
#[derive(Debug, Default)]
struct Tally {
    /// The last batch that was done, and begun.
    done: u64,
    begun: u64,
    batches: u64,
    checkpoints: u64,
    /// Kills while nothing was open yet, and while a batch or a checkpoint was under way.
    early: u64,
    under_way: u64,
    /// Batches and models under way that were there, and batches of which a part was.
    whole: u64,
    cut: u64,
    /// Kills between the saving of a model and the renewal of its log.
    renewed: u64,
    /// What replaying gave, all together.
    replayed: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batches, checkpoints, early, under_way, whole, cut, renewed, replayed, .. } = self;
        write!(f, "{batches} batches and {checkpoints} checkpoints were acknowledged, none lost; ")?;
        write!(
            f,
            "{early} kills before the log was open, {under_way} in the midst of a batch or checkpoint: "
        )?;
        write!(f, "{whole} were there all the same, {cut} in part and cut off; ")?;
        write!(f, "{renewed} logs begun anew on opening; {replayed} changes replayed and compared")
    }
}

impl Tally {
    fn hear(&mut self, said: &[String]) {
        for line in said {
            match line.split_once(' ') {
                Some(("begin", number)) => self.begun = number.parse().unwrap(),
                Some((said @ ("done" | "saved"), number)) => {
                    self.done = number.parse().unwrap();
                    assert_eq!(self.done, self.begun);
                    *(if said == "done" { &mut self.batches } else { &mut self.checkpoints }) += 1;
                }
                _ => {}
            }
        }
        self.early += u64::from(!said.iter().any(|line| line.starts_with("open ")));
        self.under_way += u64::from(self.begun > self.done);
    }

    /// Opens what the child left, in a copy: the next child is to find it as it is.
    fn look(&mut self, directory: &Path) {
        let copy = tempfile::tempdir().unwrap();
        for name in ["model", "log"] {
            if directory.join(name).exists() {
                fs::copy(directory.join(name), copy.path().join(name)).unwrap();
            }
        }
        let path = copy.path().join("log");
        let Some(from) = saved(copy.path()).filter(|_| path.exists()) else {
            assert_eq!(self.done, 0, "there was a log");
            return;
        };
        let (mut log, report) = Log::open(&path, from).unwrap();
        let last = log.sequence();
        let mut expected = from.sequence;
        for found in log.replay().unwrap() {
            let found = found.unwrap();
            expected += 1;
            assert_eq!(found.sequence, expected);
            assert!(found.changes == batch(expected), "batch {expected} is another");
            self.replayed += found.changes.len() as u64;
        }
        assert_eq!(last, expected);
        assert!(self.done <= last, "batch {} was acknowledged, {last} is the last", self.done);
        assert!(last <= self.begun.max(self.done), "nobody began batch {last}");
        self.whole += u64::from(last > self.done);
        self.cut += u64::from(report.cut > 0);
        self.renewed += u64::from(report.renewed);
        (self.done, self.begun) = (last, last);
    }
}

#[test]
fn a_killed_process_leaves_what_it_acknowledged() {
    let kills = kills(20);
    let directory = tempfile::tempdir().unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut tally = Tally::default();
    for seed in 0..kills {
        let life = Duration::from_micros(rng.random_range(0..LIFE));
        tally.hear(&killed("the_process_that_is_killed", directory.path(), seed, life));
        tally.look(directory.path());
    }
    println!("{kills} kills: {tally}");
    assert!(tally.batches > kills && tally.under_way > 0, "{tally:?}");
}
