//! Guards what a model that lives promises: rows that are those of folding in, the same bits however it is run, all or
//! nothing, and nothing left of those who ask to be forgotten.

mod persist_toy;

use foldin::data::{Change, Event, History, Ids, Interactions, ItemIx, UserIx};
use foldin::implicit::{Confidence, Ials, IalsParams, Objective};
use foldin::kernel::Stream;
use foldin::live::Learner;
use foldin::model::{
    Explain, Fit, FitContext, FitFrom, Profile, Query, QueryError, Resolve, Score, Update, UpdateError,
};
use foldin::persist::{Archive, Persist, Saved, SectionReader, from_bytes, model_from_bytes, model_to_bytes};
use foldin::rating::{BayesianMfParams, BiasedMfParams, Likelihood};
use foldin::retrieve::{Scanner, ScoreExt, TopN};
use persist_toy::bytes::{put, row_named, seal, section};
use proptest::prelude::*;

const USERS: u32 = 60;
const ITEMS: u32 = 40;

fn event(user: u32, item: u32, value: f32) -> Event {
    Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: None }
}

/// Three tastes; values from 1 to 5.
fn data() -> Interactions {
    let mut events = Vec::new();
    for user in 0..USERS {
        let mut normal = Stream { seed: 3, epoch: 0, side: 0, row: u64::from(user) }.normal();
        for item in 0..ITEMS {
            let draw = normal.draw().abs() as f32;
            if draw > if user % 3 == item % 3 { 0.7 } else { 1.9 } {
                events.push(event(user, item, (draw * 1.5).round().clamp(1.0, 5.0)));
            }
        }
    }
    Interactions::from_events(USERS, ITEMS, &events).unwrap()
}

/// What happens in a few days: newcomers, news, second thoughts, farewells.
fn days() -> Vec<Vec<Change>> {
    let gone = |user, item| Change::Remove { user: UserIx::new(user), item: ItemIx::new(item) };
    let known = |user| data().user(UserIx::new(user)).unwrap().ids[0].get();
    vec![
        vec![Change::Replace(event(3, 1, 4.0)), Change::Replace(event(4, 1, 2.0)), gone(7, known(7))],
        vec![
            Change::Add(event(USERS, 0, 5.0)),
            Change::Add(event(USERS, 3, 4.0)),
            Change::Add(event(USERS, ITEMS, 5.0)),
            Change::Replace(event(6, ITEMS, 5.0)),
            Change::Add(event(USERS + 1, ITEMS, 1.0)),
        ],
        vec![Change::RemoveUser { user: UserIx::new(9) }, Change::RemoveItem { item: ItemIx::new(5) }],
        vec![
            Change::Add(event(9, 2, 3.0)),
            Change::Add(event(9, 5, 3.0)),
            Change::Replace(event(10, 5, 2.0)),
        ],
        vec![Change::RemoveUser { user: UserIx::new(USERS) }],
    ]
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn asked<M: Score>(model: &M, query: &Query<'_>) -> Profile {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    profile
}

fn learner<P: Fit<Model: Update>>(params: &P) -> Learner<P::Model> {
    let fitted = params.fit_with(&data(), &mut FitContext::new().threads(1)).unwrap();
    Learner::new(fitted.model, data()).unwrap().threads(1)
}

fn bytes<M: Update + Persist>(learner: &Learner<M>) -> Vec<u8> {
    model_to_bytes(learner).unwrap()
}

/// How near a row is to folding its history in.
#[derive(Clone, Copy)]
enum Near {
    /// To the bit.
    Same,
    /// It is a draw from the same posterior: their scores are so far apart.
    Drawn(f32),
}

fn scores<M: Score>(model: &M, profile: &Profile) -> Vec<f32> {
    let mut scores = vec![f32::NAN; model.n_items() as usize];
    model.score_block(profile, ItemIx::new(0), &mut scores);
    scores
}

/// The root of the mean square of the differences.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    let squares: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / a.len() as f32).sqrt()
}

