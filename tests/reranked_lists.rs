//! Guards lists chosen from a pool: each step against a naive twin, the rules of ties and quotas, and honest errors.

mod toy;

use std::sync::Arc;

use foldin::data::synthetic::Synthetic;
use foldin::data::{AttributeSchema, Feature, Field, FieldKind, ItemAttributes, ItemIx, UserIx};
use foldin::model::{Draws, Fit, Profile, Query, QueryError, Score};
use foldin::rating::{BayesianMfParams, BiasedMfParams};
use foldin::retrieve::{
    Adjust, Freshness, Hit, Mmr, PopularityDiscount, Quota, Rerank, RerankError, ScanError, Scanner,
    ScoreExt, Thompson, TopN,
};
use proptest::prelude::*;
use toy::{InnerProduct, Table, events, unit};

fn hit(item: u32, score: f32) -> Hit {
    Hit { item: ItemIx::new(item), score }
}

fn items(list: &[Hit]) -> Vec<u32> {
    list.iter().map(|hit| hit.item.get()).collect()
}

fn choose(rerank: &Rerank<'_>, pool: &[Hit], n: usize) -> Vec<u32> {
    items(&rerank.choose(&Query::anyone(), pool, n).unwrap())
}

/// Attributes with one categorical field `director` and one list `genre`: the values of each item.
fn attributes(directors: &[Option<u32>], genres: &[&[u32]]) -> ItemAttributes {
    let field = |name: &str, kind| Field { name: name.into(), kind, scale: None, cuts: Vec::new() };
    let fields = vec![
        field("director", FieldKind::Categorical),
        field("genre", FieldKind::List),
        field("note", FieldKind::Ignore),
    ];
    let values = |name: &str| -> Vec<Feature> {
        let feature = |value| Feature { field: name.into(), value: Some(format!("{value:02}")) };
        (0..10).map(feature).collect()
    };
    let schema = AttributeSchema::new(fields, [values("director"), values("genre")].concat(), '|').unwrap();
    let (mut offsets, mut features) = (vec![0], Vec::new());
    for (director, genres) in directors.iter().zip(genres) {
        features.extend(*director);
        features.extend(genres.iter().map(|genre| 10 + genre));
        offsets.push(features.len());
    }
    let values = vec![1.0; features.len()];
    ItemAttributes::from_parts(Arc::new(schema), offsets, features, values).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = product(a, a).sqrt() * product(b, b).sqrt();
    // The crate rounds a cosine to single precision, once.
    if lengths > 0.0 { f64::from((product(a, b) / lengths) as f32) } else { 0.0 }
}

/// The values of an item, and how many items may have one.
type Limit<'a> = (&'a dyn Fn(u32) -> Vec<u32>, usize);

