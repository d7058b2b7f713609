//! Replays a log.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use foldin::data::{Change, Event, ItemIx, UserIx};
use foldin::persist::{Checkpoint, EventLog, LogBatch, LogError, LogId};

use crate::bytes::Draw;
use crate::seal::sealed_log;

/// Where the records begin, behind header and mark.
const RECORDS: usize = 88;
const FROM: Checkpoint = Checkpoint { model: 7, sequence: 40 };

/// The first byte chooses: a log of any bytes, as they are and with right checksums; or a log that was written, and then
/// damaged.
pub fn log(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    match choice % 4 {
        0 => written(rest),
        _ => {
            any_log(rest);
            any_log(&sealed_log(rest));
        }
    }
}

/// A folder in memory where there is one: a log syncs.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let at = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(at).expect("a folder")
}

fn any_log(bytes: &[u8]) {
    let number =
        |at: usize| bytes.get(at..at + 8).map_or(0, |raw| u64::from_le_bytes(raw.try_into().unwrap()));
    // What its own header says is what a model beside it would say.
    let from = Checkpoint { model: number(40), sequence: number(48) };
    let folder = folder();
    let path = folder.path().join("log");
    read::<String, u64>(&path, bytes, from);
    read::<String, String>(&path, bytes, from);
    read::<u32, i64>(&path, bytes, from);
    read::<UserIx, ItemIx>(&path, bytes, Checkpoint { sequence: from.sequence.saturating_add(1), ..from });
}

type Batches<U, I> = Vec<LogBatch<U, I>>;

fn replayed<U: LogId, I: LogId>(log: &mut EventLog<U, I>) -> Result<Batches<U, I>, LogError> {
    log.replay()?.collect()
}

/// Opens whatever it is. What opens goes on as a log, and so does what was salvaged.
fn read<U: LogId + Clone + Debug, I: LogId + Clone + Debug>(path: &Path, bytes: &[u8], from: Checkpoint) {
    for salvage in [false, true] {
        fs::write(path, bytes).expect("room for it");
        let open = if salvage { EventLog::<U, I>::salvage } else { EventLog::<U, I>::open };
        let Ok((mut log, report)) = open(path, from) else {
            assert!(
                salvage || fs::read(path).expect("it is there") == bytes,
                "a log that was refused has changed"
            );
            continue;
        };
        if !report.renewed {
            assert_eq!(log.size() + report.cut, bytes.len() as u64);
        }
        let Ok(before) = replayed(&mut log) else { continue };
        let events = before.iter().flat_map(|batch| batch.changes.clone()).take(3).collect::<Vec<_>>();
        let Ok(sequence) = log.append(&events) else { continue };
        drop(log);
        let (mut log, report) = EventLog::<U, I>::open(path, from).expect("what was appended to opens");
        assert_eq!((report.cut, log.sequence()), (0, sequence));
        let after = replayed(&mut log).expect("what was replayed is replayed");
        assert_eq!(after.len(), before.len() + 1);
        assert_eq!(format!("{:?}", &after[..before.len()]), format!("{before:?}"));
    }
}

fn change(draw: &mut Draw<'_>) -> Change<String, u64> {
    let (user, item) = (String::from_utf8_lossy(draw.some(9)).into_owned(), draw.word() >> draw.below(64));
    let what = draw.below(8);
    let time = draw.flag().then(|| draw.word() as i64);
    let event = |draw: &mut Draw<'_>, user| Event { user, item, value: draw.finite(), time };
    match what {
        0 => Change::RemoveUser { user },
        1 => Change::RemoveItem { item },
        2 => Change::Remove { user, item },
        3..6 => Change::Add(event(draw, user)),
        _ => Change::Replace(event(draw, user)),
    }
}

type Written = (tempfile::TempDir, PathBuf, Batches<String, u64>);

fn write(draw: &mut Draw<'_>) -> Written {
    let folder = folder();
    let path = folder.path().join("log");
    let mut log = EventLog::<String, u64>::create(&path, FROM).expect("a new folder");
    let mut batches = Vec::new();
    for _ in 0..draw.below(6) {
        let changes: Vec<_> = (0..draw.below(5)).map(|_| change(draw)).collect();
        let sequence = log.append(&changes).expect("room for it");
        batches.push(LogBatch { sequence, changes });
    }
    (folder, path, batches)
}

/// What was acknowledged is there, or opening is an error: whatever happens to the bytes, as long as not both the mark and
/// what it answers for are hit.
fn written(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let (_folder, path, batches) = write(&mut draw);
    let whole = fs::read(&path).expect("it was written");
    let (mut damaged, mut hit) = (whole.clone(), [false; 2]);
    for _ in 0..draw.below(4) {
        let at = draw.below(damaged.len().max(1));
        match draw.below(5) {
            0 => {
                damaged.truncate(at);
                hit[1] = true;
                hit[0] |= at < RECORDS;
            }
            // The beginning of a batch, or what a file system leaves of one.
            1 => damaged.extend_from_slice(draw.some(60)),
            2 => damaged.resize(damaged.len() + draw.below(90), 0),
            _ if at < damaged.len() => {
                damaged[at] ^= 1 << draw.below(8);
                hit[usize::from(at >= RECORDS)] = true;
            }
            _ => {}
        }
    }
    fs::write(&path, &damaged).expect("room for it");
    let Ok((mut log, report)) = EventLog::<String, u64>::open(&path, FROM) else {
        assert!(damaged != whole, "a log as it was written is refused");
        return;
    };
    let found = replayed(&mut log).expect("checksums are right, so changes are");
    let there = batches.len().min(found.len());
    assert_eq!(found[..there], batches[..there]);
    if !(hit[0] && hit[1]) {
        assert_eq!(found.len(), batches.len(), "{report}");
    }
}
