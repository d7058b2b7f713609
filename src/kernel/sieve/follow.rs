//! Rows that change after they were packed.
//!
//! A row that changes little is packed again at its place, by the scale of its group, whose bounds become wide enough for
//! it: they bound every row that is or was there, so nothing is lost. A row that would spoil the group for the others, or
//! that comes anew, *strays*: it is kept with the wild rows, which are always found. Once many have strayed, all rows are
//! to be packed anew.

use super::pack::{FULL, extend, length};
use super::{GROUP, Group, NONE, Room, SLACK, Sieve};

/// How much longer than the longest of its group and the later ones a row may become: those that come first would be
/// looked at in vain if the last could hold long rows.
const LONGER: f64 = 1.125;

/// How much shorter than the shortest of its group: a cosine is no better known than by the shortest row.
const SHORTER: f64 = 0.5;

/// How many rows may stray: this many, and one of so many. Each costs a product per question.
const STRAYS: (usize, usize) = (128, 256);

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

    /// Widens the bounds for a row.
    fn widen(&mut self, length: f64, bias: f64) {
        self.longest = self.longest.max(length);
        self.shortest = self.shortest.min(length * (1.0 - 2.0 * SLACK));
        self.bias = self.bias.max(bias);
        self.bias_size = self.bias_size.max(bias.abs());
    }
}

impl Sieve {
    /// Follows rows that are `count` by now and of which some have `changed`; `row` as in [`new`](Self::new), asked once
    /// for each of these. Rows beyond those that were there are new. No row is lost afterwards. Linear in the rows that
    /// changed and in the groups; the first time in all rows. False when all rows had better be packed anew.
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
        self.strays <= STRAYS.0 + count as usize / STRAYS.1
    }

    fn find_places(&mut self) {
        if self.places.is_empty() {
            self.places = vec![NONE; self.order.len() + self.wild.len()];
            for (place, &row) in (0..).zip(&self.order) {
                self.places[row as usize] = place;
            }
        }
    }

    /// Packs a row at its place; or not, where it would spoil the group.
    fn put(&mut self, place: usize, y: &[f32], bias: f32, vector: &mut [f64]) -> bool {
        let finite = y.len() == self.width && bias.is_finite() && y.iter().all(|y| y.is_finite());
        if !finite || (bias != 0.0 && self.copies == 0) {
            return false;
        }
        extend(y, bias, (self.copies, self.unit), vector);
        let (length, bias) = (length(y.iter().map(|&y| f64::from(y))), f64::from(bias));
        let group = &mut self.groups[place / GROUP];
        if !group.admits(vector, length, bias) {
            return false;
        }
        group.widen(length, bias);
        let lanes = self.machine.shape().0;
        group.put(place % GROUP, vector, lanes, self.packed.group_mut(place / GROUP));
        self.bias_size = self.bias_size.max(bias.abs());
        true
    }

    /// Puts a row among the wild ones, and zeros where it was.
    fn expel(&mut self, row: u32, place: usize, vector: &mut [f64]) {
        vector.fill(0.0);
        let bytes = self.packed.group_mut(place / GROUP);
        self.groups[place / GROUP].put(place % GROUP, vector, self.machine.shape().0, bytes);
        self.order[place] = NONE;
        self.places[row as usize] = NONE;
        self.wild.push(row);
        self.strays += 1;
    }
}
