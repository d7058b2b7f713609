//! Guards the lists of a scanner whose model changes: after any patches they are those of all scores, bit for bit.

use foldin::data::{Change, Event, Interactions, ItemIx, UserIx};
use foldin::implicit::IalsParams;
use foldin::live::Learner;
use foldin::model::{Fit, FitContext, Query, Update};
use foldin::rating::BiasedMfParams;
use foldin::retrieve::{Scanner, ScoreExt, TopN, Workspace};
use proptest::prelude::*;

const USERS: u32 = 40;
const ITEMS: u32 = 400;

fn event(user: u32, item: u32, value: f32) -> Event {
    Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: None }
}

fn data() -> Interactions {
    let pairs = (0..USERS).flat_map(|user| (0..ITEMS).map(move |item| (user, item)));
    let liked = pairs.filter(|(user, item)| (user * 31 + item * 17 + user * item) % 23 < 3);
    let events: Vec<Event> = liked.map(|(u, i)| event(u, i, (1 + (u * i) % 5) as f32)).collect();
    Interactions::from_events(USERS, ITEMS, &events).unwrap()
}

fn follows<P: Fit<Model: Update>>(params: &P, batches: &[Vec<(u8, u32, u32)>]) {
    let model = params.fit_with(&data(), &mut FitContext::new().threads(1)).unwrap().model;
    let mut learner = Learner::new(model, data()).unwrap().threads(1);
    let mut scanner = Scanner::new(Box::new(learner.model().clone())).unwrap();
    let mut workspace = Workspace::new();
    for batch in batches {
        let mut n_items = learner.histories().n_items();
        for &(what, user, item) in batch {
            let (user, item) = (user % USERS, item % n_items);
            let change = match what {
                0 => Change::RemoveItem { item: ItemIx::new(item) },
                // Something new, in the footsteps of this user.
                1..4 => Change::Add(event(user, n_items, 5.0)),
                _ => Change::Replace(event(user, item, f32::from(1 + what % 5))),
            };
            // Whatever is gone already stays so.
            if let Ok(applied) = learner.apply_with_patch(&[change]) {
                scanner.install(&applied.patch);
            }
            n_items = learner.histories().n_items();
        }
        let vacant: Vec<ItemIx> = learner.histories().vacant_items().collect();
        scanner.leave_out(vacant.iter().rev().copied());
        let mut hits = Vec::new();
        for user in (0..USERS).step_by(7).map(UserIx::new) {
            for n in [1, 10, 300] {
                let request = TopN::new(n).include_seen();
                let naive = learner.model().top_n(&Query::user(user), &request.deny(&vacant)).unwrap();
                scanner.top_n_into(&Query::user(user), &request, &mut workspace, &mut hits).unwrap();
                assert_eq!(hits, naive);
            }
        }
        let users: Vec<UserIx> = (0..USERS).map(UserIx::new).collect();
        let lists = scanner.top_n_batch(&users, &TopN::new(5), 1).unwrap();
        let naive = learner.model().top_n_batch(&users, &TopN::new(5).deny(&vacant), 1).unwrap();
        assert_eq!(lists, naive);
        // Similar items: those of a scanner that is packed anew.
        let mut anew = Scanner::new(learner.model()).unwrap();
        anew.leave_out(vacant.iter().copied());
        for item in [0, 9, n_items - 1].map(ItemIx::new) {
            let lists = [scanner.similar_items(item, &TopN::new(8)), anew.similar_items(item, &TopN::new(8))];
            assert_eq!(lists[0], lists[1]);
            assert!(lists[0].as_ref().unwrap().iter().all(|hit| !vacant.contains(&hit.item)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lists_are_those_of_all_scores(
        batches in prop::collection::vec(prop::collection::vec((0..12_u8, 0..USERS, 0..4 * ITEMS), 1..90), 1..5)
    ) {
        follows(&IalsParams::new().factors(9).epochs(2), &batches);
        follows(&BiasedMfParams::new().factors(6).epochs(2), &batches);
    }
}

#[test]
fn a_catalogue_that_doubles_is_packed_anew() {
    let come: Vec<_> = (0..ITEMS).map(|n| (1, n, n)).collect();
    follows(&IalsParams::new().factors(5).epochs(2), &[come]);
}
