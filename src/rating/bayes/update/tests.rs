//! What a row that is drawn anew is, and what comes and goes with it.

use super::super::asker::Asker;
use super::super::tests::{NOISE, planted, rmse, scores, small, stars};
use super::super::{BayesianMf, BayesianMfParams, Likelihood};
use super::*;
use crate::data::{Change, Event, History, Interactions, UserIx};
use crate::model::{Fit, FitContext, FitError, FitFrom, PredictRating, Profile, Query, Score};
use crate::persist::model_to_bytes;

/// A model with its events.
struct Living {
    model: BayesianMf,
    histories: Histories,
    working: BayesianMfWorking,
    resolve: Resolve,
}

impl Living {
    fn fit(params: &BayesianMfParams, data: &Interactions) -> Self {
        Self::new(params.fit_with(data, &mut FitContext::new().threads(1)).unwrap().model, data)
    }

    fn new(model: BayesianMf, data: &Interactions) -> Self {
        let histories = Histories::from(data.clone());
        let working = model.begin(&histories, 1).unwrap();
        Self { model, histories, working, resolve: Resolve::Touched }
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Updated<BayesianMfPatch, BayesianMfUndo>, UpdateError> {
        let touched = self.histories.apply(changes)?;
        self.model.update(&mut self.working, &self.histories, &touched, self.resolve)
    }

    fn history(&self, user: UserIx) -> History<'_> {
        self.histories.user(user).unwrap()
    }
}

fn event(user: u32, item: u32, value: f32, time: Option<i64>) -> Event {
    Event { user: UserIx::new(user), item: ItemIx::new(item), value, time }
}

/// The ratings that a world keeps back, of every fourth user.
fn late(rest: &Interactions) -> Vec<Change> {
    rest.events().filter(|event| event.user.get() % 4 == 1).map(Change::Add).collect()
}

/// A user's own row, in the mean over the samples, is the mean that folding in works out exactly: off by no more than
/// draws about it are.
#[test]
fn a_row_is_drawn_about_what_folding_in_says() {
    let world = planted(100, 60, 0.5);
    let params = BayesianMfParams::new().factors(4).burn_in(30).samples(60).kept(60);
    let mut living = Living::fit(&params, &world.told);
    living.apply(&late(&world.rest)).unwrap();
    let (model, samples) = (&living.model, 60.0f32);
    for user in (1..100).step_by(4).map(UserIx::new) {
        let history = living.history(user);
        let trained = scores(model, &Query::user(user));
        let folded = scores(model, &Query::user(user).with_history(history));
        // How far each score may be off: the samples' spread, over the root of their number.
        let mut profile = Profile::new();
        model.profile(&Query::user(user), &mut profile).unwrap();
        let spread = |item: u32| {
            let distribution = model.distribution(&profile, ItemIx::new(item)).unwrap();
            model.parts.ratings.scaling.spread * distribution.spread.sqrt() as f32
        };
        let spread = rmse((0..model.n_items()).map(|item| f64::from(spread(item)))) as f32;
        let apart = rmse(trained.iter().zip(&folded).map(|(a, b)| f64::from(a - b))) as f32;
        assert!(apart < 2.5 * spread / samples.sqrt(), "{user}: {apart} apart, samples by {spread}");
        // Everybody else asks as a stranger and hears the same, but for how noisy they are.
        let stranger = scores(model, &Query::history(history));
        let apart = rmse(stranger.iter().zip(&folded).map(|(a, b)| f64::from(a - b)));
        assert!(apart < 0.05, "{user}: a stranger with the same history is {apart} apart");
    }
}

/// To the bit: what the items are afterwards, and the events, make the row; nothing of what it was, and no other row.
#[test]
fn a_row_is_a_function_of_its_events_and_the_other_side() {
    let data = stars();
    let time = data.time_range().unwrap().1;
    let mut living = Living::fit(&small(), &data);
    let batch =
        [event(3, 1, 4.0, Some(time)), event(80, 2, 5.0, Some(time)), event(80, 50, 1.0, Some(time + 1))];
    living.apply(&batch.map(Change::Replace)).unwrap();
    let model = &living.model;
    for user in [3, 80].map(UserIx::new) {
        let drawn = model.draw_user(user, living.history(user)).unwrap();
        assert_eq!(drawn, model.parts.user(user.ix()), "{user}");
    }
    // Numbers of its own: somebody else with the same events is another draw, about the same mean.
    let drawn = |user| model.draw_user(user, living.history(UserIx::new(80))).unwrap();
    assert_ne!(drawn(UserIx::new(80)), drawn(UserIx::new(4)));
}

