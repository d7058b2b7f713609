//! The other way round: which users?

use std::ops::Deref;

use super::asked::row_of;
use super::cosine::cosine;
use super::funnel::Judge;
use super::{ScanError, batch, error};
use crate::data::{ItemIx, UserIx};
use crate::kernel::{Kind, Level, MOST, Sieve};
use crate::model::{Factors, Profile, Query, QueryError, Score};
use crate::retrieve::{BatchError, TopN, Workspace, collect::Collector};

/// One entry of a list of users.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserHit {
    /// The user.
    pub user: UserIx,
    /// Their score.
    pub score: f32,
}

impl UserHit {
    fn new(user: u32, score: f32) -> Self {
        Self { user: UserIx::new(user), score }
    }
}

/// A model prepared for lists of *users*: who should be told of this item, and who is like this user.
///
/// It packs the users as a [`Scanner`](super::Scanner) packs the items, from the model's own profiles: a user's score here
/// is, to the bit, the score the model gives the item when the user asks. Requests are made by [`TopN::users`].
///
/// ```
/// use foldin::data::{ItemIx, UserIx, synthetic::Synthetic};
/// use foldin::model::{Fit, Query};
/// use foldin::rating::BiasedMfParams;
/// use foldin::retrieve::{ScoreExt, TopN, UserScanner};
/// let data = Synthetic::tiny().generate()?.interactions;
/// let model = BiasedMfParams::new().factors(4).fit(&data)?;
/// let scanner = UserScanner::new(&model)?;
/// let campaign = scanner.top_n(ItemIx::new(3), &TopN::users(20))?;
/// let first = Query::user(campaign[0].user);
/// assert_eq!(campaign[0].score, model.score(&first, ItemIx::new(3))?);
/// let twins = scanner.similar_users(UserIx::new(0), &TopN::users(3))?;
/// assert!(twins.iter().all(|twin| twin.score.abs() <= 1.0));
/// # Ok::<(), foldin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UserScanner<M> {
    model: M,
    sieve: Sieve,
}

/// The model's own scores of one item per question.
struct Exact<'a, S: ?Sized> {
    model: &'a S,
    items: &'a [ItemIx],
    request: &'a TopN<'a, UserIx>,
    profile: &'a mut Profile,
}

impl<S: Score + ?Sized> Judge for Exact<'_, S> {
    fn passes(&self, question: usize, row: u32) -> bool {
        let seen = || self.model.seen(UserIx::new(row)).binary_search(&self.items[question]).is_ok();
        !(self.request.leaves_out_seen() && seen())
    }

    fn expect(&self, _: u32) {}

    fn score(&mut self, question: usize, row: u32) -> f32 {
        let mut score = [f32::NAN];
        // Every profile could be made when the users were packed. One that cannot be made any more lists nobody.
        if self.model.profile(&Query::user(UserIx::new(row)), self.profile).is_ok() {
            self.model.score_block(self.profile, self.items[question], &mut score);
        }
        score[0]
    }

    fn keeps(&self, row: u32) -> bool {
        self.request.keeps(UserIx::new(row))
    }
}

/// Cosines of the profiles of users and a vector.
struct Alike<'a, S: ?Sized> {
    model: &'a S,
    /// Those the vector is of, sorted: they are left out.
    seeds: &'a [UserIx],
    asker: &'a [f32],
    request: &'a TopN<'a, UserIx>,
    profile: &'a mut Profile,
}

impl<S: Score + ?Sized> Judge for Alike<'_, S> {
    fn passes(&self, _: usize, row: u32) -> bool {
        self.seeds.binary_search(&UserIx::new(row)).is_err()
    }

    fn expect(&self, _: u32) {}

    fn score(&mut self, _: usize, row: u32) -> f32 {
        match self.model.profile(&Query::user(UserIx::new(row)), self.profile) {
            Ok(()) => cosine(self.asker, &self.profile.dense),
            Err(_) => f32::NAN,
        }
    }

    fn keeps(&self, row: u32) -> bool {
        self.request.keeps(UserIx::new(row))
    }
}

