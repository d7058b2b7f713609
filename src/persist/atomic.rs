//! All or nothing: a file is replaced as a whole, or stays as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::SaveError;
use super::disk::{Disk, DiskFile, Step, System, Target};

/// Names to try before giving up: they collide only with what killed processes left behind.
const TRIES: usize = 64;

/// Writes a file aside and moves it to `path`: readers see the old file or the new one, whole. The
/// new one has the permissions of the old one, if there was one. A link is followed.
///
/// On an error the file written aside is removed. A process that is killed leaves it behind, as
/// `.foldin-*.tmp` in the same directory; [`sweep`] finds it.
pub(super) fn replace<D: Disk, E: From<Step>>(
    disk: &D,
    path: &Path,
    write: impl FnOnce(&mut D::File) -> Result<(), E>,
) -> Result<(), E> {
    let target = disk.target(path)?;
    Aside::written(disk, &target, write)?.place()?;
    Ok(())
}

/// Removes what processes left behind that were killed while they replaced this file. Only for whoever knows that nobody
/// else is at it.
pub(crate) fn sweep(path: &Path) -> Result<(), SaveError> {
    let sweep = || {
        let target = System.target(path)?;
        let prefix = prefix(&target.path);
        let left = |name: &str| name.starts_with(&prefix) && name.ends_with(SUFFIX);
        let failed = Step::of("remove what a killed process left");
        for file in fs::read_dir(&target.directory).map_err(&failed)? {
            let file = file.map_err(&failed)?;
            if file.file_name().to_str().is_some_and(left) {
                fs::remove_file(file.path()).map_err(&failed)?;
            }
        }
        Ok(())
    };
    sweep().map_err(|step: Step| SaveError::from(step).at(path))
}

const SUFFIX: &str = ".tmp";

/// How the names of files begin that are written aside for this one.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default();
    format!(".foldin-{:08x}-", crc32fast::hash(name.as_encoded_bytes()))
}

/// A file written aside, complete and synced, that waits to be moved to its name; removed unless it is.
pub(super) struct Aside<'a, D: Disk> {
    file: D::File,
    name: Name<'a, D>,
    target: &'a Target,
}

impl<'a, D: Disk> Aside<'a, D> {
    /// Writes it. On an error nothing has changed.
    pub(super) fn written<E: From<Step>>(
        disk: &'a D,
        target: &'a Target,
        write: impl FnOnce(&mut D::File) -> Result<(), E>,
    ) -> Result<Self, E> {
        let (mut file, name) = Name::create(disk, target)?;
        write(&mut file)?;
        if let Some(permissions) = &target.permissions {
            file.set_permissions(permissions.clone()).map_err(Step::of("set the permissions"))?;
        }
        file.sync_all().map_err(Step::of("sync the file"))?;
        Ok(Self { file, name, target })
    }

    /// Moves it to its name and hands it out. On an error the name stands for the old file or the new one.
    pub(super) fn place(self) -> Result<D::File, Step> {
        let disk = self.name.disk;
        self.name.rename(&self.target.path).map_err(Step::of("move it into place"))?;
        disk.sync_directory(&self.target.directory).map_err(Step::of("sync the directory"))?;
        Ok(self.file)
    }
}

/// The name of a file written aside, removed unless it is renamed.
struct Name<'a, D: Disk> {
    disk: &'a D,
    path: Option<PathBuf>,
}

impl<'a, D: Disk> Name<'a, D> {
    fn create(disk: &'a D, target: &Target) -> Result<(D::File, Self), Step> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = Step::of("create a file");
        let prefix = prefix(&target.path);
        for _ in 0..TRIES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = target.directory.join(format!("{prefix}{}-{number}{SUFFIX}", std::process::id()));
            match disk.create_new(&path) {
                Ok(file) => return Ok((file, Self { disk, path: Some(path) })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "too many `.foldin-*.tmp` left behind")))
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.disk.rename(path, to)?;
        }
        self.path = None;
        Ok(())
    }
}

