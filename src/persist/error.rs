//! What can go wrong between a model and its bytes.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::ElementType;
use super::disk::Step;

/// A model that could not be saved. Where a path was given, what stood there before is untouched,
/// with one exception that [`SaveFault::Io`] names.
#[derive(Debug)]
pub struct SaveError {
    path: Option<PathBuf>,
    fault: Box<SaveFault>,
}

/// A file that could not be loaded.
#[derive(Debug)]
pub struct LoadError {
    path: Option<PathBuf>,
    fault: Box<LoadFault>,
}

macro_rules! located {
    ($error:ident, $fault:ident, $verb:literal) => {
        impl $error {
            /// The file, where one was named.
            pub fn path(&self) -> Option<&Path> {
                self.path.as_deref()
            }

            /// What is wrong.
            pub fn fault(&self) -> &$fault {
                &self.fault
            }

            /// What is wrong, to take apart.
            pub fn into_fault(self) -> $fault {
                *self.fault
            }

            pub(super) fn at(mut self, path: &Path) -> Self {
                self.path = Some(path.to_owned());
                self
            }
        }

        impl From<$fault> for $error {
            fn from(fault: $fault) -> Self {
                Self { path: None, fault: Box::new(fault) }
            }
        }

        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.path {
                    Some(path) => {
                        write!(f, concat!("cannot ", $verb, " `{}`: {}"), path.display(), self.fault)
                    }
                    None => write!(f, concat!("cannot ", $verb, ": {}"), self.fault),
                }
            }
        }

        impl Error for $error {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.fault.source()
            }
        }
    };
}

pub(super) use located;

located!(SaveError, SaveFault, "save");
located!(LoadError, LoadFault, "load");

/// Why a model could not be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveFault {
    /// The system refused. When `doing` is `"sync the directory"`, the new file already stands in
    /// its place, complete, but may not survive a power cut; after everything else the old file is
    /// untouched.
    #[error("could not {doing}: {source}; see that the directory exists, is writable and has room")]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A name of a section, or a kind, that the format cannot hold.
    #[error("the name `{name}` is not 1 to {longest} characters of `a-z 0-9 . _ -`; choose another")]
    Name {
        /// The name.
        name: String,
        /// The longest name there may be.
        longest: usize,
    },
    /// Two sections of one name.
    #[error("section `{section}` is written twice; give each section its own name")]
    DuplicateSection {
        /// The name.
        section: String,
    },
    /// A section of a model under a name that is the container's.
    #[error(
        "section `{section}`: names that begin with `ids.`, `metadata.` or `live.` are not a model's; choose another"
    )]
    ReservedName {
        /// The name.
        section: String,
    },
    /// More sections than a file may have.
    #[error("{found} sections are more than the {most} of one file; put values together")]
    TooManySections {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A number that loading would refuse.
    #[error(
        "section `{section}`, entry {at} is {found}; a model is saved only if it is finite: train it again"
    )]
    Value {
        /// The section.
        section: String,
        /// The position in it, from 0.
        at: usize,
        /// The number.
        found: String,
    },
    /// Ids that are not those of the model.
    #[error(
        "there are {found} {whose} ids and the model has {expected} {whose}s; save it with the ids of its training data"
    )]
    Ids {
        /// "user" or "item".
        whose: &'static str,
        /// How many ids there are.
        found: usize,
        /// How many rows the model has.
        expected: usize,
    },
}

impl SaveFault {
    /// For `map_err`: the step that failed.
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> SaveError {
        move |source| Self::Io { doing, source }.into()
    }
}

impl From<Step> for SaveError {
    fn from(Step { doing, source }: Step) -> Self {
        SaveFault::Io { doing, source }.into()
    }
}

