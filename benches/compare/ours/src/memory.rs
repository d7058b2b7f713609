//! Resident memory, where the system tells it.

use std::fs;

/// Forgets the peak so far and returns what is resident now, in MiB.
pub fn start_of_peak() -> Result<f64, String> {
    fs::write("/proc/self/clear_refs", "5").map_err(|error| format!("/proc/self/clear_refs: {error}"))?;
    status("VmRSS:")
}

/// The most that was resident since then, in MiB.
pub fn peak() -> Result<f64, String> {
    status("VmHWM:")
}

fn status(name: &str) -> Result<f64, String> {
    let text =
        fs::read_to_string("/proc/self/status").map_err(|error| format!("/proc/self/status: {error}"))?;
    let kib =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or(format!("/proc/self/status: {name} is missing"))
}