fn is_near<M: Score>(model: &M, near: Near, row: &Query<'_>, folded: &Query<'_>) {
    let (trained, folded) = (asked(model, row), asked(model, folded));
    assert_eq!(trained.basis, folded.basis, "{row:?}");
    match near {
        Near::Same => {
            assert_eq!(bits(&trained.dense), bits(&folded.dense), "{row:?}");
            assert_eq!(trained.offset.to_bits(), folded.offset.to_bits(), "{row:?}");
        }
        Near::Drawn(most) => {
            let apart = apart(&scores(model, &trained), &scores(model, &folded));
            assert!(apart < most, "{row:?}: scores are {apart} apart");
        }
    }
}

fn is_folded_in<M: Update>(learner: &Learner<M>, user: UserIx, near: Near) {
    let history = learner.histories().user(user).unwrap();
    is_near(learner.model(), near, &Query::user(user), &Query::user(user).with_history(history));
    assert_eq!(learner.seen(user), history.ids);
}

fn updated_users_are_folded_in<P: Fit<Model: Update>>(params: &P, near: Near) {
    for resolve in [Resolve::Users, Resolve::Touched, Resolve::Neighbours] {
        let mut learner = learner(params).resolve(resolve);
        let mut twin = foldin::data::Histories::from(data());
        for day in days() {
            let report = learner.apply(&day).unwrap();
            let touched = twin.apply(&day).unwrap();
            assert_eq!(learner.histories(), &twin);
            touched.users.iter().for_each(|&user| is_folded_in(&learner, user, near));
            assert_eq!((learner.n_users(), learner.n_items()), (twin.n_users(), twin.n_items()));
            assert_eq!((report.new_users, report.new_items), (touched.new_users, touched.new_items));
            assert!(report.users >= touched.users.len());
            assert!(resolve == Resolve::Users || report.items == touched.items.len());
            if resolve == Resolve::Neighbours {
                let audience = touched.items.iter().flat_map(|&item| twin.item(item).unwrap().ids);
                audience.for_each(|&user| is_folded_in(&learner, user, near));
            }
            for user in (0..twin.n_users()).map(UserIx::new) {
                let scores = scores(learner.model(), &asked(&learner, &Query::user(user)));
                assert!(scores.iter().all(|score| score.is_finite()));
            }
        }
    }
}

fn any_number_of_threads_gives_the_same_bits<P: Fit<Model: Update + Persist>>(params: &P) {
    let run = |threads| {
        let mut learner = learner(params).threads(threads).resolve(Resolve::Neighbours);
        days().iter().for_each(|day| _ = learner.apply(day).unwrap());
        bytes(&learner)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(one == run(threads), "{threads} threads");
    }
}

fn copies_follow_by_patches<P: Fit<Model: Update + Persist>>(params: &P) {
    let mut learner = learner(params);
    let mut copy = learner.model().clone();
    for day in days() {
        let before = model_to_bytes(learner.model()).unwrap();
        let applied = learner.apply_with_patch(&day).unwrap();
        copy.install(&applied.patch);
        let after = model_to_bytes(learner.model()).unwrap();
        assert!(after == model_to_bytes(&copy).unwrap() && after != before);
        let anyone = |model: &P::Model| asked(model, &Query::anyone());
        assert_eq!(anyone(learner.model()), anyone(&copy));
        assert!(P::Model::patched_items(&applied.patch).len() == applied.report.items);
    }
}

fn what_is_taken_back_has_never_been<P: Fit<Model: Update + Persist>>(params: &P) {
    let (mut learner, mut twin) = (learner(params), learner(params));
    for day in days() {
        for other in days().iter().rev() {
            let before = bytes(&learner);
            if let Ok(applied) = learner.apply_with_patch(other) {
                assert!(before != bytes(&learner));
                learner.take_back(applied);
            }
            assert!(before == bytes(&learner));
        }
        let (report, expected) = (learner.apply(&day).unwrap(), twin.apply(&day).unwrap());
        assert!(bytes(&learner) == bytes(&twin));
        assert_eq!(report.staleness, expected.staleness);
    }
}

