//! Rows with small systems: the systems are made one by one, then solved together, one per lane; or one alone, with the bits
//! it has in a lane.

mod alone;
mod dual;
mod pairs;
mod primal;

pub(super) use alone::Alone;

use super::Placed;
use super::gather::Rows;
use crate::kernel::interleaved::Interleaved;
use crate::kernel::simd::{MAX_LANES, Simd};

/// Up to `LANES` rows.
pub(super) struct Group<'a, 'r, I> {
    pub(super) fixed: Rows<'a>,
    /// For the dual, the shortest first.
    pub(super) members: &'a [Placed<'r, I>],
    /// What comes after the group, to be fetched meanwhile.
    pub(super) next: &'r [I],
}

impl<'r, I> Group<'_, 'r, I> {
    /// What the row after the one in that lane touches.
    #[inline(always)]
    fn after(&self, lane: usize) -> &'r [I] {
        self.members.get(lane + 1).map_or(self.next, |(_, row)| row.indices)
    }
}

/// Factors systems with one right-hand side b under the triangle and writes the solutions, a vector over the
/// systems per unknown. Returns `b' A^-1 b` of each system.
#[inline(always)]
fn solve_systems<S: Simd>(s: S, mut system: Interleaved<'_>, z: &mut [f32]) -> [f32; MAX_LANES] {
    let (rows, order) = (system.rows, system.order);
    system.factor(s);
    let mut sum = s.zero();
    for (j, z) in z.chunks_exact_mut(S::LANES).enumerate().take(order) {
        let v = s.load(&system.m[(j * rows + order) * S::LANES..]);
        s.store(v, z);
        sum = s.fma(v, v, sum);
    }
    system.back_substitute(s, &mut z[..order * S::LANES]);
    let mut sums = [0.0; MAX_LANES];
    s.store(sum, &mut sums);
    sums
}

/// Sets a bit of `bad` for a lane whose answer is not finite.
#[inline(always)]
fn note(bad: &mut u32, lane: usize, x: &[f32]) {
    *bad |= u32::from(!super::single::finite(x)) << lane;
}
