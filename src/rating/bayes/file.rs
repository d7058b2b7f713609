//! The model in files.

use super::BayesianMf;
use super::check::check_shape;
use super::model::{Noise, Parts, Time};
use super::prior::{Prior, Rated};
use super::ratings::Ratings;
use super::time::Calendar;
use crate::data::{Attributes, ItemIx, UserIx};
use crate::model::{RatingScale, Score};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};
use crate::rating::start::Scaling;
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
