//! What is known of the rows of one side beside their ratings, column by column.

use crate::data::{Attributes, Interactions, Row};
use crate::kernel::Columns;
use std::ops::Range;

/// Features of the rows of one side, in compressed columns. The features of a block share how much they matter.
#[derive(Debug)]
pub(super) struct Features {
    offsets: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f32>,
    blocks: Vec<Range<usize>>,
}

impl Features {
    /// No features.
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], rows: Vec::new(), values: Vec::new(), blocks: Vec::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn blocks(&self) -> &[Range<usize>] {
        &self.blocks
    }

    pub(super) fn columns(&self) -> Columns<'_> {
        Columns { offsets: &self.offsets, rows: &self.rows, values: &self.values }
    }

    /// Adds a block of columns, each a list of rows and values.
    fn add<C: IntoIterator<Item = (u32, f32)>>(&mut self, columns: impl Iterator<Item = C>) {
        let first = self.count();
        for column in columns {
            for (row, value) in column {
                self.rows.push(row);
                self.values.push(value);
            }
            self.offsets.push(self.rows.len());
        }
        if self.count() > first {
            self.blocks.push(first..self.count());
        }
    }

    /// Adds attributes of all rows, a block for each field.
    pub(super) fn add_attributes<R: From<u32> + Into<usize>>(&mut self, attributes: &Attributes<R>) {
        self.add_attributes_of(attributes, (0..attributes.n_rows()).map(R::from));
    }

    /// Adds attributes of these rows, which are numbered from 0 on.
    pub(super) fn add_attributes_of<R: Into<usize>>(
        &mut self,
        attributes: &Attributes<R>,
        rows: impl Iterator<Item = R>,
    ) {
        let mut columns = vec![Vec::new(); attributes.n_features() as usize];
        for (at, row) in (0..).zip(rows) {
            let (features, values) = attributes.row(row);
            let entries = features.iter().zip(values);
            entries.for_each(|(&feature, &value)| columns[feature as usize].push((at, value)));
        }
        let schema = attributes.schema();
        for field in 0..schema.fields().len() {
            let of_field = schema.features_of(field);
            self.add(
                columns[of_field.start as usize..of_field.end as usize].iter().map(|c| c.iter().copied()),
            );
        }
    }

    /// Adds, as a block, what each row touched: one feature per touched row, scaled so that a row's set has length one.
    /// `touched` are the other side's rows; `offsets` tell how many each row touched.
    fn add_sets<'d, Ix: Copy + Into<usize> + 'd>(
        &mut self,
        touched: impl Iterator<Item = Row<'d, Ix>>,
        offsets: &[usize],
    ) {
        let entry = |&id: &Ix| {
            let row: usize = id.into();
            (row as u32, set_share(offsets[row + 1] - offsets[row]))
        };
        self.add(touched.map(|row| row.ids.iter().map(entry)));
    }

    /// Adds the sets of what users touched.
    pub(super) fn add_user_sets(&mut self, data: &Interactions) {
        self.add_sets(data.items().map(|(_, audience)| audience), data.user_offsets());
    }

    /// Adds the sets of who touched items.
    pub(super) fn add_item_sets(&mut self, data: &Interactions) {
        self.add_sets(data.users().map(|(_, history)| history), data.item_offsets());
    }
}

/// What each member of a set of `n` counts.
pub(super) fn set_share(n: usize) -> f32 {
    1.0 / (n as f32).sqrt()
}
