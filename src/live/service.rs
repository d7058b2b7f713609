//! Many readers, one writer.

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use super::copies::Copies;
use super::past::PastPatch;
use super::resolve::resolve;
use super::snapshot::Step;
use super::store::{Store, is_uncertain};
use super::{Applied, Learner, LiveError, Snapshot};
use crate::data::{Change, Ids};
use crate::model::{FitContext, FitFrom, FitReport, Update, UpdateReport};
use crate::persist::{LogError, LogFault};

/// What raw ids must be able to do; every type that can is one.
pub trait LiveId: Hash + Eq + Clone + Debug + Send + Sync {}

impl<T: Hash + Eq + Clone + Debug + Send + Sync> LiveId for T {}

/// A model that serves while it learns, and loses nothing of what it acknowledged.
///
/// Share it between threads by reference or [`Arc`]. A reader takes a [`snapshot`](Self::snapshot) per request and waits
/// for nobody; who [applies](Self::apply) changes waits for others who do.
///
/// # Files
/// Model, events and ids are in one file, batches since it was saved in the log beside it, `NAME.log`. Both together are
/// the state: [`open`](Self::open) brings every acknowledged batch back. [`checkpoint`](Self::checkpoint) saves the model
/// and empties the log; do it when the log has grown, say once an hour. A batch with a removal is a checkpoint of its
/// own, so that nothing of who was removed is left in either file when it is acknowledged; gather such requests in one
/// batch. Files that a killed process was writing (`.foldin-*.tmp` in the same directory) are removed by the next `open`.
/// Saving takes as long as the file is large, and only writers wait.
///
/// # Threads
/// Readers wait for no lock, but for a core if the writer's threads have them all, as by default: give it as many as the
/// readers leave ([`Learner::threads`], by [`open_with`](Self::open_with) too). It takes in a batch a little slower then.
///
/// # Memory
/// The learner with the events, and two copies of model, ids, packed rows and the values of events; one more for each older
/// snapshot that is still held, until the first batch after it is let go. A writer waits up to 50 ms for the last readers of the older copy, then makes another.
///
/// ```
/// use foldin::data::{Change, Event, InteractionsBuilder};
/// use foldin::implicit::IalsParams;
/// use foldin::live::{Learner, Live};
/// use foldin::model::Fit;
/// use foldin::retrieve::TopN;
/// let seen = [("ann", "alien"), ("ann", "brazil"), ("bob", "brazil"), ("bob", "dune"), ("eve", "dune"), ("eve", "alien")];
/// let records = seen.map(|(user, film)| (user.to_string(), film.to_string(), 1.0));
/// let data = InteractionsBuilder::new().add("seen", records)?.build()?;
/// let model = IalsParams::new().factors(2).fit(&data.interactions)?;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("films.foldin");
/// let live = Live::create(&path, Learner::new(model, data.interactions)?, data.ids)?;
///
/// // Somebody comes, and has a list at once.
/// let event = Event { user: "zoe".to_string(), item: "alien".to_string(), value: 1.0, time: None };
/// live.apply(&[Change::Add(event)])?;
/// let snapshot = live.snapshot();
/// let list = snapshot.recommend("zoe", &TopN::new(2))?;
/// assert!(list.len() == 2 && list.iter().all(|(film, _)| *film != "alien"));
///
/// // After a restart:
/// drop(live);
/// let (live, report) = Live::<foldin::implicit::Ials>::open(&path)?;
/// assert_eq!(report.batches, 1);
/// assert!(live.snapshot().ids().user("zoe").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Live<M: Update, U: LiveId = String, I: LiveId = String> {
    copies: Copies<Snapshot<M, U, I>>,
    writer: Mutex<Writer<M, U, I>>,
}

pub(super) struct Writer<M: Update, U: LiveId, I: LiveId> {
    pub(super) learner: Learner<M>,
    pub(super) store: Option<Box<dyn Store<M, U, I>>>,
    /// What the spare copy lacks of the current one.
    behind: Option<Step<M::Patch, U, I>>,
    sequence: u64,
    /// Whether the files may be other than is known here.
    broken: bool,
}