/// Everything by the definition, computed anew for every place: likeness, then any number of quotas.
fn naive(pool: &[Hit], model: &InnerProduct, lambda: f64, limits: &[Limit<'_>], n: usize) -> Vec<u32> {
    let low = pool.iter().map(|hit| hit.score).fold(f32::INFINITY, f32::min);
    let high = pool.iter().map(|hit| hit.score).fold(f32::NEG_INFINITY, f32::max);
    let relevance = |hit: &Hit| {
        let (score, low, high) = (f64::from(hit.score), f64::from(low), f64::from(high));
        if high > low { (score - low) / (high - low) } else { 1.0 }
    };
    let row = |item: u32| &model.items[item as usize * model.factors..][..model.factors];
    let mut list: Vec<u32> = Vec::new();
    while list.len() < n {
        let fits = |item: u32| {
            limits.iter().all(|(values, most)| {
                values(item).iter().all(|value| {
                    list.iter().filter(|chosen| values(**chosen).contains(value)).count() < *most
                })
            })
        };
        let open = pool.iter().filter(|hit| !list.contains(&hit.item.get()) && fits(hit.item.get()));
        let value = |hit: &Hit| {
            let near = list.iter().map(|&chosen| cosine(row(chosen), row(hit.item.get())));
            let near = if list.is_empty() { 0.0 } else { near.fold(f64::NEG_INFINITY, f64::max) };
            lambda * relevance(hit) - (1.0 - lambda) * near
        };
        let order = |a: &&Hit, b: &&Hit| {
            let by_value = value(a).total_cmp(&value(b));
            by_value.then(a.score.total_cmp(&b.score)).then(b.item.cmp(&a.item))
        };
        let Some(best) = open.max_by(order) else { break };
        list.push(best.item.get());
    }
    list
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// With few different scores and rows that repeat, so that ties are common.
    #[test]
    fn likeness_and_quotas_agree_with_the_naive_twin(
        seed: u32, n_items in 1_u32..60, levels in 1_u32..20, n in 0_usize..25, lambda in 0_u8..=4, most in 1_usize..4,
    ) {
        let mut model = InnerProduct::new(1, n_items as usize, 8);
        for item in (0..n_items as usize).filter(|item| item % 3 == 1) {
            model.items.copy_within((item - 1) * 8..item * 8, item * 8);
        }
        let draw = |at: u32, end: u32| (unit(u64::from(seed) << 32 | u64::from(at)) * end as f32) as u32;
        let pool: Vec<Hit> = (0..n_items).rev().map(|item| hit(item, draw(item, levels) as f32 / 7.0)).collect();
        let directors: Vec<_> = (0..n_items).map(|item| Some(draw(1_000 + item, 12)).filter(|&d| d < 10)).collect();
        let genres: Vec<Vec<u32>> = (0..n_items).map(|item| {
            (0..10).filter(|genre| draw(2_000 + 10 * item + genre, 6) == 0).collect()
        }).collect();
        let borrowed: Vec<&[u32]> = genres.iter().map(Vec::as_slice).collect();
        let attributes = attributes(&directors, &borrowed);
        let lambda = f64::from(lambda) / 4.0;
        let mmr = Mmr::new(&model, lambda).unwrap();
        let by_director = Quota::new(&attributes, "Director", most).unwrap();
        let by_genre = Quota::new(&attributes, "genre", most + 1).unwrap();

        let director = |item: u32| directors[item as usize].into_iter().collect::<Vec<_>>();
        let genre = |item: u32| genres[item as usize].clone();
        let rerank = Rerank::new(100);
        let (diverse, quotas) = (rerank.clone().diverse(&mmr), rerank.clone().quota(&by_director).quota(&by_genre));
        let limits: [Limit<'_>; 2] = [(&director, most), (&genre, most + 1)];
        prop_assert_eq!(choose(&diverse, &pool, n), naive(&pool, &model, lambda, &[], n));
        prop_assert_eq!(choose(&quotas, &pool, n), naive(&pool, &model, 1.0, &limits, n));
        let both = quotas.diverse(&mmr);
        prop_assert_eq!(choose(&both, &pool, n), naive(&pool, &model, lambda, &limits, n));
    }

    #[test]
    fn without_steps_the_list_is_the_head_of_the_pool(
        scores in prop::collection::vec(-3_i8..3, 0..50), n in 0_usize..60,
    ) {
        let pool: Vec<Hit> = (0..).zip(&scores).map(|(item, &score)| hit(item, f32::from(score))).collect();
        let mut sorted = pool.clone();
        sorted.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        sorted.truncate(n);
        let mut shuffled = pool;
        shuffled.reverse();
        prop_assert_eq!(Rerank::new(0).choose(&Query::anyone(), &shuffled, n).unwrap(), sorted);
    }
}

#[test]
fn a_pool_from_anywhere_is_cleaned() {
    let pool = [
        hit(4, 1.0),
        hit(9, f32::NAN),
        hit(2, 1.0),
        hit(4, 3.0),
        hit(1, f32::NEG_INFINITY),
        hit(3, f32::INFINITY),
    ];
    let rerank = Rerank::new(10);
    let list = rerank.choose(&Query::anyone(), &pool, 10).unwrap();
    assert_eq!(list, [hit(3, f32::INFINITY), hit(4, 3.0), hit(2, 1.0)]);
    assert_eq!(rerank.choose(&Query::anyone(), &[], 10).unwrap(), []);
    let model = InnerProduct::new(1, 10, 8);
    let mmr = Mmr::new(&model, 0.5).unwrap();
    let diverse = rerank.diverse(&mmr);
    assert_eq!(choose(&diverse, &pool, usize::MAX).len(), 3, "infinite scores are compared too");
    assert_eq!(choose(&diverse, &[], 3), []);
    assert_eq!(choose(&diverse, &[hit(1, -0.0), hit(0, 0.0)], 1), [0], "equal scores go by index");
}

#[test]
fn popularity_is_taken_from_the_score() {
    // Item 0 has three events, items 1 and 2 one, item 3 none.
    let data = events(3, 4, &[(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (0, 1, 1.0), (1, 2, 1.0)], None);
    let pool = [0, 1, 2, 3].map(|item| hit(item, 1.0));
    let adjusted = |step: &dyn Adjust| {
        let mut list = Rerank::new(4).adjust(step).choose(&Query::anyone(), &pool, 4).unwrap();
        list.sort_by_key(|hit| hit.item);
        list.iter().map(|hit| hit.score).collect::<Vec<_>>()
    };
    let by_count = adjusted(&PopularityDiscount::logarithmic(&data, 0.5).unwrap());
    let expected = [4.0_f64, 2.0, 2.0, 1.0].map(|n| (1.0 - 0.5 * n.ln()) as f32);
    by_count.iter().zip(expected).for_each(|(found, expected)| assert!((found - expected).abs() < 1e-6));
    let by_rank = adjusted(&PopularityDiscount::by_rank(&data, 0.5).unwrap());
    assert_eq!(by_rank, [1.0 - 0.5 * 0.75, 1.0 - 0.5 * 0.25, 1.0 - 0.5 * 0.25, 1.0]);
    assert_eq!(adjusted(&PopularityDiscount::by_rank(&data, 0.0).unwrap()), [1.0; 4]);
}

#[test]
fn freshness_halves_with_every_half_life() {
    let data = events(2, 4, &[(0, 0, 1.0), (1, 0, 1.0), (0, 1, 1.0), (1, 2, 1.0)], Some(&[70, 50, 90, 130]));
    let times = Freshness::first_seen(&data).unwrap();
    assert_eq!(times, [Some(50), Some(90), Some(130), None]);
    let fresh = Freshness::new(&times, 100, 25.0, 8.0).unwrap();
    let rerank = Rerank::new(4).adjust(&fresh);
    let pool = [0, 1, 2, 3].map(|item| hit(item, 0.0));
    let of = |query: &Query<'_>| {
        let mut list = rerank.choose(query, &pool, 4).unwrap();
        list.sort_by_key(|hit| hit.item);
        list.iter().map(|hit| hit.score).collect::<Vec<_>>()
    };
    let found = of(&Query::anyone());
    assert_eq!((found[0], found[2], found[3]), (2.0, 8.0, 0.0));
    assert!((f64::from(found[1]) - 8.0 * (-10.0_f64 / 25.0).exp2()).abs() < 1e-6);
    assert_eq!(of(&Query::anyone().at(150))[0], 0.5, "the moment of the question counts");
    assert_eq!(of(&Query::anyone().at(i64::MAX))[2], 0.0);
    assert_eq!(of(&Query::anyone().at(i64::MIN))[2], 8.0);
    let timeless = events(1, 1, &[(0, 0, 1.0)], None);
    assert_eq!(Freshness::first_seen(&timeless), Err(RerankError::NoTimes));
}

#[test]
fn thompson_ranks_by_one_draw_whose_mean_is_the_score() {
    let data = Synthetic::tiny().generate().unwrap().interactions;
    let model = BayesianMfParams::new().factors(3).burn_in(10).samples(24).kept(12).fit(&data).unwrap();
    let all: Vec<_> = (0..model.n_items()).map(ItemIx::new).collect();
    let drawn = |query: &Query<'_>, draw: usize| {
        let (mut profile, mut out) = (Profile::new(), vec![0.0; all.len()]);
        model.profile(query, &mut profile).unwrap();
        model.score_draw(&profile, draw, &all, &mut out).unwrap();
        out
    };
    let known = Query::user(UserIx::new(3));
    let told = Query::history(data.user(UserIx::new(5)).unwrap());
    for query in [known, told, Query::anyone()] {
        let draws: Vec<_> = (0..model.n_draws()).map(|draw| drawn(&query, draw)).collect();
        assert_eq!(drawn(&query, model.n_draws()), draws[0]);
        for item in &all {
            let mean = draws.iter().map(|draw| f64::from(draw[item.ix()])).sum::<f64>() / draws.len() as f64;
            let score = f64::from(model.score(&query, *item).unwrap());
            assert!((mean - score).abs() < 1e-4, "{item:?}: {mean} {score}");
        }
        let pool = model.top_n(&query, &TopN::new(30)).unwrap();
        let mut lists = Vec::new();
        for seed in 0..40 {
            let step = Thompson::new(&model, seed);
            let rerank = Rerank::new(30).adjust(&step);
            let list = rerank.choose(&query, &pool, 5).unwrap();
            assert_eq!(list, rerank.choose(&query, &pool, 5).unwrap(), "the seed decides");
            // It is the list of one of the draws.
            let best = |draw: &Vec<f32>| {
                let mut pool = items(&pool);
                pool.sort_by(|a, b| draw[*b as usize].total_cmp(&draw[*a as usize]).then(a.cmp(b)));
                pool.truncate(5);
                pool
            };
            assert!(draws.iter().any(|draw| best(draw) == items(&list)));
            lists.push(items(&list));
        }
        lists.sort();
        lists.dedup();
        assert!(lists.len() > 3, "{} different lists in 40 visits", lists.len());
    }
    let mut profile = Profile::new();
    let wrong = model.score_draw(&profile, 0, &all, &mut vec![0.0; all.len()]);
    assert!(matches!(wrong, Err(QueryError::Profile { found: 0, .. })), "{wrong:?}");
    model.profile(&known, &mut profile).unwrap();
    assert!(matches!(
        model.score_draw(&profile, 0, &all, &mut []),
        Err(QueryError::Profile { found: 0, .. })
    ));
    let beyond = [ItemIx::new(model.n_items())];
    let unknown = model.score_draw(&profile, 0, &beyond, &mut [0.0]);
    assert!(matches!(unknown, Err(QueryError::UnknownItem { .. })), "{unknown:?}");
}

#[test]
fn both_roads_fetch_the_pool_and_compose_all_steps() {
    let world = Synthetic::tiny().generate().unwrap();
    let (data, attributes) = (&world.interactions, world.item_attributes().unwrap());
    let model = BiasedMfParams::new().factors(4).fit(data).unwrap();
    let scanner = Scanner::new(&model).unwrap();
    let (discount, mmr) = (PopularityDiscount::by_rank(data, 0.3).unwrap(), Mmr::new(&model, 0.6).unwrap());
    let times = Freshness::first_seen(data).unwrap();
    let fresh = Freshness::new(&times, 1_100_000_000, 1e7, 0.5).unwrap();
    let quota = Quota::new(&attributes, "director", 1).unwrap();
    let rerank = Rerank::new(20).adjust(&discount).adjust(&fresh).diverse(&mmr).quota(&quota);
    for user in (0..data.n_users()).step_by(7).map(UserIx::new) {
        let query = Query::user(user);
        let list = model.top_n_reranked(&query, &TopN::new(6), &rerank).unwrap();
        assert_eq!(list, scanner.top_n_reranked(&query, &TopN::new(6), &rerank).unwrap());
        let pool = model.top_n(&query, &TopN::new(20)).unwrap();
        assert_eq!(list, rerank.choose(&query, &pool, 6).unwrap());
        assert!(list.iter().all(|hit| items(&pool).contains(&hit.item.get())));
        let mut directors: Vec<_> = list.iter().map(|hit| &world.items[hit.item.ix()].director).collect();
        directors.sort();
        directors.dedup();
        assert_eq!(directors.len(), list.len());
    }
    let plain = Rerank::new(3);
    let query = Query::user(UserIx::new(1));
    let list = model.top_n_reranked(&query, &TopN::new(9), &plain).unwrap();
    assert_eq!(list, model.top_n(&query, &TopN::new(9)).unwrap(), "the pool is at least the list");
    let stranger = Query::user(UserIx::new(data.n_users()));
    let unknown = model.top_n_reranked(&stranger, &TopN::new(1), &plain);
    assert!(matches!(unknown, Err(RerankError::Query(QueryError::UnknownUser { .. }))), "{unknown:?}");
}

#[test]
fn what_cannot_be_done_is_an_error_that_says_why() {
    let data = events(1, 2, &[(0, 0, 1.0)], None);
    for strength in [-1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(PopularityDiscount::by_rank(&data, strength), Err(RerankError::Param(_))));
        assert!(matches!(PopularityDiscount::logarithmic(&data, strength), Err(RerankError::Param(_))));
        assert!(matches!(Freshness::new(&[], 0, 1.0, strength), Err(RerankError::Param(_))));
    }
    for half_life in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Freshness::new(&[], 0, half_life, 1.0), Err(RerankError::Param(_))));
    }
    let model = InnerProduct::new(1, 2, 8);
    for lambda in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(Mmr::new(&model, lambda), Err(RerankError::Param(_))));
    }
    let rows = Mmr::new(&Table::new(1, vec![0.0]), 0.5).unwrap_err();
    assert_eq!(rows, RerankError::Rows(ScanError::NotInnerProduct));

    let attributes = attributes(&[None, None], &[&[], &[]]);
    assert!(matches!(Quota::new(&attributes, "genre", 0), Err(RerankError::Param(_))));
    for field in ["colour", "note"] {
        let unknown = Quota::new(&attributes, field, 1).unwrap_err();
        assert_eq!(
            unknown,
            RerankError::UnknownField { field: field.into(), known: "director, genre".into() }
        );
    }

    let (pool, n_items) = ([hit(0, 1.0), hit(2, 0.5)], 2);
    let (discount, times) = (PopularityDiscount::by_rank(&data, 1.0).unwrap(), [None; 2]);
    let fresh = Freshness::new(&times, 0, 1.0, 1.0).unwrap();
    let (mmr, quota) = (Mmr::new(&model, 0.5).unwrap(), Quota::new(&attributes, "genre", 1).unwrap());
    let rerank = Rerank::new(2);
    for (rerank, step) in [
        (rerank.clone().adjust(&discount), "the popularity discount"),
        (rerank.clone().adjust(&fresh), "freshness"),
        (rerank.clone().diverse(&mmr), "the comparison of items"),
        (rerank.quota(&quota), "the quota"),
    ] {
        let found = rerank.choose(&Query::anyone(), &pool, 2).unwrap_err();
        assert_eq!(found, RerankError::UnknownItem { step, item: ItemIx::new(2), n_items });
        assert!(found.to_string().contains(step));
    }
}
