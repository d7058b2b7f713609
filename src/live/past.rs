//! What users did, beside what the model has seen of it: for explanations.

use crate::data::{Histories, History, ItemIx, Places, UserIx, follow};

/// The values and times of each user's events, in the order in which the model has [seen](crate::model::Score::seen) their
/// items. 4 bytes per event and 12 with times, up to twice that after many changes, and 16 per user.
#[derive(Clone, Debug)]
pub(super) struct Pasts {
    places: Places,
    values: Vec<f32>,
    times: Option<Vec<i64>>,
}

/// The events of some users as they are after a batch.
#[derive(Clone, Debug)]
pub(super) struct PastPatch {
    n_users: usize,
    rows: Vec<(UserIx, Vec<f32>, Option<Vec<i64>>)>,
}

impl Pasts {
    pub(super) fn of(histories: &Histories) -> Self {
        let rows = histories.by_user();
        Self { places: Places::of(&rows.offsets), values: rows.values, times: rows.times }
    }

    pub(super) fn install(&mut self, patch: &PastPatch) {
        for user in patch.n_users..self.places.n_rows() {
            self.set(user, &[], Some(&[]));
        }
        self.places.resize(patch.n_users);
        for (user, values, times) in &patch.rows {
            self.set(user.ix(), values, times.as_deref());
        }
        if self.places.are_loose() {
            let were = self.places.pack();
            follow(&mut self.values, &were);
            self.times.iter_mut().for_each(|times| follow(times, &were));
        }
    }

    fn set(&mut self, user: usize, values: &[f32], times: Option<&[i64]>) {
        let put = self.places.put(user, values.len());
        put.write(&mut self.values, values);
        if let Some(all) = &mut self.times {
            put.write(all, times.unwrap_or_default());
        }
    }

    /// The events of a user who has seen these items; none if they are not theirs.
    pub(super) fn user<'a>(&'a self, user: UserIx, seen: &'a [ItemIx]) -> Option<History<'a>> {
        let range = self.places.range(user.ix());
        let (values, times) = (&self.values[range.clone()], self.times.as_deref().map(|times| &times[range]));
        (values.len() == seen.len()).then_some(History { ids: seen, values, times })
    }
}

impl PastPatch {
    pub(super) fn of(histories: &Histories, users: &[UserIx]) -> Self {
        let n_users = histories.n_users() as usize;
        let there = &users[..users.partition_point(|user| user.ix() < n_users)];
        let row = |&user: &UserIx| {
            let History { values, times, .. } = histories.user(user).unwrap_or_default();
            (user, values.to_vec(), times.map(<[i64]>::to_vec))
        };
        Self { n_users, rows: there.iter().map(row).collect() }
    }
}
