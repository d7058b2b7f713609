//! Prepared for speed: rows packed once, then any number of lists.

mod asked;
mod batch;
mod candidates;
mod cosine;
mod error;
mod follow;
mod funnel;
mod lists;
mod similar;
mod users;
mod vectors;

use std::ops::Deref;

use super::collect::Collector;
use super::ext::Workspace;
use super::{BatchError, Hit, Rerank, RerankError, ScoreExt, TopN};
use crate::data::ItemIx;
use crate::kernel::{Kind, Level, MOST, Sieve};
use crate::model::{Factors, Profile, Query, QueryError, Score};
use asked::{Asked, Exact};

pub(super) use asked::{Questions, row_of};
pub(super) use cosine::cosine;
pub use error::ScanError;
pub(super) use error::item_rows;
pub(super) use lists::Lists;
pub use users::{UserHit, UserScanner};
pub use vectors::Vectors;

/// A model prepared for ranked lists: the same lists as those of [`ScoreExt`], to the bit, many times faster.
///
/// It takes any model whose scores are [inner products](Score::inner_product), borrowed or owned: `Scanner::new(&model)`,
/// or `Scanner::new(Arc::new(model))` for a service. Rows without a model are [`Vectors`]. Preparing packs the items as
/// bytes, which takes about as long as a few hundred lists, and `factors + 12` bytes per item; 4 more once it follows, and
/// half as much again after many changes. Each list is then found by a first pass over the bytes and the model's own
/// scores of the few items that pass. The first pass never loses an item: the answer *is* that of all scores, ties
/// included.
///
/// The threads that ask share one scanner; each has a [`Workspace`] of its own.
///
/// The scanner of a model that lives follows it by [patches](Self::install).
///
/// ```
/// use foldin::data::{ItemIx, UserIx, synthetic::Synthetic};
/// use foldin::model::{Fit, Query};
/// use foldin::rating::BiasedMfParams;
/// use foldin::retrieve::{Scanner, ScoreExt, TopN};
/// let data = Synthetic::tiny().generate()?.interactions;
/// let model = BiasedMfParams::new().factors(4).fit(&data)?;
/// let scanner = Scanner::new(&model)?;
/// let query = Query::user(UserIx::new(7));
/// assert_eq!(scanner.top_n(&query, &TopN::new(5))?, model.top_n(&query, &TopN::new(5))?);
///
/// let everybody: Vec<_> = (0..data.n_users()).map(UserIx::new).collect();
/// let lists = scanner.top_n_batch(&everybody, &TopN::new(5), 2)?;
/// assert_eq!(lists[7], model.top_n(&query, &TopN::new(5))?);
///
/// let alike = scanner.similar_items(ItemIx::new(3), &TopN::new(2))?;
/// assert!(alike[0].score <= 1.0 && alike[0].item != ItemIx::new(3));
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scanner<M> {
    model: M,
    sieve: Sieve,
    level: Level,
    /// Items that no list names, ascending.
    left_out: Vec<ItemIx>,
}

impl<M: Deref<Target: Score> + Sync> Scanner<M> {
    /// Packs the items of a model. Reads every row twice.
    ///
    /// # Errors
    /// [`ScanError::NotInnerProduct`] for a model that scores otherwise, [`ScanError::Shape`] for rows that are not as
    /// many or as long as they are said to be, [`ScanError::TooWide`] beyond 65,534 factors.
    pub fn new(model: M) -> Result<Self, ScanError> {
        Self::at_level(model, Level::detect())
    }

