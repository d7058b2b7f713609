//! A file made up to do harm has right checksums: here every number of a good file is replaced by bad
//! ones and sealed again. It is refused or it is a model, to the byte; it never panics, and it never
//! takes much more memory than it is long, whatever lengths it states.

// A global allocator that counts is unsafe to write; it only forwards.
#![allow(unsafe_code)]

mod counting;
mod persist_toy;

use counting::measured;
use foldin::data::synthetic::Synthetic;
use foldin::data::{Event, History, Interactions, ItemIx, UserIx};
use foldin::implicit::{Confidence, Ials, IalsParams};
use foldin::model::{Fit, PredictRating, Query, QueryError};
use foldin::persist::{
    LoadError, LoadFault, SectionReader, Summary, from_bytes, inspect, load, load_model, model_from_bytes,
    model_to_bytes, read_from,
};
use foldin::rating::{BayesianMf, BayesianMfParams};
use persist_toy::bytes::{HEADER_NUMBERS, ROW, ROW_NUMBERS, number, put, row_named, rows, seal, section};
use persist_toy::{Toy, file, small_file};
use proptest::prelude::*;

/// Runs `work` and holds it to a small multiple of the file: numbers are copied once, a text becomes a
/// `String` of three words, a hash table is at most a quarter full; besides a few messages and names.
fn frugal<T>(length: usize, work: impl FnOnce() -> T) -> T {
    let (result, most) = measured(work);
    assert!(most <= 8 * length + 4096, "{most} bytes for a file of {length}");
    result
}

/// Loads a file; if it is a model, saving it gives the same file.
fn refused_or_right(bytes: &[u8]) -> Result<(), LoadError> {
    let saved = frugal(bytes.len(), || from_bytes::<Toy, String, u64>(bytes));
    let streamed = frugal(2 * bytes.len(), || read_from::<Toy, String, u64>(bytes));
    assert_eq!(saved.is_ok(), streamed.is_ok());
    let saved = saved?;
    assert_eq!(file(&saved.model, &saved.ids, &saved.metadata), bytes);
    Ok(())
}

/// Numbers that have broken a reader somewhere.
fn bad_numbers(good: u64, length: u64) -> Vec<u64> {
    let edges =
        [0, 1 << 31, 1 << 32, 1 << 33, 1 << 61, 1 << 62, 1 << 63, length, u64::from(u32::MAX), u64::MAX];
    let near = [-64i64, -63, -8, -4, -2, -1, 1, 2, 4, 8, 63, 64];
    let around = |edge: u64| near.iter().map(move |&step| edge.wrapping_add_signed(step));
    let mut all: Vec<u64> =
        edges.into_iter().chain(edges.into_iter().chain([good]).flat_map(around)).collect();
    all.retain(|&bad| bad != good);
    all
}

/// Tries every bad number in one place; how many were refused, and how many are a model.
fn attack(at: usize, size: usize) -> (usize, usize) {
    let good = small_file();
    let (mut refused, mut right) = (0, 0);
    for bad in bad_numbers(number(&good, at, size), good.len() as u64) {
        let mut bytes = good.clone();
        put(&mut bytes, at, size, bad);
        seal(&mut bytes);
        if bytes == good {
            continue;
        }
        match refused_or_right(&bytes) {
            Ok(()) => right += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused + right > 100);
    (refused, right)
}

#[test]
fn every_number_of_the_header() {
    for (at, size) in HEADER_NUMBERS {
        assert_eq!(attack(at, size).1, 0, "byte {at}");
    }
}

#[test]
fn every_number_of_the_section_table() {
    for row in rows(&small_file()) {
        for (at, size) in ROW_NUMBERS {
            assert_eq!(attack(row + at, size).1, 0, "byte {at} of the row at {row}");
        }
    }
}

#[test]
fn every_number_of_every_section() {
    let good = small_file();
    let (mut refused, mut right) = (0, 0);
    for row in rows(&good) {
        for size in [4, 8] {
            for at in section(&good, row).unwrap().step_by(size) {
                if at + size <= section(&good, row).unwrap().end {
                    let found = attack(at, size);
                    (refused, right) = (refused + found.0, right + found.1);
                }
            }
        }
    }
    // Times, ids and the mean may be anything; shapes, offsets and indices may not.
    assert!(refused > 1000 && right > 1000, "{refused} refused, {right} right");
}

#[test]
fn a_file_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    let good = small_file();
    for (at, size) in HEADER_NUMBERS.into_iter().chain(ROW_NUMBERS.map(|(at, size)| (64 + at, size))) {
        for bad in bad_numbers(number(&good, at, size), good.len() as u64) {
            let mut bytes = good.clone();
            put(&mut bytes, at, size, bad);
            seal(&mut bytes);
            if bytes == good {
                continue;
            }
            std::fs::write(&path, &bytes).unwrap();
            assert!(frugal(2 * bytes.len(), || load::<Toy, String, u64>(&path)).is_err());
            assert!(frugal(2 * bytes.len(), || load_model::<Toy>(&path)).is_err());
            let summary: Result<Summary, LoadError> = frugal(bytes.len(), || inspect(&path));
            // The version of the model is told, not judged; a length or a type that keeps the sections
            // in their places shows only when they are read.
            assert!(summary.is_err() || [12, 64 + 40, 64 + 48].contains(&at), "byte {at}: {bad}");
        }
    }
}

