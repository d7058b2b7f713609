//! Drawing the rows of a batch.

use super::super::BayesianMf;
use super::super::chain::{self, Evidence, Who};
use super::super::prior::Spread;
use crate::data::{Audience, Histories, History, ItemIx, UserIx};
use crate::kernel::SolveError;
use crate::model::UpdateError;
use crate::par::Workers;

/// The working state of a [`BayesianMf`] that lives: its threads.
pub struct BayesianMfWorking {
    workers: Workers,
}

impl BayesianMfWorking {
    pub(super) fn new(threads: usize) -> Result<Self, UpdateError> {
        Ok(Self { workers: Workers::new(threads)? })
    }

    /// Draws these rows, the users last: they are folded in.
    pub(super) fn draw(
        &self,
        model: &mut BayesianMf,
        histories: &Histories,
        (users, items): (&[UserIx], &[ItemIx]),
    ) -> Result<(), UpdateError> {
        let history = |user: UserIx| histories.user(user).unwrap_or_default();
        let audience = |item: ItemIx| histories.item(item).unwrap_or_default();
        let new: Vec<ItemIx> = items.iter().copied().filter(|&item| !model.item_known[item.ix()]).collect();
        self.draw_items(model, &new, |_| Audience::default())?;
        // Whoever is new has something to say to the items.
        let new: Vec<UserIx> = users.iter().copied().filter(|&user| model.is_new(user)).collect();
        self.draw_users(model, &new, history)?;
        self.draw_items(model, items, audience)?;
        self.draw_users(model, users, history)?;
        users.iter().for_each(|&user| model.set_seen(user, history(user).ids));
        items.iter().for_each(|&item| model.item_known[item.ix()] = !audience(item).is_empty());
        Ok(())
    }

    fn draw_users<'h>(
        &self,
        model: &mut BayesianMf,
        users: &[UserIx],
        history: impl Fn(UserIx) -> History<'h> + Sync + Send,
    ) -> Result<(), UpdateError> {
        let (old, cost) = (&*model, |at: usize| history(users[at]).len());
        let drawn = self.rows(users.len(), cost, |at| old.draw_user(users[at], history(users[at])));
        let drawn = drawn.map_err(|(at, error)| unsolvable("user", users[at].ix(), error))?;
        let mut all = users.iter().zip(drawn);
        all.try_for_each(|(user, row)| {
            model.set_user(*user, &row).ok_or_else(|| too_large("user", user.ix()))
        })
    }

    fn draw_items<'h>(
        &self,
        model: &mut BayesianMf,
        items: &[ItemIx],
        audience: impl Fn(ItemIx) -> Audience<'h> + Sync + Send,
    ) -> Result<(), UpdateError> {
        let (old, cost) = (&*model, |at: usize| audience(items[at]).len());
        let drawn = self.rows(items.len(), cost, |at| old.draw_item(items[at], audience(items[at])));
        let drawn = drawn.map_err(|(at, error)| unsolvable("item", items[at].ix(), error))?;
        let mut all = items.iter().zip(drawn);
        all.try_for_each(|(item, row)| {
            model.set_item(*item, &row).ok_or_else(|| too_large("item", item.ix()))
        })
    }

    /// Draws some rows, each a job, the longest first.
    fn rows(
        &self,
        count: usize,
        events: impl Fn(usize) -> usize,
        draw: impl Fn(usize) -> Result<Vec<f32>, SolveError> + Sync + Send,
    ) -> Result<Vec<Vec<f32>>, (usize, SolveError)> {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(events(at)));
        let mut drawn = self.workers.map(order, || (), |(), at| (at, draw(at)));
        drawn.sort_unstable_by_key(|row| row.0);
        drawn.into_iter().map(|(at, row)| row.map_err(|error| (at, error))).collect()
    }
}

impl BayesianMf {
    /// Draws a user's row in all samples.
    pub(super) fn draw_user(&self, user: UserIx, history: History<'_>) -> Result<Vec<f32>, SolveError> {
        let parts = &self.parts;
        let (prior, with_set) = self.prior_of_asker(history.len(), Some(user));
        let told = self.told((prior, with_set), self.told_of_user(user), history);
        let time = |at: usize| history.times.map(|times| times[at]);
        let evidence = Evidence {
            others: history.ids.iter().map(|item| parts.item(item.ix())).collect(),
            values: history.values,
            drift: (0..history.len()).map(|at| self.drift(user, history.ids[at], time(at))).collect(),
            weights: history.ids.iter().map(|item| 1.0 / parts.noise.items[item.ix()]).collect(),
            noise: parts.noise.users[user.ix()],
        };
        let who = Who::Row { side: 0, row: user.ix() };
        chain::draw(self, (prior.spread(), told), evidence, who, false).map(|drawn| drawn.rows)
    }

    /// The same for an item.
    fn draw_item(&self, item: ItemIx, audience: Audience<'_>) -> Result<Vec<f32>, SolveError> {
        let parts = &self.parts;
        let time = |at: usize| audience.times.map(|times| times[at]);
        let evidence = Evidence {
            others: audience.ids.iter().map(|user| parts.user(user.ix())).collect(),
            values: audience.values,
            drift: (0..audience.len()).map(|at| self.drift(audience.ids[at], item, time(at))).collect(),
            weights: audience.ids.iter().map(|user| 1.0 / parts.noise.users[user.ix()]).collect(),
            noise: parts.noise.items[item.ix()],
        };
        let who = Who::Row { side: 1, row: item.ix() };
        chain::draw(self, self.prior_of_item(item), evidence, who, false).map(|drawn| drawn.rows)
    }

    /// The prior of an item and its means: where it was rated at the fit, with what its raters said of it then.
    fn prior_of_item(&self, item: ItemIx) -> (Spread<'_>, Vec<f32>) {
        let (parts, width) = (&self.parts, self.parts.width());
        if let Some(rated) = parts.rated.as_ref().filter(|rated| !rated.new.contains(&item)) {
            return (rated.spread(), rated.told[item.ix() * width..][..width].to_vec());
        }
        let mut told = parts.item_prior.mean.clone();
        if let Some(attributes) = &parts.item_attributes {
            let (features, values) = attributes.row(item);
            let features = features.iter().map(|&feature| feature as usize);
            parts.item_prior.tell(&mut told, features.zip(values.iter().copied()));
        }
        (parts.item_prior.spread(), told)
    }

    /// What time says of a rating, in standardised units.
    fn drift(&self, user: UserIx, item: ItemIx, at: Option<i64>) -> f32 {
        let (Some(time), Some(at)) = (&self.parts.time, at) else { return 0.0 };
        let period = time.calendar.period(at).map(|period| self.parts.width() + period as usize);
        let of_period = period.map_or(0.0, |place| self.parts.item(item.ix())[place]);
        time.day(at) + time.user_day(Some(user), at) + of_period
    }
}

fn unsolvable(kind: &str, row: usize, error: SolveError) -> UpdateError {
    UpdateError::Unsolvable { row: format!("{kind} {row}"), reason: error.to_string() }
}

fn too_large(kind: &str, row: usize) -> UpdateError {
    let reason = "its numbers are too large for single precision".into();
    UpdateError::Unsolvable { row: format!("{kind} {row}"), reason }
}
