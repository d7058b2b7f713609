//! Guards the splits: every event on one side exactly, exact sizes, and a seed that means the same for
//! ever.

mod toy;

use foldin::data::{Event, Interactions};
use foldin::evaluate::{Split, SplitError};
use proptest::prelude::*;

/// Events (user, item, moment); the value is the item's index.
fn timed(n_users: u32, n_items: u32, rows: &[(u32, u32, i64)]) -> Interactions {
    let times: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let rows: Vec<_> = rows.iter().map(|row| (row.0, row.1, row.1 as f32)).collect();
    toy::events(n_users, n_items, &rows, Some(&times))
}

/// Users 0 to 5 with 10 items each, nobody at the same moment.
fn sixty() -> Interactions {
    let rows: Vec<_> = (0..60).map(|n| (n / 10, n % 10, i64::from(n * 7 % 60))).collect();
    timed(6, 12, &rows)
}

fn pairs(data: &Interactions) -> Vec<(u32, u32)> {
    data.events().map(|event| (event.user.get(), event.item.get())).collect()
}

/// Both parts together are the whole, and number users and items as it does.
fn assert_parts(whole: &Interactions, split: &Split) {
    let mut both: Vec<Event> = split.train.events().chain(split.test.events()).collect();
    both.sort_by_key(|event| (event.user, event.item));
    assert_eq!(both, whole.events().collect::<Vec<_>>());
    for part in [&split.train, &split.test] {
        assert_eq!((part.n_users(), part.n_items()), (whole.n_users(), whole.n_items()));
    }
}

#[test]
fn the_draws_of_a_seed_never_change() {
    let data = sixty();
    let random = Split::random(&data, 0.1, 42).unwrap();
    assert_eq!(pairs(&random.test), RANDOM);
    let folds: Vec<_> = Split::folds(&data, 10, 42).unwrap().collect();
    assert_eq!(pairs(&folds[0].test), FOLD);
    let per_user = Split::random_per_user(&data, 0.1, 42).unwrap();
    assert_eq!(pairs(&per_user.test), PER_USER);
    assert_ne!(pairs(&Split::random(&data, 0.1, 43).unwrap().test), RANDOM);
}

// Computed by another implementation of Xoshiro256++, SplitMix64 and the draws described in `Split`.
const RANDOM: [(u32, u32); 6] = [(1, 3), (1, 7), (3, 0), (4, 4), (5, 5), (5, 7)];
const FOLD: [(u32, u32); 6] = [(0, 3), (1, 5), (2, 0), (2, 7), (3, 6), (5, 1)];
const PER_USER: [(u32, u32); 6] = [(0, 6), (1, 3), (2, 5), (3, 0), (4, 4), (5, 5)];

#[test]
fn folds_hold_out_each_event_once() {
    let data = sixty();
    let folds = Split::folds(&data, 7, 1).unwrap();
    assert_eq!(folds.len(), 7);
    let mut tested = Vec::new();
    for split in folds {
        assert_parts(&data, &split);
        assert!((8..=9).contains(&split.test.len()), "60 = 4 folds of 9 and 3 of 8");
        tested.extend(pairs(&split.test));
    }
    tested.sort_unstable();
    assert_eq!(tested, pairs(&data));
}

#[test]
fn leave_last_takes_the_latest_and_of_one_moment_the_larger_item() {
    let data = timed(
        4,
        5,
        &[
            (0, 0, 30),
            (0, 1, 10),
            (0, 4, 20),
            (1, 3, 7),
            (1, 1, 7),
            (1, 2, 7),
            (2, 2, 5),
            (3, 0, 9),
            (3, 1, 2),
        ],
    );
    let last = Split::leave_last(&data, 1).unwrap();
    assert_parts(&data, &last);
    assert_eq!(pairs(&last.test), [(0, 0), (1, 3), (3, 0)], "user 2 keeps the only event");
    let two = Split::leave_last(&data, 2).unwrap();
    assert_eq!(pairs(&two.test), [(0, 0), (0, 4), (1, 2), (1, 3), (3, 0)]);
    let most = Split::leave_last(&data, usize::MAX).unwrap();
    assert_eq!(pairs(&most.train), [(0, 1), (1, 1), (2, 2), (3, 1)], "each user keeps one");
}

#[test]
fn a_moment_is_never_parted() {
    let data = timed(2, 4, &[(0, 0, 1), (0, 1, 2), (0, 2, 5), (1, 0, 5), (1, 1, 5), (1, 2, 9), (1, 3, -4)]);
    let two = Split::latest(&data, 0.28).unwrap();
    assert_parts(&data, &two);
    assert_eq!(two.test.len(), 4, "2 of 7 were asked for; the cut falls on a moment of 3");
    assert_eq!(Split::latest(&data, 0.15).unwrap().test.len(), 1);
    assert_eq!(Split::since(&data, 5).unwrap(), two);
    assert_eq!(Split::since(&data, 3).unwrap(), two);
    assert_eq!(Split::since(&data, 10), Err(SplitError::EmptyPart { part: "test" }));
    assert_eq!(Split::since(&data, i64::MIN), Err(SplitError::EmptyPart { part: "train" }));
}

