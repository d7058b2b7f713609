//! All or nothing: a file is replaced as a whole, or stays as it was.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{SaveError, SaveFault};

/// Names to try before giving up: they collide only with what killed processes left behind.
const TRIES: usize = 64;

/// Writes a file aside and moves it to `path`: readers see the old file or the new one, whole. The
/// new one has the permissions of the old one, if there was one. A link is followed.
///
/// On an error the file written aside is removed. A process that is killed leaves it behind, as
/// `.foldin-*.tmp` in the same directory.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), SaveError>,
) -> Result<(), SaveError> {
    let target = Target::find(path)?;
    let mut aside = Aside::create(&target.directory)?;
    write(&mut aside.file)?;
    if let Some(permissions) = target.permissions {
        aside.file.set_permissions(permissions).map_err(SaveFault::io("set the permissions"))?;
    }
    aside.file.sync_all().map_err(SaveFault::io("sync the file"))?;
    aside.rename(&target.path)?;
    sync_directory(&target.directory).map_err(SaveFault::io("sync the directory"))
}

/// What is to be replaced.
struct Target {
    path: PathBuf,
    directory: PathBuf,
    permissions: Option<fs::Permissions>,
}

impl Target {
    fn find(path: &Path) -> Result<Self, SaveError> {
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => {
                fs::canonicalize(path).map_err(SaveFault::io("follow the link"))?
            }
            _ => path.to_owned(),
        };
        let permissions = match fs::metadata(&path) {
            Ok(found) if found.is_file() => Some(found.permissions()),
            // Renaming would put a file where a device was.
            Ok(_) => {
                let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
                return Err(SaveFault::Io { doing: "replace it", source }.into());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(SaveFault::Io { doing: "look at it", source }.into()),
        };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = parent.unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path, directory, permissions })
    }
}

/// A file written aside, removed unless it is renamed.
struct Aside {
    file: File,
    path: Option<PathBuf>,
}

impl Aside {
    fn create(directory: &Path) -> Result<Self, SaveError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = SaveFault::io("create a file");
        for _ in 0..TRIES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = directory.join(format!(".foldin-{}-{number}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path: Some(path) }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "too many `.foldin-*.tmp` left behind")))
    }

    fn rename(mut self, to: &Path) -> Result<(), SaveError> {
        if let Some(path) = &self.path {
            fs::rename(path, to).map_err(SaveFault::io("move it into place"))?;
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing is lost if this fails: the error that led here is the one to report.
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the new name last through a power cut.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Other systems cannot open a directory to sync it.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(directory).unwrap().map(name).collect()
    }

    #[test]
    fn a_failure_after_any_number_of_bytes_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model");
        fs::write(&path, "old").unwrap();
        for n in 0..20 {
            let full = |file: &mut File| {
                file.write_all(&vec![7; n]).map_err(SaveFault::io("write"))?;
                Err(SaveFault::Io { doing: "write", source: io::ErrorKind::StorageFull.into() }.into())
            };
            let error = replace(&path, full).unwrap_err();
            assert!(matches!(error.fault(), SaveFault::Io { doing: "write", .. }));
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
            assert_eq!(names(directory.path()), ["model"]);
        }
    }

    #[test]
    fn what_killed_processes_left_is_stepped_over() {
        let directory = tempfile::tempdir().unwrap();
        let first = Aside::create(directory.path()).unwrap();
        let second = Aside::create(directory.path()).unwrap();
        assert_ne!(first.path, second.path);
        assert_eq!(names(directory.path()).len(), 2);
        drop((first, second));
        assert!(names(directory.path()).is_empty());
    }
}