    /// The same with the instructions of a level. The lists have the same bits at every level: scores are the model's.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_level(model: M, level: Level) -> Result<Self, ScanError> {
        let rows = error::item_rows(&*model)?;
        let too_wide = ScanError::TooWide { factors: rows.factors, most: MOST - 2 };
        let sieve = Sieve::new(level, model.n_items(), rows.factors, follow::reading(&rows));
        Ok(Self { sieve: sieve.ok_or(too_wide)?, model, level, left_out: Vec::new() })
    }

    /// The model.
    pub fn model(&self) -> &M::Target {
        &self.model
    }

    /// The best items for one question, best first.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    pub fn top_n(&self, query: &Query<'_>, request: &TopN<'_>) -> Result<Vec<Hit>, QueryError> {
        let mut hits = Vec::new();
        self.top_n_into(query, request, &mut Workspace::new(), &mut hits)?;
        Ok(hits)
    }

    /// The list that is chosen from the best items of a larger pool: see [`Rerank`].
    ///
    /// # Errors
    /// [`RerankError::Query`] for an unknown user or a malformed history, and those of the steps.
    pub fn top_n_reranked(
        &self,
        query: &Query<'_>,
        request: &TopN<'_>,
        rerank: &Rerank<'_>,
    ) -> Result<Vec<Hit>, RerankError> {
        let n = request.get_n();
        rerank.choose(query, &self.top_n(query, &request.with_n(rerank.get_pool().max(n)))?, n)
    }

    /// The same list written over `out`. After the first call, calls with the same workspace and buffer allocate nothing,
    /// as long as neither `n` nor the catalogue nor the sets grow (and the model's `profile` keeps to its buffers). After
    /// an error `out` is empty.
    ///
    /// Time: one byte per factor and item, and a score for each item that may enter the list; groups of items whose rows
    /// are too short for it are left out. `O(n log n)` for the list. A request that [allows](TopN::allow) few items costs
    /// a score for each.
    ///
    /// # Errors
    /// [`QueryError`] for an unknown user or a malformed history.
    pub fn top_n_into(
        &self,
        query: &Query<'_>,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<Hit>,
    ) -> Result<(), QueryError> {
        out.clear();
        if self.is_long(request) {
            return self.model.top_n_into(query, request, workspace, out);
        }
        self.each_list(std::iter::once(*query), request, workspace, |best| best.finish(out, Hit::new))
            .map_err(|(_, error)| error)
    }

    /// The best items for a [profile](Score::profile): one kept from an earlier question, or a vector of the caller's own
    /// (`dense` as wide as the rows, and `offset`), written over `out`. Nobody asks, so nothing counts as seen.
    ///
    /// # Errors
    /// [`QueryError::Profile`] when the vector is not as wide as the rows.
    pub fn top_n_for(
        &self,
        profile: &Profile,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<Hit>,
    ) -> Result<(), QueryError> {
        out.clear();
        let (expected, found) = (self.sieve.width(), profile.dense.len());
        if expected != found {
            return Err(QueryError::Profile { expected, found });
        }
        let asked = workspace.questions.take(profile);
        self.fill(asked, request, &mut workspace.lists, |best| best.finish(out, Hit::new));
        Ok(())
    }

    /// The lists of many questions (of [`Query`], or of [`UserIx`](crate::data::UserIx) for known users), in their order,
    /// on `threads` threads; 0 stands for one per core. Each list has the bits that [`top_n`](Self::top_n) gives, for any
    /// number of threads.
    ///
    /// All lists are in memory at the end, at 8 bytes a hit: hand a large population over in parts.
    ///
    /// # Errors
    /// [`BatchError::Query`] with the position of the first question that cannot be answered: all or nothing.
    /// [`BatchError::Threads`] when the threads cannot be started.
    pub fn top_n_batch<'q, Q>(
        &self,
        queries: &[Q],
        request: &TopN<'_>,
        threads: usize,
    ) -> Result<Vec<Vec<Hit>>, BatchError>
    where
        Q: Copy + Into<Query<'q>> + Sync,
    {
        if self.is_long(request) {
            return self.model.top_n_batch(queries, request, threads);
        }
        batch::lists(queries.len(), threads, |workspace, job| {
            let (first, mut lists) = (job.start, Vec::with_capacity(job.len()));
            let questions = queries[job].iter().map(|&query| query.into());
            self.each_list(questions, request, workspace, |best| lists.push(best.list(Hit::new)))
                .map_err(|(at, source)| BatchError::Query { position: first + at, source })?;
            Ok(lists)
        })
    }

    /// Shows the list of each question; or says which is the first that cannot be answered, and why.
    fn each_list<'q>(
        &self,
        queries: impl ExactSizeIterator<Item = Query<'q>>,
        request: &TopN<'_>,
        workspace: &mut Workspace,
        show: impl FnMut(&mut Collector),
    ) -> Result<(), (usize, QueryError)> {
        let asked = workspace.questions.ask(&*self.model, queries, request)?;
        self.fill(asked, request, &mut workspace.lists, show);
        Ok(())
    }

    fn fill(&self, asked: &[Asked], request: &TopN<'_>, lists: &mut Lists, show: impl FnMut(&mut Collector)) {
        let (model, rows, left_out) = (&*self.model, self.rows(), &self.left_out[..]);
        let mut judge = Exact { model, asked, rows, level: self.level, request, left_out };
        let questions = (Kind::Product, asked.iter().map(Asked::vector));
        let packed = (&self.sieve, self.model.n_items());
        lists.fill(packed, questions, request, &mut judge).iter_mut().for_each(show);
    }

    /// The rows that were packed.
    fn rows(&self) -> Factors<'_> {
        self.model.inner_product().unwrap_or(Factors { rows: &[], stride: 0, factors: 0, bias: &[] })
    }

    /// Whether so much of the catalogue is listed that scoring all of it in blocks is cheaper; the model itself does not
    /// know what is left out.
    fn is_long(&self, request: &TopN<'_>) -> bool {
        self.left_out.is_empty() && request.get_n() > self.model.n_items() as usize / lists::LONG
    }
}
