//! How many events a user and an item have, and what that does to the weights.
//!
//! Each weight is multiplied by a number of the user times a number of the item, so that the rows of a side still share
//! one prior matrix, each times a number of its own.

use super::order::Order;

/// What the rows of one side multiply weights by.
pub(super) struct Shares {
    /// The weights of the row's events.
    pub(super) events: Vec<f32>,
    /// The unobserved weight of the row's pairs.
    pub(super) pairs: Vec<f32>,
}

impl Shares {
    /// Of users of so many events.
    pub(super) fn of_users(activity: Activity, counts: &[usize]) -> Self {
        Self { events: vec![1.0; counts.len()], pairs: counts.iter().map(|&n| activity.share(n)).collect() }
    }

    /// Of items whose events weigh so much.
    pub(super) fn of_items(events: Vec<f32>) -> Self {
        Self { pairs: vec![1.0; events.len()], events }
    }

    /// Those of the same rows in another order.
    pub(super) fn arrange(&mut self, order: &Order) {
        self.events = order.arranged(&self.events);
        self.pairs = order.arranged(&self.pairs);
    }

    /// What pairs are multiplied by, if it is not 1 for all.
    pub(super) fn uneven_pairs(&self) -> Option<&[f32]> {
        self.pairs.iter().any(|&share| share != 1.0).then_some(&self.pairs)
    }
}

/// How the unobserved weight grows with the number of events of a user: a_u = scale n^exponent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Activity {
    pub(super) exponent: f32,
    pub(super) scale: f32,
}

impl Default for Activity {
    /// All users alike.
    fn default() -> Self {
        Self { exponent: 0.0, scale: 1.0 }
    }
}

impl Activity {
    /// With mean 1 over users of so many events.
    pub(super) fn new(exponent: f32, counts: &[usize]) -> Self {
        let sum: f64 = counts.iter().map(|&n| power(n, exponent)).sum();
        Self { exponent, scale: (counts.len().max(1) as f64 / sum.max(1.0)) as f32 }
    }

    /// a_u
    pub(super) fn share(self, n: usize) -> f32 {
        (f64::from(self.scale) * power(n, self.exponent)) as f32
    }
}

/// How much the events of an item of n events weigh: `scale n^-exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Discount {
    pub(super) exponent: f32,
    pub(super) scale: f64,
}

impl Default for Discount {
    /// All items alike.
    fn default() -> Self {
        Self { exponent: 0.0, scale: 1.0 }
    }
}

impl Discount {
    /// With mean 1 over the events of items of so many events.
    pub(super) fn new(exponent: f32, counts: &[usize]) -> Self {
        let all: f64 = counts.iter().map(|&n| n as f64).sum();
        let discounted: f64 = counts.iter().map(|&n| n as f64 * power(n, -exponent)).sum();
        Self { exponent, scale: if all > 0.0 { all / discounted } else { 1.0 } }
    }

    /// c_i
    pub(super) fn weight(self, n: usize) -> f32 {
        (self.scale * power(n, -self.exponent)) as f32
    }
}

/// n^exponent; nothing is taken for one event.
fn power(n: usize, exponent: f32) -> f64 {
    (n.max(1) as f64).powf(f64::from(exponent))
}
