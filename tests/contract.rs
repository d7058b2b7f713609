//! What every model promises, in one suite: a new model joins with one line at the end of this file.

use std::sync::OnceLock;

use foldin::data::synthetic::Synthetic;
use foldin::data::{History, Ids, Interactions, ItemIx, UserIx};
use foldin::evaluate::{Ndcg, RankingOptions, RatingOptions, Split, ranking, rating};
use foldin::implicit::{IalsParams, PopularityParams};
use foldin::model::{
    Basis, Explain, Fit, FitContext, FitError, PredictRating, Profile, Query, QueryError, Score, Stop,
};
use foldin::persist::{Persist, model_from_bytes, model_to_bytes};
use foldin::rating::{BayesianMfParams, BiasBaselineParams, BiasedMfParams, ItemKnnParams, Likelihood};
use foldin::retrieve::{Scanner, ScoreExt, TopN, UserScanner};

fn data() -> &'static Interactions {
    static DATA: OnceLock<Interactions> = OnceLock::new();
    DATA.get_or_init(|| {
        Synthetic::default().users(300).items(120).generate().expect("it generates").interactions
    })
}

fn fit<P: Fit>(params: &P, threads: usize) -> P::Model {
    let mut context = FitContext::new().seed(3).threads(threads);
    params.fit_with(data(), &mut context).expect("the data can be fitted").model
}

