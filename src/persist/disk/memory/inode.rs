//! What a file has been since it was last synced, and what of it is there when the power is back.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

/// What reaches the disk together; small, so that a record has many.
pub(in crate::persist) const BLOCK: usize = 16;

#[derive(Default)]
pub(super) struct Inode {
    /// What programs see.
    pub(super) now: Vec<u8>,
    /// What was synced.
    lasting: Vec<u8>,
    /// What has been written into each block since.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// How long the file has been since.
    pub(super) lengths: Vec<usize>,
}

impl Inode {
    /// A file that was synced.
    pub(super) fn lasting(bytes: Vec<u8>) -> Self {
        Self { now: bytes.clone(), lasting: bytes, ..Self::default() }
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        if end > self.now.len() {
            self.now.resize(end, 0);
            self.lengths.push(end);
        }
        self.now[at..end].copy_from_slice(bytes);
        for block in at / BLOCK..end.div_ceil(BLOCK) {
            let version = self.now[block * BLOCK..self.now.len().min((block + 1) * BLOCK)].to_vec();
            self.dirty.entry(block).or_default().push(version);
        }
    }

    /// Brings every block down, or every second one; a sync that fails forgets the others.
    pub(super) fn sync(&mut self, every: bool) {
        self.lasting.resize(if every { self.now.len() } else { self.lasting.len().max(self.now.len()) }, 0);
        for block in self.dirty.keys().filter(|&block| every || block % 2 == 0) {
            let begin = (block * BLOCK).min(self.now.len());
            let end = ((block + 1) * BLOCK).min(self.now.len());
            self.lasting[begin..end].copy_from_slice(&self.now[begin..end]);
        }
        self.dirty.clear();
        self.lengths.clear();
    }

    /// What is there when the power is back: of every block any of its versions, and zeros or rubbish
    /// where none of them reached the disk.
    pub(super) fn power_cut(&mut self, rng: &mut Xoshiro256PlusPlus) {
        let lengths = [&[self.lasting.len()][..], &self.lengths].concat();
        let length = lengths[rng.random_range(0..lengths.len())];
        let mut left = self.lasting.clone();
        left.resize(length, 0);
        for (block, versions) in &self.dirty {
            let begin = block * BLOCK;
            if begin >= length {
                continue;
            }
            let place = &mut left[begin..length.min(begin + BLOCK)];
            match rng.random_range(0..=versions.len() + 1) {
                // What was synced.
                0 => {}
                // Where nothing had been synced, anything.
                1 if begin >= self.lasting.len() => place.fill(rng.random()),
                1 => {}
                pick => {
                    let version = &versions[pick - 2];
                    let n = place.len().min(version.len());
                    place[..n].copy_from_slice(&version[..n]);
                }
            }
        }
        *self = Self::lasting(left);
    }
}
