//! Questions, made ready: bytes, lengths, thresholds.

use super::pack::{ZERO, byte, length, scale};
use super::{Group, ROUNDING, SAFE, SLACK, Sieve, UNDERFLOW};

/// The tallest tile of any machine, in whole vectors of doubles.
pub(super) const TALLEST: usize = 16;

/// Sums of products are smaller than this in size, see [`super::MOST`]: as thresholds, nothing and everything.
const NEVER: f64 = (1 << 30) as f64;

/// Which number of a row is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `x.y + b + offset`.
    #[default]
    Product,
    /// `x.y / (|x| |y|)`, rounded once; 0 where one of the two is zero.
    Cosine,
}

/// A few questions of one kind that go through the rows together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    kind: Kind,
    /// 1, 4 or 14.
    pub(super) height: usize,
    /// Questions so far; beyond them the tile never finds anything.
    pub(super) count: usize,
    /// Word by word the bytes of each question.
    pub(super) words: Vec<i32>,
    /// What the sums of a question begin with beside its threshold: the bytes of rows are 128 too large.
    start: [i32; TALLEST],
    threshold: [f64; TALLEST],
    offset: [f64; TALLEST],
    /// One over the scale, r.
    inverse: [f64; TALLEST],
    /// The length of x' - x^.
    error: [f64; TALLEST],
    /// The length of x^.
    reach: [f64; TALLEST],
    /// The length of x.
    length: [f64; TALLEST],
    /// The bound of the rounding in single precision, per unit of what is added.
    rounding: f64,
}

/// The nearest integer to a number of less than 2^31: a cast that has to mind NaN and overflow is no vector instruction.
#[inline(always)]
fn integer(x: f64) -> i32 {
    // So large that the unit is the last bit.
    const SHIFT: f64 = 1.5 * (1_u64 << 52) as f64;
    (x + SHIFT).to_bits() as i32
}

impl Tile {
    /// How many questions it holds.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// From now on question `at` asks for rows that reach `threshold`.
    #[inline]
    pub(crate) fn raise(&mut self, at: usize, threshold: f32) {
        self.threshold[at] = f64::from(threshold);
    }

    /// What the sums of each question begin with in a group, so that they end below zero where they are below the
    /// threshold; whether any may not.
    #[inline(always)]
    pub(super) fn starts<const R: usize>(&self, group: &Group) -> ([i32; R], bool) {
        let mut starts = [0; R];
        let mut least = NEVER;
        for r in 0..R {
            let threshold = self.limit(r, group);
            least = least.min(threshold);
            starts[r] = self.start[r].wrapping_sub(integer(threshold));
        }
        (starts, least < NEVER)
    }

    /// The sum of bytes that a row of the group must reach.
    #[inline(always)]
    fn limit(&self, r: usize, group: &Group) -> f64 {
        let (x, t) = (self.length[r], self.threshold[r]);
        let size = x * group.longest + group.bias_size + self.offset[r].abs();
        let coarse = self.error[r] * group.reach + self.reach[r] * group.error;
        let fine = self.rounding * size + UNDERFLOW;
        let (target, beyond) = match self.kind {
            Kind::Product => {
                let most = x * group.longest + group.bias + self.offset[r];
                (t - self.offset[r] - SLACK * (t.abs() + size), most + fine < t)
            }
            Kind::Cosine => {
                // The cosine was rounded to single precision.
                let t = t - 1e-6;
                (t * x * if t > 0.0 { group.shortest } else { group.longest }, false)
            }
        };
        let sum = (target - coarse - fine) * (self.inverse[r] * group.inverse) - 1.0;
        // Where a product might overflow, or the sum is not a number, every row is found.
        let sum = if sum > -NEVER { sum.min(NEVER) } else { -NEVER };
        let sum = if beyond { NEVER } else { sum };
        let sum = if size <= SAFE { sum } else { -NEVER };
        if r < self.count { sum } else { NEVER }
    }
}

impl Sieve {
    /// The heights of the tiles for `count` questions, largest first: full ones, then what wastes least.
    pub(crate) fn heights(&self, count: usize) -> impl Iterator<Item = usize> {
        let (_, tallest, _) = self.machine.shape();
        let mut left = count;
        std::iter::from_fn(move || {
            let height = match left {
                0 => return None,
                1 => 1,
                2..=4 => 4,
                5..=8 if tallest > 8 => 4,
                _ => tallest,
            };
            left -= left.min(height);
            Some(height)
        })
    }

    /// Empties a tile for questions of one kind.
    pub(crate) fn set(&self, tile: &mut Tile, kind: Kind, height: usize) {
        tile.kind = kind;
        tile.height = height;
        tile.count = 0;
        tile.words.clear();
        tile.words.resize(height * self.packed.words, 0);
        tile.rounding = ROUNDING * (self.width + 8) as f64;
        tile.start.fill(0);
    }

    /// Asks the next question of a tile that has room: the vector `x`, as wide as the rows, with a constant to add. It
    /// finds every row until a threshold is [set](Tile::raise), and ever after where nothing can be said of its products:
    /// when it is not finite, or of another width.
    pub(crate) fn aim(&self, tile: &mut Tile, x: &[f32], offset: f32) {
        let at = tile.count;
        tile.count += 1;
        let (_, _, finest) = self.machine.shape();
        let finest = f64::from(finest);
        let (copies, share) = match tile.kind {
            Kind::Product => (self.copies, self.unit / self.copies.max(1) as f64),
            Kind::Cosine => (0, 0.0),
        };
        let coordinates = || {
            let factors = x.iter().map(|&x| f64::from(x));
            factors.chain(std::iter::repeat_n(share, copies))
        };
        let largest = coordinates().fold(0.0, |most: f64, x| most.max(x.abs()));
        let scale = scale(largest, finest);
        let inverse = 1.0 / scale;
        let (mut total, mut square, mut left, mut size) = (0_i32, 0.0, 0.0, 0.0);
        for (k, x) in coordinates().enumerate().take(self.packed.words * 4) {
            let byte = byte(x * inverse, finest);
            let rounded = scale * f64::from(byte);
            total += i32::from(byte);
            size += x * x;
            square += rounded * rounded;
            left += (x - rounded) * (x - rounded);
            tile.words[k / 4 * tile.height + at] |= i32::from(byte as u8) << (8 * (k % 4));
        }
        tile.start[at] = -i32::from(ZERO) * total;
        tile.threshold[at] = f64::NEG_INFINITY;
        tile.offset[at] = f64::from(offset);
        tile.inverse[at] = inverse;
        // The difference of nearly equal numbers: its own rounding is relative to the numbers.
        tile.error[at] = left.sqrt() * (1.0 + SLACK) + SLACK * size.sqrt();
        tile.reach[at] = square.sqrt() * (1.0 + SLACK);
        tile.length[at] = length(x.iter().map(|&x| f64::from(x)));
        if x.len() != self.width {
            // Not a vector of these rows: nothing is known of its products.
            tile.length[at] = f64::NAN;
        }
    }

    /// Whether no row of this group or a later one can be found.
    pub(crate) fn is_over(&self, tile: &Tile, group: usize) -> bool {
        let Some(group) = self.groups.get(group) else { return true };
        (0..tile.count).all(|r| match tile.kind {
            Kind::Product => {
                let most = tile.length[r] * group.longest_left + group.bias_left + tile.offset[r];
                let size = tile.length[r] * group.longest_left + self.bias_size + tile.offset[r].abs();
                size <= SAFE && most + tile.rounding * size + UNDERFLOW < tile.threshold[r]
            }
            Kind::Cosine => false,
        })
    }
}