fn scores<M: Score>(model: &M, query: &Query<'_>) -> Vec<f32> {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).expect("the question is sound");
    let mut scores = vec![f32::NAN; model.n_items() as usize];
    model.score_block(&profile, ItemIx::new(0), &mut scores);
    scores
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Users with few, some and many events.
fn some_users() -> Vec<UserIx> {
    (0..data().n_users()).step_by(23).map(UserIx::new).collect()
}

fn known_users_are_answered<M: Score>(model: &M) {
    assert_eq!((model.n_users(), model.n_items()), (data().n_users(), data().n_items()));
    for user in some_users() {
        let scores = scores(model, &Query::user(user));
        assert!(scores.iter().all(|score| score.is_finite()), "{user:?}");
    }
}

fn predictions_are_scores_on_the_scale<M: PredictRating>(model: &M) {
    for user in some_users() {
        let query = Query::user(user);
        let scores = scores(model, &query);
        let mut profile = Profile::new();
        model.profile(&query, &mut profile).unwrap();
        for (item, &score) in scores.iter().enumerate() {
            let item = ItemIx::new(item as u32);
            let prediction = model.predict(&profile, item).unwrap();
            let clipped = model.scale().clip(score);
            assert!((prediction.rating - clipped).abs() < 1e-4, "{user:?} {item:?}: {prediction:?} {score}");
            assert_eq!(prediction, model.predict_one(&query, item).unwrap());
        }
    }
}

fn unknown_ids_are_errors<M: Score>(model: &M) {
    let mut profile = Profile::new();
    let beyond = UserIx::new(model.n_users());
    let error = model.profile(&Query::user(beyond), &mut profile).unwrap_err();
    assert!(matches!(error, QueryError::UnknownUser { .. }), "{error:?}");
    let items = [ItemIx::new(model.n_items())];
    let history = History::new(&items, &[3.0]).unwrap();
    let error = model.profile(&Query::history(history), &mut profile).unwrap_err();
    assert!(matches!(error, QueryError::UnknownItem { .. }), "{error:?}");
    assert_eq!(model.seen(beyond), []);
    let values = [f32::NAN];
    let history = History { ids: &[ItemIx::new(0)], values: &values, times: None };
    assert!(matches!(model.profile(&Query::history(history), &mut profile), Err(QueryError::History(_))));
    let history = History { ids: &[ItemIx::new(0)], values: &[], times: None };
    assert!(matches!(model.profile(&Query::history(history), &mut profile), Err(QueryError::History(_))));
}

fn an_unknown_item_is_not_predicted<M: PredictRating>(model: &M) {
    let error = model.predict_one(&Query::anyone(), ItemIx::new(model.n_items())).unwrap_err();
    assert!(matches!(error, QueryError::UnknownItem { .. }), "{error:?}");
}

fn nobody_and_an_empty_history_are_answered_alike<M: Score>(model: &M) {
    let nobody = scores(model, &Query::anyone());
    let empty = scores(model, &Query::history(History::default()));
    assert!(nobody.iter().all(|score| score.is_finite()));
    assert_eq!(bits(&nobody), bits(&empty));
}

fn nothing_is_learned_of_nobody<M: PredictRating>(model: &M) {
    for item in 0..model.n_items() {
        let prediction = model.predict_one(&Query::anyone(), ItemIx::new(item)).unwrap();
        assert_ne!(prediction.basis, Basis::Learned, "nothing is known of nobody");
    }
}

fn blocks_do_not_change_scores<M: Score>(model: &M) {
    let mut profile = Profile::new();
    model.profile(&Query::user(UserIx::new(1)), &mut profile).unwrap();
    let whole = scores(model, &Query::user(UserIx::new(1)));
    for (first, len) in [(0, 1), (1, 7), (5, 33), (17, 64)] {
        let mut block = vec![0.0; len];
        model.score_block(&profile, ItemIx::new(first as u32), &mut block);
        assert_eq!(bits(&block), bits(&whole[first..first + len]), "block {first} + {len}");
    }
    let mut beyond = [0.0; 3];
    model.score_block(&profile, ItemIx::new(model.n_items() - 1), &mut beyond);
    assert_eq!(beyond[1..], [f32::NEG_INFINITY; 2]);
    model.score_block(&profile, ItemIx::new(u32::MAX), &mut beyond);
    assert_eq!(beyond, [f32::NEG_INFINITY; 3]);
}

fn the_inner_product_is_the_score<M: Score>(model: &M) {
    let factors = model.inner_product().expect("the model was declared to offer its rows");
    let query = Query::user(UserIx::new(4));
    let mut profile = Profile::new();
    model.profile(&query, &mut profile).unwrap();
    for (item, score) in scores(model, &query).into_iter().enumerate() {
        let row = &factors.rows[item * factors.stride..][..factors.factors];
        let product: f64 = row.iter().zip(&profile.dense).map(|(a, b)| f64::from(a * b)).sum();
        let bias = factors.bias.get(item).copied().unwrap_or(0.0);
        let expected = product + f64::from(bias) + f64::from(profile.offset);
        assert!((expected - f64::from(score)).abs() < 1e-3, "item {item}: {expected} {score}");
    }
}

fn scanners_give_the_lists_of_the_model<M: Score>(model: &M) {
    let (scanner, audience) = (Scanner::new(model).unwrap(), UserScanner::new(model).unwrap());
    for user in some_users() {
        let query = Query::user(user);
        let request = TopN::new(7);
        assert_eq!(
            scanner.top_n(&query, &request).unwrap(),
            model.top_n(&query, &request).unwrap(),
            "{user:?}"
        );
        let item = model.top_n(&query, &TopN::new(1)).unwrap()[0];
        let everybody = audience.top_n(item.item, &TopN::users(model.n_users() as usize)).unwrap();
        let here = everybody.iter().find(|hit| hit.user == user).expect("they have not seen it");
        assert_eq!(here.score.to_bits(), item.score.to_bits());
        let best = audience.top_n(item.item, &TopN::users(5)).unwrap();
        assert_eq!(best, everybody[..5]);
    }
}

fn lists_are_exact<M: Score>(model: &M) {
    for user in some_users() {
        let query = Query::user(user);
        let mut order: Vec<_> = scores(model, &query).into_iter().zip(0..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.retain(|&(_, item)| !model.seen(user).contains(&ItemIx::new(item)));
        for n in [0, 1, 10, 1000] {
            let hits = model.top_n(&query, &TopN::new(n)).unwrap();
            assert_eq!(hits.len(), n.min(order.len()));
            let listed = hits.iter().map(|hit| (hit.score.to_bits(), hit.item.get()));
            let expected = order.iter().map(|&(score, item)| (score.to_bits(), item));
            assert!(listed.eq(expected.take(n)), "{user:?} top {n}");
        }
    }
}

fn seen_is_the_training_history<M: Score>(model: &M) {
    for (user, history) in data().users() {
        assert_eq!(model.seen(user), history.ids);
    }
}

fn many_are_answered_as_one<M: Score>(model: &M) {
    let users = some_users();
    let queries: Vec<_> = users.iter().map(|&user| Query::user(user)).collect();
    for threads in [1, 2, 3, 8] {
        let lists = model.top_n_batch(&queries, &TopN::new(5), threads).unwrap();
        for (query, list) in queries.iter().zip(&lists) {
            assert_eq!(*list, model.top_n(query, &TopN::new(5)).unwrap());
        }
    }
}

fn threads_change_no_bit<P: Fit>(params: &P)
where
    P::Model: Persist,
{
    let one = model_to_bytes(&fit(params, 1)).unwrap();
    for threads in [2, 3, 8] {
        assert!(one == model_to_bytes(&fit(params, threads)).unwrap(), "{threads} threads");
    }
}

fn saving_changes_no_bit<M: Persist>(model: &M) {
    let bytes = model_to_bytes(model).unwrap();
    let loaded: M = model_from_bytes(&bytes).unwrap();
    assert!(bytes == model_to_bytes(&loaded).unwrap());
    let history = data().user(UserIx::new(9)).unwrap();
    for query in [Query::user(UserIx::new(9)), Query::history(history), Query::anyone()] {
        assert_eq!(bits(&scores(model, &query)), bits(&scores(&loaded, &query)));
        assert_eq!(model.top_n(&query, &TopN::new(7)), loaded.top_n(&query, &TopN::new(7)));
    }
}

fn saving_keeps_the_scale<M: PredictRating + Persist>(model: &M) {
    let loaded: M = model_from_bytes(&model_to_bytes(model).unwrap()).unwrap();
    assert_eq!(model.scale(), loaded.scale());
}

fn folding_in_a_training_row_agrees<M: Score>(model: &M) {
    for user in some_users() {
        let history = data().user(user).unwrap();
        let trained = scores(model, &Query::user(user));
        let folded = scores(model, &Query::history(history));
        for (item, (a, b)) in trained.iter().zip(&folded).enumerate() {
            assert!((a - b).abs() < 1e-4, "{user:?} item {item}: {a} trained, {b} folded in");
        }
    }
}

/// Of known users asked with the events they were trained with, so that the score is that of their list.
fn explanations_are_the_score<M: Explain>(model: &M) {
    for user in some_users() {
        let history = data().user(user).unwrap();
        let query = Query::user(user).with_history(history);
        let items: Vec<_> = model.top_n(&query, &TopN::new(5)).unwrap().iter().map(|hit| hit.item).collect();
        for (item, why) in items.iter().zip(model.explain_many(&query, &items).unwrap()) {
            let sum: f64 = why.reasons.iter().map(|reason| f64::from(reason.contribution)).sum();
            let gap = f64::from(why.base) + sum - f64::from(why.score);
            assert!(
                gap.abs() <= 1e-4 * f64::from(why.score.abs()),
                "{user:?} {item:?}: {gap} of {}",
                why.score
            );
            assert_eq!(why, model.explain(&query, *item).unwrap());
            let trained = model.score(&Query::user(user), *item).unwrap();
            assert!((why.score - trained).abs() < 1e-4, "{user:?} {item:?}: {} {trained}", why.score);
            assert!(why.reasons.iter().all(|reason| history.ids.contains(&reason.item)));
        }
    }
    let nobody = model.explain(&Query::anyone(), ItemIx::new(1)).unwrap();
    assert!((nobody.base - nobody.score).abs() <= 1e-4 * nobody.score.abs() && nobody.reasons.is_empty());
    let unknown = model.explain(&Query::anyone(), ItemIx::new(model.n_items()));
    assert!(matches!(unknown, Err(QueryError::UnknownItem { .. })), "{unknown:?}");
    let unknown = model.explain(&Query::user(UserIx::new(model.n_users())), ItemIx::new(0));
    assert!(matches!(unknown, Err(QueryError::UnknownUser { .. })), "{unknown:?}");
}

/// A trained row is drawn with everything else, one folded in after it.
fn folding_in_a_training_row_is_near<M: Score>(model: &M) {
    for user in some_users() {
        let history = data().user(user).unwrap();
        let trained = scores(model, &Query::user(user));
        let folded = scores(model, &Query::user(user).with_history(history));
        let squares: f32 = trained.iter().zip(&folded).map(|(a, b)| (a - b) * (a - b)).sum();
        let apart = (squares / trained.len() as f32).sqrt();
        assert!(apart < 0.2, "{user:?}: scores are {apart} apart");
    }
}

/// Predictions that are no linear function of the score still go up with it where users and items are much alike.
fn predictions_follow_scores<M: PredictRating>(model: &M) {
    for user in some_users() {
        let query = Query::user(user);
        let mut pairs: Vec<_> = scores(model, &query)
            .into_iter()
            .zip(0..)
            .map(|(score, item)| (score, model.predict_one(&query, ItemIx::new(item)).unwrap().rating))
            .collect();
        assert!(pairs.iter().all(|pair| model.scale().clip(pair.1) == pair.1), "{user:?}: {pairs:?}");
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let third = pairs.len() / 3;
        let mean = |part: &[(f32, f32)]| part.iter().map(|pair| pair.1).sum::<f32>() / part.len() as f32;
        assert!(mean(&pairs[..third]) < mean(&pairs[pairs.len() - third..]), "{user:?}: {pairs:?}");
    }
}

/// Few enough for a test.
fn few_samples() -> BayesianMfParams {
    BayesianMfParams::new().factors(4).burn_in(20).samples(40).kept(10)
}

fn an_observer_can_cancel<P: Fit>(params: &P) {
    let mut epochs = 0;
    let mut observer = |_: &foldin::model::Progress<'_>| {
        epochs += 1;
        std::ops::ControlFlow::Break(Stop::Discard)
    };
    let result = params.fit_with(data(), &mut FitContext::new().observer(&mut observer));
    let error = result.err().expect("the model was declared to have epochs");
    assert!(epochs == 1 && matches!(error, FitError::Cancelled { epoch: 1 }), "{error:?}");
}

fn empty_data_is_an_error<P: Fit>(params: &P) {
    let empty = Interactions::from_events(3, 3, &[]).unwrap();
    assert!(matches!(params.fit(&empty), Err(FitError::Empty)));
}

fn awkward_data() -> [(&'static str, Interactions); 6] {
    let event = |user, item, value| foldin::data::Event {
        user: UserIx::new(user),
        item: ItemIx::new(item),
        value,
        time: None,
    };
    [
        ("one event", vec![event(1, 1, 4.0)]),
        ("equal ratings", (0..9).map(|n| event(n / 3, n % 3, 2.5)).collect()),
        ("huge ratings", (0..9).map(|n| event(n / 3, n % 3, 1e9 * n as f32)).collect()),
        ("tiny ratings", (0..9).map(|n| event(n / 3, n % 3, 1e-9 * n as f32)).collect()),
        ("one user", (0..3).map(|n| event(0, n, n as f32)).collect()),
        ("one item", (0..3).map(|n| event(n, 0, -(n as f32))).collect()),
    ]
    .map(|(case, events): (_, Vec<_>)| (case, Interactions::from_events(4, 5, &events).unwrap()))
}

fn awkward_data_is_fitted<P: Fit>(params: &P) {
    for (case, data) in awkward_data() {
        let model = params.fit(&data).unwrap_or_else(|error| panic!("{case}: {error}"));
        for user in 0..4 {
            let scores = scores(&model, &Query::user(UserIx::new(user)));
            assert!(scores.iter().all(|score| score.is_finite()), "{case}: {scores:?}");
        }
    }
}

fn awkward_data_is_predicted_on_its_scale<P: Fit>(params: &P)
where
    P::Model: PredictRating,
{
    for (case, data) in awkward_data() {
        let model = params.fit(&data).unwrap_or_else(|error| panic!("{case}: {error}"));
        let (min, max) = data.value_range().unwrap();
        for (user, item) in (0..20).map(|n| (UserIx::new(n / 5), ItemIx::new(n % 5))) {
            let rating = model.predict_one(&Query::user(user), item).unwrap().rating;
            assert!((min..=max).contains(&rating), "{case}: {rating}");
        }
    }
}

fn a_row_without_events_rests_on_less<P: Fit>(params: &P)
where
    P::Model: PredictRating,
{
    // User 4 and item 5 have no events.
    let events: Vec<_> = (0..20)
        .map(|n| foldin::data::Event {
            user: UserIx::new(n / 5),
            item: ItemIx::new(n % 5),
            value: (n * 7 % 5) as f32,
            time: None,
        })
        .collect();
    let data = Interactions::from_events(5, 6, &events).unwrap();
    let model = params.fit(&data).unwrap();
    let basis =
        |user, item| model.predict_one(&Query::user(UserIx::new(user)), ItemIx::new(item)).unwrap().basis;
    assert_eq!(basis(4, 5), Basis::GlobalMean);
    assert_eq!(basis(4, 0), Basis::Biases);
    assert_eq!(basis(0, 5), Basis::Biases);
}

/// `margin`: how far below the spread of the ratings the RMSE must be, as a factor.
fn rates<P: Fit>(params: &P, margin: f64)
where
    P::Model: PredictRating,
{
    let split = Split::random(data(), 0.1, 1).unwrap();
    let model = params.fit(&split.train).unwrap();
    let report = rating(&model, &split.train, &split.test, &RatingOptions::new()).unwrap();
    let mean = split.train.mean().unwrap();
    let squares: f64 = split.test.events().map(|event| (f64::from(event.value) - mean).powi(2)).sum();
    let spread = (squares / split.test.len() as f64).sqrt();
    assert!(report.rmse < margin * spread, "RMSE {} against a spread of {spread}", report.rmse);
}

/// `bar`: the NDCG@10 that lists must have. Lists at random have about 0.05.
fn ranks<P: Fit>(params: &P, bar: f64) {
    let split = Split::random(data(), 0.1, 1).unwrap();
    let model = params.fit(&split.train).unwrap();
    let report = ranking(&model, &split.train, &split.test, &RankingOptions::new(10)).unwrap();
    let found = report.mean(&Ndcg(10)).unwrap();
    assert!(found > bar, "NDCG@10 is {found}, the bar {bar}");
}

fn ids_travel_with_the_model<M: Persist>(model: &M) {
    let ids: Ids = Ids {
        users: (0..model.n_users()).map(|n| format!("u{n}")).collect(),
        items: (0..model.n_items()).map(|n| format!("i{n}")).collect(),
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.foldin");
    foldin::persist::save(&path, model, &ids).unwrap();
    let saved = foldin::persist::load::<M, String, String>(&path).unwrap();
    assert_eq!(saved.ids, ids);
    assert!(model_to_bytes(&saved.model).unwrap() == model_to_bytes(model).unwrap());
}

macro_rules! contract {
    // In brackets: what the model can beyond what all can.
    ($($name:ident: $params:expr, $kind:ident $bar:expr, models [$($model:ident),*], fits [$($fit:ident),*];)+) => {$(
        mod $name {
            use super::*;

            contract!(@model $params;
                known_users_are_answered, unknown_ids_are_errors, nobody_and_an_empty_history_are_answered_alike,
                blocks_do_not_change_scores, lists_are_exact,
                seen_is_the_training_history, many_are_answered_as_one, saving_changes_no_bit,
                ids_travel_with_the_model $(, $model)*);
            contract!(@params $params;
                threads_change_no_bit, empty_data_is_an_error, awkward_data_is_fitted $(, $fit)*);
            contract!(@$kind $params, $bar);
        }
    )+};
    // A model of ratings.
    (@rates $params:expr, $bar:expr) => {
        contract!(@model $params;
            an_unknown_item_is_not_predicted, nothing_is_learned_of_nobody,
            saving_keeps_the_scale);
        contract!(@params $params;
            awkward_data_is_predicted_on_its_scale, a_row_without_events_rests_on_less);

        #[test]
        fn rates() {
            super::rates(&$params, $bar);
        }
    };
    // A model of events.
    (@ranks $params:expr, $bar:expr) => {
        #[test]
        fn ranks() {
            super::ranks(&$params, $bar);
        }
    };
    (@model $params:expr; $($check:ident),+) => {$(
        #[test]
        fn $check() {
            super::$check(&fit(&$params, 1));
        }
    )+};
    (@params $params:expr; $($check:ident),+) => {$(
        #[test]
        fn $check() {
            super::$check(&$params);
        }
    )+};
}

contract! {
    bias_baseline: BiasBaselineParams::default(), rates 0.95,
        models [predictions_are_scores_on_the_scale, folding_in_a_training_row_agrees],
        fits [an_observer_can_cancel];
    item_knn: ItemKnnParams::default(), rates 0.92,
        models [predictions_are_scores_on_the_scale, folding_in_a_training_row_agrees,
            explanations_are_the_score],
        fits [];
    biased_mf: BiasedMfParams::default(), rates 0.9,
        models [predictions_are_scores_on_the_scale, folding_in_a_training_row_agrees,
            the_inner_product_is_the_score, scanners_give_the_lists_of_the_model, explanations_are_the_score],
        fits [an_observer_can_cancel];
    // Of numbers the mean is the score; of levels it is not.
    bayesian_mf: few_samples().likelihood(Likelihood::Gaussian), rates 0.9,
        models [predictions_are_scores_on_the_scale, folding_in_a_training_row_is_near,
            the_inner_product_is_the_score, scanners_give_the_lists_of_the_model],
        fits [an_observer_can_cancel];
    bayesian_mf_of_levels: few_samples(), rates 0.9,
        models [predictions_follow_scores, folding_in_a_training_row_is_near,
            the_inner_product_is_the_score, scanners_give_the_lists_of_the_model],
        fits [an_observer_can_cancel];
    ials: IalsParams::default(), ranks 0.1,
        models [folding_in_a_training_row_agrees, the_inner_product_is_the_score,
            scanners_give_the_lists_of_the_model, explanations_are_the_score],
        fits [an_observer_can_cancel];
    popularity: PopularityParams::default(), ranks 0.1, models [folding_in_a_training_row_agrees], fits [];
}
