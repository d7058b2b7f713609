//! A file seen as memory: the one place outside the kernel's instruction sets that needs `unsafe`.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::Plain;

/// A whole file, for reading. It stays open, whatever happens to its name, until the last piece is dropped.
#[derive(Debug)]
pub(crate) struct Map(memmap2::Mmap);

impl Map {
    /// Maps a file; no byte of it is read.
    #[allow(unsafe_code)]
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the map is a shared slice of bytes that must not change while it lives. This library never writes
        // into a file that has a model's name: it replaces it by another one (`persist/atomic`). That nobody else writes
        // into it, or cuts it, is what `persist::map` asks of its callers, whose word is all there can be: no system we
        // run on can forbid it. Where it is broken all the same, bytes are only ever read as numbers of which every
        // pattern is one, and each is bounded where it is used; a page that is gone ends the process (SIGBUS).
        unsafe { memmap2::Mmap::map(file) }.map(Self)
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Numbers in a map.
#[derive(Debug)]
pub(super) struct Piece<T> {
    map: Arc<Map>,
    bytes: Range<usize>,
    of: PhantomData<T>,
}

impl<T: Plain> Piece<T> {
    /// These bytes, if they are in the map and can be seen as numbers.
    pub(super) fn new(map: &Arc<Map>, bytes: Range<usize>) -> Option<Self> {
        T::cast(map.get(bytes.clone())?)?;
        Some(Self { map: Arc::clone(map), bytes, of: PhantomData })
    }
}

impl<T> Clone for Piece<T> {
    fn clone(&self) -> Self {
        Self { map: Arc::clone(&self.map), bytes: self.bytes.clone(), of: PhantomData }
    }
}

impl<T: Plain> Deref for Piece<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // Neither fails: it did not when the piece was made.
        self.map.get(self.bytes.clone()).and_then(T::cast).unwrap_or_default()
    }
}
