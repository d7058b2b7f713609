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
    /// Length and position of the rows that wait for company.
    pub(super) short: Vec<(usize, usize)>,
    /// Where the fixed rows of a group start: event by event, lane by lane.
    pub(super) starts: Vec<usize>,
    /// The same of the group that comes next.
    pub(super) next_starts: Vec<usize>,
}
