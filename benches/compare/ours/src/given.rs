//! Vectors from files, as a model of one's own: what the scanner takes beside the crate's models.

use std::fs;
use std::path::Path;

use foldin::data::{ItemIx, UserIx};
use foldin::kernel::{Level, Rows, products};
use foldin::model::{Factors, Profile, Query, QueryError, Score, Seen};

/// Askers and items with the same factors; a score is their inner product.
pub struct Given {
    askers: Vec<f32>,
    items: Vec<f32>,
    biases: Vec<f32>,
    factors: usize,
    seen: Seen,
    level: Level,
}

impl Given {
    /// `queries.f32` and `items.f32` of a folder, and what the askers touched.
    pub fn read(folder: &str, factors: usize, seen: Seen) -> Result<Self, String> {
        let (askers, items) = (numbers(folder, "queries.f32")?, numbers(folder, "items.f32")?);
        if factors == 0 || askers.len() % factors != 0 || items.len() % factors != 0 {
            return Err(format!("{folder}: not whole rows of {factors} factors"));
        }
        let biases = vec![0.0; items.len() / factors];
        Ok(Self { askers, items, biases, factors, seen, level: Level::detect() })
    }

    fn row(&self, user: usize) -> &[f32] {
        &self.askers[user * self.factors..(user + 1) * self.factors]
    }
}

fn numbers(folder: &str, name: &str) -> Result<Vec<f32>, String> {
    let path = Path::new(folder).join(name);
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
}

impl Score for Given {
    fn n_users(&self) -> u32 {
        (self.askers.len() / self.factors) as u32
    }

    fn n_items(&self) -> u32 {
        (self.items.len() / self.factors) as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        let user = query.user.unwrap_or(UserIx::new(u32::MAX));
        QueryError::check_user(user, self.n_users())?;
        out.clear();
        out.dense.extend_from_slice(self.row(user.ix()));
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let there = out.len().min(self.biases.len().saturating_sub(first.ix()));
        let (out, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NEG_INFINITY);
        Rows::new(&self.items, self.factors, self.factors)
            .and_then(|rows| products(self.level, rows, first.ix(), &profile.dense, &self.biases, 0.0, out))
            .expect("rows and profile are as wide as the factors");
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        Some(Factors { rows: &self.items, stride: self.factors, factors: self.factors, bias: &[] })
    }
}
