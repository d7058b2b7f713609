//! What a saved model consists of.

use super::BiasedMf;
use super::activity::Activity;
use super::model::Parts;
use super::prior::Prior;
use super::scaling::Scaling;
use crate::model::{RatingScale, Score};
use crate::persist::{LoadError, Persist, SectionReader, Sections};

impl Persist for BiasedMf {
    const KIND: &'static str = "biased-mf";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        let parts = &self.parts;
        let Scaling { center, spread, range } = parts.scaling;
        let Activity { mean, low, high } = parts.activity;
        out.put_owned("shape", [self.n_users(), self.n_items(), parts.factors as u32]);
        out.put_owned("scaling", [center, spread, range.min, range.max]);
        out.put_owned("noise", [parts.tau, parts.steadiness]);
        out.put_owned("activity", [mean, low, high]);
        out.put("prior.mean", &parts.prior.mean);
        out.put("prior.slope", &parts.prior.slope);
        out.put("prior.precision", &parts.prior.precision);
        out.put("users", &parts.users);
        out.put("items", &parts.items);
        out.put("items.variance", &parts.item_variances);
        out.put("items.weight", &parts.item_weights);
        out.put_seen(&parts.seen);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items, factors] = from.array("shape")?;
        if !(1..=1024).contains(&factors) {
            return Err(from.invalid("shape", 2, factors, "from 1 to 1024 factors"));
        }
        let (users, items, dim) = (n_users as usize, n_items as usize, factors as usize + 1);
        let [center, spread, min, max] = from.array("scaling")?;
        positive(from, "scaling", 1, spread)?;
        if min > max {
            return Err(from.invalid("scaling", 3, max, format!("at least {min}")));
        }
        let [tau, steadiness] = from.array("noise")?;
        positive(from, "noise", 0, tau)?;
        positive(from, "noise", 1, steadiness)?;
        let [mean, low, high] = from.array("activity")?;
        let precision: Vec<f32> = all_positive(from, "prior.precision", &[dim])?;
        let prior = Prior {
            mean: from.values("prior.mean", &[dim])?,
            slope: from.values("prior.slope", &[dim])?,
            precision,
        };
        let parts = Parts {
            factors: factors as usize,
            scaling: Scaling { center, spread, range: RatingScale { min, max } },
            users: from.values("users", &[users, dim])?,
            items: from.values("items", &[items, dim])?,
            item_variances: all_positive(from, "items.variance", &[items, dim])?,
            item_weights: all_positive(from, "items.weight", &[items])?,
            prior,
            activity: Activity { mean, low, high },
            tau,
            steadiness,
            seen: from.seen(n_users, n_items)?,
        };
        Self::from_parts(parts).map_err(|error| from.invalid("items", 0, error, "rows of one length"))
    }
}

fn positive(from: &SectionReader<'_>, section: &str, at: usize, found: f32) -> Result<(), LoadError> {
    if found > 0.0 { Ok(()) } else { Err(from.invalid(section, at, found, "above 0")) }
}

fn all_positive(from: &SectionReader<'_>, section: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
    let values: Vec<f32> = from.values(section, shape)?;
    match values.iter().position(|&value| value <= 0.0) {
        None => Ok(values),
        Some(at) => positive(from, section, at, values[at]).map(|()| values),
    }
}
