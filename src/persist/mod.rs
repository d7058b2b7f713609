//! Bytes that last: how do a model, and what happens to it, get into files, and back, unharmed?
//!
//! *Knows*: models by [`Persist`], ids, bytes, files. *Does not know*: what the numbers mean.
//! *Cost*: saving reads the model twice, loading the file once; the file's bytes and the model are in memory together.
//! Mapping (`map`, feature `mmap`) reads neither: a model of any size opens in milliseconds and answers from its file.
//! *Fails* with [`SaveError`], [`LoadError`] and [`LogError`], which name file, section, place, found and expected.

mod archive;
mod atomic;
mod attributes;
mod disk;
#[cfg(test)]
mod document;
mod element;
mod error;
mod format;
mod ids;
mod large;
mod load;
mod log;
#[cfg(feature = "mmap")]
mod map;
mod origin;
mod reader;
mod sections;
mod unsound;

use std::io::{Read, Write};
use std::path::Path;

pub use archive::Archive;
pub(crate) use atomic::sweep;
pub use element::{Element, ElementType};
pub use error::{LoadError, LoadFault, SaveError, SaveFault};
pub use ids::{Metadata, PersistId};
pub use load::{SectionSummary, Summary};
pub use log::{Checkpoint, EventLog, LogBatch, LogError, LogFault, LogId, LogReport, Replay};
#[cfg(feature = "mmap")]
pub use map::{Mapped, map, map_model, verify};
pub use reader::SectionReader;
pub use sections::Sections;
pub(crate) use unsound::Unsound;

use crate::data::Ids;
use crate::model::Score;
pub use crate::numbers::{Numbers, Plain};

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

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<M, U: PersistId = String, I: PersistId = String> {
    /// The model.
    pub model: M,
    /// The raw ids of its users and items.
    pub ids: Ids<U, I>,
    /// What else was put beside it; usually nothing. See [`Archive::with_metadata`].
    pub metadata: Metadata,
    /// What ties it to a log of events beside it, if there is one.
    pub checkpoint: Option<Checkpoint>,
}

/// Saves a model with its ids, all or not at all: the old file stays until the new one is complete.
/// See [`Archive`] for metadata, and for a model without ids.
///
/// # Errors
/// [`SaveError`], which names the file and the step that failed.
pub fn save<M, U, I>(path: impl AsRef<Path>, model: &M, ids: &Ids<U, I>) -> Result<(), SaveError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    let path = path.as_ref();
    Archive::of(model).with_ids(ids).map_err(|error| error.at(path))?.save(path)
}

/// Loads a model with its ids.
///
/// # Errors
/// [`LoadError`], which names the file and the place, for anything that is not a complete, undamaged
/// file of this model with ids of these types.
pub fn load<M, U, I>(path: impl AsRef<Path>) -> Result<Saved<M, U, I>, LoadError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    let path = path.as_ref();
    load::read_file(path).and_then(|bytes| load::saved(&bytes)).map_err(|error| error.at(path))
}

/// Writes a model with its ids to a stream.
///
/// # Errors
/// [`SaveError`].
pub fn write_to<M, U, I>(to: impl Write, model: &M, ids: &Ids<U, I>) -> Result<(), SaveError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    Archive::of(model).with_ids(ids)?.write_to(to)
}

/// Reads a model with its ids from a stream that ends with it. Memory is taken as bytes arrive, up to the
/// length that the header states: put a limit on a stream you do not trust with
/// [`Read::take`].
///
/// # Errors
/// [`LoadError`], as [`load`].
pub fn read_from<M, U, I>(from: impl Read) -> Result<Saved<M, U, I>, LoadError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    load::saved(&load::read_stream(from)?)
}

/// Takes a model with its ids from the bytes of a file.
///
/// # Errors
/// [`LoadError`], as [`load`].
pub fn from_bytes<M, U, I>(bytes: &[u8]) -> Result<Saved<M, U, I>, LoadError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    load::saved(bytes)
}

/// Saves a model without ids, all or not at all.
///
/// # Errors
/// [`SaveError`], as [`save`].
pub fn save_model<M: Persist>(path: impl AsRef<Path>, model: &M) -> Result<(), SaveError> {
    Archive::of(model).save(path)
}

/// Loads a model and leaves the ids alone, if there are any.
///
/// # Errors
/// [`LoadError`], as [`load`].
pub fn load_model<M: Persist>(path: impl AsRef<Path>) -> Result<M, LoadError> {
    let path = path.as_ref();
    load::read_file(path).and_then(|bytes| model_from_bytes(&bytes)).map_err(|error| error.at(path))
}

/// The bytes of a model's file, without ids.
///
/// # Errors
/// [`SaveError`] when the model holds what a file cannot: a number that is not finite, a bad name.
pub fn model_to_bytes<M: Persist>(model: &M) -> Result<Vec<u8>, SaveError> {
    Archive::of(model).to_bytes()
}

/// A model from the bytes of its file; ids are left alone.
///
/// # Errors
/// [`LoadError`] for anything that is not a complete, undamaged file of this model.
pub fn model_from_bytes<M: Persist>(bytes: &[u8]) -> Result<M, LoadError> {
    SectionReader::new(bytes)?.model()
}

/// What a file says of itself: which model, which sections, how large. Only header, section table and
/// metadata are read and checked, not the sections of the model.
///
/// # Errors
/// [`LoadError`], which names the file and the place.
pub fn inspect(path: impl AsRef<Path>) -> Result<Summary, LoadError> {
    let path = path.as_ref();
    load::summary(path).map_err(|error| error.at(path))
}