/// Among users who were asked little, one who has just come is no one whose few ratings were all.
#[test]
fn who_has_just_come_is_told_from_who_rates_little() {
    let world = planted(100, 60, 0.5);
    let mut living = Living::fit(&small().factors(3), &world.told);
    let few = living.model.parts.few as usize;
    assert!(few > 6, "{few}");
    let (new, least) = (UserIx::new(100), {
        let count = |user: &u32| living.model.seen(UserIx::new(*user)).len();
        UserIx::new((0..100).min_by_key(count).unwrap())
    });
    let add = |user: UserIx, item: u32| Change::Add(event(user.get(), item, 3.0, None));
    let free: Vec<u32> =
        (0..60).filter(|&item| !living.model.seen(least).contains(&ItemIx::new(item))).take(2).collect();
    let before = living.model.seen(least).len();
    assert!(before < few, "{before}");
    living.apply(&[add(new, 1), add(new, 2), add(least, free[0])]).unwrap();
    let is_newcomer = |living: &Living, user: UserIx| {
        let model = &living.model;
        let (prior, with_set) = model.prior_of_asker(model.seen(user).len(), Some(user));
        assert_eq!(with_set, !std::ptr::eq(prior, model.parts.newcomers.as_ref().unwrap()));
        !with_set
    };
    assert!(is_newcomer(&living, new) && !is_newcomer(&living, least));
    // A newcomer who goes on is one of all in the end; who takes ratings back has begun anew.
    let more: Vec<Change> = (3..3 + few as u32).map(|item| add(new, item)).collect();
    living.apply(&more).unwrap();
    assert!(!is_newcomer(&living, new));
    let back = |item| Change::Remove { user: least, item };
    let two: Vec<Change> = living.model.seen(least)[..2].iter().map(|&item| back(item)).collect();
    living.apply(&two).unwrap();
    assert!(is_newcomer(&living, least));
    living.apply(&[Change::RemoveUser { user: least }]).unwrap();
    assert!(living.model.parts.begun.is_empty());
}

/// Everything that stands for somebody or something beside their rows.
fn belongings(model: &BayesianMf, user: UserIx, item: ItemIx) -> [usize; 7] {
    let parts = &model.parts;
    let time = parts.time.as_ref().unwrap();
    let periods = &parts.item(item.ix())[parts.width()..];
    let raters = &parts.rated.as_ref().unwrap().told[item.ix() * parts.width()..][..parts.width()];
    [
        time.days_of(user).count(),
        parts.user_attributes.as_ref().unwrap().row(user).0.len(),
        usize::from(parts.noise.users[user.ix()] != 1.0),
        parts.item_attributes.as_ref().unwrap().row(item).0.len(),
        usize::from(parts.noise.items[item.ix()] != 1.0),
        periods.iter().chain(parts.weights_of_set(item).unwrap()).filter(|&&x| x != 0.0).count(),
        raters.iter().filter(|&&x| x != 0.0).count(),
    ]
}

