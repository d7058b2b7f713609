//! Everything about a fit that is not mathematics: seed, threads, deadline, watching, stopping.

use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::EpochReport;
use crate::data::Interactions;

/// How an observer ends a fit: `ControlFlow::Break` of one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Good enough: the fit returns the model as it is after this epoch.
    Keep,
    /// Cancelled: the fit returns [`FitError::Cancelled`](super::FitError::Cancelled).
    Discard,
}

/// What an observer is shown after each epoch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The epoch that just ended.
    pub last: &'a EpochReport,
    /// How many epochs the parameters ask for at most.
    pub epochs: usize,
}

impl<'a> Progress<'a> {
    /// What a model's fit shows after an epoch.
    pub fn new(last: &'a EpochReport, epochs: usize) -> Self {
        Self { last, epochs }
    }
}

type Observer<'a> = &'a mut (dyn FnMut(&Progress<'_>) -> ControlFlow<Stop> + Send);

/// The circumstances of one fit.
///
/// ```
/// use std::ops::ControlFlow;
/// use foldin::model::{FitContext, Progress};
/// let mut bar = |progress: &Progress<'_>| {
///     eprintln!("epoch {} of {}", progress.last.epoch, progress.epochs);
///     ControlFlow::Continue(())
/// };
/// let context = FitContext::new().seed(7).threads(2).observer(&mut bar);
/// # let _ = context;
/// ```
#[derive(Default)]
pub struct FitContext<'a> {
    seed: u64,
    threads: usize,
    deadline: Option<Instant>,
    observer: Option<Observer<'a>>,
    validation: Option<&'a Interactions>,
}

impl<'a> FitContext<'a> {
    /// Seed 0, all cores, no deadline, nobody watching.
    pub fn new() -> Self {
        Self::default()
    }

    /// The seed of every random draw. Default 0. The same seed gives the same bits for any number of
    /// threads, on one instruction set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many threads to use. Default 0: as many as there are cores. Without the feature `parallel`
    /// there is one.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The moment after which no new epoch begins. The fit returns the model it has, or
    /// [`FitError::Deadline`](super::FitError::Deadline) if not one epoch is complete.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same, counted from now.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        match Instant::now().checked_add(limit) {
            Some(deadline) => self.deadline(deadline),
            None => self,
        }
    }

    /// Called after each epoch; what it returns continues, ends or cancels the fit.
    #[must_use]
    pub fn observer(
        mut self,
        observer: &'a mut (dyn FnMut(&Progress<'_>) -> ControlFlow<Stop> + Send),
    ) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Held-out events, measured after each epoch: the second curve of the report. They are never
    /// trained on, and stop nothing by themselves; an observer may.
    #[must_use]
    pub fn validation(mut self, held_out: &'a Interactions) -> Self {
        self.validation = Some(held_out);
        self
    }

    /// The seed.
    pub fn get_seed(&self) -> u64 {
        self.seed
    }

    /// The threads asked for; 0 stands for all cores.
    pub fn get_threads(&self) -> usize {
        self.threads
    }

    /// The held-out events, if there are any.
    pub fn get_validation(&self) -> Option<&'a Interactions> {
        self.validation
    }

    /// Whether the deadline has passed.
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Shows an epoch to the observer; continues where there is none.
    pub fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<Stop> {
        match &mut self.observer {
            Some(observer) => observer(progress),
            None => ControlFlow::Continue(()),
        }
    }
}

impl fmt::Debug for FitContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FitContext")
            .field("seed", &self.seed)
            .field("threads", &self.threads)
            .field("deadline", &self.deadline)
            .field("observer", &self.observer.is_some())
            .field("validation", &self.validation.is_some())
            .finish()
    }
}
