//! Parting events into what a model learns from and what it is measured on.

use super::SplitError;
use super::draw::Draw;
use crate::data::{History, Interactions};
use crate::model::ParamError;

/// What a model learns from, and what it is measured on. Both parts have the numbering of the whole, so
/// a user or an item may have no event in one of them; neither part is empty.
///
/// | split | test part | what it tells |
/// |---|---|---|
/// | [`random`](Self::random) | a fraction of all events | how well gaps are filled; rating papers use it |
/// | [`folds`](Self::folds) | each event once, in `k` rounds | the same, with every event used |
/// | [`random_per_user`](Self::random_per_user) | a fraction of each user's events | the same, each user alike |
/// | [`leave_last`](Self::leave_last) | the last events of each user | the next step; other users' futures leak in |
/// | [`latest`](Self::latest), [`since`](Self::since) | all events from a moment on | what production looks like |
/// | [`fixed`](Self::fixed) | given | a published split |
///
/// To hold out users instead of events there is [`UserSplit`](super::UserSplit).
///
/// Draws come from Xoshiro256++ with the seed given, through mappings that are part of this crate: the
/// same data and seed give the same parts in every version. All splits take time and memory linear in
/// the events.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// To fit on.
    pub train: Interactions,
    /// To measure on.
    pub test: Interactions,
}

impl Split {
    /// Holds out `fraction` (between 0 and 1) of the events: `round(fraction * events)` of them
    /// exactly, every choice equally likely.
    ///
    /// # Errors
    /// [`SplitError::Param`] for a fraction out of range, [`SplitError::EmptyPart`] when rounding
    /// leaves a part empty.
    pub fn random(data: &Interactions, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        check_fraction(fraction)?;
        let mut held_out = vec![false; data.len()];
        Draw::new(seed).mark(share(fraction, data.len()), &mut held_out);
        Self::part(data, &held_out)
    }

    /// Holds out `fraction` (between 0 and 1) of each user's events: `round(fraction * events)` of
    /// them, halves upwards; all users alike, in the order of their indices.
    ///
    /// # Errors
    /// As [`random`](Self::random).
    pub fn random_per_user(data: &Interactions, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        check_fraction(fraction)?;
        let mut draw = Draw::new(seed);
        Self::part(data, &per_user(data, |_, marks| draw.mark(share(fraction, marks.len()), marks)))
    }

