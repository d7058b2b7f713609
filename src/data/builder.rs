//! From records of several sources to one clean data set.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Instant;

use super::intake::{Gate, Intake};
use super::minimum::{Also, Kept};
use super::pile::Pile;
use super::report::{CleaningReport, Fault, SourceReport, Times};
use super::rules::Rules;
use super::{DataError, Duplicates, IdMap, Ids, Interactions, Record, Source};

/// What came out of an [`InteractionsBuilder`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dataset<U: Hash + Eq = String, I: Hash + Eq = String> {
    /// The events to train on.
    pub interactions: Interactions,
    /// The raw ids behind the indices.
    pub ids: Ids<U, I>,
    /// The events of sources that are [held out](Source::held_out), numbered like the others; none
    /// without such sources.
    pub held_out: Option<Interactions>,
    /// What became of every record.
    pub report: CleaningReport,
}

/// Collects records of one or several sources, cleans them and compresses them.
///
/// | setting | default | |
/// |---|---|---|
/// | [`duplicates`](Self::duplicates) | [`Duplicates::Last`] | several events of one pair |
/// | [`rating_range`](Self::rating_range) | any finite value | checked before the weight |
/// | [`half_life`](Self::half_life) | none | ageing of events |
/// | [`min_interactions`](Self::min_interactions) | none | rare users and items |
/// | [`lenient`](Self::lenient) | strict | unusable records |
///
/// The order of the work: each record is checked and its value multiplied by the weight of its source
/// as it is added; [`build`](Self::build) ages the values, makes one event of duplicates, and removes
/// users and items below the minimum. Indices are given in the order in which ids first appear. Time
/// and memory are linear in the records; about 20 bytes per record on top of the result.
///
/// ```
/// use foldin::data::{Duplicates, InteractionsBuilder, Source};
/// let set = InteractionsBuilder::new()
///     .duplicates(Duplicates::Sum)
///     .add("purchases", [("ann", "lamp", 1.0)])?
///     .add(Source::new("views").weight(0.1), [("ann", "lamp", 1.0), ("bob", "rug", 3.0)])?
///     .build()?;
/// let lamp = set.interactions.get(set.ids.user("ann")?, set.ids.item("lamp")?).unwrap();
/// assert_eq!(lamp.value, 1.1);
/// assert_eq!((set.report.records(), set.report.merged, set.report.events), (3, 1, 2));
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InteractionsBuilder<U = String, I = String> {
    rules: Rules,
    users: IdMap<U>,
    items: IdMap<I>,
    /// Users and items that stay without events too.
    also: Also,
    trained: Pile,
    held_out: Option<Pile>,
    pub(super) report: CleaningReport,
}

impl<U, I> Default for InteractionsBuilder<U, I> {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            users: IdMap::new(),
            items: IdMap::new(),
            also: Also::default(),
            trained: Pile::default(),
            held_out: None,
            report: CleaningReport::default(),
        }
    }
}

