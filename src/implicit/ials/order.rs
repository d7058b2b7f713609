//! In which order a fit keeps the rows of a side.
//!
//! The order changes time, not what is solved: rows that touch much the same fixed rows find them in a second cache when
//! they come one after another, and fixed rows that are touched together lie together. Which ones do is what their
//! sketches say ([`super::sketch`]). The signs of a sketch name a corner of its space, and corners are visited so that
//! neighbours differ in one sign.

use super::sketch::{NUMBERS, Sketch};
use crate::kernel::Matrix;
use crate::par::Workers;

/// Rows of one job.
const ROWS: usize = 4096;

/// An order of the rows of one side.
pub(super) struct Order {
    /// Which row of the data stands at each place.
    rows: Vec<u32>,
    /// The place of each row of the data.
    places: Vec<u32>,
}

impl Order {
    /// By corners; rows of one corner as they are.
    pub(super) fn of_sketches(sketches: &[Sketch]) -> Self {
        let corners: Vec<_> = sketches.iter().map(|sketch| usize::from(corner(sketch))).collect();
        // A counting sort: where the next row of each corner goes.
        let mut next = vec![0; (1 << NUMBERS) + 1];
        corners.iter().for_each(|&corner| next[corner + 1] += 1);
        let mut end = 0;
        for next in &mut next {
            end += *next;
            *next = end;
        }
        let (mut rows, mut places) = (vec![0; corners.len()], vec![0; corners.len()]);
        for (row, &corner) in corners.iter().enumerate() {
            let place = next[corner];
            next[corner] += 1;
            (rows[place], places[row]) = (row as u32, place as u32);
        }
        Self { rows, places }
    }

    /// The rows of the data, by place.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The row of the data at a place.
    pub(super) fn row(&self, place: usize) -> usize {
        self.rows[place] as usize
    }

    /// The place of a row of the data.
    pub(super) fn place<Ix: Into<usize> + From<u32>>(&self, row: Ix) -> Ix {
        Ix::from(self.places[row.into()])
    }

    /// What belongs to the rows of the data, in this order.
    pub(super) fn arranged<T: Copy>(&self, of_rows: &[T]) -> Vec<T> {
        self.rows.iter().map(|&row| of_rows[row as usize]).collect()
    }

    /// The factors of the rows of the data, in this order.
    pub(super) fn arranged_factors(&self, workers: &Workers, of_rows: &Matrix) -> Matrix {
        gathered(workers, of_rows, &self.rows)
    }

    /// The factors in this order, as the data has the rows.
    pub(super) fn restored_factors(&self, workers: &Workers, of_places: &Matrix) -> Matrix {
        gathered(workers, of_places, &self.places)
    }
}

/// Rows from elsewhere, one after the other.
fn gathered(workers: &Workers, from: &Matrix, rows: &[u32]) -> Matrix {
    let mut to = Matrix::new(rows.len(), from.width());
    let (stride, width) = (to.stride(), to.width());
    let jobs = to.floats_mut().chunks_mut(ROWS * stride).zip(rows.chunks(ROWS)).collect();
    workers.map(
        jobs,
        || (),
        |_, (out, rows): (&mut [f32], &[u32])| {
            for (to, &row) in out.chunks_exact_mut(stride).zip(rows) {
                to[..width].copy_from_slice(from.row(row as usize));
            }
        },
    );
    to
}

/// The signs of a sketch as a number: the next bit is counted backwards after an odd one, so that numbers that follow
/// each other differ in one sign.
fn corner(sketch: &Sketch) -> u16 {
    let signs = sketch.iter().map(|&x| u16::from(x > 0.0));
    signs.fold(0, |place, sign| place << 1 | (sign ^ (place & 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemIx;

    fn number(i: usize) -> f32 {
        (i * 7919 % 1009) as f32 - 504.0
    }

    #[test]
    fn an_order_holds_every_row_once_and_can_be_undone() {
        let workers = Workers::new(2).unwrap();
        for (count, width) in [(0, 1), (1, 1), (3, 2), (9000, 20)] {
            let sketches: Vec<Sketch> =
                (0..count).map(|row| std::array::from_fn(|k| number(row * NUMBERS + k))).collect();
            let order = Order::of_sketches(&sketches);
            let factors =
                Matrix::from_dense(count, width, &(0..count * width).map(number).collect::<Vec<_>>());
            let mut rows = order.rows().to_vec();
            assert!(count < 100 || !rows.is_sorted(), "there is something to order");
            for (place, &row) in rows.iter().enumerate() {
                let id = order.place(ItemIx::new(row));
                assert_eq!((order.row(place), id.ix()), (row as usize, place));
            }
            let corners: Vec<_> = rows.iter().map(|&row| (corner(&sketches[row as usize]), row)).collect();
            assert!(corners.is_sorted());
            rows.sort_unstable();
            assert_eq!(order.arranged(&rows), order.rows());
            assert!(rows.into_iter().eq(0..count as u32));
            let arranged = order.arranged_factors(&workers, &factors);
            assert!((0..count).all(|place| arranged.row(place) == factors.row(order.row(place))));
            assert_eq!(order.restored_factors(&workers, &arranged), factors);
        }
    }

    #[test]
    fn neighbouring_corners_differ_in_one_sign() {
        let mut by_place = vec![None; 1 << NUMBERS];
        for c in 0..1u32 << NUMBERS {
            let signs = std::array::from_fn(|k| if c >> k & 1 == 1 { 1.0 } else { -1.0 });
            by_place[usize::from(corner(&signs))] = Some(c);
        }
        let corners: Vec<u32> =
            by_place.into_iter().map(|corner| corner.expect("each has a place")).collect();
        assert!(corners.windows(2).all(|pair| (pair[0] ^ pair[1]).count_ones() == 1));
    }
}
