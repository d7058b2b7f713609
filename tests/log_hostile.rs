//! A log made up to do harm has right checksums. It is refused or it is a log; it never panics, and it
//! never takes more memory than for the changes that are there, whatever lengths and numbers it states.

// A global allocator that counts is unsafe to write; it only forwards.
#![allow(unsafe_code)]

mod counting;

use std::fs;
use std::sync::LazyLock;

use counting::measured;
use foldin::data::{Change, Event};
use foldin::persist::{Checkpoint, EventLog, LogBatch, LogError, LogFault};
use proptest::prelude::*;

type Log = EventLog<String, u64>;

const FROM: Checkpoint = Checkpoint { model: 3, sequence: 10 };
/// Places of the document: the first record and the fields of its head.
const RECORDS: usize = 88;
const HEAD: usize = 32;
const LENGTH: usize = 0;
const SEQUENCE: usize = 8;
const CHANGES: usize = 16;
const PREVIOUS: usize = 20;
const PAYLOAD: usize = 24;
const CHECKSUM: usize = 28;

static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    drop(Log::create(directory.path().join("log"), FROM).unwrap());
    fs::read(directory.path().join("log")).unwrap()
});

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A log of one record that has this payload, and whatever head `tamper` makes of the right one.
fn made_up(payload: &[u8], changes: u32, tamper: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = EMPTY.clone();
    let log = u32_at(&bytes, 60);
    let mut head = [0; HEAD];
    put(&mut head, LENGTH, &(payload.len() as u64).to_le_bytes());
    put(&mut head, SEQUENCE, &11u64.to_le_bytes());
    put(&mut head, CHANGES, &changes.to_le_bytes());
    put(&mut head, PREVIOUS, &log.to_le_bytes());
    put(&mut head, PAYLOAD, &crc32fast::hash(payload).to_le_bytes());
    tamper(&mut head);
    let checksum = crc32fast::hash(&[&log.to_le_bytes(), &head[..CHECKSUM]].concat());
    put(&mut head, CHECKSUM, &checksum.to_le_bytes());
    bytes.extend(head);
    bytes.extend(payload);
    bytes
}

/// Opens and replays it; memory is held to the changes that fit the file and the buffers of reading.
fn read(bytes: &[u8]) -> Result<Vec<LogBatch<String, u64>>, LogError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    fs::write(&path, bytes).unwrap();
    let (result, most) = measured(|| {
        let (mut log, report) = Log::open(&path, FROM)?;
        assert_eq!(log.size() + report.cut, bytes.len() as u64);
        log.replay()?.collect()
    });
    // The shortest change has two bytes; a vector that grows is there twice, and up to half empty.
    let changes = bytes.len() / 2 * size_of::<Change<String, u64>>();
    assert!(most <= 2 * bytes.len() + 3 * changes + 160 * 1024, "{most} bytes for a file of {}", bytes.len());
    result
}

fn event() -> Change<String, u64> {
    Change::Add(Event { user: "ann".to_owned(), item: 603, value: 0.5, time: None })
}

/// What `event` is in a file.
fn payload() -> Vec<u8> {
    [&[1, 3][..], b"ann", &603u64.to_le_bytes(), &0.5f32.to_le_bytes()].concat()
}

#[test]
fn the_document_is_enough_to_write_a_log() {
    let batches = read(&made_up(&payload(), 1, |_| {})).unwrap();
    assert_eq!(batches, [LogBatch { sequence: 11, changes: vec![event()] }]);
}

#[test]
fn a_length_beyond_the_file_reserves_nothing() {
    for length in [payload().len() as u64 + 1, 1 << 31, 1 << 40, 1 << 63, u64::MAX - 40, u64::MAX] {
        let bytes = made_up(&payload(), 1, |head| put(head, LENGTH, &length.to_le_bytes()));
        assert_eq!(read(&bytes).unwrap(), []);
    }
}

#[test]
fn a_number_of_changes_that_are_not_there_reserves_nothing() {
    for n in [0, 2, 1 << 20, u32::MAX] {
        let error = read(&made_up(&payload(), n, |_| {})).unwrap_err();
        assert!(matches!(error.fault(), LogFault::Content { sequence: 11, .. }), "{error}");
        assert!(error.path().is_some() && error.to_string().contains("batch 11"));
    }
}

#[test]
fn a_text_longer_than_its_record_reserves_nothing() {
    let huge = [&[4][..], &[0xff; 9], &[1]].concat();
    assert!(matches!(read(&made_up(&huge, 1, |_| {})).unwrap_err().fault(), LogFault::Content { .. }));
}

/// Many changes in few bytes: the worst that a file can ask for.
#[test]
fn many_small_changes_take_what_they_are() {
    let payload = [4u8, 0].repeat(100_000);
    assert_eq!(read(&made_up(&payload, 100_000, |_| {})).unwrap()[0].changes.len(), 100_000);
}

#[test]
fn numbers_of_another_place_are_damage() {
    for sequence in [0, 10, 12, u64::MAX] {
        let bytes = made_up(&payload(), 1, |head| put(head, SEQUENCE, &u64::to_le_bytes(sequence)));
        assert!(matches!(read(&bytes).unwrap_err().fault(), LogFault::Damaged { sequence: 11, .. }));
    }
    let bytes = made_up(&payload(), 1, |head| head[PREVIOUS] ^= 1);
    assert!(matches!(read(&bytes).unwrap_err().fault(), LogFault::Damaged { sequence: 11, .. }));
}

proptest! {
    // Every case opens files, which syncs them.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_payload_is_changes_or_an_error(payload in prop::collection::vec(any::<u8>(), 0..60), n in 0..4u32) {
        if let Ok(batches) = read(&made_up(&payload, n, |_| {})) {
            prop_assert_eq!(batches[0].changes.len(), n as usize);
            // The same changes give the same bytes.
            let directory = tempfile::tempdir().unwrap();
            let mut log = Log::create(directory.path().join("log"), FROM).unwrap();
            log.append(&batches[0].changes).unwrap();
            let bytes = fs::read(directory.path().join("log")).unwrap();
            prop_assert_eq!(&bytes[RECORDS + HEAD..], payload);
        }
    }

    #[test]
    fn any_kinds_of_changes_are_changes_or_an_error(kinds in prop::collection::vec(prop_oneof![1..6u8, 17..19u8], 0..6), rest in any::<[u8; 24]>()) {
        // Fields that fit each kind, but for what is finite and what is UTF-8.
        let fields = |kind: u8| match kind {
            1 | 2 => [&[2][..], &rest[..14]].concat(),
            3 => [&[2][..], &rest[..10]].concat(),
            4 => [&[2][..], &rest[..2]].concat(),
            5 => rest[..8].to_vec(),
            _ => [&[2][..], &rest[..22]].concat(),
        };
        let payload: Vec<u8> = kinds.iter().flat_map(|&kind| [&[kind][..], &fields(kind)].concat()).collect();
        let read = read(&made_up(&payload, kinds.len() as u32, |_| {}));
        let value = f32::from_le_bytes(rest[10..14].try_into().unwrap());
        let sound = kinds.iter().all(|kind| match kind {
            3 | 4 => str::from_utf8(&rest[..2]).is_ok(),
            5 => true,
            _ => str::from_utf8(&rest[..2]).is_ok() && value.is_finite(),
        });
        prop_assert_eq!(read.is_ok(), sound);
    }
}
