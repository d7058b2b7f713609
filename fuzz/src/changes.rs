//! Applies events, against a twin that begins anew with them.

use std::collections::HashMap;

use foldin::data::{Change, Event, Ids, Interactions, ItemIx, UserIx};
use foldin::implicit::{Confidence, IalsParams, Negatives, Objective};
use foldin::live::{Learner, Live};
use foldin::model::{FitContext, FitFrom, Profile, Query, Resolve, Score, Update};
use foldin::persist::{Persist, model_to_bytes};
use foldin::rating::BiasedMfParams;
use foldin::retrieve::{Scanner, ScoreExt, TopN};

use crate::bytes::Draw;
use crate::histories::{Stream, Twin};

/// The first bytes choose model, data and settings, the rest are batches of changes.
pub fn changes(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let data = data(&mut draw);
    let params = IalsParams::new().factors(1 + draw.below(9)).epochs(2);
    match draw.below(4) {
        0 => live(&BiasedMfParams::new().factors(1 + draw.below(5)).epochs(2), data, draw),
        1 => live(
            &BiasedMfParams::new().factors(17).epochs(2).regularization(1.5).noise_prior(20.0),
            data,
            draw,
        ),
        2 => live(&params, data, draw),
        _ => {
            let confidence = Confidence::Logarithmic { alpha: 2.0, epsilon: 0.5 };
            let params =
                params.objective(Objective::HuKoren).confidence(confidence).negatives(Negatives::Ignore);
            live(&params.activity_exponent(0.4).popularity_discount(0.3), data, draw);
        }
    }
}

/// A few ratings.
fn data(draw: &mut Draw<'_>) -> Interactions {
    let (n_users, n_items) = (1 + draw.below(9) as u32, 1 + draw.below(8) as u32);
    let timed = draw.flag();
    let pairs = (0..n_users).flat_map(|user| (0..n_items).map(move |item| (user, item)));
    let mut events: Vec<Event> = pairs
        .filter_map(|(user, item)| {
            let (byte, time) = (draw.byte(), timed.then(|| i64::from(item) * 86_400));
            let event = Event {
                user: UserIx::new(user),
                item: ItemIx::new(item),
                value: f32::from(byte % 5 + 1),
                time,
            };
            (byte >= 100).then_some(event)
        })
        .collect();
    if events.is_empty() {
        // A model is fitted to something.
        let time = timed.then_some(0);
        events.push(Event { user: UserIx::new(0), item: ItemIx::new(0), value: 3.0, time });
    }
    Interactions::from_events(n_users, n_items, &events).expect("each pair once, all finite")
}

fn live<P: FitFrom<Model: Update + Persist + 'static>>(params: &P, data: Interactions, mut draw: Draw<'_>) {
    let resolve = draw.pick(&[Resolve::Users, Resolve::Touched, Resolve::Neighbours]);
    let Ok(fitted) = params.fit_with(&data, &mut FitContext::new().threads(1)) else { return };
    let learner = || {
        let learner = Learner::new(fitted.model.clone(), data.clone()).expect("its own events");
        learner.threads(1).resolve(resolve)
    };
    let twin = Twin::of(&data);
    if draw.flag() {
        served(learner(), twin, &mut draw);
    } else {
        applied(learner(), twin, params, &mut draw);
    }
}

fn bytes_of<M: Persist>(model: &M) -> Vec<u8> {
    model_to_bytes(model).expect("a model that lives can be saved")
}

