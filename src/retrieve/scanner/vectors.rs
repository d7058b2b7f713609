//! Item rows from anywhere.

use super::error::{ScanError, check};
use crate::data::{ItemIx, UserIx};
use crate::kernel::{Level, MOST, Rows, SolveError, products};
use crate::model::{Factors, Profile, Query, QueryError, Score};

/// Item rows without a model: embeddings from elsewhere, to be scanned by vectors.
///
/// It knows no users and folds no history in: ask with [`Scanner::top_n_for`](super::Scanner::top_n_for).
///
/// ```
/// use foldin::model::{Factors, Profile};
/// use foldin::retrieve::{Scanner, TopN, Vectors, Workspace};
/// let rows: Vec<f32> = (0..3_000).map(|n| (n * n % 17) as f32).collect();
/// let vectors = Vectors::new(Factors { rows: &rows, stride: 3, factors: 3, bias: &[] })?;
/// let scanner = Scanner::new(&vectors)?;
/// let asker = Profile { dense: vec![0.5, -1.0, 2.0], ..Profile::new() };
/// let mut hits = Vec::new();
/// scanner.top_n_for(&asker, &TopN::new(10), &mut Workspace::new(), &mut hits)?;
/// assert_eq!(hits.len(), 10);
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Vectors<'a> {
    rows: Factors<'a>,
    count: u32,
    /// Zeros where there are none.
    bias: Vec<f32>,
    level: Level,
}

impl<'a> Vectors<'a> {
    /// As many rows as there are strides, the last of which may end with its factors.
    ///
    /// # Errors
    /// [`ScanError::Shape`] when rows have no factors, the stride is shorter than a row, the last row is cut off or the
    /// biases are not as many as the rows;
    /// [`ScanError::TooWide`] beyond 65,534 factors; [`ScanError::TooMany`] beyond 4,294,967,295 rows.
    pub fn new(rows: Factors<'a>) -> Result<Self, ScanError> {
        let most = MOST - 2;
        if rows.factors > most {
            return Err(ScanError::TooWide { factors: rows.factors, most });
        }
        let found = Rows::new(rows.rows, rows.factors, rows.stride).map_err(shape)?.count();
        check(&rows, found)?;
        let count = u32::try_from(found).map_err(|_| ScanError::TooMany { found })?;
        let bias = if rows.bias.is_empty() { vec![0.0; found] } else { rows.bias.to_vec() };
        Ok(Self { rows, count, bias, level: Level::detect() })
    }
}

fn shape(error: SolveError) -> ScanError {
    match error {
        SolveError::Shape { what, expected, found } => ScanError::Shape { what, expected, found },
        _ => ScanError::NotInnerProduct,
    }
}

impl Score for Vectors<'_> {
    fn n_users(&self) -> u32 {
        0
    }

    fn n_items(&self) -> u32 {
        self.count
    }

    /// Nobody, for whom all rows score their bias.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        if let Some(user) = query.user {
            QueryError::check_user(user, 0)?;
        }
        if query.history.is_some() {
            return Err(QueryError::History("rows alone fold nothing in: ask with a profile".into()));
        }
        out.dense.resize(self.rows.factors, 0.0);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let there = out.len().min((self.count as usize).saturating_sub(first.ix()));
        let (out, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NEG_INFINITY);
        let Factors { rows, stride, factors, .. } = self.rows;
        let done = Rows::new(rows, factors, stride).and_then(|rows| {
            products(self.level, rows, first.ix(), &profile.dense, &self.bias, profile.offset, out)
        });
        if done.is_err() {
            // The profile is not as wide as the rows: it ranks nothing.
            out.fill(f32::NEG_INFINITY);
        }
    }

    fn seen(&self, _: UserIx) -> &[ItemIx] {
        &[]
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        Some(self.rows)
    }
}
