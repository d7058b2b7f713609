//! What a log holds: how far it goes, and whether what comes then was being written or is damage.

use std::io::{BufReader, SeekFrom};

use super::LogError;
use super::bytes::{Header, Position, RECORDS};
use super::walk::{Broken, Stop, Walk, later};
use crate::persist::disk::{DiskFile, Step};

/// Bytes read at once.
pub(super) const PIECE: usize = 64 * 1024;

/// What to go by.
pub(super) struct Rules {
    /// So far everything was acknowledged, if the mark is whole.
    pub mark: Option<Position>,
    /// The last batch that the model knows.
    pub known: u64,
    /// Whether damage ends the log as if it had been written last.
    pub give_up: bool,
}

/// What there is.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Where the last record ends.
    pub end: Position,
    /// Records and changes that the model does not know.
    pub batches: u64,
    pub changes: u64,
    /// Records that it knows.
    pub known: u64,
    /// Bytes after the last record.
    pub tail: u64,
}

/// Goes through all records of a file of `length` bytes and checks every byte.
pub(super) fn recover<F: DiskFile>(
    file: &mut F,
    header: Header,
    length: u64,
    rules: &Rules,
) -> Result<Found, LogError> {
    let (log, start) = (header.log(), header.start());
    let mut found = Found { end: start, batches: 0, changes: 0, known: 0, tail: 0 };
    let mut marked = rules.mark.is_none_or(|mark| mark == start);
    let mut walk = Walk::new(reader(file, RECORDS)?, log, start, length.max(RECORDS));
    let broken = loop {
        match walk.next(|_| {}) {
            Ok(None) => break None,
            Ok(Some(head)) if head.sequence <= rules.known => found.known += 1,
            Ok(Some(head)) => {
                found.batches += 1;
                found.changes += u64::from(head.changes);
            }
            Err(Stop::Broken(broken)) => break Some(broken),
            Err(Stop::Io(source)) => return Err(Step { doing: "read it", source }.into()),
        }
        marked |= rules.mark == Some(walk.position());
    };
    found.end = walk.position();
    found.tail = length.saturating_sub(found.end.at);
    if rules.give_up {
        return Ok(found);
    }
    match broken {
        _ if !marked => Err(found.end.damaged(broken.map_or("the file ends before it", Broken::problem))),
        Some(broken) if is_damage(file, log, &found, broken)? => Err(found.end.damaged(broken.problem())),
        _ => Ok(found),
    }
}

/// Whether a record that the mark does not cover was acknowledged all the same: a later one tells.
fn is_damage<F: DiskFile>(file: &mut F, log: u32, found: &Found, broken: Broken) -> Result<bool, LogError> {
    let from = match broken {
        Broken::Short => return Ok(false),
        Broken::Place => return Ok(true),
        Broken::Head => found.end.at + 1,
        Broken::Payload(end) => end,
    };
    let left = (found.end.at + found.tail).saturating_sub(from);
    let sequence = found.end.sequence.saturating_add(1);
    Ok(later(reader(file, from)?, left, log, sequence).map_err(Step::of("read it"))?)
}

pub(super) fn reader<F: DiskFile>(file: &mut F, from: u64) -> Result<BufReader<&mut F>, Step> {
    file.seek(SeekFrom::Start(from)).map_err(Step::of("read it"))?;
    Ok(BufReader::with_capacity(PIECE, file))
}
