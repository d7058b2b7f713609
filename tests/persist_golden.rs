//! Files saved once must load for ever. `tests/golden/toy.foldin` was written by the first version of the
//! format: it gives the values below, and these values give its bytes.

mod persist_toy;

use std::path::{Path, PathBuf};

use foldin::data::ItemIx;
use foldin::persist::{inspect, load};
use persist_toy::{Toy, small_file, small_ids, small_metadata};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/toy.foldin")
}

#[test]
fn the_file_gives_the_values() {
    let saved = load::<Toy, String, u64>(golden()).unwrap();
    assert_eq!(saved.model.factors, [0.5, -1.25, 3.0, f32::MIN_POSITIVE]);
    assert_eq!(saved.model.mean, 3.0);
    assert_eq!(saved.model.times, [-1, i64::MAX]);
    assert_eq!(saved.model.neighbours, [1, 2, 0].map(ItemIx::new));
    let seen: Vec<_> = saved.model.seen.rows().collect();
    assert_eq!(seen, [&[0, 2].map(ItemIx::new)[..], &[1].map(ItemIx::new)]);
    assert_eq!(saved.ids.users.keys(), ["Zoë", ""]);
    assert_eq!(saved.ids.items.keys(), [7, u64::MAX, 0]);
    assert_eq!((saved.model, saved.ids, saved.metadata), (Toy::small(), small_ids(), small_metadata()));
}

/// Where they differ, the new bytes are left beside the test's temporary files: a new golden file is
/// for a new version of the format, never for this one.
#[test]
fn the_values_give_the_file() {
    let bytes = small_file();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("toy.foldin");
    std::fs::write(&written, &bytes).unwrap();
    let same = std::fs::read(golden()).unwrap() == bytes;
    assert!(same, "the bytes have changed: compare {} with {}", written.display(), golden().display());
}

#[test]
fn the_file_is_laid_out_as_it_was() {
    let summary = inspect(golden()).unwrap();
    let places: Vec<_> = summary.sections.iter().map(|section| (&section.name[..], section.offset)).collect();
    let expected = [
        ("shape", 832),
        ("factors", 896),
        ("mean", 960),
        ("times", 1024),
        ("neighbours", 1088),
        ("seen.offsets", 1152),
        ("seen.items", 1216),
        ("ids.users.string.offsets", 1280),
        ("ids.users.string.utf8", 1344),
        ("ids.items.u64", 1408),
        ("metadata.offsets", 1472),
        ("metadata.utf8", 1536),
    ];
    assert_eq!(places, expected);
}
