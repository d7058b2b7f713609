//! From rows to bytes.

use super::{GROUP, Group, MOST, NONE, SLACK, Sieve};
use crate::kernel::level::Level;
use crate::kernel::simd::bytes::ByteLevel;

/// The largest byte of a row, in size.
pub(super) const FULL: f64 = 127.0;

/// Bytes of rows are unsigned: this stands for zero.
pub(super) const ZERO: u8 = 128;

/// Where the bytes are, block by block of [`GROUP`] rows: for each vector of `lanes` rows, for each word of four
/// coordinates, four bytes a lane.
#[derive(Debug)]
pub(super) struct Packed {
    store: Vec<u8>,
    start: usize,
    blocks: usize,
    /// Words of four coordinates.
    pub(super) words: usize,
}

/// Bytes in a cache line.
const LINE: usize = 64;

impl Packed {
    fn new(blocks: usize, words: usize) -> Self {
        let mut packed = Self { store: Vec::new(), start: 0, blocks: 0, words };
        packed.extend(blocks);
        packed
    }

    /// Adds blocks.
    pub(super) fn extend(&mut self, blocks: usize) {
        let used = self.start..self.start + self.blocks * self.size();
        self.blocks += blocks;
        self.store.resize(self.blocks * self.size() + LINE, ZERO);
        self.start = self.store.as_ptr().align_offset(LINE).min(LINE);
        if self.start != used.start {
            self.store.copy_within(used.clone(), self.start);
            self.store[self.start + used.len()..].fill(ZERO);
        }
    }

    fn size(&self) -> usize {
        GROUP * self.words * 4
    }

    #[inline(always)]
    pub(super) fn block(&self, block: usize) -> &[u8] {
        &self.store[self.start + block * self.size()..][..self.size()]
    }

    pub(super) fn block_mut(&mut self, block: usize) -> &mut [u8] {
        let size = self.size();
        &mut self.store[self.start + block * size..][..size]
    }
}

impl Clone for Packed {
    /// The copy starts on a cache line of its own.
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.blocks, self.words);
        let len = self.blocks * self.size();
        copy.store[copy.start..][..len].copy_from_slice(&self.store[self.start..][..len]);
        copy
    }
}

/// What the first look at the rows learns.
struct Survey {
    lengths: Vec<f64>,
    biases: Vec<f32>,
    wild: Vec<u32>,
    /// The largest coordinate in size, and the largest bias.
    coordinate: f64,
    bias: f64,
}

impl Survey {
    fn new(count: u32, width: usize, row: &mut impl FnMut(u32, &mut Vec<f32>) -> f32) -> Self {
        let n = count as usize;
        let (lengths, biases) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut survey = Self { lengths, biases, wild: Vec::new(), coordinate: 0.0, bias: 0.0 };
        let mut y = Vec::with_capacity(width);
        for i in 0..count {
            y.clear();
            let bias = row(i, &mut y);
            let finite = y.len() == width && bias.is_finite() && y.iter().all(|y| y.is_finite());
            if !finite {
                survey.wild.push(i);
            } else {
                let largest = y.iter().fold(0.0_f32, |most, y| most.max(y.abs()));
                survey.coordinate = survey.coordinate.max(f64::from(largest));
                survey.bias = survey.bias.max(f64::from(bias.abs()));
            }
            survey.lengths.push(length(y.iter().map(|&y| f64::from(y))));
            survey.biases.push(bias);
        }
        survey
    }

    /// What a bias is divided by to be as large as the coordinates.
    fn unit(&self) -> f64 {
        if self.bias > 0.0 && self.coordinate > 0.0 { self.bias / self.coordinate } else { 1.0 }
    }

    /// Finite rows, the most promising first: by what a question whose length is the unit can get.
    fn order(&self, unit: f64) -> Vec<u32> {
        let promise = |row: u32| {
            let at = row as usize;
            unit * self.lengths[at] + f64::from(self.biases[at])
        };
        let mut wild = self.wild.iter().copied().peekable();
        let mut order: Vec<u32> =
            (0..self.lengths.len() as u32).filter(|&row| wild.next_if_eq(&row).is_none()).collect();
        order.sort_unstable_by(|&a, &b| promise(b).total_cmp(&promise(a)).then(a.cmp(&b)));
        order
    }
}

/// The length of a vector, enlarged so that it is no shorter than the true one.
pub(super) fn length(coordinates: impl Iterator<Item = f64>) -> f64 {
    coordinates.map(|x| x * x).sum::<f64>().sqrt() * (1.0 + SLACK)
}

/// What a byte counts, if the largest coordinate becomes `most`. Where all are zero or next to it, any scale will do:
/// the bytes are zero, and the error is the whole vector.
pub(super) fn scale(largest: f64, most: f64) -> f64 {
    if largest > 1e-100 { largest / most } else { 1.0 }
}

/// The nearest byte, in size at most `most`.
#[inline]
pub(super) fn byte(x: f64, most: f64) -> i8 {
    // Halves go away from zero; the cast cuts.
    (x + 0.5_f64.copysign(x)).clamp(-most, most) as i8
}

