//! Popularity in files and through `serde`: what is read is checked before it is a model.

use super::Popularity;
use crate::data::ItemIx;
use crate::model::{Score, Seen};
use crate::persist::{LoadError, Persist, SectionReader, Sections, Unsound};

impl Persist for Popularity {
    const KIND: &'static str = "popularity";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        out.put_owned("shape", [self.n_users(), self.n_items()]);
        out.put("scores", &self.scores);
        out.put_seen(&self.seen);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items]: [u32; 2] = from.array("shape")?;
        let scores = from.values("scores", &[n_items as usize])?;
        let parts = Unchecked { scores, seen: from.seen_or_mapped(n_users, n_items)? };
        parts.try_into().map_err(|unsound: Unsound| unsound.in_file(from))
    }
}

/// Numbers from outside.
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
pub(super) struct Unchecked {
    scores: Vec<f32>,
    seen: Seen,
}

impl TryFrom<Unchecked> for Popularity {
    type Error = Unsound;

    fn try_from(Unchecked { scores, seen }: Unchecked) -> Result<Self, Unsound> {
        let sound = |score: f32| score.is_finite() && score >= 0.0;
        Unsound::unless_all("scores", &scores, "finite and at least 0", sound)?;
        let known = |item: ItemIx| item.ix() < scores.len();
        if !seen.is_mapped() {
            Unsound::unless_all("seen.items", seen.items(), "one of the items", known)?;
        }
        Ok(Self { scores, seen })
    }
}
