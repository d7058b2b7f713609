//! Guards strong generalization: a user held out of training, of whom something leaks into it.

mod toy;

use std::collections::HashSet;

use foldin::data::{Interactions, UserIx};
use foldin::evaluate::{
    Ndcg, RankingOptions, Recall, RecallCapped, SplitError, UserSplit, metric_by_name, ranking,
};
use foldin::implicit::PopularityParams;
use foldin::model::Fit;
use toy::events;

/// 40 users; user u has u % 20 + 1 events, user 5 none.
fn data() -> Interactions {
    let of = |user: u32| (0..if user == 5 { 0 } else { user % 20 + 1 }).map(move |item| (user, item, 1.0));
    events(40, 20, &(0..40).flat_map(of).collect::<Vec<_>>(), None)
}

fn active(data: &Interactions) -> HashSet<UserIx> {
    data.users().filter(|(_, history)| !history.is_empty()).map(|(user, _)| user).collect()
}

#[test]
fn every_event_stands_in_one_part() {
    let data = data();
    let UserSplit { train, history, test } = UserSplit::random(&data, 0.25, 0.2, 9).unwrap();
    assert_eq!(train.len() + history.len() + test.len(), data.len());
    let mut all: Vec<_> = [&train, &history, &test].into_iter().flat_map(|part| part.events()).collect();
    all.sort_by_key(|event| (event.user, event.item));
    assert!(all.into_iter().eq(data.events()));
}

#[test]
fn users_held_out_are_not_in_training() {
    let data = data();
    let UserSplit { train, history, test } = UserSplit::random(&data, 0.25, 0.2, 9).unwrap();
    // A quarter of 39 is 9.75.
    assert_eq!(active(&train).len(), 29);
    let known: HashSet<_> = active(&history).union(&active(&test)).copied().collect();
    assert_eq!(known.len(), 10);
    assert!(known.is_disjoint(&active(&train)));
    for user in known {
        let n = data.user(user).unwrap().len();
        let measured = test.user(user).unwrap().len();
        assert_eq!(measured, (0.2 * n as f64).round() as usize, "{user:?} with {n}");
    }
}

#[test]
fn the_seed_decides() {
    let split = |seed| UserSplit::random(&data(), 0.25, 0.2, seed).unwrap();
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
}

#[test]
fn parts_that_cannot_be() {
    let data = data();
    for (users, part) in [(0.0, 0.2), (1.0, 0.2), (0.2, 0.0), (0.2, 1.0), (f64::NAN, 0.2)] {
        assert!(matches!(UserSplit::random(&data, users, part, 0), Err(SplitError::Param(_))));
    }
    let empty = UserSplit::random(&data, 0.001, 0.2, 0);
    assert_eq!(empty.unwrap_err(), SplitError::EmptyPart { part: "history" });
    let nothing = UserSplit::random(&events(3, 3, &[], None), 0.5, 0.5, 0);
    assert_eq!(nothing.unwrap_err(), SplitError::EmptyPart { part: "train" });
}

/// Training: items 0 (three users), 1 (two), 2 (one). User 3 is held out with items 0 and 1 folded in and 2, 4
/// to find: the list of 2 is 2 3, a hit at rank 1 of two relevant items.
#[test]
fn what_is_folded_in_is_not_listed_and_both_recalls_are_named() {
    let train = [(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 0, 1.0)];
    let train = events(4, 5, &train, None);
    let history = events(4, 5, &[(3, 0, 1.0), (3, 1, 1.0)], None);
    let test = events(4, 5, &[(3, 2, 1.0), (3, 4, 1.0)], None);
    let model = PopularityParams::new().fit(&train).unwrap();
    let options = RankingOptions::new(1).fold_in();
    let report = ranking(&model, &history, &test, &options).unwrap();
    assert_eq!((report.users, report.skipped_users, report.n_relevant), (1, 3, 2));
    assert_eq!(report.mean(&Recall(1)), Some(0.5));
    assert_eq!(report.mean(&RecallCapped(1)), Some(1.0));
    let names: Vec<_> = report.metrics.iter().map(|measured| &measured.name[..]).collect();
    assert!(names.contains(&"recall@1") && names.contains(&"recall-capped@1"));
    let two = RankingOptions::new(2).fold_in();
    assert_eq!(ranking(&model, &history, &test, &two).unwrap().mean(&Recall(2)), Some(0.5));
}

#[test]
fn metrics_by_name_and_no_others() {
    for name in ["precision", "recall", "recall-capped", "ndcg", "map", "mrr", "hit-rate"] {
        assert_eq!(metric_by_name(&format!("{name}@7")).unwrap().name(), format!("{name}@7"));
    }
    assert_eq!(metric_by_name(" hr@3 ").unwrap().name(), "hit-rate@3");
    for bad in ["", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@ten", "NDCG@10", "auc@10", "@10"] {
        let error = metric_by_name(bad).err().expect(bad);
        assert!(error.to_string().contains("ndcg@10"), "{error}");
    }
    let (train, test) = (events(1, 3, &[(0, 0, 1.0)], None), events(1, 3, &[(0, 1, 1.0)], None));
    let model = PopularityParams::new().fit(&train).unwrap();
    let only = metric_by_name("ndcg@100").unwrap();
    let report = ranking(&model, &train, &test, &RankingOptions::only(&[&*only])).unwrap();
    assert_eq!((report.k, report.metrics.len()), (100, 1));
    assert_eq!(report.mean(&Ndcg(100)), Some(1.0));
}
