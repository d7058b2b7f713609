//! A disk in memory for tests. Any call can be made to fail, to do half of its work or to be the last
//! before the power goes; what was not synced is then there, is not there, or is there in part and out
//! of order.

mod file;
mod inode;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::inode::Inode;
pub(in crate::persist) use self::{file::MemoryFile, inode::BLOCK};
use super::{Disk, Step, Target};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::persist) enum Fault {
    /// It does nothing and says so.
    Refuse,
    /// It does half of a write or a sync, or all of anything else, and says that it failed.
    Half,
    /// It does all of its work and says that it failed.
    Late,
    /// It reads or writes less than it was asked to, which is not an error.
    Short,
    /// It and every later one do nothing.
    Dead,
    /// It writes a part of what it was asked to; from then on nothing grows.
    Full,
    /// The power goes while it runs.
    Power,
}

impl Fault {
    /// Those after which the process lives on.
    pub(in crate::persist) const ALL: [Self; 6] =
        [Self::Refuse, Self::Half, Self::Late, Self::Short, Self::Dead, Self::Full];
}

#[derive(Clone, Default)]
pub(in crate::persist) struct Memory(Rc<RefCell<State>>);

type Names = BTreeMap<PathBuf, usize>;

#[derive(Default)]
struct State {
    calls: usize,
    fault: Option<(usize, Fault)>,
    off: bool,
    files: Vec<Inode>,
    /// What the directory was when it was last synced, and has been since; the last is what is seen.
    names: Vec<Names>,
    locks: BTreeSet<PathBuf>,
}

/// What a call may do.
#[derive(Clone, Copy)]
struct Leave {
    part: bool,
    fails: bool,
}

impl Leave {
    fn to<T>(self, done: T) -> io::Result<T> {
        if self.fails { Err(io::Error::other("told to fail")) } else { Ok(done) }
    }

    /// How many of `n` bytes to move.
    fn of(self, n: usize) -> usize {
        if self.part { n.div_ceil(2) } else { n }
    }
}

impl State {
    fn begin(&mut self, grows: bool) -> io::Result<Leave> {
        let call = self.calls;
        self.calls += 1;
        let refused = || Err(io::Error::other("told to fail"));
        let leave = |part, fails| Ok(Leave { part, fails });
        if self.off {
            return refused();
        }
        match self.fault {
            Some((at, Fault::Dead)) if call >= at => refused(),
            Some((at, Fault::Full)) if call > at && grows => Err(io::ErrorKind::StorageFull.into()),
            Some((at, fault)) if call == at => match fault {
                Fault::Refuse | Fault::Dead => refused(),
                Fault::Half => leave(true, true),
                Fault::Late => leave(false, true),
                Fault::Short | Fault::Full => leave(true, false),
                Fault::Power => {
                    self.off = true;
                    leave(false, true)
                }
            },
            _ => leave(false, false),
        }
    }

    fn names(&self) -> Names {
        self.names.last().cloned().unwrap_or_default()
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names().get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Changes the directory.
    fn name(&mut self, change: impl FnOnce(&mut Names)) {
        let mut names = self.names();
        change(&mut names);
        if self.names.is_empty() {
            self.names.push(Names::new());
        }
        self.names.push(names);
    }
}

impl Memory {
    /// How many calls were made.
    pub(in crate::persist) fn calls(&self) -> usize {
        self.0.borrow().calls
    }

    /// From now on the call of this number fails.
    pub(in crate::persist) fn fail(&self, call: usize, fault: Fault) {
        self.0.borrow_mut().fault = Some((call, fault));
    }

    /// Nothing fails any more.
    pub(in crate::persist) fn mend(&self) {
        self.0.borrow_mut().fault = None;
    }

    /// The power goes and comes back; whatever had files open must be gone.
    pub(in crate::persist) fn power_cut(&self, seed: u64) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let state = &mut *self.0.borrow_mut();
        (state.off, state.fault) = (false, None);
        assert!(state.locks.is_empty(), "somebody still has a lock");
        if !state.names.is_empty() {
            let pick = rng.random_range(0..state.names.len());
            state.names = vec![state.names.swap_remove(pick)];
        }
        for file in &mut state.files {
            file.power_cut(&mut rng);
        }
    }

    pub(in crate::persist) fn content(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.0.borrow();
        let inode = *state.names().get(Path::new(path))?;
        Some(state.files[inode].now.clone())
    }

    /// A file that lasts, with this in it.
    pub(in crate::persist) fn put(&self, path: &str, bytes: &[u8]) {
        let state = &mut *self.0.borrow_mut();
        let inode = state.files.len();
        state.files.push(Inode::lasting(bytes.to_vec()));
        state.name(|names| {
            names.insert(path.into(), inode);
        });
        state.names = vec![state.names()];
    }

    fn file(&self, inode: usize) -> MemoryFile {
        MemoryFile { disk: self.clone(), inode, at: 0 }
    }
}

impl Disk for Memory {
    type File = MemoryFile;
    type Lock = MemoryLock;

    fn target(&self, path: &Path) -> Result<Target, Step> {
        Ok(Target::new(path.to_owned(), None))
    }

    fn open(&self, path: &Path) -> io::Result<MemoryFile> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(false)?;
        let inode = state.find(path)?;
        leave.to(self.file(inode))
    }

    fn create_new(&self, path: &Path) -> io::Result<MemoryFile> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(true)?;
        if state.find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(Inode::default());
        state.name(|names| {
            names.insert(path.to_owned(), inode);
        });
        leave.to(self.file(inode))
    }

    fn lock(&self, path: &Path) -> Result<MemoryLock, TryLockError> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(false).map_err(TryLockError::Error)?;
        leave.to(()).map_err(TryLockError::Error)?;
        if !state.locks.insert(path.to_owned()) {
            return Err(TryLockError::WouldBlock);
        }
        Ok(MemoryLock { disk: self.clone(), path: path.to_owned() })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(false)?;
        let inode = state.find(from)?;
        state.name(|names| {
            names.remove(from);
            names.insert(to.to_owned(), inode);
        });
        leave.to(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(false)?;
        state.find(path)?;
        state.name(|names| {
            names.remove(path);
        });
        leave.to(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let state = &mut *self.0.borrow_mut();
        let leave = state.begin(false)?;
        if !leave.fails {
            state.names = vec![state.names()];
        }
        leave.to(())
    }
}

pub(in crate::persist) struct MemoryLock {
    disk: Memory,
    path: PathBuf,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.disk.0.borrow_mut().locks.remove(&self.path);
    }
}
