//! Who touched what, in the order in which a fit keeps the users and items.
//!
//! That is the order of the data, or one that suits the caches better where it pays ([`Order`]).

use std::ops::Range;

use super::order::Order;
use super::params::IalsParams;
use super::sketch::sketches;
use crate::data::{Audience, History, Interactions, ItemIx, Row, UserIx};
use crate::par::{Workers, balanced, parts};

/// The epochs of a fit for which another order is worth its cost, at least.
const EPOCHS: usize = 5;

/// The bytes of the rows of the larger side for which an order is taken. Fewer stay in a second cache whatever their order.
/// Of more a cache holds too small a share: likes of Netflix's shape, 117 MiB of users at 64 factors, took as long in an order
/// of their own.
const BYTES: Range<usize> = 1 << 21..1 << 26;

/// Events of one job, at least.
const EVENTS: usize = 1 << 14;

/// The lists of both sides.
pub(super) struct Lists<'d> {
    data: &'d Interactions,
    arranged: Option<Arranged>,
}

/// The lists in an order of the fit's own.
struct Arranged {
    users: Order,
    items: Order,
    histories: Copied<ItemIx>,
    audiences: Copied<UserIx>,
}

impl<'d> Lists<'d> {
    /// The lists of a fit. `plain` says that no value is looked at.
    pub(super) fn new(workers: &Workers, params: &IalsParams, data: &'d Interactions, plain: bool) -> Self {
        let arranged = is_worth_it(params, data).then(|| Arranged::new(workers, data, plain));
        Self { data, arranged }
    }

    pub(super) fn data(&self) -> &'d Interactions {
        self.data
    }

    /// What the user at a place touched; it may be without values where they are plain.
    pub(super) fn history(&self, place: usize) -> History<'_> {
        match &self.arranged {
            Some(arranged) => arranged.histories.row(place),
            None => self.data.user(UserIx::new(place as u32)).unwrap_or_default(),
        }
    }

    /// Who touched the item at a place; it may be without values where they are plain.
    pub(super) fn audience(&self, place: usize) -> Audience<'_> {
        match &self.arranged {
            Some(arranged) => arranged.audiences.row(place),
            None => self.data.item(ItemIx::new(place as u32)).unwrap_or_default(),
        }
    }

    /// The user of the data at a place.
    pub(super) fn user(&self, place: usize) -> usize {
        self.arranged.as_ref().map_or(place, |arranged| arranged.users.row(place))
    }

    /// The item of the data at a place.
    pub(super) fn item(&self, place: usize) -> usize {
        self.arranged.as_ref().map_or(place, |arranged| arranged.items.row(place))
    }

    /// The order of the users and that of the items, with where the events of each place begin; none while the order is
    /// that of the data.
    pub(super) fn orders(&self) -> Option<[(&Order, &[usize]); 2]> {
        let Arranged { users, items, histories, audiences } = self.arranged.as_ref()?;
        Some([(users, &histories.offsets), (items, &audiences.offsets)])
    }
}

/// Whether another order is worth its cost.
fn is_worth_it(params: &IalsParams, data: &Interactions) -> bool {
    let rows = data.n_users().max(data.n_items()) as usize;
    params.epochs >= EPOCHS && BYTES.contains(&(rows * params.factors * size_of::<f32>()))
}

impl Arranged {
    /// In the order that the data suggests. It costs about half an epoch with 64 factors, a fifth with 128, and the memory
    /// of the ids of all events, both ways, and of their values if they are not plain.
    fn new(workers: &Workers, data: &Interactions, plain: bool) -> Self {
        let [users, items] = sketches(workers, data).map(|sketches| Order::of_sketches(&sketches));
        let history = |user: u32| data.user(UserIx::new(user)).unwrap_or_default();
        let audience = |item: u32| data.item(ItemIx::new(item)).unwrap_or_default();
        Self {
            histories: Copied::new(workers, plain, &users, history, &items),
            audiences: Copied::new(workers, plain, &items, audience, &users),
            users,
            items,
        }
    }
}