fn a_file_is_the_learner_and_the_model<P: Fit<Model: Update + Persist + PartialEq + std::fmt::Debug>>(
    params: &P,
) {
    let mut learner = learner(params);
    days()[..3].iter().for_each(|day| _ = learner.apply(day).unwrap());
    let bytes = bytes(&learner);
    assert_eq!(&model_from_bytes::<P::Model>(&bytes).unwrap(), learner.model());
    let mut loaded: Learner<P::Model> = model_from_bytes(&bytes).unwrap();
    assert_eq!((loaded.model(), loaded.histories()), (learner.model(), learner.histories()));
    assert_eq!(loaded.staleness().changes, learner.staleness().changes);
    // It goes on where it was, but for rounding.
    for day in &days()[3..] {
        loaded.apply(day).unwrap();
        learner.apply(day).unwrap();
        for user in (0..learner.n_users()).map(UserIx::new) {
            let (found, expected) = (asked(&loaded, &Query::user(user)), asked(&learner, &Query::user(user)));
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 2e-3;
            assert!(found.dense.iter().zip(&expected.dense).all(near), "{user}: {found:?} {expected:?}");
        }
    }
    // A model's own file is no learner's.
    let alone = model_to_bytes(learner.model()).unwrap();
    assert!(model_from_bytes::<Learner<P::Model>>(&alone).is_err());
}

