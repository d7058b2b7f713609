//! Scratch of one thread.

use super::dual::Short;
use crate::kernel::buffer::Buffer;
use crate::kernel::row::Workspace;

/// Reusable scratch of an [`UncertainSolver`](super::UncertainSolver): one per thread, grows to the largest row
/// seen, carries nothing from row to row.
#[derive(Debug, Default)]
pub struct UncertainWorkspace {
    /// Packed events.
    pub(super) panel: Buffer,
    /// sqrt(w) times target, event by event, then sqrt(w).
    pub(super) targets: Buffer,
    /// The matrix that is factored, or the sums of a vector of rows.
    pub(super) matrix: Buffer,
    /// The matrix without its diagonal terms, for the second pass.
    pub(super) saved: Buffer,
    /// The transposed factor, or the matrices of a vector of rows.
    pub(super) upper: Buffer,
    /// Inverted diagonal blocks, or pivots.
    pub(super) inverse: Buffer,
    /// Vectors of one row, or the solutions of all short ones.
    pub(super) vectors: Buffer,
    /// The dual's own scratch.
    pub(super) rows: Workspace,
    /// The rows that wait for as many as there are lanes.
    pub(super) waiting: Vec<usize>,
    /// The rows that go through the dual.
    pub(super) short: Vec<Short>,
    /// Vectors of all of them, or of a vector of rows.
    pub(super) batch: Buffer,
}
