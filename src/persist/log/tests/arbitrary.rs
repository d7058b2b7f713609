//! Guards against files that were made up: no panic, no endless loop, and what is opened is a log.

use proptest::prelude::*;

use super::*;
use crate::persist::log::bytes::{Head, RECORDS};

/// What a file is made of behind its beginning.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let number = || prop_oneof![0..4u64, any::<u64>(), Just(u64::MAX), Just(1 << 63), Just(32)];
    prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..80),
        1 => (0..200usize).prop_map(|n| vec![0; n]),
        // A head whose checksum holds and whose numbers are anything.
        4 => (number(), number(), any::<u32>(), any::<u32>(), any::<bool>()).prop_map(|(length, sequence, changes, payload, first)| {
            let mut bytes = [0; head::SIZE];
            let previous = if first { header(0).log() } else { payload };
            let mut at = header(0).start();
            at.last = previous;
            at.seal(&mut bytes, header(0).log(), sequence, changes);
            bytes[head::LENGTH..head::SEQUENCE].copy_from_slice(&length.to_le_bytes());
            bytes[head::PAYLOAD..head::CHECKSUM].copy_from_slice(&payload.to_le_bytes());
            reseal(&mut bytes);
            bytes.to_vec()
        }),
    ]
}

/// Makes the checksum of a head right again.
fn reseal(bytes: &mut [u8; head::SIZE]) {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header(0).log().to_le_bytes());
    hasher.update(&bytes[..head::CHECKSUM]);
    bytes[head::CHECKSUM..].copy_from_slice(&hasher.finalize().to_le_bytes());
    assert!(Head::parse(bytes, header(0).log()).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_a_log_or_an_error(parts in prop::collection::vec(part(), 0..8), marked in any::<bool>()) {
        let mark = if marked { header(0).start().to_mark(header(0).log()) } else { [0; 24] };
        let bytes = [&header(0).to_bytes()[..], &mark, &parts.concat()].concat();
        let disk = Memory::default();
        disk.put(LOG, &bytes);
        if let Ok((mut journal, report)) = open(&disk, 0) {
            prop_assert_eq!(records(&mut journal).len() as u64, report.batches);
            prop_assert_eq!(journal.end().at + report.cut, bytes.len() as u64);
            prop_assert!(journal.end().at >= RECORDS);
        }
    }

    #[test]
    fn any_beginning_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let disk = Memory::default();
        disk.put(LOG, &bytes);
        prop_assert!(open(&disk, 0).is_err());
    }
}
