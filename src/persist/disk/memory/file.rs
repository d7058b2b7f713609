//! An open file of the disk in memory.

use std::fs::Permissions;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::Memory;
use crate::persist::disk::DiskFile;

pub(in crate::persist) struct MemoryFile {
    pub(super) disk: Memory,
    pub(super) inode: usize,
    pub(super) at: usize,
}

impl MemoryFile {
    fn sync(&mut self) -> io::Result<()> {
        let state = &mut *self.disk.0.borrow_mut();
        let file = self.inode;
        match state.begin(false) {
            Ok(leave) => {
                // With the power gone the blocks are as they come.
                if !state.off {
                    state.files[file].sync(!(leave.part && leave.fails));
                }
                leave.to(())
            }
            Err(error) => {
                if !state.off {
                    state.files[file].sync(false);
                }
                Err(error)
            }
        }
    }
}

impl Read for MemoryFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.disk.0.borrow_mut();
        let leave = state.begin(false)?;
        let rest = state.files[self.inode].now.get(self.at..).unwrap_or_default();
        let n = leave.of(out.len().min(rest.len()));
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        leave.to(n)
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = &mut *self.disk.0.borrow_mut();
        let leave = state.begin(true)?;
        let n = leave.of(bytes.len());
        state.files[self.inode].write(self.at, &bytes[..n]);
        self.at += n;
        leave.to(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = self.disk.0.borrow().files[self.inode].now.len();
        let at = match to {
            SeekFrom::Start(at) => at as i64,
            SeekFrom::End(step) => end as i64 + step,
            SeekFrom::Current(step) => self.at as i64 + step,
        };
        self.at = usize::try_from(at).map_err(io::Error::other)?;
        Ok(at as u64)
    }
}

impl DiskFile for MemoryFile {
    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let state = &mut *self.disk.0.borrow_mut();
        let leave = state.begin(false)?;
        let file = &mut state.files[self.inode];
        file.now.resize(length as usize, 0);
        file.lengths.push(length as usize);
        leave.to(())
    }

    fn set_permissions(&mut self, _: Permissions) -> io::Result<()> {
        unreachable!("no file in memory has permissions")
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync()
    }
}
