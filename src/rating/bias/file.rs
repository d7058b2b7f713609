//! The baseline in files and through `serde`: what is read is checked before it is a model.

use super::{BiasBaseline, Biases};
use crate::model::{RatingScale, Seen};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};

impl Biases {
    /// Writes the sections that every model on this baseline begins with.
    pub(crate) fn write<'a>(&'a self, out: &mut Sections<'a>) {
        out.put_owned("shape", [self.users.len() as u32, self.items.len() as u32]);
        out.put_owned("scale", [self.scale.min, self.scale.max]);
        out.put_owned("mean", [self.mean]);
        out.put_owned("user_regularization", [self.user_regularization]);
        out.put("user_bias", &self.users);
        out.put("item_bias", &self.items);
    }

    /// Takes them back, and who saw what.
    pub(crate) fn read(from: &SectionReader<'_>) -> Result<(Self, Seen), LoadError> {
        let [n_users, n_items]: [u32; 2] = from.array("shape")?;
        let [min, max] = from.array("scale")?;
        let [mean] = from.array("mean")?;
        let [user_regularization] = from.array("user_regularization")?;
        let users = from.values("user_bias", &[n_users as usize])?;
        let items = from.values("item_bias", &[n_items as usize])?;
        let scale = RatingScale { min, max };
        Ok((Self { scale, mean, users, items, user_regularization }, from.seen(n_users, n_items)?))
    }

    /// Whether the numbers fit each other and what was seen.
    pub(crate) fn check(&self, seen: &Seen) -> Result<(), Unsound> {
        let finite = |part, values: &[f32]| Unsound::unless_all(part, values, "finite", f32::is_finite);
        let RatingScale { min, max } = self.scale;
        finite("scale", &[min, max])?;
        Unsound::unless_all("scale", &[max], "at least the lowest rating", |max| max >= min)?;
        finite("mean", &[self.mean])?;
        let damping = [self.user_regularization];
        finite("user_regularization", &damping)?;
        Unsound::unless_all("user_regularization", &damping, "at least 0", |damping| damping >= 0.0)?;
        finite("user_bias", &self.users)?;
        finite("item_bias", &self.items)?;
        Unsound::unless_len("user_bias", self.users.len(), seen.n_users() as usize)?;
        let known = |item: crate::data::ItemIx| item.ix() < self.items.len();
        Unsound::unless_all("seen.items", seen.items(), "one of the items", known)
    }
}

impl Persist for BiasBaseline {
    const KIND: &'static str = "bias-baseline";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        self.biases.write(out);
        out.put_seen(&self.seen);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let (biases, seen) = Biases::read(from)?;
        biases.check(&seen).map_err(|unsound| unsound.in_file(from))?;
        Ok(Self::new(biases, seen))
    }
}

/// What a deserializer hands over.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
pub(super) struct Unchecked {
    biases: Biases,
    seen: Seen,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for BiasBaseline {
    type Error = Unsound;

    fn try_from(Unchecked { biases, seen }: Unchecked) -> Result<Self, Unsound> {
        biases.check(&seen)?;
        Ok(Self::new(biases, seen))
    }
}
