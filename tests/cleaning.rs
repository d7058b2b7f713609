//! Every record is accounted for: the builder against a naive twin that keeps everything in maps.

use std::collections::{BTreeMap, BTreeSet};

use foldin::data::{
    Columns, DataError, Dataset, Duplicates, Interactions, InteractionsBuilder, ItemIx, Reason, Record,
    Source, Times, UserIx,
};
use proptest::prelude::*;

type Raw = (u8, u8, f32, Option<i64>);

fn record((user, item, value, time): Raw) -> Record<u8, u8> {
    Record { user, item, value, time }
}

#[derive(Clone, Debug)]
struct Case {
    sources: Vec<(f32, bool, Vec<Raw>)>,
    duplicates: Duplicates,
    range: Option<(f32, f32)>,
    min: (usize, usize),
    half_life: Option<f64>,
}

fn cases() -> impl Strategy<Value = Case> {
    let value = prop_oneof![8 => (-20i32..20).prop_map(|n| n as f32 / 4.0), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)];
    let timed: BoxedStrategy<bool> = any::<bool>().boxed();
    timed.prop_flat_map(move |timed| {
        let time = if timed { (0i64..40).prop_map(Some).boxed() } else { prop::option::of(0i64..40).boxed() };
        let raw = (0u8..12, 0u8..12, value.clone(), time);
        let source = (
            prop::sample::select(vec![1.0f32, 0.5, -2.0]),
            prop::bool::weighted(0.2),
            prop::collection::vec(raw, 0..80),
        );
        (
            prop::collection::vec(source, 0..4),
            prop::sample::select(vec![Duplicates::Last, Duplicates::Sum, Duplicates::Mean, Duplicates::Max]),
            prop::option::of(Just((-4.0f32, 4.0f32))),
            (0usize..5, 0usize..5),
            if timed { prop::option::of(1.0f64..50.0).boxed() } else { Just(None).boxed() },
        )
            .prop_map(|(sources, duplicates, range, min, half_life)| Case {
                sources,
                duplicates,
                range,
                min,
                half_life,
            })
    })
}

type Events = BTreeMap<(u8, u8), (f32, Option<i64>)>;

/// What the builder should give, the slow way.
struct Twin {
    trained: Events,
    held_out: Events,
    dropped: u64,
    merged: u64,
    below: u64,
}

fn twin(case: &Case) -> Twin {
    let mut kept: [Vec<Raw>; 2] = Default::default();
    let mut dropped = 0;
    for (weight, held_out, records) in &case.sources {
        for &(user, item, value, time) in records {
            let (low, high) = case.range.unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
            if !value.is_finite() || value < low || value > high {
                dropped += 1;
            } else {
                kept[usize::from(*held_out)].push((user, item, value * weight, time));
            }
        }
    }
    if let Some(half_life) = case.half_life {
        let latest = kept[0].iter().filter_map(|raw| raw.3).max().unwrap_or(0);
        for raw in &mut kept[0] {
            let age = (latest - raw.3.unwrap()) as f64;
            raw.2 = (f64::from(raw.2) * (-age / half_life).exp2()) as f32;
        }
    }
    let records = kept[0].len() + kept[1].len();
    let [mut trained, mut held_out] = kept.map(|raws| merge(&raws, case.duplicates));
    let events = trained.len() + held_out.len();
    loop {
        let before = trained.len();
        let users = counts(&trained, |pair| pair.0);
        let items = counts(&trained, |pair| pair.1);
        trained.retain(|pair, _| users[&pair.0] >= case.min.0 && items[&pair.1] >= case.min.1);
        if trained.len() == before {
            break;
        }
    }
    let (users, items) = (counts(&trained, |pair| pair.0), counts(&trained, |pair| pair.1));
    let stays = |counts: &BTreeMap<u8, usize>, id: u8, min| counts.get(&id).copied().unwrap_or(0) >= min;
    held_out.retain(|pair, _| stays(&users, pair.0, case.min.0) && stays(&items, pair.1, case.min.1));
    let below = events - trained.len() - held_out.len();
    Twin { trained, held_out, dropped, merged: (records - events) as u64, below: below as u64 }
}

fn counts(events: &Events, of: impl Fn(&(u8, u8)) -> u8) -> BTreeMap<u8, usize> {
    let mut counts = BTreeMap::new();
    events.keys().for_each(|pair| *counts.entry(of(pair)).or_default() += 1);
    counts
}

