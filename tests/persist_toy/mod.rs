//! A model small enough to flip every bit of its file, with a section of every sort.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub(crate) mod bytes;

use foldin::data::{Columns, IdMap, Ids, Interactions, ItemIx, UserIx};
use foldin::model::{Profile, Query, QueryError, Score, Seen};
use foldin::persist::{Archive, LoadError, Metadata, Persist, SectionReader, Sections};

/// Not a recommender: it scores nothing, but holds every type of number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toy {
    pub(crate) n_items: u32,
    pub(crate) factors: Vec<f32>,
    pub(crate) mean: f64,
    pub(crate) times: Vec<i64>,
    pub(crate) neighbours: Vec<ItemIx>,
    pub(crate) seen: Seen,
}

impl Toy {
    /// Two users, three items, two factors.
    pub(crate) fn small() -> Self {
        let [a, b] = [0, 1].map(UserIx::new);
        let items = [2, 0, 1].map(ItemIx::new);
        let columns = Columns { users: &[a, a, b], items: &items, values: &[5.0, 1.0, 3.0], times: None };
        let data = Interactions::from_columns(2, 3, columns).unwrap();
        Self {
            n_items: 3,
            factors: vec![0.5, -1.25, 3.0, f32::MIN_POSITIVE],
            mean: 3.0,
            times: vec![-1, i64::MAX],
            neighbours: vec![ItemIx::new(1), ItemIx::new(2), ItemIx::new(0)],
            seen: Seen::new(&data),
        }
    }

    /// Nobody and nothing.
    pub(crate) fn empty() -> Self {
        let (factors, times, neighbours) = Default::default();
        Self { n_items: 0, factors, mean: 0.0, times, neighbours, seen: Seen::default() }
    }
}

/// Users by name, items by number.
pub(crate) type ToyIds = Ids<String, u64>;

pub(crate) fn small_ids() -> ToyIds {
    let users: IdMap<String> = ["Zoë", ""].map(str::to_owned).into_iter().collect();
    Ids { users, items: [7, u64::MAX, 0].into_iter().collect() }
}

pub(crate) fn small_metadata() -> Metadata {
    let pairs = [("foldin", "0.1.0"), ("note", "")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A file with everything in it that can be in a file.
pub(crate) fn small_file() -> Vec<u8> {
    file(&Toy::small(), &small_ids(), &small_metadata())
}

pub(crate) fn file(toy: &Toy, ids: &ToyIds, metadata: &Metadata) -> Vec<u8> {
    Archive::of(toy).with_ids(ids).unwrap().with_metadata(metadata).to_bytes().unwrap()
}

impl Score for Toy {
    fn n_users(&self) -> u32 {
        self.seen.n_users()
    }

    fn n_items(&self) -> u32 {
        self.n_items
    }

    fn profile(&self, _: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        Ok(())
    }

    fn score_block(&self, _: &Profile, _: ItemIx, out: &mut [f32]) {
        out.fill(0.0);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.of(user)
    }
}

impl Persist for Toy {
    const KIND: &'static str = "toy";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        out.put_owned("shape", [self.n_users(), self.n_items]);
        out.put("factors", &self.factors);
        out.put_owned("mean", [self.mean]);
        out.put("times", &self.times);
        out.put("neighbours", &self.neighbours);
        out.put_seen(&self.seen);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_users, n_items] = from.array("shape")?;
        let [mean] = from.array("mean")?;
        Ok(Self {
            n_items,
            factors: from.values("factors", &[n_users as usize, 2])?,
            mean,
            times: from.values("times", &[n_users as usize])?,
            neighbours: from.indices("neighbours", &[n_items as usize], n_items)?,
            seen: from.seen(n_users, n_items)?,
        })
    }
}
