//! Rows of few coordinates, through their D x D matrices.

use super::{Group, note, solve_systems};
use crate::kernel::buffer::stride_for;
use crate::kernel::interleaved::Interleaved;
use crate::kernel::row::single::{Equations, normal_equations};
use crate::kernel::row::{Answers, Workspace};
use crate::kernel::simd::{Job, Simd};

impl<I: Copy + Into<usize>> Group<'_, '_, I> {
    /// Solves the rows in the primal. Returns a bit for every lane whose answer is not finite.
    #[inline(always)]
    pub(in crate::kernel::row) fn solve_primal<S: Simd>(
        &self,
        s: S,
        workspace: &mut Workspace,
        answers: &mut Answers<'_>,
    ) -> u32 {
        let dim = self.fixed.width();
        let rows = dim + 1;
        let padded = dim.next_multiple_of(S::LANES);
        let c_stride = stride_for(padded);
        let stride = rows * c_stride;
        let systems = workspace.systems.get(S::LANES * stride);
        for (lane, (_, row)) in self.members.iter().enumerate() {
            let into = Equations {
                c: &mut systems[lane * stride..][..stride],
                c_stride,
                panel: &mut workspace.panel,
                starts: &mut workspace.starts,
            };
            normal_equations(s, self.fixed, row, self.after(lane), into);
        }
        for c in systems[self.members.len() * stride..].chunks_exact_mut(stride) {
            c.fill(0.0);
            (0..dim).for_each(|k| c[k * c_stride + k] = 1.0);
        }
        let m = workspace.matrix.get(padded * rows * S::LANES);
        s.vectorize(Interleave { systems, stride, c_stride, order: dim, m });
        let z = workspace.solution.get(padded * S::LANES);
        let pivots = workspace.inverse.get(dim * S::LANES);
        let squares = solve_systems(s, Interleaved { m, rows, order: dim, pivots }, z);
        let turned = workspace.sides.get(S::LANES * padded);
        s.vectorize(Turn { z, padded, turned });
        let mut bad = 0;
        for (lane, (r, row)) in self.members.iter().enumerate() {
            let x = answers.rows.row_mut(*r);
            x.copy_from_slice(&turned[lane * padded..][..dim]);
            note(&mut bad, lane, x);
            answers.note_minimum(*r, || row.at_zero() - squares[lane]);
        }
        bad
    }
}

/// From row-major systems to matrices with a vector over the systems per entry. What lies above the diagonals
/// is turned along and never read.
struct Interleave<'a> {
    systems: &'a [f32],
    /// From one system to the next.
    stride: usize,
    c_stride: usize,
    order: usize,
    /// Whole vectors of columns.
    m: &'a mut [f32],
}

impl Job for Interleave<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { systems, stride, c_stride, order, m } = self;
        let rows = order + 1;
        for i in 0..rows {
            for k in (0..=i.min(order - 1)).step_by(S::LANES) {
                let from = |lane: usize| &systems[lane * stride + i * c_stride + k..];
                s.transpose(from, |_, v| v, &mut m[(k * rows + i) * S::LANES..], rows * S::LANES);
            }
        }
    }
}

/// From a vector over the rows per coordinate to rows.
struct Turn<'a> {
    z: &'a [f32],
    padded: usize,
    turned: &'a mut [f32],
}

impl Job for Turn<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for k in (0..self.padded).step_by(S::LANES) {
            s.transpose(|c| &self.z[(k + c) * S::LANES..], |_, v| v, &mut self.turned[k..], self.padded);
        }
    }
}
