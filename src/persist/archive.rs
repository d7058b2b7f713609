//! Saving: a model, its ids and its metadata become one file.

use std::io::Write;
use std::path::Path;

use super::disk::System;
use super::ids::{RESERVED, put_ids, put_metadata};
use super::sections::Layout;
use super::{Checkpoint, Metadata, Persist, PersistId, SaveError, SaveFault, Sections, atomic};
use crate::data::Ids;

/// A model about to be saved, with what is to travel with it.
///
/// ```no_run
/// # use foldin::persist::{Archive, Metadata, Persist, SaveError};
/// # fn f(model: &impl Persist, ids: &foldin::data::Ids) -> Result<(), SaveError> {
/// let mut metadata = Metadata::new();
/// metadata.insert("foldin".into(), "0.1.0".into());
/// metadata.insert("trained_on".into(), "ratings of May".into());
/// Archive::of(model).with_ids(ids)?.with_metadata(&metadata).save("model.foldin")
/// # }
/// ```
pub struct Archive<'a, M> {
    model: &'a M,
    sections: Sections<'a>,
    /// Which of the sections are the model's own.
    own: usize,
}

impl<'a, M: Persist> Archive<'a, M> {
    /// The model alone, with what it remembers of who saw what.
    pub fn of(model: &'a M) -> Self {
        let mut sections = Sections::default();
        model.write_sections(&mut sections);
        Self { model, own: sections.names().count(), sections }
    }

    /// The raw ids of its training data beside it.
    ///
    /// # Errors
    /// [`SaveFault::Ids`] when there are not as many as the model has users and items.
    pub fn with_ids<U: PersistId, I: PersistId>(mut self, ids: &'a Ids<U, I>) -> Result<Self, SaveError> {
        put_ids(ids, self.model, &mut self.sections)?;
        Ok(self)
    }

    /// Names and values beside it.
    #[must_use]
    pub fn with_metadata(mut self, metadata: &Metadata) -> Self {
        put_metadata(metadata, &mut self.sections);
        self
    }

    /// What ties it to a log of events beside it.
    #[must_use]
    pub fn with_checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        checkpoint.put(&mut self.sections);
        self
    }

    /// Saves it all or not at all: written aside in the same directory, synced, moved into place. Until
    /// then the old file stays, and on an error it stays for good.
    ///
    /// # Errors
    /// [`SaveError`], which names the file and the step that failed.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        let path = path.as_ref();
        let save = || {
            let layout = self.layout()?;
            atomic::replace(&System, path, |file| self.sections.write(&layout, file))
        };
        save().map_err(|error: SaveError| error.at(path))
    }

    /// Writes it to a stream: a pipe, a socket, an object store. What was written before an error is
    /// there; loading refuses it. Written in pieces of 64 KiB; a buffer of your own gains nothing.
    ///
    /// # Errors
    /// [`SaveError`].
    pub fn write_to(&self, mut to: impl Write) -> Result<(), SaveError> {
        self.sections.write(&self.layout()?, &mut to)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`SaveError`] when the model holds what a file cannot: a number that is not finite, a bad name.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SaveError> {
        let layout = self.layout()?;
        let mut bytes = Vec::with_capacity(layout.file_length() as usize);
        self.sections.write(&layout, &mut bytes)?;
        Ok(bytes)
    }

    fn layout(&self) -> Result<Layout, SaveError> {
        let reserved = |name: &&str| RESERVED.iter().any(|prefix| name.starts_with(prefix));
        if let Some(section) = self.sections.names().take(self.own).find(reserved) {
            return Err(SaveFault::ReservedName { section: section.to_owned() }.into());
        }
        self.sections.layout(M::KIND, M::VERSION)
    }
}