/// The lists of one side, one after the other. The events of a list stand as in the data: a history that is folded in
/// later is summed in that order, to the bit.
struct Copied<Ix> {
    /// Where each list begins, and where the last ends.
    offsets: Vec<usize>,
    ids: Vec<Ix>,
    /// None where they are plain.
    values: Vec<f32>,
}

impl<Ix: Copy + Default + Into<usize> + From<u32> + Send + Sync> Copied<Ix> {
    /// `order` is that of the lists, `ids` that of what stands in them.
    fn new<'d>(
        workers: &Workers,
        plain: bool,
        order: &Order,
        list: impl Fn(u32) -> Row<'d, Ix> + Send + Sync,
        ids: &Order,
    ) -> Self
    where
        Ix: 'd,
    {
        let mut offsets = vec![0; order.rows().len() + 1];
        let mut end = 0;
        for (offset, &row) in offsets[1..].iter_mut().zip(order.rows()) {
            end += list(row).len();
            *offset = end;
        }
        let place = |from: &[Ix], to: &mut [Ix]| {
            to.iter_mut().zip(from).for_each(|(to, &id)| *to = ids.place(id));
        };
        let ids = copied(workers, order, &offsets, |row, to| place(list(row).ids, to));
        let values = match plain {
            true => Vec::new(),
            false => copied(workers, order, &offsets, |row, to| to.copy_from_slice(list(row).values)),
        };
        Self { offsets, ids, values }
    }

    fn row(&self, place: usize) -> Row<'_, Ix> {
        let events = self.offsets[place]..self.offsets[place + 1];
        let values = self.values.get(events.clone()).unwrap_or_default();
        Row { ids: &self.ids[events], values, times: None }
    }
}

