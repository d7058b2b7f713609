//! Exploration: a list by what may be true, instead of by its mean.

use super::{Adjust, RerankError};
use crate::data::ItemIx;
use crate::kernel::Stream;
use crate::model::{Draws, Profile, Query};
use crate::retrieve::Hit;
use rand::Rng as _;

/// The place of these draws among all that a seed has.
const SIDE: u64 = 0x7468;

/// Thompson sampling: scores the pool by one draw from the posterior.
///
/// All items of a list are scored by the same draw, so an item stands first as often as the model holds it possible that
/// it is the best: what is well known keeps its place, what the model is unsure of gets its chance to be judged. The seed
/// and the user of the question choose the draw: give every visit a seed of its own, and the same seed for the same list.
///
/// There are as many lists as the model keeps draws. Paper: Thompson 1933; Chapelle & Li 2011, "An empirical evaluation
/// of Thompson sampling".
#[derive(Clone, Copy, Debug)]
pub struct Thompson<'a, M: ?Sized> {
    model: &'a M,
    seed: u64,
}

impl<'a, M: Draws + ?Sized> Thompson<'a, M> {
    /// Draws from the posterior of this model, which must be the one that made the pool.
    pub fn new(model: &'a M, seed: u64) -> Self {
        Self { model, seed }
    }

    /// Which draw answers a question.
    fn draw(&self, query: &Query<'_>) -> usize {
        let row = query.user.map_or(u64::MAX, |user| u64::from(user.get()));
        let bits = Stream { seed: self.seed, epoch: 0, side: SIDE, row }.generator().next_u64();
        ((u128::from(bits) * self.model.n_draws() as u128) >> 64) as usize
    }
}

impl<M: Draws + ?Sized> Adjust for Thompson<'_, M> {
    fn adjust(&self, query: &Query<'_>, pool: &mut [Hit]) -> Result<(), RerankError> {
        let mut profile = Profile::new();
        self.model.profile(query, &mut profile)?;
        let items: Vec<ItemIx> = pool.iter().map(|hit| hit.item).collect();
        let mut scores = vec![0.0; items.len()];
        self.model.score_draw(&profile, self.draw(query), &items, &mut scores)?;
        pool.iter_mut().zip(scores).for_each(|(hit, score)| hit.score = score);
        Ok(())
    }
}
