//! Who rates what, and when.

use super::Synthetic;
use super::catalogue::Catalogue;
use super::draw::{Alias, Draw, Stream};
use super::truth::{BEGIN, SPAN, Truth, centred};
use crate::data::ItemIx;
use crate::data::compressed::Compressed;

/// The spread of the users' activity: the logarithm's standard deviation.
const ACTIVITY: f64 = 0.9;
/// How much more often something is chosen for each star that the user's taste adds.
const LIKING: f64 = 0.8;
/// Liking beyond this many stars makes no difference to the choice.
const MOST_LIKED: f64 = 1.5;

/// The ratings of all users, row by row, each row sorted by item.
pub(super) fn draw(settings: &Synthetic, items: &Catalogue, truth: &Truth) -> Compressed<ItemIx> {
    let weights: Vec<f64> = items.popularity.iter().map(|log| log.exp()).collect();
    let mut chooser = Chooser {
        alias: Alias::new(&weights),
        popularity: &items.popularity,
        truth,
        chosen_by: vec![0; weights.len()],
        keys: Vec::new(),
    };
    let capacity = settings.n_ratings() as usize + settings.n_ratings() as usize / 16;
    let mut rows = Compressed {
        offsets: vec![0],
        ids: Vec::with_capacity(capacity),
        values: Vec::with_capacity(capacity),
        times: Some(Vec::with_capacity(capacity)),
    };
    let mut row = Vec::new();
    for user in 0..settings.users {
        let mut draw = Draw::new(settings.seed, Stream::Events, u64::from(user));
        let n = activity(settings, &mut draw);
        chooser.choose(&mut draw, user, n, &mut row);
        row.sort_unstable();
        let (from, length) = membership(&mut draw);
        for &item in &row {
            let time = BEGIN + ((from + length * draw.uniform()) * SPAN as f64) as i64;
            let exact = truth.raw(user as usize, item as usize, centred(time));
            let stars = exact + settings.noise * draw.normal() as f32;
            rows.ids.push(ItemIx::new(item));
            rows.values.push(stars.round().clamp(1.0, 5.0));
            rows.times.get_or_insert_default().push(time);
        }
        rows.offsets.push(rows.ids.len());
    }
    rows
}

/// How many items a user rates: log-normal around the mean, at most three quarters of all.
fn activity(settings: &Synthetic, draw: &mut Draw) -> usize {
    let mean = settings.n_ratings() as f64 / f64::from(settings.users);
    let n = mean * (ACTIVITY * draw.normal() - ACTIVITY * ACTIVITY / 2.0).exp();
    // Dice between the two whole numbers around it keep the mean.
    let n = (n + draw.uniform()) as usize;
    n.min((settings.items as usize * 3).div_ceil(4))
}

/// When a user joined and how long they stayed, as parts of the span.
fn membership(draw: &mut Draw) -> (f64, f64) {
    let from = draw.uniform().sqrt();
    let length = (1.0 - from) * draw.uniform();
    (from, length)
}

/// Chooses the items of one user after the other, without repetition, by popularity and liking.
struct Chooser<'a> {
    alias: Alias,
    popularity: &'a [f64],
    truth: &'a Truth,
    /// The last user who chose each item, from 1.
    chosen_by: Vec<u32>,
    keys: Vec<(f64, u32)>,
}

impl Chooser<'_> {
    fn choose(&mut self, draw: &mut Draw, user: u32, n: usize, row: &mut Vec<u32>) {
        row.clear();
        // Where a good part of all items is chosen, drawing until enough are different takes long.
        match n * 16 > self.popularity.len() {
            true => self.choose_most(draw, user, n, row),
            false => self.choose_few(draw, user, n, row),
        }
    }

    /// The factor, up to 1, by which liking makes a choice more likely.
    fn liking(&self, user: u32, item: u32) -> f64 {
        let taste = f64::from(self.truth.taste(user as usize, item as usize));
        LIKING * (taste.min(MOST_LIKED) - MOST_LIKED)
    }

    /// Draws by popularity, and keeps by liking, until `n` different items are found.
    fn choose_few(&mut self, draw: &mut Draw, user: u32, n: usize, row: &mut Vec<u32>) {
        // A bound for extreme settings, far beyond what the usual ones need.
        for _ in 0..1_000 + 100 * n {
            if row.len() == n {
                return;
            }
            let item = self.alias.draw(draw);
            if self.chosen_by[item] != user + 1 && draw.uniform().ln() < self.liking(user, item as u32) {
                self.chosen_by[item] = user + 1;
                row.push(item as u32);
            }
        }
    }

    /// The `n` largest of `log weight + gumbel`: the same distribution, in time linear in all items.
    fn choose_most(&mut self, draw: &mut Draw, user: u32, n: usize, row: &mut Vec<u32>) {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        for item in 0..self.popularity.len() as u32 {
            let weight = self.popularity[item as usize] + self.liking(user, item);
            keys.push((weight + draw.gumbel(), item));
        }
        if n < keys.len() {
            keys.select_nth_unstable_by(n, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        row.extend(keys.iter().take(n).map(|key| key.1));
        self.keys = keys;
    }
}
