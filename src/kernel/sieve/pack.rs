//! From rows to bytes.

use super::{GROUP, Group, MOST, SLACK, Sieve};
use crate::kernel::level::Level;
use crate::kernel::simd::bytes::ByteLevel;

/// The largest byte of a row, in size.
pub(super) const FULL: f64 = 127.0;

/// Bytes of rows are unsigned: this stands for zero.
pub(super) const ZERO: u8 = 128;

/// Where the bytes are: for each vector of `lanes` rows, for each word of four coordinates, four bytes a lane.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    store: Vec<u8>,
    start: usize,
    /// Words of four coordinates.
    pub(super) words: usize,
}

impl Packed {
    fn new(groups: usize, words: usize) -> Self {
        let store = vec![ZERO; groups * GROUP * words * 4 + 64];
        let start = store.as_ptr().align_offset(64).min(64);
        Self { store, start, words }
    }

    #[inline(always)]
    pub(super) fn group(&self, group: usize) -> &[u8] {
        let len = GROUP * self.words * 4;
        &self.store[self.start + group * len..][..len]
    }

    pub(super) fn group_mut(&mut self, group: usize) -> &mut [u8] {
        let len = GROUP * self.words * 4;
        &mut self.store[self.start + group * len..][..len]
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
        let n_groups = order.len().div_ceil(GROUP);
        let machine = ByteLevel::of(level);
        let mut packed = Packed::new(n_groups, words);
        let mut groups = vec![Group::default(); n_groups];
        let lanes = machine.shape().0;
        let mut rows = vec![0.0; GROUP * 4 * words];
        let mut y = Vec::with_capacity(width);
        for (g, (members, group)) in order.chunks(GROUP).zip(&mut groups).enumerate() {
            for (&i, to) in members.iter().zip(rows.chunks_exact_mut(4 * words)) {
                y.clear();
                let bias = row(i, &mut y);
                extend(&y[..width.min(y.len())], bias, (copies, unit), to);
            }
            let rows = &rows[..members.len() * 4 * words];
            *group = Group::of(members, &survey);
            group.pack(rows, words, lanes, packed.group_mut(g));
        }
        Group::look_ahead(&mut groups);
        groups.iter_mut().for_each(Group::make_room);
        let (bias_size, wild) = (survey.bias, survey.wild);
        let (places, strays) = (Vec::new(), 0);
        Some(Self { machine, width, copies, unit, bias_size, packed, groups, order, wild, places, strays })
    }
}

/// Writes a row as a vector with its bias as so many coordinates, in a unit.
pub(super) fn extend(y: &[f32], bias: f32, (copies, unit): (usize, f64), to: &mut [f64]) {
    to.fill(0.0);
    y.iter().zip(&mut *to).for_each(|(&y, to)| *to = f64::from(y));
    to[y.len()..y.len() + copies].fill(f64::from(bias) / unit);
}

impl Group {
    /// Lengths and biases.
    fn of(members: &[u32], survey: &Survey) -> Self {
        let lengths = members.iter().map(|&row| survey.lengths[row as usize]);
        let biases = members.iter().map(|&row| f64::from(survey.biases[row as usize]));
        Self {
            longest: lengths.clone().fold(0.0, f64::max),
            shortest: lengths.fold(f64::MAX, f64::min) * (1.0 - 2.0 * SLACK),
            bias: biases.clone().fold(f64::NEG_INFINITY, f64::max),
            bias_size: biases.fold(0.0, |most, bias| most.max(bias.abs())),
            ..Self::default()
        }
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
