//! What is handed to the builder: records, and where they come from.

/// One record of a source, with raw ids.
///
/// Tuples of user, item and value, with or without a time, are records too.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Record<U = String, I = String> {
    /// Who.
    pub user: U,
    /// What.
    pub item: I,
    /// The rating, or the strength of the event; 1 for "it happened".
    pub value: f32,
    /// When, in any unit that is the same for all records (usually Unix seconds).
    pub time: Option<i64>,
}

impl<U, I> From<(U, I, f32)> for Record<U, I> {
    fn from((user, item, value): (U, I, f32)) -> Self {
        Self { user, item, value, time: None }
    }
}

impl<U, I> From<(U, I, f32, i64)> for Record<U, I> {
    fn from((user, item, value, time): (U, I, f32, i64)) -> Self {
        Self { user, item, value, time: Some(time) }
    }
}

/// Where records come from: a name for the report, a weight, and what they are for.
///
/// A `&str` is a source of weight 1.
///
/// ```
/// use foldin::data::Source;
/// let views = Source::new("views").weight(0.2);
/// let test = Source::new("u1.test").held_out();
/// # let _ = (views, test);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Source {
    pub(super) name: String,
    pub(super) weight: f32,
    pub(super) held_out: bool,
}

impl Source {
    /// A source of weight 1, to train on.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), weight: 1.0, held_out: false }
    }

    /// What every value of this source is multiplied by. Default 1; any finite number.
    #[must_use]
    pub fn weight(mut self, weight: f32) -> Self {
        self.weight = weight;
        self
    }

    /// Keeps the records apart from the training data, as [`Dataset::held_out`](super::Dataset),
    /// with the same numbering of users and items: for test files.
    #[must_use]
    pub fn held_out(mut self) -> Self {
        self.held_out = true;
        self
    }
}

impl From<&str> for Source {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}
