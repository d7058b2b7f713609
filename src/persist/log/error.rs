//! What can go wrong between events and the log.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::persist::disk::Step;
use crate::persist::error::located;

/// A log that could not be opened, read or written.
#[derive(Debug)]
pub struct LogError {
    path: Option<PathBuf>,
    fault: Box<LogFault>,
}

located!(LogError, LogFault, "use the log");

/// Why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogFault {
    /// The system refused, and the log is as it was before the call.
    #[error(
        "could not {doing}: {source}; the log is as it was: see that the directory exists, is writable and has room, and try again"
    )]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused, and whether the call took effect is not known: a batch may be in the log or
    /// not, whole in either case; a log may have been begun anew or not. Opening tells.
    #[error("could not {doing}: {source}; open the log again, its sequence number tells what it holds")]
    Uncertain {
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The call before failed in a way that leaves the file unknown.
    #[error("a call before this one failed half way; open the log again")]
    Poisoned,
    /// Somebody else has it open.
    #[error("another process or another part of this one has it open; a log has one writer: close it there")]
    Busy,
    /// There is a file of this name.
    #[error("there is a file already; open it, or choose another name")]
    Exists,
    /// The file does not begin as a log does.
    #[error(
        "it begins with {found:02x?}, not with the mark of a log {expected:02x?}; this is another kind of file"
    )]
    Magic {
        /// The first bytes; fewer than expected if the file is shorter.
        found: Vec<u8>,
        /// What they are in a log.
        expected: [u8; 8],
    },
    /// The log is written in a format that this version of the library does not know.
    #[error("its format version is {found}, this library reads 1 to {newest}; update the library")]
    Format {
        /// The version found.
        found: u32,
        /// The newest known.
        newest: u32,
    },
    /// The first bytes are not those that were written.
    #[error("the header is damaged: {problem}; restore the log from a copy")]
    Header {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A name of a type of ids that the format cannot hold.
    #[error(
        "the name `{name}` of an id type is not 1 to {longest} characters of `a-z 0-9 . _ -`; choose another"
    )]
    IdName {
        /// [`LogId::NAME`](super::LogId::NAME).
        name: &'static str,
        /// The longest name there may be.
        longest: usize,
    },
    /// The ids are of another type.
    #[error("its {whose} ids are `{found}` and not `{expected}`; open it with the types it was created with")]
    IdType {
        /// "user" or "item".
        whose: &'static str,
        /// The type in the file.
        found: String,
        /// The type asked for.
        expected: &'static str,
    },
    /// The log stands beside another model.
    #[error(
        "it belongs to model {found:016x} and not to {expected:016x}; put model and log of one origin together"
    )]
    Model {
        /// [`Checkpoint::model`](super::Checkpoint::model) in the log.
        found: u64,
        /// The one asked for.
        expected: u64,
    },
    /// The model is older than the log: what happened between the two is in neither.
    #[error(
        "it begins after batch {begins} and the model ends with batch {checkpoint}; restore the model that was saved last"
    )]
    Gap {
        /// The last batch before the log.
        begins: u64,
        /// The last batch that the model knows.
        checkpoint: u64,
    },
    /// A record that was acknowledged is not what was written.
    #[error(
        "batch {sequence} at byte {offset} was acknowledged and is damaged: {problem}; restore the log from a copy, or give up this batch and those after it (`EventLog::salvage`)"
    )]
    Damaged {
        /// The number of the batch.
        sequence: u64,
        /// Where it begins in the file.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A record whose checksums hold does not contain changes of such ids.
    #[error(
        "batch {sequence}, change {change} is not a change of such ids; open the log with the program that wrote it"
    )]
    Content {
        /// The number of the batch.
        sequence: u64,
        /// The position in the batch, from 0.
        change: usize,
    },
    /// A value that a model cannot take.
    #[error("change {change} has the value {value}; values are finite: correct it")]
    Value {
        /// The position in the batch, from 0.
        change: usize,
        /// The value.
        value: f32,
    },
    /// More changes than a record may have.
    #[error("{found} changes are more than the {} of one batch; append them in several", u32::MAX)]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// There is no sequence number left.
    #[error("batch {} was the last there can be; begin with a new model and a new log", u64::MAX)]
    Exhausted,
    /// A checkpoint before the beginning of the log.
    #[error(
        "it begins after batch {begins}, so it cannot begin after {asked}; name the last batch the saved model knows"
    )]
    Reset {
        /// The number asked for.
        asked: u64,
        /// Where the log begins.
        begins: u64,
    },
}

impl From<Step> for LogError {
    fn from(Step { doing, source }: Step) -> Self {
        LogFault::Io { doing, source }.into()
    }
}

impl LogFault {
    /// A step after which the file is unknown.
    pub(super) fn uncertain(Step { doing, source }: Step) -> LogError {
        Self::Uncertain { doing, source }.into()
    }
}

impl LogError {
    /// The same where the file is not to be used on.
    pub(super) fn uncertain(self) -> Self {
        match self.into_fault() {
            LogFault::Io { doing, source } => LogFault::Uncertain { doing, source }.into(),
            other => other.into(),
        }
    }
}
