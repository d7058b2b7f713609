//! Parting people instead of events: how good is a model for somebody it was not trained on?

use super::SplitError;
use super::draw::Draw;
use super::split::{check_fraction, per_user, share};
use crate::data::Interactions;

/// Users held out whole: strong generalization (Marlin, Collaborative Filtering: A Machine Learning Perspective,
/// 2004), the protocol of Mult-VAE (Liang et al., Variational Autoencoders for Collaborative Filtering, 2018).
///
/// A model is fitted on `train`, in which the users held out have no event. For each of them a part of the events is
/// folded in, and the rest is what the lists are measured on. All three parts have the numbering of the whole.
///
/// ```
/// # use foldin::data::synthetic::Synthetic;
/// use foldin::evaluate::{RankingOptions, RecallCapped, UserSplit, ranking};
/// use foldin::implicit::PopularityParams;
/// use foldin::model::Fit;
/// # let data = Synthetic::tiny().generate()?.interactions;
/// let UserSplit { train, history, test } = UserSplit::random(&data, 0.2, 0.2, 42)?;
/// let model = PopularityParams::new().fit(&train)?;
/// let report = ranking(&model, &history, &test, &RankingOptions::new(20).fold_in())?;
/// println!("recall, hits / min(20, relevant): {:?}", report.mean(&RecallCapped(20)));
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserSplit {
    /// To fit on: nothing of the users held out.
    pub train: Interactions,
    /// What the users held out are known by: folded in, never trained on.
    pub history: Interactions,
    /// To measure on: the rest of what they touched.
    pub test: Interactions,
}

impl UserSplit {
    /// Holds out `users` (a fraction, between 0 and 1) of the users with events, `round(users * number)` of them exactly,
    /// and measures on `events` (a fraction, between 0 and 1) of what each of them touched, rounded, halves upwards. Every
    /// choice is equally likely.
    ///
    /// Liang et al. hold out a fixed number of users, measure on a fifth of the events of those who have five or more,
    /// rounded down, and leave out items that no training user touched. Here such items stay: a model that cannot
    /// list them pays for it.
    ///
    /// # Errors
    /// [`SplitError::Param`] for a fraction out of range, [`SplitError::EmptyPart`] when a part has no events.
    pub fn random(data: &Interactions, users: f64, events: f64, seed: u64) -> Result<Self, SplitError> {
        check_fraction(users)?;
        check_fraction(events)?;
        let mut draw = Draw::new(seed);
        let active = data.users().filter(|(_, history)| !history.is_empty()).count();
        let mut held_out = vec![false; active];
        draw.mark(share(users, active), &mut held_out);
        let mut held_out = held_out.into_iter();
        let theirs = per_user(data, |history, marks| {
            if !history.is_empty() {
                marks.fill(held_out.next() == Some(true));
            }
        });
        let (theirs, train) = data.partition(&theirs)?;
        let measured = per_user(&theirs, |_, marks| draw.mark(share(events, marks.len()), marks));
        let (test, history) = theirs.partition(&measured)?;
        for (part, events) in [("train", &train), ("history", &history), ("test", &test)] {
            if events.is_empty() {
                return Err(SplitError::EmptyPart { part });
            }
        }
        Ok(Self { train, history, test })
    }
}
