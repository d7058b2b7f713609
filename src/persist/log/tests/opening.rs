//! Guards what opening does with a log that is not the one that was meant, or is open already.

use super::*;
use crate::persist::log::LogFault;

fn fault(result: Result<impl Sized, LogError>) -> LogFault {
    match result {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.into_fault(),
    }
}

fn of_three() -> Memory {
    let disk = Memory::default();
    let mut journal = create(&disk, 5).unwrap();
    for n in 0..3 {
        assert_eq!(append(&mut journal, &payload(n, 10 * n)).unwrap(), 6 + n as u64);
    }
    disk
}

#[test]
fn what_the_model_knows_is_skipped_and_the_rest_is_there() {
    let disk = of_three();
    let (journal, report) = open(&disk, 6).unwrap();
    assert_eq!((report.known, report.batches, report.changes, report.cut), (1, 2, 2, 0));
    assert!(!report.renewed);
    assert_eq!((journal.begins(), journal.end().sequence), (5, 8));
}

#[test]
fn a_log_that_the_model_knows_to_the_end_begins_anew() {
    for sequence in [8, 9, 1000] {
        let disk = of_three();
        let (mut journal, report) = open(&disk, sequence).unwrap();
        assert!(report.renewed && report.batches == 0 && report.known == 3);
        assert_eq!((journal.begins(), journal.end().sequence), (sequence, sequence));
        assert_eq!(append(&mut journal, b"next").unwrap(), sequence + 1);
        drop(journal);
        let (mut journal, report) = open(&disk, sequence).unwrap();
        assert!(!report.renewed && report.batches == 1);
        assert_eq!(records(&mut journal), [(sequence + 1, b"next".to_vec())]);
        // Nothing of the old one is left.
        let bytes = disk.content(LOG).unwrap();
        assert!(!bytes.windows(20).any(|part| part == payload(2, 20)));
    }
}

#[test]
fn an_empty_log_is_not_begun_anew() {
    let disk = Memory::default();
    drop(create(&disk, 5).unwrap());
    let report = open(&disk, 5).unwrap().1;
    assert_eq!(report, LogReport::default());
}

#[test]
fn a_model_that_is_older_than_the_log_is_refused() {
    let disk = of_three();
    assert!(matches!(fault(open(&disk, 4)), LogFault::Gap { begins: 5, checkpoint: 4 }));
}

#[test]
fn a_log_of_another_model_or_of_other_ids_is_refused() {
    let disk = of_three();
    let before = disk.content(LOG);
    let path = Path::new(LOG);
    let other = Checkpoint { model: 8, sequence: 1000 };
    let found = fault(Journal::open(disk.clone(), path, NAMES, other, false));
    assert!(matches!(found, LogFault::Model { found: 7, expected: 8 }));
    let found = fault(Journal::open(disk.clone(), path, ["u32", "string"], checkpoint(5), true));
    assert!(matches!(found, LogFault::IdType { whose: "item", .. }));
    assert_eq!(disk.content(LOG), before);
}

#[test]
fn a_log_has_one_writer() {
    let disk = of_three();
    let first = open(&disk, 5).unwrap().0;
    assert!(matches!(fault(open(&disk, 5)), LogFault::Busy));
    assert!(matches!(fault(create(&disk, 5)), LogFault::Busy));
    drop(first);
    assert!(matches!(fault(create(&disk, 5)), LogFault::Exists));
    open(&disk, 5).unwrap();
}

#[test]
fn a_log_that_holds_nothing_from_0_on_stands_in_nobodys_way() {
    let disk = Memory::default();
    let over = |line| {
        let from = Checkpoint { model: line, sequence: 0 };
        Journal::create(disk.clone(), Path::new(LOG), Header { names: NAMES, from }, true)
    };
    drop(over(1).unwrap());
    let mut journal = over(7).unwrap();
    append(&mut journal, b"something").unwrap();
    drop(journal);
    assert!(matches!(fault(over(8)), LogFault::Exists));
    let mut journal = open(&disk, 0).unwrap().0;
    assert_eq!(records(&mut journal).len(), 1);
    // Empty, but of a model that knows something.
    journal.reset(1).unwrap();
    drop(journal);
    assert!(matches!(fault(over(8)), LogFault::Exists));
    assert!(open(&disk, 1).is_ok());
}

#[test]
fn names_that_the_format_cannot_hold_are_refused() {
    for name in ["", "A", "fifteen-letters"] {
        let header = Header { names: ["u32", name], from: checkpoint(0) };
        let found = fault(Journal::create(Memory::default(), Path::new(LOG), header, false));
        assert!(matches!(found, LogFault::IdName { .. }), "{found}");
    }
}

#[test]
fn the_numbers_end() {
    let disk = Memory::default();
    let mut journal = create(&disk, u64::MAX - 1).unwrap();
    assert_eq!(append(&mut journal, b"last").unwrap(), u64::MAX);
    assert!(matches!(fault(append(&mut journal, b"one more")), LogFault::Exhausted));
    drop(journal);
    let (mut journal, _) = open(&disk, u64::MAX - 1).unwrap();
    assert_eq!(records(&mut journal).len(), 1);
    drop(journal);
    assert!(open(&disk, u64::MAX).unwrap().1.renewed);
}

#[test]
fn beginning_anew_keeps_what_comes_after() {
    for sequence in 5..=8 {
        let disk = of_three();
        let (mut journal, _) = open(&disk, 5).unwrap();
        let before = records(&mut journal);
        assert!(matches!(fault(journal.reset(4)), LogFault::Reset { asked: 4, begins: 5 }));
        journal.reset(sequence).unwrap();
        assert_eq!(records(&mut journal), before[sequence as usize - 5..]);
        assert_eq!(append(&mut journal, b"next").unwrap(), 9);
        drop(journal);
        let (mut journal, report) = open(&disk, sequence).unwrap();
        assert_eq!((report.batches, report.known, report.cut), (9 - sequence, 0, 0));
        assert_eq!(records(&mut journal).len() as u64, 9 - sequence);
    }
}