impl Sieve {
    /// Packs `count` rows of `width` coordinates: `row` appends the coordinates of a row and returns its bias. It is
    /// called twice for each row and must tell the same twice. None when there are more coordinates than
    /// bytes can be summed for.
    pub(crate) fn new(
        level: Level,
        count: u32,
        width: usize,
        mut row: impl FnMut(u32, &mut Vec<f32>) -> f32,
    ) -> Option<Self> {
        if width > MOST {
            return None;
        }
        let survey = Survey::new(count, width, &mut row);
        // At least two coordinates for the bias: one alone would set the scale of too many questions.
        let copies = if survey.bias > 0.0 { (width + 2).next_multiple_of(4) - width } else { 0 };
        let words = (width + copies).div_ceil(4).max(1);
        if words * 4 > MOST {
            return None;
        }
        let unit = survey.unit();
        let order = survey.order(unit);
        let mut sieve = Self {
            machine: ByteLevel::of(level),
            width,
            copies,
            unit,
            bias_size: 0.0,
            packed: Packed::new(0, words),
            groups: Vec::new(),
            order: Vec::new(),
            wild: survey.wild,
            places: Vec::new(),
            owners: Vec::new(),
            strays: 0,
        };
        sieve.pack(&order, row);
        Some(sieve)
    }

    /// Packs rows that can be, the most promising first, into groups of their own after those that are there.
    pub(super) fn pack(&mut self, order: &[u32], mut row: impl FnMut(u32, &mut Vec<f32>) -> f32) {
        let (first, words, lanes) = (self.groups.len(), self.packed.words, self.machine.shape().0);
        let blocks = self.order.len() / GROUP..;
        self.packed.extend(order.len().div_ceil(GROUP));
        self.order.extend_from_slice(order);
        self.order.resize(self.order.len().next_multiple_of(GROUP), NONE);
        let mut rows = vec![0.0; GROUP * 4 * words];
        let mut y = Vec::with_capacity(self.width);
        for (block, members) in blocks.zip(order.chunks(GROUP)) {
            let mut group = Group::empty(block);
            for (&i, to) in members.iter().zip(rows.chunks_exact_mut(4 * words)) {
                y.clear();
                let bias = row(i, &mut y);
                y.truncate(self.width);
                extend(&y, bias, (self.copies, self.unit), to);
                group.widen(length(y.iter().map(|&y| f64::from(y))), f64::from(bias));
            }
            self.bias_size = self.bias_size.max(group.bias_size);
            let rows = &rows[..members.len() * 4 * words];
            group.pack(rows, words, lanes, self.packed.block_mut(block));
            self.groups.push(group);
        }
        Group::look_ahead(&mut self.groups);
        self.groups[first..].iter_mut().for_each(Group::make_room);
    }
}

/// Writes a row as a vector with its bias as so many coordinates, in a unit.
pub(super) fn extend(y: &[f32], bias: f32, (copies, unit): (usize, f64), to: &mut [f64]) {
    to.fill(0.0);
    y.iter().zip(&mut *to).for_each(|(&y, to)| *to = f64::from(y));
    to[y.len()..y.len() + copies].fill(f64::from(bias) / unit);
}

impl Group {
    /// No rows yet.
    fn empty(block: usize) -> Self {
        Self { block, shortest: f64::MAX, bias: f64::NEG_INFINITY, ..Self::default() }
    }

    /// Widens the bounds for a row.
    pub(super) fn widen(&mut self, length: f64, bias: f64) {
        self.longest = self.longest.max(length);
        self.shortest = self.shortest.min(length * (1.0 - 2.0 * SLACK));
        self.bias = self.bias.max(bias);
        self.bias_size = self.bias_size.max(bias.abs());
    }

    /// Chooses the scale and writes the bytes of the rows.
    fn pack(&mut self, rows: &[f64], words: usize, lanes: usize, out: &mut [u8]) {
        let largest = rows.iter().fold(0.0, |most: f64, y| most.max(y.abs()));
        self.inverse = 1.0 / scale(largest, FULL);
        for (at, row) in rows.chunks_exact(4 * words).enumerate() {
            self.put(at, row, lanes, out);
        }
    }

    /// Writes the bytes of a row, and takes note how far they are from the row.
    pub(super) fn put(&mut self, at: usize, row: &[f64], lanes: usize, out: &mut [u8]) {
        let (inverse, scale) = (self.inverse, 1.0 / self.inverse);
        let to = &mut out[at / lanes * lanes * row.len()..];
        let (mut square, mut left) = (0.0, 0.0);
        for (k, &y) in row.iter().enumerate() {
            let byte = byte(y * inverse, FULL);
            to[(k / 4 * lanes + at % lanes) * 4 + k % 4] = (i16::from(byte) + i16::from(ZERO)) as u8;
            let error = y - scale * f64::from(byte);
            (square, left) = (square + y * y, left + error * error);
        }
        self.reach = self.reach.max(square.sqrt() * (1.0 + SLACK));
        // The difference of nearly equal numbers: its own rounding is relative to the numbers.
        self.error = self.error.max(left.sqrt() + SLACK * square.sqrt());
    }

    /// What is left from each group on.
    pub(super) fn look_ahead(groups: &mut [Self]) {
        let (mut longest, mut bias) = (0.0_f64, f64::NEG_INFINITY);
        for group in groups.iter_mut().rev() {
            (longest, bias) = (longest.max(group.longest), bias.max(group.bias));
            (group.longest_left, group.bias_left) = (longest, bias);
        }
    }
}