impl<U, I> InteractionsBuilder<U, I> {
    /// A builder without records. `U` and `I` are the types of the raw ids; they follow from the
    /// first records added.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of several events of one user with one item, from one source or several.
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.rules.duplicates = duplicates;
        self
    }

    /// The range in which raw values must lie, both ends included: `0.5, 5.0` for half stars. A
    /// record outside is an error, or dropped when [`lenient`](Self::lenient). It holds for the
    /// sources added after it.
    #[must_use]
    pub fn rating_range(mut self, min: f32, max: f32) -> Self {
        (self.rules.low, self.rules.high) = (min, max);
        self
    }

    /// Halves the value of an event for each `half_life` that lies between it and the reference
    /// moment, in the unit of the times: for strengths of events, not for ratings. Every record to
    /// train on needs a time. Held-out records do not age.
    #[must_use]
    pub fn half_life(mut self, half_life: f64) -> Self {
        self.rules.half_life = Some(half_life);
        self
    }

    /// The moment at which events count in full; later ones do too. Default: the latest time.
    #[must_use]
    pub fn reference_time(mut self, time: i64) -> Self {
        self.rules.reference = Some(time);
        self
    }

    /// Keeps only users **and** items with at least `n` events among those kept: the k-core. For
    /// different bounds see [`min_per_user`](Self::min_per_user).
    #[must_use]
    pub fn min_interactions(self, n: usize) -> Self {
        self.min_per_user(n).min_per_item(n)
    }

    /// Keeps only users with at least `n` events with items that are kept. Events to train on count,
    /// held-out ones do not. Default 0.
    #[must_use]
    pub fn min_per_user(mut self, n: usize) -> Self {
        self.rules.min_per_user = n;
        self
    }

    /// Keeps only items with at least `n` events of users who are kept. Default 0.
    #[must_use]
    pub fn min_per_item(mut self, n: usize) -> Self {
        self.rules.min_per_item = n;
        self
    }

    /// Drops records that cannot be used, counts them by reason and keeps the first as examples in
    /// the [`CleaningReport`], where a strict reading ends with an error. It holds for the sources
    /// added after it.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.rules.lenient = true;
        self
    }
}

impl<U: Hash + Eq + Debug, I: Hash + Eq + Debug> InteractionsBuilder<U, I> {
    /// Adds records that the program has.
    ///
    /// # Errors
    /// [`DataError::Record`] for a value that is not finite or out of range, [`DataError::Setting`],
    /// [`DataError::TooManyIds`].
    pub fn add<R: Into<Record<U, I>>>(
        mut self,
        source: impl Into<Source>,
        records: impl IntoIterator<Item = R>,
    ) -> Result<Self, DataError> {
        let start = Instant::now();
        let Intake { users, items, pile, mut gate } = self.intake(source.into())?;
        for record in records {
            let Record { user, item, value, time } = record.into();
            gate.report.records += 1;
            match gate.weigh(value) {
                Ok(weighted) => pile.push(users.insert(user)?, items.insert(item)?, weighted, time),
                Err((reason, expected)) => {
                    let (line, field) = (gate.report.records, "value".into());
                    gate.refuse(Fault { line, reason, field, found: value.to_string(), expected })?;
                }
            }
        }
        let report = gate.report;
        self.report.sources.push(report);
        self.report.stages.parse += start.elapsed();
        Ok(self)
    }

    /// Says that these users exist, whether records name them or not: people who are only
    /// [described](super::AttributesBuilder). They stay in the data, with what events they have and
    /// with none, whatever the minimum says.
    ///
    /// # Errors
    /// [`DataError::TooManyIds`].
    pub fn also_users(mut self, ids: impl IntoIterator<Item = U>) -> Result<Self, DataError> {
        for id in ids {
            self.also.users.push(self.users.insert(id)?);
        }
        Ok(self)
    }

    /// Says that these items exist, whether records name them or not: films nobody has seen yet. See
    /// [`also_users`](Self::also_users).
    ///
    /// ```
    /// use foldin::data::InteractionsBuilder;
    /// let set = InteractionsBuilder::new()
    ///     .add("ratings", [("ann", "Heat", 5.0)])?
    ///     .also_items(["Heat", "unreleased"])?
    ///     .build()?;
    /// assert_eq!(set.interactions.n_items(), 2);
    /// assert!(set.interactions.item(set.ids.item("unreleased")?).unwrap().is_empty());
    /// # Ok::<(), foldin::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::TooManyIds`].
    pub fn also_items(mut self, ids: impl IntoIterator<Item = I>) -> Result<Self, DataError> {
        for id in ids {
            self.also.items.push(self.items.insert(id)?);
        }
        Ok(self)
    }