/// A header alone that promises more than the whole address space.
#[test]
fn a_stream_that_promises_much_and_ends() {
    let mut bytes = small_file();
    for length in [1 << 40, 1 << 62, u64::MAX] {
        put(&mut bytes, 16, 8, length);
        seal(&mut bytes);
        let error = frugal(2 * bytes.len(), || read_from::<Toy, String, u64>(&bytes[..])).unwrap_err();
        let LoadFault::FileLength { found, expected } = error.fault() else { panic!("{error}") };
        assert_eq!((*found, *expected), (bytes.len() as u64, length));
    }
}

fn fault_of(tamper: impl FnOnce(&mut Vec<u8>)) -> LoadFault {
    let mut bytes = small_file();
    tamper(&mut bytes);
    seal(&mut bytes);
    refused_or_right(&bytes).unwrap_err().into_fault()
}

/// Overwrites entry `at` (of `size` bytes) of a section.
fn entry(bytes: &mut [u8], name: &str, at: usize, size: usize, value: u64) {
    let begin = section(bytes, row_named(bytes, name)).unwrap().start;
    put(bytes, begin + at * size, size, value);
}

fn rename(bytes: &mut [u8], from: &str, to: &str) {
    let row = row_named(bytes, from);
    bytes[row..row + 32].fill(0);
    bytes[row..row + to.len()].copy_from_slice(to.as_bytes());
}

#[test]
fn sections_that_overlap() {
    let fault = fault_of(|bytes| {
        let (first, second) = (row_named(bytes, "shape"), row_named(bytes, "factors"));
        let offset = number(bytes, first + 32, 8);
        put(bytes, second + 32, 8, offset);
    });
    assert!(matches!(fault, LoadFault::Layout { part, field: "the offset", .. } if part == "factors"));
}

#[test]
fn a_section_longer_than_the_file() {
    for length in [1 << 20, u64::MAX - 63, u64::MAX - 7] {
        let fault = fault_of(|bytes| {
            let row = row_named(bytes, "times");
            put(bytes, row + 40, 8, length);
        });
        let LoadFault::Layout { part, field: "the length", found, .. } = fault else { panic!("{fault}") };
        assert_eq!((&part[..], found), ("times", length.to_string()));
    }
}

#[test]
fn a_section_twice() {
    let fault = fault_of(|bytes| rename(bytes, "times", "factors"));
    assert!(matches!(fault, LoadFault::DuplicateSection { section } if section == "factors"));
}

#[test]
fn a_section_missing() {
    let fault = fault_of(|bytes| rename(bytes, "times", "thymes"));
    assert!(matches!(fault, LoadFault::MissingSection { section } if section == "times"));
}

#[test]
fn names_that_are_none() {
    for name in ["", "Times", "ti mes", "ti\0mes", "../times", "t\u{e4}"] {
        let fault = fault_of(|bytes| rename(bytes, "times", name));
        assert!(matches!(&fault, LoadFault::Layout { .. }), "{name}: {fault}");
    }
}

