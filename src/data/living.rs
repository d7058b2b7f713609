//! Compressed rows that can be changed, in one direction.

use super::compressed::Compressed;
use super::histories::Cell;
use super::places::{Places, follow};
use super::row::Row;

/// Rows sorted by id.
#[derive(Clone, Debug)]
pub(super) struct Living<Ix> {
    places: Places,
    ids: Vec<Ix>,
    values: Vec<f32>,
    times: Option<Vec<i64>>,
    /// A row being written; empty otherwise.
    draft: Draft<Ix>,
}

#[derive(Clone, Debug)]
struct Draft<Ix> {
    ids: Vec<Ix>,
    values: Vec<f32>,
    times: Vec<i64>,
}

impl<Ix: Copy + Ord + Default> Living<Ix> {
    pub(super) fn of(rows: Compressed<Ix>) -> Self {
        let Compressed { offsets, ids, values, times } = rows;
        let draft = Draft { ids: Vec::new(), values: Vec::new(), times: Vec::new() };
        Self { places: Places::of(&offsets), ids, values, times, draft }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.places.n_rows()
    }

    pub(super) fn entries(&self) -> usize {
        self.places.entries()
    }

    pub(super) fn has_times(&self) -> bool {
        self.times.is_some()
    }

    pub(super) fn row(&self, row: usize) -> Row<'_, Ix> {
        let range = self.places.range(row);
        Row {
            ids: &self.ids[range.clone()],
            values: &self.values[range.clone()],
            times: self.times.as_deref().map(|times| &times[range]),
        }
    }

    /// Makes it so many rows; those that go must be empty.
    pub(super) fn resize(&mut self, n_rows: usize) {
        self.places.resize(n_rows);
    }

    /// Changes a row: `edits` are sorted by id, and say what stands there afterwards.
    pub(super) fn edit(&mut self, row: usize, edits: impl Iterator<Item = (Ix, Option<Cell>)>) {
        let mut draft = std::mem::replace(
            &mut self.draft,
            Draft { ids: Vec::new(), values: Vec::new(), times: Vec::new() },
        );
        let old = self.row(row);
        let mut at = 0;
        for (id, cell) in edits {
            let until = at + old.ids[at..].partition_point(|&other| other < id);
            draft.copy(old, at..until);
            at = until + usize::from(old.ids.get(until) == Some(&id));
            if let Some(Cell { value, time }) = cell {
                draft.ids.push(id);
                draft.values.push(value);
                draft.times.push(time);
            }
        }
        draft.copy(old, at..old.len());
        let put = self.places.put(row, draft.ids.len());
        put.write(&mut self.ids, &draft.ids);
        put.write(&mut self.values, &draft.values);
        if let Some(times) = &mut self.times {
            put.write(times, &draft.times);
        }
        draft.wipe();
        self.draft = draft;
    }

    /// Packs the rows when too little of the columns is in use.
    pub(super) fn tidy(&mut self) {
        if !self.places.are_loose() {
            return;
        }
        let were = self.places.pack();
        follow(&mut self.ids, &were);
        follow(&mut self.values, &were);
        if let Some(times) = &mut self.times {
            follow(times, &were);
        }
    }

    pub(super) fn to_compressed(&self) -> Compressed<Ix> {
        Compressed {
            offsets: self.places.offsets(),
            ids: self.places.packed(&self.ids),
            values: self.places.packed(&self.values),
            times: self.times.as_ref().map(|times| self.places.packed(times)),
        }
    }
}

impl<Ix: Copy + Default> Draft<Ix> {
    fn copy(&mut self, from: Row<'_, Ix>, range: std::ops::Range<usize>) {
        self.ids.extend_from_slice(&from.ids[range.clone()]);
        self.values.extend_from_slice(&from.values[range.clone()]);
        match from.times {
            Some(times) => self.times.extend_from_slice(&times[range]),
            None => self.times.resize(self.ids.len(), 0),
        }
    }

    /// Leaves nothing of the row behind.
    fn wipe(&mut self) {
        self.ids.fill(Ix::default());
        self.values.fill(0.0);
        self.times.fill(0);
        self.ids.clear();
        self.values.clear();
        self.times.clear();
    }
}

impl<Ix: Copy + Ord + Default> PartialEq for Living<Ix> {
    /// Equal when the same events stand in the same rows, wherever these are.
    fn eq(&self, other: &Self) -> bool {
        self.n_rows() == other.n_rows()
            && self.has_times() == other.has_times()
            && (0..self.n_rows()).all(|row| self.row(row) == other.row(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is in no row is zero, so nothing of what was removed is left.
    #[test]
    fn what_is_gone_is_gone() {
        let cell = |value| Some(Cell { value, time: 7 });
        let mut rows = Living::<super::super::ItemIx>::of(Compressed {
            offsets: vec![0],
            ids: Vec::new(),
            values: Vec::new(),
            times: Some(Vec::new()),
        });
        rows.resize(3);
        let id = super::super::ItemIx::new;
        for n in 1..200 {
            rows.edit(n % 3, [(id(n as u32), cell(n as f32))].into_iter());
        }
        rows.edit(1, (0..200).map(|n| (id(n), None)));
        assert!(rows.row(1).is_empty() && rows.entries() > 100);
        let live: Vec<_> = [0, 2].iter().flat_map(|&row| rows.places.range(row)).collect();
        for at in (0..rows.ids.len()).filter(|at| !live.contains(at)) {
            let times = rows.times.as_ref().unwrap();
            assert_eq!((rows.ids[at], rows.values[at], times[at]), (id(0), 0.0, 0));
        }
        let before = rows.to_compressed();
        (3..9000).for_each(|n| rows.edit(2, [(id(n), cell(1.0))].into_iter()));
        (3..9000).for_each(|n| {
            rows.edit(2, [(id(n), (n < 200 && n % 3 == 2).then_some(()).and(cell(n as f32)))].into_iter())
        });
        rows.tidy();
        assert_eq!(rows.to_compressed(), before);
        assert_eq!(rows.ids.len(), rows.entries(), "packed");
    }
}