/// A learner keeps its histories, its touched users are folded in, and copies follow by patches; what is refused or taken
/// back leaves nothing; refitting is fitting to the events there are.
fn applied<P: FitFrom<Model: Update + Persist>>(
    mut learner: Learner<P::Model>,
    mut twin: Twin,
    params: &P,
    draw: &mut Draw<'_>,
) {
    let mut copy = learner.model().clone();
    let mut scanner = Scanner::new(Box::new(copy.clone())).expect("rows that can be packed");
    let mut batches = 0;
    while !draw.is_empty() && batches < 12 {
        batches += 1;
        let batch = Stream::of(learner.histories()).batch(draw);
        let (before, stale, next) = (bytes_of(&learner), learner.staleness(), twin.after(&batch));
        let Ok(applied) = learner.apply_with_patch(&batch) else {
            assert!(before == bytes_of(&learner), "a batch that was refused has changed something");
            continue;
        };
        let next = next.expect("what the twin cannot make is refused");
        if draw.below(4) == 0 {
            learner.take_back(applied);
            assert!(before == bytes_of(&learner), "what was taken back has left something");
            assert_eq!(stale, learner.staleness());
            continue;
        }
        twin = next;
        copy.install(&applied.patch);
        scanner.install(&applied.patch);
        twin.check(learner.histories());
        assert!(bytes_of(learner.model()) == bytes_of(&copy), "a copy that follows is another");
        touched_users_are_folded_in(&learner, &batch);
        lists_are_those_of_all_scores(&learner, &mut scanner, &twin.vacant_items());
    }
    let expected = params.fit_from(learner.model(), &twin.interactions(), &mut FitContext::new().threads(1));
    let found = learner.refit(params, &mut FitContext::new().threads(1));
    assert_eq!(expected.is_ok(), found.is_ok());
    if let (Ok(expected), false) = (expected, twin.interactions().is_empty()) {
        assert!(
            bytes_of(&expected.model) == bytes_of(learner.model()),
            "refitted it is another than fitted anew"
        );
        assert_eq!(learner.staleness().changes, 0);
    }
}

fn touched_users_are_folded_in<M: Update>(learner: &Learner<M>, batch: &[Change]) {
    let (mut known, mut folded) = (Profile::new(), Profile::new());
    for change in batch {
        let user = match *change {
            Change::Add(event) | Change::Replace(event) => event.user,
            Change::Remove { user, .. } | Change::RemoveUser { user } => user,
            Change::RemoveItem { .. } => continue,
        };
        let history = learner.histories().user(user).expect("it has a row");
        learner.profile(&Query::user(user), &mut known).expect("a user of the model");
        learner.profile(&Query::history(history), &mut folded).expect("what was solved can be solved");
        let bits = |profile: &Profile| profile.dense.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            (bits(&known), known.offset.to_bits()),
            (bits(&folded), folded.offset.to_bits()),
            "{user}"
        );
        assert_eq!(learner.seen(user), history.ids);
    }
}

fn lists_are_those_of_all_scores<M: Update>(
    learner: &Learner<M>,
    scanner: &mut Scanner<Box<M>>,
    vacant: &[ItemIx],
) {
    scanner.leave_out(vacant.iter().copied());
    let (mut profile, mut scores) = (Profile::new(), vec![0.0; learner.n_items() as usize]);
    for user in (0..learner.n_users()).map(UserIx::new) {
        learner.profile(&Query::user(user), &mut profile).expect("a user of the model");
        learner.score_block(&profile, ItemIx::new(0), &mut scores);
        for (item, score) in (0..).map(ItemIx::new).zip(&scores) {
            let sound = if vacant.contains(&item) { *score == f32::NEG_INFINITY } else { score.is_finite() };
            assert!(sound, "{user}, {item}: {scores:?}");
        }
        let request = TopN::new(4);
        let model = learner.model();
        let naive = model.top_n(&Query::user(user), &request.deny(vacant)).expect("a user of the model");
        assert_eq!(learner.top_n(&Query::user(user), &request).expect("the same"), naive);
        assert_eq!(scanner.top_n(&Query::user(user), &request).expect("the same"), naive);
    }
}

