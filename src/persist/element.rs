//! The numbers a section may hold, and their bytes.

use std::fmt;

use crate::data::{ItemIx, UserIx};

/// The type of a section's entries. All are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ElementType {
    /// Bytes, such as UTF-8 text.
    U8,
    /// 32-bit unsigned integers.
    U32,
    /// 64-bit unsigned integers.
    U64,
    /// 64-bit signed integers.
    I64,
    /// Single precision, finite.
    F32,
    /// Double precision, finite.
    F64,
}

impl ElementType {
    /// Every type, with the code and the size (bytes) that stand in `docs/format.md`.
    pub(super) const ALL: [(Self, u32, usize, &'static str); 6] = [
        (Self::U8, 1, 1, "u8"),
        (Self::U32, 2, 4, "u32"),
        (Self::U64, 3, 8, "u64"),
        (Self::I64, 4, 8, "i64"),
        (Self::F32, 5, 4, "f32"),
        (Self::F64, 6, 8, "f64"),
    ];

    fn row(self) -> (Self, u32, usize, &'static str) {
        Self::ALL[self as usize]
    }

    pub(super) fn code(self) -> u32 {
        self.row().1
    }

    pub(super) fn from_code(code: u32) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// Bytes of one entry.
    pub fn size(self) -> usize {
        self.row().2
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().3)
    }
}

mod sealed {
    /// Slices of numbers to bytes and back, a copy on a little-endian machine.
    pub trait Bytes: Copy {
        /// Writes the numbers; `out` has exactly their size.
        fn encode(values: &[Self], out: &mut [u8]);
        /// Reads them back; what does not make up a whole number is left.
        fn decode(bytes: &[u8]) -> Vec<Self>;
        /// Whether it may stand in a file.
        fn is_sound(self) -> bool;
    }
}

pub(super) use sealed::Bytes;

/// A number that a section can hold: `u8`, `u32`, `u64`, `i64`, `f32`, `f64` as they are, [`UserIx`]
/// and [`ItemIx`] as `u32`, `usize` as `u64`. Floats must be finite, on the way out and on the way in.
pub trait Element: Bytes + fmt::Debug + Send + Sync + 'static {
    /// What stands in the file.
    const TYPE: ElementType;
}

/// `$stored` is what stands in the file for a `$t`.
macro_rules! element {
    ($t:ty, $stored:ty, $type:ident, $to:expr, $from:expr, $sound:expr) => {
        impl Bytes for $t {
            fn encode(values: &[Self], out: &mut [u8]) {
                let to: fn($t) -> $stored = $to;
                let (out, _) = out.as_chunks_mut();
                for (value, bytes) in values.iter().zip(out) {
                    *bytes = to(*value).to_le_bytes();
                }
            }

            fn decode(bytes: &[u8]) -> Vec<Self> {
                let from: fn($stored) -> $t = $from;
                let (bytes, _) = bytes.as_chunks();
                bytes.iter().map(|bytes| from(<$stored>::from_le_bytes(*bytes))).collect()
            }

            #[inline]
            fn is_sound(self) -> bool {
                let sound: fn($t) -> bool = $sound;
                sound(self)
            }
        }

        impl Element for $t {
            const TYPE: ElementType = ElementType::$type;
        }
    };
    ($t:ty, $type:ident, $sound:expr) => {
        element!($t, $t, $type, |value| value, |stored| stored, $sound);
    };
}

element!(u8, U8, |_| true);
element!(u32, U32, |_| true);
element!(u64, U64, |_| true);
element!(i64, I64, |_| true);
element!(f32, F32, f32::is_finite);
element!(f64, F64, f64::is_finite);
element!(UserIx, u32, U32, UserIx::get, UserIx::new, |_| true);
element!(ItemIx, u32, U32, ItemIx::get, ItemIx::new, |_| true);
// A position that this machine cannot address becomes `usize::MAX`, which is refused.
element!(
    usize,
    u64,
    U64,
    |value| value as u64,
    |stored| usize::try_from(stored).unwrap_or(usize::MAX),
    |value| value != usize::MAX
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_stands_at_its_own_place() {
        for (at, row) in ElementType::ALL.into_iter().enumerate() {
            assert_eq!(row.0 as usize, at);
            assert_eq!(ElementType::from_code(row.1), Some(row.0));
        }
        assert_eq!(ElementType::from_code(0), None);
        assert_eq!(ElementType::from_code(7), None);
    }

    fn round_trip<T: Element + PartialEq>(value: T, bytes: &[u8]) {
        let mut out = vec![0; 2 * T::TYPE.size()];
        T::encode(&[value, value], &mut out);
        assert_eq!(out, [bytes, bytes].concat());
        assert_eq!(T::decode(&out), [value, value]);
    }

    #[test]
    fn bytes_are_little_endian() {
        round_trip(7u8, &[7]);
        round_trip(0x0102_0304u32, &[4, 3, 2, 1]);
        round_trip(UserIx::new(5), &[5, 0, 0, 0]);
        round_trip(ItemIx::new(5), &[5, 0, 0, 0]);
        round_trip(258usize, &[2, 1, 0, 0, 0, 0, 0, 0]);
        round_trip(u64::MAX - 1, &[254, 255, 255, 255, 255, 255, 255, 255]);
        round_trip(-2i64, &[254, 255, 255, 255, 255, 255, 255, 255]);
        round_trip(1.5f32, &[0, 0, 0xc0, 0x3f]);
        round_trip(-2.0f64, &[0, 0, 0, 0, 0, 0, 0, 0xc0]);
    }
}