/// Numbers that stand nowhere else.
fn has(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn whoever_is_removed_leaves_no_trace<P: Fit<Model: Update + Persist + std::fmt::Debug>>(
    params: &P,
    near: Near,
) {
    let (time, value, secret) = (0x0123_4567_89ab_cdef_i64, 4.8125_f32, "Mallory who wants to go");
    let timed: Vec<Event> = data().events().map(|event| Event { time: Some(5), ..event }).collect();
    let timed = Interactions::from_events(USERS, ITEMS, &timed).unwrap();
    let mut learner = Learner::new(params.fit(&data()).unwrap(), timed).unwrap();
    let mut ids: Ids<String, u64> = Ids::default();
    (0..USERS).for_each(|user| _ = ids.users.insert(format!("user {user}")).unwrap());
    (0..ITEMS).for_each(|item| _ = ids.items.insert(u64::from(item)).unwrap());
    let (user, items) = (UserIx::new(USERS), [1, 2, 7, 30].map(ItemIx::new));
    assert_eq!(ids.users.insert(secret.into()), Ok(USERS));
    let add = |item| Change::Add(Event { user, item, value, time: Some(time) });
    learner.apply(&items.map(add)).unwrap();
    // The user is the last, so the last number of the section is one of theirs.
    let file = model_to_bytes(&learner).unwrap();
    let sections = SectionReader::new(&file).unwrap();
    let rows: Vec<f32> = sections.values("users", &[sections.count("users").unwrap()]).unwrap();
    let told = *rows.last().unwrap();
    assert!(told != 0.0);
    let texts = [time.to_string(), format!("{value:?}"), secret.into(), format!("{told:?}")];
    let looks = |learner: &Learner<P::Model>, ids: &Ids<String, u64>| {
        let file = Archive::of(learner).with_ids(ids).unwrap().to_bytes().unwrap();
        let memory = format!("{:?} {:?} {:?}", learner.histories(), learner.model(), ids);
        let (time, value, told) = (time.to_le_bytes(), value.to_le_bytes(), told.to_le_bytes());
        let in_file = [&time[..], &value, secret.as_bytes(), &told].map(|x| has(&file, x));
        let in_memory = texts.each_ref();
        (in_file, in_memory.map(|x| has(memory.as_bytes(), x.as_bytes())))
    };
    assert_eq!(looks(&learner, &ids), ([true; 4], [true; 4]));
    // They move about before they go.
    learner.apply(&[Change::Remove { user, item: items[1] }]).unwrap();
    learner.apply(&[add(items[1])]).unwrap();
    learner.apply(&[Change::RemoveUser { user }]).unwrap();
    assert_eq!(ids.users.remove(secret), Some(USERS));
    assert_eq!(looks(&learner, &ids), ([false; 4], [false; 4]));
    let file = Archive::of(&learner).with_ids(&ids).unwrap().to_bytes().unwrap();
    let saved: Saved<Learner<P::Model>, String, u64> = from_bytes(&file).unwrap();
    assert_eq!(saved.ids, ids);
    assert_eq!(saved.ids.users.vacant().collect::<Vec<_>>(), [USERS]);
    assert!(learner.seen(user).is_empty());
    is_near(&learner, near, &Query::user(user), &Query::history(History::default()));
}

/// Whoever comes to the index of somebody who went in the same batch is no other than who comes to a new one.
fn an_index_says_nothing_of_who_had_it<P: Fit<Model: Update>>(params: &P, near: Near) {
    let (gone, next) = (UserIx::new(9), UserIx::new(USERS));
    let came = |user: UserIx| {
        let mut learner = learner(params);
        let add = |item| Change::Add(event(user.get(), item, 5.0));
        learner.apply(&[Change::RemoveUser { user: gone }, add(2), add(ITEMS)]).unwrap();
        learner
    };
    let (same, other) = (came(gone), came(next));
    let scores =
        |learner: &Learner<P::Model>, user| scores(learner.model(), &asked(learner, &Query::user(user)));
    let apart = apart(&scores(&same, gone), &scores(&other, next));
    let most = if let Near::Drawn(most) = near { most } else { 1e-3 };
    assert!(apart < most, "scores are {apart} apart");
}

fn refitting_starts_the_count_anew<P: FitFrom<Model: Update>>(params: &P, near: Near) {
    let mut learner = learner(params);
    days().iter().for_each(|day| _ = learner.apply(day).unwrap());
    let stale = learner.staleness();
    assert!(stale.changes > 10 && stale.share > 0.0 && stale.users > 0 && stale.items > 0, "{stale:?}");
    let report = learner.refit(params, &mut FitContext::new().threads(1)).unwrap();
    assert!(!report.curve.is_empty());
    assert_eq!(learner.staleness(), foldin::model::Staleness::default());
    for user in (0..learner.n_users()).map(UserIx::new) {
        is_folded_in(&learner, user, near);
    }
    learner.apply(&[Change::Replace(event(0, 0, 1.0))]).unwrap();
}

macro_rules! lives {
    ($name:ident, $params:expr) => {
        lives!($name, $params, Near::Same);
    };
    ($name:ident, $params:expr, $near:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn updated_users_are_folded_in() {
                super::updated_users_are_folded_in(&$params, $near);
            }

            #[test]
            fn any_number_of_threads_gives_the_same_bits() {
                super::any_number_of_threads_gives_the_same_bits(&$params);
            }

            #[test]
            fn copies_follow_by_patches() {
                super::copies_follow_by_patches(&$params);
            }

            #[test]
            fn what_is_taken_back_has_never_been() {
                super::what_is_taken_back_has_never_been(&$params);
            }

            #[test]
            fn a_file_is_the_learner_and_the_model() {
                super::a_file_is_the_learner_and_the_model(&$params);
            }

            #[test]
            fn whoever_is_removed_leaves_no_trace() {
                super::whoever_is_removed_leaves_no_trace(&$params, $near);
            }

            #[test]
            fn an_index_says_nothing_of_who_had_it() {
                super::an_index_says_nothing_of_who_had_it(&$params, $near);
            }

            #[test]
            fn refitting_starts_the_count_anew() {
                super::refitting_starts_the_count_anew(&$params, $near);
            }
        }
    };
}

lives!(ials, IalsParams::new().factors(6).epochs(4));
lives!(
    ials_with_everything,
    IalsParams::new()
        .factors(9)
        .epochs(4)
        .objective(Objective::HuKoren)
        .confidence(Confidence::Logarithmic { alpha: 2.0, epsilon: 1.0 })
        .activity_exponent(0.4)
        .popularity_discount(0.3)
);

lives!(biased_mf, BiasedMfParams::new().factors(3).epochs(4));
lives!(biased_mf_wide, BiasedMfParams::new().factors(20).epochs(3).regularization(1.5).noise_prior(20.0));

