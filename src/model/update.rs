//! What a model promises that learns while it serves.

use std::time::Duration;

use super::{Fit, FitContext, FitError, Fitted, Score};
use crate::data::{ChangeError, Histories, Interactions, ItemIx, Touched, UserIx};
use crate::par::ThreadsError;

/// Which rows are solved anew for a batch of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Resolve {
    /// The users whose history changed; the items stay as they are, but for those that went.
    Users,
    /// The items whose audience changed, and the users whose history did.
    #[default]
    Touched,
    /// The same, and everybody who touched one of those items.
    Neighbours,
}

impl Resolve {
    /// Users and items whose rows a batch asks for, each ascending.
    pub(crate) fn rows(self, histories: &Histories, touched: &Touched) -> (Vec<UserIx>, Vec<ItemIx>) {
        let mut users = touched.users.clone();
        // What went, or nobody has touched any more, must not stay as it was.
        let is_empty = |item| histories.item(item).is_none_or(|audience| audience.is_empty());
        let went = |item: &ItemIx| is_empty(*item) || touched.gone_items.binary_search(item).is_ok();
        let items: Vec<_> = match self {
            Self::Users => touched.items.iter().copied().filter(went).collect(),
            Self::Touched | Self::Neighbours => touched.items.clone(),
        };
        if self == Self::Neighbours {
            let audience = |item: &ItemIx| histories.item(*item).unwrap_or_default().ids;
            users.extend(items.iter().flat_map(audience));
            users.sort_unstable();
            users.dedup();
        }
        (users, items)
    }
}

/// How far rows moved, in their own length: they stand one after the other, `width` numbers each, those that were there
/// before first. Those that came or went do not count.
pub(crate) fn movement(before: &[f32], after: &[f32], width: usize) -> f64 {
    let square = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    let (mut moved, mut length) = (0.0, 0.0);
    for (before, after) in before.chunks_exact(width).zip(after.chunks_exact(width)) {
        if square(before) > 0.0 && square(after) > 0.0 {
            moved +=
                before.iter().zip(after).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum::<f64>();
            length += square(before);
        }
    }
    if length > 0.0 { (moved / length).sqrt() } else { 0.0 }
}

/// What one batch of changes did, and how stale the rest is.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct UpdateReport {
    /// Events that came.
    pub added: usize,
    /// Events that took the place of others.
    pub replaced: usize,
    /// Events that went, those of users and items that went included.
    pub removed: usize,
    /// Rows of users that were solved anew.
    pub users: usize,
    /// Rows of items that were solved anew.
    pub items: usize,
    /// Users who came.
    pub new_users: usize,
    /// Items that came.
    pub new_items: usize,
    /// Users who went.
    pub vacated_users: usize,
    /// Items that went.
    pub vacated_items: usize,
    /// The whole time.
    pub elapsed: Duration,
    /// How stale everything is now.
    pub staleness: Staleness,
}

/// How far a model that lives is from one that was fitted to the same events.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Staleness {
    /// Events that came, changed or went since the last full fit.
    pub changes: u64,
    /// The same as a share of the events there are now.
    pub share: f64,
    /// Users who have touched an item that was solved anew after they were.
    pub users: usize,
    /// Items that were touched by a user who was solved anew after they were.
    pub items: usize,
    /// How far the rows of users moved in this batch: the root of the sum of squares of the differences over that of the
    /// rows before. Users who came do not count. Much movement says that those in `users` and `items` would move too.
    pub user_movement: f64,
    /// The same of items.
    pub item_movement: f64,
    /// How much of what all rows share is out of date, where a model has such a thing: for
    /// [`Ials`](crate::implicit::Ials) the part of the Gram matrix of the items that its diagonal does not hold.
    pub drift: Option<f64>,
}