#[test]
fn bytes_that_must_be_zero() {
    let good = small_file();
    let mut zeros: Vec<usize> =
        (56..60).chain(rows(&good).into_iter().flat_map(|row| row + 56..row + ROW)).collect();
    let mut end = 64 + rows(&good).len() * ROW;
    for row in rows(&good) {
        let range = section(&good, row).unwrap();
        zeros.extend(end..range.start);
        end = range.end;
    }
    assert!(zeros.len() > 200);
    for at in zeros {
        let fault = fault_of(|bytes| bytes[at] = 1);
        let LoadFault::Layout { offset, field: "an unused byte", .. } = fault else {
            panic!("{at}: {fault}")
        };
        assert_eq!(offset, at as u64);
    }
}

#[test]
fn a_hole_between_sections() {
    let fault = fault_of(|bytes| {
        let last = *rows(bytes).last().unwrap();
        let offset = number(bytes, last + 32, 8);
        put(bytes, last + 32, 8, offset + 64);
        bytes.extend([0; 64]);
        let length = bytes.len() as u64;
        put(bytes, 16, 8, length);
    });
    assert!(matches!(fault, LoadFault::Layout { field: "the offset", .. }), "{fault}");
}

#[test]
fn bytes_after_the_last_section() {
    let fault = fault_of(|bytes| {
        bytes.extend([0; 8]);
        let length = bytes.len() as u64;
        put(bytes, 16, 8, length);
    });
    assert!(matches!(fault, LoadFault::Layout { field: "the length of the file", .. }), "{fault}");
}

#[test]
fn numbers_that_cannot_be() {
    type Case = (&'static str, usize, usize, u64, &'static str);
    let nan = u64::from(f32::NAN.to_bits());
    let cases: [Case; 10] = [
        ("factors", 2, 4, nan, "a finite number"),
        ("mean", 0, 8, f64::INFINITY.to_bits(), "a finite number"),
        ("neighbours", 1, 4, 3, "below 3"),
        ("seen.items", 2, 4, u32::MAX.into(), "below 3"),
        ("seen.items", 1, 4, 0, "more than the item before"),
        ("seen.offsets", 0, 8, 1, "0"),
        ("seen.offsets", 2, 8, 1, "at least 2"),
        ("ids.users.string.utf8", 2, 1, 0xff, "UTF-8"),
        ("ids.items.u64", 2, 8, 7, "a new one"),
        ("metadata.utf8", 0, 1, u64::from(b'z'), "a name after the one before"),
    ];
    for (name, at, size, value, wanted) in cases {
        let fault = fault_of(|bytes| entry(bytes, name, at, size, value));
        let LoadFault::Value { section, expected, .. } = &fault else { panic!("{name}: {fault}") };
        assert_eq!(expected, wanted, "{fault}");
        assert!(section == name || name.starts_with("metadata"), "{fault}");
    }
}

/// The file of a model of three factors, four users and five items.
fn ials_file() -> Vec<u8> {
    let event = |n: u32| Event {
        user: UserIx::new(n / 5),
        item: ItemIx::new(n % 5),
        value: 1.0 + n as f32,
        time: None,
    };
    let events: Vec<_> = (0..20).filter(|n| n % 3 > 0).map(event).collect();
    let data = Interactions::from_events(4, 5, &events).unwrap();
    let confidence = Confidence::Logarithmic { alpha: 2.0, epsilon: 0.5 };
    model_to_bytes(&IalsParams::new().factors(3).confidence(confidence).fit(&data).unwrap()).unwrap()
}

/// What is wrong with the file after tampering; untouched it is a model.
fn fault_of_ials(tamper: impl FnOnce(&mut Vec<u8>)) -> LoadFault {
    let mut bytes = ials_file();
    assert!(model_from_bytes::<Ials>(&bytes).is_ok());
    tamper(&mut bytes);
    seal(&mut bytes);
    frugal(bytes.len(), || model_from_bytes::<Ials>(&bytes)).unwrap_err().into_fault()
}

