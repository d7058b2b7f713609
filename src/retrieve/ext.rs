//! What every model can do because it can score.

use super::collect::Collector;
use super::filter::Filter;
use super::scan::scan;
use super::scanner::{Lists, Questions};
use super::{BatchError, Rerank, RerankError, TopN, batch};
use crate::data::{History, ItemIx};
use crate::model::{Profile, Query, QueryError, Score};

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hit {
    /// The item.
    pub item: ItemIx,
    /// Its score: what the model's documentation says it is. It orders items and is not clipped to a
    /// rating scale.
    pub score: f32,
}

impl Hit {
    pub(super) fn new(item: u32, score: f32) -> Self {
        Self { item: ItemIx::new(item), score }
    }
}

/// Memory that [`ScoreExt::top_n_into`] and a [`Scanner`](super::Scanner) use again and again. One per thread; it may go from model to
/// model and from request to request, and nothing in it changes an answer.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub(super) profile: Profile,
    filter: Filter,
    best: Collector,
    scores: Vec<f32>,
    pub(super) questions: Questions,
    pub(super) lists: Lists,
}

impl Workspace {
    /// An empty workspace; it grows with the first request.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Ranked lists for every [`Score`], `dyn Score` included. The [rules](crate::retrieve) of a list are
/// the same for all methods.
///
/// ```
/// use foldin::data::{ItemIx, UserIx};
/// use foldin::model::{Profile, Query, QueryError, Score};
/// use foldin::retrieve::{ScoreExt, TopN};
///
/// /// Everybody gets the newest items; nobody has seen any.
/// struct Newest(u32);
/// impl Score for Newest {
///     fn n_users(&self) -> u32 { 1 }
///     fn n_items(&self) -> u32 { self.0 }
///     fn profile(&self, _: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
///         out.clear();
///         Ok(())
///     }
///     fn score_block(&self, _: &Profile, first: ItemIx, out: &mut [f32]) {
///         (first.get()..).zip(out).for_each(|(item, score)| *score = item as f32);
///     }
///     fn seen(&self, _: UserIx) -> &[ItemIx] { &[] }
/// }
///
/// let model = Newest(500);
/// let sold_out = [ItemIx::new(499)];
/// let hits = model.top_n(&Query::anyone(), &TopN::new(2).deny(&sold_out))?;
/// assert_eq!(hits[0].item, ItemIx::new(498));
/// assert_eq!(hits[1].score, 497.0);
/// # Ok::<(), QueryError>(())
/// ```
pub trait ScoreExt: Score {
    /// The score of one item for one question. For many items of one asker ask for a list, or make the
    /// [`profile`](Score::profile) once.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or item or a malformed history.
    fn score(&self, query: &Query<'_>, item: ItemIx) -> Result<f32, QueryError> {
        QueryError::check_items(&[item], self.n_items())?;
        let mut profile = Profile::new();
        self.profile(query, &mut profile)?;
        let mut score = [0.0];
        self.score_block(&profile, item, &mut score);
        Ok(score[0])
    }

    /// The best items for one question, best first. Takes memory for one bit per item; see
    /// [`top_n_into`](Self::top_n_into) for the call that takes none.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    fn top_n(&self, query: &Query<'_>, request: &TopN<'_>) -> Result<Vec<Hit>, QueryError> {
        let mut hits = Vec::new();
        self.top_n_into(query, request, &mut Workspace::new(), &mut hits)?;
        Ok(hits)
    }

    /// The list that is chosen from the best items of a larger pool: see [`Rerank`].
    ///
    /// # Errors
    /// [`RerankError::Query`] for an unknown user or a malformed history, and those of the steps.
    fn top_n_reranked(
        &self,
        query: &Query<'_>,
        request: &TopN<'_>,
        rerank: &Rerank<'_>,
    ) -> Result<Vec<Hit>, RerankError> {
        let n = request.get_n();
        rerank.choose(query, &self.top_n(query, &request.with_n(rerank.get_pool().max(n)))?, n)
    }

    /// The same list written over `out`. After the first call, calls with the same workspace and buffer
    /// allocate nothing, as long as neither `n` nor the catalogue grows (and the model's `profile`
    /// keeps to its buffers). After an error `out` is empty.
    ///
    /// Time: one score per item, `O(n log n)` for the list, 1 bit per item and one step per item of
    /// the sets for the filters.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    fn top_n_into(
        &self,
        query: &Query<'_>,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<Hit>,
    ) -> Result<(), QueryError> {
        out.clear();
        let Workspace { profile, filter, best, scores, .. } = workspace;
        self.profile(query, profile)?;
        let n_items = self.n_items() as usize;
        filter.reset(n_items, request);
        if request.leaves_out_seen() {
            filter.block(query.user.map_or(&[], |user| self.seen(user)));
            filter.block(query.history.as_ref().map_or(&[], |history: &History<'_>| history.ids));
        }
        best.start(request.get_n().min(n_items));
        scan(self, profile, request, filter, scores, best);
        best.finish(out, Hit::new);
        Ok(())
    }

    /// The lists of many questions (of [`Query`], or of [`UserIx`](crate::data::UserIx) for known
    /// users), in their order, on `threads` threads; 0 stands for one per core. Each list has the bits
    /// that [`top_n`](Self::top_n) gives, for any number of threads.
    ///
    /// All lists are in memory at the end, at 8 bytes a hit: hand a large population over in parts.
    ///
    /// # Errors
    /// [`BatchError::Query`] with the position of the first question that cannot be answered: all or
    /// nothing. [`BatchError::Threads`] when the threads cannot be started.
    fn top_n_batch<'q, Q>(
        &self,
        queries: &[Q],
        request: &TopN<'_>,
        threads: usize,
    ) -> Result<Vec<Vec<Hit>>, BatchError>
    where
        Q: Copy + Into<Query<'q>> + Sync,
    {
        batch::top_n(self, queries, request, threads)
    }
}

impl<S: Score + ?Sized> ScoreExt for S {}
