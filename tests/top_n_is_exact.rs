//! Guards the rules of a list: exact, each item once, ties by index, filters that never shorten it.
//!
//! A well-known library, asked for 8 of 3 eligible items, gave seen ones with scores of -3.4e38 and the
//! first item three times more. Here every list is held against its naive twin: filter, sort, cut.

mod toy;

use foldin::data::{History, ItemIx, UserIx};
use foldin::model::{Query, QueryError, Score};
use foldin::retrieve::{BatchError, Hit, ScoreExt, TopN, Workspace};
use proptest::prelude::*;
use toy::{InnerProduct, Table, items};

/// Scores with many ties, both zeros, and what must never be listed.
fn scores() -> impl Strategy<Value = Vec<f32>> {
    let score = prop_oneof![
        6 => (-3..4).prop_map(|score| score as f32 / 2.0),
        1 => Just(-0.0),
        2 => any::<f32>(),
        1 => prop_oneof![Just(f32::NAN), Just(f32::NEG_INFINITY), Just(f32::INFINITY), Just(f32::MIN)],
    ];
    let len = prop_oneof![4 => 0..90_usize, 1 => 1_000..2_600_usize];
    len.prop_flat_map(move |len| prop::collection::vec(score.clone(), len))
}

/// Any items, known or not, in any order, some twice.
fn some_items() -> impl Strategy<Value = Vec<ItemIx>> {
    prop::collection::vec(prop_oneof![8 => 0..100_u32, 1 => any::<u32>()].prop_map(ItemIx::new), 0..60)
}

#[derive(Clone, Debug)]
struct Asked {
    n: usize,
    include_seen: bool,
    deny: Vec<ItemIx>,
    allow: Option<Vec<ItemIx>>,
    modulus: Option<u32>,
    history: Vec<ItemIx>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let n = prop_oneof![4 => 0..12_usize, 3 => 12..120_usize, 1 => Just(5_000), 1 => Just(usize::MAX)];
    let (allow, modulus) = (prop::option::of(some_items()), prop::option::of(1..4_u32));
    (n, any::<bool>(), some_items(), allow, modulus, some_items()).prop_map(
        |(n, include_seen, deny, allow, modulus, history)| Asked {
            n,
            include_seen,
            deny,
            allow,
            modulus,
            history,
        },
    )
}

/// The oracle: every eligible item, sorted, cut.
fn naive(model: &Table, asked: &Asked) -> Vec<Hit> {
    let eligible = |item: &ItemIx| {
        let seen = model.seen[0].contains(item) || asked.history.contains(item);
        (asked.include_seen || !seen)
            && !asked.deny.contains(item)
            && asked.allow.as_ref().is_none_or(|allow| allow.contains(item))
            && asked.modulus.is_none_or(|modulus| item.get().is_multiple_of(modulus))
    };
    let all = (0..model.n_items as u32).map(ItemIx::new).filter(eligible);
    let mut hits: Vec<Hit> = all.map(|item| Hit { item, score: model.scores[item.ix()] }).collect();
    hits.retain(|hit| hit.score > f32::NEG_INFINITY);
    hits.sort_by(|a, b| b.score.partial_cmp(&a.score).expect("no NaN is left").then(a.item.cmp(&b.item)));
    hits.truncate(asked.n);
    hits
}

/// Runs a check with the request that `asked` describes, and the query.
fn with_request<R>(model: &Table, asked: &Asked, run: impl FnOnce(&Query<'_>, &TopN<'_>) -> R) -> R {
    let modulus = asked.modulus.unwrap_or(1);
    let keep = |item: ItemIx| item.get().is_multiple_of(modulus);
    let mut request = TopN::new(asked.n).deny(&asked.deny).filter(&keep);
    if let Some(allow) = &asked.allow {
        request = request.allow(allow);
    }
    if asked.include_seen {
        request = request.include_seen();
    }
    let known: Vec<_> = asked.history.iter().copied().filter(|item| item.ix() < model.n_items).collect();
    let values = vec![1.0; known.len()];
    let history = History::new(&known, &values).expect("finite values");
    run(&Query::user(UserIx::new(0)).with_history(history), &request)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_list_equals_its_naive_twin(scores in scores(), seen in some_items(), asked in asked()) {
        let mut model = Table { n_items: scores.len(), scores, seen: vec![seen] };
        model.seen[0].sort_unstable();
        let hits = with_request(&model, &asked, |query, request| model.top_n(query, request)).unwrap();
        prop_assert_eq!(hits, naive(&model, &asked));
    }

    /// Nothing of one request may be left for the next, whatever their models and sizes.
    #[test]
    fn a_used_workspace_changes_nothing(
        rounds in prop::collection::vec((scores(), some_items(), asked()), 1..5),
    ) {
        let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
        for (scores, seen, asked) in rounds {
            let model = Table { n_items: scores.len(), scores, seen: vec![seen] };
            with_request(&model, &asked, |query, request| {
                model.top_n_into(query, request, &mut workspace, &mut hits)
            })
            .unwrap();
            prop_assert_eq!(&hits, &naive(&model, &asked));
        }
    }
}

