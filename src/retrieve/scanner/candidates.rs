//! The rows that a request names.

use crate::retrieve::TopN;
use crate::retrieve::filter::Filter;

/// One of so many rows, and it is cheaper to score the allowed ones than to sift all: for one question, whose sifting is
/// bound by memory, and for many.
const FEW: [usize; 2] = [8, 32];

/// What may be listed, for all questions of a request. Memory is kept from request to request.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    filter: Filter,
    /// Whether the filter leaves anything out.
    filters: bool,
    /// The rows allowed, ascending, each once, when they are few.
    few: Vec<u32>,
    /// Whether they are.
    are_few: bool,
}

impl Candidates {
    /// Starts anew for `count` rows.
    pub(super) fn set<Ix: Copy + Into<usize>>(
        &mut self,
        request: &TopN<'_, Ix>,
        count: usize,
        questions: usize,
    ) {
        let allowed = request.allowed();
        self.filters = allowed.is_some() || !request.denied().is_empty();
        if self.filters {
            self.filter.reset(count, request);
        }
        let few = count / FEW[usize::from(questions > 1)];
        self.are_few = allowed.is_some_and(|allowed| allowed.len() <= few);
        self.few.clear();
        if self.are_few {
            let allowed = allowed.unwrap_or_default().iter().map(|&row| row.into());
            self.few.extend(allowed.filter(|&row| row < count).map(|row| row as u32));
            self.few.sort_unstable();
            self.few.dedup();
        }
    }

    /// Whether the request's sets leave the row in.
    #[inline]
    pub(super) fn pass(&self, row: u32) -> bool {
        !self.filters || self.filter.passes(row as usize)
    }

    /// The rows to be scored one by one, if those are all.
    pub(super) fn few(&self) -> Option<&[u32]> {
        self.are_few.then_some(&self.few)
    }
}
