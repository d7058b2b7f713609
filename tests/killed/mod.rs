//! A process that is killed at a moment of nobody's choice, and what it had said until then.
//!
//! The child is a test of the same binary that nobody else runs: it does its work for ever, and says on its standard output
//! what it begins and what is done.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const KILLS: &str = "FOLDIN_KILLS";
const DIRECTORY: &str = "FOLDIN_KILLED_IN";
const SEED: &str = "FOLDIN_KILLED_SEED";

/// How often a child is killed: a few times, or as often as the environment says.
pub(crate) fn kills(few: u64) -> u64 {
    std::env::var(KILLS).map_or(few, |kills| kills.parse().expect("a number of kills"))
}

/// Where a child works, and the seed of what it does; none for whoever is no child.
pub(crate) fn child() -> Option<(PathBuf, u64)> {
    let (directory, seed) = (std::env::var(DIRECTORY).ok()?, std::env::var(SEED).ok()?);
    Some((directory.into(), seed.parse().expect("a seed")))
}

/// Runs the test of this name as a child for a while, kills it, and returns the whole lines that it said.
pub(crate) fn killed(test: &str, directory: &Path, seed: u64, life: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(life);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(ended.is_none(), "the child ended by itself: {said}{errors}");
    let (lines, _) = said.rsplit_once('\n').unwrap_or_default();
    lines.lines().map(str::to_owned).collect()
}