    /// Parts the events into `k` folds at random, whose sizes differ by one at most; each is the test
    /// part of one split. The splits are made one at a time, so one copy of the data is in memory.
    ///
    /// ```
    /// # use foldin::data::{Columns, Interactions, ItemIx, UserIx};
    /// # use foldin::evaluate::Split;
    /// # let users: Vec<_> = (0..40).map(|n| UserIx::new(n / 10)).collect();
    /// # let items: Vec<_> = (0..40).map(|n| ItemIx::new(n % 10)).collect();
    /// # let columns = Columns { users: &users, items: &items, values: &[3.0; 40], times: None };
    /// # let data = Interactions::from_columns(4, 10, columns)?;
    /// for Split { train, test } in Split::folds(&data, 5, 42)? {
    ///     assert_eq!((train.len(), test.len()), (32, 8));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SplitError::Param`] unless `k` is from 2 to the number of events.
    pub fn folds(data: &Interactions, k: usize, seed: u64) -> Result<Folds<'_>, SplitError> {
        let fits = (2..=data.len()).contains(&k) && u32::try_from(k).is_ok();
        ParamError::require(fits, "folds", k, "from 2 to the number of events")?;
        let mut fold_of: Vec<u32> = (0..data.len()).map(|event| (event % k) as u32).collect();
        Draw::new(seed).shuffle(&mut fold_of);
        Ok(Folds { data, fold_of, rest: 0..k as u32 })
    }

    /// Holds out the last `n` events of each user, but leaves each user at least one: of fewer than
    /// `n + 1` events all but the first are held out. Events of one user at the same moment are taken
    /// in the order of the item index: the larger one is the later one.
    ///
    /// # Errors
    /// [`SplitError::NoTimes`] without times, [`SplitError::Param`] for `n` of 0,
    /// [`SplitError::EmptyPart`] when no user has two events.
    pub fn leave_last(data: &Interactions, n: usize) -> Result<Self, SplitError> {
        ParamError::require(n > 0, "n", n, "at least 1")?;
        let mut order: Vec<(i64, usize)> = Vec::new();
        check_times(data)?;
        let held_out = per_user(data, |history, marks| {
            order.clear();
            order.extend(history.times.unwrap_or_default().iter().copied().zip(0..));
            // A history is sorted by item, so its positions break ties by item.
            order.sort_unstable();
            let n = n.min(order.len().saturating_sub(1));
            order.iter().rev().take(n).for_each(|&(_, at)| marks[at] = true);
        });
        Self::part(data, &held_out)
    }

    /// Holds out the latest events of all: about `fraction` (between 0 and 1) of them. The moment of
    /// the first of the `round(fraction * events)` latest events is where the data is cut, as by
    /// [`since`](Self::since): events of that very moment are never parted, so the test part may be
    /// larger where many share it.
    ///
    /// # Errors
    /// [`SplitError::NoTimes`] without times, [`SplitError::Param`] for a fraction out of range,
    /// [`SplitError::EmptyPart`] when a part has no events.
    pub fn latest(data: &Interactions, fraction: f64) -> Result<Self, SplitError> {
        check_fraction(fraction)?;
        let mut times = times(data)?;
        let n = share(fraction, times.len());
        if n == 0 {
            return Err(SplitError::EmptyPart { part: "test" });
        }
        let first = times.len() - n;
        let (_, &mut moment, _) = times.select_nth_unstable(first);
        Self::since(data, moment)
    }

    /// Holds out every event at `moment` or later, in the unit of the data's times.
    ///
    /// # Errors
    /// [`SplitError::NoTimes`] without times, [`SplitError::EmptyPart`] when a part has no events.
    pub fn since(data: &Interactions, moment: i64) -> Result<Self, SplitError> {
        let held_out: Vec<bool> = times(data)?.into_iter().map(|time| time >= moment).collect();
        Self::part(data, &held_out)
    }

    /// Takes two parts as they are, for published splits. Both must be numbered by one set of ids.
    ///
    /// # Errors
    /// [`SplitError::Shape`] when the numbers of users or items differ, [`SplitError::EmptyPart`] when
    /// a part has no events.
    pub fn fixed(train: Interactions, test: Interactions) -> Result<Self, SplitError> {
        check_shape(&train, &test)?;
        Self { train, test }.checked()
    }

    fn part(data: &Interactions, held_out: &[bool]) -> Result<Self, SplitError> {
        let (test, train) = data.partition(held_out)?;
        Self { train, test }.checked()
    }

    fn checked(self) -> Result<Self, SplitError> {
        let empty = |part: &'static str| Err(SplitError::EmptyPart { part });
        match (self.train.is_empty(), self.test.is_empty()) {
            (true, _) => empty("train"),
            (_, true) => empty("test"),
            _ => Ok(self),
        }
    }
}

/// The `k` splits of [`Split::folds`], one after the other.
#[derive(Clone, Debug)]
pub struct Folds<'a> {
    data: &'a Interactions,
    fold_of: Vec<u32>,
    rest: std::ops::Range<u32>,
}

impl Iterator for Folds<'_> {
    type Item = Split;

    fn next(&mut self) -> Option<Split> {
        let fold = self.rest.next()?;
        let held_out: Vec<bool> = self.fold_of.iter().map(|&of| of == fold).collect();
        // There is a mark per event, and at least one event per fold.
        Some(Split::part(self.data, &held_out).expect("folds part the events"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Folds<'_> {}

/// Fails unless the two parts number the same users and items.
pub(super) fn check_shape(train: &Interactions, test: &Interactions) -> Result<(), SplitError> {
    let (train_users, train_items) = (train.n_users(), train.n_items());
    let (test_users, test_items) = (test.n_users(), test.n_items());
    if (train_users, train_items) == (test_users, test_items) {
        return Ok(());
    }
    Err(SplitError::Shape { train_users, train_items, test_users, test_items })
}

pub(super) fn check_fraction(fraction: f64) -> Result<(), ParamError> {
    ParamError::require(fraction > 0.0 && fraction < 1.0, "fraction", fraction, "above 0 and below 1")
}

fn check_times(data: &Interactions) -> Result<(), SplitError> {
    if data.has_times() { Ok(()) } else { Err(SplitError::NoTimes) }
}

fn times(data: &Interactions) -> Result<Vec<i64>, SplitError> {
    check_times(data)?;
    Ok(data.users().flat_map(|(_, history)| history.times.unwrap_or_default()).copied().collect())
}

/// `fraction` of `n`, rounded, halves upwards.
pub(super) fn share(fraction: f64, n: usize) -> usize {
    ((fraction * n as f64).round() as usize).min(n)
}

/// One mark per event; `mark` sets those of one user.
pub(super) fn per_user(data: &Interactions, mut mark: impl FnMut(&History<'_>, &mut [bool])) -> Vec<bool> {
    let mut marks = vec![false; data.len()];
    let mut rest = &mut marks[..];
    for (_, history) in data.users() {
        let (row, others) = rest.split_at_mut(history.len());
        mark(&history, row);
        rest = others;
    }
    marks
}
