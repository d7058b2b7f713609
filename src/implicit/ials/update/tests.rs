//! Guards what single rows are worth: those of items minimise the objective, as those of users do in folding in.

use super::super::tests::{fitted, forms, mixed, shares, solve, strength, told};
use super::super::{Ials, IalsParams};
use super::*;
use crate::data::{Change, Event, Interactions, UserIx};
use crate::kernel::Stream;

fn touched(users: &[u32], items: &[u32]) -> Touched {
    let (users, items) = (users.iter().copied().map(UserIx::new), items.iter().copied().map(ItemIx::new));
    Touched { users: users.collect(), items: items.collect(), ..Touched::default() }
}

/// The row of an item that minimises the objective for the users of the model, without any of the model's ways.
fn best_row(params: &IalsParams, data: &Interactions, model: &Ials, item: u32) -> Vec<f64> {
    let k = params.factors;
    let (mut a, mut b, mut n) = (vec![0.0; k * k], vec![0.0; k], 0);
    let shares = shares(params, data);
    for user in 0..data.n_users() {
        let x = model.parts.users.row(user as usize);
        let event = data.get(UserIx::new(user), ItemIx::new(item));
        let told = event.and_then(|event| told(params, event.value));
        n += usize::from(told.is_some());
        let (target, pair, weight) = told.unwrap_or_default();
        let weight = shares.1[item as usize] * weight;
        let unobserved = shares.0[user as usize] * f64::from(params.unobserved_weight);
        for i in 0..k {
            b[i] += (weight * target + unobserved * pair) * f64::from(x[i]);
            for j in 0..k {
                a[i * k + j] += (weight + unobserved) * f64::from(x[i]) * f64::from(x[j]);
            }
        }
    }
    (0..k).for_each(|i| a[i * k + i] += strength(params, n, data.n_users()));
    solve(a, b)
}

fn near(found: &[f32], best: &[f64], bound: f64, what: impl std::fmt::Debug) {
    let size = best.iter().fold(1e-9, |size: f64, x| size.max(x.abs()));
    for (found, best) in found.iter().zip(best) {
        let error = (f64::from(*found) - best).abs() / size;
        assert!(error < bound, "{what:?}: {found} {best}");
    }
}

#[test]
fn an_item_minimises_the_objective_for_every_form() {
    let data = mixed(60, 40);
    let histories = Histories::from(data.clone());
    for factors in [1, 8, 17] {
        for params in forms(factors) {
            let (mut model, _) = fitted(&params, &data, 2);
            let mut working = model.begin(&histories, 2).unwrap();
            let items: Vec<u32> = (0..40).step_by(3).collect();
            model.update(&mut working, &histories, &touched(&[], &items), Resolve::Touched).unwrap();
            for item in items {
                let best = best_row(&params, &data, &model, item);
                near(model.parts.items.row(item as usize), &best, 2e-3, (&params, item));
            }
        }
    }
}

/// The users' coordinates are found anew as they drift, so an item that comes last is as good as one that came first.
#[test]
fn items_stay_near_the_minimum_after_many_batches() {
    let data = mixed(80, 40);
    let params = IalsParams::new().factors(6).epochs(3);
    let (mut model, _) = fitted(&params, &data, 2);
    let mut histories = Histories::from(data);
    let mut working = model.begin(&histories, 2).unwrap();
    let mut draws = Stream { seed: 9, epoch: 0, side: 0, row: 0 }.normal();
    let mut draw = |n: u32| ((draws.draw().abs() * 1e4) as u32) % n;
    for _ in 0..60 {
        let event =
            |user, item| Event { user: UserIx::new(user), item: ItemIx::new(item), value: 1.0, time: None };
        let batch: Vec<_> = (0..10).map(|_| Change::Replace(event(draw(80), draw(40)))).collect();
        let touched = histories.apply(&batch).unwrap();
        model.update(&mut working, &histories, &touched, Resolve::Touched).unwrap();
    }
    model.update(&mut working, &histories, &touched(&[], &[3, 17]), Resolve::Touched).unwrap();
    for item in [3, 17] {
        let best = best_row(&params, &histories.to_interactions(), &model, item);
        near(model.parts.items.row(item as usize), &best, 0.1, item);
    }
}

/// The rows that items are solved against hold nothing of a user who went.
#[test]
fn a_user_who_went_is_gone_from_the_working_state() {
    let data = mixed(60, 40);
    let (mut model, _) = fitted(&IalsParams::new().factors(5).epochs(2), &data, 1);
    let mut histories = Histories::from(data);
    let mut working = model.begin(&histories, 1).unwrap();
    let has_row = |&user: &UserIx| working.row(user).iter().any(|&x| x != 0.0);
    let user = (0..60).map(UserIx::new).find(has_row).unwrap();
    let touched = histories.apply(&[Change::RemoveUser { user }]).unwrap();
    model.update(&mut working, &histories, &touched, Resolve::Touched).unwrap();
    assert_eq!(working.row(user), [0.0; 5]);
    assert_eq!(model.parts.users.row(user.ix()), [0.0; 5]);
}
