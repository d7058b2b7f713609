//! Numbers from outside that do not make up a model.

use super::{LoadError, SectionReader};

/// The first number of a part that is out of its range; every way into a model ends here, whether the
/// numbers come from the library's own files or through `serde`.
#[derive(Debug, thiserror::Error)]
#[error("`{part}`, entry {at}: {found}; it must be {expected}")]
pub(crate) struct Unsound {
    part: &'static str,
    at: usize,
    found: String,
    expected: &'static str,
}

impl Unsound {
    /// Whether each number of a part is in its range.
    pub(crate) fn unless_all<T: Copy + ToString>(
        part: &'static str,
        values: &[T],
        expected: &'static str,
        holds: impl Fn(T) -> bool,
    ) -> Result<(), Self> {
        match values.iter().position(|&value| !holds(value)) {
            None => Ok(()),
            Some(at) => Err(Self { part, at, found: values[at].to_string(), expected }),
        }
    }

    /// Whether a part has as many numbers as the others ask for.
    pub(crate) fn unless_len(part: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        let (at, found) = (found.min(expected), format!("the part has {found} entries, not {expected}"));
        Err(Self { part, at, found, expected: "as many as the other parts ask for" })
    }

    /// The same, with the place in a file. Parts are named like their sections.
    pub(crate) fn in_file(self, from: &SectionReader<'_>) -> LoadError {
        from.invalid(self.part, self.at, self.found, self.expected)
    }
}
