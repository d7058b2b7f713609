//! What any model must answer, however it came to be.

use foldin::data::{History, ItemIx, UserIx};
use foldin::model::{Explain, PredictRating, Profile, Query, Score};
use foldin::rating::{BayesianMf, Forecast, ForecastRequest, Title};
use foldin::retrieve::{Hit, Scanner, ScoreExt, TopN};

use crate::bytes::Draw;

/// The items and values of somebody new; finite values of all sizes.
pub(crate) struct Somebody {
    items: Vec<ItemIx>,
    values: Vec<f32>,
}

impl Somebody {
    pub(crate) fn draw(draw: &mut Draw<'_>, n_items: u32) -> Self {
        let n = if n_items == 0 { 0 } else { draw.below(8) };
        let items = (0..n).map(|_| ItemIx::new(draw.below(n_items as usize) as u32)).collect();
        Self { items, values: (0..n).map(|_| draw.finite()).collect() }
    }

    pub(crate) fn history(&self) -> History<'_> {
        History::new(&self.items, &self.values).expect("as many values as items")
    }
}

/// Questions of all sorts: known users, somebody new, both, nobody.
pub(crate) fn questions<'a>(
    model: &impl Score,
    somebody: &'a Somebody,
    draw: &mut Draw<'_>,
) -> Vec<Query<'a>> {
    let mut questions = vec![Query::anyone(), Query::history(somebody.history())];
    if model.n_users() > 0 {
        let users = [0, draw.below(model.n_users() as usize) as u32, model.n_users() - 1].map(UserIx::new);
        questions.extend(users.map(Query::user));
        questions.push(Query::user(users[1]).with_history(somebody.history()));
    }
    if draw.flag() {
        let moment = draw.word() as i64;
        questions.iter_mut().for_each(|question| *question = question.at(moment));
    }
    questions
}

/// Scores are numbers, whatever the block; lists are those of all scores, by either road. Only who brings a history can
/// be refused. Returns all the scores there are.
pub(crate) fn ask<M: Score>(model: &M, questions: &[Query<'_>]) -> Vec<Vec<f32>> {
    let scanner = model.inner_product().map(|_| Scanner::new(model).expect("rows that can be packed"));
    let (n, mut profile) = (model.n_items() as usize, Profile::new());
    let mut all = Vec::new();
    for question in questions {
        if let Err(error) = model.profile(question, &mut profile) {
            assert!(question.history.is_some(), "{question:?}: {error}");
            continue;
        }
        let mut scores = vec![f32::NAN; n + 2];
        model.score_block(&profile, ItemIx::new(0), &mut scores);
        assert_eq!(scores[n..], [f32::NEG_INFINITY; 2], "beyond the items");
        scores.truncate(n);
        for (item, score) in (0..).zip(&scores) {
            assert!(!score.is_nan(), "{question:?} of item {item}");
            let mut alone = [0.0];
            model.score_block(&profile, ItemIx::new(item), &mut alone);
            assert_eq!(alone[0].to_bits(), score.to_bits(), "item {item} alone");
        }
        for request in [TopN::new(3), TopN::new(n).include_seen()] {
            let hits = model.top_n(question, &request).expect("its profile was made");
            check_list(&hits, &scores);
            if let Some(scanner) = &scanner {
                assert_eq!(hits, scanner.top_n(question, &request).expect("its profile was made"));
            }
        }
        all.push(scores);
    }
    all
}

fn check_list(hits: &[Hit], scores: &[f32]) {
    for hit in hits {
        assert_eq!(hit.score, scores[hit.item.ix()]);
    }
    let falls = |pair: &[Hit]| {
        pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].item < pair[1].item)
    };
    assert!(hits.windows(2).all(falls), "{hits:?}");
}

/// Predictions lie on the scale.
pub(crate) fn rate<M: PredictRating>(model: &M, questions: &[Query<'_>]) {
    let (scale, mut profile) = (model.scale(), Profile::new());
    assert!(scale.min <= scale.max);
    for question in questions {
        if model.profile(question, &mut profile).is_err() {
            continue;
        }
        for item in (0..model.n_items()).map(ItemIx::new) {
            let rating = model.predict(&profile, item).expect("an item of the model").rating;
            assert!(scale.min <= rating && rating <= scale.max, "{question:?} {item:?}: {rating}");
        }
    }
}

/// An explanation has the score it explains, and no reason but from the history.
pub(crate) fn explain<M: Explain>(model: &M, questions: &[Query<'_>]) {
    let items: Vec<ItemIx> = (0..model.n_items()).map(ItemIx::new).collect();
    for question in questions {
        let Ok(all) = model.explain_many(question, &items) else { continue };
        for (why, &item) in all.iter().zip(&items) {
            assert_eq!(why.item, item);
            let score = model.score(question, item).expect("it was explained");
            assert_eq!(why.score.to_bits(), score.to_bits(), "{question:?} {item:?}");
            if let Some(history) = question.history {
                assert!(why.reasons.iter().all(|reason| history.ids.contains(&reason.item)));
            }
        }
    }
}

/// How a rating may turn out, and how a title is received: probabilities, and intervals about what is expected.
pub(crate) fn forecast(model: &BayesianMf, asked: &[Query<'_>]) {
    rate(model, asked);
    let mut profile = Profile::new();
    for question in asked {
        if model.profile(question, &mut profile).is_err() {
            continue;
        }
        for item in (0..model.n_items()).map(ItemIx::new) {
            let how = model.distribution(&profile, item).expect("a profile of the model");
            let (low, high) = how.interval(0.9);
            assert!(low <= how.quantile(0.5) && how.quantile(0.5) <= high, "{low} to {high}");
            assert!(how.mean().is_finite() && how.deviation() >= 0.0, "{how:?}");
            assert!(
                (0.0..=1.0).contains(&how.doubt()) && (0.0..=1.0).contains(&how.at_least(low)),
                "{how:?}"
            );
        }
    }
    if model.n_items() > 0 && model.n_users() > 0 {
        let request = ForecastRequest::new().threads(1);
        let Forecast { mean, audience, users, .. } =
            model.forecast(Title::Item(ItemIx::new(0)), &request).expect("an item of the model");
        assert!(mean.value.is_finite(), "{mean:?}");
        assert!(0.0 <= audience.value && audience.value <= users.len() as f64, "{audience:?}");
    }
}