#[test]
fn numbers_that_no_ials_model_has() {
    type Case = (&'static str, usize, u64, &'static str);
    let float = |x: f32| u64::from(x.to_bits());
    let confidence = "with an alpha above 0 and up to 1e6, an epsilon from 1e-9 to 1e9";
    let cases: [Case; 22] = [
        ("choices", 0, 2, "0 or 1"),
        ("choices", 1, 3, "0, 1 or 2"),
        ("choices", 2, u32::MAX.into(), "0 or 1"),
        ("weights", 0, float(0.0), "from 1e-9 to 1e6"),
        ("weights", 1, float(-1.0), confidence),
        ("weights", 2, float(0.0), confidence),
        ("regularization", 0, float(0.0), "from 1e-9 to 1e9"),
        ("regularization", 1, float(1.5), "from 0 to 1"),
        ("regularization", 1, float(f32::NAN), "a finite number"),
        ("activity", 0, float(-0.5), "from 0 to 1"),
        ("activity", 1, float(0.0), "from 1e-12 to 1e12"),
        ("items.weight", 4, float(-1.0), "from 1e-12 to 1e12"),
        ("items.weight", 0, float(f32::NAN), "a finite number"),
        ("diagonal", 0, float(-1e-30), "a finite number, at least 0"),
        ("diagonal", 2, float(f32::INFINITY), "a finite number"),
        ("users", 11, float(f32::NEG_INFINITY), "a finite number"),
        ("users", 0, float(f32::MAX), "a row whose scores are finite"),
        ("items", 14, float(f32::NAN), "a finite number"),
        ("items", 0, float(f32::MAX), "a row whose scores are finite"),
        ("seen.items", 2, 5, "below 5"),
        ("seen.items", 1, 0, "more than the item before"),
        ("seen.offsets", 0, 1, "0"),
    ];
    for (name, at, value, wanted) in cases {
        let size = if name == "seen.offsets" { 8 } else { 4 };
        let fault = fault_of_ials(|bytes| entry(bytes, name, at, size, value));
        let LoadFault::Value { section, expected, .. } = &fault else { panic!("{name}: {fault}") };
        assert_eq!(expected, wanted, "{name} {at}: {fault}");
        let judged =
            if (name, wanted) == ("items", "a row whose scores are finite") { "users" } else { name };
        assert_eq!(section, judged, "{fault}");
    }
    // A parameter is named as the caller knows it, at the entry where it stands.
    let fault = fault_of_ials(|bytes| entry(bytes, "regularization", 1, 4, float(1.5)));
    let LoadFault::Value { at: 1, found, .. } = &fault else { panic!("{fault}") };
    assert_eq!(found, "1.5 (`nu`)");
}

#[test]
fn lengths_that_no_ials_model_has() {
    for (at, section) in [(0, "users"), (1, "items"), (2, "users")] {
        for value in [0, 1, 6, 1 << 31, u64::from(u32::MAX)] {
            let fault = fault_of_ials(|bytes| entry(bytes, "shape", at, 4, value));
            let LoadFault::Length { section: found, .. } = &fault else { panic!("{at} {value}: {fault}") };
            assert_eq!(found, section, "{value}: {fault}");
        }
    }
    for name in [
        "shape",
        "choices",
        "weights",
        "regularization",
        "activity",
        "items.weight",
        "diagonal",
        "users",
        "items",
        "seen.items",
        "seen.offsets",
    ] {
        // The last entry becomes what fills the section up, which is zero.
        let size = if name == "seen.offsets" { 8 } else { 4 };
        let fault = fault_of_ials(|bytes| {
            let row = row_named(bytes, name);
            let range = section(bytes, row).unwrap();
            bytes[range.end - size..range.end].fill(0);
            put(bytes, row + 40, 8, (range.len() - size) as u64);
            if range.end == bytes.len() {
                bytes.truncate(range.end - size);
                let length = bytes.len() as u64;
                put(bytes, 16, 8, length);
            }
        });
        let LoadFault::Length { section, .. } = &fault else { panic!("{name}: {fault}") };
        assert_eq!(section, name, "{fault}");
    }
}

/// A model of everything: levels, sets, times, attributes of both sides.
fn bayesian_file() -> Vec<u8> {
    let world = Synthetic::new().users(6).items(6).ratings(18).generate().unwrap();
    let (people, films) = (world.user_attributes().unwrap(), world.item_attributes().unwrap());
    let data = world.interactions.with_user_attributes(people.into()).unwrap();
    let data = data.with_item_attributes(films.into()).unwrap();
    let params = BayesianMfParams::new().factors(1).burn_in(1).samples(4).kept(2);
    model_to_bytes(&params.fit(&data).unwrap()).unwrap()
}