/// A batch of changes that could not be taken in; nothing has changed.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum UpdateError {
    /// A change that cannot be made.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A row's linear system has no answer in single precision.
    #[error(
        "{row} cannot be solved with its events: {reason}; look for values of very different size in the batch"
    )]
    Unsolvable {
        /// The row, as "user 17" or "item 4".
        row: String,
        /// Why.
        reason: String,
    },
    /// A mapped file holds numbers that cannot be a model's.
    #[error("the mapped file is damaged: {what}; `verify` says where in the file")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// Model and events are not of one data set.
    #[error(
        "the model has {found} {what}, the events have {expected}: begin with the events it was fitted to"
    )]
    Mismatch {
        /// "users", "items" or "events".
        what: &'static str,
        /// How many the model has.
        found: usize,
        /// How many the events have.
        expected: usize,
    },
    /// The threads could not be started.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
}

/// What [`Update::update`] did.
#[derive(Clone, Debug)]
pub struct Updated<P, U> {
    /// What makes the same of another copy of the model.
    pub patch: P,
    /// What takes it back.
    pub undo: U,
    /// Users solved anew, ascending.
    pub users: Vec<UserIx>,
    /// Items solved anew, ascending.
    pub items: Vec<ItemIx>,
    /// See [`Staleness::user_movement`].
    pub user_movement: f64,
    /// See [`Staleness::item_movement`].
    pub item_movement: f64,
    /// See [`Staleness::drift`].
    pub drift: Option<f64>,
}

/// A model that takes in changes of the events it was fitted to, without a fit: what a model author writes. Programs use
/// [`Learner`](crate::live::Learner).
///
/// A model stays what it is: rows, and who has seen what. What it needs beyond that to solve single rows is its *working
/// state*, which is made from model and histories when it begins to live, and belongs to whoever writes. A
/// [`Patch`](Self::Patch) brings any copy that was equal before the batch to the same state without solving again, so
/// that readers can be served from one copy while another changes.
pub trait Update: Score + Clone + Sized {
    /// What is needed beside the model and the histories.
    type Working: Send + Sync;
    /// The rows that a batch changed.
    type Patch: Clone + Send + Sync;
    /// The rows as they were.
    type Undo: Send + Sync;

    /// Begins to live with the events the model was fitted to. Linear in the rows. `threads` of 0 stands for one per core.
    ///
    /// # Errors
    /// [`UpdateError::Threads`], [`UpdateError::Unsolvable`].
    fn begin(&self, histories: &Histories, threads: usize) -> Result<Self::Working, UpdateError>;

    /// Solves the rows that a batch touched; `histories` are those after it. On an error the model and its working state
    /// are as they were. The same bits for any number of threads.
    ///
    /// # Errors
    /// [`UpdateError::Unsolvable`].
    fn update(
        &mut self,
        working: &mut Self::Working,
        histories: &Histories,
        touched: &Touched,
        resolve: Resolve,
    ) -> Result<Updated<Self::Patch, Self::Undo>, UpdateError>;

    /// Takes the last update back.
    fn undo(&mut self, working: &mut Self::Working, undo: Self::Undo);

    /// Brings a copy, equal to the model before the update, to the state after it. Costs as much as the rows are long.
    fn install(&mut self, patch: &Self::Patch);

    /// The items whose rows a patch changes, for those who keep a copy of the rows.
    fn patched_items(patch: &Self::Patch) -> &[ItemIx];
}

/// Parameters that can be fitted from where a fitted model stands: the weekly update.
pub trait FitFrom: Fit {
    /// Fits as [`fit_with`](Fit::fit_with) does, but begins with a model that was fitted, or has lived, with most of these
    /// events: a few epochs are enough. Its users and items must be the first of the data, in the same order.
    ///
    /// # Errors
    /// [`FitError`]; [`FitError::Start`] when the model does not fit the parameters or the data.
    fn fit_from(
        &self,
        model: &Self::Model,
        data: &Interactions,
        context: &mut FitContext<'_>,
    ) -> Result<Fitted<Self::Model>, FitError>;
}
