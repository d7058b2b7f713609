//! The loop of every fit that goes by epochs: deadline, loss, held-out events, observer.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::{EpochReport, FitContext, FitError, Progress, Stop, StopReason};
use crate::data::Interactions;

/// A fit that goes by epochs.
pub(crate) trait Epochs {
    /// Does one epoch, counted from 1, and returns its loss.
    fn epoch(&mut self, epoch: usize) -> Result<f64, FitError>;

    /// What the report says about held-out events, of which there is at least one.
    fn validate(&mut self, held_out: &Interactions) -> Result<Option<f64>, FitError>;

    /// Whether to stop at this loss after that one.
    fn has_converged(&self, _before: f64, _loss: f64) -> bool {
        false
    }
}

/// Time since the start of a fit, without what was spent on held-out events.
pub(crate) struct Clock {
    start: Instant,
    paused: Duration,
}

impl Clock {
    /// Begins to count.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), paused: Duration::ZERO }
    }

    /// The time so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed().saturating_sub(self.paused)
    }

    fn pause<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let begin = Instant::now();
        let result = work();
        self.paused += begin.elapsed();
        result
    }

    /// Runs epochs until there are `most`, or one of them, the observer or the deadline ends it.
    pub(crate) fn run(
        &mut self,
        fit: &mut impl Epochs,
        most: usize,
        context: &mut FitContext<'_>,
    ) -> Result<(Vec<EpochReport>, StopReason), FitError> {
        let mut curve = Vec::<EpochReport>::new();
        for epoch in 1..=most {
            if context.is_late() {
                return if curve.is_empty() {
                    Err(FitError::Deadline)
                } else {
                    Ok((curve, StopReason::Deadline))
                };
            }
            let loss = fit.epoch(epoch)?;
            let elapsed = self.elapsed();
            let held_out = context.get_validation().filter(|held_out| !held_out.is_empty());
            let validation = match held_out {
                Some(held_out) => self.pause(|| fit.validate(held_out))?,
                None => None,
            };
            let converged = curve.last().is_some_and(|before| fit.has_converged(before.loss, loss));
            curve.push(EpochReport { epoch, loss, validation, elapsed });
            match context.observe(&Progress::new(&curve[epoch - 1], most)) {
                ControlFlow::Break(Stop::Discard) => return Err(FitError::Cancelled { epoch }),
                ControlFlow::Break(Stop::Keep) => return Ok((curve, StopReason::Observer)),
                ControlFlow::Continue(()) if converged => return Ok((curve, StopReason::Converged)),
                ControlFlow::Continue(()) => {}
            }
        }
        Ok((curve, StopReason::Epochs))
    }
}
