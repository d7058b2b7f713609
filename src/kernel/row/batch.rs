//! All rows of one call: checked, then solved alone or beside others, one per lane.

use super::conjugate::Conjugate;
use super::{Answers, Method, Placed, Precision, Row, RowSolver, Rows, Workspace, check_len, lanes, single};
use crate::kernel::error::{RowError, SolveError};
use crate::kernel::simd::{Job, MAX_LANES, Simd};

/// The longest row that is solved one per lane in the dual. Bench `kernel` on AVX-512, share of the peak in lanes
/// against alone, medians of three runs in turn: n = 40: 29 and 17 % at D = 65, 29 and 21 % at D = 129; n = 64: 31
/// and 28 %, and the same: the ways cross near here. (Alone was measured with this constant at 24.)
const LANES_UP_TO: usize = 64;

/// The most coordinates of rows that are solved one per lane in the primal. At 32 a row of 200 went from 29 to 35 % of
/// the peak (bench `kernel`). At 64 it reads 49 % alone, and one row, as in a fold-in, would wait for the arithmetic of
/// all the idle lanes. Between the two, 48 was set and not measured.
const NARROW_UP_TO: usize = 48;

/// Everything of one call.
pub(super) struct Batch<'a, F> {
    pub(super) solver: &'a RowSolver,
    pub(super) fixed: Rows<'a>,
    pub(super) count: usize,
    pub(super) row: F,
    pub(super) workspace: &'a mut Workspace,
    pub(super) answers: Answers<'a>,
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Job for Batch<'_, F> {
    type Out = Result<(), RowError>;

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) -> Self::Out {
        let mut failed: Option<RowError> = None;
        let mut fail = |row: usize, error: SolveError| {
            if failed.is_none_or(|f| row < f.row) {
                failed = Some(RowError { row, error });
            }
        };
        let mut short = std::mem::take(&mut self.workspace.short);
        let mut narrow = std::mem::take(&mut self.workspace.narrow);
        short.clear();
        narrow.clear();
        let dim = self.fixed.width();
        // One row alone, a question's, needs no list.
        let (mut one, mut iterated) = (None, Vec::new());
        // Variances come from a factorisation.
        let alone = self.answers.variances.is_some();
        let base = (self.count > 1).then(|| Base::of((self.row)(0).precision.base));
        for r in 0..self.count {
            let row = (self.row)(r);
            let n = row.indices.len();
            if let Err(error) = self.check(&row, base.as_ref()) {
                fail(r, error);
                continue;
            }
            if !alone && self.solver.iterates(n) {
                if self.count == 1 {
                    one = Some((r, row));
                } else {
                    iterated.push((r, row));
                }
                continue;
            }
            let method = self.solver.method(n);
            if !alone && method == Method::Dual && n <= LANES_UP_TO {
                short.push((n, r));
            } else if !alone && method == Method::Primal && dim <= NARROW_UP_TO {
                narrow.push((n, r));
            } else if let Err(error) = self.single(s, method, row, r) {
                fail(r, error);
            }
        }
        self.iterate(s, one.as_ref().map_or(&iterated, std::slice::from_ref), &mut fail);
        let mut sorted = std::mem::take(&mut self.workspace.sorted);
        sort(&short, &mut sorted);
        for (list, method) in [(&sorted, Method::Dual), (&narrow, Method::Primal)] {
            for (at, chunk) in list.chunks(S::LANES).enumerate() {
                let after = list.get(at * S::LANES + chunk.len());
                let next: &[I] = after.map_or(&[], |&(_, r)| (self.row)(r).indices);
                let mut members = [(0, (self.row)(chunk[0].1)); MAX_LANES];
                for (member, &(_, r)) in members.iter_mut().zip(chunk) {
                    *member = (r, (self.row)(r));
                }
                let members = &members[..chunk.len()];
                let group = lanes::Group { fixed: self.fixed, members, next };
                let bad = match method {
                    Method::Dual => group.solve_dual(s, self.workspace, &mut self.answers),
                    Method::Primal => group.solve_primal(s, self.workspace, &mut self.answers),
                };
                for (lane, (r, row)) in members.iter().enumerate() {
                    if bad >> lane & 1 == 1 {
                        fail(*r, self.blame(row));
                    }
                }
            }
        }
        self.workspace.narrow = narrow;
        self.workspace.short = short;
        self.workspace.sorted = sorted;
        failed.map_or(Ok(()), Err)
    }
}

/// A call for one row, as when somebody is folded in: a short one has a way of its own.
pub(super) struct One<'a, F>(pub(super) Batch<'a, F>);

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Job for One<'_, F> {
    type Out = Result<(), RowError>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Out {
        let Self(mut batch) = self;
        let row = (batch.row)(0);
        let n = row.indices.len();
        let solver = batch.solver;
        let short = n <= LANES_UP_TO && solver.method(n) == Method::Dual && !solver.iterates(n);
        if !short || batch.answers.variances.is_some() {
            return s.vectorize(batch);
        }
        let at = |error| RowError { row: 0, error };
        batch.check(&row, None).map_err(at)?;
        let (workspace, answers) = (&mut *batch.workspace, &mut batch.answers);
        let fine = lanes::Alone { fixed: batch.fixed, row, workspace, answers }.run(s);
        if fine { Ok(()) } else { Err(at(batch.blame(&row))) }
    }
}