#[test]
fn asked_for_more_than_is_eligible_all_of_it_comes_once() {
    let mut model = Table::new(5, vec![1.0, 5.0, 3.0, 5.0, 2.0]);
    model.seen[0] = items(&[1, 4]);
    let hits = model.top_n(&Query::user(UserIx::new(0)), &TopN::new(8)).unwrap();
    let listed: Vec<_> = hits.iter().map(|hit| (hit.item.get(), hit.score)).collect();
    assert_eq!(listed, [(3, 5.0), (2, 3.0), (0, 1.0)]);
}

#[test]
fn the_items_of_a_history_count_as_seen() {
    let model = Table::new(4, vec![4.0, 3.0, 2.0, 1.0]);
    let (mine, values) = (items(&[2, 0, 2]), [1.0; 3]);
    let query = Query::history(History::new(&mine, &values).unwrap());
    let listed = |request: &TopN<'_>| -> Vec<u32> {
        model.top_n(&query, request).unwrap().iter().map(|hit| hit.item.get()).collect()
    };
    assert_eq!(listed(&TopN::new(4)), [1, 3]);
    assert_eq!(listed(&TopN::new(4).include_seen()), [0, 1, 2, 3]);
}

#[test]
fn a_predicate_is_asked_once_per_item_in_ascending_order() {
    let model = Table::new(3_000, (0..3_000).map(|item| (item % 50) as f32).collect());
    let asked = std::sync::Mutex::new(Vec::new());
    let keep = |item: ItemIx| {
        asked.lock().unwrap().push(item);
        item.get().is_multiple_of(2)
    };
    let hits = model.top_n(&Query::anyone(), &TopN::new(3).filter(&keep)).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.item.get()).collect::<Vec<_>>(), [48, 98, 148]);
    let asked = asked.into_inner().unwrap();
    assert!(asked.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(asked.len() < 300, "{} of 3,000 items were looked at closely", asked.len());
}

#[test]
fn a_batch_has_the_bits_of_single_lists_for_any_number_of_threads() {
    let mut model = InnerProduct::new(150, 3_000, 24);
    model.seen = items(&[5, 77, 1_024, 2_999]);
    let users: Vec<_> = (0..150).map(UserIx::new).collect();
    let queries: Vec<_> = users.iter().map(|&user| Query::user(user)).collect();
    let deny = items(&[9, 10, 11]);
    let request = TopN::new(20).deny(&deny);
    let singles: Vec<_> = queries.iter().map(|query| model.top_n(query, &request).unwrap()).collect();
    for threads in [1, 2, 3, 8] {
        assert_eq!(model.top_n_batch(&queries, &request, threads).unwrap(), singles);
    }
    assert_eq!(model.top_n_batch(&users, &request, 2).unwrap(), singles, "users are questions too");
    let dynamic: &dyn Score = &model;
    assert_eq!(dynamic.top_n_batch(&users, &request, 2).unwrap(), singles);
    assert!(model.top_n_batch::<UserIx>(&[], &request, 2).unwrap().is_empty());
}

#[test]
fn a_hit_has_the_score_of_its_item() {
    let model = InnerProduct::new(3, 2_500, 40);
    let query = Query::user(UserIx::new(2));
    for hit in model.top_n(&query, &TopN::new(50)).unwrap() {
        assert_eq!(model.score(&query, hit.item).unwrap().to_bits(), hit.score.to_bits());
    }
}

#[test]
fn what_cannot_be_answered_is_an_error_that_says_where() {
    let model = Table::new(2, vec![1.0; 200]);
    let stranger = UserIx::new(100);
    let unknown = QueryError::UnknownUser { user: stranger, n_users: 100 };
    let query = Query::user(stranger);
    let mut hits = vec![Hit { item: ItemIx::new(0), score: 1.0 }];
    let answer = model.top_n_into(&query, &TopN::new(1), &mut Workspace::new(), &mut hits);
    assert_eq!(answer, Err(unknown.clone()));
    assert!(hits.is_empty(), "no list of another question is left");
    assert_eq!(model.score(&query, ItemIx::new(0)), Err(unknown.clone()));
    let item = ItemIx::new(2);
    assert_eq!(model.score(&Query::anyone(), item), Err(QueryError::UnknownItem { item, n_items: 2 }));
    let users: Vec<_> = [3, 100, 5, 101].map(UserIx::new).to_vec();
    let error = model.top_n_batch(&users, &TopN::new(1), 2).unwrap_err();
    assert_eq!(error, BatchError::Query { position: 1, source: unknown });
    assert!(error.to_string().contains("question 1"), "{error}");
}
