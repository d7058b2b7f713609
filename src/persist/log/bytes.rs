//! The places of the bytes of a log. `docs/format.md` says the same in words; a test holds the two together.

use super::{Checkpoint, LogError, LogFault};
use crate::persist::format::{is_name, put, u32_at, u64_at};

/// Not that of a model, so that neither is taken for the other.
pub(super) const MAGIC: [u8; 8] = *b"\x89FOLDLG\n";
/// The newest format this library writes, and the only one it reads.
pub(super) const FORMAT: u32 = 1;
/// Where the first record begins.
pub(super) const RECORDS: u64 = (header::SIZE + mark::SIZE) as u64;

pub(super) mod header {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const FORMAT: usize = 8;
    pub(crate) const USERS: usize = 12;
    pub(crate) const ITEMS: usize = 26;
    pub(crate) const NAME_SIZE: usize = 14;
    pub(crate) const MODEL: usize = 40;
    pub(crate) const SEQUENCE: usize = 48;
    #[cfg(test)]
    pub(crate) const ZERO: usize = 56;
    pub(crate) const CHECKSUM: usize = 60;
}

pub(super) mod mark {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const END: usize = 0;
    pub(crate) const SEQUENCE: usize = 8;
    pub(crate) const LAST: usize = 16;
    pub(crate) const CHECKSUM: usize = 20;
}

pub(super) mod head {
    pub(crate) const SIZE: usize = 32;
    pub(crate) const LENGTH: usize = 0;
    pub(crate) const SEQUENCE: usize = 8;
    pub(crate) const CHANGES: usize = 16;
    pub(crate) const PREVIOUS: usize = 20;
    pub(crate) const PAYLOAD: usize = 24;
    pub(crate) const CHECKSUM: usize = 28;
}

/// What a log says of itself; it never changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    /// The types of the ids of users and of items.
    pub names: [&'static str; 2],
    /// Where it begins.
    pub from: Checkpoint,
}

/// Where records end: after which byte, which record, and the checksum of its head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Position {
    pub at: u64,
    pub sequence: u64,
    /// Of the header where there is no record before.
    pub last: u32,
}

/// What stands before the payload of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    /// Bytes of the payload.
    pub length: u64,
    pub sequence: u64,
    /// How many changes the payload holds.
    pub changes: u32,
    /// The checksum of the head before.
    pub previous: u32,
    /// The checksum of the payload.
    pub payload: u32,
    pub checksum: u32,
}