    /// Where the records of a source go.
    pub(super) fn intake(&mut self, source: Source) -> Result<Intake<'_, U, I>, DataError> {
        self.rules.check()?;
        let Source { name, weight, held_out } = source;
        if !weight.is_finite() {
            let found = weight.to_string();
            return Err(DataError::Setting { name: "weight", found, expected: "finite" });
        }
        let pile = match held_out {
            false => &mut self.trained,
            true => self.held_out.get_or_insert_default(),
        };
        let report = SourceReport { name, weight, ..SourceReport::default() };
        let Self { rules, users, items, .. } = self;
        Ok(Intake { users, items, pile, gate: Gate { rules, report } })
    }

    /// Cleans and compresses what was added. No records make an empty data set.
    ///
    /// # Errors
    /// [`DataError::DuplicateRecord`], [`DataError::Untimed`], [`DataError::Setting`],
    /// [`DataError::Overflow`].
    pub fn build(mut self) -> Result<Dataset<U, I>, DataError> {
        self.rules.check()?;
        let start = Instant::now();
        let mut trained = std::mem::take(&mut self.trained);
        if let Some(half_life) = self.rules.half_life {
            trained.age(half_life, self.rules.reference)?;
        }
        self.report.times = times(&trained);
        let interactions = self.compress(trained)?;
        let held_out = self.held_out.take().map(|pile| self.compress(pile)).transpose()?;
        self.report.stages.compress = start.elapsed();
        self.keep_minimum(interactions, held_out)
    }

    fn compress(&mut self, pile: Pile) -> Result<Interactions, DataError> {
        let records = pile.len();
        let (n_users, n_items) = (self.users.len() as u32, self.items.len() as u32);
        let data = pile.compress(n_users, n_items, self.rules.duplicates);
        let data = data.map_err(|error| self.with_raw_ids(error))?;
        self.report.merged += (records - data.len()) as u64;
        let overflow = data.events().find(|event| !event.value.is_finite());
        match overflow {
            None => Ok(data),
            Some(event) => Err(DataError::Overflow {
                user: raw_id(&self.users, event.user.get()),
                item: raw_id(&self.items, event.item.get()),
            }),
        }
    }

    fn with_raw_ids(&self, error: DataError) -> DataError {
        match error {
            DataError::Duplicate { user, item } => DataError::DuplicateRecord {
                user: raw_id(&self.users, user.get()),
                item: raw_id(&self.items, item.get()),
            },
            other => other,
        }
    }

    fn keep_minimum(
        self,
        interactions: Interactions,
        held_out: Option<Interactions>,
    ) -> Result<Dataset<U, I>, DataError> {
        let start = Instant::now();
        let Self { rules, users, items, also, mut report, .. } = self;
        let parts: Vec<&Interactions> = std::iter::once(&interactions).chain(&held_out).collect();
        let kept = Kept::core(&interactions, rules.min_per_user, rules.min_per_item, &also);
        let kept = kept.touched(&parts, &also);
        let before = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut set =
            Dataset { interactions, ids: Ids { users, items }, held_out, report: CleaningReport::default() };
        if !kept.is_everything() {
            let (all_users, all_items) = (set.ids.users.len(), set.ids.items.len());
            set.ids.users = set.ids.users.keep(&kept.users);
            set.ids.items = set.ids.items.keep(&kept.items);
            set.interactions = kept.apply(&set.interactions);
            set.held_out = set.held_out.map(|data| kept.apply(&data));
            report.users_removed = (all_users - set.ids.users.len()) as u32;
            report.items_removed = (all_items - set.ids.items.len()) as u32;
        }
        report.events = set.interactions.len() as u64;
        report.held_out = set.held_out.as_ref().map_or(0, Interactions::len) as u64;
        report.below_minimum = before as u64 - report.events - report.held_out;
        (report.users, report.items) = (set.interactions.n_users(), set.interactions.n_items());
        report.stages.clean = start.elapsed();
        set.report = report;
        Ok(set)
    }
}

fn times(pile: &Pile) -> Times {
    match pile.untimed() {
        0 if pile.len() > 0 => Times::Kept,
        untimed if untimed == pile.len() => Times::Absent,
        untimed => Times::Partial { untimed },
    }
}

fn raw_id<K: Debug>(ids: &IdMap<K>, index: u32) -> String {
    ids.key(index).map_or_else(String::new, |id| format!("{id:?}"))
}
