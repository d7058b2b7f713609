//! How large the numbers of a model are: with it a new row is known to have finite scores only.

use super::model::Parts;

/// Scores stay below this.
const LARGEST_SCORE: f32 = 1e37;

/// The largest numbers of those who ask and of items, and what a score multiplies them with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    asker: f32,
    item: f32,
    rest: f32,
}

impl Parts {
    pub(super) fn reach(&self) -> Reach {
        let newcomers = self.newcomers.as_ref().map_or(0.0, |prior| largest(&prior.mean));
        let asker = largest(&self.users).max(largest(&self.user_prior.mean)).max(newcomers);
        let rest = (self.dim() + 2) as f32 * self.ratings.scaling.spread;
        Reach { asker: asker.max(1.0), item: largest(&self.items).max(1.0), rest }
    }
}

impl Reach {
    /// Reaches as far as one more row of a user.
    pub(super) fn extend_asker(&mut self, row: &[f32]) {
        self.asker = self.asker.max(largest(row));
    }

    /// Reaches as far as one more row of an item.
    pub(super) fn extend_item(&mut self, row: &[f32]) {
        self.item = self.item.max(largest(row));
    }

    /// Whether every score is finite, as long as every number is.
    pub(super) fn is_sound(self) -> bool {
        self.asker * self.item * self.rest < LARGEST_SCORE
    }
}

fn largest(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0, |most: f32, x| most.max(x.abs()))
}
