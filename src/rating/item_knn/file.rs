//! The neighbourhoods in files and through `serde`: what is read is checked before it is a model.

use super::ItemKnn;
use super::neighbours::Neighbours;
use crate::data::ItemIx;
use crate::model::Seen;
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};
use crate::rating::bias::{Biases, LARGEST};

impl Persist for ItemKnn {
    const KIND: &'static str = "item-knn";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        self.biases.write(out);
        out.put_seen(&self.seen);
        out.put("residuals", &self.residuals);
        out.put("neighbours.offsets", &self.neighbours.offsets);
        out.put("neighbours.items", &self.neighbours.items);
        out.put("neighbours.weights", &self.neighbours.weights);
        out.put_owned("neighbours.used", [self.k]);
        out.put_owned("regularization", [self.regularization]);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let (biases, seen) = Biases::read(from)?;
        let n_items = biases.items.len();
        let offsets = from.offsets("neighbours.offsets", n_items)?;
        let n = offsets[n_items];
        let neighbours = Neighbours {
            offsets,
            items: from.indices("neighbours.items", &[n], n_items as u32)?,
            weights: from.values("neighbours.weights", &[n])?,
        };
        let residuals = from.values("residuals", &[seen.items().len()])?;
        let [k] = from.array("neighbours.used")?;
        let [regularization] = from.array("regularization")?;
        let parts = Unchecked { biases, seen, residuals, neighbours, k, regularization };
        parts.try_into().map_err(|unsound: Unsound| unsound.in_file(from))
    }
}

/// The parts of a model as they come from outside.
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
pub(super) struct Unchecked {
    biases: Biases,
    seen: Seen,
    residuals: Vec<f32>,
    neighbours: Neighbours,
    k: usize,
    regularization: f32,
}

impl TryFrom<Unchecked> for ItemKnn {
    type Error = Unsound;

    fn try_from(parts: Unchecked) -> Result<Self, Unsound> {
        parts.check()?;
        let Unchecked { biases, seen, residuals, neighbours, k, regularization } = parts;
        Ok(Self::new(biases, seen, residuals, neighbours, k, regularization))
    }
}

impl Unchecked {
    fn check(&self) -> Result<(), Unsound> {
        self.biases.check(&self.seen)?;
        self.neighbours.check(self.biases.items.len())?;
        let small = |residual: f32| residual.abs() <= LARGEST;
        Unsound::unless_len("residuals", self.residuals.len(), self.seen.items().len())?;
        Unsound::unless_all("residuals", &self.residuals, "at most 1e30", small)?;
        Unsound::unless_all("neighbours.used", &[self.k], "at least 1", |k| k >= 1)?;
        let sound = |number: f32| number.is_finite() && number >= 0.0;
        Unsound::unless_all("regularization", &[self.regularization], "at least 0", sound)
    }
}

impl Neighbours {
    fn check(&self, n_items: usize) -> Result<(), Unsound> {
        let Self { offsets, items, weights } = self;
        Unsound::unless_len("neighbours.offsets", offsets.len(), n_items.saturating_add(1))?;
        Unsound::unless_all("neighbours.offsets", &offsets[..1], "0", |first| first == 0)?;
        let falls = offsets.windows(2).position(|pair| pair[0] > pair[1]);
        let from = falls.unwrap_or(n_items);
        Unsound::unless_all("neighbours.offsets", &offsets[from..=from], "at most the next", |_| {
            falls.is_none()
        })?;
        Unsound::unless_len("neighbours.items", items.len(), offsets[n_items])?;
        Unsound::unless_len("neighbours.weights", weights.len(), offsets[n_items])?;
        let known = |item: ItemIx| item.ix() < n_items;
        Unsound::unless_all("neighbours.items", items, "one of the items", known)?;
        let sound = |weight: f32| weight > 0.0 && weight <= 1.0;
        Unsound::unless_all("neighbours.weights", weights, "above 0 and at most 1", sound)
    }
}
