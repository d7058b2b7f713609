//! The model in files and through `serde`: what is read is checked before it is a model.

use super::BiasedMf;
use super::activity::Activity;
use super::model::Parts;
use super::prior::Prior;
use crate::model::{RatingScale, Score};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};
use crate::rating::start::Scaling;

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
        if parts.regularization != 1.0 {
            out.put_owned("regularization", [parts.regularization]);
        }
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
        let factors_in_range = Unsound::unless_all("shape", &[factors], "from 1 to 1024", in_range);
        factors_in_range.map_err(|unsound| unsound.in_file(from))?;
        let (users, items, dim) = (n_users as usize, n_items as usize, factors as usize + 1);
        let [center, spread, min, max] = from.array("scaling")?;
        let [tau, steadiness] = from.array("noise")?;
        let [mean, low, high] = from.array("activity")?;
        let parts = Parts {
            factors: factors as usize,
            scaling: Scaling { center, spread, range: RatingScale { min, max } },
            users: from.values("users", &[users, dim])?,
            items: from.values("items", &[items, dim])?,
            item_variances: from.values("items.variance", &[items, dim])?,
            item_weights: from.values("items.weight", &[items])?,
            prior: Prior {
                mean: from.values("prior.mean", &[dim])?,
                slope: from.values("prior.slope", &[dim])?,
                precision: from.values("prior.precision", &[dim])?,
            },
            activity: Activity { mean, low, high },
            tau,
            steadiness,
            regularization: match from.has("regularization") {
                true => from.array::<f32, 1>("regularization")?[0],
                false => 1.0,
            },
            seen: from.seen(n_users, n_items)?,
        };
        parts.try_into().map_err(|unsound: Unsound| unsound.in_file(from))
    }
}

fn in_range(factors: u32) -> bool {
    (1..=1024).contains(&factors)
}

impl Parts {
    /// Whether the parts fit together and no answer can leave the numbers of single precision. Parts are named like
    /// their sections.
    pub(super) fn check(&self) -> Result<(), Unsound> {
        let factors = u32::try_from(self.factors).unwrap_or(u32::MAX);
        Unsound::unless_all("shape", &[factors], "from 1 to 1024", in_range)?;
        let (dim, users, items) = (self.factors + 1, self.seen.n_users() as usize, self.item_weights.len());
        Unsound::unless_len("users", self.users.len(), users * dim)?;
        Unsound::unless_len("items", self.items.len(), items * dim)?;
        Unsound::unless_len("items.variance", self.item_variances.len(), items * dim)?;
        for (part, values) in [
            ("prior.mean", &self.prior.mean),
            ("prior.slope", &self.prior.slope),
            ("prior.precision", &self.prior.precision),
        ] {
            Unsound::unless_len(part, values.len(), dim)?;
            Unsound::unless_all(part, values, "a finite number", f32::is_finite)?;
        }
        let positive = |x: f32| x > 0.0 && x.is_finite();
        Unsound::unless_all("prior.precision", &self.prior.precision, "above 0", positive)?;
        Unsound::unless_all("items.variance", &self.item_variances, "above 0", positive)?;
        Unsound::unless_all("items.weight", &self.item_weights, "above 0", positive)?;
        Unsound::unless_all("noise", &[self.tau, self.steadiness], "above 0", positive)?;
        Unsound::unless_all("regularization", &[self.regularization], "above 0", positive)?;
        let Scaling { center, spread, range } = self.scaling;
        Unsound::unless_all("scaling", &[center, range.min, range.max], "a finite number", f32::is_finite)?;
        Unsound::unless_all("scaling", &[spread], "above 0", positive)?;
        Unsound::unless_all("scaling", &[range.max], "at least the lowest", |max| max >= range.min)?;
        let Activity { mean, low, high } = self.activity;
        Unsound::unless_all("activity", &[mean, low, high], "a finite number", f64::is_finite)?;
        let known = |item: crate::data::ItemIx| item.ix() < items;
        Unsound::unless_all("seen.items", self.seen.items(), "an item of the model", known)?;
        let reach = self.reach();
        let rows: Vec<usize> = (0..users).collect();
        let bounded = |row: usize| reach.covers(&self.users[row * dim..][..dim]);
        Unsound::unless_all("users", &rows, "a row whose scores are finite", bounded)
    }
}
