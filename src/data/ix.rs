//! Dense indices of users and items: two types, so that transposing them does not compile.

use std::fmt;

use crate::numbers::plain;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        #[cfg_attr(feature = "mmap", derive(bytemuck::AnyBitPattern))]
        #[repr(transparent)]
        pub struct $name(u32);

        impl $name {
            #[doc = concat!("The ", $noun, " in row `index`, counted from 0.")]
            #[inline]
            pub const fn new(index: u32) -> Self {
                Self(index)
            }

            /// The number itself.
            #[inline]
            pub const fn get(self) -> u32 {
                self.0
            }

            /// The number as a position in a slice.
            #[inline]
            pub const fn ix(self) -> usize {
                self.0 as usize
            }
        }

        plain!($name);

        impl From<$name> for usize {
            #[inline]
            fn from(ix: $name) -> usize {
                ix.ix()
            }
        }

        impl From<u32> for $name {
            #[inline]
            fn from(index: u32) -> Self {
                Self(index)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}#{}", $noun, self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", $noun, self.0)
            }
        }
    };
}

index! {
    /// Dense index of a user: row `UserIx` of everything that has a row per user.
    UserIx, "user"
}
index! {
    /// Dense index of an item: row `ItemIx` of everything that has a row per item.
    ItemIx, "item"
}
