//! What is known of one user or item, before it becomes numbers.

use std::borrow::Cow;

/// The raw value of one field.
///
/// Missing are: no value, an empty text, an empty list, NaN, and the texts `NA`, `N/A`, `NaN`, `null`,
/// `\N` and `?` in any case.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AttributeValue {
    /// One value, or several with the list separator between them.
    Text(String),
    /// Several values.
    List(Vec<String>),
    /// A number.
    Number(f64),
}

impl AttributeValue {
    /// Whether it says nothing.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Text(text) => says_nothing(text),
            Self::List(values) => values.iter().all(|value| says_nothing(value)),
            Self::Number(number) => number.is_nan(),
        }
    }

    /// The value as one text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.trim().into(),
            Self::List(values) => values.join(", ").into(),
            // Negative zero is zero.
            Self::Number(number) => (number + 0.0).to_string().into(),
        }
    }

    /// The value as a number, if it is one within single precision.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Text(text) => text.trim().parse().ok()?,
            Self::List(_) => return None,
            Self::Number(number) => *number,
        };
        (number as f32).is_finite().then_some(number)
    }

    /// The year that stands last in it: the last four digits in a row, if they say 1000 or more.
    pub(super) fn year(&self) -> Option<f64> {
        let text = self.text();
        let mut runs = text.split(|c: char| !c.is_ascii_digit());
        runs.rfind(|run| run.len() == 4 && !run.starts_with('0'))?.parse().ok()
    }

    /// The values of a list, without those that say nothing, sorted; each once.
    pub(super) fn list(&self, separator: char) -> Vec<&str> {
        let mut values: Vec<&str> = match self {
            Self::Text(text) => text.split(separator).map(str::trim).collect(),
            Self::List(values) => values.iter().map(|value| value.trim()).collect(),
            Self::Number(_) => Vec::new(),
        };
        values.retain(|value| !says_nothing(value));
        values.sort_unstable();
        values.dedup();
        values
    }
}

fn says_nothing(text: &str) -> bool {
    const MARKS: [&str; 6] = ["NA", "N/A", "NaN", "null", "\\N", "?"];
    let text = text.trim();
    text.is_empty() || MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(text))
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<String>> From<Vec<T>> for AttributeValue {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for AttributeValue {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for AttributeValue {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )*};
}
numbers!(f64 f32 i32 u32 i16 u16 u8);

/// What is known of one user or item: fields by name. The case of names does not matter.
///
/// ```
/// use foldin::data::AttributeRecord;
/// let film = AttributeRecord::new()
///     .with("director", "Greta Gerwig")
///     .with("actors", ["Saoirse Ronan", "Laurie Metcalf"])
///     .with("year", 2017);
/// # let _ = film;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AttributeRecord {
    fields: Vec<(String, AttributeValue)>,
}

impl AttributeRecord {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says one thing more; what was said of the field before is replaced.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        let (field, value) = (field.into(), value.into());
        match self.fields.iter_mut().find(|(name, _)| same_name(name, &field)) {
            Some((_, old)) => *old = value,
            None => self.fields.push((field, value)),
        }
        self
    }

    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&AttributeValue> {
        self.fields.iter().find(|(name, _)| same_name(name, field)).map(|(_, value)| value)
    }

    /// All fields with their values, in the order in which they were said.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue)> {
        self.fields.iter().map(|(name, value)| (&name[..], value))
    }
}

impl<F: Into<String>, V: Into<AttributeValue>> FromIterator<(F, V)> for AttributeRecord {
    fn from_iter<T: IntoIterator<Item = (F, V)>>(fields: T) -> Self {
        fields.into_iter().fold(Self::new(), |record, (field, value)| record.with(field, value))
    }
}

/// Whether two names mean one field.
pub(in crate::data) fn same_name(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_titles_and_dates() {
        let year = |text: &str| AttributeValue::from(text).year();
        assert_eq!(year("2001: A Space Odyssey (1968)"), Some(1968.0));
        assert_eq!(year("01-Jan-1995"), Some(1995.0));
        assert_eq!(year("1995-01-31"), Some(1995.0));
        assert_eq!(AttributeValue::from(1930).year(), Some(1930.0));
        assert_eq!((year("12345"), year("0000"), year("soon")), (None, None, None));
    }

    #[test]
    fn lists_are_sorted_sets() {
        let list = AttributeValue::from(" Drama|Comedy | ||Drama|N/A");
        assert_eq!(list.list('|'), ["Comedy", "Drama"]);
        assert!(AttributeValue::from(["", "NA"]).is_missing() && AttributeValue::from(f64::NAN).is_missing());
        assert!(!AttributeValue::from("none").is_missing());
    }

    #[test]
    fn numbers_are_within_single_precision() {
        let number = |text: &str| AttributeValue::from(text).number();
        assert_eq!((number(" 7 "), number("-0.5")), (Some(7.0), Some(-0.5)));
        assert_eq!((number("inf"), number("1e39"), number("7,5")), (None, None, None));
        assert_eq!(AttributeValue::from(-0.0).text(), "0");
    }

    #[test]
    fn a_field_is_said_once() {
        let record = AttributeRecord::new().with("Age", 3).with("age ", 4);
        assert_eq!((record.iter().len(), record.get("AGE")), (1, Some(&AttributeValue::Number(4.0))));
    }
}
