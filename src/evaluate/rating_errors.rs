//! How far predicted ratings are from the ratings given: the errors, their sums and their comparison.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::time::{Duration, Instant};

use super::ask::{check, question};
use super::{ByBasis, Difference, EvaluateError, Interval, RatingOptions, RatingReport, Resample};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::model::{PredictRating, Profile};
use crate::par::{Workers, chunks};

/// Users of one job.
const USERS: usize = 64;

/// The error of every prediction: for intervals, comparisons and figures of one's own.
#[derive(Clone, Debug)]
pub struct RatingErrors {
    errors: Vec<f64>,
    /// The item of each error.
    items: Vec<ItemIx>,
    /// Where each user with test ratings ends in `errors`.
    ends: Vec<usize>,
    by_basis: ByBasis,
    elapsed: Duration,
    /// Of the test events, so that a comparison is of like with like.
    fingerprint: u64,
}

/// What one job found.
#[derive(Default)]
struct Part {
    errors: Vec<f64>,
    items: Vec<ItemIx>,
    counts: Vec<usize>,
    by_basis: ByBasis,
}

impl RatingErrors {
    /// Predicts every test rating. See [`rating`](fn@super::rating).
    ///
    /// # Errors
    /// As [`rating`](fn@super::rating).
    pub fn measure<M: PredictRating + ?Sized>(
        model: &M,
        train: &Interactions,
        test: &Interactions,
        options: &RatingOptions,
    ) -> Result<Self, EvaluateError> {
        check(model.n_items(), train, test)?;
        let workers = Workers::new(options.threads).map_err(EvaluateError::Threads)?;
        let began = Instant::now();
        let jobs = chunks(test.n_users() as usize, USERS).collect();
        let parts = workers.map(jobs, Profile::new, |profile, users| {
            let asked = options.fold_in.then_some(train);
            predict(model, asked, test, users, profile)
        });
        let elapsed = began.elapsed();
        let mut all = Part::default();
        for part in parts {
            let part = part?;
            all.errors.extend(part.errors);
            all.items.extend(part.items);
            all.counts.extend(part.counts);
            all.by_basis.add(&part.by_basis);
        }
        let end = |sum: &mut usize, n: usize| {
            *sum += n;
            Some(*sum)
        };
        let ends = all.counts.into_iter().scan(0, end).collect();
        let Part { errors, items, by_basis, .. } = all;
        Ok(Self { errors, items, ends, by_basis, elapsed, fingerprint: fingerprint(test) })
    }

    /// Predicted less given rating, in the order of [`Interactions::events`] of the test part.
    pub fn values(&self) -> &[f64] {
        &self.errors
    }

    /// The figures with their intervals.
    ///
    /// # Errors
    /// [`EvaluateError::Param`], [`EvaluateError::Threads`].
    pub fn report(&self, options: &RatingOptions) -> Result<RatingReport, EvaluateError> {
        let [rmse, mae] = rmse_mae(&sums(&self.errors));
        let [rmse_interval, mae_interval] = intervals(options, &self.units(options.resample), rmse_mae)?;
        let (n, users) = (self.errors.len(), self.ends.len());
        let (by_basis, elapsed) = (self.by_basis, self.elapsed);
        Ok(RatingReport { rmse, mae, rmse_interval, mae_interval, n, users, by_basis, elapsed })
    }