impl<M: Update, U: LiveId, I: LiveId> Live<M, U, I> {
    /// A model that lives in memory alone.
    ///
    /// # Errors
    /// [`LiveError::Ids`] when the ids are not those of the model, [`LiveError::Scan`], [`LiveError::Update`].
    pub fn in_memory(learner: Learner<M>, ids: Ids<U, I>) -> Result<Self, LiveError> {
        Self::of(learner, ids, None, 0)
    }

    pub(super) fn of(
        mut learner: Learner<M>,
        ids: Ids<U, I>,
        store: Option<Box<dyn Store<M, U, I>>>,
        sequence: u64,
    ) -> Result<Self, LiveError> {
        check_ids(&learner, &ids)?;
        learner.begin()?;
        let first = Snapshot::new(learner.model().clone(), learner.histories(), ids, sequence)?;
        let copies = Copies::new(first);
        let writer = Writer { learner, store, behind: None, sequence, broken: false };
        Ok(Self { copies, writer: Mutex::new(writer) })
    }

    /// The model as it is now, to be asked. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot<M, U, I>> {
        self.copies.read()
    }

    /// Takes in a batch of changes, or none of them. When it returns the batch lasts, and whoever takes a snapshot from
    /// now on sees all of it.
    ///
    /// # Errors
    /// [`LiveError`]. The batch is not taken in, with one exception: when it holds a removal, the model is saved and the
    /// log cannot be emptied ([`LiveError::Log`]); then it is, and the log may still tell of who was removed until the
    /// model is opened again.
    pub fn apply(&self, changes: &[Change<U, I>]) -> Result<UpdateReport, LiveError> {
        let mut writer = self.write()?;
        let writer = &mut *writer;
        let sequence = writer.sequence.checked_add(1).ok_or_else(|| LogError::from(LogFault::Exhausted))?;
        let (dense, turns) = resolve(self.snapshot().ids(), changes)?;
        let applied = writer.learner.apply_with_patch(&dense)?;
        if changes.is_empty() {
            return Ok(applied.report);
        }
        let pasts = PastPatch::of(writer.learner.histories(), &applied.users());
        if has_removal(changes) {
            let step = Step { patch: applied.patch.clone(), turns, pasts, sequence };
            return self.forget(writer, step, applied);
        }
        if let Some(store) = &mut writer.store
            && let Err(error) = store.append(changes)
        {
            writer.learner.take_back(applied);
            writer.broken = matches!(error.fault(), LogFault::Uncertain { .. } | LogFault::Poisoned);
            return Err(error.into());
        }
        let step = Step { patch: applied.patch, turns, pasts, sequence };
        self.prepare(writer, &step);
        self.publish(writer, step);
        Ok(applied.report)
    }

    /// Takes in a batch with removals: saved before anybody sees it, and in no log.
    fn forget(
        &self,
        writer: &mut Writer<M, U, I>,
        step: Step<M::Patch, U, I>,
        applied: Applied<M>,
    ) -> Result<UpdateReport, LiveError> {
        self.prepare(writer, &step);
        if let Some(store) = &mut writer.store
            && let Err(error) = store.save(&writer.learner, self.copies.prepared().ids(), step.sequence)
        {
            self.copies.discard();
            writer.learner.take_back(applied);
            writer.broken = is_uncertain(&error);
            return Err(error.into());
        }
        self.publish(writer, step);
        // The other copy forgets at once too.
        let behind = writer.behind.take();
        self.copies.even(|spare| behind.iter().for_each(|step| spare.install(step)));
        if let Some(store) = &mut writer.store
            && let Err(error) = store.reset(writer.sequence)
        {
            writer.broken = true;
            return Err(error.into());
        }
        Ok(applied.report)
    }

    /// Brings the spare copy to the state after a step.
    fn prepare(&self, writer: &mut Writer<M, U, I>, step: &Step<M::Patch, U, I>) {
        let behind = writer.behind.take();
        let follow = |spare: &mut Snapshot<M, U, I>| {
            behind.iter().for_each(|step| spare.install(step));
            spare.install(step);
        };
        self.copies.prepare(follow, |copy| copy.install(step));
    }

    fn publish(&self, writer: &mut Writer<M, U, I>, step: Step<M::Patch, U, I>) {
        self.copies.publish();
        writer.sequence = step.sequence;
        writer.behind = Some(step);
    }

    /// Fits all rows anew to the events there are, from where they are: the weekly update ([`Learner::refit`]). Readers
    /// are served meanwhile; changes wait. Ends with a [`checkpoint`](Self::checkpoint).
    ///
    /// # Errors
    /// [`LiveError::Fit`]; then nothing has changed. Others when the refitted model could not be saved; then it is served,
    /// and lasts from the next checkpoint on.
    pub fn refit<P: FitFrom<Model = M>>(
        &self,
        params: &P,
        context: &mut FitContext<'_>,
    ) -> Result<FitReport, LiveError> {
        let mut writer = self.write()?;
        let report = writer.learner.refit(params, context)?;
        let ids = self.snapshot().ids().clone();
        let learner = &writer.learner;
        let next = Snapshot::new(learner.model().clone(), learner.histories(), ids, writer.sequence)?;
        writer.behind = None;
        self.copies.replace(next);
        writer.learner.begin()?;
        self.save(&mut writer)?;
        Ok(report)
    }

    /// Saves model, events and ids, and empties the log. Does nothing for a model in memory.
    ///
    /// # Errors
    /// [`LiveError::Save`], [`LiveError::Log`]; everything that was acknowledged is in the files nevertheless.
    pub fn checkpoint(&self) -> Result<(), LiveError> {
        let mut writer = self.write()?;
        self.save(&mut writer)
    }

    fn save(&self, writer: &mut Writer<M, U, I>) -> Result<(), LiveError> {
        let Writer { learner, store: Some(store), sequence, .. } = writer else { return Ok(()) };
        store.save(learner, self.snapshot().ids(), *sequence)?;
        Ok(store.reset(*sequence)?)
    }

    /// The writer, to be looked at: how many events there are, how stale the model is. Waits for changes under way.
    ///
    /// # Errors
    /// [`LiveError::Broken`].
    pub fn with_learner<T>(&self, look: impl FnOnce(&Learner<M>) -> T) -> Result<T, LiveError> {
        Ok(look(&self.write()?.learner))
    }

    pub(super) fn write(&self) -> Result<MutexGuard<'_, Writer<M, U, I>>, LiveError> {
        let writer = self.writer.lock().map_err(|_| LiveError::Broken)?;
        if writer.broken { Err(LiveError::Broken) } else { Ok(writer) }
    }
}

