//! The numbers `mu`, `b_u`, `b_i`, the passes that find them, and who asks.

use super::BiasBaselineParams;
use crate::data::{Event, History, Interactions, ItemIx, UserIx};
use crate::model::{Clock, Epochs, FitContext, FitError, FitReport, Query, QueryError, RatingScale, Seen};
use crate::par::{Workers, chunks};

/// Rows per task: long enough to outweigh the task, short enough to share out a small data set.
const ROWS: usize = 256;

/// No residual is larger than this, so that sums of weighted residuals stay finite in single
/// precision. Ratings of a scale are nowhere near.
pub(crate) const LARGEST: f32 = 1e30;

/// Mean and biases, and the scale of the ratings they were found on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Biases {
    pub(crate) scale: RatingScale,
    pub(crate) mean: f32,
    pub(crate) users: Vec<f32>,
    pub(crate) items: Vec<f32>,
    /// What folding in needs: the pull of a user's bias towards 0.
    pub(crate) user_regularization: f32,
}

/// Who asks, as far as biases go.
pub(crate) struct Asker<'a> {
    /// `mu + b_u`.
    pub(crate) offset: f32,
    /// The events to fold in, or the row of a trained user.
    pub(crate) events: Events<'a>,
}

/// Where the asker's events stand.
pub(crate) enum Events<'a> {
    Folded(History<'a>),
    Trained(std::ops::Range<usize>),
}

impl Asker<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        match &self.events {
            Events::Folded(history) => history.is_empty(),
            Events::Trained(range) => range.is_empty(),
        }
    }
}

/// A fit on its way.
struct Passes<'a> {
    params: &'a BiasBaselineParams,
    data: &'a Interactions,
    workers: &'a Workers,
    biases: Biases,
}

impl Epochs for Passes<'_> {
    fn epoch(&mut self, epoch: usize) -> Result<f64, FitError> {
        self.biases.item_pass(self.params, self.data, self.workers);
        let loss = self.biases.user_pass(self.data, self.workers);
        self.biases.check_finite(epoch).map(|()| loss)
    }

    fn validate(&mut self, held_out: &Interactions) -> Result<Option<f64>, FitError> {
        Ok(Some(self.biases.held_out_error(held_out)))
    }

    fn has_converged(&self, before: f64, loss: f64) -> bool {
        (before - loss).abs() <= self.params.tolerance * loss
    }
}

impl Biases {
    /// Alternates exact passes until the training error stands still. Ends with the users, so that
    /// folding in a training user finds the trained bias, bit for bit.
    pub(crate) fn fit(
        params: &BiasBaselineParams,
        data: &Interactions,
        workers: &Workers,
        context: &mut FitContext<'_>,
    ) -> Result<(Self, FitReport), FitError> {
        let mut clock = Clock::start();
        let mut passes = Passes { params, data, workers, biases: Self::zero(params, data)? };
        let (curve, stopped) = clock.run(&mut passes, params.epochs, context)?;
        Ok((passes.biases, FitReport { curve, stopped, elapsed: clock.elapsed() }))
    }

    fn zero(params: &BiasBaselineParams, data: &Interactions) -> Result<Self, FitError> {
        let (Some(mean), Some((min, max))) = (data.mean(), data.value_range()) else {
            return Err(FitError::Empty);
        };
        Ok(Self {
            scale: RatingScale { min, max },
            mean: mean as f32,
            users: vec![0.0; data.n_users() as usize],
            items: vec![0.0; data.n_items() as usize],
            user_regularization: params.user_regularization,
        })
    }

    fn item_pass(&mut self, params: &BiasBaselineParams, data: &Interactions, workers: &Workers) {
        let (mean, users) = (f64::from(self.mean), &self.users);
        let rows: Vec<_> = data.items().map(|(_, audience)| audience).collect();
        let parts = workers.map(
            chunks(rows.len(), ROWS).collect(),
            || (),
            |(), chunk| {
                let bias = |row: usize| {
                    let rest = rows[row].iter().map(|(user, value)| left_over(value, mean, users[user.ix()]));
                    damped(rest.sum(), rows[row].len(), params.item_regularization)
                };
                chunk.map(bias).collect::<Vec<_>>()
            },
        );
        self.items = parts.concat();
    }

