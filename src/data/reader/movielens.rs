//! The files of MovieLens that describe users and films, by their shape.

use super::super::attributes::FieldKind;
use super::layout::Delimiter;

/// What a column of a file of attributes holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The id, or something that is not used.
    Unused,
    /// A field of this name, of whatever kind.
    Field(String),
    /// A field of known kind.
    Known(&'static str, FieldKind),
    /// 0 or 1: whether the list of this name has this value.
    Flag(&'static str, &'static str),
}

use Content::{Flag, Known, Unused};

/// In the order of `u.genre`.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

const AGE: Content = Known("age", FieldKind::Banded);
const SEX: Content = Known("sex", FieldKind::Categorical);
const OCCUPATION: Content = Known("occupation", FieldKind::Categorical);
const YEAR: Content = Known("year", FieldKind::Year);
/// The first character of a post code of the United States is one of ten regions; more characters
/// leave too few users each. Canadian codes begin with a letter.
const ZIP: Content = Known("zip", FieldKind::Prefix(1));

/// The name of the layout and its columns, if the first lines all have the shape.
pub(super) fn recognise(delimiter: Delimiter, rows: &[Vec<String>]) -> Option<(&'static str, Vec<Content>)> {
    const BAR: Delimiter = Delimiter::Byte(b'|');
    let (Some(first), Some(width)) = (rows.first(), rows.first().map(Vec::len)) else { return None };
    let all = |holds: &dyn Fn(&[String]) -> bool| rows.iter().all(|row| row.len() == width && holds(row));
    match (delimiter, first.len()) {
        (BAR, 5) if all(&|row| is_number(&row[1]) && is_sex(&row[2])) => {
            Some(("MovieLens u.user", vec![Unused, AGE, SEX, OCCUPATION, ZIP]))
        }
        (BAR, 24) if all(&|row| row[5..].iter().all(|flag| flag == "0" || flag == "1")) => {
            let flags = GENRES.map(|genre| Flag("genres", genre));
            Some((
                "MovieLens u.item",
                [Unused, Unused, YEAR, Unused, Unused].into_iter().chain(flags).collect(),
            ))
        }
        (Delimiter::DoubleColon, 5) if all(&|row| is_sex(&row[1]) && is_number(&row[2])) => {
            Some(("MovieLens users.dat", vec![Unused, SEX, AGE, OCCUPATION, ZIP]))
        }
        (Delimiter::DoubleColon, 3) if all(&|row| ends_with_year(&row[1])) => {
            Some(("MovieLens movies.dat", vec![Unused, YEAR, Known("genres", FieldKind::List)]))
        }
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_sex(text: &str) -> bool {
    matches!(text, "M" | "F")
}

/// As `Heat (1995)` does.
fn ends_with_year(title: &str) -> bool {
    let year = title.trim_end().strip_suffix(')').and_then(|title| title.rsplit_once('('));
    year.is_some_and(|(_, year)| year.len() == 4 && is_number(year))
}
