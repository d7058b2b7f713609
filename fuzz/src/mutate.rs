//! A small mutator, the same everywhere for the same seed: what a fuzzer does without knowing what it hits.

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `n`, which is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n as u64) as usize
    }

    /// Bytes like no others.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.draw() as u8).collect()
    }

    /// Some of the bytes changed, lost, doubled, or taken from others of their kind.
    pub fn mutate(&mut self, bytes: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(5) {
            self.change(&mut out, others);
        }
        out
    }

    fn change(&mut self, out: &mut Vec<u8>, others: &[Vec<u8>]) {
        const NUMBERS: [u64; 8] =
            [0, 1, 0xff, 0x7fff_ffff, u32::MAX as u64, 0x7f7f_ffff, 0x3f80_0000, u64::MAX];
        let at = self.below(out.len() + 1);
        let end = (at + 1 + self.below(16)).min(out.len());
        match self.below(8) {
            0 if at < out.len() => out[at] ^= 1 << self.below(8),
            1 if at < out.len() => out[at] = self.draw() as u8,
            2 => _ = out.drain(at..end),
            3 => _ = out.splice(at..at, self.bytes(8)),
            4 => _ = out.splice(at..at, out[at..end].to_vec()),
            5 => out.truncate(at),
            6 => {
                let number = NUMBERS[self.below(NUMBERS.len())].to_le_bytes();
                let width = (4 << self.below(2)).min(out.len() - at);
                out[at..at + width].copy_from_slice(&number[..width]);
            }
            _ if !others.is_empty() => {
                let other = &others[self.below(others.len())];
                let from = self.below(other.len() + 1);
                out.truncate(at);
                out.extend_from_slice(&other[from..]);
            }
            _ => {}
        }
    }
}
