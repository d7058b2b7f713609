//! Guards what a live model promises: readers see whole batches and exact lists, files bring back what was acknowledged
//! and nothing of who was removed, and a call that fails has changed nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use foldin::data::{Change, Event, IdMap, Ids, Interactions, ItemIx, UserIx};
use foldin::data::{Histories, Touched};
use foldin::implicit::{Ials, IalsParams};
use foldin::live::{Learner, Live, LiveError, Snapshot};
use foldin::model::{
    Explain, Fit, FitContext, FitFrom, PredictRating, Profile, Query, QueryError, Resolve, Score, Update,
    UpdateError, Updated,
};
use foldin::persist::{self, Archive, Checkpoint, EventLog, LogFault, Persist, model_to_bytes};
use foldin::rating::{BayesianMfParams, BiasedMf, BiasedMfParams};
use foldin::retrieve::{ScoreExt, TopN};

const USERS: u32 = 30;
const ITEMS: u32 = 40;

fn user(n: u32) -> String {
    format!("user <{n}>")
}

fn item(n: u32) -> u64 {
    u64::from(n) + 1_000_000_007
}

fn event(who: u32, what: u32, value: f32) -> Event<String, u64> {
    Event { user: user(who), item: item(what), value, time: None }
}

fn put(who: u32, what: u32) -> Change<String, u64> {
    Change::Replace(event(who, what, (1 + (who + what) % 5) as f32))
}

fn data() -> (Interactions, Ids<String, u64>) {
    let pairs = (0..USERS).flat_map(|u| (0..ITEMS).map(move |i| (u, i)));
    let pairs = pairs.filter(|(u, i)| (u * 7 + i * 11) % 13 < 4);
    let event = |(u, i)| Event {
        user: UserIx::new(u),
        item: ItemIx::new(i),
        value: (1 + (u + i) % 5) as f32,
        time: None,
    };
    let events: Vec<Event> = pairs.map(event).collect();
    let ids = Ids { users: (0..USERS).map(user).collect(), items: (0..ITEMS).map(item).collect() };
    (Interactions::from_events(USERS, ITEMS, &events).unwrap(), ids)
}

fn learner<P: Fit<Model: Update>>(params: &P) -> (Learner<P::Model>, Ids<String, u64>) {
    let (data, ids) = data();
    let model = params.fit_with(&data, &mut FitContext::new().threads(1)).unwrap().model;
    (Learner::new(model, data).unwrap().threads(1), ids)
}

fn ials() -> (Learner<Ials>, Ids<String, u64>) {
    learner(&IalsParams::new().factors(6).epochs(3))
}

fn few_samples() -> BayesianMfParams {
    BayesianMfParams::new().factors(2).burn_in(3).samples(6).kept(3)
}

/// The lists of a snapshot are those of all scores without the vacant items.
fn lists_are_exact<M: Update>(snapshot: &Snapshot<M, String, u64>, who: &str) {
    let ids = snapshot.ids();
    let vacant: Vec<ItemIx> = ids.items.vacant().map(ItemIx::new).collect();
    let query = Query::user(ids.user(who).unwrap());
    for n in [1, 3, 1_000] {
        let naive = snapshot.model().top_n(&query, &TopN::new(n).deny(&vacant)).unwrap();
        assert_eq!(snapshot.top_n(&query, &TopN::new(n)).unwrap(), naive);
        let raw = snapshot.recommend(who, &TopN::new(n)).unwrap();
        assert_eq!(raw.len(), naive.len());
        assert!(
            raw.iter()
                .zip(&naive)
                .all(|(raw, hit)| (ids.item(raw.0).unwrap(), raw.1) == (hit.item, hit.score))
        );
    }
    let few: Vec<ItemIx> = (0..3).map(ItemIx::new).chain(vacant.iter().copied()).collect();
    let hits = snapshot.top_n(&query, &TopN::new(9).allow(&few).include_seen()).unwrap();
    assert!(hits.len() == 3 && hits.iter().all(|hit| few[..3].contains(&hit.item)), "{hits:?}");
}

