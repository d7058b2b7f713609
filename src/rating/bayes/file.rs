//! The model in files and through `serde`: what is read is checked before it is a model.

use super::BayesianMf;
use super::model::{Noise, Parts, Prior, Time};
use super::ratings::Ratings;
use super::time::Calendar;
use crate::model::{RatingScale, Score};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};
use crate::rating::start::Scaling;
use std::sync::Arc;

/// Bits of the flags in `shape`.
const USER_SETS: u32 = 1;
const TIME: u32 = 2;
const USER_ATTRIBUTES: u32 = 4;
const ITEM_ATTRIBUTES: u32 = 8;

impl Persist for BayesianMf {
    const KIND: &'static str = "bayesian-mf";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        let parts = &self.parts;
        let flag = |is: bool, flag: u32| if is { flag } else { 0 };
        let flags = flag(parts.user_sets, USER_SETS)
            | flag(parts.time.is_some(), TIME)
            | flag(parts.user_attributes.is_some(), USER_ATTRIBUTES)
            | flag(parts.item_attributes.is_some(), ITEM_ATTRIBUTES);
        let shape = [self.n_users(), self.n_items(), parts.factors as u32, parts.samples as u32, flags];
        out.put_owned("shape", shape);
        let Scaling { center, spread, range } = parts.ratings.scaling;
        out.put_owned("scaling", [center, spread, range.min, range.max]);
        out.put("levels", &parts.ratings.levels);
        out.put("cuts", &parts.ratings.cuts);
        out.put("users", &parts.users);
        out.put("items", &parts.items);
        for (name, prior) in [("user", &parts.user_prior), ("item", &parts.item_prior)] {
            out.put(format!("{name}.mean"), &prior.mean);
            out.put(format!("{name}.root"), &prior.root);
            out.put(format!("{name}.inverse"), &prior.inverse);
            out.put(format!("{name}.weights"), &prior.weights);
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
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items, factors, samples, flags] = from.array("shape")?;
        let sound = (1..=256).contains(&factors) && (1..=4096).contains(&samples);
        Unsound::unless_all("shape", &[factors], "1 to 256 factors and 1 to 4096 samples", |_| sound)
            .map_err(|unsound| unsound.in_file(from))?;
        let has = |flag: u32| flags & flag != 0;
        let time = if has(TIME) { Some(read_time(from)?) } else { None };
        let periods = time.as_ref().map_or(0, |time| time.calendar.n_periods());
        let user_attributes =
            if has(USER_ATTRIBUTES) { Some(from.attributes("user.told", n_users)?) } else { None };
        let item_attributes =
            if has(ITEM_ATTRIBUTES) { Some(from.attributes("item.told", n_items)?) } else { None };
        let sets = if has(USER_SETS) { n_items as usize } else { 0 };
        let of_users = user_attributes.as_ref().map_or(0, |known| known.n_features() as usize) + sets;
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
            user_prior: prior("user", of_users)?,
            item_prior: prior("item", of_items)?,
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
        };
        parts.try_into().map_err(|unsound: Unsound| unsound.in_file(from))
    }
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

/// No number of a sound model is larger: sums of products of such numbers stay in single precision.
const LARGEST: f32 = 1e12;

impl Parts {
    /// Whether the parts fit together and no answer can leave the numbers of single precision. Parts are named like
    /// their sections.
    pub(super) fn check(&self) -> Result<(), Unsound> {
        let (dim, width) = (self.dim(), self.width());
        let (n_users, n_items) = (self.noise.users.len(), self.noise.items.len());
        self.ratings.check()?;
        let rows = |n: usize, of: usize| n.saturating_mul(of);
        let features = |known: usize, sets: bool| known + if sets { n_items } else { 0 };
        let of_users = self.user_attributes.as_ref().map_or(0, |known| known.n_features() as usize);
        let of_items = self.item_attributes.as_ref().map_or(0, |known| known.n_features() as usize);
        let squares = self.samples.saturating_mul(dim * dim);
        let (users, items) = (&self.user_prior, &self.item_prior);
        let parts: [(&'static str, &[f32], usize); 12] = [
            ("users", &self.users, rows(n_users, width)),
            ("items", &self.items, rows(n_items, self.item_width())),
            ("user.mean", &users.mean, width),
            ("user.root", &users.root, squares),
            ("user.inverse", &users.inverse, squares),
            ("user.weights", &users.weights, rows(features(of_users, self.user_sets), width)),
            ("item.mean", &items.mean, width),
            ("item.root", &items.root, squares),
            ("item.inverse", &items.inverse, squares),
            ("item.weights", &items.weights, rows(of_items, width)),
            (
                "time.days",
                self.time.as_ref().map_or(&[], |time| &time.days),
                self.time.as_ref().map_or(0, |time| time.days.len()),
            ),
            (
                "time.users",
                self.time.as_ref().map_or(&[], |time| &time.user_days),
                self.time.as_ref().map_or(0, |time| time.user_keys.len()),
            ),
        ];
        for (name, values, expected) in parts {
            Unsound::unless_len(name, values.len(), expected)?;
            Unsound::unless_all(name, values, "a finite number of a usual size", |x| x.abs() <= LARGEST)?;
        }
        Unsound::unless_len("seen.offsets", self.seen.n_users() as usize, n_users)?;
        let known = |item: crate::data::ItemIx| item.ix() < n_items;
        Unsound::unless_all("seen.items", self.seen.items(), "an item of the model", known)?;
        let positive = |x: f32| x > 0.0 && x <= LARGEST;
        for (name, values) in [
            ("noise", &[self.noise.all][..]),
            ("noise.users", &self.noise.users),
            ("noise.items", &self.noise.items),
        ] {
            Unsound::unless_all(name, values, "above 0", positive)?;
        }
        if let Some(time) = &self.time {
            Unsound::unless_all("time", &[time.calendar.start], "not after the end", |start| {
                start <= time.calendar.end
            })?;
            let keys: Vec<usize> = (1..time.user_keys.len()).collect();
            let ascending = |at: usize| time.user_keys[at - 1] < time.user_keys[at];
            Unsound::unless_all("time.keys", &keys, "above the one before", ascending)?;
        }
        for (name, known, n) in [
            ("user.told", self.user_attributes.as_ref().map(|known| known.n_rows()), n_users),
            ("item.told", self.item_attributes.as_ref().map(|known| known.n_rows()), n_items),
        ] {
            Unsound::unless_len(name, known.map_or(n, |rows| rows as usize), n)?;
        }
        Ok(())
    }
}

impl Ratings {
    fn check(&self) -> Result<(), Unsound> {
        let Scaling { center, spread, range } = self.scaling;
        let finite = [center, spread, range.min, range.max];
        Unsound::unless_all("scaling", &finite, "finite", f32::is_finite)?;
        Unsound::unless_all("scaling", &[spread], "above 0", |spread| spread > 0.0)?;
        Unsound::unless_all("scaling", &[range.min], "not above the largest", |min| min <= range.max)?;
        Unsound::unless_len("cuts", self.cuts.len(), self.levels.len().saturating_sub(1))?;
        Unsound::unless_all("levels", &[self.levels.len()], "none, or 2 to 256", |n| n != 1 && n <= 256)?;
        for (name, numbers) in [("levels", &self.levels), ("cuts", &self.cuts)] {
            Unsound::unless_all(name, numbers, "finite", f32::is_finite)?;
            let all: Vec<usize> = (1..numbers.len()).collect();
            Unsound::unless_all(name, &all, "ascending", |at| numbers[at - 1] < numbers[at])?;
        }
        Ok(())
    }
}