    /// The biases of the users, and with them the training error, which falls out of the sums:
    /// the sum of `(x - b)^2` is that of `x^2` less `b (2 sum of x - n b)`.
    fn user_pass(&mut self, data: &Interactions, workers: &Workers) -> f64 {
        let (mean, items) = (f64::from(self.mean), &self.items);
        let rows: Vec<_> = data.users().map(|(_, history)| history).collect();
        let parts = workers.map(
            chunks(rows.len(), ROWS).collect(),
            || (),
            |(), chunk| {
                let mut squares = 0.0;
                let biases: Vec<f32> = chunk
                    .map(|row| {
                        let rest =
                            rows[row].iter().map(|(item, value)| left_over(value, mean, items[item.ix()]));
                        let (sum, square) =
                            rest.fold((0.0, 0.0), |(sum, square), x| (sum + x, square + x * x));
                        let bias = damped(sum, rows[row].len(), self.user_regularization);
                        let b = f64::from(bias);
                        squares += square - b * (2.0 * sum - rows[row].len() as f64 * b);
                        bias
                    })
                    .collect();
                (biases, squares)
            },
        );
        let squares: f64 = parts.iter().map(|(_, squares)| squares).sum();
        self.users = parts.into_iter().flat_map(|(biases, _)| biases).collect();
        (squares.max(0.0) / data.len() as f64).sqrt()
    }

    fn check_finite(&self, epoch: usize) -> Result<(), FitError> {
        let sides =
            [("user", &self.users, "user_regularization"), ("item", &self.items, "item_regularization")];
        for (kind, biases, parameter) in sides {
            if let Some(row) = biases.iter().position(|bias| !bias.is_finite()) {
                return Err(FitError::Diverged {
                    epoch,
                    row: format!("{kind} {row}"),
                    what: "the bias",
                    raise: Some(parameter),
                });
            }
        }
        Ok(())
    }

    fn held_out_error(&self, held_out: &Interactions) -> f64 {
        let square = |event: Event| {
            let rating = self.scale.clip(self.offset(event.user) + self.items[event.item.ix()]);
            (f64::from(rating) - f64::from(event.value)).powi(2)
        };
        (held_out.events().map(square).sum::<f64>() / held_out.len() as f64).sqrt()
    }

    /// Checks a question and finds `mu + b_u` for whoever asks it.
    pub(crate) fn asker<'a>(&self, query: &Query<'a>, seen: &Seen) -> Result<Asker<'a>, QueryError> {
        if let Some(user) = query.user {
            QueryError::check_user(user, seen.n_users())?;
        }
        Ok(match (query.history, query.user) {
            (Some(history), _) => {
                QueryError::check_history(&history, self.items.len() as u32)?;
                let offset = self.mean + self.fold_in(&history);
                if !offset.is_finite() {
                    return Err(QueryError::Unsolvable("its ratings are too large for a bias".into()));
                }
                Asker { offset, events: Events::Folded(history) }
            }
            (None, Some(user)) => {
                Asker { offset: self.offset(user), events: Events::Trained(seen.range(user)) }
            }
            (None, None) => Asker { offset: self.mean, events: Events::Trained(0..0) },
        })
    }

    /// The bias of somebody with this history: the pass over the users, for one.
    fn fold_in(&self, history: &History<'_>) -> f32 {
        let mean = f64::from(self.mean);
        let rest = history.iter().map(|(item, value)| left_over(value, mean, self.items[item.ix()]));
        damped(rest.sum(), history.len(), self.user_regularization)
    }

    /// `mu + b_u` of a trained user.
    pub(crate) fn offset(&self, user: UserIx) -> f32 {
        self.mean + self.users[user.ix()]
    }

    /// What the biases leave over of one rating by somebody with `offset = mu + b_u`.
    pub(crate) fn residual(&self, offset: f32, item: ItemIx, value: f32) -> f32 {
        (value - (offset + self.items[item.ix()])).clamp(-LARGEST, LARGEST)
    }
}

fn left_over(value: f32, mean: f64, bias: f32) -> f64 {
    f64::from(value) - mean - f64::from(bias)
}

/// The mean of `n` numbers and `regularization` zeros; 0 for none.
fn damped(sum: f64, n: usize, regularization: f32) -> f32 {
    if n == 0 { 0.0 } else { (sum / (n as f64 + f64::from(regularization))) as f32 }
}