#[test]
fn what_cannot_be_parted_is_an_error() {
    let data = sixty();
    for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        assert!(matches!(Split::random(&data, fraction, 0), Err(SplitError::Param(_))), "{fraction}");
        assert!(matches!(Split::latest(&data, fraction), Err(SplitError::Param(_))), "{fraction}");
        assert!(matches!(Split::random_per_user(&data, fraction, 0), Err(SplitError::Param(_))));
    }
    for k in [0, 1, 61, usize::MAX] {
        assert!(matches!(Split::folds(&data, k, 0), Err(SplitError::Param(_))), "{k}");
    }
    assert_eq!(Split::folds(&data, 60, 0).unwrap().count(), 60);
    assert_eq!(Split::random(&data, 0.001, 0), Err(SplitError::EmptyPart { part: "test" }));
    assert_eq!(Split::random(&data, 0.999, 0), Err(SplitError::EmptyPart { part: "train" }));
    assert_eq!(Split::latest(&data, 0.001), Err(SplitError::EmptyPart { part: "test" }));
    assert!(matches!(Split::leave_last(&data, 0), Err(SplitError::Param(_))));
    let timeless = toy::events(1, 2, &[(0, 0, 1.0), (0, 1, 1.0)], None);
    assert_eq!(Split::leave_last(&timeless, 1), Err(SplitError::NoTimes));
    assert_eq!(Split::latest(&timeless, 0.5), Err(SplitError::NoTimes));
    assert_eq!(Split::since(&timeless, 5), Err(SplitError::NoTimes));
    let lonely = timed(2, 1, &[(0, 0, 1), (1, 0, 1)]);
    assert_eq!(Split::leave_last(&lonely, 1), Err(SplitError::EmptyPart { part: "test" }));
    let nothing = toy::events(3, 3, &[], None);
    assert_eq!(Split::random(&nothing, 0.5, 0), Err(SplitError::EmptyPart { part: "train" }));
    assert_eq!(Split::leave_last(&nothing, 1), Err(SplitError::NoTimes));
    assert!(matches!(Split::folds(&nothing, 2, 0), Err(SplitError::Param(_))));
}

#[test]
fn fixed_parts_must_share_their_numbering() {
    let (a, b) = (toy::events(2, 2, &[(0, 0, 1.0)], None), toy::events(2, 2, &[(1, 0, 1.0)], None));
    assert_eq!(Split::fixed(a.clone(), b.clone()).unwrap(), Split { train: a.clone(), test: b });
    let other = toy::events(2, 3, &[(1, 0, 1.0)], None);
    let shape = SplitError::Shape { train_users: 2, train_items: 2, test_users: 2, test_items: 3 };
    assert_eq!(Split::fixed(a.clone(), other), Err(shape));
    let empty = toy::events(2, 2, &[], None);
    assert_eq!(Split::fixed(a, empty), Err(SplitError::EmptyPart { part: "test" }));
}

proptest! {
    #[test]
    fn every_split_parts_the_whole(
        cells in prop::collection::btree_map((0..8_u32, 0..9_u32), 0..20_i64, 2..60),
        fraction in 0.01..0.99,
        n in 1..6_usize,
        seed: u64,
    ) {
        let rows: Vec<_> = cells.iter().map(|(&(user, item), &time)| (user, item, time)).collect();
        let data = timed(8, 9, &rows);
        let splits = [
            Split::random(&data, fraction, seed),
            Split::random_per_user(&data, fraction, seed),
            Split::leave_last(&data, n),
            Split::latest(&data, fraction),
        ];
        for split in splits {
            match split {
                Ok(split) => assert_parts(&data, &split),
                Err(error) => prop_assert!(matches!(error, SplitError::EmptyPart { .. }), "{}", error),
            }
        }
        for split in Split::folds(&data, 2, seed).unwrap() {
            assert_parts(&data, &split);
        }
        if let Ok(split) = Split::random(&data, fraction, seed) {
            prop_assert_eq!(split.test.len(), (fraction * data.len() as f64).round() as usize);
        }
        if let Ok(split) = Split::leave_last(&data, n) {
            for (user, history) in data.users() {
                let left = split.train.user(user).unwrap().len();
                prop_assert_eq!(left, history.len().saturating_sub(n).max(history.len().min(1)));
            }
        }
    }
}
