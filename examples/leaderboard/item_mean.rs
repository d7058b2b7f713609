//! The plain mean of each item's ratings: the yardstick of the Netflix Prize, and how little it takes
//! to have a model of one's own measured.

use foldin::data::{Interactions, ItemIx, UserIx};
use foldin::model::{
    Basis, Fit, FitContext, FitError, FitReport, Fitted, ParamError, Params, PredictRating, Prediction,
    Profile, Query, QueryError, RatingScale, Score, Seen, StopReason,
};

/// It has no parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct ItemMeanParams;

/// What every item is rated on average.
pub struct ItemMean {
    mean: f32,
    /// None where an item has no ratings.
    means: Vec<Option<f32>>,
    scale: RatingScale,
    seen: Seen,
}

impl Params for ItemMeanParams {
    fn check(&self) -> Result<(), ParamError> {
        Ok(())
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn set(&mut self, name: &str, _: &str) -> Result<(), ParamError> {
        Err(ParamError::unknown(name, &[]))
    }
}

impl Fit for ItemMeanParams {
    type Model = ItemMean;

    fn fit_checked(&self, data: &Interactions, _: &mut FitContext<'_>) -> Result<Fitted<ItemMean>, FitError> {
        let start = std::time::Instant::now();
        let (Some(mean), Some((min, max))) = (data.mean(), data.value_range()) else {
            return Err(FitError::Empty);
        };
        let of = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        let means = data.items().map(|(_, row)| (!row.is_empty()).then(|| of(row.values) as f32)).collect();
        let scale = RatingScale { min, max };
        let model = ItemMean { mean: mean as f32, means, scale, seen: Seen::new(data) };
        let report = FitReport { curve: Vec::new(), stopped: StopReason::Epochs, elapsed: start.elapsed() };
        Ok(Fitted { model, report })
    }
}

impl Score for ItemMean {
    fn n_users(&self) -> u32 {
        self.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.means.len() as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        query.user.map_or(Ok(()), |user| QueryError::check_user(user, self.n_users()))?;
        query.history.map_or(Ok(()), |history| QueryError::check_history(&history, self.n_items()))
    }

    fn score_block(&self, _: &Profile, first: ItemIx, out: &mut [f32]) {
        for (item, score) in (first.ix()..).zip(out) {
            *score = self.means.get(item).map_or(f32::NEG_INFINITY, |mean| mean.unwrap_or(self.mean));
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }
}

impl PredictRating for ItemMean {
    fn scale(&self) -> RatingScale {
        self.scale
    }

    fn predict(&self, _: &Profile, item: ItemIx) -> Result<Prediction, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        Ok(match self.means[item.ix()] {
            Some(rating) => Prediction { rating, basis: Basis::Biases },
            None => Prediction { rating: self.mean, basis: Basis::GlobalMean },
        })
    }
}