impl<D: Disk> Drop for Name<'_, D> {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing is lost if this fails: the error that led here is the one to report.
            let _ = self.disk.remove(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;

    use super::*;
    use crate::persist::disk::System;
    use crate::persist::disk::memory::{Fault, Memory};
    use crate::persist::{SaveError, SaveFault};

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
            let error: SaveError = replace(&System, &path, full).unwrap_err();
            assert!(matches!(error.fault(), SaveFault::Io { doing: "write", .. }));
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
            assert_eq!(names(directory.path()), ["model"]);
        }
    }

    #[test]
    fn what_killed_processes_left_is_stepped_over() {
        let directory = tempfile::tempdir().unwrap();
        let target = System.target(&directory.path().join("model")).unwrap();
        let first = Name::create(&System, &target).unwrap();
        let second = Name::create(&System, &target).unwrap();
        assert_ne!(first.1.path, second.1.path);
        assert_eq!(names(directory.path()).len(), 2);
        drop((first, second));
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn what_killed_processes_left_of_one_file_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        for name in ["model", "model.log"] {
            fs::write(path(name), name).unwrap();
            for _ in 0..3 {
                let (_, left) = Name::create(&System, &System.target(&path(name)).unwrap()).unwrap();
                std::mem::forget(left);
            }
        }
        assert_eq!(names(directory.path()).len(), 8);
        sweep(&path("model")).unwrap();
        assert_eq!(names(directory.path()).len(), 5);
        sweep(&path("model.log")).unwrap();
        let mut left = names(directory.path());
        left.sort_unstable();
        assert_eq!(left, ["model", "model.log"]);
        sweep(&path("gone")).unwrap();
        assert!(sweep(&path("nowhere").join("model")).is_err());
    }

    fn save(disk: &Memory, text: &str) -> Result<(), SaveError> {
        let write = |file: &mut <Memory as Disk>::File| {
            let (first, second) = text.as_bytes().split_at(text.len() / 2);
            let written = file.write_all(first).and_then(|()| file.write_all(second));
            written.map_err(SaveFault::io("write"))
        };
        replace(disk, Path::new("model"), write)
    }

    /// A disk with a model that lasts, and how many calls replacing it takes.
    fn saved() -> (Memory, usize) {
        let disk = Memory::default();
        save(&disk, "the old model").unwrap();
        let before = disk.calls();
        save(&disk, "the old model").unwrap();
        let calls = disk.calls() - before;
        (disk, calls)
    }

    #[test]
    fn whatever_fails_the_file_is_the_old_one_or_the_new_one() {
        let (_, calls) = saved();
        assert!(calls >= 6, "{calls}");
        for fault in Fault::ALL {
            for call in 0..calls {
                let (disk, _) = saved();
                disk.fail(disk.calls() + call, fault);
                let result = save(&disk, "the new one, which is longer");
                disk.mend();
                let text = disk.content("model").unwrap();
                if result.is_ok() {
                    assert_eq!(text, b"the new one, which is longer", "{fault:?} at {call}");
                } else {
                    assert!(text == b"the old model" || text == b"the new one, which is longer");
                }
                save(&disk, "and it goes on").unwrap();
                assert_eq!(disk.content("model").unwrap(), b"and it goes on");
            }
        }
    }

    #[test]
    fn whenever_the_power_goes_the_file_is_the_old_one_or_the_new_one() {
        let (_, calls) = saved();
        for call in 0..=calls {
            for seed in 0..200 {
                let (disk, _) = saved();
                disk.fail(disk.calls() + call, Fault::Power);
                let result = save(&disk, "the new one, which is longer");
                assert_eq!(result.is_ok(), call == calls);
                disk.power_cut(seed);
                let text = disk.content("model").unwrap();
                let new = text == b"the new one, which is longer";
                assert!(new || (result.is_err() && text == b"the old model"), "{call}: {text:?}");
            }
        }
    }
}
