//! Rows that strayed, brought into groups again.

use super::pack::length;
use super::{GROUP, Group, Sieve};

/// Whole groups of strays are packed once there are so many rows: each costs a product per question.
const ENOUGH: usize = 2 * GROUP;

/// Rows that strayed and cannot be packed by the unit of the biases, at most.
const HOPELESS: usize = 2 * ENOUGH;

/// Empty places: so many, and one for so many rows. All places are looked at by every question.
const EMPTY: (usize, usize) = (4 * GROUP, 2);

impl Group {
    /// What a question can get here whose length is the unit.
    fn promise(&self, unit: f64) -> f64 {
        unit * self.longest + self.bias
    }
}

impl Sieve {
    /// Makes groups of the rows that strayed, if they are enough; the least promising of them stay behind as long as they
    /// do not fill one. False when all rows had better be packed anew.
    pub(super) fn regroup(&mut self, mut row: impl FnMut(u32, &mut Vec<f32>) -> f32) -> bool {
        if self.strays < ENOUGH {
            return true;
        }
        let mut strays = self.promising_strays(&mut row);
        strays.truncate(strays.len() / GROUP * GROUP);
        let place = self.order.len() as u32;
        for (place, &row) in (place..).zip(&strays) {
            self.places[row as usize] = place;
        }
        // Some may have been wild from the beginning.
        self.strays = self.strays.saturating_sub(strays.len());
        self.pack(&strays, row);
        strays.sort_unstable();
        self.wild.retain(|row| strays.binary_search(row).is_err());
        let unit = self.unit;
        self.groups.sort_by(|a, b| b.promise(unit).total_cmp(&a.promise(unit)));
        Group::look_ahead(&mut self.groups);
        self.find_owners();
        let rows = self.places.len();
        let empty = self.order.len() + self.wild.len() - rows;
        self.strays <= HOPELESS && empty <= EMPTY.0 + rows / EMPTY.1
    }

    /// Notes which group is in each block.
    pub(super) fn find_owners(&mut self) {
        self.owners.resize(self.groups.len(), 0);
        for (group, at) in self.groups.iter().zip(0..) {
            self.owners[group.block] = at;
        }
    }

    /// The wild rows that can be packed, the most promising first.
    fn promising_strays(&self, row: &mut impl FnMut(u32, &mut Vec<f32>) -> f32) -> Vec<u32> {
        let mut y = Vec::with_capacity(self.width);
        let promise = |&i: &u32| {
            y.clear();
            let bias = row(i, &mut y);
            let length = length(y.iter().map(|&y| f64::from(y)));
            self.can_hold(&y, bias).then_some((i, self.unit * length + f64::from(bias)))
        };
        let mut strays: Vec<(u32, f64)> = self.wild.iter().filter_map(promise).collect();
        strays.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        strays.into_iter().map(|(row, _)| row).collect()
    }
}