fn readers_see_whole_batches<M: Update>((learner, ids): (Learner<M>, Ids<String, u64>), readers: usize) {
    let (live, done) = (Live::in_memory(learner, ids).unwrap(), AtomicBool::new(false));
    thread::scope(|scope| {
        for reader in 0..readers {
            let (live, done) = (&live, &done);
            scope.spawn(move || {
                let (mut last, mut looks) = (0, 0);
                while !done.load(Ordering::Relaxed) || looks < 2 {
                    let snapshot = live.snapshot();
                    assert!(snapshot.sequence() >= last);
                    last = snapshot.sequence();
                    let seen = |who| snapshot.model().seen(snapshot.ids().user(&user(who)).unwrap());
                    assert_eq!(seen(3), seen(4), "both or neither");
                    assert_eq!(
                        snapshot.ids().items.len() as u64,
                        u64::from(ITEMS) + (last + 3) / 6 - last / 6
                    );
                    lists_are_exact(&snapshot, &user(3 + reader as u32));
                    looks += 1;
                }
            });
        }
        let twins = |what| vec![put(3, what), put(4, what)];
        let forget = |what| [3, 4].map(|who| Change::Remove { user: user(who), item: item(what) });
        // From here on they have the same.
        for step in 1..=120u32 {
            let mut batch = match step % 6 {
                1 | 2 | 4 => twins(step % ITEMS),
                5 => forget((step - 1) % ITEMS).to_vec(),
                // Something comes, and goes again.
                3 => twins(ITEMS + step),
                _ => vec![Change::RemoveItem { item: item(ITEMS + step - 3) }],
            };
            batch.push(put(5 + step % 20, step * 7 % ITEMS));
            live.apply(&batch).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(live.snapshot().sequence(), 120);
}

/// Users 3 and 4 begin with the same events.
fn with_twins<M: Update>(
    (mut learner, ids): (Learner<M>, Ids<String, u64>),
) -> (Learner<M>, Ids<String, u64>) {
    let mut batch = Vec::new();
    for who in [3, 4].map(UserIx::new) {
        for row in learner.histories().user(who).unwrap().ids {
            batch.push(Change::Remove { user: who, item: *row });
        }
    }
    learner.apply(&batch).unwrap();
    (learner, ids)
}

#[test]
fn readers_see_whole_batches_and_exact_lists() {
    readers_see_whole_batches(with_twins(ials()), 1);
    readers_see_whole_batches(with_twins(ials()), 3);
    readers_see_whole_batches(with_twins(learner(&BiasedMfParams::new().factors(5).epochs(3))), 2);
    readers_see_whole_batches(with_twins(learner(&few_samples())), 1);
}

#[test]
fn a_snapshot_stays_as_it_is() {
    let (learner, ids) = ials();
    let live = Live::in_memory(learner, ids).unwrap();
    let held = live.snapshot();
    let (bytes, list) =
        (model_to_bytes(held.model()).unwrap(), held.recommend(&user(5), &TopN::new(5)).unwrap());
    live.apply(&[put(5, 1), put(90, 2)]).unwrap();
    live.apply(&[Change::RemoveUser { user: user(6) }]).unwrap();
    live.apply(&[put(91, 77)]).unwrap();
    assert!(bytes == model_to_bytes(held.model()).unwrap() && held.ids().user(&user(6)).is_ok());
    assert_eq!(list, held.recommend(&user(5), &TopN::new(5)).unwrap());
    let now = live.snapshot();
    assert!(now.ids().user(&user(6)).is_err() && now.ids().user(&user(91)).is_ok() && now.sequence() == 3);
    let model = live.with_learner(|learner| model_to_bytes(learner.model()).unwrap()).unwrap();
    assert!(model == model_to_bytes(now.model()).unwrap());
}

/// A snapshot explains from the events of its own moment.
fn explains<M: Update + Explain>((learner, ids): (Learner<M>, Ids<String, u64>)) {
    let live = Live::in_memory(learner, ids).unwrap();
    let batches = [
        vec![put(5, 1), put(90, 2), put(90, 3)],
        vec![Change::Remove { user: user(90), item: item(3) }, put(5, 1)],
        vec![Change::RemoveUser { user: user(6) }, Change::RemoveItem { item: item(7) }],
        vec![put(91, 77), put(90, 77), put(92, 5)],
        vec![Change::RemoveUser { user: user(92) }, Change::RemoveUser { user: user(91) }, put(4, 4)],
        (0..40).map(|n| put(90, n + 100)).collect(),
    ];
    let mut moments = Vec::new();
    for batch in batches {
        live.apply(&batch).unwrap();
        let histories = live.with_learner(|learner| learner.histories().clone()).unwrap();
        moments.push((live.snapshot(), histories));
        if moments.len() == 3 {
            moments.remove(0);
        }
        for (snapshot, histories) in &moments {
            for who in [0, 5, 90].map(user) {
                let index = snapshot.ids().user(&who).unwrap();
                let query = Query::user(index).with_history(histories.user(index).unwrap());
                let (first, last) = (ItemIx::new(0), ItemIx::new(snapshot.model().n_items() - 1));
                let expected = snapshot.model().explain_many(&query, &[first, last]).unwrap();
                assert_eq!(snapshot.explain_many(index, &[first, last]).unwrap(), expected);
                let raw = snapshot.ids().item_id(first).unwrap();
                assert_eq!(snapshot.explain(&who, raw).unwrap(), expected[0]);
            }
            assert!(matches!(snapshot.explain("nobody", &item(0)).unwrap_err(), LiveError::Data(_)));
            assert!(matches!(snapshot.explain(&user(0), &item(999)).unwrap_err(), LiveError::Data(_)));
        }
    }
}

#[test]
fn a_snapshot_explains_from_its_own_events() {
    explains(ials());
    explains(learner(&BiasedMfParams::new().factors(5).epochs(3)));
}

type Files = Live<Ials, String, u64>;

fn log(path: &Path) -> std::path::PathBuf {
    path.with_extension("foldin.log")
}

/// What must come back.
fn state<M: Update>(live: &Live<M, String, u64>) -> (Ids<String, u64>, foldin::data::Histories, u64) {
    let snapshot = live.snapshot();
    let histories = live.with_learner(|learner| learner.histories().clone()).unwrap();
    (0..histories.n_users()).map(UserIx::new).for_each(|user| {
        assert_eq!(snapshot.model().seen(user), histories.user(user).unwrap().ids);
    });
    (snapshot.ids().clone(), histories, snapshot.sequence())
}

#[test]
fn what_was_acknowledged_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.foldin");
    let (learner, ids) = ials();
    let live = Live::create(&path, learner, ids).unwrap();
    let mut expected = state(&live);
    let mut live = Some(live);
    let days: [Vec<Change<String, u64>>; 6] = [
        vec![put(1, 2), put(50, 60)],
        vec![put(51, 60), Change::Remove { user: user(50), item: item(60) }],
        vec![Change::RemoveUser { user: user(7) }, put(52, 3)],
        vec![put(53, 61)],
        vec![Change::RemoveItem { item: item(4) }],
        vec![put(7, 62), put(8, 4)],
    ];
    for (day, batch) in days.iter().enumerate() {
        // Opened again, or not; checkpointed, or not.
        if day % 2 == 1 {
            drop(live.take());
            let (opened, report) = Files::open_with(&path, |learner| learner.threads(1)).unwrap();
            assert_eq!(report.cut, 0);
            assert_eq!(state(&opened), expected);
            live = Some(opened);
        }
        let live = live.as_ref().unwrap();
        live.apply(batch).unwrap();
        expected = state(live);
        assert_eq!(expected.2, day as u64 + 1);
        if day == 3 {
            live.checkpoint().unwrap();
        }
        // Errors change nothing.
        let unknown = live.apply(&[put(60, 1), Change::RemoveUser { user: user(99) }]).unwrap_err();
        assert!(matches!(unknown, LiveError::Unknown { at: 1, kind: "user", .. }), "{unknown}");
        let bad = Change::Add(event(60, 1, f32::NAN));
        assert!(matches!(live.apply(&[bad]).unwrap_err(), LiveError::Update(_)));
        assert_eq!(state(live), expected);
        lists_are_exact(&live.snapshot(), &user(1));
    }
    assert!(
        matches!(Files::open(&path).unwrap_err(), LiveError::Log(error) if matches!(error.fault(), LogFault::Busy))
    );
    drop(live);
    let (opened, _) = Files::open(&path).unwrap();
    assert_eq!(state(&opened), expected);
    let (learner, ids) = ials();
    assert!(matches!(Files::create(&path, learner, ids).unwrap_err(), LiveError::Exists { .. }));
}

#[test]
fn a_crash_between_saving_and_emptying_the_log_loses_and_doubles_nothing() {
    for removal in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("live.foldin");
        let (learner, ids) = ials();
        let live = Live::create(&path, learner, ids).unwrap();
        live.apply(&[put(1, 2)]).unwrap();
        live.apply(&[put(50, 60)]).unwrap();
        let old = fs::read(log(&path)).unwrap();
        if removal {
            live.apply(&[Change::RemoveUser { user: user(50) }]).unwrap();
        } else {
            live.checkpoint().unwrap();
        }
        let expected = state(&live);
        drop(live);
        fs::write(log(&path), &old).unwrap();
        let (live, report) = Files::open(&path).unwrap();
        assert!(report.renewed && report.batches == 0 && report.known == 2, "{report}");
        assert_eq!(state(&live), expected);
        // The numbers go on.
        live.apply(&[put(51, 61)]).unwrap();
        let expected = state(&live);
        drop(live);
        let (live, report) = Files::open(&path).unwrap();
        assert_eq!((report.batches, state(&live)), (1, expected));
    }
}

/// Numbers from files that were made up.
#[test]
fn after_the_last_batch_there_can_be_every_other_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    let (learner, ids) = ials();
    let from = Checkpoint { model: 7, sequence: u64::MAX };
    Archive::of(&learner).with_ids(&ids).unwrap().with_checkpoint(from).save(&path).unwrap();
    drop(EventLog::<String, u64>::create(directory.path().join("model.log"), from).unwrap());
    let (live, _) = Live::<Ials, String, u64>::open(&path).unwrap();
    let before = fs::read(&path).unwrap();
    for change in [put(1, 2), Change::RemoveUser { user: user(3) }] {
        let error = live.apply(&[change]).unwrap_err();
        assert!(
            matches!(&error, LiveError::Log(error) if matches!(error.fault(), LogFault::Exhausted)),
            "{error}"
        );
    }
    assert!(before == fs::read(&path).unwrap());
    assert!(live.snapshot().ids().user(&user(3)).is_ok());
}

