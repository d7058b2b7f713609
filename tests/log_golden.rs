//! A log written once must open for ever. `tests/golden/events-1.log` was written by the first version of the
//! format: it gives the batches below, and these batches give its bytes.

use std::path::Path;

use foldin::data::{Change, Event};
use foldin::persist::{Checkpoint, EventLog};

type Log = EventLog<String, u64>;

const FROM: Checkpoint = Checkpoint { model: 0x0123_4567_89ab_cdef, sequence: 41 };

fn golden() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events-1.log")).unwrap()
}

/// Every kind of change.
fn batches() -> [Vec<Change<String, u64>>; 3] {
    let event = |user: &str, item, value, time| Event { user: user.to_owned(), item, value, time };
    let first = vec![
        Change::Add(event("Zoë", 603, 4.5, Some(-1))),
        Change::Add(event("", u64::MAX, f32::MIN_POSITIVE, None)),
        Change::Replace(event("Zoë", 603, -0.0, Some(i64::MAX))),
    ];
    let last = vec![
        Change::Replace(event("ann", 7, 1.0, None)),
        Change::Remove { user: "ann".to_owned(), item: 7 },
        Change::RemoveUser { user: "Zoë".to_owned() },
        Change::RemoveItem { item: 603 },
    ];
    [first, vec![], last]
}

#[test]
fn the_file_gives_the_batches() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    std::fs::write(&path, golden()).unwrap();
    let (mut log, report) = Log::open(&path, FROM).unwrap();
    assert_eq!((report.batches, report.changes, report.known, report.cut), (3, 7, 0, 0));
    let found: Vec<_> = log.replay().unwrap().map(|batch| batch.unwrap()).collect();
    assert_eq!(found.iter().map(|batch| batch.sequence).collect::<Vec<_>>(), [42, 43, 44]);
    assert_eq!(found.into_iter().map(|batch| batch.changes).collect::<Vec<_>>(), batches());
    drop(log);
    assert!(std::fs::read(&path).unwrap() == golden(), "opening a whole log changes nothing");
}

/// Where they differ, the new bytes are left beside the test's temporary files: a new golden file is
/// for a new version of the format, never for this one.
#[test]
fn the_batches_give_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut log = Log::create(&path, FROM).unwrap();
    for batch in batches() {
        log.append(&batch).unwrap();
    }
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("events-1.log");
    std::fs::copy(&path, &written).unwrap();
    assert!(std::fs::read(&path).unwrap() == golden(), "the bytes have changed: see {}", written.display());
}
