//! Which rows may have a product of at least t with x? One byte a coordinate, and no row is ever lost.
//!
//! A [`Sieve`] holds rows (y, b) as bytes. For questions x with a threshold t each it finds every row whose product
//! `x.y + b + offset`, *as computed in single precision in any order of summation*, may reach t, and few others. Who asks
//! computes those few products exactly: the answer is the answer of all products, at a quarter of the memory traffic
//! and, where the machine multiplies bytes, a quarter of the multiply-adds.
//!
//! # Why no row is lost
//!
//! A bias is a coordinate like any other: y' = (y, b/c, .. m times) and x' = (x, c/m, .. m times) have the product
//! x'.y' = x.y + b, for any c. Rows are sorted and cut into groups of [`GROUP`]; a group has one scale s, a question has
//! one scale r, and bytes p, q stand for the vectors y^ = s p and x^ = r q. With Cauchy and Schwarz
//!
//! ```text
//! |x'.y' - x^.y^|  =  |(x' - x^).y' + x^.(y' - y^)|  <=  |x' - x^| |y'| + |x^| |y' - y^|
//! ```
//!
//! where the lengths on the right side are computed, not estimated: those of the question when it is [aimed](Sieve::aim),
//! the largest ones of each group when it is packed. The sum of products of bytes is exact in 32 bits, for up to
//! [`MOST`] coordinates. In single precision with unit roundoff u = 2^-24 the product of D coordinates, in any order,
//! fused or not, with bias and offset added in any order, is off by at most gamma (|x||y| + |b| + |offset|) and the
//! underflow of each operation, gamma = (D + 4) u / (1 - (D + 4) u) (Higham 2002, section 3.1). [`ROUNDING`] takes twice
//! that. It holds as long as nothing overflows: where |x||y| + |b| + |offset| could exceed [`SAFE`], and for questions that
//! are not finite, every row of the group is found; rows that are not finite are [kept apart](Sieve::wild) and always found.
//! So with E the sum of the bounds
//!
//! ```text
//! computed product >= t   implies   r s (p.q) >= t - offset - E   implies   p.q >= T,   T an integer
//! ```
//!
//! Lengths and bounds are computed in double precision and enlarged by [`SLACK`], which is more than their own rounding
//! by orders of magnitude; T is lowered by one whole unit on top. A group none of whose rows can reach t by length alone,
//! |x||y| + b + offset + E < t, is not looked at.
//!
//! For cosines the same with t |x| |y| in the place of t, the shortest row of the group for |y| where t > 0, the longest
//! where t < 0. Equal products survive equally: ties are the business of who asks.
//!
//! # Cost
//!
//! One byte a coordinate, 4 a row (8 once one has changed) and 104 a group; up to half as much again after many changes. In
//! the batch, 14 questions stay in registers against 32 rows at a time: T is subtracted before the sum begins, so that a
//! survivor is a sum that is not negative, and a tile without one, nearly every tile, costs one `and` per vector of sums
//! beside its products.

mod aim;
mod follow;
mod pack;
mod regroup;
mod sift;
#[cfg(test)]
mod tests;

pub(crate) use aim::{Kind, Tile};
pub(crate) use sift::Found;

use super::simd::bytes::ByteLevel;
use pack::Packed;

/// Rows that share a scale, a bound and a threshold. A multiple of the lanes of every machine times the widest tile.
pub(crate) const GROUP: usize = 128;

/// The largest number of coordinates, biases included, whose products of bytes cannot overflow 30 bits:
/// `65,536 * 127 * 127 < 2^30`.
pub(crate) const MOST: usize = 1 << 16;

/// Bound of the rounding of a product in single precision, per coordinate and unit of |x||y| + |b| + |offset|.
const ROUNDING: f64 = 1.0 / (1 << 23) as f64;

/// What underflow can add to it over all coordinates: 65,540 times half the least denormal, and more.
const UNDERFLOW: f64 = f32::MIN_POSITIVE as f64;

/// No sum of numbers whose sizes add up to less overflows.
const SAFE: f64 = 1e37;

/// What lengths and bounds are enlarged by, relatively.
const SLACK: f64 = 1e-9;

/// Rows as bytes, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Sieve {
    machine: ByteLevel,
    /// Coordinates of a row, without the bias.
    width: usize,
    /// Coordinates that hold the bias; 0 where there are none.
    copies: usize,
    /// What the bias was divided by.
    unit: f64,
    /// The largest bias in size.
    bias_size: f64,
    packed: Packed,
    /// The most promising first.
    groups: Vec<Group>,
    /// The row at each place; [`NONE`] where it was and is no more.
    order: Vec<u32>,
    /// Rows in no group, ascending.
    wild: Vec<u32>,
    /// The place of each row, [`NONE`] for those in no group; empty as long as no row has changed.
    places: Vec<u32>,
    /// The group whose rows are in each block; empty as long as no row has changed.
    owners: Vec<u32>,
    /// How many of the wild rows have left their groups or come since.
    strays: usize,
}

/// No row, and no place.
const NONE: u32 = u32::MAX;

/// What the rows of a group have in common.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// Where its bytes are: the places of its rows begin at so many times [`GROUP`].
    block: usize,
    /// One over the scale, s.
    inverse: f64,
    /// The longest y' - y^.
    error: f64,
    /// The longest y'.
    reach: f64,
    /// The longest y.
    longest: f64,
    /// The shortest y.
    shortest: f64,
    /// The largest b.
    bias: f64,
    /// The largest |b|.
    bias_size: f64,
    /// The longest y of this and all later groups.
    longest_left: f64,
    /// The largest b of this and all later groups.
    bias_left: f64,
    room: Room,
}

/// What a row may become and stay in its group, so that groups stay what they were sorted for.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    longest: f64,
    shortest: f64,
    bias: f64,
}

impl Sieve {
    /// Coordinates of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How many groups there are; the most promising come first.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Rows that are in no group, ascending: those that hold NaN or infinity, and those that
    /// [strayed](Self::follow). They are always found.
    pub(crate) fn wild(&self) -> &[u32] {
        &self.wild
    }

    /// The row at the place found, unless the place only fills the last group.
    #[inline]
    pub(crate) fn row(&self, found: Found) -> Option<u32> {
        self.order.get(found.place as usize).copied().filter(|&row| row != NONE)
    }
}
