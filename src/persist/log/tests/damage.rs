//! Guards the line between a batch that was being written, which is cut, and one that was acknowledged,
//! whose damage is an error.

use super::*;
use crate::persist::disk::memory::BLOCK;
use crate::persist::log::LogFault;
use crate::persist::log::bytes::{RECORDS, header};

/// A log of a few records, byte by byte, and where each ends; the first end is the beginning.
struct Sample {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    payloads: Vec<Vec<u8>>,
}

impl Sample {
    fn of(lengths: &[usize]) -> Self {
        let disk = Memory::default();
        let mut journal = create(&disk, 0).unwrap();
        let mut ends = vec![RECORDS as usize];
        let payloads: Vec<_> = lengths.iter().enumerate().map(|(n, &length)| payload(n, length)).collect();
        for payload in &payloads {
            append(&mut journal, payload).unwrap();
            ends.push(journal.end().at as usize);
        }
        drop(journal);
        Self { bytes: disk.content(LOG).unwrap(), ends, payloads }
    }

    /// The log as it was when `n` records were acknowledged, with other bytes behind them.
    fn with_tail(&self, n: usize, tail: &[u8]) -> Vec<u8> {
        let disk = Memory::default();
        disk.put(LOG, &self.bytes[..self.ends[n]]);
        let mut journal = Journal::open(disk.clone(), Path::new(LOG), NAMES, checkpoint(0), true).unwrap().0;
        assert_eq!(records(&mut journal).len(), n);
        drop(journal);
        [&disk.content(LOG).unwrap(), tail].concat()
    }
}

/// The same without a mark, as when the power went before it came down.
fn unmarked(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[header::SIZE..RECORDS as usize].fill(0);
    bytes
}

/// What opening finds: the payloads and the bytes cut, or the damaged record.
fn found(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, u64), LogFault> {
    let disk = Memory::default();
    disk.put(LOG, bytes);
    match open(&disk, 0) {
        Ok((mut journal, report)) => {
            let all: Vec<_> = records(&mut journal).into_iter().map(|(_, payload)| payload).collect();
            assert_eq!(report.batches, all.len() as u64);
            // Where it was cut it goes on.
            append(&mut journal, b"next").unwrap();
            drop(journal);
            assert_eq!(records(&mut open(&disk, 0).unwrap().0).len(), all.len() + 1);
            Ok((all, report.cut))
        }
        Err(error) => {
            assert_eq!(disk.content(LOG).as_deref(), Some(bytes), "an error changes nothing");
            Err(error.into_fault())
        }
    }
}

#[test]
fn a_batch_cut_at_any_byte_is_cut_off() {
    let sample = Sample::of(&[40, 0, 100]);
    for n in 0..3 {
        let record = &sample.bytes[sample.ends[n]..sample.ends[n + 1]];
        for length in 0..record.len() {
            for bytes in
                [sample.with_tail(n, &record[..length]), unmarked(sample.with_tail(n, &record[..length]))]
            {
                let (all, cut) = found(&bytes).unwrap();
                assert_eq!((&all[..], cut), (&sample.payloads[..n], length as u64));
            }
        }
        // Whole and not marked: it lasts.
        let (all, cut) = found(&sample.with_tail(n, record)).unwrap();
        assert_eq!((&all[..], cut), (&sample.payloads[..=n], 0));
    }
}

#[test]
fn a_log_cut_at_any_byte_misses_what_was_acknowledged() {
    let sample = Sample::of(&[40, 0, 100]);
    for length in 0..RECORDS as usize {
        match found(&sample.bytes[..length]).unwrap_err() {
            LogFault::Magic { .. } => assert!(length < 8),
            LogFault::Header { .. } => assert!(length >= 8),
            other => panic!("{other}"),
        }
    }
    for length in RECORDS as usize..sample.bytes.len() {
        let LogFault::Damaged { sequence, offset, .. } = found(&sample.bytes[..length]).unwrap_err() else {
            panic!("{length}");
        };
        let n = sample.ends.iter().filter(|&&end| end <= length).count();
        assert_eq!((sequence, offset), (n as u64, sample.ends[n - 1] as u64));
    }
}

