//! Where rows stand among those that touched much the same, before anything is learnt of them.
//!
//! Items get random signs; then, a few times, each user takes the mean of its items and each item the mean of its users.
//! What all have in common is taken away first, and what is peculiar to few is averaged away: what remains are the
//! directions in which the rows of both sides differ most. It is power iteration on the normalised matrix of who touched
//! what, as in a randomized range finder (Halko, Martinsson and Tropp 2011), to no more accuracy than an order needs.
//!
//! Cost: [`ROUNDS`] times two sums of sixteen floats per event, and 64 bytes per row of both sides.

use std::ops::Range;

use rand::Rng;

use crate::data::{Interactions, ItemIx, UserIx};
use crate::kernel::Stream;
use crate::par::{Workers, balanced, parts};

/// Numbers that are kept of a row.
pub(super) const NUMBERS: usize = 16;

/// How often both sides take means. Epochs of `Ials` on Gowalla, two threads, ms, medians (driver `ials` of
/// `benches/compare`, with this constant changed), in the order of the data and in those of 2, 3, 4, 5 and 7 rounds: 35.5, 33.7, 33.1, 33.1, 33.6 and
/// 33.3 at 64 factors; 81.8, 73.3, 70.2, 69.2, 69.1 and 70.6 at 128.
const ROUNDS: usize = 4;

/// The family of the random draws.
const SIDE: u64 = 1;

/// Events of one job, at least.
const EVENTS: usize = 1 << 14;

/// What is kept of a row.
pub(super) type Sketch = [f32; NUMBERS];

/// The sketches of all users and of all items.
pub(super) fn sketches(workers: &Workers, data: &Interactions) -> [Vec<Sketch>; 2] {
    let mut users = vec![[0.0; NUMBERS]; data.n_users() as usize];
    let mut items = start(data);
    let user = |row: usize| data.user(UserIx::new(row as u32)).unwrap_or_default().ids;
    let item = |row: usize| data.item(ItemIx::new(row as u32)).unwrap_or_default().ids;
    for _ in 0..ROUNDS {
        take_means(workers, data.user_offsets(), user, &items, &mut users);
        take_means(workers, data.item_offsets(), item, &users, &mut items);
    }
    [users, items]
}

/// Random signs of the items, less their mean over the events, which no mean would change.
fn start(data: &Interactions) -> Vec<Sketch> {
    let mut bits = Stream { seed: 0, epoch: 0, side: SIDE, row: 0 }.generator();
    let mut sign = || {
        let bits = bits.next_u64();
        std::array::from_fn(|k| if bits >> k & 1 == 1 { 1.0 } else { -1.0 })
    };
    let mut items: Vec<Sketch> = (0..data.n_items()).map(|_| sign()).collect();
    let mut mean = [0.0; NUMBERS];
    let share =
        |row: usize| (data.item_offsets()[row + 1] - data.item_offsets()[row]) as f64 / data.len() as f64;
    for (row, item) in items.iter().enumerate() {
        mean.iter_mut().zip(item).for_each(|(mean, &x)| *mean += share(row) * f64::from(x));
    }
    for item in &mut items {
        item.iter_mut().zip(mean).for_each(|(x, mean)| *x -= mean as f32);
    }
    items
}

/// Gives each row the mean of those it touched; zeros if there are none.
fn take_means<'d, Ix: Copy + Into<usize> + Sync + 'd>(
    workers: &Workers,
    offsets: &[usize],
    touched: impl Fn(usize) -> &'d [Ix] + Send + Sync,
    of: &[Sketch],
    to: &mut [Sketch],
) {
    let cuts = balanced(offsets, |n| n + 1, EVENTS);
    let jobs = cuts.iter().cloned().zip(parts(to, 1, &cuts)).collect();
    workers.map(
        jobs,
        || (),
        |(), (rows, to): (Range<usize>, &mut [Sketch])| {
            for (row, to) in rows.zip(to) {
                *to = mean(touched(row), of);
            }
        },
    );
}

fn mean<Ix: Copy + Into<usize>>(touched: &[Ix], of: &[Sketch]) -> Sketch {
    let mut sum = [0.0; NUMBERS];
    for &id in touched {
        let x = &of[id.into()];
        for k in 0..NUMBERS {
            sum[k] += x[k];
        }
    }
    let share = 1.0 / touched.len().max(1) as f32;
    sum.map(|sum| share * sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Event;

    /// Two halves of a world, whose users touch about a third of the items of their own half.
    fn halves(n_users: u32) -> Interactions {
        let events: Vec<_> = (0..u64::from(n_users))
            .flat_map(|user| {
                let mut normal = Stream { seed: 3, epoch: 0, side: 0, row: user }.normal();
                let touched: Vec<_> = (0..80).filter(|_| normal.draw() > 0.4).collect();
                let own = touched.into_iter().filter(move |item| item % 2 == user as u32 % 2);
                let user = UserIx::new(user as u32);
                own.map(move |item| Event { user, item: ItemIx::new(item), value: 1.0, time: None })
            })
            .collect();
        Interactions::from_events(n_users, 80, &events).unwrap()
    }

    #[test]
    fn rows_of_one_half_of_a_world_stand_together() {
        let data = halves(200);
        let [users, items] = sketches(&Workers::new(2).unwrap(), &data);
        for rows in [users, items] {
            let signs = |row: &Sketch| row.map(|x| x > 0.0);
            for (row, sketch) in rows.iter().enumerate() {
                assert_eq!(signs(sketch), signs(&rows[row % 2]), "row {row}");
            }
            assert!(signs(&rows[0]).iter().zip(signs(&rows[1])).all(|(&a, b)| a != b));
        }
    }

    #[test]
    fn sketches_have_the_same_bits_for_any_number_of_threads() {
        let data = halves(6000);
        assert!(data.len() > 4 * EVENTS, "there are several jobs");
        let one = sketches(&Workers::new(1).unwrap(), &data);
        for threads in [2, 3, 8] {
            assert_eq!(one, sketches(&Workers::new(threads).unwrap(), &data));
        }
    }
}
