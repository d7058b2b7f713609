//! Where the bytes of a reader are: in memory, where all were read, or in a map, where none need be.

#[cfg(feature = "mmap")]
use std::sync::Arc;

use super::format::Entry;
use super::{Numbers, Plain};
#[cfg(feature = "mmap")]
use crate::numbers::Map;

#[derive(Debug)]
pub(super) enum Origin {
    Memory,
    /// The map, and whether what stays in it is to be read and checked all the same.
    #[cfg(feature = "mmap")]
    Map(Arc<Map>, bool),
}

impl Origin {
    pub(super) fn is_map(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    pub(super) fn is_checked(&self) -> bool {
        match self {
            Self::Memory => true,
            #[cfg(feature = "mmap")]
            Self::Map(_, checked) => *checked,
        }
    }

    /// The numbers of a section where they lie, if that is in a map and as this machine has them.
    #[cfg_attr(not(feature = "mmap"), expect(unused_variables, reason = "there is no map"))]
    pub(super) fn piece<T: Plain>(&self, entry: &Entry) -> Option<Numbers<T>> {
        match self {
            Self::Memory => None,
            #[cfg(feature = "mmap")]
            Self::Map(..) if cfg!(target_endian = "big") => None,
            #[cfg(feature = "mmap")]
            Self::Map(map, _) => Numbers::of_map(map, entry.offset as usize..entry.end() as usize),
        }
    }
}
