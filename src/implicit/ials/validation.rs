//! How well held-out events are ranked.

use std::ops::Range;

use crate::data::{History, Interactions, ItemIx, UserIx};
use crate::kernel::Matrix;
use crate::kernel::{Level, Rows, SolveError, gathered_products, products};
use crate::par::{Workers, chunks};

/// Users of one job, who share each block of items while it is in the cache.
const USERS: usize = 32;

/// Items of a block.
const ITEMS: usize = 256;

/// One minus the NDCG of the whole list, mean over the users with held-out likes: 0 if they all stand first, and the
/// more the further down they are. Training events are no part of a list. None if there are no such users.
pub(super) fn misplaced(
    workers: &Workers,
    level: Level,
    (users, items): (&Matrix, &Matrix),
    trained: &Interactions,
    held_out: &Interactions,
) -> Result<Option<f64>, SolveError> {
    let items = Rows::new(items.floats(), items.stride(), items.stride())?;
    let users = Rows::new(users.floats(), users.stride(), users.stride())?;
    let jobs: Vec<_> = chunks(held_out.n_users() as usize, USERS).collect();
    let parts = workers.map(
        jobs,
        || (),
        |(), rows| {
            let asked = rows.filter_map(|user| {
                let user = UserIx::new(user as u32);
                Asked::new(users.row(user.ix())?, trained.user(user)?, held_out.user(user)?)
            });
            lost(level, items, &mut asked.collect::<Vec<_>>())
        },
    );
    let (mut sum, mut count) = (0.0, 0);
    for part in parts {
        let (lost, asked) = part?;
        sum += lost;
        count += asked;
    }
    Ok((count > 0).then(|| sum / count as f64))
}

/// A user with held-out likes.
struct Asked<'a> {
    row: &'a [f32],
    trained: &'a [ItemIx],
    likes: Vec<ItemIx>,
    /// The score of each like.
    scores: Vec<f32>,
    /// How many items stand before each.
    before: Vec<usize>,
}

impl<'a> Asked<'a> {
    fn new(row: &'a [f32], trained: History<'a>, held_out: History<'a>) -> Option<Self> {
        let is_new = |item: &ItemIx| trained.ids.binary_search(item).is_err();
        let likes = held_out.iter().filter(|&(_, value)| value > 0.0).map(|(item, _)| item);
        let likes: Vec<ItemIx> = likes.filter(is_new).collect();
        let (scores, before) = (vec![0.0; likes.len()], vec![0; likes.len()]);
        (!likes.is_empty()).then_some(Self { row, trained: trained.ids, likes, scores, before })
    }

    /// Counts those of some items, given by their scores, that stand before each like.
    fn count(&mut self, first: usize, found: &[f32]) {
        for ((like, &score), before) in self.likes.iter().zip(&self.scores).zip(&mut self.before) {
            // Of two with one score the first in the catalogue comes first.
            let (left, right) = found.split_at(like.ix().saturating_sub(first).min(found.len()));
            *before += left.iter().map(|&other| usize::from(other >= score)).sum::<usize>();
            *before += right.iter().map(|&other| usize::from(other > score)).sum::<usize>();
        }
    }

    /// Takes the training events out of the count.
    fn skip_trained(&mut self, level: Level, items: Rows<'_>) -> Result<(), SolveError> {
        let mut found = vec![0.0; self.trained.len()];
        gathered_products(level, items, self.trained, self.row, &mut found)?;
        for ((like, score), before) in self.likes.iter().zip(&self.scores).zip(&mut self.before) {
            let is_before =
                |(other, found): (&ItemIx, &f32)| found > score || (found == score && other < like);
            *before -= self.trained.iter().zip(&found).filter(|&pair| is_before(pair)).count();
        }
        Ok(())
    }

    fn lost(&self) -> f64 {
        let gain = |before: usize| 1.0 / (before as f64 + 2.0).log2();
        let found: f64 = self.before.iter().map(|&before| gain(before)).sum();
        1.0 - found / (0..self.likes.len()).map(gain).sum::<f64>()
    }
}

/// The sum over some users, and how many they are.
fn lost(level: Level, items: Rows<'_>, asked: &mut [Asked<'_>]) -> Result<(f64, usize), SolveError> {
    for user in &mut *asked {
        gathered_products(level, items, &user.likes, user.row, &mut user.scores)?;
    }
    let mut scores = [0.0; ITEMS];
    for Range { start, end } in chunks(items.count(), ITEMS) {
        let scores = &mut scores[..end - start];
        for user in &mut *asked {
            products(level, items, start, user.row, &[], 0.0, scores)?;
            user.count(start, scores);
        }
    }
    let mut sum = 0.0;
    for user in &mut *asked {
        user.skip_trained(level, items)?;
        sum += user.lost();
    }
    Ok((sum, asked.len()))
}
