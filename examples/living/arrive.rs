//! Events as they arrive: most before the model is fitted, the rest one after the other.

use std::collections::HashMap;
use std::path::Path;

use foldin::data::synthetic::Synthetic;
use foldin::data::{Event, Interactions, InteractionsBuilder, ItemIx, Layout, Source, UserIx};
use foldin::evaluate::Split;
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::{Args, Failure};

/// The share of the events that arrives live.
const LATE: f64 = 0.1;

/// The share of the users of whom nothing is known before.
const NEWCOMERS: f64 = 0.01;

/// All events in the numbering of their arrival.
pub(crate) struct World {
    /// What is known at first.
    pub(crate) early: Interactions,
    /// What arrives, in order.
    pub(crate) late: Vec<Event>,
    /// Both together.
    pub(crate) all: Interactions,
    pub(crate) test: Interactions,
}

/// Indices in the order in which they are first asked for.
#[derive(Default)]
struct Numbers(HashMap<u32, u32>);

impl Numbers {
    fn of(&mut self, index: u32) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(index).or_insert(next)
    }
}

pub(crate) fn world(args: &Args) -> Result<World, Failure> {
    args.folder.as_deref().map_or_else(generate, read)
}

fn generate() -> Result<World, Failure> {
    let generated = Synthetic::new().users(3000).items(1500).ratings(150_000).generate()?;
    let split = Split::random_per_user(&generated.interactions, 0.2, 1)?;
    arrange(&split.train, &split.test)
}

fn read(folder: &Path) -> Result<World, Failure> {
    let file = |name| folder.join(name);
    let set = InteractionsBuilder::<u32, u32>::new()
        .add_file(Source::new("train"), file("train.txt"), &Layout::adjacency())?
        .add_file(Source::new("test").held_out(), file("test.txt"), &Layout::adjacency())?
        .build()?;
    let test = set.held_out.ok_or("the test file has no events")?;
    arrange(&set.interactions, &test)
}

fn arrange(data: &Interactions, test: &Interactions) -> Result<World, Failure> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let newcomer: Vec<bool> = data.users().map(|_| rng.random_bool(NEWCOMERS)).collect();
    let known: f64 =
        data.users().filter(|(user, _)| !newcomer[user.ix()]).map(|(_, row)| row.len() as f64).sum();
    // So many of the events of the others as make up the share.
    let share = (LATE * data.len() as f64 - (data.len() as f64 - known)) / known;
    let (mut early, mut late) = (Vec::new(), Vec::new());
    for event in data.events() {
        let is_late = newcomer[event.user.ix()] || rng.random_bool(share.clamp(0.0, 1.0));
        if is_late { &mut late } else { &mut early }.push(event);
    }
    late.shuffle(&mut rng);
    let (mut users, mut items) = (Numbers::default(), Numbers::default());
    let mut number = |event: &mut Event| {
        event.user = UserIx::new(users.of(event.user.get()));
        event.item = ItemIx::new(items.of(event.item.get()));
        (event.user.get() + 1, event.item.get() + 1)
    };
    let size = |sizes: (u32, u32), other: (u32, u32)| (sizes.0.max(other.0), sizes.1.max(other.1));
    let first = early.iter_mut().map(&mut number).fold((0, 0), size);
    let whole = late.iter_mut().map(&mut number).fold(first, size);
    let mut asked: Vec<Event> = test.events().collect();
    let last = asked.iter_mut().map(&mut number).fold(whole, size);
    let both: Vec<Event> = early.iter().chain(&late).copied().collect();
    // Who and what is in the test alone is nobody's business.
    asked.retain(|event| event.user.get() < whole.0 && event.item.get() < whole.1);
    println!(
        "{} users, {} items, {} events; {} at first, {} live; {} users and {} items arrive; {} events asked for",
        whole.0,
        whole.1,
        both.len(),
        early.len(),
        late.len(),
        whole.0 - first.0,
        whole.1 - first.1,
        asked.len()
    );
    if last != whole {
        println!("{} users and {} items are in the test alone", last.0 - whole.0, last.1 - whole.1);
    }
    Ok(World {
        early: Interactions::from_events(first.0, first.1, &early)?,
        all: Interactions::from_events(whole.0, whole.1, &both)?,
        test: Interactions::from_events(whole.0, whole.1, &asked)?,
        late,
    })
}
