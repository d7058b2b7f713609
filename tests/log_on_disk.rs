//! Guards the log on a real disk: one writer among processes, links, directories that are not there, and
//! every type of id.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use foldin::data::{Change, Event, ItemIx, UserIx};
use foldin::persist::{Checkpoint, EventLog, LogError, LogFault, LogId};

type Log = EventLog<u64, u64>;

fn event(n: u64) -> Change<u64, u64> {
    Change::Add(Event { user: n, item: 2 * n, value: n as f32, time: None })
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint { model: 1, sequence }
}

fn fault(result: Result<impl Sized, LogError>) -> LogFault {
    match result {
        Ok(_) => panic!("it is used"),
        Err(error) => {
            assert!(error.path().is_some(), "{error}");
            error.into_fault()
        }
    }
}

/// What replaying gives.
fn numbers(log: &mut Log) -> Vec<u64> {
    log.replay().unwrap().map(|batch| batch.unwrap().sequence).collect()
}

#[test]
fn a_log_lives_through_days() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut log = Log::create(&path, at(0)).unwrap();
    for n in 1..=3 {
        assert_eq!(log.append(&[event(n), event(n + 1)]).unwrap(), n);
    }
    assert_eq!(numbers(&mut log), [1, 2, 3]);
    assert_eq!((log.sequence(), log.batches()), (3, 3));
    assert_eq!(log.size(), fs::metadata(&path).unwrap().len());
    drop(log);
    let (mut log, report) = Log::open(&path, at(1)).unwrap();
    assert_eq!((report.batches, report.changes, report.known), (2, 4, 1));
    assert_eq!(report.to_string(), "2 batches with 4 changes to replay, 1 known to the model");
    assert_eq!(numbers(&mut log), [2, 3]);
    log.reset(2).unwrap();
    assert_eq!((numbers(&mut log), log.batches()), (vec![3], 1));
    log.reset(7).unwrap();
    assert_eq!((numbers(&mut log), log.sequence()), (vec![], 7));
    assert_eq!(log.append(&[]).unwrap(), 8);
    assert!(matches!(fault(log.reset(6)), LogFault::Reset { asked: 6, begins: 7 }));
    let bad = Change::Add(Event { user: 1, item: 1, value: f32::NAN, time: None });
    assert!(matches!(fault(log.append(&[event(1), bad])), LogFault::Value { change: 1, .. }));
    assert_eq!(log.append(&[event(1)]).unwrap(), 9);
    drop(log);
    let (mut log, report) = Log::open(&path, at(7)).unwrap();
    assert_eq!((numbers(&mut log), report.changes), (vec![8, 9], 1));
}

#[test]
fn the_same_changes_give_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let written = ["a", "b"].map(|name| {
        let path = directory.path().join(name);
        let mut log = Log::create(&path, at(4)).unwrap();
        log.append(&[event(1)]).unwrap();
        log.append(&[event(2), Change::RemoveUser { user: 9 }]).unwrap();
        fs::read(path).unwrap()
    });
    assert_eq!(written[0], written[1]);
}

fn round_trip<U: LogId + Clone + Debug + PartialEq, I: LogId + Clone + Debug + PartialEq>(user: U, item: I) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let event = |time| Event { user: user.clone(), item: item.clone(), value: -0.5, time };
    let changes = [
        Change::Add(event(None)),
        Change::Replace(event(Some(i64::MIN))),
        Change::Remove { user: user.clone(), item: item.clone() },
        Change::RemoveUser { user: user.clone() },
        Change::RemoveItem { item: item.clone() },
    ];
    let mut log = EventLog::<U, I>::create(&path, at(0)).unwrap();
    log.append(&changes).unwrap();
    drop(log);
    let (mut log, _) = EventLog::<U, I>::open(&path, at(0)).unwrap();
    assert_eq!(log.replay().unwrap().next().unwrap().unwrap().changes, changes);
    drop(log);
    let other = EventLog::<Isbn, I>::open(&path, at(0));
    assert!(U::NAME == Isbn::NAME || matches!(fault(other), LogFault::IdType { whose: "user", .. }));
}

/// A type of a program's own.
#[derive(Clone, Debug, PartialEq)]
struct Isbn(u64);

