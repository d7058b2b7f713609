//! The model in files and through `serde`: what is read is checked before it is a model.

use super::BayesianMf;
use super::model::{Noise, Parts, Prior, Rated, Time};
use super::ratings::Ratings;
use super::time::Calendar;
use crate::data::{Attributes, ItemIx, UserIx};
use crate::model::{ParamError, RatingScale, Score};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};
use crate::rating::start::Scaling;
use std::cell::Cell;
use std::sync::Arc;

/// Bits of the flags in `shape`.
const USER_SETS: u32 = 1;
const TIME: u32 = 2;
const USER_ATTRIBUTES: u32 = 4;
const ITEM_ATTRIBUTES: u32 = 8;
const NEWCOMERS: u32 = 16;
const RATED: u32 = 32;

impl Persist for BayesianMf {
    const KIND: &'static str = "bayesian-mf";
    const VERSION: u32 = 3;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        let parts = &self.parts;
        let flag = |is: bool, flag: u32| if is { flag } else { 0 };
        let flags = flag(parts.user_sets, USER_SETS)
            | flag(parts.time.is_some(), TIME)
            | flag(parts.user_attributes.is_some(), USER_ATTRIBUTES)
            | flag(parts.item_attributes.is_some(), ITEM_ATTRIBUTES)
            | flag(parts.newcomers.is_some(), NEWCOMERS)
            | flag(parts.rated.is_some(), RATED);
        let shape = [self.n_users(), self.n_items(), parts.factors as u32, parts.samples as u32, flags];
        out.put_owned("shape", shape);
        let Scaling { center, spread, range } = parts.ratings.scaling;
        out.put_owned("scaling", [center, spread, range.min, range.max]);
        out.put("levels", &parts.ratings.levels);
        out.put("cuts", &parts.ratings.cuts);
        out.put("users", &parts.users);
        out.put("items", &parts.items);
        let priors = [("user", &parts.user_prior), ("item", &parts.item_prior)];
        for (name, prior) in priors.into_iter().chain(parts.newcomers.as_ref().map(|prior| ("new", prior))) {
            out.put(format!("{name}.mean"), &prior.mean);
            out.put(format!("{name}.root"), &prior.root);
            out.put(format!("{name}.inverse"), &prior.inverse);
            out.put(format!("{name}.weights"), &prior.weights);
        }
        if let Some(rated) = &parts.rated {
            out.put("rated.told", &rated.told);
            out.put("rated.root", &rated.root);
            out.put("rated.inverse", &rated.inverse);
            out.put_owned("rated.new", rated.new.iter().copied().collect::<Vec<ItemIx>>());
        }
        out.put_owned("noise", [parts.noise.all]);
        out.put("noise.users", &parts.noise.users);
        out.put("noise.items", &parts.noise.items);
        if let Some(time) = &parts.time {
            out.put_owned("time", [time.calendar.start, time.calendar.end]);
            out.put("time.days", &time.days);
            out.put("time.keys", &time.user_keys);
            out.put("time.users", &time.user_days);
        }
        if let Some(attributes) = &parts.user_attributes {
            out.put_attributes("user.told", attributes);
        }
        if let Some(attributes) = &parts.item_attributes {
            out.put_attributes("item.told", attributes);
        }
        out.put_seen(&parts.seen);
        out.put_owned("few", [parts.few]);
        out.put_owned("begun", parts.begun.iter().copied().collect::<Vec<UserIx>>());
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items, factors, samples, flags] = from.array("shape")?;
        check_shape(factors as usize, samples as usize).map_err(|unsound| unsound.in_file(from))?;
        let newer = [0, NEWCOMERS, NEWCOMERS | RATED][from.version().clamp(1, 3) as usize - 1];
        let all = USER_SETS | TIME | USER_ATTRIBUTES | ITEM_ATTRIBUTES | newer;
        if flags & !all != 0 {
            return Err(from.invalid("shape", 4, flags, format!("at most {all}")));
        }
        let has = |flag: u32| flags & flag != 0;
        let time = if has(TIME) { Some(read_time(from)?) } else { None };
        let periods = time.as_ref().map_or(0, |time| time.calendar.n_periods());
        let user_attributes =
            if has(USER_ATTRIBUTES) { Some(read_attributes(from, "user.told")?) } else { None };
        let item_attributes =
            if has(ITEM_ATTRIBUTES) { Some(read_attributes(from, "item.told")?) } else { None };
        let sets = if has(USER_SETS) { n_items as usize } else { 0 };
        let of_users = user_attributes.as_ref().map_or(0, |known| known.n_features() as usize);
        let of_items = item_attributes.as_ref().map_or(0, |known| known.n_features() as usize);
        let (dim, samples) = (factors as usize + 1, samples as usize);
        let prior = |name: &str, features: usize| {
            Ok::<_, LoadError>(Prior {
                mean: from.values(&format!("{name}.mean"), &[samples, dim])?,
                root: from.values(&format!("{name}.root"), &[samples, dim, dim])?,
                inverse: from.values(&format!("{name}.inverse"), &[samples, dim, dim])?,
                weights: from.values(&format!("{name}.weights"), &[features, samples, dim])?,
            })
        };
        let [center, spread, min, max] = from.array("scaling")?;
        let [all] = from.array("noise")?;
        let levels = from.count("levels")?;
        let lives = from.version() > 2;
        let [few] = if lives { from.array("few")? } else { [0] };
        let begun = if lives { from.indices("begun", &[from.count("begun")?], n_users)? } else { Vec::new() };
        let parts = Parts {
            factors: factors as usize,
            samples,
            ratings: Ratings {
                scaling: Scaling { center, spread, range: RatingScale { min, max } },
                levels: from.values("levels", &[levels])?,
                cuts: from.values("cuts", &[levels.saturating_sub(1)])?,
            },
            users: from.values("users", &[n_users as usize, samples, dim])?,
            items: from.values("items", &[n_items as usize, samples * dim + periods])?,
            user_prior: prior("user", of_users + sets)?,
            item_prior: prior("item", of_items)?,
            rated: if has(RATED) { Some(read_rated(from, [n_items as usize, samples, dim])?) } else { None },
            newcomers: if has(NEWCOMERS) { Some(prior("new", of_users)?) } else { None },
            user_sets: has(USER_SETS),
            noise: Noise {
                all,
                users: from.values("noise.users", &[n_users as usize])?,
                items: from.values("noise.items", &[n_items as usize])?,
            },
            time,
            user_attributes: user_attributes.map(Arc::new),
            item_attributes: item_attributes.map(Arc::new),
            seen: from.seen(n_users, n_items)?,
            few,
            begun: begun.into_iter().collect(),
        };
        parts.try_into().map_err(|unsound: Unsound| unsound.in_file(from))
    }
}

