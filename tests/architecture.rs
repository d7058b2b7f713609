//! Guards the arrows between the rooms: a room that starts to know another one it should not know.
//!
//! Reads the `use crate::…` lines (and every other mention of `crate::room`) of each room and holds
//! them against the table in `ARCHITECTURE.md`, so that the picture and the code cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Parses the table "room | may know" of `ARCHITECTURE.md`.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is readable");
    let rows = text.lines().skip_while(|line| !line.starts_with("| room | may know |")).skip(2);
    let names =
        |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_string).collect() };
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').collect();
            let room = names(cells[1]).into_iter().next().expect("the first cell names a room");
            (room, names(cells[2]))
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_path_buf());
        return;
    }
    for entry in fs::read_dir(path).expect("a room is readable") {
        sources(&entry.expect("an entry is readable").path(), into);
    }
}

/// The rooms that a file's code (not its comments) mentions as `crate::room`.
fn mentioned(file: &Path, rooms: &BTreeSet<String>) -> BTreeSet<String> {
    let text = fs::read_to_string(file).expect("a source is readable");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    assert!(!text.contains("use crate::{"), "{}: import each room by a line of its own", file.display());
    code.flat_map(|line| line.split("crate::").skip(1).map(str::to_string).collect::<Vec<_>>())
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| rooms.contains(name))
        .collect()
}

#[test]
fn each_room_knows_only_what_the_table_allows() {
    let allowed = allowed();
    let rooms: BTreeSet<String> = allowed.keys().cloned().collect();
    assert!(rooms.len() >= 8, "the table in ARCHITECTURE.md names too few rooms: {rooms:?}");
    let mut broken = Vec::new();
    for (room, may) in &allowed {
        let folder = root().join("src").join(room);
        let path = if folder.is_dir() { folder } else { folder.with_extension("rs") };
        let mut files = Vec::new();
        sources(&path, &mut files);
        assert!(!files.is_empty(), "room `{room}` has no source");
        for file in files {
            for other in mentioned(&file, &rooms) {
                if other != *room && !may.contains(&other) {
                    broken.push(format!("{} knows `{other}`", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "arrows that the table forbids:\n{}", broken.join("\n"));
}

/// `unsafe` stands where ARCHITECTURE.md says, and nowhere else.
#[test]
fn unsafe_is_allowed_in_the_kernel_and_where_a_file_is_mapped() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let allows =
        |file: &PathBuf| fs::read_to_string(file).expect("a source is readable").contains("(unsafe_code)");
    for file in files.into_iter().filter(allows) {
        let known = [root().join("src/kernel/simd"), root().join("src/numbers/map.rs")];
        assert!(known.iter().any(|place| file.starts_with(place)), "{} allows unsafe code", file.display());
    }
}

#[test]
fn every_room_stands_in_the_table() {
    let allowed = allowed();
    let front = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs is readable");
    for line in front.lines() {
        let module =
            line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(module) = module {
            assert!(allowed.contains_key(module), "room `{module}` is missing from ARCHITECTURE.md");
        }
    }
}