/// Loads a file; if it is a model, saved and loaded again it is the same, and every answer is a rating or an error.
fn refused_or_right_bayesian(bytes: &[u8]) -> bool {
    let Ok(model) = frugal(2 * bytes.len(), || model_from_bytes::<BayesianMf>(bytes)) else { return false };
    // What a field without a scale says of a mean is not kept, so bytes may differ.
    assert_eq!(model_from_bytes::<BayesianMf>(&model_to_bytes(&model).unwrap()).unwrap(), model);
    let (ids, values) = ([ItemIx::new(0), ItemIx::new(4)], [5.0, 1.0]);
    let history = History { ids: &ids, values: &values, times: Some(&[1_000_000_000, i64::MAX]) };
    let scale = model.scale();
    for query in [Query::user(UserIx::new(0)), Query::history(history), Query::anyone()] {
        for item in [0, 4].map(ItemIx::new) {
            match model.predict_one(&query.at(1_000_000_000), item) {
                Ok(found) => assert!((scale.min..=scale.max).contains(&found.rating), "{found:?}"),
                Err(error) => assert!(matches!(error, QueryError::Unsolvable(_)), "{error}"),
            }
        }
    }
    true
}

#[test]
fn numbers_of_a_bayesian_model() {
    let good = bayesian_file();
    assert!(refused_or_right_bayesian(&good));
    let (mut refused, mut right) = (0, 0);
    for row in rows(&good) {
        let range = section(&good, row).unwrap();
        let size = if range.len().is_multiple_of(8) { 8 } else { 4 };
        let count = range.len() / size;
        for at in [0, 1, count / 2, count.saturating_sub(1)].into_iter().filter(|&at| at < count) {
            for size in [4, size] {
                let at = range.start + at * size;
                let floats = [f32::NAN, 1e38, -1e12, 1e-45, 0.0].map(|x| u64::from(x.to_bits()));
                for bad in bad_numbers(number(&good, at, size), good.len() as u64).into_iter().chain(floats) {
                    let mut bytes = good.clone();
                    put(&mut bytes, at, size, bad);
                    seal(&mut bytes);
                    if refused_or_right_bayesian(&bytes) { right += 1 } else { refused += 1 }
                }
            }
        }
    }
    assert!(refused > 1000 && right > 1000, "{refused} refused, {right} right");
}

#[test]
fn the_place_of_a_bad_number_is_its_byte() {
    let mut place = 0;
    let fault = fault_of(|bytes| {
        entry(bytes, "neighbours", 1, 4, 9);
        place = section(bytes, row_named(bytes, "neighbours")).unwrap().start + 4;
    });
    let LoadFault::Value { at: 1, offset, found, .. } = fault else { panic!("{fault}") };
    assert_eq!((offset, &found[..]), (place as u64, "9"));
}

#[test]
fn shapes_whose_product_overflows() {
    let bytes = small_file();
    let from = SectionReader::new(&bytes).unwrap();
    for shape in [&[usize::MAX, 2][..], &[usize::MAX / 2 + 1, 2], &[usize::MAX], &[1 << 31, 1 << 31, 1 << 31]]
    {
        let error = frugal(bytes.len(), || from.values::<f32>("factors", shape)).unwrap_err();
        assert!(matches!(error.fault(), LoadFault::Length { .. }), "{error}");
    }
    assert!(frugal(bytes.len(), || from.offsets("seen.offsets", usize::MAX)).is_err());
    assert!(frugal(bytes.len(), || from.strings("metadata", Some(usize::MAX))).is_err());
    assert!(from.seen(u32::MAX, u32::MAX).is_err());
    // A model may name any place in an error.
    assert!(from.invalid("times", usize::MAX, 0, 1).to_string().contains("times"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes_under_right_checksums(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
        length in 64usize..3000,
    ) {
        let mut bytes = small_file();
        for (at, byte) in edits {
            // The mark and the format version would only be refused at once.
            *at.get_mut(&mut bytes[12..]) = byte;
        }
        if length < bytes.len() {
            bytes.truncate(length.max(64 + rows(&bytes).len() * ROW));
            let length = bytes.len() as u64;
            put(&mut bytes, 16, 8, length);
        }
        seal(&mut bytes);
        let _ = refused_or_right(&bytes);
    }
}
