//! One question to a model, and what the model remembers about the asker.

use crate::data::{DataError, EncodedRow, History, ItemIx, UserIx};

/// One question: a known user, or a history (fold-in), or both; optionally a moment.
///
/// | made by | answered from |
/// |---|---|
/// | [`Query::user`] | the user's trained row |
/// | [`Query::history`] | the given events, folded in: nothing is stored |
/// | [`Query::anyone`] | what holds for everybody: biases, popularity |
/// | any with [`attributes`](Query::with_attributes) | the same, and by models that know attributes, what these say |
///
/// A query with a user *and* a history is answered from the history, which is taken to be all that
/// is known of the user; the trained row only tells what they have seen before.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Query<'a> {
    /// A user of the training data.
    pub user: Option<UserIx>,
    /// Events of the asker.
    pub history: Option<History<'a>>,
    /// The moment asked about, in the unit of the data's times.
    pub at: Option<i64>,
    /// Attributes of the asker, in the features of the training data. Models without attributes pass over them.
    pub attributes: Option<&'a EncodedRow>,
}

impl<'a> Query<'a> {
    /// Asks for a user of the training data.
    pub fn user(user: UserIx) -> Self {
        Self { user: Some(user), ..Self::default() }
    }

    /// Asks for somebody known only by these events.
    pub fn history(history: History<'a>) -> Self {
        Self { history: Some(history), ..Self::default() }
    }

    /// Asks for somebody of whom nothing is known.
    pub fn anyone() -> Self {
        Self::default()
    }

    /// The same question with a history instead of the trained row.
    #[must_use]
    pub fn with_history(self, history: History<'a>) -> Self {
        Self { history: Some(history), ..self }
    }

    /// The same question from somebody of these attributes.
    #[must_use]
    pub fn with_attributes(self, attributes: &'a EncodedRow) -> Self {
        Self { attributes: Some(attributes), ..self }
    }

    /// The same question about another moment.
    #[must_use]
    pub fn at(self, time: i64) -> Self {
        Self { at: Some(time), ..self }
    }
}

impl From<UserIx> for Query<'_> {
    /// Asks for a user of the training data.
    fn from(user: UserIx) -> Self {
        Self::user(user)
    }
}

/// A question that cannot be answered.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum QueryError {
    /// The user is not in the model.
    #[error("{user:?} is unknown: the model has {n_users} users; ask with a history to fold a new one in")]
    UnknownUser {
        /// The user asked for.
        user: UserIx,
        /// How many the model has.
        n_users: u32,
    },
    /// The user's events are needed, and the model does not keep them.
    #[error(
        "the model keeps no values of the events of {user:?}: ask with `Query::user(user).with_history(events)`, the events they were trained with"
    )]
    NoHistory {
        /// The user asked for.
        user: UserIx,
    },
    /// Nobody was named to find others like.
    #[error("no user is named to find others like them: name at least one")]
    NoSeeds,
    /// An item of the question is not in the model.
    #[error("{item:?} is unknown: the model has {n_items} items; leave it out of the question")]
    UnknownItem {
        /// The item found.
        item: ItemIx,
        /// How many the model has.
        n_items: u32,
    },
    /// An attribute of the question is not in the model.
    #[error(
        "feature {feature} is unknown: the model has {n_features}; encode the attributes with those it was trained with"
    )]
    UnknownFeature {
        /// The feature found.
        feature: u32,
        /// How many the model has.
        n_features: u32,
    },
    /// The profile is not one of this model's.
    #[error(
        "the profile has {found} numbers, the rows {expected}: make it with this model, or as wide as its rows"
    )]
    Profile {
        /// How wide the rows are.
        expected: usize,
        /// How wide the profile is.
        found: usize,
    },
    /// The numbers of a mapped file that the answer would rest on cannot be a model's.
    #[error("{what} in the mapped file cannot be: the file is damaged; `verify` says where")]
    Damaged {
        /// Which numbers.
        what: String,
    },
    /// The history is malformed.
    #[error("history: {0}")]
    History(String),
    /// The asker's small linear system could not be solved.
    #[error("the history cannot be folded in: {0}; look for values of very different size in it")]
    Unsolvable(String),
}

impl From<DataError> for QueryError {
    fn from(error: DataError) -> Self {
        Self::History(error.to_string())
    }
}

impl QueryError {
    /// Checks that a user is one of `n_users`.
    ///
    /// # Errors
    /// [`QueryError::UnknownUser`] otherwise.
    pub fn check_user(user: UserIx, n_users: u32) -> Result<(), Self> {
        if user.get() < n_users { Ok(()) } else { Err(Self::UnknownUser { user, n_users }) }
    }

    /// Checks that all items are among `n_items`.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`] with the first that is not.
    pub fn check_items(items: &[ItemIx], n_items: u32) -> Result<(), Self> {
        match items.iter().find(|item| item.get() >= n_items) {
            None => Ok(()),
            Some(&item) => Err(Self::UnknownItem { item, n_items }),
        }
    }

    /// Checks a history from a caller: lengths, finite values, known items.
    ///
    /// # Errors
    /// [`QueryError::History`] or [`QueryError::UnknownItem`].
    pub fn check_history(history: &History<'_>, n_items: u32) -> Result<(), Self> {
        History::new(history.ids, history.values)?;
        let (found, expected) = (history.times.map_or(history.len(), <[i64]>::len), history.len());
        if found != expected {
            return Err(DataError::Length { column: "times", found, expected }.into());
        }
        Self::check_items(history.ids, n_items)
    }
}

/// What a model needs to remember about one asker; filled by
/// [`Score::profile`](super::Score::profile), reusable from query to query.
///
/// What the fields hold is the model's own affair: a caller only passes the profile back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Dense numbers, for example the asker's factors.
    pub dense: Vec<f32>,
    /// A constant added to every score.
    pub offset: f32,
    /// Sparse numbers, for example residuals of the items touched, sorted by item.
    pub sparse: Vec<(ItemIx, f32)>,
    /// The asker in samples of the posterior, where a model has them: what tells how far a score may be off.
    pub draws: Vec<f32>,
    /// On what the asker's side rests.
    pub basis: super::Basis,
    /// Working memory of the model, so that the next question allocates nothing.
    pub scratch: super::Scratch,
}

impl Profile {
    /// An empty profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the profile and keeps its memory.
    pub fn clear(&mut self) {
        self.dense.clear();
        self.offset = 0.0;
        self.sparse.clear();
        self.draws.clear();
        self.basis = super::Basis::default();
    }
}
