//! Several events of one pair of user and item: which value stands?

use super::compressed::Compressed;
use super::row::Row;

/// What becomes of several events of one user with one item.
///
/// Whatever the value, the one event that stays has the latest time of them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Duplicates {
    /// They are an error: [`DataError::Duplicate`](super::DataError::Duplicate).
    Error,
    /// The latest stands; among equal times, and without times, the last in the order of reading.
    #[default]
    Last,
    /// The sum stands: for counts and weighted events.
    Sum,
    /// The mean stands: for ratings given more than once.
    Mean,
    /// The largest stands.
    Max,
}

impl Duplicates {
    /// The value and the time of events with one pair, in the order of reading. Sums are made in
    /// double precision in that order.
    fn merge<Ix>(self, run: Row<'_, Ix>) -> (f32, i64) {
        let time = |at: usize| run.times.map_or(0, |times| times[at]);
        let latest = (0..run.ids.len()).max_by_key(|&at| time(at)).unwrap_or(0);
        let sum = || run.values.iter().map(|&value| f64::from(value)).sum::<f64>();
        let value = match self {
            Self::Error | Self::Last => run.values[latest],
            Self::Sum => sum() as f32,
            Self::Mean => (sum() / run.values.len() as f64) as f32,
            Self::Max => run.values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        };
        (value, time(latest))
    }
}

/// The first row that holds an id twice, in rows whose equal ids are neighbours.
pub(super) fn find_duplicate<Ix: Copy + Ord>(rows: &Compressed<Ix>) -> Option<(usize, Ix)> {
    (0..rows.n_rows()).find_map(|row| {
        let pair = rows.row(row).ids.windows(2).find(|pair| pair[0] == pair[1])?;
        Some((row, pair[0]))
    })
}

/// Makes one event of each run of equal ids, in place.
pub(super) fn merge_runs<Ix: Copy + Ord>(rows: &mut Compressed<Ix>, policy: Duplicates) {
    let (mut from, mut to) = (0, 0);
    for row in 0..rows.n_rows() {
        let end = rows.offsets[row + 1];
        while from < end {
            let id = rows.ids[from];
            let run = from..from + rows.ids[from..end].iter().take_while(|&&other| other == id).count();
            let (value, time) = policy.merge(Row {
                ids: &rows.ids[run.clone()],
                values: &rows.values[run.clone()],
                times: rows.times.as_ref().map(|times| &times[run.clone()]),
            });
            rows.ids[to] = id;
            rows.values[to] = value;
            if let Some(times) = &mut rows.times {
                times[to] = time;
            }
            (from, to) = (run.end, to + 1);
        }
        rows.offsets[row + 1] = to;
    }
    rows.ids.truncate(to);
    rows.values.truncate(to);
    if let Some(times) = &mut rows.times {
        times.truncate(to);
    }
}
