//! Which kind of field is it? Where the caller does not say, the values do.

use std::collections::HashSet;

use super::record::AttributeValue;
use super::schema::FieldKind;

/// Whole numbers of at most so many different values are codes, if each has enough rows on average.
const MOST_CODES: usize = 32;
const ROWS_PER_CODE: usize = 8;

/// The kind of a field by its name and its values, as
/// [`AttributesBuilder`](super::AttributesBuilder) describes.
pub(super) fn recognise<'a>(
    name: &str,
    values: impl Iterator<Item = &'a AttributeValue>,
    separator: char,
) -> FieldKind {
    let values: Vec<&AttributeValue> = values.filter(|value| !value.is_missing()).collect();
    let name = plain(name);
    let is = |names: &[&str]| names.iter().any(|known| name.contains(known));
    if values.is_empty() || name.ends_with("id") || is(&["url", "title"]) {
        return FieldKind::Ignore;
    }
    if is(&["zip", "postcode", "postalcode"]) {
        return FieldKind::Prefix(1);
    }
    if values.iter().any(|value| is_list(value, separator)) {
        return FieldKind::List;
    }
    if is(&["year", "date", "released"]) && values.iter().all(|value| value.year().is_some()) {
        return FieldKind::Year;
    }
    match values.iter().map(|value| value.number()).collect::<Option<Vec<f64>>>() {
        Some(numbers) if are_codes(&numbers) => FieldKind::Categorical,
        Some(_) => FieldKind::Banded,
        None if are_names(&values) => FieldKind::Ignore,
        None => FieldKind::Categorical,
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn is_list(value: &AttributeValue, separator: char) -> bool {
    match value {
        AttributeValue::Text(text) => text.contains(separator),
        AttributeValue::List(_) => true,
        AttributeValue::Number(_) => false,
    }
}

fn are_codes(numbers: &[f64]) -> bool {
    let mut different = HashSet::new();
    for number in numbers {
        different.insert((number + 0.0).to_bits());
        if number.fract() != 0.0 || different.len() > MOST_CODES {
            return false;
        }
    }
    numbers.len() >= ROWS_PER_CODE * different.len()
}

/// Whether more than nine tenths of the values are different: they name the rows and tell nothing of
/// others.
fn are_names(values: &[&AttributeValue]) -> bool {
    let different: HashSet<_> = values.iter().map(|value| value.text()).collect();
    values.len() >= 20 && different.len() * 10 > values.len() * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, values: impl IntoIterator<Item = AttributeValue>) -> FieldKind {
        let values: Vec<AttributeValue> = values.into_iter().collect();
        recognise(name, values.iter(), '|')
    }

    #[test]
    fn kinds_follow_names_and_values() {
        let texts = |texts: [&str; 3]| texts.map(AttributeValue::from);
        assert_eq!(kind("genres", texts(["Drama", "Drama|War", ""])), FieldKind::List);
        assert_eq!(kind("cast", [AttributeValue::from(["Ann"])]), FieldKind::List);
        assert_eq!(kind("Zip-Code", texts(["48067", "V3N4P", "?"])), FieldKind::Prefix(1));
        assert_eq!(kind("release date", texts(["01-Jan-1995", "1997-02-01", ""])), FieldKind::Year);
        assert_eq!(kind("release date", texts(["01-Jan-95", "soon", ""])), FieldKind::Categorical);
        assert_eq!(kind("imdbId", texts(["114709", "113497", "1"])), FieldKind::Ignore);
        assert_eq!(kind("nothing", texts(["", "NA", "null"])), FieldKind::Ignore);
        assert_eq!(kind("sex", texts(["F", "M", "M"])), FieldKind::Categorical);
    }

    #[test]
    fn whole_numbers_of_few_values_are_codes() {
        let numbers = |n: i32, different: i32| (0..n).map(move |at| AttributeValue::from(at % different));
        assert_eq!(kind("occupation", numbers(320, 32)), FieldKind::Categorical);
        assert_eq!(kind("occupation", numbers(500, 33)), FieldKind::Banded);
        assert_eq!(kind("occupation", numbers(20, 20)), FieldKind::Banded);
        assert_eq!(kind("price", (0..100).map(|_| AttributeValue::from(1.5))), FieldKind::Banded);
    }

    #[test]
    fn texts_that_hardly_repeat_are_names() {
        let names = |n: u32, different: u32| {
            (0..n).map(move |at| AttributeValue::from(format!("name {}", at % different)))
        };
        assert_eq!(kind("film", names(100, 95)), FieldKind::Ignore);
        assert_eq!(kind("film", names(100, 90)), FieldKind::Categorical);
    }
}