/// Why a file could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadFault {
    /// The system refused.
    #[error("could not {doing}: {source}")]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as a saved model does.
    #[error(
        "it begins with {found:02x?}, not with the mark of a saved model {expected:02x?}; this is another kind of file"
    )]
    Magic {
        /// The first bytes; fewer than expected if the file is shorter.
        found: Vec<u8>,
        /// What they are in a saved model.
        expected: [u8; 8],
    },
    /// The file is written in a format that this version of the library does not know.
    #[error(
        "its format version is {found}, this library reads 1 to {newest}; update the library, or save again with this one"
    )]
    Format {
        /// The version found.
        found: u32,
        /// The newest known.
        newest: u32,
    },
    /// Another model's file.
    #[error("it holds a `{found}`, not a `{expected}`; load it as what it is")]
    Kind {
        /// The kind of the file.
        found: String,
        /// The kind asked for.
        expected: &'static str,
    },
    /// The model's sections have a layout that this version of the library does not know.
    #[error(
        "its `{kind}` has version {found}, this library reads 1 to {newest}; update the library, or train again"
    )]
    Version {
        /// The model.
        kind: String,
        /// The version found.
        found: u32,
        /// The newest known.
        newest: u32,
    },
    /// The file is shorter or longer than it says.
    #[error(
        "it has {found} bytes and should have {expected}: it was cut, or something was added; restore it from a copy"
    )]
    FileLength {
        /// How many bytes there are; when reading from a stream, at least so many.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// The bytes are not those that were written.
    #[error(
        "{part} at byte {offset}: the checksum is {found:08x} and should be {expected:08x}: the file is damaged; restore it from a copy"
    )]
    Checksum {
        /// "header", "section table" or the name of a section.
        part: String,
        /// Where it begins in the file.
        offset: u64,
        /// The checksum of the bytes.
        found: u32,
        /// The checksum that was stored.
        expected: u32,
    },
    /// The header or the section table says something that cannot be.
    #[error(
        "{part} at byte {offset}: {field} is {found} and should be {expected}: the file is damaged or was not written by this library"
    )]
    Layout {
        /// "header", "section table" or the name of a section.
        part: String,
        /// Where in the file.
        offset: u64,
        /// What it is about.
        field: &'static str,
        /// What was found.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// Two sections of one name.
    #[error("section `{section}` stands twice in the table: the file was not written by this library")]
    DuplicateSection {
        /// The name.
        section: String,
    },
    /// A section that the model needs is not there.
    #[error("section `{section}` is missing: the file was not written by this library")]
    MissingSection {
        /// The name.
        section: String,
    },
    /// A section holds another type of numbers.
    #[error("section `{section}` at byte {offset} holds {found} and should hold {expected}")]
    Element {
        /// The section.
        section: String,
        /// Where it begins in the file.
        offset: u64,
        /// The type found.
        found: ElementType,
        /// The type expected.
        expected: ElementType,
    },
    /// A section has too few or too many entries.
    #[error("section `{section}` at byte {offset} has {found} entries and should have {expected}")]
    Length {
        /// The section.
        section: String,
        /// Where it begins in the file.
        offset: u64,
        /// How many entries there are.
        found: u64,
        /// How many there should be, as a number or a product.
        expected: String,
    },
    /// An entry that cannot be.
    #[error("section `{section}`, entry {at} at byte {offset} is {found} and should be {expected}")]
    Value {
        /// The section.
        section: String,
        /// The position in it, from 0.
        at: usize,
        /// Where the entry begins in the file.
        offset: u64,
        /// What was found.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The file was saved without ids.
    #[error(
        "it was saved without {whose} ids; load the model alone (`load_model`) and keep the ids elsewhere"
    )]
    NoIds {
        /// "user" or "item".
        whose: &'static str,
    },
    /// The ids are of another type.
    #[error(
        "its {whose} ids are not stored as {expected}; ask for the type they were saved with (the sections are {found})"
    )]
    IdType {
        /// "user" or "item".
        whose: &'static str,
        /// The type of the ids in the file.
        found: String,
        /// The type asked for.
        expected: &'static str,
    },
}

impl LoadFault {
    /// For `map_err`: the step that failed.
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> LoadError {
        move |source| Self::Io { doing, source }.into()
    }
}
