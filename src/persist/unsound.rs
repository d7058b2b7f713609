//! Numbers from outside that do not make up a model.

use std::borrow::Cow;

use super::{LoadError, SectionReader};
use crate::model::ParamError;

/// The first number of a part that is out of its range; every way into a model ends here, whether the
/// numbers come from the library's own files or through `serde`.
#[derive(Debug, thiserror::Error)]
#[error("`{part}`, entry {at}: {found}; it must be {expected}")]
pub(crate) struct Unsound {
    part: &'static str,
    at: usize,
    found: String,
    expected: Cow<'static, str>,
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
            Some(at) => Err(Self { part, at, found: values[at].to_string(), expected: expected.into() }),
        }
    }

    /// Whether a part has as many numbers as the others ask for.
    pub(crate) fn unless_len(part: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        let (at, found) = (found.min(expected), format!("the part has {found} entries, not {expected}"));
        Err(Self { part, at, found, expected: "as many as the other parts ask for".into() })
    }

    /// A parameter out of its range, which stands in this entry of a part.
    pub(crate) fn param(part: &'static str, at: usize, error: ParamError) -> Self {
        Self { part, at, found: format!("{} (`{}`)", error.found, error.name), expected: error.expected }
    }

    /// The same, with the place in a file. Parts are named like their sections.
    pub(crate) fn in_file(self, from: &SectionReader<'_>) -> LoadError {
        from.invalid(self.part, self.at, self.found, self.expected)
    }
}
