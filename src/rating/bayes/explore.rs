//! Scores by one kept sample.

use super::BayesianMf;
use crate::data::ItemIx;
use crate::kernel::dot;
use crate::model::{Draws, Profile, QueryError, Score};

impl Draws for BayesianMf {
    /// The samples it keeps.
    fn n_draws(&self) -> usize {
        self.parts.samples
    }

    /// What one sample says of the pair beyond the mean of all, added to the score: effects of time, which are means
    /// over all samples, are part of it. `O(kept * factors)` for an item.
    fn score_draw(
        &self,
        profile: &Profile,
        draw: usize,
        items: &[ItemIx],
        out: &mut [f32],
    ) -> Result<(), QueryError> {
        QueryError::check_items(items, self.n_items())?;
        let (parts, dim, width) = (&self.parts, self.parts.dim(), self.parts.width());
        let expected = parts.item_width();
        for (expected, found) in
            [(expected, profile.dense.len()), (width + 1, profile.draws.len()), (items.len(), out.len())]
        {
            if found != expected {
                return Err(QueryError::Profile { expected, found });
            }
        }
        let (asker, draw) = (&profile.draws[..width], draw % parts.samples);
        for (&item, out) in items.iter().zip(out) {
            let row = &parts.item(item.ix())[..width];
            let said = asker.chunks_exact(dim).zip(row.chunks_exact(dim)).map(|(x, y)| {
                let (last, k) = (dim - 1, ..dim - 1);
                dot(self.level, &x[k], &y[k]) + x[last] + y[last]
            });
            let said: Vec<f32> = said.collect();
            let mean = said.iter().map(|&z| f64::from(z)).sum::<f64>() / parts.samples as f64;
            let mut score = [0.0];
            self.score_block(profile, item, &mut score);
            let beyond = f64::from(parts.ratings.scaling.spread) * (f64::from(said[draw]) - mean);
            *out = (f64::from(score[0]) + beyond) as f32;
        }
        Ok(())
    }
}
