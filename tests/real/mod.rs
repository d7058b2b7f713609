//! Where the real data sets are: shared by the tests that need them.

use std::io::Write;
use std::path::PathBuf;

/// The folder that `FOLDIN_DATA` names. Without it the test is skipped, and says so past the test runner,
/// which hides what passing tests print.
pub fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FOLDIN_DATA").map(PathBuf::from);
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "{test} is skipped: FOLDIN_DATA names no folder with real data");
    }
    folder
}