#[test]
fn whoever_is_removed_is_in_neither_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.foldin");
    let (learner, ids) = ials();
    let live = Live::create(&path, learner, ids).unwrap();
    let value = 2.345_67_f32;
    live.apply(&[Change::Add(event(77, 88, value)), put(1, 2)]).unwrap();
    let traces = || {
        let files = [path.clone(), log(&path)].map(|path| fs::read(path).unwrap());
        let needles = [user(77).into_bytes(), item(88).to_le_bytes().to_vec(), value.to_le_bytes().to_vec()];
        files.map(|bytes| {
            needles.clone().map(|needle| bytes.windows(needle.len()).any(|window| window == needle))
        })
    };
    assert_eq!(traces()[1], [true; 3]);
    live.checkpoint().unwrap();
    assert_eq!(traces(), [[true; 3], [false; 3]]);
    live.apply(&[put(77, 3)]).unwrap();
    live.apply(&[Change::RemoveUser { user: user(77) }, Change::RemoveItem { item: item(88) }]).unwrap();
    assert_eq!(traces(), [[false; 3]; 2]);
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "model, log and lock: {left:?}");
}

#[test]
fn a_save_that_fails_changes_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let (directory, away) = (outside.path().join("here"), outside.path().join("away"));
    fs::create_dir(&directory).unwrap();
    let path = directory.join("live.foldin");
    let (learner, ids) = ials();
    let live = Live::create(&path, learner, ids).unwrap();
    live.apply(&[put(1, 2)]).unwrap();
    let expected = state(&live);
    fs::rename(&directory, &away).unwrap();
    let removal = [Change::RemoveUser { user: user(7) }];
    for _ in 0..2 {
        assert!(matches!(live.apply(&removal).unwrap_err(), LiveError::Save(_)));
        assert!(matches!(live.checkpoint().unwrap_err(), LiveError::Save(_)));
        assert_eq!(state(&live), expected);
    }
    fs::rename(&away, &directory).unwrap();
    live.apply(&[put(2, 3)]).unwrap();
    live.apply(&removal).unwrap();
    live.apply(&[put(3, 4)]).unwrap();
    let expected = state(&live);
    assert_eq!(expected.2, 4);
    drop(live);
    assert_eq!(state(&Files::open(&path).unwrap().0), expected);
}