#[test]
fn what_belongs_to_who_goes_goes_with_them() {
    let data = stars();
    let (user, item) = (UserIx::new(7), ItemIx::new(9));
    let (first, time) = data.time_range().unwrap();
    let farewell = [Change::RemoveUser { user }, Change::RemoveItem { item }];
    let came = [event(7, 3, 4.0, Some(time)), event(3, 9, 4.0, Some(time))].map(Change::Add);
    // In two batches, and in one.
    for batches in [vec![farewell.to_vec(), came.to_vec()], vec![[farewell, came].concat()]] {
        for resolve in [Resolve::Users, Resolve::Touched] {
            let mut living = Living { resolve, ..Living::fit(&small(), &data) };
            assert!(belongings(&living.model, user, item).iter().all(|&n| n > 0));
            for (at, batch) in batches.iter().enumerate() {
                let (before, histories) = (model_to_bytes(&living.model).unwrap(), living.histories.clone());
                let updated = living.apply(batch).unwrap();
                assert_eq!(belongings(&living.model, user, item), [0; 7], "batch {at}");
                let Living { model, working, .. } = &mut living;
                model.undo(working, updated.undo);
                assert!(before == model_to_bytes(&living.model).unwrap());
                living.histories = histories;
                living.apply(batch).unwrap();
            }
            // Nothing is left of what they told of items that are drawn anew.
            let rated = living.model.parts.rated.as_ref().unwrap();
            let mut told = data.user(user).unwrap().ids.iter();
            assert!(resolve == Resolve::Users || told.all(|item| rated.new.contains(item)));
            assert!(rated.new.len() < 50);
            // Whoever came to the index is what anybody would be with that rating.
            let mut twin = living.model.clone();
            let history = living.history(user);
            assert_eq!(twin.draw_user(user, history).unwrap(), twin.parts.user(user.ix()));
            twin.parts.seen.set(user, &[]);
            assert_eq!(twin.draw_user(user, history).unwrap(), twin.parts.user(user.ix()));
        }
    }
    // A day and a period of which no rating is left are forgotten, the others are not.
    let mut living = Living::fit(&small(), &data);
    let days = |living: &Living| {
        let time = living.model.parts.time.as_ref().unwrap();
        time.days_of(user).map(|day| day.0 & u64::from(u32::MAX)).collect::<Vec<_>>()
    };
    let before = days(&living);
    let history = data.user(user).unwrap();
    let day = |at: usize| (history.times.unwrap()[at] - first) as u64 / 86_400;
    let of_day = (0..history.len()).filter(|&at| day(at) == before[0]);
    let batch: Vec<Change> = of_day.map(|at| Change::Remove { user, item: history.ids[at] }).collect();
    assert!(!batch.is_empty() && before.len() > 1);
    living.apply(&batch).unwrap();
    assert_eq!(days(&living), before[1..]);
}

/// Somebody without a row is the prior, in the mean over the samples.
#[test]
fn who_went_is_nobody() {
    let world = planted(60, 40, 0.5);
    let params = BayesianMfParams::new().factors(4).burn_in(30).samples(100).kept(100);
    let mut living = Living::fit(&params, &world.told);
    living.apply(&[Change::RemoveUser { user: UserIx::new(5) }]).unwrap();
    let (gone, nobody) =
        (scores(&living.model, &Query::user(UserIx::new(5))), scores(&living.model, &Query::anyone()));
    let apart = rmse(gone.iter().zip(&nobody).map(|(a, b)| f64::from(a - b)));
    assert!(apart < 0.05, "{apart}");
}

/// After half of the ratings came live, intervals hold as many of the rest as they say, and predictions are near those
/// of a fit.
#[test]
fn what_lives_is_as_sure_as_what_is_fitted() {
    let world = planted(100, 60, 0.6);
    let half: Vec<bool> = (0..world.told.len()).map(|at| at % 2 == 0).collect();
    let (early, late) = world.told.partition(&half).unwrap();
    let params = BayesianMfParams::new().factors(4).burn_in(40).samples(60);
    let full = params.fit_with(&world.told, &mut FitContext::new().threads(1)).unwrap().model;
    let mut living = Living::fit(&params, &early);
    let changes: Vec<Change> = late.events().map(Change::Add).collect();
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|at| at * 7919 % 1009);
    let changes: Vec<Change> = order.into_iter().map(|at| changes[at]).collect();
    changes.chunks(100).for_each(|batch| _ = living.apply(batch).unwrap());
    let look = |model: &BayesianMf| {
        let (mut inside, mut errors, mut profile) = (0, Vec::new(), Profile::new());
        for (user, history) in world.rest.users() {
            model.profile(&Query::user(user), &mut profile).unwrap();
            for (item, value) in history.iter() {
                let distribution = model.distribution(&profile, item).unwrap();
                let (low, high) = distribution.interval(0.8);
                inside += usize::from((low..=high).contains(&value));
                errors.push(f64::from(distribution.mean() - value));
            }
        }
        (inside as f64 / errors.len() as f64, rmse(errors.into_iter()))
    };
    let ((_, of_fit), (inside, error)) = (look(&full), look(&living.model));
    assert!((inside - 0.8).abs() < 0.04, "{inside} of the ratings are in intervals of 0.8");
    assert!(error < 1.03 * of_fit && of_fit > 0.9 * NOISE, "RMSE {error}, of a fit {of_fit}");
}

