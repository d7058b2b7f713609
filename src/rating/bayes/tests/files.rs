//! What is read is checked: by files and by `serde` the same parts come in.

use super::super::model::Parts;
use super::*;
use crate::persist::model_from_bytes;

fn model() -> BayesianMf {
    small().samples(4).kept(2).burn_in(2).fit(&stars()).unwrap()
}

#[test]
fn saved_and_loaded_it_is_the_same() {
    let gaussian = small().likelihood(Likelihood::Gaussian).time(false).attributes(false).user_sets(false);
    for model in [model(), gaussian.fit(&stars()).unwrap()] {
        let bytes = model_to_bytes(&model).unwrap();
        assert_eq!(model_from_bytes::<BayesianMf>(&bytes).unwrap(), model);
        #[cfg(feature = "serde")]
        {
            let json = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<BayesianMf>(&json).unwrap(), model);
            assert!(
                serde_json::from_str::<BayesianMf>(&json.replacen("\"factors\":3", "\"factors\":4", 1))
                    .is_err()
            );
        }
    }
}

type Tamper = fn(&mut Parts);

/// Everything that does not fit the rest, and every number that is none.
const BAD: &[(&str, Tamper)] = &[
    ("shape", |parts| parts.factors = 0),
    ("shape", |parts| parts.factors = 257),
    ("shape", |parts| parts.factors = usize::MAX),
    ("shape", |parts| parts.samples = 0),
    ("shape", |parts| parts.samples = usize::MAX),
    ("users", |parts| parts.factors = 4),
    ("users", |parts| parts.samples = 1),
    ("users", |parts| {
        parts.users.pop();
    }),
    ("users", |parts| parts.users[3] = f32::NAN),
    ("users", |parts| parts.users[0] = 2e12),
    ("users", |parts| parts.ratings.scaling.spread = 3e38),
    ("items", |parts| {
        parts.items.pop();
    }),
    ("items", |parts| parts.items[0] = f32::INFINITY),
    ("items", |parts| parts.time = None),
    ("user.mean", |parts| parts.user_prior.mean.push(0.0)),
    ("user.root", |parts| parts.user_prior.root.clear()),
    ("user.inverse", |parts| parts.user_prior.inverse[0] = f32::NAN),
    ("user.weights", |parts| parts.user_sets = false),
    ("user.weights", |parts| parts.user_attributes = None),
    ("item.mean", |parts| parts.item_prior.mean.clear()),
    ("item.root", |parts| parts.item_prior.root.push(0.0)),
    ("item.inverse", |parts| parts.item_prior.inverse[1] = f32::NEG_INFINITY),
    ("item.weights", |parts| parts.item_attributes = None),
    ("new.mean", |parts| parts.newcomers.as_mut().unwrap().mean[1] = f32::NAN),
    ("new.root", |parts| parts.newcomers.as_mut().unwrap().root.clear()),
    ("new.inverse", |parts| parts.newcomers.as_mut().unwrap().inverse.push(0.0)),
    ("new.weights", |parts| parts.newcomers.as_mut().unwrap().weights.clear()),
    ("noise", |parts| parts.noise.all = 0.0),
    ("noise", |parts| parts.noise.all = f32::NAN),
    ("users", |parts| {
        parts.noise.users.pop();
    }),
    ("items", |parts| parts.noise.items.push(1.0)),
    ("noise.users", |parts| parts.noise.users[0] = -1.0),
    ("noise.items", |parts| parts.noise.items[0] = 1e-40),
    ("time", |parts| parts.time.as_mut().unwrap().calendar.start = i64::MAX),
    ("time.days", |parts| parts.time.as_mut().unwrap().calendar.start = i64::MIN),
    ("time.days", |parts| parts.time.as_mut().unwrap().days[0] = f32::NAN),
    ("time.days", |parts| parts.time.as_mut().unwrap().days.clear()),
    ("time.keys", |parts| parts.time.as_mut().unwrap().user_keys[1] = 0),
    ("time.users", |parts| {
        parts.time.as_mut().unwrap().user_keys.pop();
    }),
    ("time.users", |parts| parts.time.as_mut().unwrap().user_days[0] = f32::INFINITY),
    ("user.told.row.offsets", |parts| parts.user_attributes = Some(attributes(81, 60, |_| vec![]))),
    ("item.told.row.offsets", |parts| parts.item_attributes = Some(attributes(51, 60, |_| vec![]))),
    ("rated.told", |parts| _ = parts.rated.as_mut().unwrap().told.pop()),
    ("rated.root", |parts| parts.rated.as_mut().unwrap().root[0] = f32::NAN),
    ("rated.inverse", |parts| parts.rated.as_mut().unwrap().inverse.push(0.0)),
    ("rated.new", |parts| _ = parts.rated.as_mut().unwrap().new.insert(ItemIx::new(50))),
    ("begun", |parts| _ = parts.begun.insert(UserIx::new(80))),
    ("seen.offsets", |parts| parts.seen = crate::model::Seen::default()),
    ("scaling", |parts| parts.ratings.scaling.spread = 0.0),
    ("scaling", |parts| parts.ratings.scaling.center = f32::NAN),
    ("scaling", |parts| parts.ratings.scaling.range.min = 9.0),
    ("cuts", |parts| parts.ratings.levels.truncate(1)),
    ("levels", |parts| {
        parts.ratings.levels.truncate(1);
        parts.ratings.cuts.clear();
    }),
    ("cuts", |parts| {
        parts.ratings.cuts.pop();
    }),
    ("levels", |parts| parts.ratings.levels.swap(0, 1)),
    ("cuts", |parts| parts.ratings.cuts[0] = f32::NAN),
];

#[test]
fn parts_that_do_not_fit_are_no_model() {
    let good = model().parts;
    assert!(BayesianMf::try_from(good.clone()).is_ok());
    for (at, (part, tamper)) in BAD.iter().enumerate() {
        let mut parts = good.clone();
        tamper(&mut parts);
        let error = BayesianMf::try_from(parts).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{part}")), "case {at}, {part}: {error}");
    }
}
