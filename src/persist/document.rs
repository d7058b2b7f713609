//! `docs/format.md`, for the tests that hold it against the code.

pub(super) const DOCUMENT: &str = include_str!("../../docs/format.md");

/// The rows of the table under a heading, cell by cell.
pub(super) fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, after) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap();
    let rows = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Holds a table of fields against the code, and sees that the fields fill `begin..end` without a gap.
pub(super) fn check(heading: &str, begin: usize, end: usize, fields: &[(usize, usize, &str)]) {
    let rows = table(heading);
    let found: Vec<_> =
        rows.iter().map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap(), row[2])).collect();
    assert_eq!(found, fields);
    let mut at = begin;
    for &(offset, size, field) in fields {
        assert_eq!(offset, at, "{field}");
        at += size;
    }
    assert_eq!(at, end);
}
