//! Guards what a mapped model promises: the answers of the loaded one to the bit, no look at what stays in the file, no
//! panic and no score that is not a number whatever is in it, and a `verify` that finds every flipped byte.

mod damage;
#[cfg(all(unix, target_pointer_width = "64"))]
mod giant;
#[path = "../persist_toy/mod.rs"]
mod persist_toy;

use std::fs;
use std::path::{Path, PathBuf};

use foldin::data::{Change, Columns, Event, History, Ids, Interactions, ItemIx, UserIx};
use foldin::implicit::{Ials, IalsParams, Popularity};
use foldin::kernel::Stream;
use foldin::live::Learner;
use foldin::model::{Explain, Fit, Profile, Query, QueryError, Score};
use foldin::persist::{
    LoadError, LoadFault, Mapped, Persist, load, load_model, map, map_model, model_to_bytes, save,
    save_model, verify,
};
use foldin::rating::{BayesianMf, BiasBaseline, BiasedMf, ItemKnn};
use foldin::retrieve::{Hit, Scanner, ScoreExt, TopN};

const USERS: u32 = 40;
const ITEMS: u32 = 1500;

fn data() -> Interactions {
    let (mut users, mut items, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for user in 0..USERS - 1 {
        let mut normal = Stream { seed: 5, epoch: 0, side: 0, row: u64::from(user) }.normal();
        // Nobody has met the last item, the last user has met nothing.
        let mut touched: Vec<u32> =
            (0..25).map(|_| (normal.draw().abs() * 300.0) as u32 % (ITEMS - 1)).collect();
        touched.sort_unstable();
        touched.dedup();
        for item in touched {
            users.push(UserIx::new(user));
            items.push(ItemIx::new(item));
            values.push(1.0 + (item % 3) as f32);
        }
    }
    let columns = Columns { users: &users, items: &items, values: &values, times: None };
    Interactions::from_columns(USERS, ITEMS, columns).unwrap()
}

fn ids() -> Ids {
    Ids {
        users: (0..USERS).map(|n| format!("person {n}")).collect(),
        items: (0..ITEMS).map(|n| format!("film {n}")).collect(),
    }
}

fn params(factors: usize) -> IalsParams {
    IalsParams::new().factors(factors).epochs(2).popularity_discount(0.2).activity_exponent(0.1)
}

/// A directory, and a model saved in it.
fn saved(factors: usize) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.foldin");
    save(&path, &params(factors).fit(&data()).unwrap(), &ids()).unwrap();
    (directory, path)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn bits(hits: &[Hit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.item.get(), hit.score.to_bits())).collect()
}

/// The scores of all items, and a list.
type Answer = (Vec<u32>, Vec<(u32, u32)>);

/// Everything a model answers to anybody.
fn answers<M: Score>(model: &M) -> Vec<Result<Answer, QueryError>> {
    let items = [0, 3, 4].map(|item| ItemIx::new(item % model.n_items().max(1)));
    let mut distinct = items.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let values = &[2.0, 1.0, -1.0][..distinct.len()];
    let history = Query::history(History::new(&distinct, values).unwrap());
    let users = (0..model.n_users().min(50)).map(|user| Query::user(UserIx::new(user)));
    let ask = |query: Query<'_>| {
        let mut profile = Profile::new();
        model.profile(&query, &mut profile)?;
        let mut scores = vec![0.0; model.n_items() as usize + 3];
        model.score_block(&profile, ItemIx::new(0), &mut scores);
        assert!(scores.iter().all(|score| !score.is_nan()));
        let list = model.top_n(&query, &TopN::new(10))?;
        Ok((scores.iter().map(|score| score.to_bits()).collect(), bits(&list)))
    };
    users.chain([history, Query::anyone()]).map(ask).collect()
}

fn scanned<M: Score>(model: &M) -> Vec<Vec<(u32, u32)>> {
    let scanner = Scanner::new(model).unwrap();
    let users = (0..model.n_users()).map(|user| Query::user(UserIx::new(user)));
    users.map(|query| bits(&scanner.top_n(&query, &TopN::new(7)).unwrap())).collect()
}

fn assert_same<M: Score>(mapped: &M, loaded: &M) {
    assert_eq!((mapped.n_users(), mapped.n_items()), (loaded.n_users(), loaded.n_items()));
    assert_eq!(answers(mapped), answers(loaded));
    let beyond = loaded.n_users() + 2;
    (0..beyond).map(UserIx::new).for_each(|user| assert_eq!(mapped.seen(user), loaded.seen(user)));
}

/// Widths with and without zeros at the end of a row in memory, and of every remainder of a vector.
#[test]
fn it_answers_as_the_loaded_one_at_every_width() {
    for factors in [1, 2, 3, 5, 8, 11, 15, 16, 17, 20, 24, 29, 32, 33, 50, 64, 65, 100, 128] {
        let (_directory, path) = saved(factors);
        let mapped: Mapped<Ials> = map(&path).unwrap();
        let loaded = load::<Ials, String, String>(&path).unwrap();
        assert_same(&mapped.model, &loaded.model);
        assert_eq!(scanned(&mapped.model), scanned(&loaded.model), "{factors}");
        assert_eq!(mapped.model, loaded.model);
        assert_eq!(mapped.ids().unwrap(), &loaded.ids);
        assert!(model_to_bytes(&mapped.model).unwrap() == model_to_bytes(&loaded.model).unwrap());
        let data = data();
        let query = Query::history(data.user(UserIx::new(3)).unwrap());
        let items = [ItemIx::new(1), ItemIx::new(900)];
        let explained = |model: &Ials| model.explain_many(&query, &items).unwrap();
        assert_eq!(explained(&mapped.model), explained(&loaded.model));
        mapped.verify().unwrap();
        verify::<Ials>(&path).unwrap();
    }
}

