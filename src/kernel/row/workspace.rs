//! Scratch of one thread.

use crate::kernel::buffer::Buffer;

/// Reusable scratch: hand the same one to call after call, and nothing is allocated once it has grown to the
/// largest row seen. One per thread; it carries nothing from row to row.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Packed rows.
    pub(super) panel: Buffer,
    /// The matrix and its factor.
    pub(super) matrix: Buffer,
    /// The transposed factor.
    pub(super) upper: Buffer,
    /// Inverted diagonal blocks, or pivots.
    pub(super) inverse: Buffer,
    /// Right-hand sides and solutions.
    pub(super) solution: Buffer,
    /// Prior scales.
    pub(super) scales: Buffer,
    /// Length and position of the short rows.
    pub(super) short: Vec<(usize, usize)>,
    /// The same, the shortest first.
    pub(super) sorted: Vec<(usize, usize)>,
    /// Positions of those of them that a factorisation must solve after all.
    pub(super) unfinished: Vec<usize>,
    /// Where the fixed rows of a row start.
    pub(super) starts: Vec<usize>,
    /// The systems of a group, one after the other.
    pub(super) systems: Buffer,
    /// Diagonals and right-hand sides of a group, or its solutions.
    pub(super) sides: Buffer,
    /// Length and position of the rows of few coordinates.
    pub(super) narrow: Vec<(usize, usize)>,
}
