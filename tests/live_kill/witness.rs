//! What the parent hears and sees.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::Path;

use foldin::data::{Change, Event, Ids, ItemIx, UserIx};
use foldin::live::{Learner, Live};
use foldin::model::{Profile, Query, Score, Update};
use foldin::persist::{self, EventLog, Persist, Saved, model_to_bytes};

use super::world::{World, gone};
use super::{LOG, MODEL};

/// What was said to be done, and seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The last batch that was begun.
    begun: u64,
    /// What is being done when nothing more was said.
    under_way: Option<String>,
    pub(crate) batches: u64,
    pub(crate) removals: u64,
    checkpoints: u64,
    refits: u64,
    early: u64,
    pub(crate) in_batches: u64,
    in_saves: u64,
    whole: u64,
    cut: u64,
    renewed: u64,
    replayed: u64,
    left_behind: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batches, removals, checkpoints, refits, early, in_batches, in_saves, .. } = self;
        let Self { whole, cut, renewed, replayed, left_behind, .. } = self;
        write!(
            f,
            "{batches} batches ({removals} with removals), {checkpoints} checkpoints and {refits} refits "
        )?;
        write!(
            f,
            "were acknowledged, none lost; {early} kills before the model was open, {in_batches} in the midst of "
        )?;
        write!(
            f,
            "a batch, {in_saves} of a checkpoint or refit; {whole} batches were there all the same, {cut} in "
        )?;
        write!(
            f,
            "part and cut off; {renewed} logs begun anew on opening; {replayed} batches replayed, to the bit; "
        )?;
        write!(f, "{left_behind} files left behind were swept")
    }
}

/// What the parent knows.
pub(crate) struct Witness {
    /// As of the last batch that was acknowledged or seen.
    world: World,
    /// Whatever must stand nowhere.
    gone: HashSet<u64>,
    /// The same once the model has been opened: a removal that was under way, and nobody acknowledged.
    going: HashSet<u64>,
    pub(crate) tally: Tally,
}

impl Witness {
    pub(crate) fn of(world: World) -> Self {
        Self { world, gone: HashSet::new(), going: HashSet::new(), tally: Tally::default() }
    }

    pub(crate) fn hear(&mut self, said: &[String]) {
        let is_open = said.iter().any(|line| line.starts_with("open "));
        self.tally.early += u64::from(!is_open);
        if is_open {
            self.gone.extend(self.going.drain());
        }
        self.tally.under_way = None;
        self.tally.begun = self.world.sequence;
        for line in said {
            match line.split_once(' ') {
                Some(("begin", what)) => {
                    self.tally.under_way = Some(what.to_owned());
                    self.tally.begun = what.parse().unwrap_or(self.tally.begun);
                }
                Some(("done", what)) => self.is_done(what),
                _ => {}
            }
        }
        match self.tally.under_way.as_deref() {
            None => {}
            Some("checkpoint" | "refit") => self.tally.in_saves += 1,
            Some(_) => self.tally.in_batches += 1,
        }
    }

    fn is_done(&mut self, what: &str) {
        assert_eq!(self.tally.under_way.take().as_deref(), Some(what));
        match what {
            "checkpoint" => self.tally.checkpoints += 1,
            "refit" => self.tally.refits += 1,
            _ => {
                self.tally.batches += 1;
                let gone = self.advance();
                self.gone.extend(gone);
                assert_eq!(self.world.sequence.to_string(), what);
            }
        }
    }

    /// One batch more is known to last; what must be gone with it.
    fn advance(&mut self) -> Vec<u64> {
        let (batch, next) = self.world.next();
        self.world = next;
        let gone: Vec<u64> = batch.iter().filter_map(gone).flatten().collect();
        self.tally.removals += u64::from(!gone.is_empty());
        gone
    }

