//! Numbers of a model: in memory, or where they lie in a mapped file?
//!
//! *Knows*: bytes, and a map of a file. *Does not know*: what the numbers mean, or whether they are sound.
//! *Cost*: a look at a mapped number may read a page of the file; the first change copies them all into memory.
//! *Fails* never: what is not there is an empty slice.

#[cfg(feature = "mmap")]
mod map;

use std::fmt;
use std::ops::Deref;

#[cfg(feature = "mmap")]
pub(crate) use map::Map;

/// A number that can be used where it lies in a file: every pattern of its bytes is one, and it is stored as it is
/// in the memory of a little-endian machine. `u8`, `u32`, `u64`, `i64`, `f32`, `f64`, [`UserIx`](crate::data::UserIx)
/// and [`ItemIx`](crate::data::ItemIx) are.
pub trait Plain: sealed::Cast {}

mod sealed {
    /// Bytes seen as numbers.
    pub trait Cast: Copy + 'static {
        /// The numbers in these bytes; none where the bytes begin at an odd place or end in the middle of a number.
        #[cfg(feature = "mmap")]
        fn cast(bytes: &[u8]) -> Option<&[Self]>;
    }
}

pub(crate) use sealed::Cast;

macro_rules! plain {
    ($($t:ty)*) => {$(
        impl $crate::numbers::Cast for $t {
            #[cfg(feature = "mmap")]
            #[inline]
            fn cast(bytes: &[u8]) -> Option<&[Self]> {
                bytemuck::try_cast_slice(bytes).ok()
            }
        }

        impl $crate::numbers::Plain for $t {}
    )*};
}

pub(crate) use plain;

plain!(u8 u32 u64 i64 f32 f64);

/// Many numbers in a row: a vector, or a piece of a mapped file that they keep open. Either is read as a slice; a piece
/// becomes a vector when it is first changed.
///
/// A clone of a piece is the same piece, a clone of a vector is another vector.
#[derive(Clone)]
pub struct Numbers<T> {
    store: Store<T>,
}

#[derive(Clone)]
enum Store<T> {
    Owned(Vec<T>),
    #[cfg(feature = "mmap")]
    Mapped(map::Piece<T>),
}

impl<T: Plain> Numbers<T> {
    /// These bytes of a map, if they are whole numbers that can be used where they lie.
    #[cfg(feature = "mmap")]
    pub(crate) fn of_map(map: &std::sync::Arc<Map>, bytes: std::ops::Range<usize>) -> Option<Self> {
        map::Piece::new(map, bytes).map(|piece| Self { store: Store::Mapped(piece) })
    }

    /// Whether they are a piece of a mapped file, whose numbers nobody may have looked at yet.
    pub fn is_mapped(&self) -> bool {
        match &self.store {
            Store::Owned(_) => false,
            #[cfg(feature = "mmap")]
            Store::Mapped(_) => true,
        }
    }

    /// The numbers to be changed. A piece of a file is copied first, which reads all of it; the file stays as it is.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        #[cfg(feature = "mmap")]
        if let Store::Mapped(piece) = &self.store {
            self.store = Store::Owned(piece.to_vec());
        }
        match &mut self.store {
            Store::Owned(numbers) => numbers,
            #[cfg(feature = "mmap")]
            Store::Mapped(_) => unreachable!("it has just become a vector"),
        }
    }
}

impl<T> From<Vec<T>> for Numbers<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self { store: Store::Owned(numbers) }
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Plain> Deref for Numbers<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.store {
            Store::Owned(numbers) => numbers,
            #[cfg(feature = "mmap")]
            Store::Mapped(piece) => piece,
        }
    }
}

impl<T: Plain + PartialEq> PartialEq for Numbers<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for Numbers<T> {
    /// Without the numbers of a mapped file, which may be larger than memory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_mapped() {
            true => write!(f, "[{} mapped]", self.len()),
            false => (**self).fmt(f),
        }
    }
}

/// As a sequence of the numbers.
#[cfg(feature = "serde")]
impl<T: Plain + serde::Serialize> serde::Serialize for Numbers<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Numbers<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}
