//! Cases with candidates given: who is asked, what is relevant, and what it is ranked among.

use std::collections::HashSet;

use super::draw::Draw;
use super::split::check_shape;
use super::{EvaluateError, SplitError};
use crate::data::{Interactions, ItemIx, UserIx};
use crate::model::ParamError;

/// Cases for [`ranking_among`](fn@super::ranking_among): in each, some relevant items of a user are ranked among
/// some others, instead of among the whole catalogue.
///
/// Made from a published protocol's files ([`Ncf`](super::Ncf)), [`sampled`](Self::sampled), or case by case. Figures
/// on candidates are not comparable with figures on the whole catalogue, and may even order models differently
/// (Krichene and Rendle, On Sampled Metrics for Item Recommendation, 2020): use them to compare with what was
/// published so.
///
/// ```
/// use foldin::data::{ItemIx, UserIx};
/// use foldin::evaluate::Candidates;
/// let [film, rival, other] = [3, 1, 4].map(ItemIx::new);
/// let mut candidates = Candidates::new();
/// candidates.add(UserIx::new(0), &[film], &[rival, other]);
/// assert_eq!(candidates.case(0).map(|case| case.items.to_vec()), Some(vec![rival, other, film]));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    users: Vec<UserIx>,
    /// The candidates of all cases, and where each case's end.
    items: Vec<ItemIx>,
    ends: Vec<usize>,
    /// The relevant items of all cases, and where each case's end.
    relevant: Vec<ItemIx>,
    relevant_ends: Vec<usize>,
}

/// One case of [`Candidates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandidateCase<'a> {
    /// Who is asked.
    pub user: UserIx,
    /// What is ranked, each item once. Of equal scores the one that stands first here comes first.
    pub items: &'a [ItemIx],
    /// The relevant ones among them, sorted.
    pub relevant: &'a [ItemIx],
}

impl Candidates {
    /// No cases.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a case: `relevant` items are ranked among themselves and the `others`.
    ///
    /// The candidates are the others in the order given, then the relevant items: a tie counts against the model, and
    /// one that scores everything alike is no good. What stands twice counts once, at its first place; so a relevant
    /// item that also stands among the others keeps that place. A case without relevant items is skipped and counted
    /// when it is measured.
    pub fn add(&mut self, user: UserIx, relevant: &[ItemIx], others: &[ItemIx]) {
        let mut known = HashSet::with_capacity(others.len() + relevant.len());
        self.items.extend(others.iter().chain(relevant).filter(|&&item| known.insert(item)));
        self.ends.push(self.items.len());
        let mut sorted = relevant.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        self.relevant.extend(sorted);
        self.relevant_ends.push(self.relevant.len());
        self.users.push(user);
    }

    /// One case for each event of `test`: the item of the event, ranked among `n` others that the user touched
    /// neither in `train` nor in `test`, each choice equally likely; among all of those where they are fewer. The
    /// same data and seed give the same cases in every version.
    ///
    /// # Errors
    /// [`SplitError::Shape`] unless both parts number the same users and items, [`SplitError::Param`] for `n` of 0.
    pub fn sampled(
        train: &Interactions,
        test: &Interactions,
        n: usize,
        seed: u64,
    ) -> Result<Self, SplitError> {
        check_shape(train, test)?;
        ParamError::require(n > 0, "n", n, "at least 1")?;
        let (mut draw, mut candidates) = (Draw::new(seed), Self::new());
        let mut touched: Vec<ItemIx> = Vec::new();
        for (user, history) in test.users() {
            touched.clear();
            touched.extend_from_slice(history.ids);
            touched.extend_from_slice(train.user(user).unwrap_or_default().ids);
            touched.sort_unstable();
            touched.dedup();
            for &item in history.ids {
                candidates.add(user, &[item], &strangers(&mut draw, test.n_items(), &touched, n));
            }
        }
        Ok(candidates)
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// A case, in the order in which they were added.
    pub fn case(&self, at: usize) -> Option<CandidateCase<'_>> {
        let user = *self.users.get(at)?;
        let items = row(&self.items, &self.ends, at);
        Some(CandidateCase { user, items, relevant: row(&self.relevant, &self.relevant_ends, at) })
    }

    /// Every case, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = CandidateCase<'_>> {
        (0..self.len()).filter_map(|at| self.case(at))
    }

    /// Fails at a candidate beyond a catalogue of `n_items`.
    pub(super) fn check(&self, n_items: u32) -> Result<(), EvaluateError> {
        let Some(item) = self.items.iter().find(|item| item.get() >= n_items) else { return Ok(()) };
        Err(EvaluateError::Items { model_items: n_items, data_items: item.get().saturating_add(1) })
    }
}

fn row<'a>(values: &'a [ItemIx], ends: &[usize], at: usize) -> &'a [ItemIx] {
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    &values[start..ends[at]]
}

/// `n` items that are not `touched` (sorted); all of them where they are fewer.
fn strangers(draw: &mut Draw, n_items: u32, touched: &[ItemIx], n: usize) -> Vec<ItemIx> {
    let is_stranger = |item: &ItemIx| touched.binary_search(item).is_err();
    let available = n_items as usize - touched.len();
    if available <= n.saturating_mul(2) {
        let all = (0..n_items).map(ItemIx::new).filter(is_stranger);
        let mut chosen = vec![false; available];
        draw.mark(n.min(available), &mut chosen);
        return all.zip(chosen).filter_map(|(item, chosen)| chosen.then_some(item)).collect();
    }
    // At least half of what is drawn is new, but for what the user touched.
    let (mut drawn, mut chosen) = (HashSet::with_capacity(n), Vec::with_capacity(n));
    while chosen.len() < n {
        let item = ItemIx::new(draw.below(n_items as usize) as u32);
        if is_stranger(&item) && drawn.insert(item) {
            chosen.push(item);
        }
    }
    chosen
}
