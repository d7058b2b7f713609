//! Files that were torn, flipped or made up.

use std::fs;

use foldin::data::{Change, Event, History, Interactions, ItemIx, UserIx};
use foldin::implicit::Ials;
use foldin::live::Learner;
use foldin::model::{Explain, Query, QueryError, Score, UpdateError};
use foldin::persist::{LoadFault, Mapped, load, map, map_model, model_to_bytes, verify};
use foldin::retrieve::{Scanner, ScoreExt, TopN};

use crate::persist_toy::bytes::{put, row_named, rows, seal, section};
use crate::{answers, bits, data, golden, saved};

#[test]
fn a_torn_file_is_refused_at_every_length() {
    let (directory, good) = (tempfile::tempdir().unwrap(), fs::read(golden("ials-2.foldin")).unwrap());
    let path = directory.path().join("torn");
    for length in 0..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        assert!(map_model::<Ials>(&path).is_err(), "{length} bytes");
    }
}

/// Numbers that have broken a reader somewhere, as four bytes.
const BAD: [u32; 9] =
    [0, 1, 0x7fc0_0000, 0x7f80_0000, 0xff80_0000, 0x7f7f_ffff, 0xff7f_ffff, u32::MAX, 1 << 31];

/// Asks a model of a damaged file everything, and reads its ids; nothing of it may panic.
fn ask_everything(mapped: Mapped<Ials>) {
    let model = &mapped.model;
    let asked = answers(model);
    let users = (0..model.n_users()).map(UserIx::new);
    users.clone().for_each(|user| _ = model.seen(user).len());
    if let Ok(scanner) = Scanner::new(model) {
        for (user, answer) in users.zip(asked) {
            let list = scanner.top_n(&Query::user(user), &TopN::new(10));
            assert_eq!(list.map(|list| bits(&list)), answer.map(|answer| answer.1), "{user}");
        }
    }
    let items = [ItemIx::new(0), ItemIx::new(1)];
    let query = Query::history(History::new(&items, &[1.0, 2.0]).unwrap());
    _ = model.explain_many(&query, &items);
    _ = mapped.ids();
    _ = model_to_bytes(model);
    let data = Interactions::from_events(model.n_users(), model.n_items(), &[]).unwrap();
    if let Ok(learner) = Learner::new(model.clone(), data) {
        let event = Event { user: UserIx::new(0), item: ItemIx::new(0), value: 1.0, time: None };
        _ = learner.threads(1).apply(&[Change::Add(event)]);
    }
}

/// Every number of the file replaced by bad ones, the checksums left as they are.
#[test]
fn a_damaged_file_is_refused_or_answers_and_verify_finds_it() {
    let (directory, good) = (tempfile::tempdir().unwrap(), fs::read(golden("ials-2.foldin")).unwrap());
    let path = directory.path().join("damaged");
    let (mut refused, mut opened) = (0, 0);
    for at in (0..good.len()).step_by(4) {
        for bad in BAD {
            let mut bytes = good.clone();
            put(&mut bytes, at, 4.min(good.len() - at), bad.into());
            if bytes == good {
                continue;
            }
            fs::write(&path, &bytes).unwrap();
            match map::<Ials, String, String>(&path) {
                Err(_) => refused += 1,
                Ok(mapped) => {
                    opened += 1;
                    let found = mapped.verify().expect_err("a damaged file");
                    assert!(matches!(found.fault(), LoadFault::Checksum { .. }), "byte {at}: {found}");
                    ask_everything(mapped);
                }
            }
            assert!(verify::<Ials>(&path).is_err(), "byte {at}");
        }
    }
    assert!(refused > 1000 && opened > 300, "{refused} refused, {opened} opened");
}

/// The same with all checksums right: only what the numbers mean can tell.
#[test]
fn a_file_made_up_to_do_harm_answers_or_is_refused() {
    let (directory, good) = (tempfile::tempdir().unwrap(), fs::read(golden("ials-2.foldin")).unwrap());
    let path = directory.path().join("made up");
    let ranges = rows(&good).into_iter().filter_map(|row| section(&good, row));
    for at in ranges.flat_map(|range| range.step_by(4)) {
        for bad in BAD {
            let mut bytes = good.clone();
            put(&mut bytes, at, 4.min(good.len() - at), bad.into());
            seal(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let mapped = map::<Ials, String, String>(&path);
            let loaded = load::<Ials, String, String>(&path);
            let loaded = loaded.map(drop).map_err(|error| error.to_string());
            let Ok(mapped) = mapped else {
                assert!(loaded.is_err(), "byte {at}: refused mapped, loaded all the same");
                continue;
            };
            assert_eq!(mapped.verify().map_err(|error| error.to_string()), loaded, "byte {at}");
            ask_everything(mapped);
        }
    }
}

#[test]
fn what_damage_makes_of_an_answer() {
    let (directory, path) = saved(16);
    let mut bytes = fs::read(&path).unwrap();
    let place = |bytes: &[u8], name: &str| section(bytes, row_named(bytes, name)).unwrap().start;
    let (users, items) = (place(&bytes, "users"), place(&bytes, "items"));
    put(&mut bytes, users + 2 * 64, 4, f32::NAN.to_bits().into());
    put(&mut bytes, items + 5 * 64, 4, f32::INFINITY.to_bits().into());
    put(&mut bytes, items + 6 * 64, 4, f32::NAN.to_bits().into());
    let bad = directory.path().join("bad");
    fs::write(&bad, bytes).unwrap();
    let (mapped, good): (Ials, Ials) = (map_model(&bad).unwrap(), map_model(&path).unwrap());
    let refused = |query: &Query<'_>| mapped.top_n(query, &TopN::new(5)).unwrap_err();
    let error = refused(&Query::user(UserIx::new(2)));
    assert!(matches!(error, QueryError::Damaged { .. }), "{error}");
    let (damaged, sound) = ([ItemIx::new(6)], [ItemIx::new(7)]);
    let folded = Query::history(History::new(&damaged, &[1.0]).unwrap());
    assert!(matches!(refused(&folded), QueryError::Damaged { .. }));
    // Everybody else is answered as before, without the items that have no score.
    let (infinite, both) = ([ItemIx::new(5)], [ItemIx::new(5), ItemIx::new(6)]);
    let (all, without) = (TopN::new(20).deny(&infinite), TopN::new(20).deny(&both));
    let folded = Query::history(History::new(&sound, &[1.0]).unwrap());
    for query in [Query::user(UserIx::new(3)), folded] {
        let list = mapped.top_n(&query, &all).unwrap();
        assert_eq!(bits(&list), bits(&good.top_n(&query, &without).unwrap()));
    }
    assert_eq!(mapped.top_n(&Query::anyone(), &all).unwrap().len(), 20);
    let error = Learner::new(mapped, data()).unwrap().apply(&[]).err().unwrap();
    assert!(matches!(error, UpdateError::Damaged { .. }), "{error}");
}