lives!(bayesian_mf, few_samples(), Near::Drawn(0.5));
lives!(
    bayesian_mf_of_numbers,
    few_samples().likelihood(Likelihood::Gaussian).user_sets(false),
    Near::Drawn(0.5)
);

/// Few enough for a test.
fn few_samples() -> BayesianMfParams {
    BayesianMfParams::new().factors(3).burn_in(10).samples(40).kept(20)
}

/// A batch that holds one bad change, or a row that cannot be solved, changes nothing.
#[test]
fn a_batch_is_made_whole_or_not_at_all() {
    let params = IalsParams::new().factors(5).epochs(3).confidence(Confidence::Linear { alpha: 10.0 });
    let mut learner = learner(&params);
    let fine = [Change::Add(event(USERS, ITEMS, 1.0)), Change::RemoveItem { item: ItemIx::new(0) }];
    for bad in [Change::Add(event(0, ITEMS + 2, 1.0)), Change::Replace(event(2, 2, f32::MAX))] {
        let before = bytes(&learner);
        let error = learner.apply(&[&fine[..], &[bad]].concat()).unwrap_err();
        assert!(matches!(error, UpdateError::Change(_) | UpdateError::Unsolvable { .. }), "{error}");
        assert!(before == bytes(&learner));
    }
    let mut twin = self::learner(&params);
    learner.apply(&fine).unwrap();
    twin.apply(&fine).unwrap();
    assert!(bytes(&learner) == bytes(&twin));
}

