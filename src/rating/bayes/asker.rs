//! Somebody who was not there when the samples were drawn.

use super::BayesianMf;
use super::chain::{self, Drawn, Evidence, Who};
use super::features::set_share;
use super::prior::Prior;
use crate::data::{EncodedRow, History, UserIx};
use crate::model::QueryError;

/// The rows of an asker in all samples.
pub(super) struct Asker {
    /// The mean of each row given what was drawn with it.
    pub(super) means: Vec<f32>,
    pub(super) draws: Vec<f32>,
    /// How noisy the asker's ratings are taken to be: as those of all.
    pub(super) noise: f32,
}

impl Asker {
    pub(super) fn draw(
        model: &BayesianMf,
        history: History<'_>,
        user: Option<UserIx>,
        attributes: Option<&EncodedRow>,
    ) -> Result<Self, QueryError> {
        let (prior, with_set) = model.prior_of_asker(history.len(), user);
        let entries = match (attributes, user) {
            (Some(told), _) => {
                check(model, told)?;
                (&told.features[..], &told.values[..])
            }
            (None, Some(user)) => model.told_of_user(user),
            (None, None) => (&[][..], &[][..]),
        };
        let told = model.told((prior, with_set), entries, history);
        let evidence = Evidence {
            others: history.ids.iter().map(|item| model.parts.item(item.ix())).collect(),
            values: history.values,
            drift: periods(model, history),
            weights: history.ids.iter().map(|item| 1.0 / model.parts.noise.items[item.ix()]).collect(),
            noise: 1.0,
        };
        let drawn = chain::draw(model, (prior.spread(), told), evidence, Who::Asker, true);
        let Drawn { means, rows } = drawn.map_err(|error| QueryError::Unsolvable(error.to_string()))?;
        Ok(Self { means, draws: rows, noise: 1.0 })
    }
}

/// Whether these are features of the model.
fn check(model: &BayesianMf, told: &EncodedRow) -> Result<(), QueryError> {
    let n_features = model.parts.n_user_features() as u32;
    match told.features.iter().find(|&&feature| feature >= n_features) {
        Some(&feature) => Err(QueryError::UnknownFeature { feature, n_features }),
        None => Ok(()),
    }
}

/// What each item's period says.
fn periods(model: &BayesianMf, history: History<'_>) -> Vec<f32> {
    let parts = &model.parts;
    let period = |at: usize| {
        let (time, times) = (parts.time.as_ref()?, history.times?);
        Some(parts.width() + time.calendar.period(times[at])? as usize)
    };
    let of_event = |at: usize| period(at).map_or(0.0, |place| parts.item(history.ids[at].ix())[place]);
    (0..history.len()).map(of_event).collect()
}

impl BayesianMf {
    /// The features of a user, and their values: none of one nothing is known of.
    pub(super) fn told_of_user(&self, user: UserIx) -> (&[u32], &[f32]) {
        self.parts.user_attributes.as_ref().map_or((&[], &[]), |known| known.row(user))
    }

    /// The prior means of a user's row: those of all, moved by attributes and, where it counts, by the set of what was
    /// rated.
    pub(super) fn told(
        &self,
        (prior, with_set): (&Prior, bool),
        (features, values): (&[u32], &[f32]),
        history: History<'_>,
    ) -> Vec<f32> {
        let mut told = prior.mean.clone();
        prior
            .tell(&mut told, features.iter().zip(values).map(|(&feature, &value)| (feature as usize, value)));
        if with_set {
            let (share, first) = (set_share(history.len()), self.parts.n_user_features());
            prior.tell(&mut told, history.ids.iter().map(|item| (first + item.ix(), share)));
        }
        told
    }
}
