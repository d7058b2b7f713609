//! The model in files and through `serde`: what is read is checked before it is a model.

use super::degrees::{Activity, Discount};
use super::model::{Ials, Parts};
use super::params::IalsParams;
use super::weighting::{Confidence, Negatives, Objective, Weighting};
use crate::kernel::Matrix;
use crate::model::{Params, Score, Seen};
use crate::persist::{LoadError, Numbers, Persist, SectionReader, Sections, Unsound};

impl Persist for Ials {
    const KIND: &'static str = "ials";
    const VERSION: u32 = 2;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        let Parts { factors, weighting, regularization, nu, activity, discount, .. } = &self.parts;
        let Parts { item_weights, users, items, base, seen, .. } = &self.parts;
        let (confidence, alpha, epsilon) = match weighting.confidence {
            Confidence::Equal => (0, 1.0, 1.0),
            Confidence::Linear { alpha } => (1, alpha, 1.0),
            Confidence::Logarithmic { alpha, epsilon } => (2, alpha, epsilon),
        };
        out.put_owned("shape", [self.n_users(), self.n_items(), *factors as u32]);
        out.put_owned("choices", [weighting.objective as u32, confidence, weighting.negatives as u32]);
        out.put_owned("weights", [weighting.unobserved_weight, alpha, epsilon]);
        out.put_owned("regularization", [*regularization, *nu]);
        out.put_owned("activity", [activity.exponent, activity.scale]);
        if *discount != Discount::default() {
            out.put_owned("items.discount", [f64::from(discount.exponent), discount.scale]);
        }
        out.put("items.weight", &item_weights[..]);
        out.put("diagonal", base);
        out.put_owned("users", users.to_dense());
        out.put_owned("items", items.to_dense());
        out.put_seen(seen);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items, factors]: [u32; 3] = from.array("shape")?;
        let (users, items, factors) = (n_users as usize, n_items as usize, factors as usize);
        let choices: [u32; 3] = from.array("choices")?;
        let [unobserved_weight, alpha, epsilon] = from.array("weights")?;
        let [regularization, nu] = from.array("regularization")?;
        let read = || -> Result<Weighting, Unsound> {
            let below = |limit: u32| move |choice: u32| choice < limit;
            Unsound::unless_all("choices", &choices[..1], "0 or 1", below(2))?;
            Unsound::unless_all("choices", &choices[1..2], "0, 1 or 2", below(3))?;
            Unsound::unless_all("choices", &choices[2..], "0 or 1", below(2))?;
            Ok(Weighting {
                objective: [Objective::Rendle, Objective::HuKoren][choices[0] as usize],
                confidence: match choices[1] {
                    0 => Confidence::Equal,
                    1 => Confidence::Linear { alpha },
                    _ => Confidence::Logarithmic { alpha, epsilon },
                },
                negatives: [Negatives::Dislike, Negatives::Ignore][choices[2] as usize],
                unobserved_weight,
            })
        };
        let has_shares = from.version() > 1;
        let parts = Unchecked {
            factors,
            weighting: read().map_err(|unsound| unsound.in_file(from))?,
            regularization,
            nu,
            activity: match has_shares {
                true => {
                    let [exponent, scale] = from.array("activity")?;
                    Activity { exponent, scale }
                }
                false => Activity::default(),
            },
            discount: match from.has("items.discount") {
                true => {
                    let [exponent, scale] = from.array("items.discount")?;
                    Discount { exponent: exponent as f32, scale }
                }
                false => Discount::default(),
            },
            users: from.numbers("users", &[users, factors])?,
            items: from.numbers("items", &[items, factors])?,
            item_weights: has_shares.then(|| from.numbers("items.weight", &[items])).transpose()?,
            diagonal: from.values("diagonal", &[factors])?,
            seen: from.seen_or_mapped(n_users, n_items)?,
        };
        let model = match from.is_checked() {
            true => parts.try_into(),
            false => parts.fit_together().and_then(Ials::of_map),
        };
        model.map_err(|unsound: Unsound| unsound.in_file(from))
    }
}

/// Numbers from outside, or on their way there; rows lie one after the other without gaps.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Unchecked {
    factors: usize,
    weighting: Weighting,
    regularization: f32,
    nu: f32,
    #[cfg_attr(feature = "serde", serde(default))]
    activity: Activity,
    #[cfg_attr(feature = "serde", serde(default))]
    discount: Discount,
    /// All 1 if there are none.
    #[cfg_attr(feature = "serde", serde(default))]
    item_weights: Option<Numbers<f32>>,
    users: Numbers<f32>,
    items: Numbers<f32>,
    diagonal: Vec<f32>,
    seen: Seen,
}

impl From<Ials> for Unchecked {
    fn from(model: Ials) -> Self {
        let Parts { factors, weighting, regularization, nu, activity, discount, .. } = model.parts;
        let Parts { item_weights, users, items, base: diagonal, seen, .. } = model.parts;
        let (users, items, item_weights) =
            (users.to_dense().into(), items.to_dense().into(), Some(item_weights));
        Self {
            factors,
            weighting,
            regularization,
            nu,
            activity,
            discount,
            item_weights,
            users,
            items,
            diagonal,
            seen,
        }
    }
}

impl TryFrom<Unchecked> for Ials {
    type Error = Unsound;

    fn try_from(from: Unchecked) -> Result<Self, Unsound> {
        from.fit_together()?.try_into()
    }
}

impl Unchecked {
    /// The parts, if there are as many numbers of each as the others ask for, and the parameters are in their ranges.
    fn fit_together(self) -> Result<Parts, Unsound> {
        let Unchecked { factors, weighting, regularization, nu, activity, discount, .. } = self;
        let Unchecked { item_weights, users, items, diagonal, seen, .. } = self;
        let Weighting { objective, confidence, negatives, unobserved_weight } = weighting;
        let activity_exponent = activity.exponent;
        let params = IalsParams { factors, regularization, nu, activity_exponent, ..IalsParams::new() };
        let params = IalsParams { objective, confidence, negatives, unobserved_weight, ..params };
        params.check().map_err(|error| {
            let (part, at) = place_of(&error.name);
            Unsound::param(part, at, error)
        })?;
        let n_users = seen.n_users() as usize;
        let n_items = items.len() / factors;
        Unsound::unless_len("users", users.len(), n_users.saturating_mul(factors))?;
        Unsound::unless_len("items", items.len(), n_items * factors)?;
        Unsound::unless_len("diagonal", diagonal.len(), factors)?;
        let item_weights = item_weights.unwrap_or_else(|| vec![1.0; n_items].into());
        Unsound::unless_len("items.weight", item_weights.len(), n_items)?;
        Ok(Parts {
            factors,
            weighting,
            regularization,
            nu,
            activity,
            discount,
            item_weights,
            users: Matrix::of_numbers(n_users, factors, users),
            items: Matrix::of_numbers(n_items, factors, items),
            base: diagonal,
            seen,
        })
    }
}

/// The section and the entry in which a parameter stands.
fn place_of(param: &str) -> (&'static str, usize) {
    match param {
        "factors" => ("shape", 2),
        "unobserved_weight" => ("weights", 0),
        "confidence" => ("weights", 1),
        "nu" => ("regularization", 1),
        "activity_exponent" => ("activity", 0),
        _ => ("regularization", 0),
    }
}