/// Something of each event; `fill` is given a row of the data and where its events go.
fn copied<T: Clone + Default + Send>(
    workers: &Workers,
    order: &Order,
    offsets: &[usize],
    fill: impl Fn(u32, &mut [T]) + Send + Sync,
) -> Vec<T> {
    let mut all = vec![T::default(); offsets.last().copied().unwrap_or(0)];
    let cuts = balanced(offsets, |n| n + 1, EVENTS);
    let events: Vec<_> = cuts.iter().map(|cut| offsets[cut.start]..offsets[cut.end]).collect();
    let jobs = cuts.iter().zip(parts(&mut all, 1, &events)).collect();
    workers.map(
        jobs,
        || (),
        |_, (cut, mut out): (&Range<usize>, &mut [T])| {
            for place in cut.clone() {
                let (to, rest) = out.split_at_mut(offsets[place + 1] - offsets[place]);
                fill(order.rows()[place], to);
                out = rest;
            }
        },
    );
    all
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fitted, forms, mixed, objective, plain, profile};
    use super::super::validation;
    use super::*;
    use crate::kernel::Level;
    use crate::model::{Fit, FitContext, FitFrom, Query};

    /// With 64 factors the rows of so many users are no longer near.
    const USERS: u32 = 8400;

    #[test]
    fn arranged_lists_are_those_of_the_data_under_other_numbers() {
        let data = mixed(3000, 40);
        for (threads, plain) in [(1, true), (2, false), (3, true), (8, false)] {
            let workers = Workers::new(threads).unwrap();
            let lists = Lists { data: &data, arranged: Some(Arranged::new(&workers, &data, plain)) };
            let [(by_user, offsets), (by_item, _)] = lists.orders().unwrap();
            assert!(!by_user.rows().is_sorted() && !by_item.rows().is_sorted());
            for place in 0..3000 {
                let expected = data.user(UserIx::new(lists.user(place) as u32)).unwrap();
                let found = lists.history(place);
                assert_eq!(found.len(), offsets[place + 1] - offsets[place]);
                assert!(
                    found.ids.iter().map(|id| lists.item(id.ix())).eq(expected.ids.iter().map(|id| id.ix()))
                );
                assert_eq!(found.values, if plain { &[] } else { expected.values });
            }
            for place in 0..40 {
                let expected = data.item(ItemIx::new(lists.item(place) as u32)).unwrap();
                let found = lists.audience(place);
                assert!(
                    found.ids.iter().map(|id| lists.user(id.ix())).eq(expected.ids.iter().map(|id| id.ix()))
                );
                assert_eq!(found.values, if plain { &[] } else { expected.values });
            }
        }
    }

    #[test]
    fn a_fit_in_an_order_of_its_own_minimises_the_objective_and_folds_in_to_the_bit() {
        let (likes, mixed) = (plain(USERS, 30), mixed(USERS, 30));
        let cases =
            forms(64).into_iter().map(|params| (params, &mixed)).chain([(forms(64)[0].clone(), &likes)]);
        for (params, data) in cases {
            let (model, report) = fitted(&params.clone().epochs(EPOCHS), data, 2);
            assert!(is_worth_it(&params.clone().epochs(EPOCHS), data));
            let expected = objective(&params, data, &model);
            let losses: Vec<f64> = report.curve.iter().map(|epoch| epoch.loss).collect();
            assert!(
                (losses[EPOCHS - 1] - expected).abs() < 1e-4 * expected,
                "{params:?}: {losses:?} {expected}"
            );
            assert!(
                losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)),
                "{params:?}: {losses:?}"
            );
            for (user, history) in data.users().step_by(97) {
                let (trained, folded) = (Query::user(user), Query::history(history));
                let (trained, folded) = (profile(&model, &trained), profile(&model, &folded));
                assert_eq!(trained.dense, folded.dense, "{user} with {params:?}");
            }
        }
    }

    #[test]
    fn a_fit_in_an_order_of_its_own_has_the_same_bits_for_any_number_of_threads() {
        let shared = IalsParams::new().factors(64).epochs(EPOCHS);
        let shares = shared.clone().activity_exponent(0.3).popularity_discount(0.25);
        for (params, data) in [(shared, plain(USERS, 30)), (shares, mixed(USERS, 30))] {
            let one = fitted(&params, &data, 1);
            for threads in [2, 3, 8] {
                let other = fitted(&params, &data, threads);
                assert_eq!(one.0, other.0, "{threads} threads");
                assert!(one.1.curve.iter().zip(&other.1.curve).all(|(a, b)| a.loss == b.loss));
            }
        }
    }

    #[test]
    fn a_warm_start_in_an_order_of_its_own_begins_as_in_that_of_the_data() {
        let data = plain(USERS, 30);
        let params = IalsParams::new().factors(64).epochs(EPOCHS);
        let model = fitted(&params, &data, 2).0;
        let first = |params: &IalsParams| {
            params.fit_from(&model, &data, &mut FitContext::new()).unwrap().report.curve[0].loss
        };
        let one = params.clone().epochs(1);
        assert!(is_worth_it(&params, &data) && !is_worth_it(&one, &data));
        let (own, of_data) = (first(&params), first(&one));
        assert!((own - of_data).abs() < 1e-5 * of_data, "{own} {of_data}");
    }

    #[test]
    fn held_out_events_meet_the_rows_they_belong_to() {
        let data = plain(USERS, 30);
        let chosen: Vec<bool> = (0..data.len()).map(|n| n % 5 == 0).collect();
        let (test, train) = data.partition(&chosen).unwrap();
        let params = IalsParams::new().factors(64).epochs(EPOCHS);
        let fitted = params.fit_with(&train, &mut FitContext::new().validation(&test)).unwrap();
        let rows = (&fitted.model.parts.users, &fitted.model.parts.items);
        let workers = Workers::new(2).unwrap();
        let found = validation::misplaced(&workers, Level::detect(), rows, &train, &test);
        assert_eq!(found.ok().flatten(), fitted.report.curve[EPOCHS - 1].validation);
    }
}
