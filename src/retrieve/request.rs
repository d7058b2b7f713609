//! What is asked for: how many items, and which may be among them.

use std::fmt;

use crate::data::{ItemIx, UserIx};

type Predicate<'a, Ix> = &'a (dyn Fn(Ix) -> bool + Sync);

/// How many items to list, and which may be listed.
///
/// An item is eligible when it passes *every* filter. The filters are applied inside the scan: they
/// never shorten a list while eligible items are left.
///
/// | filter | default | what it leaves out |
/// |---|---|---|
/// | seen | on | what the user touched in training, and the question's own history |
/// | [`deny`](Self::deny) | nothing | the items named |
/// | [`allow`](Self::allow) | everything | the items *not* named |
/// | [`filter`](Self::filter) | everything | the items for which the predicate is false |
///
/// The sets are borrowed, may be in any order, may name an item twice (which changes nothing) and may
/// name items the model does not have (there is nothing to list or to leave out).
///
/// ```
/// use foldin::data::ItemIx;
/// use foldin::retrieve::TopN;
/// let (watched, horror) = ([ItemIx::new(3), ItemIx::new(8)], [ItemIx::new(5)]);
/// let year = [1994_u16, 1972, 2003, 1999, 1957, 2008, 1994, 1966, 1990];
/// let recent = |item: ItemIx| year[item.ix()] >= 1990;
/// let request = TopN::new(10).include_seen().deny(&watched).filter(&recent);
/// assert_eq!(request.get_n(), 10);
/// # let _ = request.deny(&horror);
/// ```
#[derive(Clone, Copy)]
pub struct TopN<'a, Ix = ItemIx> {
    n: usize,
    include_seen: bool,
    deny: &'a [Ix],
    allow: Option<&'a [Ix]>,
    keep: Option<Predicate<'a, Ix>>,
}

impl TopN<'_> {
    /// The best `n` items the asker has not seen. 0 gives an empty list; more than there are items
    /// gives all that are eligible.
    pub fn new(n: usize) -> Self {
        Self::best(n)
    }
}

impl TopN<'_, UserIx> {
    /// The best `n` users who have not seen the item: what a [`UserScanner`](crate::retrieve::UserScanner) is asked.
    /// Everything said of items below holds for users.
    pub fn users(n: usize) -> Self {
        Self::best(n)
    }
}

impl<'a, Ix: Copy> TopN<'a, Ix> {
    fn best(n: usize) -> Self {
        Self { n, include_seen: false, deny: &[], allow: None, keep: None }
    }

    /// Lists seen items too.
    #[must_use]
    pub fn include_seen(mut self) -> Self {
        self.include_seen = true;
        self
    }

    /// Leaves these items out. A second call replaces the set.
    #[must_use]
    pub fn deny(mut self, items: &'a [Ix]) -> Self {
        self.deny = items;
        self
    }

    /// Lists no items but these: what is in stock, or the candidates of another stage. An empty set
    /// gives an empty list. A second call replaces the set. Parts of the catalogue without an allowed
    /// item are not even scored.
    #[must_use]
    pub fn allow(mut self, items: &'a [Ix]) -> Self {
        self.allow = Some(items);
        self
    }

    /// Lists only items for which the predicate is true. A second call replaces the predicate.
    ///
    /// It is asked at most once per item of a list, and only for an item that would enter the list by its score and
    /// passed the other filters: it must depend on nothing but the item. [`ScoreExt`](super::ScoreExt) asks in ascending
    /// order of the items, a [`Scanner`](super::Scanner) in an order of its own.
    #[must_use]
    pub fn filter(mut self, keep: &'a (dyn Fn(Ix) -> bool + Sync)) -> Self {
        self.keep = Some(keep);
        self
    }

    /// How many items are asked for.
    pub fn get_n(&self) -> usize {
        self.n
    }

    /// The same request for another number of items.
    pub(super) fn with_n(self, n: usize) -> Self {
        Self { n, ..self }
    }

    pub(super) fn leaves_out_seen(&self) -> bool {
        !self.include_seen
    }

    pub(crate) fn denied(&self) -> &'a [Ix] {
        self.deny
    }

    pub(super) fn allowed(&self) -> Option<&'a [Ix]> {
        self.allow
    }

    pub(super) fn keeps(&self, item: Ix) -> bool {
        self.keep.is_none_or(|keep| keep(item))
    }
}

impl<Ix> fmt::Debug for TopN<'_, Ix> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopN")
            .field("n", &self.n)
            .field("include_seen", &self.include_seen)
            .field("deny", &self.deny.len())
            .field("allow", &self.allow.map(<[Ix]>::len))
            .field("filter", &self.keep.is_some())
            .finish()
    }
}