impl<M: Deref<Target: Score> + Sync> UserScanner<M> {
    /// Packs the users of a model. Makes every profile twice.
    ///
    /// # Errors
    /// [`ScanError::NotInnerProduct`] for a model that scores otherwise, [`ScanError::Shape`] for item rows that are not as
    /// many or as long as they are said to be, [`ScanError::TooWide`] beyond 65,534 factors, [`ScanError::Query`] when the
    /// model has no profile for one of its users.
    pub fn new(model: M) -> Result<Self, ScanError> {
        Self::at_level(model, Level::detect())
    }

    /// The same with the instructions of a level. The lists have the same bits at every level: scores are the model's.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_level(model: M, level: Level) -> Result<Self, ScanError> {
        let width = error::item_rows(&*model)?.factors;
        let (mut profile, mut failed) = (Profile::new(), None);
        let sieve = Sieve::new(level, model.n_users(), width, |user, out| {
            match model.profile(&Query::user(UserIx::new(user)), &mut profile) {
                Ok(()) => out.extend_from_slice(&profile.dense),
                Err(error) => failed = failed.take().or(Some(error)),
            }
            profile.offset
        });
        if let Some(error) = failed {
            return Err(ScanError::Query(error));
        }
        let sieve = sieve.ok_or(ScanError::TooWide { factors: width, most: MOST - 2 })?;
        Ok(Self { sieve, model })
    }

    /// The model.
    pub fn model(&self) -> &M::Target {
        &self.model
    }

    /// The users with the highest scores for an item, best first: those who have not seen it, unless
    /// [`include_seen`](TopN::include_seen) says otherwise.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`].
    pub fn top_n(&self, item: ItemIx, request: &TopN<'_, UserIx>) -> Result<Vec<UserHit>, QueryError> {
        let mut hits = Vec::new();
        self.top_n_into(item, request, &mut Workspace::new(), &mut hits)?;
        Ok(hits)
    }

    /// The same list written over `out`, allocating nothing after the first call. After an error `out` is empty.
    ///
    /// # Errors
    /// [`QueryError::UnknownItem`].
    pub fn top_n_into(
        &self,
        item: ItemIx,
        request: &TopN<'_, UserIx>,
        workspace: &mut Workspace,
        out: &mut Vec<UserHit>,
    ) -> Result<(), QueryError> {
        out.clear();
        QueryError::check_items(&[item], self.model.n_items())?;
        self.each_list(&[item], request, workspace, |best| best.finish(out, UserHit::new));
        Ok(())
    }

    /// The lists of many items, in their order, on `threads` threads; 0 stands for one per core. The same bits for any
    /// number of threads.
    ///
    /// # Errors
    /// [`BatchError::Query`] with the position of the first unknown item, [`BatchError::Threads`] when the threads cannot
    /// be started.
    pub fn top_n_batch(
        &self,
        items: &[ItemIx],
        request: &TopN<'_, UserIx>,
        threads: usize,
    ) -> Result<Vec<Vec<UserHit>>, BatchError> {
        batch::check_items(items, self.model.n_items())?;
        batch::lists(items.len(), threads, |workspace, job| {
            let mut lists = Vec::with_capacity(job.len());
            self.each_list(&items[job], request, workspace, |best| lists.push(best.list(UserHit::new)));
            Ok(lists)
        })
    }

    /// The users whose profiles point the same way, best first, the user left out. A score is the cosine of the angle
    /// between the two vectors of factors, in [-1, 1]; see [`similar_items`](super::Scanner::similar_items).
    ///
    /// # Errors
    /// [`QueryError::UnknownUser`].
    pub fn similar_users(
        &self,
        user: UserIx,
        request: &TopN<'_, UserIx>,
    ) -> Result<Vec<UserHit>, QueryError> {
        let mut profile = Profile::new();
        QueryError::check_user(user, self.model.n_users())?;
        self.model.profile(&Query::user(user), &mut profile)?;
        Ok(self.alike(&[user], &profile.dense, request))
    }

    /// A look-alike audience: the users who are most like these, best first, the seeds left out. Each seed counts alike,
    /// however much is known of it and however often it is named: a score is the cosine of the angle between a user's
    /// vector of factors and the mean of the seeds' vectors, each of length 1. For one seed these are its
    /// [`similar_users`](Self::similar_users), but for the last bit of a score.
    ///
    /// Few seeds of one taste work best: the mean of many tastes is the taste of nobody.
    ///
    /// ```
    /// # use foldin::data::{UserIx, synthetic::Synthetic};
    /// # use foldin::model::Fit;
    /// # use foldin::rating::BiasedMfParams;
    /// # use foldin::retrieve::{TopN, UserScanner};
    /// # let data = Synthetic::tiny().generate()?.interactions;
    /// # let model = BiasedMfParams::new().factors(4).fit(&data)?;
    /// let scanner = UserScanner::new(&model)?;
    /// let buyers = [3, 17, 42].map(UserIx::new);
    /// let audience = scanner.look_alikes(&buyers, &TopN::users(10))?;
    /// assert!(audience.iter().all(|hit| !buyers.contains(&hit.user)));
    /// # Ok::<(), foldin::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`QueryError::UnknownUser`] for the first seed that is one, [`QueryError::NoSeeds`] without any.
    pub fn look_alikes(
        &self,
        seeds: &[UserIx],
        request: &TopN<'_, UserIx>,
    ) -> Result<Vec<UserHit>, QueryError> {
        seeds.iter().try_for_each(|&seed| QueryError::check_user(seed, self.model.n_users()))?;
        let mut seeds = seeds.to_vec();
        seeds.sort_unstable();
        seeds.dedup();
        let mut profile = Profile::new();
        let mut sum: Vec<f64> = Vec::new();
        for &seed in &seeds {
            self.model.profile(&Query::user(seed), &mut profile)?;
            sum.resize(profile.dense.len(), 0.0);
            let length = profile.dense.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            // A seed of whom nothing is known has no direction.
            let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
            sum.iter_mut().zip(&profile.dense).for_each(|(sum, &x)| *sum += scale * f64::from(x));
        }
        let middle: Vec<f32> = sum.iter().map(|sum| (sum / seeds.len() as f64) as f32).collect();
        if seeds.is_empty() { Err(QueryError::NoSeeds) } else { Ok(self.alike(&seeds, &middle, request)) }
    }

    /// The users, without these, whose profiles point as a vector does.
    fn alike(&self, seeds: &[UserIx], asker: &[f32], request: &TopN<'_, UserIx>) -> Vec<UserHit> {
        let mut profile = Profile::new();
        let mut judge = Alike { model: &*self.model, seeds, asker, request, profile: &mut profile };
        let question = (Kind::Cosine, std::iter::once((asker, 0.0)));
        let mut workspace = Workspace::new();
        let rows = (&self.sieve, self.model.n_users());
        let best = workspace.lists.fill(rows, question, request, &mut judge);
        best.first_mut().map(|best| best.list(UserHit::new)).unwrap_or_default()
    }

    /// Shows the list of each item.
    fn each_list(
        &self,
        items: &[ItemIx],
        request: &TopN<'_, UserIx>,
        workspace: &mut Workspace,
        show: impl FnMut(&mut Collector),
    ) {
        let no_rows = Factors { rows: &[], stride: 0, factors: 0, bias: &[] };
        let rows = self.model.inner_product().unwrap_or(no_rows);
        let Workspace { profile, lists, .. } = workspace;
        let mut judge = Exact { model: &*self.model, items, request, profile };
        let bias = |item: ItemIx| rows.bias.get(item.ix()).copied().unwrap_or(0.0);
        let questions = items.iter().map(|&item| (row_of(&rows, item.get()), bias(item)));
        let packed = (&self.sieve, self.model.n_users());
        lists.fill(packed, (Kind::Product, questions), request, &mut judge).iter_mut().for_each(show);
    }
}