fn merge(raws: &[Raw], duplicates: Duplicates) -> Events {
    let timed = raws.iter().all(|raw| raw.3.is_some());
    let mut groups: BTreeMap<(u8, u8), Vec<Raw>> = BTreeMap::new();
    raws.iter().for_each(|&raw| groups.entry((raw.0, raw.1)).or_default().push(raw));
    let event = |group: Vec<Raw>| {
        let mut last = group[0];
        for &raw in &group {
            // No time is earlier than any.
            if raw.3 >= last.3 {
                last = raw;
            }
        }
        let sum: f64 = group.iter().map(|raw| f64::from(raw.2)).sum();
        let value = match duplicates {
            Duplicates::Sum => sum as f32,
            Duplicates::Mean => (sum / group.len() as f64) as f32,
            Duplicates::Max => group.iter().map(|raw| raw.2).fold(f32::MIN, f32::max),
            _ => last.2,
        };
        (value, last.3.filter(|_| timed))
    };
    groups.into_iter().map(|(pair, group)| (pair, event(group))).collect()
}

fn build(case: &Case) -> Dataset<u8, u8> {
    let mut builder = InteractionsBuilder::new()
        .duplicates(case.duplicates)
        .min_per_user(case.min.0)
        .min_per_item(case.min.1)
        .lenient();
    if let Some((low, high)) = case.range {
        builder = builder.rating_range(low, high);
    }
    if let Some(half_life) = case.half_life {
        builder = builder.half_life(half_life);
    }
    for (weight, held_out, records) in &case.sources {
        let source = Source::new("source").weight(*weight);
        let source = if *held_out { source.held_out() } else { source };
        builder = builder.add(source, records.iter().copied().map(record)).unwrap();
    }
    builder.build().unwrap()
}

fn events(set: &Dataset<u8, u8>, data: &Interactions) -> Events {
    let pair = |user, item| (*set.ids.user_id(user).unwrap(), *set.ids.item_id(item).unwrap());
    data.events().map(|event| (pair(event.user, event.item), (event.value, event.time))).collect()
}

/// Both directions hold the same events, each row sorted.
fn consistent(data: &Interactions) {
    let mut by_item = Vec::new();
    for (item, audience) in data.items() {
        assert!(audience.ids.is_sorted_by(|a, b| a < b));
        for at in 0..audience.len() {
            let time = audience.times.map(|times| times[at]);
            by_item.push((audience.ids[at], item, audience.values[at].to_bits(), time));
        }
    }
    by_item.sort();
    let by_user: Vec<_> = data.events().map(|e| (e.user, e.item, e.value.to_bits(), e.time)).collect();
    assert!(by_user.is_sorted());
    assert_eq!(by_user, by_item);
}

proptest! {
    #[test]
    fn the_naive_twin_agrees_and_every_record_is_accounted_for(case in cases()) {
        let (set, twin) = (build(&case), twin(&case));
        let report = &set.report;
        let records: usize = case.sources.iter().map(|source| source.2.len()).sum();
        prop_assert_eq!(report.records(), records as u64);
        let accounted =
            report.events + report.held_out + report.merged + report.below_minimum + report.dropped();
        prop_assert_eq!(accounted, report.records());
        prop_assert_eq!((report.dropped(), report.merged, report.below_minimum), (twin.dropped, twin.merged, twin.below));
        prop_assert_eq!(&events(&set, &set.interactions), &twin.trained);
        let held_out = set.held_out.as_ref().map_or_else(Events::new, |data| events(&set, data));
        prop_assert_eq!(&held_out, &twin.held_out);
        consistent(&set.interactions);
        // No id without an event, and none that has one left out.
        let pairs: Vec<_> = twin.trained.keys().chain(twin.held_out.keys()).collect();
        let users: BTreeSet<u8> = pairs.iter().map(|pair| pair.0).collect();
        let items: BTreeSet<u8> = pairs.iter().map(|pair| pair.1).collect();
        prop_assert_eq!(users, set.ids.users.keys().iter().copied().collect());
        prop_assert_eq!(items, set.ids.items.keys().iter().copied().collect());
        prop_assert_eq!(report.users as usize, set.ids.users.len());
    }

    /// Columns in any order give the same data as the same columns sorted.
    #[test]
    fn columns_in_any_order(pairs in prop::collection::btree_set((0u32..9, 0u32..9), 0..60), seed: u64, timed: bool) {
        let mut shuffled: Vec<(u32, u32)> = pairs.iter().copied().collect();
        shuffled.sort_by_key(|&(user, item)| (u64::from(user * 9 + item) + 1).wrapping_mul(seed | 1).rotate_left(17));
        let build = |pairs: &[(u32, u32)]| {
            let users: Vec<_> = pairs.iter().map(|pair| UserIx::new(pair.0)).collect();
            let items: Vec<_> = pairs.iter().map(|pair| ItemIx::new(pair.1)).collect();
            let values: Vec<_> = pairs.iter().map(|pair| (pair.0 * 10 + pair.1) as f32).collect();
            let times: Vec<_> = values.iter().map(|&value| value as i64).collect();
            let times = timed.then_some(&times[..]);
            Interactions::from_columns(9, 9, Columns { users: &users, items: &items, values: &values, times }).unwrap()
        };
        let data = build(&shuffled);
        consistent(&data);
        prop_assert_eq!(&data, &build(&pairs.into_iter().collect::<Vec<_>>()));
        prop_assert!(data.events().all(|e| e.value == (e.user.get() * 10 + e.item.get()) as f32));
    }
}