#[test]
fn a_model_that_is_changed_copies_what_it_changes() {
    let (_directory, path) = saved(20);
    let before = fs::read(&path).unwrap();
    let mapped: Ials = map_model(&path).unwrap();
    let untouched = mapped.clone();
    let event =
        |user, item, value| Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: None };
    let days = [
        vec![Change::Add(event(USERS, ITEMS, 2.0)), Change::Replace(event(3, 7, 3.0))],
        vec![Change::RemoveUser { user: UserIx::new(4) }],
    ];
    let live = |model: Ials| {
        let mut learner = Learner::new(model, data()).unwrap().threads(1);
        days.iter().for_each(|day| _ = learner.apply(day).unwrap());
        model_to_bytes(&learner).unwrap()
    };
    assert!(live(mapped) == live(load_model(&path).unwrap()));
    assert_same(&untouched, &load_model(&path).unwrap());
    assert!(fs::read(&path).unwrap() == before);
}

/// Files of every version, of models that leave nothing in the file too.
#[test]
fn old_files_are_mapped() {
    fn hold<M: Persist>(name: &str) {
        let path = golden(name);
        let mapped: Mapped<M> = map(&path).unwrap();
        let loaded = load::<M, String, String>(&path).unwrap();
        assert_same(&mapped.model, &loaded.model);
        assert_eq!(mapped.ids().unwrap(), &loaded.ids);
        assert_eq!((&mapped.metadata, &mapped.checkpoint), (&loaded.metadata, &loaded.checkpoint));
        mapped.verify().unwrap();
        verify::<M>(&path).unwrap();
    }
    hold::<Ials>("ials-1.foldin");
    hold::<Ials>("ials-2.foldin");
    hold::<BiasedMf>("biased-mf-1.foldin");
    hold::<BayesianMf>("bayesian-mf-1.foldin");
    hold::<BayesianMf>("bayesian-mf-2.foldin");
    hold::<BiasBaseline>("bias-baseline-1.foldin");
    hold::<ItemKnn>("item-knn-1.foldin");
    hold::<Popularity>("popularity-1.foldin");
}

#[test]
fn saving_over_an_open_map_leaves_it_as_it_was() {
    let (_directory, path) = saved(8);
    let old: Mapped<Ials> = map(&path).unwrap();
    let expected: Ials = load_model(&path).unwrap();
    let replaced = save(&path, &params(16).fit(&data()).unwrap(), &ids());
    // Windows does not let a mapped file go.
    assert_eq!(replaced.is_ok(), cfg!(unix));
    if cfg!(unix) {
        let new: Mapped<Ials> = map(&path).unwrap();
        assert_eq!((old.model.factors(), new.model.factors()), (8, 16));
        assert_same(&new.model, &load_model(&path).unwrap());
        fs::remove_file(&path).unwrap();
    }
    assert_same(&old.model, &expected);
    assert_eq!(old.ids().unwrap(), &ids());
    old.verify().unwrap();
    let Mapped { model, .. } = old;
    assert_same(&model, &expected);
}

fn fault<T>(result: Result<T, LoadError>) -> String {
    let error = result.err().expect("an error");
    assert!(error.path().is_some(), "{error}");
    error.to_string()
}

/// Refused as loading refuses it.
#[test]
fn what_is_no_model_is_refused() {
    let (directory, path) = saved(8);
    let good = fs::read(&path).unwrap();
    let bad = directory.path().join("bad");
    let mut grown = good.clone();
    grown.push(0);
    for bytes in [&b""[..], b"user,item\n1,2\n", &good[..63], &good[..good.len() - 1], &grown] {
        fs::write(&bad, bytes).unwrap();
        let expected = fault(load_model::<Ials>(&bad));
        assert_eq!(fault(map_model::<Ials>(&bad)), expected);
        assert_eq!(fault(verify::<Ials>(&bad)), expected);
    }
    assert_eq!(fault(map_model::<BiasedMf>(&path)), fault(load_model::<BiasedMf>(&path)));
    for nowhere in [directory.path(), &directory.path().join("nowhere")] {
        assert_eq!(fault(map_model::<Ials>(nowhere)), fault(load_model::<Ials>(nowhere)));
    }
    let other = map::<Ials, u64, String>(&path).err().unwrap();
    assert!(matches!(other.fault(), LoadFault::IdType { .. }), "{other}");
    let (bare, model) = (directory.path().join("bare"), map_model::<Ials>(&path).unwrap());
    save_model(&bare, &model).unwrap();
    let none = map::<Ials, String, String>(&bare).err().unwrap();
    assert!(matches!(none.fault(), LoadFault::NoIds { .. }), "{none}");
}