/// Raw ids, far apart from the indices.
fn raw(change: &Change) -> Change<u64, String> {
    let (user, item) =
        (|user: UserIx| 1000 + u64::from(user.get()), |item: ItemIx| format!("item {}", item.get()));
    let event = |event: Event| {
        let Event { value, time, .. } = event;
        Event { user: user(event.user), item: item(event.item), value, time }
    };
    match *change {
        Change::Add(it) => Change::Add(event(it)),
        Change::Replace(it) => Change::Replace(event(it)),
        Change::Remove { user: u, item: i } => Change::Remove { user: user(u), item: item(i) },
        Change::RemoveUser { user: u } => Change::RemoveUser { user: user(u) },
        Change::RemoveItem { item: i } => Change::RemoveItem { item: item(i) },
    }
}

/// What stands for each pair of raw ids.
type Events = HashMap<(u64, String), u32>;

/// Readers see the batches that were acknowledged, whole, and nothing of what was removed.
fn served<M: Update + Persist + 'static>(learner: Learner<M>, twin: Twin, draw: &mut Draw<'_>) {
    let data = twin.interactions();
    let ids = Ids {
        users: (0..u64::from(data.n_users())).map(|user| 1000 + user).collect(),
        items: (0..data.n_items()).map(|item| format!("item {item}")).collect(),
    };
    let pair = |event: Event| {
        let (user, item) = (1000 + u64::from(event.user.get()), format!("item {}", event.item.get()));
        ((user, item), event.value.to_bits())
    };
    let mut events: Events = data.events().map(pair).collect();
    let live = Live::in_memory(learner, ids).expect("its own ids");
    let mut sequence = 0;
    let mut held = None;
    while !draw.is_empty() && sequence < 12 {
        let drawn =
            live.with_learner(|learner| Stream::of(learner.histories()).batch(draw)).expect("nothing broke");
        let batch: Vec<_> = drawn.iter().map(raw).collect();
        // Some readers keep what they have; a writer waits a little for those who keep it for more than a batch.
        match draw.below(16) {
            0 => held = Some(live.snapshot()),
            1..15 => held = None,
            _ => {}
        }
        let before = held.as_ref().map(|held| bytes_of(held.model()));
        if live.apply(&batch).is_ok() {
            sequence += 1;
            batch.iter().for_each(|change| take(&mut events, change));
        }
        let after = held.as_ref().map(|held| bytes_of(held.model()));
        assert!(before == after, "what a reader holds has changed");
        check(&live, &events, sequence);
    }
}

fn take(events: &mut Events, change: &Change<u64, String>) {
    match change {
        Change::Add(event) | Change::Replace(event) => {
            events.insert((event.user, event.item.clone()), event.value.to_bits());
        }
        Change::Remove { user, item } => _ = events.remove(&(*user, item.clone())),
        Change::RemoveUser { user } => events.retain(|(other, _), _| other != user),
        Change::RemoveItem { item } => events.retain(|(_, other), _| other != item),
    }
}

fn check<M: Update + Persist>(live: &Live<M, u64, String>, events: &Events, sequence: u64) {
    let snapshot = live.snapshot();
    assert_eq!(snapshot.sequence(), sequence);
    let ids = snapshot.ids();
    live.with_learner(|learner| {
        assert!(bytes_of(learner.model()) == bytes_of(snapshot.model()), "readers see another model");
        assert_eq!(learner.histories().len(), events.len());
        for ((user, item), value) in events {
            let (user, item) =
                (ids.user(user).expect("they are there"), ids.item(item).expect("it is there"));
            let event = learner.histories().get(user, item).expect("it was acknowledged");
            assert_eq!(event.value.to_bits(), *value);
        }
    })
    .expect("nothing broke");
    for user in ids.users.keys() {
        for (item, score) in snapshot.recommend(user, &TopN::new(5)).expect("they are there") {
            assert!(score.is_finite() && ids.item(item).is_ok());
            assert!(!events.contains_key(&(*user, item.clone())), "{user} has touched {item}");
        }
    }
}
