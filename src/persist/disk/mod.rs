//! What saving and logging ask of the system. Tests put a disk of their own in its place, whose calls
//! fail where they are told to and whose power can be cut.

#[cfg(test)]
pub(super) mod memory;
mod system;

use std::fs::{Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

pub(super) use system::System;

/// Names and the files behind them.
pub(super) trait Disk {
    /// A file that is open for reading and writing.
    type File: DiskFile;
    /// Excludes others as long as it lives, and not longer than the process.
    type Lock;

    /// Where a path leads: a link is followed, and what is not a file is refused.
    fn target(&self, path: &Path) -> Result<Target, Step>;
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    fn create_new(&self, path: &Path) -> io::Result<Self::File>;
    /// Takes the lock that the file `path` stands for, without waiting; the file is made and stays.
    fn lock(&self, path: &Path) -> Result<Self::Lock, TryLockError>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes names last through a power cut.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// An open file.
pub(super) trait DiskFile: Read + Write + Seek {
    fn set_len(&mut self, length: u64) -> io::Result<()>;
    fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()>;
    /// Makes the bytes, and the length as far as reading needs it, last through a power cut.
    fn sync_data(&mut self) -> io::Result<()>;
    /// The same, with everything that is known of the file.
    fn sync_all(&mut self) -> io::Result<()>;
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub path: PathBuf,
    pub directory: PathBuf,
    /// Those of the file, if there is one.
    pub permissions: Option<Permissions>,
}

impl Target {
    fn new(path: PathBuf, permissions: Option<Permissions>) -> Self {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = parent.unwrap_or(Path::new(".")).to_owned();
        Self { path, directory, permissions }
    }
}

/// A step that the system refused.
#[derive(Debug)]
pub(super) struct Step {
    pub doing: &'static str,
    pub source: io::Error,
}

impl Step {
    /// For `map_err`: the step that failed.
    pub(super) fn of(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self { doing, source }
    }
}
