//! The file of a log: payloads in the order they were acknowledged, whatever happens.

use std::fs::TryLockError;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::bytes::{Header, Position, RECORDS, head, header};
use super::recover::{Found, PIECE, Rules, reader, recover};
use super::walk::Walk;
use super::{Checkpoint, LogError, LogFault, LogReport};
use crate::persist::atomic::Aside;
use crate::persist::disk::{Disk, DiskFile, Step, Target};

/// A log that is open for writing, on any disk.
///
/// What is acknowledged was synced. The mark at the beginning of the file follows every record once it
/// is: it is written after the sync, lasts with the next one, and so never says too much.
pub(super) struct Journal<D: Disk> {
    disk: D,
    target: Target,
    file: D::File,
    header: Header,
    /// Where the last acknowledged record ends.
    end: Position,
    /// Whether the mark says so.
    marked: bool,
    /// Whether a call failed in a way that leaves the file unknown.
    poisoned: bool,
    _lock: D::Lock,
}

impl<D: Disk> Journal<D> {
    /// Creates a log where there is none, or, `over_blank`, one that begins at 0 and holds nothing.
    pub(super) fn create(disk: D, path: &Path, header: Header, over_blank: bool) -> Result<Self, LogError> {
        header.check_names()?;
        let target = disk.target(path)?;
        let lock = lock(&disk, &target.path)?;
        match disk.open(&target.path) {
            Ok(mut file) => {
                if !(over_blank && is_blank(&mut file, header.names)?) {
                    return Err(LogFault::Exists.into());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Step { doing: "look at it", source }.into()),
        }
        let end = header.start();
        let nothing = Walk::new(io::empty(), header.log(), end, end.at);
        let empty = |file: &mut D::File| begin(file, header, nothing).map(drop);
        let file = Aside::written(&disk, &target, empty)?.place()?;
        Ok(Self { disk, target, file, header, end, marked: true, poisoned: false, _lock: lock })
    }

    /// Opens a log beside a model that knows all batches up to `from.sequence`.
    pub(super) fn open(
        disk: D,
        path: &Path,
        names: [&'static str; 2],
        from: Checkpoint,
        give_up: bool,
    ) -> Result<(Self, LogReport), LogError> {
        let target = disk.target(path)?;
        let lock = lock(&disk, &target.path)?;
        let mut file = disk.open(&target.path).map_err(Step::of("open it"))?;
        let (header, mark) = read_begin(&mut file, names)?;
        check_checkpoint(header, from)?;
        let length = file.seek(SeekFrom::End(0)).map_err(Step::of("look at it"))?;
        let rules = Rules { mark: mark.filter(|_| !give_up), known: from.sequence, give_up };
        let found = recover(&mut file, header, length, &rules)?;
        let end = found.end;
        let mut journal =
            Self { disk, target, file, header, end, marked: false, poisoned: false, _lock: lock };
        let renewed = header.from.sequence < from.sequence && end.sequence <= from.sequence;
        if renewed {
            journal.reset(from.sequence)?;
        } else {
            let sure = rules.mark.unwrap_or(header.start());
            journal.settle(sure.at, found.tail).map_err(LogError::from)?;
        }
        let Found { batches, changes, known, tail, .. } = found;
        Ok((journal, LogReport { batches, changes, known, cut: tail, renewed }))
    }

    /// Makes what was found last: cuts the tail, and writes again what may have been read from memory
    /// only because a sync of it failed.
    fn settle(&mut self, sure: u64, tail: u64) -> Result<(), Step> {
        if tail > 0 {
            self.file.set_len(self.end.at).map_err(Step::of("cut the tail"))?;
        }
        rewrite(&mut self.file, sure, self.end.at).map_err(Step::of("write the last batch again"))?;
        self.file.sync_all().map_err(Step::of("sync the log"))?;
        self.disk.sync_directory(&self.target.directory).map_err(Step::of("sync the directory"))?;
        self.set_mark()
    }

    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// The last batch before the log.
    pub(super) fn begins(&self) -> u64 {
        self.header.from.sequence
    }

    /// Acknowledges a record of so many changes; its payload stands after the place of the head.
    pub(super) fn append(&mut self, record: &mut [u8], changes: u32) -> Result<u64, LogError> {
        self.check_sound()?;
        let sequence = self.end.sequence.checked_add(1).ok_or(LogFault::Exhausted)?;
        if !self.marked {
            self.set_mark()?;
        }
        let end = self.end.seal(record, self.header.log(), sequence, changes);
        if let Err(source) = write_at(&mut self.file, self.end.at, record) {
            return Err(self.take_back(Step { doing: "write the batch", source }));
        }
        if let Err(source) = self.file.sync_data() {
            // What a failed sync leaves on the disk is unknown, and another sync does not tell: the
            // batch is taken back as well as can be, and nothing is believed until the file is read.
            let _ = self.file.set_len(self.end.at);
            self.poisoned = true;
            return Err(LogFault::uncertain(Step { doing: "sync the batch", source }));
        }
        self.end = end;
        // The batch lasts whatever becomes of the mark; the next call tries again, and fails if it must.
        self.marked = self.set_mark().is_ok();
        Ok(sequence)
    }

    /// Removes what a failed write may have left, so that it does not come back after a power cut.
    fn take_back(&mut self, step: Step) -> LogError {
        match self.file.set_len(self.end.at).and_then(|()| self.file.sync_all()) {
            Ok(()) => step.into(),
            Err(_) => {
                self.poisoned = true;
                LogFault::uncertain(step)
            }
        }
    }

    /// Begins the log anew after batch `sequence`; later ones are carried over. The old file stays
    /// until the new one is complete.
    pub(super) fn reset(&mut self, sequence: u64) -> Result<(), LogError> {
        self.check_sound()?;
        let begins = self.header.from.sequence;
        if sequence < begins {
            return Err(LogFault::Reset { asked: sequence, begins }.into());
        }
        // Numbers beyond the last are the model's: this log must not give them out again.
        self.poisoned = sequence > self.end.sequence;
        let from = Checkpoint { sequence, ..self.header.from };
        let renewed = self.renew(Header { from, ..self.header });
        renewed.map_err(|error| if self.poisoned { error.uncertain() } else { error })
    }

    fn renew(&mut self, header: Header) -> Result<(), LogError> {
        let (log, start, mut end) = (self.header.log(), self.header.start(), header.start());
        let old = Walk::new(reader(&mut self.file, RECORDS)?, log, start, self.end.at);
        let aside = Aside::written(&self.disk, &self.target, |file: &mut D::File| {
            end = begin(file, header, old)?;
            Ok::<(), LogError>(())
        })?;
        // Which file the name stands for is unknown from here on, until the last step is done.
        self.poisoned = true;
        self.file = aside.place()?;
        (self.header, self.end, self.marked, self.poisoned) = (header, end, true, false);
        Ok(())
    }

    /// All records, in their order.
    pub(super) fn walk(&mut self) -> Result<Walk<BufReader<&mut D::File>>, LogError> {
        self.check_sound()?;
        let (log, start, end) = (self.header.log(), self.header.start(), self.end.at);
        Ok(Walk::new(reader(&mut self.file, RECORDS)?, log, start, end))
    }

    fn check_sound(&self) -> Result<(), LogError> {
        if self.poisoned { Err(LogFault::Poisoned.into()) } else { Ok(()) }
    }

    fn set_mark(&mut self) -> Result<(), Step> {
        let mark = self.end.to_mark(self.header.log());
        write_at(&mut self.file, header::SIZE as u64, &mark).map_err(Step::of("write the mark"))?;
        self.marked = true;
        Ok(())
    }
}

/// Takes the lock of a log. It is on a file of its own, which stays, because the log itself is replaced.
fn lock<D: Disk>(disk: &D, log: &Path) -> Result<D::Lock, LogError> {
    let mut path = log.as_os_str().to_owned();
    path.push(".lock");
    disk.lock(path.as_ref()).map_err(|error| match error {
        TryLockError::WouldBlock => LogFault::Busy.into(),
        TryLockError::Error(source) => Step { doing: "lock it", source }.into(),
    })
}

/// Writes a log that begins as `header` says and has those records of another one that come then.
fn begin<F: DiskFile>(
    file: &mut F,
    header: Header,
    mut old: Walk<impl BufRead>,
) -> Result<Position, LogError> {
    let (log, mut end) = (header.log(), header.start());
    let failed = Step::of("write the beginning");
    let start = [&header.to_bytes()[..], &end.to_mark(log)].concat();
    write_at(file, 0, &start).map_err(&failed)?;
    let mut record = Vec::new();
    loop {
        record.clear();
        record.resize(head::SIZE, 0);
        let next = old.next(|bytes| record.extend_from_slice(bytes));
        let Some(head) = next.map_err(|stop| stop.at(old.position()))? else { break };
        if head.sequence > header.from.sequence {
            let next = end.seal(&mut record, log, head.sequence, head.changes);
            write_at(file, end.at, &record).map_err(&failed)?;
            end = next;
        }
    }
    write_at(file, header::SIZE as u64, &end.to_mark(log)).map_err(&failed)?;
    Ok(end)
}

/// Header, and mark if it is whole.
fn read_begin<F: DiskFile>(
    file: &mut F,
    names: [&'static str; 2],
) -> Result<(Header, Option<Position>), LogError> {
    let mut bytes = Vec::with_capacity(RECORDS as usize);
    file.take(RECORDS).read_to_end(&mut bytes).map_err(Step::of("read the header"))?;
    let header = Header::parse(&bytes, names)?;
    if bytes.len() < RECORDS as usize {
        // It was placed whole, so this is no tail.
        return Err(LogFault::Header { problem: "the file ends in the mark" }.into());
    }
    Ok((header, Position::from_mark(&bytes[header::SIZE..], header.log())))
}

/// Whether a log begins at 0 and holds nothing.
fn is_blank<F: DiskFile>(file: &mut F, names: [&'static str; 2]) -> Result<bool, LogError> {
    let (header, _) = read_begin(file, names)?;
    let length = file.seek(SeekFrom::End(0)).map_err(Step::of("look at it"))?;
    Ok(header.from.sequence == 0 && length == RECORDS)
}

/// Whether the log goes on where the model ends, or earlier.
fn check_checkpoint(header: Header, from: Checkpoint) -> Result<(), LogError> {
    let found = header.from;
    if found.model != from.model {
        return Err(LogFault::Model { found: found.model, expected: from.model }.into());
    }
    if found.sequence > from.sequence {
        return Err(LogFault::Gap { begins: found.sequence, checkpoint: from.sequence }.into());
    }
    Ok(())
}

/// Writes the same bytes once more, so that the next sync must bring them down.
fn rewrite<F: DiskFile>(file: &mut F, mut from: u64, end: u64) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE);
    while from < end {
        piece.clear();
        file.seek(SeekFrom::Start(from))?;
        file.take((end - from).min(PIECE as u64)).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        write_at(file, from, &piece)?;
        from += piece.len() as u64;
    }
    Ok(())
}

fn write_at<F: DiskFile>(file: &mut F, at: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}
