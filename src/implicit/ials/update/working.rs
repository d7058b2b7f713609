//! What living needs beside the model and the histories.

use super::super::Ials;
use super::super::answer::Pull;
use super::super::basis::{Basis, turned};
use super::super::model::{LARGEST, length};
use super::super::params::regularization_of;
use super::super::side::Failed;
use super::super::weighting::Pair;
use super::gram::Moving;
use super::pass::{Asked, Pass};
use super::patch::IalsPatch;
use crate::data::{Histories, ItemIx, UserIx};
use crate::kernel::{Matrix, Rows, RowsMut, SolveError, transform};
use crate::model::UpdateError;
use crate::par::Workers;

/// The users are turned anew when their Gram matrix has drifted as far.
const MOST_DRIFT: f64 = 0.05;

/// The working state of an [`Ials`] that lives: the users in the coordinates that items are solved in, and both Gram
/// matrices. `4 K` bytes per user.
pub struct IalsWorking {
    workers: Workers,
    /// The users' rows, turned.
    users: Matrix,
    /// What each user multiplies the unobserved weight by.
    shares: Vec<f32>,
    /// Turns a user's row.
    turn: Vec<f32>,
    /// Turns it back: the transpose.
    back: Vec<f32>,
    user_gram: Moving,
    item_gram: Moving,
    anyone: Sum,
    /// At least the length of the longest row of a user.
    longest: f64,
}

/// What takes back the update that was done last.
pub struct IalsUndo {
    pub(super) before: IalsPatch,
    shares: Vec<f32>,
    n_users: usize,
    grams: (Moving, Moving),
    anyone: Sum,
    longest: f64,
}

/// The sum of the rows of users that are not zero.
#[derive(Clone)]
struct Sum {
    sum: Vec<f64>,
    count: usize,
}

impl Sum {
    fn add(&mut self, row: &[f32], sign: f64) {
        if row.iter().any(|&x| x != 0.0) {
            self.count = self.count.wrapping_add_signed(sign as isize);
            self.sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += sign * f64::from(x));
        }
    }

    fn mean(&self) -> impl Iterator<Item = f32> + '_ {
        let count = self.count;
        // What rounding leaves of everybody who went is nobody.
        self.sum.iter().map(move |sum| if count == 0 { 0.0 } else { (sum / count as f64) as f32 })
    }
}

impl IalsWorking {
    pub(super) fn new(model: &Ials, histories: &Histories, threads: usize) -> Result<Self, UpdateError> {
        if model.parts.items.is_mapped() {
            // What becomes part of a model in memory is what such a model is made of.
            model.check_rows().map_err(|unsound| UpdateError::Damaged { what: unsound.to_string() })?;
        }
        let (workers, factors) = (Workers::new(threads)?, model.factors());
        let rows = || (0..model.parts.users.count()).map(|user| model.parts.users.row(user));
        let mut anyone = Sum { sum: vec![0.0; factors], count: 0 };
        rows().for_each(|row| anyone.add(row, 1.0));
        let share = |user| share_of(model, histories, UserIx::new(user));
        let mut working = Self {
            workers,
            users: Matrix::new(0, factors),
            shares: (0..histories.n_users()).map(share).collect(),
            turn: Vec::new(),
            back: Vec::new(),
            user_gram: Moving::of(&[]),
            item_gram: Moving::of(&model.parts.base),
            anyone,
            longest: rows().map(length).fold(0.0, f64::max),
        };
        working.turn_users(model).map_err(|error| failed("user", error.into()))?;
        Ok(working)
    }

    /// Finds the users' coordinates anew.
    fn turn_users(&mut self, model: &Ials) -> Result<(), SolveError> {
        let (factors, level) = (model.factors(), model.solver.level());
        self.users = model.parts.users.copy();
        let uneven = self.shares.iter().any(|&share| share != 1.0).then_some(&self.shares[..]);
        let Basis { turn, diagonal } = turned(&self.workers, level, factors, &mut self.users, uneven)?;
        self.back = (0..factors * factors).map(|at| turn[at % factors * factors + at / factors]).collect();
        self.turn = turn;
        self.user_gram = Moving::of(&diagonal);
        Ok(())
    }

    /// A user's row as items are solved against it.
    #[cfg(test)]
    pub(super) fn row(&self, user: UserIx) -> &[f32] {
        self.users.row(user.ix())
    }