#[test]
fn duplicates_can_be_an_error_with_raw_ids() {
    let records = [("ann", "lamp", 1.0), ("bob", "lamp", 1.0), ("ann", "lamp", 2.0)];
    let builder = InteractionsBuilder::new().duplicates(Duplicates::Error);
    let error = builder.add("views", records).unwrap().build().unwrap_err();
    let (user, item) = ("\"ann\"".into(), "\"lamp\"".into());
    assert_eq!(error, DataError::DuplicateRecord { user, item });
}

#[test]
fn a_strict_builder_names_the_record() {
    let error = InteractionsBuilder::new().add("views", [(1, 1, 1.0), (1, 2, f32::NAN)]).unwrap_err();
    assert_eq!(error.to_string(), "views:2: value: found NaN, expected a finite number");
    let error = InteractionsBuilder::new().rating_range(1.0, 5.0).add("r", [(1, 1, 6.0)]).unwrap_err();
    let DataError::Record { fault, .. } = error else { panic!("{error}") };
    assert_eq!(fault.reason, Reason::OutOfRange);
    let error = InteractionsBuilder::new().add(Source::new("r").weight(1e30), [(1, 1, 1e30)]).unwrap_err();
    assert!(error.to_string().contains("weight"), "{error}");
}

#[test]
fn settings_are_checked() {
    let record = [(1, 1, 1.0)];
    let builder = InteractionsBuilder::<i32, i32>::new;
    for builder in [
        builder().half_life(0.0),
        builder().half_life(f64::NAN),
        builder().rating_range(5.0, 1.0),
        builder().rating_range(f32::NAN, 1.0),
    ] {
        assert!(matches!(builder.add("r", record), Err(DataError::Setting { .. })));
    }
    let heavy = Source::new("r").weight(f32::INFINITY);
    assert!(matches!(builder().add(heavy, record), Err(DataError::Setting { name: "weight", .. })));
    let untimed = builder().half_life(1.0).add("r", record).unwrap().build();
    assert_eq!(untimed.unwrap_err(), DataError::Untimed { untimed: 1 });
    let most = [(1, 1, f32::MAX), (1, 1, f32::MAX)];
    let sum = builder().duplicates(Duplicates::Sum).add("r", most).unwrap().build();
    assert!(matches!(sum, Err(DataError::Overflow { .. })));
}

#[test]
fn half_lives_from_a_reference_moment() {
    let records = [(1, 1, 8.0, 0), (1, 2, 8.0, 10), (1, 3, 8.0, 20), (1, 4, 8.0, 30)];
    let builder = InteractionsBuilder::new().half_life(10.0).reference_time(20);
    let set = builder.add("r", records).unwrap().build().unwrap();
    assert_eq!(set.interactions.user(UserIx::new(0)).unwrap().values, [2.0, 4.0, 8.0, 8.0]);
    // The ends of time are not beyond arithmetic.
    let records = [(1, 1, 8.0, i64::MIN), (1, 2, 8.0, i64::MAX)];
    let set = InteractionsBuilder::new().half_life(10.0).add("r", records).unwrap().build().unwrap();
    assert_eq!(set.interactions.user(UserIx::new(0)).unwrap().values, [0.0, 8.0]);
}

#[test]
fn times_that_some_records_lack_are_left_out_and_reported() {
    let records = [Record { user: 1, item: 1, value: 1.0, time: None }, (1, 2, 1.0, 5).into()];
    let set = InteractionsBuilder::new().add("r", records).unwrap().build().unwrap();
    assert!(!set.interactions.has_times());
    assert_eq!(set.report.times, Times::Partial { untimed: 1 });
    assert!(set.report.to_string().contains("times left out"), "{}", set.report);
}

#[test]
fn nothing_makes_an_empty_data_set() {
    let set = InteractionsBuilder::<u64, u64>::new().min_interactions(5).build().unwrap();
    assert!(set.interactions.is_empty());
    assert_eq!(set.interactions.mean(), None);
}

#[cfg(feature = "serde")]
#[test]
fn reports_ids_and_settings_go_through_serde() {
    let builder = InteractionsBuilder::new().lenient();
    let set = builder.add("r", [(1, 1, 1.0), (1, 2, f32::NAN)]).unwrap().build().unwrap();
    let text = serde_json::to_string(&set.report).unwrap();
    assert_eq!(serde_json::from_str::<foldin::data::CleaningReport>(&text).unwrap(), set.report);
    let text = serde_json::to_string(&set.ids).unwrap();
    assert_eq!(serde_json::from_str::<foldin::data::Ids<i32, i32>>(&text).unwrap(), set.ids);
    let settings = foldin::data::synthetic::Synthetic::tiny().seed(3);
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<foldin::data::synthetic::Synthetic>(&text).unwrap(), settings);
}
