//! What came out.

use std::fs;
use std::time::Duration;

use crate::{Args, memory};

const PARTS: [f64; 4] = [0.5, 0.99, 0.999, 1.0];

pub(crate) fn head() {
    println!("                       lists   p50 ms   p99 ms  p99.9 ms   max ms   load");
}

/// Percentiles of ascending times, in milliseconds.
fn percentiles(times: &[Duration]) -> [f64; 4] {
    PARTS.map(|part| {
        let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    })
}

pub(crate) fn line(what: &str, times: Vec<Duration>) {
    let [p50, p99, p999, most] = percentiles(&times);
    println!(
        "{what:>16} {:>11} {p50:>8.3} {p99:>8.3} {p999:>9.3} {most:>8.3} {:>6}",
        times.len(),
        load().unwrap_or_default()
    );
}

pub(crate) fn batches(mut times: Vec<Duration>, args: &Args) {
    times.sort_unstable();
    let [p50, p99, _, most] = percentiles(&times);
    let elapsed: f64 = times.iter().map(Duration::as_secs_f64).sum();
    println!(
        "{} batches of {} events by {} threads: {:.0} events a second; a batch {p50:.1} ms (median), {p99:.1} ms (p99), \
         {most:.1} ms (slowest)",
        times.len(),
        args.batch,
        args.threads,
        (times.len() * args.batch) as f64 / elapsed
    );
}

pub(crate) fn memory(when: &str) {
    if let Some(peak) = memory::peak_mib() {
        println!("resident memory {when}: {peak:.0} MiB");
    }
}

/// How many threads wanted to run in the last minute, where the system tells.
fn load() -> Option<String> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next().map(str::to_owned)
}
