//! Models whose every score is known, for tests of what stands on scores.

#![allow(dead_code, unreachable_pub, reason = "shared by tests, none of which uses all of it")]

use foldin::data::{Columns, Interactions, ItemIx, UserIx};
use foldin::model::{
    Basis, Factors, PredictRating, Prediction, Profile, Query, QueryError, RatingScale, Score,
};

/// Indices.
pub fn items(indices: &[u32]) -> Vec<ItemIx> {
    indices.iter().copied().map(ItemIx::new).collect()
}

/// Events (user, item, value), at moments given or none.
pub fn events(n_users: u32, n_items: u32, rows: &[(u32, u32, f32)], times: Option<&[i64]>) -> Interactions {
    let users: Vec<_> = rows.iter().map(|row| UserIx::new(row.0)).collect();
    let items: Vec<_> = rows.iter().map(|row| ItemIx::new(row.1)).collect();
    let values: Vec<_> = rows.iter().map(|row| row.2).collect();
    let columns = Columns { users: &users, items: &items, values: &values, times };
    Interactions::from_columns(n_users, n_items, columns).expect("the test's events are well formed")
}

/// A table of scores: what is written is what is answered, also as a rating.
#[derive(Clone, Debug)]
pub struct Table {
    pub n_items: usize,
    /// One row of `n_items` scores per user.
    pub scores: Vec<f32>,
    /// What each user has seen, sorted.
    pub seen: Vec<Vec<ItemIx>>,
}

impl Table {
    /// Nobody has seen anything.
    pub fn new(n_items: usize, scores: Vec<f32>) -> Self {
        let seen = vec![Vec::new(); scores.len().checked_div(n_items).unwrap_or(1)];
        Self { n_items, scores, seen }
    }
}

impl Score for Table {
    fn n_users(&self) -> u32 {
        self.seen.len() as u32
    }

    fn n_items(&self) -> u32 {
        self.n_items as u32
    }

    /// The row of the user; without a user, that of user 0.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        let user = query.user.unwrap_or_default();
        QueryError::check_user(user, self.n_users())?;
        if let Some(history) = &query.history {
            QueryError::check_history(history, self.n_items())?;
        }
        out.clear();
        out.basis = Basis::Learned;
        out.dense.extend(&self.scores[user.ix() * self.n_items..][..self.n_items]);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let known = profile.dense.get(first.ix()..).unwrap_or_default().iter().copied();
        for (score, out) in known.chain(std::iter::repeat(f32::NEG_INFINITY)).zip(out) {
            *out = score;
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.get(user.ix()).map_or(&[], |seen| seen)
    }
}

impl PredictRating for Table {
    fn scale(&self) -> RatingScale {
        RatingScale { min: 1.0, max: 5.0 }
    }

    /// The score; on biases alone for odd items.
    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        let basis = if item.get() % 2 == 1 { Basis::Biases } else { profile.basis };
        Ok(Prediction { rating: profile.dense[item.ix()], basis })
    }
}

/// Scores that are inner products, as those of a factorization.
#[derive(Clone, Debug)]
pub struct InnerProduct {
    pub factors: usize,
    pub users: Vec<f32>,
    pub items: Vec<f32>,
    pub seen: Vec<ItemIx>,
}

impl InnerProduct {
    /// Factors (a multiple of 8) that look like noise and are the same everywhere.
    pub fn new(n_users: usize, n_items: usize, factors: usize) -> Self {
        assert_eq!(factors % 8, 0);
        let noise = |n: usize, salt: u64| (0..n as u64).map(move |at| unit(at ^ salt << 40) - 0.5).collect();
        Self {
            factors,
            users: noise(n_users * factors, 1),
            items: noise(n_items * factors, 2),
            seen: Vec::new(),
        }
    }
}

impl Score for InnerProduct {
    fn n_users(&self) -> u32 {
        (self.users.len() / self.factors) as u32
    }

    fn n_items(&self) -> u32 {
        (self.items.len() / self.factors) as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        let user = query.user.unwrap_or_default();
        QueryError::check_user(user, self.n_users())?;
        out.clear();
        out.dense.extend(&self.users[user.ix() * self.factors..][..self.factors]);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let rows = self.items[first.ix() * self.factors..].chunks_exact(self.factors);
        for (row, out) in rows.zip(out) {
            let mut sums = [0.0_f32; 8];
            for (row, asker) in row.chunks_exact(8).zip(profile.dense.chunks_exact(8)) {
                for at in 0..8 {
                    sums[at] += row[at] * asker[at];
                }
            }
            *out = sums.iter().sum();
        }
    }

    fn seen(&self, _: UserIx) -> &[ItemIx] {
        &self.seen
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        Some(Factors { rows: &self.items, stride: self.factors, factors: self.factors, bias: &[] })
    }
}

/// A number from 0 to 1 that looks random (SplitMix64 of `at`).
pub fn unit(at: u64) -> f32 {
    let mut bits = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) >> 40) as f32 / (1_u32 << 24) as f32
}
