//! Minimum interactions: which users and items stay?

use super::{Interactions, ItemIx, UserIx};

/// Who and what stays in any case.
#[derive(Clone, Debug, Default)]
pub(super) struct Also {
    pub(super) users: Vec<u32>,
    pub(super) items: Vec<u32>,
}

/// Who and what stays.
pub(super) struct Kept {
    pub(super) users: Vec<bool>,
    pub(super) items: Vec<bool>,
}

impl Kept {
    /// The largest set in which every user has `min_per_user` events with items of the set and every
    /// item `min_per_item` with its users (a k-core, generalised to two sides). Linear in the events:
    /// each removal lowers the counts of its row's other side, which may fall in their turn. Those who
    /// stay in any case do not fall.
    pub(super) fn core(data: &Interactions, min_per_user: usize, min_per_item: usize, also: &Also) -> Self {
        let mut users = Side::new(data.users().map(|(_, row)| row.len()), min_per_user, &also.users);
        let mut items = Side::new(data.items().map(|(_, row)| row.len()), min_per_item, &also.items);
        loop {
            if let Some(user) = users.falling.pop() {
                let history = data.user(UserIx::new(user)).unwrap_or_default();
                history.ids.iter().for_each(|item| items.lower(item.get()));
            } else if let Some(item) = items.falling.pop() {
                let audience = data.item(ItemIx::new(item)).unwrap_or_default();
                audience.ids.iter().for_each(|user| users.lower(user.get()));
            } else {
                return Self { users: users.kept, items: items.kept };
            }
        }
    }

    /// Removes who and what has no event in any of the data sets, but for those who stay in any case.
    pub(super) fn touched(mut self, data: &[&Interactions], also: &Also) -> Self {
        let mut users = vec![false; self.users.len()];
        let mut items = vec![false; self.items.len()];
        for (user, history) in data.iter().flat_map(|data| data.users()) {
            for item in history.ids.iter().filter(|item| self.items[item.ix()] && self.users[user.ix()]) {
                users[user.ix()] = true;
                items[item.ix()] = true;
            }
        }
        also.users.iter().for_each(|&user| users[user as usize] = true);
        also.items.iter().for_each(|&item| items[item as usize] = true);
        (self.users, self.items) = (users, items);
        self
    }

    pub(super) fn is_everything(&self) -> bool {
        self.users.iter().chain(&self.items).all(|&kept| kept)
    }

    /// The events of those who stay, renumbered in the old order.
    pub(super) fn apply(&self, data: &Interactions) -> Interactions {
        let mut next = 0;
        let items: Vec<Option<ItemIx>> = self
            .items
            .iter()
            .map(|&kept| {
                next += u32::from(kept);
                kept.then(|| ItemIx::new(next - 1))
            })
            .collect();
        Interactions::from_sorted_rows(data.by_user().renumber(&self.users, &items), next)
    }
}

/// One side of the peeling.
struct Side {
    counts: Vec<usize>,
    kept: Vec<bool>,
    /// Rows that were removed, but whose other side does not know yet.
    falling: Vec<u32>,
    min: usize,
}

impl Side {
    /// A count that is beyond all bounds never falls below the minimum.
    fn new(counts: impl Iterator<Item = usize>, min: usize, also: &[u32]) -> Self {
        let mut counts: Vec<usize> = counts.collect();
        also.iter().for_each(|&row| counts[row as usize] = usize::MAX);
        let kept: Vec<bool> = counts.iter().map(|&count| count >= min).collect();
        let falling = (0..counts.len() as u32).filter(|&row| !kept[row as usize]).collect();
        Self { counts, kept, falling, min }
    }

    fn lower(&mut self, row: u32) {
        let at = row as usize;
        self.counts[at] -= 1;
        if self.kept[at] && self.counts[at] < self.min {
            self.kept[at] = false;
            self.falling.push(row);
        }
    }
}
