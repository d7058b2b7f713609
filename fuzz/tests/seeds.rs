//! The targets without a fuzzer: all seeds, and some thousands of mutations of them, the same on every machine;
//! `FUZZ_TIMES=20` goes on for twenty times as many.

use std::panic::catch_unwind;
use std::path::Path;

use foldin_fuzz::{TARGETS, mutate::Random, seeds::seeds};

/// Runs a target on its seeds and on as many mutations; keeps the bytes of a finding.
fn hold(name: &str, mutations: usize) {
    let (_, body) = TARGETS.into_iter().find(|(other, _)| *other == name).expect("a target");
    let run = |bytes: &[u8]| {
        if catch_unwind(|| body(bytes)).is_err() {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-finding"));
            std::fs::write(&file, bytes).expect("room for it");
            panic!("{name} does not hold for the bytes of {}", file.display());
        }
    };
    let seeds = seeds(name);
    seeds.iter().for_each(|seed| run(seed));
    let times = std::env::var("FUZZ_TIMES").map_or(1, |times| times.parse().expect("a number"));
    let mut random = Random(1);
    for _ in 0..mutations * times {
        let seed = &seeds[random.below(seeds.len())];
        run(&random.mutate(seed, &seeds));
    }
}

#[test]
fn model() {
    hold("model", 6_000);
}

#[test]
fn log() {
    hold("log", 3_000);
}

#[test]
fn ratings() {
    hold("ratings", 6_000);
}

#[test]
fn top_n() {
    hold("top_n", 2_000);
}

#[test]
fn changes() {
    hold("changes", 2_000);
}

#[test]
fn fit() {
    hold("fit", 4_000);
}