impl LogId for Isbn {
    const NAME: &'static str = "isbn";

    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        u64::take(from).map(Self)
    }
}

#[test]
fn ids_of_every_type_come_back() {
    round_trip("Zoë".to_owned(), u64::MAX);
    round_trip(7u32, -7i64);
    round_trip(UserIx::new(0), ItemIx::new(u32::MAX));
    round_trip(Isbn(9_780_141_439_587), String::new());
}

#[test]
fn two_writers_are_one_too_many() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let first = Log::create(&path, at(0)).unwrap();
    assert!(matches!(fault(Log::open(&path, at(0))), LogFault::Busy));
    assert!(matches!(fault(Log::create(&path, at(0))), LogFault::Busy));
    assert!(matches!(fault(Log::salvage(&path, at(0))), LogFault::Busy));
    drop(first);
    let mut second = Log::open(&path, at(0)).unwrap().0;
    second.append(&[event(1)]).unwrap();
    // The file is another one now, and locked all the same.
    second.reset(1).unwrap();
    assert!(matches!(fault(Log::open(&path, at(1))), LogFault::Busy));
    drop(second);
    Log::open(&path, at(1)).unwrap();
    assert!(matches!(fault(Log::create(&path, at(1))), LogFault::Exists));
    assert_eq!(names(directory.path()), ["log", "log.lock"]);
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_link_is_the_log_it_leads_to() {
    let directory = tempfile::tempdir().unwrap();
    let [path, link] = ["log", "link"].map(|name| directory.path().join(name));
    drop(Log::create(&path, at(0)).unwrap());
    std::os::unix::fs::symlink("log", &link).unwrap();
    let (mut log, _) = Log::open(&link, at(0)).unwrap();
    assert!(matches!(fault(Log::open(&path, at(0))), LogFault::Busy));
    log.append(&[event(1)]).unwrap();
    log.reset(1).unwrap();
    assert_eq!(log.path(), link);
    drop(log);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Log::open(&path, at(1)).unwrap().0.sequence(), 1);
}

#[test]
fn what_is_not_there_or_not_a_log_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("none").join("log");
    assert!(matches!(fault(Log::create(&nowhere, at(0))), LogFault::Io { doing: "lock it", .. }));
    let path = directory.path().join("log");
    assert!(matches!(fault(Log::open(&path, at(0))), LogFault::Io { doing: "open it", .. }));
    fs::write(&path, "user,item,rating\n").unwrap();
    assert!(matches!(fault(Log::open(&path, at(0))), LogFault::Magic { .. }));
    assert_eq!(fs::read(&path).unwrap(), b"user,item,rating\n");
    assert!(matches!(fault(Log::open(directory.path(), at(0))), LogFault::Io { .. }));
    for nowhere in ["", "/", "."] {
        assert!(Log::create(nowhere, at(0)).is_err() && Log::open(nowhere, at(0)).is_err(), "{nowhere}");
    }
}

#[test]
fn a_batch_half_written_is_cut_and_a_damaged_one_is_given_up_only_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut log = Log::create(&path, at(0)).unwrap();
    for n in 1..=3 {
        log.append(&[event(n)]).unwrap();
    }
    drop(log);
    let good = fs::read(&path).unwrap();
    fs::write(&path, [&good[..], &good[88..108]].concat()).unwrap();
    let (log, report) = Log::open(&path, at(0)).unwrap();
    assert_eq!((report.cut, log.sequence()), (20, 3));
    assert!(report.to_string().contains("20 bytes cut"), "{report}");
    drop(log);
    let mut bad = good.clone();
    let length = (bad.len() - 88) / 3;
    bad[88 + length + 40] ^= 1;
    fs::write(&path, &bad).unwrap();
    let error = Log::open(&path, at(0)).unwrap_err();
    assert!(matches!(error.fault(), LogFault::Damaged { sequence: 2, .. }), "{error}");
    assert!(error.to_string().contains("EventLog::salvage"), "{error}");
    let (mut log, report) = Log::salvage(&path, at(0)).unwrap();
    assert_eq!((report.cut, numbers(&mut log)), (2 * length as u64, vec![1]));
}