/// Any of the blocks of the record in flight may have come down, in any order; the others hold zeros or
/// what was there before.
#[test]
fn a_batch_of_which_any_blocks_came_down_is_cut_off() {
    let sample = Sample::of(&[40, 13, 130]);
    for n in 0..3 {
        let (begin, end) = (sample.ends[n], sample.ends[n + 1]);
        let blocks = end.div_ceil(BLOCK) - begin / BLOCK;
        for there in 0..1u32 << blocks {
            for old in [0, 0xaa] {
                let tail: Vec<u8> = (begin..end)
                    .map(|at| {
                        let block = at / BLOCK - begin / BLOCK;
                        if there >> block & 1 == 1 { sample.bytes[at] } else { old }
                    })
                    .collect();
                let whole = tail == sample.bytes[begin..end];
                for bytes in [sample.with_tail(n, &tail), unmarked(sample.with_tail(n, &tail))] {
                    let (all, cut) = found(&bytes).unwrap();
                    assert_eq!(all[..], sample.payloads[..n + usize::from(whole)]);
                    assert_eq!(cut, if whole { 0 } else { tail.len() as u64 });
                }
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_never_a_lost_batch() {
    let sample = Sample::of(&[40, 0, 100]);
    let last = sample.ends[2];
    for bit in 0..sample.bytes.len() * 8 {
        let mut bytes = sample.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mark = (header::SIZE..RECORDS as usize).contains(&(bit / 8));
        match found(&bytes) {
            // Without the mark all is there still.
            Ok((all, cut)) => assert!(mark && all == sample.payloads && cut == 0, "bit {bit}"),
            Err(LogFault::Damaged { offset, .. }) => {
                let n = sample.ends.iter().filter(|&&end| end <= bit / 8).count();
                assert_eq!(offset, sample.ends[n - 1] as u64);
            }
            Err(LogFault::Magic { .. }) => assert!(bit < 64),
            Err(LogFault::Header { .. }) => assert!((64..header::SIZE * 8).contains(&bit)),
            Err(other) => panic!("bit {bit}: {other}"),
        }
        // Without the mark the same holds for every record but the last.
        if bit / 8 >= RECORDS as usize {
            match found(&unmarked(bytes)) {
                Err(LogFault::Damaged { .. }) => assert!(bit / 8 < last),
                Ok((all, cut)) => {
                    assert!(bit / 8 >= last && all == sample.payloads[..2], "bit {bit}");
                    assert_eq!(cut, (sample.bytes.len() - last) as u64);
                }
                Err(other) => panic!("bit {bit}: {other}"),
            }
        }
    }
}

#[test]
fn records_that_were_swapped_doubled_or_lost_are_damage() {
    let sample = Sample::of(&[40, 40, 40, 40]);
    let record = |n: usize| &sample.bytes[sample.ends[n]..sample.ends[n + 1]];
    let begin = &sample.bytes[..RECORDS as usize];
    for order in [&[1, 0, 2, 3][..], &[0, 0, 1, 2, 3], &[0, 2, 3], &[0, 1, 2, 2], &[3]] {
        let bytes = order.iter().fold(begin.to_vec(), |bytes, &n| [&bytes, record(n)].concat());
        for bytes in [bytes.clone(), unmarked(bytes)] {
            assert!(matches!(found(&bytes), Err(LogFault::Damaged { .. })), "{order:?}");
        }
    }
    // A record of another log is no record at all.
    let disk = Memory::default();
    let mut journal = create(&disk, 1).unwrap();
    append(&mut journal, &payload(0, 40)).unwrap();
    let bytes = disk.content(LOG).unwrap();
    let (all, cut) = found(&sample.with_tail(1, &bytes[RECORDS as usize..])).unwrap();
    assert_eq!((all.len(), cut), (1, 72));
}

/// The head of a later record tells, wherever it stands, also across the pieces that are read at once.
#[test]
fn a_later_record_is_found_far_behind_the_damage() {
    let piece = crate::persist::log::recover::PIECE;
    for length in (piece - 40..piece + 3).chain([5 * piece]) {
        let sample = Sample::of(&[length, 3]);
        let mut bytes = unmarked(sample.bytes.clone());
        // The length, so that the head does not hold and nothing says where the next one is.
        bytes[RECORDS as usize] ^= 1;
        assert!(matches!(found(&bytes), Err(LogFault::Damaged { sequence: 1, .. })), "{length}");
    }
}

#[test]
fn what_is_salvaged_is_what_stands_before_the_damage() {
    let sample = Sample::of(&[40, 0, 100, 7]);
    for n in 0..4 {
        let mut bytes = sample.bytes.clone();
        bytes[sample.ends[n] + 5] ^= 1;
        let disk = Memory::default();
        disk.put(LOG, &bytes);
        assert!(open(&disk, 0).is_err());
        let salvaged = Journal::open(disk.clone(), Path::new(LOG), NAMES, checkpoint(0), true);
        let (mut journal, report) = salvaged.unwrap();
        assert_eq!(report.cut, (sample.bytes.len() - sample.ends[n]) as u64);
        assert_eq!(records(&mut journal).len(), n);
        append(&mut journal, b"next").unwrap();
        drop(journal);
        assert_eq!(records(&mut open(&disk, 0).unwrap().0).len(), n + 1);
    }
}
