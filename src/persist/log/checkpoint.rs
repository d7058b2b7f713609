//! What ties a model and its log together.

use crate::persist::{LoadError, SectionReader, Sections};

/// The section of a model file.
const SECTION: &str = "live.checkpoint";

/// What a model says of the log beside it. It is saved with the model
/// ([`Archive::with_checkpoint`](crate::persist::Archive::with_checkpoint)); model and log together are
/// the whole state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checkpoint {
    /// Tells one line of models from another: a number of your choice, drawn when the first model of a
    /// line is saved. A log beside a model of another line is refused.
    pub model: u64,
    /// The last batch that the model knows; 0 before the first.
    pub sequence: u64,
}

impl Checkpoint {
    pub(in crate::persist) fn put(self, out: &mut Sections<'_>) {
        out.put_owned(SECTION, [self.model, self.sequence]);
    }

    pub(in crate::persist) fn of(from: &SectionReader<'_>) -> Result<Option<Self>, LoadError> {
        if !from.has(SECTION) {
            return Ok(None);
        }
        let [model, sequence] = from.array(SECTION)?;
        Ok(Some(Self { model, sequence }))
    }
}
