//! Do intervals hold what they promise?

use foldin::model::Profile;
use foldin::prelude::*;
use foldin::rating::BayesianMf;

use crate::Failure;

pub const NOMINAL: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// Above a rating by less than any step of a scale.
const ABOVE: f32 = 1e-3;

/// Prints how many ratings lie within their intervals. A level of a scale stands for all numbers that round to it: what
/// counts is the part of its probability that lies between the ends of the interval.
pub fn of_ratings(name: &str, model: &BayesianMf, test: &Interactions) -> Result<(), Failure> {
    let mut inside = [0.0; NOMINAL.len()];
    let mut profile = Profile::new();
    for event in test.events() {
        let query = Query::user(event.user);
        model.profile(&event.time.map_or(query, |time| query.at(time)), &mut profile)?;
        let distribution = model.distribution(&profile, event.item)?;
        let below = 1.0 - distribution.at_least(event.value);
        let up_to = 1.0 - distribution.at_least(event.value + ABOVE);
        for (inside, nominal) in inside.iter_mut().zip(NOMINAL) {
            let tail = 0.5 - 0.5 * nominal;
            let within = up_to.min(1.0 - tail) - below.max(tail);
            *inside += (within / (up_to - below).max(1e-12)).clamp(0.0, 1.0);
        }
    }
    print(name, &inside.map(|inside| inside / test.len() as f64));
    Ok(())
}

/// One row of the table: nominal against observed.
pub fn print(name: &str, observed: &[f64; NOMINAL.len()]) {
    println!("\nintervals, {name}");
    let line = |title: &str, shares: &[f64; NOMINAL.len()]| {
        let cells: Vec<String> = shares.iter().map(|share| format!("{:5.1} %", 100.0 * share)).collect();
        println!("  {title:<9} {}", cells.join("  "));
    };
    line("nominal", &NOMINAL);
    line("observed", observed);
}
