//! Do intervals hold what they promise?

use foldin::model::Profile;
use foldin::prelude::*;
use foldin::rating::BayesianMf;

use crate::Failure;

pub const NOMINAL: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// Prints how many ratings lie within their intervals.
pub fn of_ratings(name: &str, model: &BayesianMf, test: &Interactions) -> Result<(), Failure> {
    let mut inside = [0usize; NOMINAL.len()];
    let mut profile = Profile::new();
    for event in test.events() {
        let query = Query::user(event.user);
        model.profile(&event.time.map_or(query, |time| query.at(time)), &mut profile)?;
        let distribution = model.distribution(&profile, event.item)?;
        for (inside, nominal) in inside.iter_mut().zip(NOMINAL) {
            let (low, high) = distribution.interval(nominal);
            *inside += usize::from((low..=high).contains(&event.value));
        }
    }
    print(name, &inside.map(|inside| inside as f64 / test.len() as f64));
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