fn refits_are_served_and_saved<P: FitFrom<Model: Update + Persist + PredictRating>>(params: &P) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.foldin");
    let (learner, ids) = learner(params);
    let live = Live::create(&path, learner, ids).unwrap();
    (0..5).for_each(|n| _ = live.apply(&[put(n, 30), put(40 + n, 50 + n)]).unwrap());
    let before = live.snapshot();
    live.refit(params, &mut FitContext::new().threads(1)).unwrap();
    let after = live.snapshot();
    assert!(model_to_bytes(before.model()).unwrap() != model_to_bytes(after.model()).unwrap());
    assert_eq!(live.with_learner(|learner| learner.staleness().changes).unwrap(), 0);
    lists_are_exact(&after, &user(44));
    let rating = after.predict(&user(44), &item(54)).unwrap().rating;
    live.apply(&[put(44, 5)]).unwrap();
    lists_are_exact(&live.snapshot(), &user(44));
    drop(live);
    let (live, report) = Live::<P::Model, String, u64>::open(&path).unwrap();
    assert_eq!(report.batches, 1);
    assert!((live.snapshot().predict(&user(44), &item(54)).unwrap().rating - rating).abs() < 1.0);
}

#[test]
fn a_refit_is_served_and_saved() {
    refits_are_served_and_saved(&BiasedMfParams::new().factors(4).epochs(3));
    refits_are_served_and_saved(&few_samples());
}