    /// How far the items' Gram matrix has drifted.
    pub(super) fn drift(&self) -> f64 {
        self.item_gram.drift()
    }

    pub(super) fn resize(&mut self, n_users: usize) {
        self.users.resize(n_users);
        self.shares.resize(n_users, 1.0);
    }

    /// How everything stands now that these rows might change.
    pub(super) fn undo(&self, model: &Ials, users: &[UserIx], items: &[ItemIx]) -> IalsUndo {
        let before = IalsPatch::of(model, users, items);
        IalsUndo {
            shares: before.users.iter().map(|user| self.shares[user.ix()]).collect(),
            before,
            n_users: self.users.count(),
            grams: (self.user_gram.clone(), self.item_gram.clone()),
            anyone: self.anyone.clone(),
            longest: self.longest,
        }
    }

    /// Follows a model that is as it was before.
    pub(super) fn take_back(&mut self, model: &Ials, undo: IalsUndo) {
        self.resize(undo.n_users);
        for (user, share) in undo.before.users.iter().zip(undo.shares) {
            self.shares[user.ix()] = share;
            let mut row = model.parts.users.row(user.ix()).to_vec();
            // The shapes are those that it was turned with before.
            if turn(model, &self.turn, &mut row).is_ok() {
                self.users.row_mut(user.ix()).copy_from_slice(&row);
            }
        }
        (self.user_gram, self.item_gram) = undo.grams;
        self.anyone = undo.anyone;
        self.longest = undo.longest;
    }

    /// Solves these rows, the users last: they are folded in. Rows of those who are `gone` are those of nobody. The items' Gram matrix follows the items by its diagonal,
    /// which gave lists on Gowalla 0.06 % more NDCG than none of it.
    pub(super) fn solve(
        &mut self,
        model: &mut Ials,
        histories: &Histories,
        (users, items): (&[UserIx], &[ItemIx]),
        gone: &[UserIx],
    ) -> Result<(), UpdateError> {
        if self.user_gram.drift() > MOST_DRIFT {
            self.turn_users(model).map_err(|error| failed("user", error.into()))?;
        }
        // Whoever is new has something to say to the items.
        let has_none = |user: &UserIx| model.parts.users.row(user.ix()).iter().all(|&x| x == 0.0);
        let is_new = |user: &&UserIx| has_none(user) || gone.binary_search(user).is_ok();
        let new: Vec<UserIx> = users.iter().filter(is_new).copied().collect();
        self.solve_users(model, histories, &new)?;
        self.solve_items(model, histories, items)?;
        self.solve_users(model, histories, users)?;
        model.anyone = self.anyone.mean().collect::<Vec<_>>().into();
        Ok(())
    }

    fn solve_users(
        &mut self,
        model: &mut Ials,
        histories: &Histories,
        users: &[UserIx],
    ) -> Result<(), UpdateError> {
        let parts = &model.parts;
        let asked: Vec<_> = users
            .iter()
            .map(|&user| {
                let events = histories.user(user).unwrap_or_default();
                let pull = model.pull_of_user(counted(model, events.values));
                Asked { index: user.ix(), events, pull }
            })
            .collect();
        let pass = Pass {
            workers: &self.workers,
            solver: model.solver,
            weighting: parts.weighting,
            fixed: &parts.items,
            base: &parts.base,
        };
        let solved = pass.solve(&asked, |asked, item: ItemIx| Pair {
            share: parts.item_weights[item.ix()],
            unobserved: asked.pull.unobserved,
        });
        let rows = solved.map_err(|error| failed("user", error))?;
        let width = model.factors();
        for (user, row) in users.iter().zip(rows.chunks_exact(width)) {
            self.longest = self.longest.max(check(model.longest(), row, || format!("user {}", user.get()))?);
            self.anyone.add(model.parts.users.row(user.ix()), -1.0);
            self.anyone.add(row, 1.0);
            model.parts.users.row_mut(user.ix()).copy_from_slice(row);
        }
        self.follow(model, histories, users, rows).map_err(|error| failed("user", error.into()))
    }

