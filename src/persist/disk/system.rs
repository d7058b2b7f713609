//! The disk of the system.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::path::Path;

use super::{Disk, DiskFile, Step, Target};

/// Whatever `std::fs` reaches.
#[derive(Clone, Copy, Debug)]
pub(in crate::persist) struct System;

impl Disk for System {
    type File = File;
    type Lock = File;

    fn target(&self, path: &Path) -> Result<Target, Step> {
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => fs::canonicalize(path).map_err(Step::of("follow the link"))?,
            _ => path.to_owned(),
        };
        let permissions = match fs::metadata(&path) {
            Ok(found) if found.is_file() => Some(found.permissions()),
            // Renaming would put a file where a device was.
            Ok(_) => {
                let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
                return Err(Step { doing: "replace it", source });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Step { doing: "look at it", source }),
        };
        Ok(Target::new(path, permissions))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    fn lock(&self, path: &Path) -> Result<File, TryLockError> {
        let options = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = options.map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    /// Other systems cannot open a directory to sync it.
    #[cfg(not(unix))]
    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for File {
    fn set_len(&mut self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }

    fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()> {
        File::set_permissions(self, permissions)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&mut self) -> io::Result<()> {
        File::sync_all(self)
    }
}
