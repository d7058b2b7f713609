//! Bytes as choices.

use arbitrary::Unstructured;

/// Numbers at which arithmetic turns.
const EDGES: [f32; 24] = [
    -0.0,
    f32::MIN_POSITIVE,
    1e-45,
    -1e-45,
    1e-38,
    1e-30,
    1e-9,
    -1e-9,
    0.999_999_94,
    1.000_000_1,
    16_777_216.0,
    16_777_218.0,
    1e9,
    1e19,
    -1e19,
    1e30,
    -1e30,
    1e38,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    -f32::NAN,
];

/// Draws from bytes; after their end everything is 0.
pub(crate) struct Draw<'a>(Unstructured<'a>);

impl<'a> Draw<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// A number below `n`, which is at least 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0.int_in_range(0..=n - 1).unwrap_or_default()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Mostly quarters from -5 to 5, now and then an edge or anything.
    pub(crate) fn float(&mut self) -> f32 {
        match self.byte() {
            byte @ 0..205 => f32::from(byte % 41) / 4.0 - 5.0,
            byte @ 205..253 => EDGES[usize::from(byte - 205) % EDGES.len()],
            _ => f32::from_bits(self.0.arbitrary().unwrap_or_default()),
        }
    }

    /// The same, finite.
    pub(crate) fn finite(&mut self) -> f32 {
        Some(self.float()).filter(|x| x.is_finite()).unwrap_or(1.0)
    }

    /// At most `most` bytes.
    pub(crate) fn some(&mut self, most: usize) -> &'a [u8] {
        let n = self.below(most + 1).min(self.0.len());
        self.0.bytes(n).unwrap_or_default()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }
}
