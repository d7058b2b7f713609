//! Why this score? The events that carry it, to the last part.

use super::{Query, QueryError, Score};
use crate::data::{History, ItemIx};

/// A model that says which past events carry a score, exactly.
///
/// With everything but the asker's own events held as the model learned it, a score is a constant plus a sum over those
/// events. The constant is the [`base`](Explanation::base), the terms are the [`reasons`](Explanation::reasons):
///
/// ```text
/// score = base + sum of contributions
/// ```
///
/// to the rounding of single precision; nothing is sampled or fitted anew, and no event has to be taken out to see what
/// changes. What a contribution is, each model says:
///
/// | model | base | contribution of an event |
/// |---|---|---|
/// | [`Ials`](crate::implicit::Ials) | 0, or what everybody gets where nothing speaks for anything | weight x target x likeness of the two items, as the asker's system sees it |
/// | [`BiasedMf`](crate::rating::BiasedMf) | mean, bias of the item, and the row expected of anybody | the same with what the rating is above or below the bias of its item |
/// | [`ItemKnn`](crate::rating::ItemKnn) | the baseline | the share of the weights times what the rating is above or below its baseline |
///
/// Paper: Hu, Koren & Volinsky 2008, "Collaborative filtering for implicit feedback datasets", section 5.
///
/// ```
/// use foldin::data::{Event, History, Interactions, ItemIx, UserIx};
/// use foldin::implicit::IalsParams;
/// use foldin::model::{Explain, Fit, Query};
/// let events: Vec<_> = (0..32)
///     .filter(|n| (n / 8 + n) % 2 == 0)
///     .map(|n| Event { user: UserIx::new(n / 8), item: ItemIx::new(n % 8), value: 1.0, time: None })
///     .collect();
/// let data = Interactions::from_events(4, 8, &events)?;
/// let model = IalsParams::new().factors(2).fit(&data)?;
///
/// // Who watched 1 and 2, which are of two kinds, should watch 3, which is of the kind of 1.
/// let watched = [1, 2].map(ItemIx::new);
/// let query = Query::history(History::new(&watched, &[1.0, 1.0])?);
/// let why = model.explain(&query, ItemIx::new(3))?;
/// assert_eq!(why.because(1)[0].item, ItemIx::new(1));
/// let sum: f32 = why.reasons.iter().map(|reason| reason.contribution).sum();
/// assert!((why.base + sum - why.score).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Explain: Score {
    /// Explains the scores of some items for one question, in their order. What all of them share (who asks) is worked
    /// out once.
    ///
    /// A known user is asked with their events, `Query::user(user).with_history(events)`, by models that do not keep
    /// the values of events.
    ///
    /// # Errors
    /// [`QueryError`] as of [`profile`](Score::profile), [`QueryError::UnknownItem`] for an item to explain, and
    /// [`QueryError::NoHistory`] for a known user without the events that the model does not keep.
    fn explain_many(&self, query: &Query<'_>, items: &[ItemIx]) -> Result<Vec<Explanation>, QueryError>;

    /// Explains one score. For a whole list use [`explain_many`](Self::explain_many).
    ///
    /// # Errors
    /// As [`explain_many`](Self::explain_many).
    fn explain(&self, query: &Query<'_>, item: ItemIx) -> Result<Explanation, QueryError> {
        self.explain_many(query, &[item]).map(|mut all| all.swap_remove(0))
    }
}

/// Where one score comes from.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Explanation {
    /// The item whose score it is.
    pub item: ItemIx,
    /// The score, as the model gives it: not clipped to a scale.
    pub score: f32,
    /// What the score would be if no event said anything.
    pub base: f32,
    /// What each event adds, the most first, equals in the order of the history: one for every event that has a part in
    /// the score. An item that stands twice in the history has two.
    pub reasons: Vec<Reason>,
}

/// What one past event adds to a score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reason {
    /// The item of the event.
    pub item: ItemIx,
    /// The value of the event.
    pub value: f32,
    /// What it adds, in units of the score; below 0 where it takes away.
    pub contribution: f32,
}

impl Explanation {
    /// An explanation, its reasons in any order.
    pub fn new(item: ItemIx, score: f32, base: f32, mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        Self { item, score, base, reasons }
    }

    /// The events that raised the score most, at most `n` of them: "because you watched ...".
    pub fn because(&self, n: usize) -> &[Reason] {
        let raised = self.reasons.partition_point(|reason| reason.contribution > 0.0);
        &self.reasons[..raised.min(n)]
    }
}

/// The events that the answer to a question rests on, for models that keep none.
pub(crate) fn told<'q>(model: &(impl Score + ?Sized), query: &Query<'q>) -> Result<History<'q>, QueryError> {
    match (query.history, query.user) {
        (Some(history), _) => Ok(history),
        (None, Some(user)) if !model.seen(user).is_empty() => Err(QueryError::NoHistory { user }),
        _ => Ok(History::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(item: u32, contribution: f32) -> Reason {
        Reason { item: ItemIx::new(item), value: 1.0, contribution }
    }

    #[test]
    fn reasons_are_ordered_and_only_those_that_raised_are_named() {
        let given = vec![reason(4, 0.0), reason(1, -0.5), reason(2, 0.25), reason(3, 1.0), reason(0, 0.25)];
        let why = Explanation::new(ItemIx::new(9), 1.0, 0.0, given);
        let order: Vec<u32> = why.reasons.iter().map(|reason| reason.item.get()).collect();
        assert_eq!(order, [3, 2, 0, 4, 1]);
        assert_eq!(why.because(2), &why.reasons[..2]);
        assert_eq!(why.because(usize::MAX), &why.reasons[..3]);
        assert_eq!(Explanation::new(ItemIx::new(9), 1.0, 1.0, Vec::new()).because(1), []);
    }
}
