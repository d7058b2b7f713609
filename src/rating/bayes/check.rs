//! What is read, from files and through `serde`, is checked before it is a model.

use super::model::{Parts, Time};
use super::prior::{Prior, Rated};
use super::ratings::Ratings;
use super::time::Calendar;
use crate::data::{ItemIx, UserIx};
use crate::model::ParamError;
use crate::persist::Unsound;
use crate::rating::start::Scaling;
use std::cell::Cell;

/// No number of a sound model is larger.
pub(super) const LARGEST: f32 = 1e12;

/// Whether a model can have so many factors and samples. With more, products of its sizes could overflow.
pub(super) fn check_shape(factors: usize, samples: usize) -> Result<(), Unsound> {
    let check = |at: usize, name: &'static str, found: usize, most: usize, expected: &'static str| {
        let sound = (1..=most).contains(&found);
        ParamError::require(sound, name, found, expected).map_err(|error| Unsound::param("shape", at, error))
    };
    check(2, "factors", factors, 256, "from 1 to 256")?;
    check(3, "samples", samples, 4096, "from 1 to 4096")
}

/// Whether each number is above the one before.
fn check_ascending<T: Copy + PartialOrd + ToString>(
    part: &'static str,
    numbers: &[T],
) -> Result<(), Unsound> {
    let before = Cell::new(None);
    let is_above = |x: T| before.replace(Some(x)).is_none_or(|before| before < x);
    Unsound::unless_all(part, numbers, "above the one before", is_above)
}

impl Parts {
    /// Whether the parts fit together and no answer can leave the numbers of single precision. Parts are named like
    /// their sections.
    pub(super) fn check(&self) -> Result<(), Unsound> {
        check_shape(self.factors, self.samples)?;
        self.ratings.check()?;
        self.time.as_ref().map_or(Ok(()), Time::check)?;
        let n_items = self.noise.items.len();
        self.check_rows()?;
        let (of_users, of_items) = (self.n_user_features(), self.n_item_features());
        let sets = if self.user_sets { n_items } else { 0 };
        let user = ["user.mean", "user.root", "user.inverse", "user.weights"];
        self.user_prior.check(user, self.dim(), self.samples, of_users + sets)?;
        let item = ["item.mean", "item.root", "item.inverse", "item.weights"];
        self.item_prior.check(item, self.dim(), self.samples, of_items)?;
        if let Some(newcomers) = &self.newcomers {
            let new = ["new.mean", "new.root", "new.inverse", "new.weights"];
            newcomers.check(new, self.dim(), self.samples, of_users)?;
        }
        self.rated.as_ref().map_or(Ok(()), |rated| rated.check(self.dim(), self.samples, n_items))?;
        self.check_scores()
    }

    /// What there is for each user and each item.
    fn check_rows(&self) -> Result<(), Unsound> {
        let (n_users, n_items) = (self.noise.users.len(), self.noise.items.len());
        check_numbers("users", &self.users, n_users.saturating_mul(self.width()))?;
        check_numbers("items", &self.items, n_items.saturating_mul(self.item_width()))?;
        // So that products of three are still numbers above 0.
        let positive = |x: f32| (1.0 / LARGEST..=LARGEST).contains(&x);
        let noise = [self.noise.all];
        for (part, values) in
            [("noise", &noise[..]), ("noise.users", &self.noise.users), ("noise.items", &self.noise.items)]
        {
            Unsound::unless_all(part, values, "from 1e-12 to 1e12", positive)?;
        }
        for (part, known, n) in [
            ("user.told.row.offsets", self.user_attributes.as_ref().map(|known| known.n_rows()), n_users),
            ("item.told.row.offsets", self.item_attributes.as_ref().map(|known| known.n_rows()), n_items),
        ] {
            // Who came since the fit has none.
            let known = known.unwrap_or_default();
            Unsound::unless_all(part, &[known], "at most as many as there are", |rows| rows as usize <= n)?;
        }
        Unsound::unless_len("seen.offsets", self.seen.n_users() as usize, n_users)?;
        let known = |item: ItemIx| item.ix() < n_items;
        Unsound::unless_all("seen.items", self.seen.items(), "an item of the model", known)?;
        let begun: Vec<UserIx> = self.begun.iter().copied().collect();
        Unsound::unless_all("begun", &begun, "a user of the model", |user| user.ix() < n_users)
    }

    fn check_scores(&self) -> Result<(), Unsound> {
        let (reach, found) = (self.reach(), self.ratings.scaling.spread);
        Unsound::unless_all("users", &[found], "a spread with which scores are finite", |_| reach.is_sound())
    }
}

fn check_numbers(part: &'static str, values: &[f32], expected: usize) -> Result<(), Unsound> {
    Unsound::unless_len(part, values.len(), expected)?;
    Unsound::unless_all(part, values, "a number of at most 1e12", |x| x.abs() <= LARGEST)
}

impl Prior {
    /// `parts` are the names of mean, root, inverse and weights.
    fn check(
        &self,
        parts: [&'static str; 4],
        dim: usize,
        samples: usize,
        features: usize,
    ) -> Result<(), Unsound> {
        let width = samples * dim;
        check_numbers(parts[0], &self.mean, width)?;
        check_numbers(parts[1], &self.root, width * dim)?;
        check_numbers(parts[2], &self.inverse, width * dim)?;
        check_numbers(parts[3], &self.weights, features.saturating_mul(width))
    }
}

impl Rated {
    fn check(&self, dim: usize, samples: usize, n_items: usize) -> Result<(), Unsound> {
        let width = samples * dim;
        check_numbers("rated.told", &self.told, n_items.saturating_mul(width))?;
        check_numbers("rated.root", &self.root, width * dim)?;
        check_numbers("rated.inverse", &self.inverse, width * dim)?;
        let new: Vec<ItemIx> = self.new.iter().copied().collect();
        Unsound::unless_all("rated.new", &new, "an item of the model", |item| item.ix() < n_items)
    }
}

impl Time {
    fn check(&self) -> Result<(), Unsound> {
        let Calendar { start, end } = self.calendar;
        Unsound::unless_all("time", &[start], "not after the end", |start| start <= end)?;
        let last = self.calendar.day(end).unwrap_or_default() as usize;
        check_numbers("time.days", &self.days, last.saturating_add(1))?;
        check_ascending("time.keys", &self.user_keys)?;
        check_numbers("time.users", &self.user_days, self.user_keys.len())
    }
}

impl Ratings {
    fn check(&self) -> Result<(), Unsound> {
        let Scaling { center, spread, range } = self.scaling;
        let finite = [center, spread, range.min, range.max];
        Unsound::unless_all("scaling", &finite, "finite", f32::is_finite)?;
        // The smallest whose inverse is a number.
        Unsound::unless_all("scaling", &[spread], "above 0", |spread| spread >= f32::MIN_POSITIVE)?;
        Unsound::unless_all("scaling", &[range.min], "not above the largest", |min| min <= range.max)?;
        Unsound::unless_len("cuts", self.cuts.len(), self.levels.len().saturating_sub(1))?;
        Unsound::unless_all("levels", &[self.levels.len()], "none, or 2 to 256", |n| n != 1 && n <= 256)?;
        for (name, numbers) in [("levels", &self.levels), ("cuts", &self.cuts)] {
            Unsound::unless_all(name, numbers, "finite", f32::is_finite)?;
            check_ascending(name, numbers)?;
        }
        Ok(())
    }
}
