//! Those who ask without a trained row: what is said of them, and how surely.

use super::*;
use crate::model::{Basis, QueryError};

fn fitted(world: &Planted) -> BayesianMf {
    BayesianMfParams::new().factors(4).burn_in(30).samples(60).kept(60).fit(&world.told).unwrap()
}

/// The mean over all items of a figure of the distribution.
fn over_items(
    model: &BayesianMf,
    query: &Query<'_>,
    figure: impl Fn(super::super::RatingDistribution<'_>) -> f32,
) -> f32 {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    let items = 0..model.n_items();
    let sum: f32 = items.map(|item| figure(model.distribution(&profile, ItemIx::new(item)).unwrap())).sum();
    sum / model.n_items() as f32
}

fn width(distribution: super::super::RatingDistribution<'_>) -> f32 {
    let (low, high) = distribution.interval(0.9);
    assert!(low <= distribution.mean() && distribution.mean() <= high);
    high - low
}

#[test]
fn a_training_user_folded_in_is_nearly_the_trained_one() {
    let world = planted(100, 60, 0.5);
    let model = fitted(&world);
    for (user, history) in world.told.users().step_by(9) {
        let trained = scores(&model, &Query::user(user));
        let folded = scores(&model, &Query::history(history));
        let apart = rmse(trained.iter().zip(&folded).map(|(a, b)| f64::from(a - b)));
        let spread = {
            let mean = trained.iter().sum::<f32>() / trained.len() as f32;
            rmse(trained.iter().map(|score| f64::from(score - mean)))
        };
        assert!(apart < 0.15 && apart < 0.25 * spread, "{user:?}: {apart} apart, scores differ by {spread}");
    }
}

#[test]
fn more_ratings_make_the_interval_shrink() {
    let world = planted(100, 60, 0.5);
    let model = fitted(&world);
    let all = world.told.user(UserIx::new(7)).unwrap();
    let first = |n: usize| History { ids: &all.ids[..n], values: &all.values[..n], times: None };
    let counts = [0, 2, 8, all.len()];
    let widths = counts.map(|n| over_items(&model, &Query::history(first(n)), width));
    let doubts = counts.map(|n| over_items(&model, &Query::history(first(n)), |d| d.doubt()));
    assert!(widths.windows(2).all(|pair| pair[0] > pair[1]), "{widths:?}");
    assert!(doubts.windows(2).all(|pair| pair[0] > pair[1]), "{doubts:?}");
    assert!(doubts.iter().all(|doubt| (0.0..=1.0).contains(doubt)), "{doubts:?}");
}

#[test]
fn nobody_is_the_prior_mean() {
    let world = planted(60, 40, 0.5);
    let model = fitted(&world);
    let mut nobody = Profile::new();
    model.profile(&Query::anyone(), &mut nobody).unwrap();
    // The mean row of each sample, as it was drawn.
    let (dim, parts) = (model.parts.dim(), &model.parts);
    let share = parts.ratings.scaling.spread / parts.samples as f32;
    for (mean, dense) in model.prior_of_asker(0, None).0.mean.chunks(dim).zip(nobody.dense.chunks(dim)) {
        assert!(mean[..dim - 1].iter().zip(dense).all(|(mean, dense)| share * mean == *dense));
    }
    assert_eq!(nobody.basis, Basis::GlobalMean);
    assert_eq!(scores(&model, &Query::anyone()), scores(&model, &Query::history(History::default())));
}

/// Rows without ratings are drawn in pairs about the prior mean: what is left over is the difference of two samples'
/// spreads, which is small.
#[test]
fn rows_without_ratings_say_the_prior_mean() {
    let world = planted(60, 40, 0.5);
    // User 60 and item 40 have no ratings.
    let events: Vec<_> = world.told.events().collect();
    let data = Interactions::from_events(61, 41, &events).unwrap();
    let params = BayesianMfParams::new().factors(4).burn_in(30).samples(200).kept(200).item_sets(false);
    let model = params.user_sets(false).fit(&data).unwrap();
    let cold = scores(&model, &Query::user(UserIx::new(60)));
    let nobody = scores(&model, &Query::anyone());
    let apart = rmse(cold.iter().zip(&nobody).map(|(a, b)| f64::from(a - b)));
    assert!(apart < 0.05, "{apart}");
    // The item's row replaced by the prior mean of each sample.
    let (dim, parts) = (model.parts.dim(), &model.parts);
    for user in (0..60).step_by(7).map(UserIx::new) {
        let mut profile = Profile::new();
        model.profile(&Query::user(user), &mut profile).unwrap();
        let product =
            |(mean, asker): (&[f32], &[f32])| -> f32 { mean.iter().zip(asker).map(|(a, b)| a * b).sum() };
        let expected: f32 =
            parts.item_prior.mean.chunks(dim).zip(profile.dense.chunks(dim)).map(product).sum::<f32>()
                + profile.offset;
        let found = scores(&model, &Query::user(user))[40];
        assert!((found - expected).abs() < 0.1, "{user:?}: {found}, the prior mean says {expected}");
    }
    let doubt = |item: u32| over_one(&model, UserIx::new(3), item);
    assert!(doubt(40) > 2.0 * doubt(0), "an item without ratings is less sure: {} {}", doubt(40), doubt(0));
}

/// What somebody rated first is not what they rated: the set that users had in the end says nothing of it yet.
#[test]
fn the_set_of_somebody_who_has_just_come_says_nothing() {
    let world = planted(100, 60, 0.5);
    let model = fitted(&world);
    let few = model.parts.few as usize;
    assert!(model.parts.user_sets && (15..30).contains(&few), "{few}");
    for n in [0, 1, few - 1] {
        let (prior, with_set) = model.prior_of_asker(n, None);
        assert!(std::ptr::eq(prior, model.parts.newcomers.as_ref().unwrap()) && !with_set);
    }
    let (prior, with_set) = model.prior_of_asker(few, None);
    assert!(std::ptr::eq(prior, &model.parts.user_prior) && with_set);
    // A user of the training data was not new, however little they rated.
    let counts = || (0..100).map(UserIx::new).map(|user| (model.parts.seen.of(user).len(), user));
    let (least, user) = counts().filter(|&(n, _)| n > 0).min().unwrap();
    assert!(least < few);
    let (prior, with_set) = model.prior_of_asker(least, Some(user));
    assert!(std::ptr::eq(prior, &model.parts.user_prior) && with_set);
    assert!(!model.prior_of_asker(least - 1, Some(user)).1);
    // Without sets there is one prior for all; in an old file too.
    let without = BayesianMfParams::new().factors(2).burn_in(2).samples(4).user_sets(false);
    assert!(without.fit(&world.told).unwrap().parts.newcomers.is_none());
    let mut old = model.parts;
    old.newcomers = None;
    let old = BayesianMf::try_from(old).unwrap();
    assert!(!old.prior_of_asker(0, None).1 && old.prior_of_asker(1, None).1);
}

/// Users who rate what they dislike rate little. Somebody who was not asked yet is one of all.
#[test]
fn who_was_not_asked_is_not_one_who_rates_nothing() {
    let of = |user: u32| {
        let grumpy = user.is_multiple_of(4);
        let step = if grumpy { 6 } else { 1 };
        (user % step..30).step_by(step as usize).map(move |item| Event {
            user: UserIx::new(user),
            item: ItemIx::new(item),
            value: (if grumpy { 1.5 } else { 4.0 }) + 0.2 * ((user * 7 + item * 3) % 5) as f32,
            time: None,
        })
    };
    let events: Vec<Event> = (0..120).flat_map(of).collect();
    let data = Interactions::from_events(121, 30, &events).unwrap();
    let params = BayesianMfParams::new().factors(2).burn_in(40).samples(80).likelihood(Likelihood::Gaussian);
    let model = params.fit(&data).unwrap();
    let mean = |query: &Query<'_>| scores(&model, query).iter().sum::<f32>() / 30.0;
    // Three in four are content.
    let expected = 0.25 * 1.9 + 0.75 * 4.4;
    let (there, nobody) = (mean(&Query::user(UserIx::new(120))), mean(&Query::anyone()));
    assert!((nobody - expected).abs() < 0.3 && (there - expected).abs() < 0.3, "{there} {nobody} {expected}");
    let doubt = |user: u32| over_items(&model, &Query::user(UserIx::new(user)), |d| d.doubt());
    assert!(doubt(120) > 2.0 * doubt(1), "{} {}", doubt(120), doubt(1));
}

fn over_one(model: &BayesianMf, user: UserIx, item: u32) -> f32 {
    let mut profile = Profile::new();
    model.profile(&Query::user(user), &mut profile).unwrap();
    model.distribution(&profile, ItemIx::new(item)).unwrap().doubt()
}

/// Users of kind 0 like what others dislike.
fn kinds() -> Interactions {
    let world = planted(60, 40, 0.5);
    let mut events: Vec<_> = world.told.events().collect();
    for event in &mut events {
        let side = if (event.user.get() % 2 == 0) == (event.item.get() % 2 == 0) { 0.8 } else { -0.8 };
        event.value = 0.5 * event.value + 1.5 + side;
    }
    let data = Interactions::from_events(61, 41, &events).unwrap();
    let data = data.with_user_attributes(attributes(61, 2, |user| vec![user % 2])).unwrap();
    data.with_item_attributes(attributes(41, 2, |item| vec![item % 2])).unwrap()
}

#[test]
fn attributes_tell_of_those_without_ratings() {
    let data = kinds();
    let model = BayesianMfParams::new().factors(4).burn_in(40).samples(80).fit(&data).unwrap();
    let told = |kind: u32| EncodedRow { features: vec![kind], values: vec![1.0], ..EncodedRow::default() };
    let (even, odd) = (told(0), told(1));
    let ask = |row| scores(&model, &Query::anyone().with_attributes(row));
    let (even, odd, nobody) = (ask(&even), ask(&odd), scores(&model, &Query::anyone()));
    assert!(even != nobody && odd != nobody);
    // Item 40 is even and has no ratings either.
    for (item, (even, odd)) in even.iter().zip(&odd).enumerate() {
        let right = if item % 2 == 0 { even - odd } else { odd - even };
        assert!(right > 0.4, "item {item}: {even} for the even, {odd} for the odd");
    }
    // User 60 is even, has no ratings, and was there.
    let there = scores(&model, &Query::user(UserIx::new(60)));
    let apart = rmse(there.iter().zip(&even).map(|(a, b)| f64::from(a - b)));
    assert!(apart < 0.2, "{apart}");
    let prediction = model.predict_one(&Query::user(UserIx::new(60)), ItemIx::new(40)).unwrap();
    assert_eq!(prediction.basis, Basis::GlobalMean);
}

#[test]
fn attributes_of_other_data_are_errors() {
    let model = small().fit(&kinds()).unwrap();
    let row = EncodedRow { features: vec![0, 2], values: vec![1.0, 1.0], ..EncodedRow::default() };
    let error = model.profile(&Query::anyone().with_attributes(&row), &mut Profile::new()).unwrap_err();
    assert_eq!(error, QueryError::UnknownFeature { feature: 2, n_features: 2 });
    // A model that was fitted without attributes knows no feature.
    let model = small().attributes(false).fit(&kinds()).unwrap();
    assert!(model.user_attributes().is_none() && model.item_attributes().is_none());
    let error = model.profile(&Query::anyone().with_attributes(&row), &mut Profile::new()).unwrap_err();
    assert!(matches!(error, QueryError::UnknownFeature { feature: 0, n_features: 0 }), "{error}");
}

#[test]
fn numbers_of_attributes_that_are_none_are_errors_or_finite() {
    let model = small().fit(&kinds()).unwrap();
    for (features, values) in [
        (vec![0], vec![f32::NAN]),
        (vec![0], vec![f32::INFINITY]),
        (vec![0], vec![f32::MAX]),
        (vec![0, 1], vec![1.0]),
        (vec![], vec![1.0]),
    ] {
        let row = EncodedRow { features, values, ..EncodedRow::default() };
        for query in [Query::anyone(), Query::history(kinds().user(UserIx::new(0)).unwrap())] {
            let mut profile = Profile::new();
            let answer = model.profile(&query.with_attributes(&row), &mut profile);
            let finite = profile.offset.is_finite() && profile.dense.iter().all(|x| x.is_finite());
            assert!(answer.is_err() || finite, "{row:?}: {answer:?}");
        }
    }
}

#[test]
fn histories_that_are_none_are_errors() {
    let model = small().fit(&stars()).unwrap();
    let items = [ItemIx::new(0), ItemIx::new(1)];
    let ask = |values: &[f32], times: Option<&[i64]>| {
        let history = History { ids: &items, values, times };
        let mut profile = Profile::new();
        let answer = model.profile(&Query::history(history), &mut profile);
        let finite = profile.offset.is_finite() && profile.dense.iter().all(|x| x.is_finite());
        assert!(answer.is_err() || finite, "{values:?}");
        answer
    };
    assert!(matches!(ask(&[1.0], None), Err(QueryError::History(_))));
    assert!(matches!(ask(&[1.0, f32::NAN], None), Err(QueryError::History(_))));
    assert!(matches!(ask(&[1.0, 2.0], Some(&[])), Err(QueryError::History(_))));
    assert!(matches!(ask(&[1.0, 2.0], Some(&[0, 0, 0])), Err(QueryError::History(_))));
    // Not on the scale: the nearest level.
    for far in [-1e30, 0.0, 2.5, 7.0, 1e30, f32::MAX] {
        assert_eq!(ask(&[1.0, far], Some(&[i64::MIN, i64::MAX])), Ok(()));
    }
    let model = small().likelihood(Likelihood::Gaussian).fit(&stars()).unwrap();
    for far in [-1e30, 1e30, f32::MAX, f32::MIN] {
        let history = History { ids: &items, values: &[3.0, far], times: None };
        let mut profile = Profile::new();
        let answer = model.profile(&Query::history(history), &mut profile);
        let finite = profile.offset.is_finite() && profile.dense.iter().all(|x| x.is_finite());
        assert!(answer.is_err() || finite, "{far}: {answer:?}");
    }
    // The same item twice is two ratings.
    let twice = [ItemIx::new(4), ItemIx::new(4)];
    scores(&model, &Query::history(History { ids: &twice, values: &[1.0, 5.0], times: None }));
}

#[test]
fn moments_outside_the_data_say_nothing() {
    let data = stars();
    let model = small().fit(&data).unwrap();
    let (start, end) = data.time_range().unwrap();
    for query in
        [Query::user(UserIx::new(5)), Query::history(data.user(UserIx::new(5)).unwrap()), Query::anyone()]
    {
        let timeless = scores(&model, &query);
        for at in [i64::MIN, start - 1, end + 1, i64::MAX, 0] {
            assert_eq!(scores(&model, &query.at(at)), timeless, "{at}");
        }
        assert_ne!(scores(&model, &query.at(start)), timeless);
        assert_ne!(scores(&model, &query.at(end)), timeless);
    }
}
