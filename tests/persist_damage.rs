//! A file that was damaged on its way must not become a model that is slightly wrong: any flipped bit,
//! any cut, anything added or mixed is an error.

mod persist_toy;

use foldin::persist::{LoadError, LoadFault, from_bytes, model_from_bytes, read_from};
use persist_toy::{Toy, file, small_file, small_ids, small_metadata};
use proptest::prelude::*;

/// Loads in every way; all must say the same.
fn load(bytes: &[u8]) -> Result<Toy, LoadError> {
    let alone = model_from_bytes::<Toy>(bytes);
    let saved = from_bytes::<Toy, String, u64>(bytes);
    let streamed = read_from::<Toy, String, u64>(bytes);
    assert_eq!(saved.is_ok(), alone.is_ok());
    assert_eq!(saved.is_ok(), streamed.is_ok());
    alone
}

#[test]
fn the_undamaged_file_loads() {
    assert_eq!(load(&small_file()).unwrap(), Toy::small());
}

#[test]
fn any_flipped_bit_is_found() {
    let mut bytes = small_file();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(load(&bytes).is_err(), "bit {} of byte {}", bit % 8, bit / 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(load(&bytes).unwrap(), Toy::small());
}

#[test]
fn any_cut_is_found() {
    let bytes = small_file();
    for end in 0..bytes.len() {
        let error = load(&bytes[..end]).unwrap_err();
        match error.fault() {
            LoadFault::Magic { found, .. } => assert_eq!((end, found.len()), (0, 0)),
            LoadFault::FileLength { found, expected } => {
                assert_eq!(*found, end as u64);
                assert_eq!(*expected, if end < 64 { 64 } else { bytes.len() as u64 });
            }
            _ => panic!("cut at {end}: {error}"),
        }
    }
}

#[test]
fn anything_added_is_found() {
    let bytes = small_file();
    for tail in [&[0][..], &[0; 64], &bytes] {
        let error = load(&[&bytes, tail].concat()).unwrap_err();
        assert!(matches!(error.fault(), LoadFault::FileLength { .. }), "{error}");
    }
}

#[test]
fn a_file_whose_line_feeds_were_translated_says_so() {
    let text: Vec<u8> = small_file()
        .into_iter()
        .flat_map(|byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] })
        .collect();
    assert!(matches!(load(&text).unwrap_err().fault(), LoadFault::Magic { .. }));
}

/// The same shape and other numbers: what a torn write over an old file would mix.
fn other_file() -> Vec<u8> {
    let mut toy = Toy::small();
    toy.factors.reverse();
    toy.mean = -1.0;
    toy.times = vec![0, 1];
    toy.neighbours.reverse();
    file(&toy, &small_ids(), &small_metadata())
}

#[test]
fn a_write_torn_anywhere_is_found() {
    let (old, new) = (small_file(), other_file());
    assert_eq!(old.len(), new.len());
    for at in 0..=old.len() {
        let torn = [&new[..at], &old[at..]].concat();
        assert_eq!(load(&torn).is_ok(), torn == old || torn == new, "torn at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn noise_is_no_model(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn bytes_overwritten_are_found(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9)) {
        let good = small_file();
        let mut bytes = good.clone();
        for (at, byte) in edits {
            *at.get_mut(&mut bytes) = byte;
        }
        prop_assert_eq!(load(&bytes).is_ok(), bytes == good);
    }

    /// A stretch of one file stands in the other, somewhere, of any length: lengths may change.
    #[test]
    fn splices_are_found(
        from in any::<prop::sample::Index>(),
        length in 0usize..200,
        to in any::<prop::sample::Index>(),
        removed in 0usize..200,
    ) {
        let (good, other) = (small_file(), other_file());
        let (from, to) = (from.index(other.len()), to.index(good.len()));
        let stretch = &other[from..other.len().min(from + length)];
        let bytes = [&good[..to], stretch, &good[good.len().min(to + removed)..]].concat();
        prop_assert_eq!(load(&bytes).is_ok(), bytes == good || bytes == other);
    }
}
