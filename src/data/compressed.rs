//! Compressed rows in one direction, and the stable counting sort that makes them.

use super::row::Row;

/// Compressed rows: the events of row `r` are `offsets[r]..offsets[r + 1]` of the columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Compressed<Ix> {
    pub(super) offsets: Vec<usize>,
    pub(super) ids: Vec<Ix>,
    pub(super) values: Vec<f32>,
    pub(super) times: Option<Vec<i64>>,
}

impl<Ix: Copy + Ord> Compressed<Ix> {
    pub(super) fn row(&self, row: usize) -> Row<'_, Ix> {
        let range = self.offsets[row]..self.offsets[row + 1];
        Row {
            ids: &self.ids[range.clone()],
            values: &self.values[range.clone()],
            times: self.times.as_deref().map(|times| &times[range]),
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Sorts every row by id; events with one id keep their order. Rows that are sorted cost one look.
    pub(super) fn sort_rows(&mut self) {
        let (mut order, mut values, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..self.n_rows() {
            let range = self.offsets[row]..self.offsets[row + 1];
            if self.ids[range.clone()].is_sorted() {
                continue;
            }
            order.clear();
            order.extend(self.ids[range.clone()].iter().copied().zip(range.clone()));
            order.sort_unstable();
            values.clear();
            values.extend(order.iter().map(|&(_, from)| self.values[from]));
            self.values[range.clone()].copy_from_slice(&values);
            if let Some(all) = &mut self.times {
                times.clear();
                times.extend(order.iter().map(|&(_, from)| all[from]));
                all[range.clone()].copy_from_slice(&times);
            }
            self.ids[range].iter_mut().zip(&order).for_each(|(id, &(sorted, _))| *id = sorted);
        }
    }

    /// The same events compressed along the other direction. Rows keep their events in ascending
    /// order of the old row, because the scatter is stable.
    pub(super) fn transpose<Other: Copy + From<u32>>(&self, n_rows: usize) -> Compressed<Other>
    where
        Ix: Into<usize>,
    {
        let rows = self.ids.iter().map(|&id| id.into());
        let mut scatter = Scatter::new(n_rows, rows, self.times.is_some());
        for row in 0..self.n_rows() {
            let (range, id) = (self.offsets[row]..self.offsets[row + 1], Other::from(row as u32));
            let cells = self.ids[range.clone()].iter().zip(&self.values[range.clone()]);
            match &self.times {
                None => cells.for_each(|(&to, &value)| scatter.put(to.into(), id, value)),
                Some(times) => cells
                    .zip(&times[range])
                    .for_each(|((&to, &value), &time)| scatter.put_timed(to.into(), id, value, time)),
            }
        }
        scatter.finish()
    }

    /// The events that `keep` renumbers; those it answers with none are left out, rows and all.
    pub(super) fn renumber(&self, rows: &[bool], ids: &[Option<Ix>]) -> Self
    where
        Ix: Into<usize>,
    {
        let mut kept = Self { offsets: vec![0], ids: Vec::new(), values: Vec::new(), times: None };
        let mut times = self.times.as_ref().map(|_| Vec::new());
        for row in (0..self.n_rows()).filter(|&row| rows[row]) {
            for at in self.offsets[row]..self.offsets[row + 1] {
                let Some(id) = ids[self.ids[at].into()] else { continue };
                kept.ids.push(id);
                kept.values.push(self.values[at]);
                if let (Some(times), Some(from)) = (&mut times, &self.times) {
                    times.push(from[at]);
                }
            }
            kept.offsets.push(kept.ids.len());
        }
        kept.times = times;
        kept
    }
}

/// A stable counting sort under way: events are put in their old order and come out row by row.
pub(super) struct Scatter<Ix> {
    /// Where the next event of each row goes.
    next: Vec<usize>,
    out: Compressed<Ix>,
}

impl<Ix: Copy + From<u32>> Scatter<Ix> {
    /// Counts the events of each row; all of `rows` must be below `n_rows`.
    pub(super) fn new(n_rows: usize, rows: impl Iterator<Item = usize>, timed: bool) -> Self {
        let mut offsets = vec![0usize; n_rows + 1];
        for row in rows {
            offsets[row + 1] += 1;
        }
        let mut n = 0;
        for offset in &mut offsets {
            n += *offset;
            *offset = n;
        }
        let next = offsets.clone();
        let (ids, values) = (vec![Ix::from(0); n], vec![0.0; n]);
        Self { next, out: Compressed { offsets, ids, values, times: timed.then(|| vec![0; n]) } }
    }

    #[inline]
    pub(super) fn put(&mut self, row: usize, id: Ix, value: f32) {
        let to = self.advance(row);
        self.out.ids[to] = id;
        self.out.values[to] = value;
    }

    #[inline]
    pub(super) fn put_timed(&mut self, row: usize, id: Ix, value: f32, time: i64) {
        let to = self.advance(row);
        self.out.ids[to] = id;
        self.out.values[to] = value;
        if let Some(times) = &mut self.out.times {
            times[to] = time;
        }
    }

    #[inline]
    fn advance(&mut self, row: usize) -> usize {
        let to = self.next[row];
        self.next[row] += 1;
        to
    }

    pub(super) fn finish(self) -> Compressed<Ix> {
        self.out
    }
}