    /// Compares with another model on the same test events: both are resampled together, so what makes
    /// a sample hard for both does not blur the difference.
    ///
    /// # Errors
    /// [`EvaluateError::Unpaired`] when the test events differ; [`EvaluateError::Param`],
    /// [`EvaluateError::Threads`].
    pub fn compare(&self, other: &Self, options: &RatingOptions) -> Result<Difference, EvaluateError> {
        if (self.fingerprint, self.errors.len()) != (other.fingerprint, other.errors.len()) {
            return Err(EvaluateError::Unpaired);
        }
        let (ours, theirs) = (self.units(options.resample), other.units(options.resample));
        let pairs: Vec<[f64; 5]> =
            ours.iter().zip(&theirs).map(|(a, b)| [a[0], a[1], a[2], b[1], b[2]]).collect();
        let difference = |&[n, a1, a2, b1, b2]: &[f64; 5]| {
            let ([a_rmse, a_mae], [b_rmse, b_mae]) = (rmse_mae(&[n, a1, a2]), rmse_mae(&[n, b1, b2]));
            [a_rmse - b_rmse, a_mae - b_mae]
        };
        let [n, a1, a2] = sums(&self.errors);
        let [_, b1, b2] = sums(&other.errors);
        let [rmse, mae] = difference(&[n, a1, a2, b1, b2]);
        let [rmse_interval, mae_interval] = intervals(options, &pairs, difference)?;
        Ok(Difference { rmse, mae, rmse_interval, mae_interval })
    }

    /// The sums of each unit of resampling.
    fn units(&self, resample: Resample) -> Vec<[f64; 3]> {
        match resample {
            Resample::Ratings => self.errors.chunks(1).map(sums).collect(),
            Resample::Users => {
                let starts = std::iter::once(&0).chain(&self.ends);
                starts.zip(&self.ends).map(|(&start, &end)| sums(&self.errors[start..end])).collect()
            }
            Resample::Items => {
                let mut of_items = BTreeMap::new();
                for (item, error) in self.items.iter().zip(&self.errors) {
                    let to = of_items.entry(item).or_insert([0.0; 3]);
                    add(to, error);
                }
                of_items.into_values().collect()
            }
        }
    }
}

/// Number, sum of squares and sum of absolute values of errors.
fn sums(errors: &[f64]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    errors.iter().for_each(|error| add(&mut sums, error));
    sums
}

fn add([n, squares, absolutes]: &mut [f64; 3], error: &f64) {
    *n += 1.0;
    *squares += error * error;
    *absolutes += error.abs();
}

/// RMSE and MAE from the [`sums`].
fn rmse_mae(&[n, squares, absolutes]: &[f64; 3]) -> [f64; 2] {
    [(squares / n).sqrt(), absolutes / n]
}

fn intervals<const S: usize>(
    options: &RatingOptions,
    units: &[[f64; S]],
    figures: impl Fn(&[f64; S]) -> [f64; 2] + Sync,
) -> Result<[Option<Interval>; 2], EvaluateError> {
    options.bootstrap.check()?;
    let workers = Workers::new(options.threads).map_err(EvaluateError::Threads)?;
    Ok(options.bootstrap.intervals(&workers, units, figures))
}

fn predict<M: PredictRating + ?Sized>(
    model: &M,
    fold_in: Option<&Interactions>,
    test: &Interactions,
    users: Range<usize>,
    profile: &mut Profile,
) -> Result<Part, EvaluateError> {
    let mut part = Part::default();
    for user in users.map(|user| UserIx::new(user as u32)) {
        let history = test.user(user).unwrap_or_default();
        if history.is_empty() {
            continue;
        }
        let failed = |source| EvaluateError::Query { user, source };
        let times = history.times.filter(|_| model.knows_time());
        let question = question(fold_in, user);
        if times.is_none() {
            model.profile(&question, profile).map_err(failed)?;
        }
        for (at, (item, given)) in history.iter().enumerate() {
            if let Some(times) = times {
                model.profile(&question.at(times[at]), profile).map_err(failed)?;
            }
            let predicted = model.predict(profile, item).map_err(failed)?;
            if !predicted.rating.is_finite() {
                return Err(EvaluateError::NotFinite { user, item, rating: predicted.rating });
            }
            part.items.push(item);
            part.errors.push(f64::from(predicted.rating) - f64::from(given));
            part.by_basis.count(predicted.basis);
        }
        part.counts.push(history.len());
    }
    Ok(part)
}

/// Tells one set of test events from another.
fn fingerprint(test: &Interactions) -> u64 {
    let mut hasher = DefaultHasher::new();
    for event in test.events() {
        hasher.write_u32(event.user.get());
        hasher.write_u32(event.item.get());
        hasher.write_u32(event.value.to_bits());
    }
    hasher.finish()
}
