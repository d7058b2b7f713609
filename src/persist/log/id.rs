//! Raw ids in a log.

use crate::data::{ItemIx, UserIx};

/// An id that can stand in a log: `String`, `u64`, `u32`, `i64`, [`UserIx`] and [`ItemIx`] can, and so
/// can a type of yours, by the id it is made of:
///
/// ```
/// use foldin::persist::LogId;
///
/// struct Isbn(u64);
///
/// impl LogId for Isbn {
///     const NAME: &'static str = "isbn";
///     fn put(&self, out: &mut Vec<u8>) {
///         self.0.put(out);
///     }
///     fn take(from: &mut &[u8]) -> Option<Self> {
///         u64::take(from).map(Self)
///     }
/// }
/// ```
pub trait LogId: Sized {
    /// The type's name in files, for ever. 1 to 14 characters of `a-z 0-9 . _ -`.
    const NAME: &'static str;

    /// Adds the bytes of the id to `out`.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes the bytes that [`put`](Self::put) made from the beginning of `from`; `None` if there is no
    /// such id. More may stand behind it.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

/// The first `N` bytes.
pub(super) fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*first)
}

/// A number as its little-endian bytes.
macro_rules! number_ids {
    ($($t:ident)*) => {$(
        impl LogId for $t {
            const NAME: &'static str = stringify!($t);

            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                array(from).map(Self::from_le_bytes)
            }
        }
    )*};
}

number_ids!(u32 u64 i64);

/// A dense index as a `u32`.
macro_rules! index_ids {
    ($($t:ident $name:literal)*) => {$(
        impl LogId for $t {
            const NAME: &'static str = $name;

            fn put(&self, out: &mut Vec<u8>) {
                self.get().put(out);
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                u32::take(from).map(Self::new)
            }
        }
    )*};
}

index_ids!(UserIx "user-index" ItemIx "item-index");

impl LogId for String {
    const NAME: &'static str = "string";

    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.len() as u64, out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(take_length(from)?).ok()?;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        str::from_utf8(text).ok().map(str::to_owned)
    }
}

/// Seven bits a byte, the low ones first; the highest bit says that more follow.
fn put_length(mut length: u64, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn take_length(from: &mut &[u8]) -> Option<u64> {
    let mut length = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = array(from)?;
        let bits = u64::from(byte & 0x7f);
        // What does not fit, and a last byte that adds nothing.
        if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
            return None;
        }
        length |= bits << shift;
        if byte < 0x80 {
            return Some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: LogId + PartialEq + std::fmt::Debug>(id: T, bytes: &[u8]) {
        let mut out = Vec::new();
        id.put(&mut out);
        assert_eq!(out, bytes);
        for n in 0..bytes.len() {
            assert_eq!(T::take(&mut &bytes[..n]), None);
        }
        out.push(9);
        let mut from = &out[..];
        assert_eq!(T::take(&mut from), Some(id));
        assert_eq!(from, [9]);
    }

    #[test]
    fn ids_are_the_bytes_of_the_document() {
        round_trip(0x0102_0304u32, &[4, 3, 2, 1]);
        round_trip(UserIx::new(5), &[5, 0, 0, 0]);
        round_trip(ItemIx::new(6), &[6, 0, 0, 0]);
        round_trip(u64::MAX - 1, &[254, 255, 255, 255, 255, 255, 255, 255]);
        round_trip(-2i64, &[254, 255, 255, 255, 255, 255, 255, 255]);
        round_trip(String::new(), &[0]);
        round_trip("ä".to_owned(), &[2, 0xc3, 0xa4]);
        round_trip("x".repeat(300), &[&[0xac, 0x02][..], &[b'x'; 300]].concat());
    }

    #[test]
    fn a_text_is_written_in_one_way_only() {
        let take = |mut bytes: &[u8]| String::take(&mut bytes);
        assert_eq!(take(&[1, 0xff]), None);
        assert_eq!(take(&[0x81, 0x00, b'x']), None);
        assert_eq!(take(&[0xff; 20]), None);
        let huge = |last: u8| [&[0x80; 9][..], &[last]].concat();
        assert_eq!(take_length(&mut &huge(1)[..]), Some(1 << 63));
        assert_eq!(take_length(&mut &huge(2)[..]), None);
    }
}
