//! From parameters and data to a model.

use std::time::Duration;

use super::{FitContext, ParamError, Params, Score};
use crate::data::Interactions;
use crate::par::ThreadsError;

/// A fit that could not be done.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum FitError {
    /// A parameter is out of range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// There is nothing to learn from.
    #[error("the data has no events: give at least one")]
    Empty,
    /// The numbers ran away.
    #[error(
        "epoch {epoch}: {what} of {row} is not finite; {}check the data for values of very different size", or_raise(*.raise)
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The row, as "user 17" or "item 4".
        row: String,
        /// What is not finite.
        what: &'static str,
        /// The parameter to raise, where the model has one that helps.
        raise: Option<&'static str>,
    },
    /// A row's linear system has no unique solution.
    #[error(
        "epoch {epoch}: the system of {row} is singular; {}check the data for values of very different size", or_raise(*.raise)
    )]
    Singular {
        /// The epoch, from 1.
        epoch: usize,
        /// The row, as "user 17" or "item 4".
        row: String,
        /// The parameter to raise, where the model has one that helps.
        raise: Option<&'static str>,
    },
    /// The observer cancelled.
    #[error("the observer cancelled the fit in epoch {epoch}")]
    Cancelled {
        /// The epoch, from 1.
        epoch: usize,
    },
    /// The deadline passed before there was a model.
    #[error("the deadline passed before the first epoch ended; allow more time, or ask for a smaller model")]
    Deadline,
    /// The held-out events do not fit the training data.
    #[error(
        "validation data has {found_users} users and {found_items} items, training data {n_users} and {n_items}: make both from one data set"
    )]
    Validation {
        /// Users of the held-out events.
        found_users: u32,
        /// Items of the held-out events.
        found_items: u32,
        /// Users of the training data.
        n_users: u32,
        /// Items of the training data.
        n_items: u32,
    },
    /// The model to start from does not fit.
    #[error(
        "the model to start from has {found} {what}, but {expected} are asked for; start from another, or from none"
    )]
    Start {
        /// What differs: "factors", "users" or "items".
        what: &'static str,
        /// What the model has.
        found: usize,
        /// What the parameters or the data have.
        expected: usize,
    },
    /// The threads could not be started.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
}

fn or_raise(parameter: Option<&str>) -> String {
    parameter.map_or(String::new(), |name| format!("raise `{name}`, or "))
}

/// Fitting lives on the parameters, answers live on the model.
pub trait Fit: Params {
    /// What comes out.
    type Model: Score;

    /// Fits with checked parameters: what a model author writes. Call [`fit`](Self::fit) or
    /// [`fit_with`](Self::fit_with) instead.
    ///
    /// # Errors
    /// [`FitError`].
    fn fit_checked(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<Self::Model>, FitError>;

    /// Checks the parameters and the data and fits under the given circumstances.
    ///
    /// # Errors
    /// [`FitError`].
    fn fit_with(
        &self,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<Self::Model>, FitError> {
        check_fit(self, data, context)?;
        self.fit_checked(data, context)
    }

    /// Fits with seed 0 on all cores and returns the model alone.
    ///
    /// # Errors
    /// [`FitError`].
    fn fit(&self, data: &Interactions) -> Result<Self::Model, FitError> {
        self.fit_with(data, &mut FitContext::new()).map(|fitted| fitted.model)
    }
}

/// Whether parameters, data and circumstances are such that a fit can begin.
pub(crate) fn check_fit(
    params: &(impl Params + ?Sized),
    data: &Interactions,
    context: &FitContext<'_>,
) -> Result<(), FitError> {
    params.check()?;
    if data.is_empty() {
        return Err(FitError::Empty);
    }
    context.get_validation().map_or(Ok(()), |held_out| check_validation(data, held_out))
}

fn check_validation(data: &Interactions, held_out: &Interactions) -> Result<(), FitError> {
    let (n_users, n_items) = (data.n_users(), data.n_items());
    let (found_users, found_items) = (held_out.n_users(), held_out.n_items());
    if (n_users, n_items) == (found_users, found_items) {
        return Ok(());
    }
    Err(FitError::Validation { found_users, found_items, n_users, n_items })
}

/// A model and how it came about.
#[derive(Clone, Debug)]
pub struct Fitted<M> {
    /// The model.
    pub model: M,
    /// The curve, and why it ended.
    pub report: FitReport,
}

/// One epoch of a fit.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The model's own objective, as its documentation defines it; for rating models the root mean
    /// squared error on the training data.
    pub loss: f64,
    /// What the held-out events, if there are any, say of the model, the smaller the better: the root mean squared
    /// error for rating models; others say what it is.
    pub validation: Option<f64>,
    /// Time since the fit began, without the time spent on `validation`.
    pub elapsed: Duration,
}

/// Why a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum StopReason {
    /// All epochs were done, or the model needs none.
    Epochs,
    /// The loss changed by less than the tolerance.
    Converged,
    /// The observer had seen enough.
    Observer,
    /// The deadline passed.
    Deadline,
}

/// How a fit went.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FitReport {
    /// One entry per epoch; empty for models that are computed in one pass.
    pub curve: Vec<EpochReport>,
    /// Why it ended.
    pub stopped: StopReason,
    /// The whole time, without the time spent on `validation`.
    pub elapsed: Duration,
}