/// Numbers without room in single precision change nothing.
#[test]
fn rows_that_are_too_large_are_refused() {
    let world = planted(60, 40, 0.5);
    let mut living = Living::fit(&small().likelihood(Likelihood::Gaussian), &world.told);
    let before = model_to_bytes(&living.model).unwrap();
    let histories = living.histories.clone();
    let batch = [event(0, 0, 3.0, None), event(60, 1, 3.4e38, None), event(3, 40, 2.0, None)];
    let error = living.apply(&batch.map(Change::Replace)).unwrap_err();
    assert!(matches!(error, UpdateError::Unsolvable { .. }), "{error}");
    assert!(before == model_to_bytes(&living.model).unwrap());
    living.histories = histories;
    living.apply(&[Change::Replace(event(60, 1, 3.0, None))]).unwrap();
}

/// From where it is, a few samples are a fit; from nothing they are none.
#[test]
fn a_warm_chain_needs_a_short_burn_in() {
    let world = planted(100, 60, 0.5);
    let error = |model: &BayesianMf| {
        let off = |event: Event| {
            let prediction = model.predict_one(&Query::user(event.user), event.item).unwrap();
            f64::from(prediction.rating - event.value)
        };
        rmse(world.rest.events().map(off))
    };
    let params = BayesianMfParams::new().factors(4).burn_in(100).samples(60);
    let mut context = FitContext::new().threads(1);
    let full = params.fit_with(&world.told, &mut context).unwrap().model;
    let short = params.clone().burn_in(3).samples(30);
    let warm = short.fit_from(&full, &world.told, &mut context).unwrap();
    assert_eq!(warm.report.curve.len(), 33);
    let (full, warm) = (error(&full), error(&warm.model));
    assert!(warm < 1.01 * full, "RMSE {warm}, of the whole fit {full}");
}

#[test]
fn a_warm_chain_keeps_attributes_and_takes_newcomers_in() {
    let data = stars();
    let time = data.time_range().unwrap().1;
    let mut living = Living::fit(&small(), &data);
    let batch = [event(80, 50, 4.0, Some(time)), event(81, 0, 1.0, Some(time))].map(Change::Add);
    living.apply(&batch).unwrap();
    let now = living.histories.to_interactions();
    let model = small().fit_from(&living.model, &now, &mut FitContext::new().threads(1)).unwrap().model;
    assert_eq!(model.user_attributes().unwrap().n_rows(), 80);
    assert_eq!(model.item_attributes(), data.item_attributes());
    assert_eq!((model.n_users(), model.n_items()), (82, 51));
    scores(&model, &Query::user(UserIx::new(81)));
    // One that does not fit is an error.
    let start = |params: BayesianMfParams, data: &Interactions| {
        params.fit_from(&model, data, &mut FitContext::new()).unwrap_err()
    };
    for (error, expected) in [(start(small().factors(5), &now), "factors"), (start(small(), &data), "users")]
    {
        assert!(matches!(error, FitError::Start { what, .. } if what == expected), "{error}");
    }
}

/// An asker of the same events has the prior that the row has.
#[test]
fn attributes_move_the_rows_of_those_who_have_some() {
    let data = stars();
    let mut living = Living::fit(&small().user_sets(false).time(false), &data);
    let plain: Vec<Event> = data.events().map(|event| Event { time: None, ..event }).collect();
    let untimed = Interactions::from_events(80, 50, &plain).unwrap();
    let mut twin = Living::new(living.model.clone(), &untimed);
    let (user, item) = (UserIx::new(2), data.user(UserIx::new(2)).unwrap().ids[0]);
    let time = data.time_range().unwrap().1;
    living.apply(&[Change::Replace(Event { user, item, value: 5.0, time: Some(time) })]).unwrap();
    twin.apply(&[Change::Replace(Event { user, item, value: 5.0, time: None })]).unwrap();
    assert_eq!(living.model, twin.model, "times say nothing to a model without");
    let model = &living.model;
    let asker = |user| Asker::draw(model, Default::default(), user, None).unwrap().means;
    assert_ne!(asker(Some(user)), asker(None));
    let drawn = |model: &BayesianMf| model.draw_user(user, living.history(user)).unwrap();
    let mut bare = model.clone();
    bare.parts.user_attributes = bare.parts.user_attributes.map(|all| all.without(&[user]).into());
    assert_ne!(drawn(model), drawn(&bare));
}