pub(super) fn has_removal<U, I>(changes: &[Change<U, I>]) -> bool {
    changes.iter().any(|change| matches!(change, Change::RemoveUser { .. } | Change::RemoveItem { .. }))
}

/// Whether ids and events have the same indices, and the same vacant ones.
pub(super) fn check_ids<M: Update, U: LiveId, I: LiveId>(
    learner: &Learner<M>,
    ids: &Ids<U, I>,
) -> Result<(), LiveError> {
    let histories = learner.histories();
    let (found, expected) = (ids.users.n_indices(), histories.n_users() as usize);
    if found != expected || !ids.users.vacant().eq(histories.vacant_users().map(|user| user.get())) {
        return Err(LiveError::Ids { kind: "user", found, expected });
    }
    let (found, expected) = (ids.items.n_indices(), histories.n_items() as usize);
    if found != expected || !ids.items.vacant().eq(histories.vacant_items().map(|item| item.get())) {
        return Err(LiveError::Ids { kind: "item", found, expected });
    }
    Ok(())
}

impl<M: Update, U: LiveId, I: LiveId> Debug for Live<M, U, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        let (users, items) = (snapshot.model().n_users(), snapshot.model().n_items());
        f.debug_struct("Live")
            .field("sequence", &snapshot.sequence())
            .field("users", &users)
            .field("items", &items)
            .finish_non_exhaustive()
    }
}
