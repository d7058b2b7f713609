//! Bytes that last: how does a model get into a file, and back, unharmed?
//!
//! *Knows*: models by [`Persist`], ids, bytes, files. *Does not know*: what the numbers mean.
//! *Cost*: saving reads the model twice, loading the file once; no more memory than the file.
//! *Fails* with [`SaveError`] and [`LoadError`], which name file, section, place, found and expected.

mod element;
mod error;
mod format;
mod reader;
mod sections;

pub use element::{Element, ElementType};
pub use error::{LoadError, LoadFault, SaveError, SaveFault};
pub use reader::SectionReader;
pub use sections::Sections;

use crate::model::Score;

/// A model that can be saved: it is named sections of numbers.
///
/// Put the shape first, then everything that it sizes; read in the same order and say what is
/// expected, so that no number is used before it is checked. Same model, same bytes: no time and
/// no randomness may go into a section.
pub trait Persist: Score + Sized {
    /// The model's name in files, for ever: `"biased-mf"`. 1 to 24 characters of `a-z 0-9 . _ -`.
    const KIND: &'static str;

    /// The version of the sections, from 1; raised when an older library could no longer read them.
    /// [`read_sections`](Self::read_sections) is asked for every version up to this one.
    const VERSION: u32;

    /// Names the numbers that make up the model.
    fn write_sections<'a>(&'a self, out: &mut Sections<'a>);

    /// Takes them back.
    ///
    /// # Errors
    /// [`LoadError`] when they do not make up a model; [`SectionReader::invalid`] makes one for what
    /// the reader's own checks do not cover.
    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError>;
}

/// The bytes of a model's file, without ids.
///
/// # Errors
/// [`SaveError`] when the model holds what a file cannot: a number that is not finite, a bad name.
pub fn model_to_bytes<M: Persist>(model: &M) -> Result<Vec<u8>, SaveError> {
    let (mut sections, mut bytes) = (Sections::default(), Vec::new());
    model.write_sections(&mut sections);
    sections.write(M::KIND, M::VERSION, &mut bytes)?;
    Ok(bytes)
}

/// A model from the bytes of its file; ids are left alone.
///
/// # Errors
/// [`LoadError`] for anything that is not a complete, undamaged file of this model.
pub fn model_from_bytes<M: Persist>(bytes: &[u8]) -> Result<M, LoadError> {
    SectionReader::new(bytes)?.model()
}