/// Lengths and positions, the shortest first, and in their order where they are as long. Lengths are counted, not compared: no
/// processor foresees how a comparison of them ends.
fn sort(list: &[(usize, usize)], sorted: &mut Vec<(usize, usize)>) {
    let mut ends = [0; LANES_UP_TO + 2];
    for &(n, _) in list {
        ends[n + 1] += 1;
    }
    for n in 1..ends.len() {
        ends[n] += ends[n - 1];
    }
    sorted.clear();
    sorted.resize(list.len(), (0, 0));
    for &(n, r) in list {
        sorted[ends[n]] = (n, r);
        ends[n] += 1;
    }
}

impl<'r, I: Copy + Into<usize> + 'r, F: Fn(usize) -> Row<'r, I>> Batch<'_, F> {
    /// Solves rows by conjugate gradients; those that did not come near enough alone.
    #[inline(always)]
    fn iterate<S: Simd>(&mut self, s: S, list: &[Placed<'r, I>], fail: &mut impl FnMut(usize, SolveError)) {
        let mut unfinished = std::mem::take(&mut self.workspace.unfinished);
        unfinished.clear();
        let Self { fixed, ref mut workspace, ref mut answers, .. } = *self;
        s.vectorize(Conjugate { fixed, list, workspace, answers, unfinished: &mut unfinished });
        for &r in &unfinished {
            let row = (self.row)(r);
            if let Err(error) = self.single(s, self.solver.method(row.indices.len()), row, r) {
                fail(r, error);
            }
        }
        self.workspace.unfinished = unfinished;
    }

    #[inline(always)]
    fn single<S: Simd>(&mut self, s: S, method: Method, row: Row<'r, I>, r: usize) -> Result<(), SolveError> {
        let next: &[I] = if r + 1 < self.count { (self.row)(r + 1).indices } else { &[] };
        let next = if next.iter().all(|&i| i.into() < self.fixed.count()) { next } else { &[] };
        let out = self.answers.rows.row_mut(r);
        let variance = self.answers.variances.as_mut().map(|v| v.row_mut(r));
        let task = single::Task { fixed: self.fixed, row, workspace: self.workspace, next, out, variance };
        let minimum = match method {
            Method::Primal => s.vectorize(single::Primal(task)),
            Method::Dual => s.vectorize(single::Dual(task)),
        };
        let minimum = minimum.ok_or_else(|| self.blame(&row))?;
        self.answers.note_minimum(r, || minimum);
        Ok(())
    }

    /// Everything about a row that can be wrong before arithmetic starts. `known` is the base of most rows.
    #[inline(always)]
    fn check(&self, row: &Row<'_, I>, known: Option<&Base<'_>>) -> Result<(), SolveError> {
        let n = row.indices.len();
        let dim = self.solver.dim();
        check_len("targets", n, row.targets.len())?;
        check_len("prior precision", dim, row.precision.base.len())?;
        if let Some(mean) = row.mean {
            check_len("prior mean", dim, mean.len())?;
        }
        if let Some(weights) = row.weights {
            check_len("weights", n, weights.len())?;
            let good = |w: &f32| (*w > 0.0) & (*w < f32::INFINITY);
            if !weights.iter().fold(true, |all, w| all & good(w)) {
                let position = weights.iter().position(|w| !good(w)).unwrap_or_default();
                return Err(SolveError::Weight { position });
            }
        }
        let rows = self.fixed.count();
        let largest = row.indices.iter().fold(0, |max, &i| i.into().max(max));
        if largest >= rows && n > 0 {
            return Err(SolveError::Index { index: largest, rows });
        }
        if known.is_some_and(|known| known.holds(row.precision)) {
            return Ok(());
        }
        let Precision { base, scale, shift } = row.precision;
        let good = |b: &f32| {
            let p = scale * b + shift;
            (p > 0.0) & (p < f32::INFINITY)
        };
        // Without an early exit the loop becomes vectors; the place is looked for only when there is one.
        if base.iter().fold(true, |all, b| all & good(b)) {
            return Ok(());
        }
        let coordinate = base.iter().position(|b| !good(b)).unwrap_or_default();
        Err(SolveError::Precision { coordinate })
    }

    /// Why a solution is not finite.
    #[cold]
    fn blame(&self, row: &Row<'_, I>) -> SolveError {
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let fixed = |&i: &I| self.fixed.row(i.into()).is_none_or(finite);
        let inputs = finite(row.targets) && row.mean.is_none_or(finite) && row.indices.iter().all(fixed);
        if inputs { SolveError::NotPositiveDefinite } else { SolveError::NotFinite }
    }
}

/// What most rows of a call have in common: where their precisions begin and end is looked up once.
struct Base<'r> {
    entries: &'r [f32],
    /// None if an entry is not finite.
    ends: Option<[f32; 2]>,
}

impl<'r> Base<'r> {
    fn of(entries: &'r [f32]) -> Self {
        let wider = |[low, high]: [f32; 2], &entry: &f32| {
            [if entry < low { entry } else { low }, if entry > high { entry } else { high }]
        };
        let finite = entries.iter().fold(true, |all, entry| all & entry.is_finite());
        Self { entries, ends: finite.then(|| entries.iter().fold([f32::INFINITY, f32::NEG_INFINITY], wider)) }
    }

    /// Whether this is the base of a precision that is all positive and finite. Where nothing is turned around, products
    /// and sums keep their order, rounded as they are.
    #[inline(always)]
    fn holds(&self, Precision { base, scale, shift }: Precision<'_>) -> bool {
        let good =
            |[low, high]: [f32; 2]| (scale * low + shift > 0.0) & (scale * high + shift < f32::INFINITY);
        std::ptr::eq(self.entries, base) & (scale >= 0.0) && self.ends.is_some_and(good)
    }
}
