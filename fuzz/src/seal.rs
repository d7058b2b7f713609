//! Makes damaged files right again where a checksum would give the damage away, so that what lies behind is reached:
//! `docs/format.md`, written down once more.

const HEADER: usize = 64;
const ROW: usize = 64;
/// Where the records of a log begin.
const RECORDS: usize = 88;
const HEAD: usize = 32;

fn number(bytes: &[u8], at: usize, size: usize) -> usize {
    let mut raw = [0; 8];
    raw[..size].copy_from_slice(&bytes[at..at + size]);
    usize::try_from(u64::from_le_bytes(raw)).unwrap_or(usize::MAX)
}

fn put(bytes: &mut [u8], at: usize, size: usize, value: u64) {
    bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
}

/// The rows of the section table that are inside the file.
fn rows(bytes: &[u8]) -> Vec<usize> {
    let n = number(bytes, 24, 4).min((bytes.len() - HEADER) / ROW);
    (0..n).map(|row| HEADER + row * ROW).collect()
}

/// A model file with the right checksums.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() < HEADER {
        return bytes;
    }
    let rows = rows(&bytes);
    for &row in &rows {
        let (from, length) = (number(&bytes, row + 32, 8), number(&bytes, row + 40, 8));
        if let Some(section) = bytes.get(from..from.saturating_add(length)) {
            let checksum = crc32fast::hash(section);
            put(&mut bytes, row + 52, 4, checksum.into());
        }
    }
    let table = crc32fast::hash(&bytes[HEADER..HEADER + rows.len() * ROW]);
    put(&mut bytes, 28, 4, table.into());
    let header = crc32fast::hash(&bytes[..60]);
    put(&mut bytes, 60, 4, header.into());
    bytes
}

/// The same, with every section where it must be, as long as the file lasts, and zeros between: only what the sections
/// hold can be wrong.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() < HEADER {
        return bytes.to_vec();
    }
    let mut out = bytes.to_vec();
    out[..12].copy_from_slice(b"\x89FOLDIN\n\x01\0\0\0");
    out[56..60].fill(0);
    let rows = rows(&out);
    put(&mut out, 24, 4, rows.len() as u64);
    let mut end = HEADER + rows.len() * ROW;
    for &row in &rows {
        let start = end.next_multiple_of(64);
        let room = bytes.len().saturating_sub(start);
        let entry = [1, 1, 4, 8, 8, 4, 8][number(&out, row + 48, 4).min(6)];
        let length = number(&out, row + 40, 8).min(room) / entry * entry;
        out.resize(out.len().max(start), 0);
        out[end..start].fill(0);
        put(&mut out, row + 32, 8, start as u64);
        put(&mut out, row + 40, 8, length as u64);
        put(&mut out, row + 56, 8, 0);
        end = start + length;
    }
    out.truncate(end);
    put(&mut out, 16, 8, end as u64);
    sealed(&out)
}

/// A log with the right checksums, record after record as far as their lengths lead.
pub(crate) fn sealed_log(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() < RECORDS {
        return bytes;
    }
    let header = crc32fast::hash(&bytes[..60]);
    put(&mut bytes, 60, 4, header.into());
    let log = bytes[60..64].to_vec();
    let of_log = |bytes: &[u8]| u64::from(crc32fast::hash(&[&log[..], bytes].concat()));
    let (mut at, mut previous) = (RECORDS, u64::from(header));
    while at + HEAD <= bytes.len() {
        let end = (at + HEAD).saturating_add(number(&bytes, at, 8));
        let Some(payload) = bytes.get(at + HEAD..end) else { break };
        let payload = crc32fast::hash(payload);
        put(&mut bytes, at + 20, 4, previous);
        put(&mut bytes, at + 24, 4, payload.into());
        previous = of_log(&bytes[at..at + 28]);
        put(&mut bytes, at + 28, 4, previous);
        at = end;
    }
    let mark = of_log(&bytes[64..84]);
    put(&mut bytes, 84, 4, mark);
    bytes
}