fn read_rated(from: &SectionReader<'_>, [n_items, samples, dim]: [usize; 3]) -> Result<Rated, LoadError> {
    let new = from.indices("rated.new", &[from.count("rated.new")?], n_items as u32)?;
    Ok(Rated {
        told: from.values("rated.told", &[n_items, samples, dim])?,
        root: from.values("rated.root", &[samples, dim, dim])?,
        inverse: from.values("rated.inverse", &[samples, dim, dim])?,
        new: new.into_iter().collect(),
    })
}

/// Attributes of the first users or items.
fn read_attributes<R>(from: &SectionReader<'_>, name: &str) -> Result<Attributes<R>, LoadError> {
    let n_rows = from.count(&format!("{name}.row.offsets"))?.saturating_sub(1);
    from.attributes(name, u32::try_from(n_rows).unwrap_or(u32::MAX))
}

fn read_time(from: &SectionReader<'_>) -> Result<Time, LoadError> {
    let [start, end] = from.array("time")?;
    let calendar = Calendar { start, end };
    let (days, keys) = (from.count("time.days")?, from.count("time.keys")?);
    Ok(Time {
        calendar,
        days: from.values("time.days", &[days])?,
        user_keys: from.values("time.keys", &[keys])?,
        user_days: from.values("time.users", &[keys])?,
    })
}

/// No number of a sound model is larger.
pub(super) const LARGEST: f32 = 1e12;

/// Whether a model can have so many factors and samples. With more, products of its sizes could overflow.
fn check_shape(factors: usize, samples: usize) -> Result<(), Unsound> {
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
