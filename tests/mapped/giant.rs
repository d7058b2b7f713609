//! Larger than memory.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use foldin::data::{ItemIx, UserIx};
use foldin::implicit::Ials;
use foldin::model::{Profile, Score};
use foldin::persist::map_model;

use crate::persist_toy::bytes::{put, rows, section};
use crate::saved;

/// A file far larger than memory, most of it a hole: to read it is out of the question.
#[test]
fn a_file_larger_than_memory_is_opened_and_answers() {
    const N: u64 = 100_000_000;
    const K: u64 = 128;
    let (_directory, path) = saved(K as usize);
    let mut bytes = fs::read(&path).unwrap();
    let giant = path.with_extension("giant");
    // The small sections as they are; those that grow with users and items become holes.
    let mut places = Vec::new();
    let mut end = 64 + 64 * rows(&bytes).len() as u64;
    let table = rows(&bytes);
    for &row in &table {
        let name = String::from_utf8_lossy(&bytes[row..row + 32]).trim_end_matches('\0').to_owned();
        let lengths = [
            ("users", N * K * 4),
            ("items", N * K * 4),
            ("items.weight", N * 4),
            ("seen.offsets", (N + 1) * 8),
        ];
        let empty = ["seen.items"];
        let range = section(&bytes, row).unwrap();
        let mut content = bytes[range].to_vec();
        if name == "shape" {
            put(&mut content, 0, 4, N);
            put(&mut content, 4, 4, N);
            put(&mut bytes, row + 52, 4, crc32fast::hash(&content).into());
        }
        let large = lengths.iter().find(|large| large.0 == name).map(|large| large.1);
        let length = if empty.contains(&&name[..]) { 0 } else { large.unwrap_or(content.len() as u64) };
        let offset = end.next_multiple_of(64);
        put(&mut bytes, row + 32, 8, offset);
        put(&mut bytes, row + 40, 8, length);
        if large.is_none() && length > 0 {
            places.push((offset, content));
        }
        end = offset + length;
    }
    put(&mut bytes, 16, 8, end);
    let head = 64 + 64 * table.len();
    let checksum = crc32fast::hash(&bytes[64..head]);
    put(&mut bytes, 28, 4, checksum.into());
    let checksum = crc32fast::hash(&bytes[..60]);
    put(&mut bytes, 60, 4, checksum.into());
    let mut file = fs::File::create(&giant).unwrap();
    file.write_all(&bytes[..head]).unwrap();
    for (offset, content) in places {
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&content).unwrap();
    }
    file.set_len(end).unwrap();
    drop(file);
    assert!(end > 90 << 30);
    let model: Ials = map_model(&giant).unwrap();
    assert_eq!((model.n_users(), model.n_items()), (N as u32, N as u32));
    let mut profile = Profile { dense: vec![1.0; K as usize], ..Profile::new() };
    let mut scores = [1.0; 4];
    model.score_block(&profile, ItemIx::new(N as u32 - 3), &mut scores);
    assert_eq!(scores, [0.0, 0.0, 0.0, f32::NEG_INFINITY]);
    assert!(model.seen(UserIx::new(N as u32 - 1)).is_empty());
    profile.dense.pop();
    model.score_block(&profile, ItemIx::new(0), &mut scores);
    assert_eq!(scores, [f32::NEG_INFINITY; 4]);
}
