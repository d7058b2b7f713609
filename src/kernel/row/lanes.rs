//! Short rows, one per lane.

use super::gather::{Rows, RowsMut, combine};
use super::single::residual;
use super::{Row, Workspace};
use crate::kernel::interleaved::Interleaved;
use crate::kernel::simd::{MAX_LANES, Simd};

/// The start of a fixed row that is not there.
const ABSENT: usize = usize::MAX;

/// Solves up to `LANES` rows through their n x n matrices, padded to the longest by an identity. `group` holds
/// lengths and positions, sorted. Returns a bit for every lane whose answer is not finite.
#[inline(always)]
pub(super) fn solve_dual<'r, S: Simd, I: Copy + Into<usize> + 'r>(
    s: S,
    fixed: Rows<'_>,
    group: &[(usize, usize)],
    row: &impl Fn(usize) -> Row<'r, I>,
    workspace: &mut Workspace,
    out: &mut RowsMut<'_>,
) -> u32 {
    let dim = fixed.width();
    let padded = dim.next_multiple_of(S::LANES);
    let order = group.last().map_or(0, |g| g.0);
    let rows = order + 1;
    let starts = &mut workspace.starts;
    starts.clear();
    starts.resize(order * S::LANES, ABSENT);
    let m = workspace.matrix.get(order * rows * S::LANES);
    m.fill(0.0);
    // Scales by row for the way back, then by coordinate for the panel.
    let scales = workspace.scales.get(2 * S::LANES * padded);
    let (by_row, by_coordinate) = scales.split_at_mut(S::LANES * padded);
    by_row.fill(0.0);
    for j in 0..order {
        m[(j * rows + j) * S::LANES..][..S::LANES].fill(1.0);
    }
    for (lane, &(n, r)) in group.iter().enumerate() {
        let row = row(r);
        for (k, scale) in by_row[lane * padded..][..dim].iter_mut().enumerate() {
            *scale = 1.0 / row.precision.at(k).sqrt();
        }
        for j in 0..n {
            starts[j * S::LANES + lane] = fixed.start(row.indices[j].into());
            if let Some(w) = row.weights {
                m[(j * rows + j) * S::LANES + lane] = 1.0 / w[j];
            }
            m[(j * rows + order) * S::LANES + lane] = residual(s, fixed, &row, j);
        }
    }
    for k in (0..padded).step_by(S::LANES) {
        s.transpose(
            |lane| &by_row[lane * padded + k..],
            |_, v| v,
            &mut by_coordinate[k * S::LANES..],
            S::LANES,
        );
    }
    let mut system = Interleaved {
        m,
        rows,
        order,
        pivots: workspace.inverse.get(order * S::LANES),
    };
    let width = order * S::LANES;
    let panel = workspace.panel.get(S::LANES * width);
    for k in (0..dim).step_by(S::LANES) {
        let count = S::LANES.min(dim - k);
        let scales = &by_coordinate[k * S::LANES..];
        for (j, starts) in starts.chunks_exact(S::LANES).enumerate() {
            pack(
                s,
                fixed,
                starts,
                k,
                count,
                scales,
                &mut panel[j * S::LANES..],
                width,
            );
        }
        system.add_ranks(s, &panel[..count * width], width, order, || ());
    }
    system.factor(s);
    let z = workspace.solution.get(width);
    for (j, z) in z.chunks_exact_mut(S::LANES).enumerate() {
        z.copy_from_slice(&system.m[(j * rows + order) * S::LANES..][..S::LANES]);
    }
    system.back_substitute(s, z);
    let mut bad = 0;
    for (lane, &(n, r)) in group.iter().enumerate() {
        let x = out.row_mut(r);
        let terms = (0..n).map(|j| (starts[j * S::LANES + lane], z[j * S::LANES + lane]));
        combine(s, fixed, terms, x);
        let mean = row(r).mean;
        let mut finite = true;
        for (k, (x, scale)) in x.iter_mut().zip(&by_row[lane * padded..]).enumerate() {
            *x = *x * (scale * scale) + mean.map_or(0.0, |m| m[k]);
            finite &= x.is_finite();
        }
        bad |= u32::from(!finite) << lane;
    }
    bad
}

/// Coordinates `k .. k + count` of one event of every lane, scaled, one coordinate per panel row.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn pack<S: Simd>(
    s: S,
    fixed: Rows<'_>,
    starts: &[usize],
    k: usize,
    count: usize,
    scales: &[f32],
    panel: &mut [f32],
    width: usize,
) {
    let zeros = [0.0; MAX_LANES];
    let row = |lane: usize| match starts[lane] {
        ABSENT => None,
        start => Some(fixed.at(start)),
    };
    let scaled = |c: usize, v| s.mul(v, s.load(&scales[c * S::LANES..]));
    if count == S::LANES {
        s.transpose(
            |lane| row(lane).map_or(&zeros, |y| &y[k..]),
            scaled,
            panel,
            width,
        );
        return;
    }
    for c in 0..count {
        let mut column = [0.0; MAX_LANES];
        for (lane, x) in column.iter_mut().enumerate().take(S::LANES) {
            *x = row(lane).map_or(0.0, |y| y[k + c]);
        }
        s.store(scaled(c, s.load(&column)), &mut panel[c * width..]);
    }
}
