//! Guards a live model against the end of the process at any moment: a child creates one, or opens the one that is there,
//! applies batches, forgets users and items, saves, fits anew, and is killed in the midst of it. Everything that was
//! acknowledged is there, whole, and at most the one batch beyond that was under way; of whom an acknowledged removal
//! named nothing is left in the bytes of any file; the model is the one that replaying gives, to the bit.
//!
//! `FOLDIN_KILLS=500 cargo test --release --test live_kill -- --nocapture` kills as often and prints what it saw; without
//! the variable it is a few times. `TMPDIR=/dev/shm` makes syncs cost nothing.

#[path = "../killed/mod.rs"]
mod killed;
mod witness;
mod world;

use std::fs;
use std::path::Path;
use std::time::Duration;

use foldin::data::Ids;
use foldin::implicit::{Ials, IalsParams};
use foldin::live::{Learner, Live};
use foldin::model::{FitContext, FitFrom, Update};
use foldin::persist::Persist;
use foldin::rating::{BiasedMf, BiasedMfParams};
use killed::{child, killed, kills};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use witness::Witness;
use world::{World, first};

/// The longest a child lives, in microseconds; it is up in some five thousand.
const LIFE: u64 = 100_000;
/// The same of one that is to be killed while it creates the model.
const CREATION: u64 = 15_000;
const MODEL: &str = "live.foldin";
const LOG: &str = "live.foldin.log";

fn serve<P>(params: &P, directory: &Path, seed: u64)
where
    P: FitFrom<Model: Update + Persist>,
{
    let path = directory.join(MODEL);
    let live = if path.exists() {
        Live::<P::Model, u64, u64>::open_with(&path, |learner| learner.threads(1)).unwrap().0
    } else {
        let (learner, ids) = first(params);
        Live::create(&path, learner, ids).unwrap()
    };
    let (mut world, mut rng) = (World::of(&live), Xoshiro256PlusPlus::seed_from_u64(seed));
    println!("\nopen {}", world.sequence);
    loop {
        match rng.random_range(0..24) {
            0 => {
                println!("begin checkpoint");
                live.checkpoint().unwrap();
                println!("done checkpoint");
            }
            1 => {
                println!("begin refit");
                live.refit(params, &mut FitContext::new().threads(1)).unwrap();
                println!("done refit");
            }
            _ => {
                let (batch, next) = world.next();
                println!("begin {}", next.sequence);
                live.apply(&batch).unwrap();
                println!("done {}", next.sequence);
                world = next;
            }
        }
    }
}

fn ials() -> IalsParams {
    IalsParams::new().factors(8).epochs(2)
}

fn biased_mf() -> BiasedMfParams {
    BiasedMfParams::new().factors(5).epochs(2)
}

#[test]
#[ignore = "the process that is killed: the test beside it starts it"]
fn the_process_that_is_killed() {
    match child() {
        Some((directory, seed)) if directory.ends_with("ials") => serve(&ials(), &directory, seed),
        Some((directory, seed)) => serve(&biased_mf(), &directory, seed),
        None => {}
    }
}

fn kill<M: Update + Persist>(name: &str, (learner, ids): (Learner<M>, Ids<u64, u64>), kills: u64) {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join(name);
    fs::create_dir(&directory).unwrap();
    let world = World::of(&Live::in_memory(learner, ids).unwrap());
    let mut witness = Witness::of(world);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    for seed in 0..kills {
        let life = Duration::from_micros(rng.random_range(0..LIFE));
        witness.hear(&killed("the_process_that_is_killed", &directory, seed, life));
        witness.look::<M>(&directory);
    }
    let tally = witness.tally;
    println!("{name}, {kills} kills: {tally}");
    assert!(tally.batches > kills && tally.in_batches > 0 && tally.removals > 0, "{tally:?}");
}

/// Killed before the model is there, again and again: the next try succeeds, and goes on.
#[test]
fn a_killed_creation_stands_in_nobodys_way() {
    let parent = tempfile::tempdir().unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let (mut halves, kills) = (0, kills(30));
    for seed in 0..kills {
        let directory = parent.path().join(seed.to_string()).join("ials");
        fs::create_dir_all(&directory).unwrap();
        loop {
            let life = Duration::from_micros(rng.random_range(0..CREATION));
            killed("the_process_that_is_killed", &directory, seed, life);
            let there = [MODEL, LOG].map(|name| directory.join(name).exists());
            assert!(!there[0] || there[1], "a model without a log");
            halves += u64::from(there == [false, true]);
            if there[0] {
                break;
            }
        }
        Live::<Ials, u64, u64>::open(directory.join(MODEL)).unwrap();
    }
    println!("{kills} creations, killed until one succeeded: {halves} times a log without a model was left");
}

#[test]
fn a_killed_process_leaves_what_it_acknowledged() {
    let kills = kills(30);
    kill::<Ials>("ials", first(&ials()), kills.div_ceil(2));
    kill::<BiasedMf>("biased-mf", first(&biased_mf()), kills / 2);
}
