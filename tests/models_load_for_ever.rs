//! Files of real models saved once must load for ever, and answer as they did.
//!
//! The files in `tests/golden` were written by the first version of each model's sections. A new version of
//! a model's sections gets a new file beside the old one; the old one stays.

use std::path::{Path, PathBuf};

use foldin::data::{
    AttributeRecord, Columns, FieldKind, History, Ids, Interactions, ItemAttributes, ItemIx, UserAttributes,
    UserIx,
};
use foldin::implicit::{Ials, IalsParams, PopularityParams};
use foldin::model::{Fit, PredictRating, Query, Score};
use foldin::persist::{Persist, Saved, load, save};
use foldin::rating::{BayesianMf, BayesianMfParams, BiasBaselineParams, BiasedMfParams, ItemKnnParams};
use foldin::retrieve::ScoreExt;

/// Twelve people of two tastes and six films; the last film has no rating.
fn data() -> (Interactions, Ids) {
    let (mut users, mut items, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (user, item) in (0..60).filter(|n| n % 7 != 4).map(|n| (n / 5, n % 5)) {
        users.push(UserIx::new(user));
        items.push(ItemIx::new(item));
        let liked = (user + item) % 2 == 0;
        values.push(if liked { 4.0 } else { 1.0 } + ((user * item) % 3 % 2) as f32);
    }
    let columns = Columns { users: &users, items: &items, values: &values, times: None };
    let ids = Ids {
        users: (1..=12).map(|n| format!("person {n}")).collect(),
        items: (1..=6).map(|n| format!("film {n}")).collect(),
    };
    (Interactions::from_columns(12, 6, columns).unwrap(), ids)
}

/// The same with a moment for each rating, and what is known of everybody and everything.
fn data_with_more() -> Interactions {
    let (data, ids) = data();
    let (mut users, mut items, mut values, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in data.events() {
        users.push(event.user);
        items.push(event.item);
        values.push(event.value);
        times.push(1_000_000_000 + 86_400 * i64::from(event.user.get() * 3 + event.item.get()));
    }
    let columns = Columns { users: &users, items: &items, values: &values, times: Some(&times) };
    let record = |n: usize, field: &str| AttributeRecord::new().with(field, ["odd", "even"][n % 2]);
    let people = ids.users.keys().iter().cloned().zip((0..).map(|n| record(n, "taste")));
    let people =
        UserAttributes::builder().kind("taste", FieldKind::Categorical).add("people", people).unwrap();
    let films = ids.items.keys().iter().cloned().zip((0..).map(|n| record(n, "genre")));
    let films = ItemAttributes::builder().kind("genre", FieldKind::Categorical).add("films", films).unwrap();
    let (people, films) = (people.build(&ids).unwrap().0, films.build(&ids).unwrap().0);
    let data = Interactions::from_columns(12, 6, columns).unwrap();
    data.with_user_attributes(people.into()).unwrap().with_item_attributes(films.into()).unwrap()
}

/// What the model of a file says of the first person, of somebody who rated two films, and of nobody.
fn answers<M>(model: &M, answer: Answer<M>) -> Vec<f32> {
    let items = [ItemIx::new(0), ItemIx::new(3)];
    let history = History::new(&items, &[5.0, 1.0]).unwrap();
    let queries = [Query::user(UserIx::new(0)), Query::history(history), Query::anyone()];
    let pairs = queries.iter().flat_map(|query| [1, 5].map(|item| (query, ItemIx::new(item))));
    pairs.map(|(query, item)| answer(model, query, item)).collect()
}

type Answer<M> = fn(&M, &Query<'_>, ItemIx) -> f32;

fn rating<M: PredictRating>(model: &M, query: &Query<'_>, item: ItemIx) -> f32 {
    model.predict_one(query, item).unwrap().rating
}

fn score<M: Score>(model: &M, query: &Query<'_>, item: ItemIx) -> f32 {
    ScoreExt::score(model, query, item).unwrap()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The model of a file answers as it did.
fn load_as_it_was<M: Persist>(name: &str, answer: Answer<M>, expected: [f32; 6]) -> Saved<M> {
    let saved = load::<M, String, String>(golden(name)).unwrap();
    assert_eq!(saved.ids, data().1);
    let found = answers(&saved.model, answer);
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4);
    assert!(near, "{name} answers {found:?}, it answered {expected:?}");
    saved
}

/// The same, and saved again it has the same bytes: a file of the newest version.
fn hold<P: Fit>(name: &str, params: &P, answer: Answer<P::Model>, expected: [f32; 6]) -> Saved<P::Model>
where
    P::Model: Persist,
{
    hold_of(&data().0, name, params, answer, expected)
}

fn hold_of<P: Fit>(
    data: &Interactions,
    name: &str,
    params: &P,
    answer: Answer<P::Model>,
    expected: [f32; 6],
) -> Saved<P::Model>
where
    P::Model: Persist,
{
    let (golden, written) = (golden(name), Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
    if !golden.exists() {
        let ids = self::data().1;
        save(&written, &params.fit(data).unwrap(), &ids).unwrap();
        panic!("{} is missing; a file made by this version is {}", golden.display(), written.display());
    }
    let saved = load_as_it_was::<P::Model>(name, answer, expected);
    save(&written, &saved.model, &saved.ids).unwrap();
    let same = std::fs::read(&golden).unwrap() == std::fs::read(&written).unwrap();
    assert!(same, "saved again it has other bytes: compare {} with {}", golden.display(), written.display());
    saved
}

#[test]
fn bias_baseline() {
    hold(
        "bias-baseline-1.foldin",
        &BiasBaselineParams::new(),
        rating,
        [2.76771, 2.62539, 2.96765, 2.82533, 2.85386, 2.71154],
    );
}

#[test]
fn item_knn() {
    hold(
        "item-knn-1.foldin",
        &ItemKnnParams::new(),
        rating,
        [1.48905, 2.62539, 1.51428, 2.82533, 2.85386, 2.71154],
    );
}

#[test]
fn biased_mf() {
    hold(
        "biased-mf-1.foldin",
        &BiasedMfParams::new().factors(2),
        rating,
        [1.26098, 2.85162, 1.03746, 3.18598, 2.85597, 2.70996],
    );
}

/// Everything a model can have: levels, sets, times, attributes of both sides.
#[test]
fn bayesian_mf() {
    let params = BayesianMfParams::new().factors(2).burn_in(20).samples(30).kept(3);
    let saved = hold_of(
        &data_with_more(),
        "bayesian-mf-3.foldin",
        &params,
        rating,
        [1.88561, 1.12377, 2.79412, 1.71514, 3.22204, 2.97413],
    );
    let model: BayesianMf = saved.model;
    assert_eq!((model.factors(), model.samples(), model.knows_time()), (2, 3, true));
    assert_eq!(model.user_attributes(), data_with_more().user_attributes());
    assert_eq!(model.item_attributes(), data_with_more().item_attributes());
    let moment = Query::user(UserIx::new(3)).at(1_000_000_000 + 86_400 * 10);
    assert_ne!(
        rating(&model, &moment, ItemIx::new(1)),
        rating(&model, &Query::user(UserIx::new(3)), ItemIx::new(1))
    );
}

/// Before rows came and went.
#[test]
fn bayesian_mf_of_version_2() {
    let answers = [1.88561, 1.12377, 2.79412, 1.71514, 3.22204, 2.97413];
    load_as_it_was::<BayesianMf>("bayesian-mf-2.foldin", rating, answers);
}

/// Before users who have just come had a prior of their own.
#[test]
fn bayesian_mf_of_version_1() {
    let answers = [1.82540, 2.52088, 3.11907, 2.85946, 3.02426, 2.54816];
    load_as_it_was::<BayesianMf>("bayesian-mf-1.foldin", rating, answers);
}

/// Ten of the twelve saw the second film, nobody the last.
#[test]
fn popularity() {
    hold("popularity-1.foldin", &PopularityParams::new(), score, [10.0, 0.0, 10.0, 0.0, 10.0, 0.0]);
}

/// Nobody saw the last film.
#[test]
fn ials() {
    let params = IalsParams::new().factors(2).activity_exponent(0.3).popularity_discount(0.25);
    let answers = [0.91114, 0.0, 0.06916, 0.0, 0.77368, 0.0];
    hold("ials-2.foldin", &params, score, answers);
}

/// Before users and items had shares in the weights.
#[test]
fn ials_of_version_1() {
    let answers = [0.90847, 0.0, 0.05344, 0.0, 0.77266, 0.0];
    load_as_it_was::<Ials>("ials-1.foldin", score, answers);
}