    /// Opens what the child left, in a copy: the next child is to find it as it is.
    pub(crate) fn look<M: Update + Persist>(&mut self, directory: &Path) {
        if !directory.join(MODEL).exists() {
            assert_eq!(self.world.sequence, 0, "there was a model");
            return;
        }
        [MODEL, LOG].iter().for_each(|name| is_free_of(&self.gone, &directory.join(name)));
        let replayed = replay::<M>(&copy(directory).path().join(MODEL));
        let copy = copy(directory);
        let before = fs::read_dir(copy.path()).unwrap().count();
        let (live, report) =
            Live::<M, u64, u64>::open_with(copy.path().join(MODEL), |learner| learner.threads(1)).unwrap();
        let found = World::of(&live);
        assert!(self.world.sequence <= found.sequence, "{} was acknowledged", self.world.sequence);
        assert!(found.sequence <= self.tally.begun, "nobody began {}", found.sequence);
        if found.sequence > self.world.sequence {
            let going = self.advance();
            self.going.extend(going);
            self.tally.whole += 1;
        }
        assert!(found == self.world, "batch {} is another", found.sequence);
        live.with_learner(|learner| {
            let bytes = model_to_bytes(learner).unwrap();
            assert!(bytes == model_to_bytes(&replayed).unwrap(), "the model is not the one replayed");
            let served = model_to_bytes(live.snapshot().model()).unwrap();
            assert!(served == model_to_bytes(learner.model()).unwrap(), "another model is served");
            (0..learner.n_users()).map(UserIx::new).for_each(|user| scores_are_finite(learner, user));
        })
        .unwrap();
        let names = fs::read_dir(copy.path()).unwrap().map(|file| file.unwrap().path());
        let names: Vec<_> = names.collect();
        assert_eq!(names.len(), 3, "model, log and lock: {names:?}");
        for path in names {
            is_free_of(&self.gone, &path);
            is_free_of(&self.going, &path);
        }
        self.tally.left_behind += before.saturating_sub(3) as u64;
        self.tally.cut += u64::from(report.cut > 0);
        self.tally.renewed += u64::from(report.renewed);
        self.tally.replayed += report.batches;
    }
}

fn is_free_of(gone: &HashSet<u64>, path: &Path) {
    let bytes = fs::read(path).unwrap();
    let number = |window: &[u8]| u64::from_le_bytes(window.try_into().unwrap());
    let trace = bytes.windows(8).position(|window| gone.contains(&number(window)));
    assert_eq!(trace, None, "somebody removed is in {}", path.display());
}

fn copy(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// The saved model with the batches of the log, by hand.
fn replay<M: Update + Persist>(path: &Path) -> Learner<M> {
    let Saved { model, mut ids, checkpoint, .. } = persist::load::<Learner<M>, u64, u64>(path).unwrap();
    let mut learner = model.threads(1);
    let mut log = EventLog::<u64, u64>::open(path.with_file_name(LOG), checkpoint.unwrap()).unwrap().0;
    for batch in log.replay().unwrap().map(Result::unwrap) {
        let dense: Vec<Change> = batch.changes.iter().map(|change| number(&mut ids, change)).collect();
        learner.apply(&dense).unwrap();
    }
    learner
}

/// A change in indices; what comes is given the next.
fn number(ids: &mut Ids<u64, u64>, change: &Change<u64, u64>) -> Change {
    let mut event = |raw: Event<u64, u64>| Event {
        user: UserIx::new(ids.users.insert(raw.user).unwrap()),
        item: ItemIx::new(ids.items.insert(raw.item).unwrap()),
        value: raw.value,
        time: raw.time,
    };
    match *change {
        Change::Add(raw) => Change::Add(event(raw)),
        Change::Replace(raw) => Change::Replace(event(raw)),
        Change::Remove { user, item } => {
            Change::Remove { user: ids.user(&user).unwrap(), item: ids.item(&item).unwrap() }
        }
        _ => panic!("a removal is in the log"),
    }
}

fn scores_are_finite<M: Update>(learner: &Learner<M>, user: UserIx) {
    let mut profile = Profile::new();
    learner.profile(&Query::user(user), &mut profile).unwrap();
    let mut scores = vec![f32::NAN; learner.n_items() as usize];
    learner.model().score_block(&profile, ItemIx::new(0), &mut scores);
    assert!(scores.iter().all(|score| score.is_finite()));
}