    /// Turns rows of users that were solved.
    fn follow(
        &mut self,
        model: &Ials,
        histories: &Histories,
        users: &[UserIx],
        mut rows: Vec<f32>,
    ) -> Result<(), SolveError> {
        turn(model, &self.turn, &mut rows)?;
        let width = model.factors();
        let weighted =
            |row: &[f32], share: f32, out: &mut Vec<f32>| out.extend(row.iter().map(|x| share.sqrt() * x));
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for (user, row) in users.iter().zip(rows.chunks_exact(width)) {
            weighted(self.users.row(user.ix()), self.shares[user.ix()], &mut went);
            self.shares[user.ix()] = share_of(model, histories, *user);
            weighted(row, self.shares[user.ix()], &mut came);
            self.users.row_mut(user.ix()).copy_from_slice(row);
        }
        self.user_gram.exchange(model.solver.level(), &came, &went)
    }

    fn solve_items(
        &mut self,
        model: &mut Ials,
        histories: &Histories,
        items: &[ItemIx],
    ) -> Result<(), UpdateError> {
        let asked: Vec<_> = items
            .iter()
            .map(|&item| {
                let events = histories.item(item).unwrap_or_default();
                let n = counted(model, events.values);
                Asked { index: item.ix(), events, pull: pull_of_item(model, n, histories.n_users()) }
            })
            .collect();
        for asked in &asked {
            model.parts.reweigh(asked.index, counted(model, asked.events.values));
        }
        let (parts, base) = (&model.parts, self.user_gram.diagonal());
        let pass = Pass {
            workers: &self.workers,
            solver: model.solver,
            weighting: parts.weighting,
            fixed: &self.users,
            base: &base,
        };
        let solved = pass.solve(&asked, |asked, user: UserIx| Pair {
            share: parts.item_weights[asked.index],
            unobserved: asked.pull.unobserved * self.shares[user.ix()],
        });
        let mut rows = solved.map_err(|error| failed("item", error))?;
        turn(model, &self.back, &mut rows).map_err(|error| failed("item", error.into()))?;
        let (width, mut went) = (model.factors(), Vec::new());
        for (item, row) in items.iter().zip(rows.chunks_exact(width)) {
            let to = model.parts.items.row_mut(item.ix());
            went.extend_from_slice(to);
            to.copy_from_slice(row);
            let length = check(self.longest, row, || format!("item {}", item.get()))?;
            model.longest = model.longest().max(length).into();
        }
        let moved = self.item_gram.exchange(model.solver.level(), &rows, &went);
        moved.map_err(|error| failed("item", error.into()))?;
        model.parts.base = self.item_gram.diagonal();
        Ok(())
    }
}

/// How many events of a row say something.
fn counted(model: &Ials, values: &[f32]) -> usize {
    values.iter().filter(|&&value| model.parts.weighting.counts(value)).count()
}

fn share_of(model: &Ials, histories: &Histories, user: UserIx) -> f32 {
    let n = counted(model, histories.user(user).unwrap_or_default().values);
    model.parts.activity.share(n)
}

/// What holds the row of an item of `n` events that say something.
fn pull_of_item(model: &Ials, n: usize, n_users: u32) -> Pull {
    let parts = &model.parts;
    let unobserved = parts.weighting.unobserved_weight;
    let shift = regularization_of(parts.regularization, unobserved, parts.nu, n, n_users);
    Pull { unobserved, shift }
}

/// Multiplies rows that lie one after the other by a square matrix.
fn turn(model: &Ials, matrix: &[f32], rows: &mut [f32]) -> Result<(), SolveError> {
    let width = model.factors();
    transform(model.solver.level(), RowsMut::new(rows, width, width)?, Rows::new(matrix, width, width)?)
}

/// The length of a row, if no score of it with rows of the other side up to `longest` can leave single precision.
fn check(longest: f64, row: &[f32], name: impl Fn() -> String) -> Result<f64, UpdateError> {
    let length = length(row);
    if length * longest.max(1.0) <= LARGEST {
        return Ok(length);
    }
    Err(UpdateError::Unsolvable {
        row: name(),
        reason: "its scores are too large for single precision".into(),
    })
}

fn failed(kind: &str, Failed { row, error }: Failed) -> UpdateError {
    let row = row.map_or_else(|| format!("all {kind}s"), |row| format!("{kind} {row}"));
    UpdateError::Unsolvable { row, reason: error.to_string() }
}