#[test]
fn files_and_ids_of_others_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.foldin");
    let (learner, ids) = ials();
    persist::save(&path, &learner, &ids).unwrap();
    assert!(matches!(Files::open(&path).unwrap_err(), LiveError::NoCheckpoint { .. }));
    let mut fewer = ids.clone();
    fewer.items = (0..ITEMS - 1).map(item).collect::<IdMap<u64>>();
    let error = Live::in_memory(learner, fewer).unwrap_err();
    assert!(matches!(error, LiveError::Ids { kind: "item", found: 39, expected: 40 }), "{error}");
    let mut vacant = ids;
    vacant.users.remove(&user(3));
    assert!(matches!(Live::in_memory(ials().0, vacant).unwrap_err(), LiveError::Ids { kind: "user", .. }));
}

/// A model that does not say that its scores are inner products, and panics when it is told of 13.
#[derive(Clone)]
struct Moody(BiasedMf);

impl Score for Moody {
    fn n_users(&self) -> u32 {
        self.0.n_users()
    }

    fn n_items(&self) -> u32 {
        self.0.n_items()
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        self.0.profile(query, out)
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        self.0.score_block(profile, first, out);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.0.seen(user)
    }
}

impl Update for Moody {
    type Working = <BiasedMf as Update>::Working;
    type Patch = <BiasedMf as Update>::Patch;
    type Undo = <BiasedMf as Update>::Undo;

    fn begin(&self, histories: &Histories, threads: usize) -> Result<Self::Working, UpdateError> {
        self.0.begin(histories, threads)
    }

    fn update(
        &mut self,
        working: &mut Self::Working,
        histories: &Histories,
        touched: &Touched,
        resolve: Resolve,
    ) -> Result<Updated<Self::Patch, Self::Undo>, UpdateError> {
        let values = |user: &UserIx| histories.user(*user).unwrap().values.to_vec();
        assert!(!touched.users.iter().flat_map(values).any(|value| value == 13.0), "thirteen");
        self.0.update(working, histories, touched, resolve)
    }

    fn undo(&mut self, working: &mut Self::Working, undo: Self::Undo) {
        self.0.undo(working, undo);
    }

    fn install(&mut self, patch: &Self::Patch) {
        self.0.install(patch);
    }

    fn patched_items(patch: &Self::Patch) -> &[ItemIx] {
        BiasedMf::patched_items(patch)
    }
}

fn moody() -> Live<Moody, String, u64> {
    let (learner, ids) = learner(&BiasedMfParams::new().factors(4).epochs(2));
    let data = learner.histories().to_interactions();
    let learner = Learner::new(Moody(learner.into_model()), data).unwrap().threads(1);
    Live::in_memory(learner, ids).unwrap()
}

#[test]
fn any_model_can_be_served() {
    let live = moody();
    assert!(live.snapshot().scanner().is_none());
    for day in 0..6 {
        live.apply(&[put(day, 100 + day), put(40, day)]).unwrap();
        live.apply(&[
            Change::RemoveItem { item: item(100 + day) },
            Change::RemoveItem { item: item(20 + day) },
        ])
        .unwrap();
        lists_are_exact(&live.snapshot(), &user(day));
        lists_are_exact(&live.snapshot(), &user(40));
    }
}

#[test]
fn readers_are_served_when_a_writer_panics() {
    let live = moody();
    live.apply(&[put(1, 2)]).unwrap();
    let panic =
        thread::scope(|scope| scope.spawn(|| _ = live.apply(&[Change::Add(event(50, 1, 13.0))])).join());
    assert!(panic.is_err());
    let snapshot = live.snapshot();
    assert!(snapshot.sequence() == 1 && snapshot.ids().user(&user(50)).is_err());
    lists_are_exact(&snapshot, &user(1));
    assert!(matches!(live.apply(&[put(1, 3)]).unwrap_err(), LiveError::Broken));
}