#[test]
fn a_learner_wants_the_events_of_its_model() {
    let model = IalsParams::new().factors(2).epochs(1).fit(&data()).unwrap();
    let less = Interactions::from_events(USERS, ITEMS, &data().events().skip(1).collect::<Vec<_>>()).unwrap();
    let mut other: Vec<Event> = data().events().collect();
    let free = (0..ITEMS).map(ItemIx::new).find(|&item| data().get(UserIx::new(0), item).is_none()).unwrap();
    other[0].item = free;
    let other = Interactions::from_events(USERS, ITEMS, &other).unwrap();
    for (data, what) in [(less, "events"), (other, "users with the same history")] {
        let found = Learner::new(model.clone(), data).err().unwrap();
        assert!(matches!(found, UpdateError::Mismatch { what: found, .. } if found == what), "{found}");
    }
    let larger = Interactions::from_events(USERS + 1, ITEMS, &data().events().collect::<Vec<_>>()).unwrap();
    let found = Learner::new(model, larger).err().unwrap();
    assert!(matches!(found, UpdateError::Mismatch { what: "users", .. }), "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever happens, the model has as many rows as there are, has seen what they say, and its users are folded in.
    #[test]
    fn any_changes_leave_a_sound_model(
        batches in prop::collection::vec(prop::collection::vec((0..5u8, 0..USERS + 4, 0..ITEMS + 4), 1..12), 1..6),
    ) {
        let mut learner = learner(&IalsParams::new().factors(3).epochs(2));
        for batch in batches {
            let change = |&(kind, user, item): &(u8, u32, u32)| match kind {
                0 | 1 => Change::Add(event(user, item, 2.0)),
                2 => Change::Replace(event(user, item, 3.0)),
                3 => Change::RemoveUser { user: UserIx::new(user) },
                _ => Change::RemoveItem { item: ItemIx::new(item) },
            };
            for batch in batch.iter().map(change) {
                let before = learner.histories().clone();
                match learner.apply(&[batch]) {
                    Err(_) => prop_assert_eq!(&before, learner.histories()),
                    Ok(_) => {
                        let histories = learner.histories();
                        prop_assert_eq!(learner.n_users(), histories.n_users());
                        prop_assert_eq!(learner.n_items(), histories.n_items());
                        for user in (0..histories.n_users()).map(UserIx::new) {
                            prop_assert_eq!(learner.seen(user), histories.user(user).unwrap().ids);
                        }
                    }
                }
            }
            let plain: Ials = model_from_bytes(&bytes(&learner)).unwrap();
            prop_assert_eq!(&plain, learner.model());
        }
    }
}

fn what_was_removed_is_in_no_list<P: Fit<Model: Update>>(params: &P) {
    let mut learner = learner(params);
    let mut gone = 0;
    for day in days() {
        learner.apply(&day).unwrap();
        let vacant: Vec<ItemIx> = learner.histories().vacant_items().collect();
        gone = gone.max(vacant.len());
        let scanner = Scanner::new(&learner).unwrap();
        let (one, all) = (TopN::new(1), TopN::new(2 * ITEMS as usize).include_seen());
        for user in (0..learner.n_users()).map(UserIx::new) {
            for request in [one, all] {
                let query = Query::user(user);
                let expected = learner.model().top_n(&query, &request.deny(&vacant)).unwrap();
                assert_eq!(learner.top_n(&query, &request).unwrap(), expected);
                assert_eq!(scanner.top_n(&query, &request).unwrap(), expected);
                let lists = learner.top_n_batch(&[user], &request, 1).unwrap();
                assert_eq!(lists, [expected]);
            }
        }
    }
    assert!(gone > 0);
}

#[test]
fn what_was_removed_is_in_no_list_of_a_learner() {
    what_was_removed_is_in_no_list(&IalsParams::new().factors(5).epochs(3));
    what_was_removed_is_in_no_list(&BiasedMfParams::new().factors(4).epochs(3));
}

fn a_learner_explains_from_its_own_events<P: Fit<Model: Update + Explain>>(params: &P) {
    let mut learner = learner(params);
    for day in days() {
        learner.apply(&day).unwrap();
        let items: Vec<ItemIx> = (0..learner.n_items()).map(ItemIx::new).collect();
        for user in (0..learner.n_users()).map(UserIx::new) {
            let query = Query::user(user);
            let history = learner.histories().user(user).unwrap();
            let expected = learner.model().explain_many(&query.with_history(history), &items).unwrap();
            assert_eq!(learner.explain_many(&query, &items).unwrap(), expected);
            // Events that come with the question go before those kept.
            let other = learner.histories().user(UserIx::new(1)).unwrap();
            let told = Query::user(user).with_history(other);
            let expected = learner.model().explain(&told, items[3]).unwrap();
            assert_eq!(learner.explain(&told, items[3]).unwrap(), expected);
        }
        // Who was touched last is explained as they are.
        let (user, item) = (UserIx::new(3), ItemIx::new(2));
        let why = learner.explain(&Query::user(user), item).unwrap();
        let sum: f32 = why.reasons.iter().map(|reason| reason.contribution).sum();
        assert!((why.base + sum - why.score).abs() < 1e-3 * (1.0 + why.score.abs()));
        assert_eq!(why.reasons.len(), learner.histories().user(user).unwrap().len());
    }
    let beyond = UserIx::new(learner.n_users());
    let unknown = learner.explain(&Query::user(beyond), ItemIx::new(0)).unwrap_err();
    assert!(matches!(unknown, QueryError::UnknownUser { .. }), "{unknown}");
}

#[test]
fn a_user_of_a_learner_is_explained_from_its_own_events() {
    a_learner_explains_from_its_own_events(&IalsParams::new().factors(5).epochs(3));
    a_learner_explains_from_its_own_events(&BiasedMfParams::new().factors(4).epochs(3));
}

/// A file that was made up may say that there have been as many as can be.
#[test]
fn changes_beyond_all_counting_are_counted_no_further() {
    let mut file = bytes(&learner(&IalsParams::new().factors(2).epochs(1)));
    let place = section(&file, row_named(&file, "events.changes")).unwrap().start;
    put(&mut file, place, 8, u64::MAX);
    seal(&mut file);
    let mut learner: Learner<Ials> = model_from_bytes(&file).unwrap();
    let applied = learner.apply_with_patch(&days()[0]).unwrap();
    assert_eq!(learner.staleness().changes, u64::MAX);
    learner.take_back(applied);
    assert!(file == bytes(&learner));
}