/// The checksum of bytes that are this log's: bytes of another one, or of the log before, do not pass.
fn checksum(log: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&log.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; header::SIZE] {
        let mut out = [0; header::SIZE];
        put(&mut out, header::MAGIC, &MAGIC);
        put(&mut out, header::FORMAT, &FORMAT.to_le_bytes());
        put(&mut out, header::USERS, self.names[0].as_bytes());
        put(&mut out, header::ITEMS, self.names[1].as_bytes());
        put(&mut out, header::MODEL, &self.from.model.to_le_bytes());
        put(&mut out, header::SEQUENCE, &self.from.sequence.to_le_bytes());
        let checksum = crc32fast::hash(&out[..header::CHECKSUM]);
        put(&mut out, header::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// What tells this log from every other: the checksum of its header.
    pub(super) fn log(self) -> u32 {
        u32_at(&self.to_bytes(), header::CHECKSUM)
    }

    /// Where a log without records ends.
    pub(super) fn start(self) -> Position {
        Position { at: RECORDS, sequence: self.from.sequence, last: self.log() }
    }

    /// Whether the names of the types of the ids can stand in the file.
    pub(super) fn check_names(self) -> Result<(), LogError> {
        match self.names.into_iter().find(|name| !is_name(name, header::NAME_SIZE)) {
            None => Ok(()),
            Some(name) => Err(LogFault::IdName { name, longest: header::NAME_SIZE }.into()),
        }
    }

    /// Reads the header of a log of ids of these types; it is what was written, to the byte, or an error.
    pub(super) fn parse(found: &[u8], names: [&'static str; 2]) -> Result<Self, LogError> {
        let begin = &found[..found.len().min(MAGIC.len())];
        if begin != MAGIC {
            return Err(LogFault::Magic { found: begin.to_vec(), expected: MAGIC }.into());
        }
        let bytes = found.get(..header::SIZE).ok_or(LogFault::Header { problem: "the file ends in it" })?;
        if crc32fast::hash(&bytes[..header::CHECKSUM]) != u32_at(bytes, header::CHECKSUM) {
            return Err(LogFault::Header { problem: "its checksum does not hold" }.into());
        }
        let format = u32_at(bytes, header::FORMAT);
        if format != FORMAT {
            return Err(LogFault::Format { found: format, newest: FORMAT }.into());
        }
        let places = [("user", header::USERS), ("item", header::ITEMS)];
        for ((whose, at), expected) in places.into_iter().zip(names) {
            let name = bytes[at..at + header::NAME_SIZE].split(|&byte| byte == 0).next();
            let found = String::from_utf8_lossy(name.unwrap_or_default());
            if found != expected {
                return Err(LogFault::IdType { whose, found: found.into_owned(), expected }.into());
            }
        }
        let (model, sequence) = (u64_at(bytes, header::MODEL), u64_at(bytes, header::SEQUENCE));
        let header = Self { names, from: Checkpoint { model, sequence } };
        if header.to_bytes() != bytes {
            return Err(LogFault::Header { problem: "an unused byte is not zero" }.into());
        }
        Ok(header)
    }
}

impl Position {
    /// The mark: so far everything was acknowledged.
    pub(super) fn to_mark(self, log: u32) -> [u8; mark::SIZE] {
        let mut out = [0; mark::SIZE];
        put(&mut out, mark::END, &self.at.to_le_bytes());
        put(&mut out, mark::SEQUENCE, &self.sequence.to_le_bytes());
        put(&mut out, mark::LAST, &self.last.to_le_bytes());
        let checksum = checksum(log, &out[..mark::CHECKSUM]);
        put(&mut out, mark::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// The mark, if it is whole.
    pub(super) fn from_mark(bytes: &[u8], log: u32) -> Option<Self> {
        let bytes = bytes.get(..mark::SIZE)?;
        (checksum(log, &bytes[..mark::CHECKSUM]) == u32_at(bytes, mark::CHECKSUM)).then(|| Self {
            at: u64_at(bytes, mark::END),
            sequence: u64_at(bytes, mark::SEQUENCE),
            last: u32_at(bytes, mark::LAST),
        })
    }

    /// Makes a record of `record`, whose payload stands where it belongs: fills in the head, and says
    /// where it ends.
    pub(super) fn seal(self, record: &mut [u8], log: u32, sequence: u64, changes: u32) -> Self {
        let (place, payload) = record.split_at_mut(head::SIZE);
        put(place, head::LENGTH, &(payload.len() as u64).to_le_bytes());
        put(place, head::SEQUENCE, &sequence.to_le_bytes());
        put(place, head::CHANGES, &changes.to_le_bytes());
        put(place, head::PREVIOUS, &self.last.to_le_bytes());
        put(place, head::PAYLOAD, &crc32fast::hash(payload).to_le_bytes());
        let last = checksum(log, &place[..head::CHECKSUM]);
        put(place, head::CHECKSUM, &last.to_le_bytes());
        Self { at: self.at + record.len() as u64, sequence, last }
    }
}

impl Head {
    /// The head of a record of this log, if its checksum holds.
    pub(super) fn parse(bytes: &[u8], log: u32) -> Option<Self> {
        let bytes = bytes.get(..head::SIZE)?;
        let found = u32_at(bytes, head::CHECKSUM);
        (checksum(log, &bytes[..head::CHECKSUM]) == found).then(|| Self {
            length: u64_at(bytes, head::LENGTH),
            sequence: u64_at(bytes, head::SEQUENCE),
            changes: u32_at(bytes, head::CHANGES),
            previous: u32_at(bytes, head::PREVIOUS),
            payload: u32_at(bytes, head::PAYLOAD),
            checksum: found,
        })
    }

    /// The sequence number that bytes would have if they were a head.
    pub(super) fn sequence_at(bytes: &[u8]) -> u64 {
        u64_at(bytes, head::SEQUENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::document::{DOCUMENT, check, table};

    #[test]
    fn the_document_states_the_header() {
        let fields = [
            (header::MAGIC, MAGIC.len(), "magic"),
            (header::FORMAT, 4, "format"),
            (header::USERS, header::NAME_SIZE, "users"),
            (header::ITEMS, header::NAME_SIZE, "items"),
            (header::MODEL, 8, "model"),
            (header::SEQUENCE, 8, "sequence"),
            (header::ZERO, 4, "zero"),
            (header::CHECKSUM, 4, "checksum"),
        ];
        check("Header of a log", 0, header::SIZE, &fields);
        let meaning = |field| table("Header of a log").into_iter().find(|row| row[2] == field).unwrap()[3];
        let magic: Vec<String> = MAGIC.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(meaning("magic").contains(&magic.join(" ")));
        assert!(meaning("format").ends_with(&format!(", {FORMAT}")));
        assert!(meaning("checksum").contains(&format!("bytes 0 to {}", header::CHECKSUM - 1)));
    }

    #[test]
    fn the_document_states_the_mark() {
        let at = header::SIZE;
        let fields = [
            (at + mark::END, 8, "end"),
            (at + mark::SEQUENCE, 8, "sequence"),
            (at + mark::LAST, 4, "last"),
            (at + mark::CHECKSUM, 4, "checksum"),
        ];
        check("Mark", at, RECORDS as usize, &fields);
        assert!(DOCUMENT.contains(&format!("first record begins at byte {RECORDS}")));
    }

    #[test]
    fn the_document_states_the_record() {
        let fields = [
            (head::LENGTH, 8, "length"),
            (head::SEQUENCE, 8, "sequence"),
            (head::CHANGES, 4, "changes"),
            (head::PREVIOUS, 4, "previous"),
            (head::PAYLOAD, 4, "payload"),
            (head::CHECKSUM, 4, "checksum"),
        ];
        check("Head of a record", 0, head::SIZE, &fields);
    }

    const NAMES: [&str; 2] = ["string", "u64"];

    fn sample() -> Header {
        Header { names: NAMES, from: Checkpoint { model: 0x0102_0304_0506_0708, sequence: 9 } }
    }

    #[test]
    fn header_mark_and_head_come_back() {
        let header = sample();
        assert_eq!(Header::parse(&header.to_bytes(), NAMES).unwrap(), header);
        let at = header.start();
        assert_eq!(Position::from_mark(&at.to_mark(7), 7), Some(at));
        assert_eq!(Position::from_mark(&at.to_mark(7), 8), None);
        let mut record = [&[0; head::SIZE][..], b"payload"].concat();
        let end = at.seal(&mut record, 7, 10, 3);
        assert_eq!((end.at, end.sequence), (at.at + 39, 10));
        let found = Head::parse(&record, 7).unwrap();
        assert_eq!((found.length, found.sequence, found.changes), (7, 10, 3));
        assert_eq!((found.previous, found.checksum), (at.last, end.last));
        assert_eq!(found.payload, crc32fast::hash(b"payload"));
        assert_eq!(Head::parse(&record, 8), None);
    }

    #[test]
    fn a_header_that_is_not_this_log_s_says_why() {
        let fault = |bytes: &[u8], names| Header::parse(bytes, names).unwrap_err().into_fault();
        let good = sample().to_bytes();
        assert!(matches!(fault(&good, ["string", "u32"]), LogFault::IdType { whose: "item", .. }));
        assert!(matches!(fault(&good, ["u64", "u64"]), LogFault::IdType { whose: "user", .. }));
        for n in 0..good.len() {
            match fault(&good[..n], NAMES) {
                LogFault::Magic { .. } => assert!(n < 8),
                LogFault::Header { .. } => assert!(n >= 8),
                other => panic!("{other}"),
            }
        }
        let sealed = |at: usize, byte: u8| {
            let mut bytes = good;
            bytes[at] = byte;
            let checksum = crc32fast::hash(&bytes[..header::CHECKSUM]);
            put(&mut bytes, header::CHECKSUM, &checksum.to_le_bytes());
            fault(&bytes, NAMES)
        };
        assert!(matches!(sealed(header::FORMAT, 2), LogFault::Format { found: 2, newest: 1 }));
        assert!(matches!(sealed(header::ZERO, 1), LogFault::Header { .. }));
        // Another name, and bytes behind the end of the right one.
        assert!(matches!(sealed(header::USERS, b'x'), LogFault::IdType { whose: "user", .. }));
        assert!(matches!(sealed(header::ITEMS + 13, b'x'), LogFault::Header { .. }));
    }
}
