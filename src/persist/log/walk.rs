//! From record to record, each checked before it is believed.

use std::io::{self, BufRead};

use super::bytes::{Head, Position, head};
use super::{LogError, LogFault};
use crate::persist::disk::Step;

/// A place between two records of a file, and the way to the next.
pub(super) struct Walk<R> {
    from: R,
    log: u32,
    position: Position,
    end: u64,
}

/// Why a record is not one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Broken {
    /// The file ends in it.
    Short,
    /// The checksum of the head does not hold: there is nothing to go by.
    Head,
    /// The head is one of this log, but not of this place.
    Place,
    /// The checksum of the payload does not hold; the record would end here.
    Payload(u64),
}

/// Why a walk ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Io(io::Error),
    Broken(Broken),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Stop {
    /// The error of a log that was found right before; `at` is where the record begins.
    pub(super) fn at(self, at: Position) -> LogError {
        match self {
            Self::Io(source) => Step { doing: "read it", source }.into(),
            Self::Broken(broken) => at.damaged(broken.problem()),
        }
    }
}

impl Position {
    /// The error that the record which begins here was acknowledged and is not right.
    pub(super) fn damaged(self, problem: &'static str) -> LogError {
        let sequence = self.sequence.saturating_add(1);
        LogFault::Damaged { sequence, offset: self.at, problem }.into()
    }
}

impl Broken {
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::Short => "the file ends in it",
            Self::Head => "the checksum of its head does not hold",
            Self::Place => "it is a record of another place",
            Self::Payload(_) => "the checksum of its changes does not hold",
        }
    }
}

impl<R: BufRead> Walk<R> {
    /// From `position`, where `from` stands, to the `end` of the file.
    pub(super) fn new(from: R, log: u32, position: Position, end: u64) -> Self {
        Self { from, log, position, end }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Goes past the next record and shows its payload piece by piece, before it is known to be right.
    /// What it takes in memory does not depend on what the record says of itself.
    pub(super) fn next(&mut self, each: impl FnMut(&[u8])) -> Result<Option<Head>, Stop> {
        let left = self.end.saturating_sub(self.position.at);
        if left == 0 {
            return Ok(None);
        }
        let Some(room) = left.checked_sub(head::SIZE as u64) else {
            return Err(Stop::Broken(Broken::Short));
        };
        let mut bytes = [0; head::SIZE];
        self.from.read_exact(&mut bytes)?;
        let head = Head::parse(&bytes, self.log).ok_or(Stop::Broken(Broken::Head))?;
        let expected = (self.position.sequence.checked_add(1), self.position.last);
        if (Some(head.sequence), head.previous) != expected {
            return Err(Stop::Broken(Broken::Place));
        }
        if head.length > room {
            return Err(Stop::Broken(Broken::Short));
        }
        let end = self.end - room + head.length;
        if self.payload(head.length, each)? != head.payload {
            return Err(Stop::Broken(Broken::Payload(end)));
        }
        self.position = Position { at: end, sequence: head.sequence, last: head.checksum };
        Ok(Some(head))
    }

    /// Reads so many bytes; their checksum.
    fn payload(&mut self, mut left: u64, mut each: impl FnMut(&[u8])) -> io::Result<u32> {
        let mut hasher = crc32fast::Hasher::new();
        while left > 0 {
            let bytes = self.from.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            hasher.update(&bytes[..n]);
            each(&bytes[..n]);
            self.from.consume(n);
            left -= n as u64;
        }
        Ok(hasher.finalize())
    }
}

/// Whether the head of a record after `sequence` begins somewhere in what `from` has, `length` bytes.
///
/// A record is written when the one before it is known to last, so a later one tells a damaged record
/// from one that was being written.
pub(super) fn later(mut from: impl BufRead, length: u64, log: u32, sequence: u64) -> io::Result<bool> {
    let most = length / head::SIZE as u64;
    // What may still turn out to be the beginning of a head.
    let mut window: Vec<u8> = Vec::new();
    loop {
        let bytes = from.fill_buf()?;
        let n = bytes.len();
        if n == 0 {
            return Ok(false);
        }
        window.extend_from_slice(bytes);
        from.consume(n);
        for bytes in window.windows(head::SIZE) {
            // Nearly every place is out at the first glance.
            let ahead = Head::sequence_at(bytes).wrapping_sub(sequence);
            if (1..=most).contains(&ahead) && Head::parse(bytes, log).is_some() {
                return Ok(true);
            }
        }
        window.drain(..window.len().saturating_sub(head::SIZE - 1));
    }
}
