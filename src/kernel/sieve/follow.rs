//! Rows that change after they were packed.
//!
//! A row that changes little is packed again at its place, by the scale of its group, whose bounds become wide enough for
//! it: they bound every row that is or was there, so nothing is lost. A row that would spoil the group for the others, or
//! that comes anew, *strays*: it is kept with the wild rows, which are always found. Once enough have strayed they become
//! groups of their own ([`regroup`](super::regroup)); once too many places are empty, all rows are to be packed anew.

use super::pack::{FULL, extend, length};
use super::{GROUP, Group, NONE, Room, Sieve};

/// How much longer than the longest of its group and the later ones a row may become: those that come first would be
/// looked at in vain if the last could hold long rows.
const LONGER: f64 = 1.125;

/// How much shorter than the shortest of its group: a cosine is no better known than by the shortest row.
const SHORTER: f64 = 0.5;

impl Group {
    pub(super) fn make_room(&mut self) {
        self.room = Room {
            longest: self.longest_left * LONGER,
            shortest: self.shortest * SHORTER,
            bias: self.bias_left + self.bias_size * (LONGER - 1.0),
        };
    }

    /// Whether a row, as a vector with its bias, may be in the group.
    fn admits(&self, row: &[f64], length: f64, bias: f64) -> bool {
        let Room { longest, shortest, bias: most } = self.room;
        let is_like_them = (shortest..=longest).contains(&length) && bias <= most;
        // In bytes that are not cut off.
        is_like_them && row.iter().all(|y| (y * self.inverse).abs() <= FULL + 0.5)
    }
}

impl Sieve {
    /// Follows rows that are `count` by now and of which some have `changed`; `row` as in [`new`](Self::new), asked once
    /// or twice for each of these and for each that strayed. Rows beyond those that were there are new. No row is lost
    /// afterwards. Linear in the rows that changed and in the groups; the first time in all rows. False when all rows had
    /// better be packed anew.
    pub(crate) fn follow(
        &mut self,
        count: u32,
        changed: impl Iterator<Item = u32>,
        mut row: impl FnMut(u32, &mut Vec<f32>) -> f32,
    ) -> bool {
        self.find_places();
        let (mut y, mut vector) = (Vec::with_capacity(self.width), vec![0.0; 4 * self.packed.words]);
        for i in changed {
            let place = self.places.get(i as usize).copied().unwrap_or(NONE);
            if place != NONE {
                y.clear();
                let bias = row(i, &mut y);
                if !self.put(place as usize, &y, bias, &mut vector) {
                    self.expel(i, place as usize, &mut vector);
                }
            }
        }
        let came = self.places.len() as u32..count;
        self.strays += came.len();
        self.wild.extend(came);
        self.wild.sort_unstable();
        self.places.resize(self.places.len().max(count as usize), NONE);
        Group::look_ahead(&mut self.groups);
        self.regroup(row)
    }

    fn find_places(&mut self) {
        if self.places.is_empty() {
            let packed = self.order.iter().filter(|row| **row != NONE).count();
            self.places = vec![NONE; packed + self.wild.len()];
            for (place, &row) in (0..).zip(&self.order) {
                if row != NONE {
                    self.places[row as usize] = place;
                }
            }
            self.find_owners();
        }
    }

    /// Packs a row at its place; or not, where it would spoil the group.
    fn put(&mut self, place: usize, y: &[f32], bias: f32, vector: &mut [f64]) -> bool {
        if !self.can_hold(y, bias) {
            return false;
        }
        extend(y, bias, (self.copies, self.unit), vector);
        let (length, bias) = (length(y.iter().map(|&y| f64::from(y))), f64::from(bias));
        let group = &mut self.groups[self.owners[place / GROUP] as usize];
        if !group.admits(vector, length, bias) {
            return false;
        }
        group.widen(length, bias);
        let lanes = self.machine.shape().0;
        group.put(place % GROUP, vector, lanes, self.packed.block_mut(place / GROUP));
        self.bias_size = self.bias_size.max(bias.abs());
        true
    }

    /// Whether a row can be in any group.
    pub(super) fn can_hold(&self, y: &[f32], bias: f32) -> bool {
        let finite = y.len() == self.width && bias.is_finite() && y.iter().all(|y| y.is_finite());
        finite && (bias == 0.0 || self.copies > 0)
    }

    /// Puts a row among the wild ones, and zeros where it was.
    fn expel(&mut self, row: u32, place: usize, vector: &mut [f64]) {
        vector.fill(0.0);
        let bytes = self.packed.block_mut(place / GROUP);
        let group = &mut self.groups[self.owners[place / GROUP] as usize];
        group.put(place % GROUP, vector, self.machine.shape().0, bytes);
        self.order[place] = NONE;
        self.places[row as usize] = NONE;
        self.wild.push(row);
        self.strays += 1;
    }
}
