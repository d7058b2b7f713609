//! The file as `docs/format.md` describes it, written down a second time: what a tamperer knows.

use std::ops::Range;

pub(crate) const HEADER: usize = 64;
pub(crate) const ROW: usize = 64;

/// Fields of the header: place and size.
pub(crate) const HEADER_NUMBERS: [(usize, usize); 4] = [(8, 4), (12, 4), (16, 8), (24, 4)];
/// Fields of a row of the section table: offset, length, element.
pub(crate) const ROW_NUMBERS: [(usize, usize); 3] = [(32, 8), (40, 8), (48, 4)];

pub(crate) fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let mut raw = [0; 8];
    raw[..size].copy_from_slice(&bytes[at..at + size]);
    u64::from_le_bytes(raw)
}

/// Overwrites a number; what does not fit its size is cut.
pub(crate) fn put(bytes: &mut [u8], at: usize, size: usize, value: u64) {
    bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
}

/// Where the rows of the section table stand; only those that are inside the file.
pub(crate) fn rows(bytes: &[u8]) -> Vec<usize> {
    let n = number(bytes, 24, 4) as usize;
    (0..n.min(4096)).map(|row| HEADER + row * ROW).take_while(|at| at + ROW <= bytes.len()).collect()
}

/// Where a section lies, if it lies in the file.
pub(crate) fn section(bytes: &[u8], row: usize) -> Option<Range<usize>> {
    let offset = usize::try_from(number(bytes, row + 32, 8)).ok()?;
    let end = offset.checked_add(usize::try_from(number(bytes, row + 40, 8)).ok()?)?;
    (end <= bytes.len()).then_some(offset..end)
}

/// The row of a section.
pub(crate) fn row_named(bytes: &[u8], name: &str) -> usize {
    let mut field = [0; 32];
    field[..name.len()].copy_from_slice(name.as_bytes());
    rows(bytes).into_iter().find(|&row| bytes[row..row + 32] == field).unwrap()
}

/// Makes every checksum right again, so that only the structure can give the tampering away.
pub(crate) fn seal(bytes: &mut [u8]) {
    let rows = rows(bytes);
    for &row in &rows {
        if let Some(range) = section(bytes, row) {
            let checksum = crc32fast::hash(&bytes[range]);
            put(bytes, row + 52, 4, checksum.into());
        }
    }
    let table = crc32fast::hash(&bytes[HEADER..HEADER + rows.len() * ROW]);
    put(bytes, 28, 4, table.into());
    let header = crc32fast::hash(&bytes[..60]);
    put(bytes, 60, 4, header.into());
}
