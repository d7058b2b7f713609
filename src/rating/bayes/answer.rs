//! Answers: profiles of trained rows, of attributes, of histories; scores and predictions.

use super::BayesianMf;
use super::asker::Asker;
use super::check::LARGEST;
use crate::data::{History, ItemIx, UserIx};
use crate::kernel::{Rows, products};
use crate::model::{
    Basis, Factors, PredictRating, Prediction, Profile, Query, QueryError, RatingScale, Score,
};

impl Score for BayesianMf {
    fn n_users(&self) -> u32 {
        self.parts.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.parts.noise.items.len() as u32
    }

    /// The trained rows of a user; or a history folded in: the sampler goes on for the asker alone, once through the kept
    /// samples, everything else as it was drawn. Nobody, or an empty history, is the prior mean, which attributes in the
    /// question move. `O(kept * factors)` for a user, `O(kept * (events * factors^2 + factors^3))` for a history.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        if let Some(user) = query.user {
            QueryError::check_user(user, self.n_users())?;
        }
        match (query.history, query.user) {
            (None, Some(user)) if query.attributes.is_none() => self.remember_user(user, out),
            (history, user) => {
                let history = history.unwrap_or_default();
                let asker = self.fold_in(history, user, query.attributes)?;
                self.remember(&asker.means, &asker.draws, asker.noise, out);
                out.basis = if history.is_empty() { Basis::GlobalMean } else { Basis::Learned };
            }
        }
        self.remember_time(query.user, query.at, out);
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        let n_items = self.parts.noise.items.len();
        let there = out.len().min(n_items.saturating_sub(first.ix()));
        let (out, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NEG_INFINITY);
        let width = self.parts.item_width();
        let done = Rows::new(&self.parts.items, width, width).and_then(|rows| {
            products(self.level, rows, first.ix(), &profile.dense, &[], profile.offset, out)
        });
        if done.is_err() {
            // The profile is not one of this model's: it ranks nothing.
            out.fill(f32::NEG_INFINITY);
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.parts.seen.of(user)
    }

    fn knows_time(&self) -> bool {
        self.parts.time.is_some()
    }

    /// Rows of `kept * (factors + 1)` numbers: lists are faster from a smaller number of kept samples.
    fn inner_product(&self) -> Option<Factors<'_>> {
        let width = self.parts.item_width();
        Some(Factors { rows: &self.parts.items, stride: width, factors: width, bias: &[] })
    }
}

impl PredictRating for BayesianMf {
    fn scale(&self) -> RatingScale {
        self.parts.ratings.range()
    }

    fn predict(&self, profile: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        let rating = self.distribution(profile, item)?.mean();
        let basis = match (profile.basis == Basis::Learned, self.item_known[item.ix()]) {
            (true, true) => Basis::Learned,
            (false, false) => Basis::GlobalMean,
            _ => Basis::Biases,
        };
        Ok(Prediction { rating, basis })
    }
}

impl BayesianMf {
    fn remember_user(&self, user: UserIx, out: &mut Profile) {
        let row = self.parts.user(user.ix());
        self.remember(row, row, self.parts.noise.users[user.ix()], out);
        out.basis = if self.seen(user).is_empty() { Basis::GlobalMean } else { Basis::Learned };
    }

    /// Turns rows into a profile in units of the rating: `means` for scores, `draws` for how far they may be off.
    fn remember(&self, means: &[f32], draws: &[f32], noise: f32, out: &mut Profile) {
        let (dim, scaling) = (self.parts.dim(), &self.parts.ratings.scaling);
        let share = scaling.spread / self.parts.samples as f32;
        let mut bias = 0.0;
        for x in means.chunks_exact(dim) {
            out.dense.extend(x[..dim - 1].iter().map(|x| share * x));
            out.dense.push(share);
            bias += f64::from(x[dim - 1]);
        }
        out.dense.resize(self.parts.item_width(), 0.0);
        out.offset = scaling.center + (f64::from(share) * bias) as f32;
        out.draws.extend_from_slice(draws);
        out.draws.push(noise);
    }

    /// Adds what the moment says.
    fn remember_time(&self, user: Option<UserIx>, at: Option<i64>, out: &mut Profile) {
        let (Some(time), Some(at)) = (&self.parts.time, at) else { return };
        let spread = self.parts.ratings.scaling.spread;
        if let Some(period) = time.calendar.period(at) {
            out.dense[self.parts.width() + period as usize] = spread;
        }
        out.offset += spread * (time.day(at) + time.user_day(user, at));
    }

    /// Draws the rows of an asker.
    fn fold_in(
        &self,
        history: History<'_>,
        user: Option<UserIx>,
        attributes: Option<&crate::data::EncodedRow>,
    ) -> Result<Asker, QueryError> {
        QueryError::check_history(&history, self.n_items())?;
        let asker = Asker::draw(self, history, user, attributes)?;
        if asker.means.iter().chain(&asker.draws).all(|x| x.abs() <= LARGEST) {
            return Ok(asker);
        }
        Err(QueryError::Unsolvable("its numbers are too large".into()))
    }
}
