//! What the first lines say about a layout.

use std::collections::BTreeMap;

use super::error::ReadError;
use super::fields::Fields;
use super::layout::{Column, Delimiter, Layout, Wanted};
use super::lines::Lines;
use super::number::{parse_f32, parse_time};

/// How many lines are looked at.
const LINES: usize = 50;

/// Tried in this order where several part the lines equally well: rarer in ids and titles first.
const CANDIDATES: [Delimiter; 6] = [
    Delimiter::DoubleColon,
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b','),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b' '),
];

/// Lines in fields.
pub(super) type Rows = Vec<Vec<String>>;

/// What the first lines of a file say.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) delimiter: Delimiter,
    /// The names of the columns, if the first line is a header.
    pub(super) names: Option<Vec<String>>,
    /// How many fields most of the first lines have; 0 in an empty file.
    pub(super) n_fields: usize,
}

impl Head {
    pub(super) fn of(
        sample: &[u8],
        delimiter: Option<&str>,
        header: Option<bool>,
        named: bool,
        file: &str,
    ) -> Result<Self, ReadError> {
        let unclear = || ReadError::NoDelimiter { file: file.into(), line: shorten(first_line(sample)) };
        let (delimiter, rows) = match delimiter {
            Some(text) => {
                let delimiter = Delimiter::parse(text)?;
                (delimiter, rows(sample, delimiter)?)
            }
            None => recognise(sample)?.ok_or_else(unclear)?,
        };
        let n_fields = agreeing(&rows).map_or(0, |(fields, _)| fields);
        if n_fields == 0 && !rows.is_empty() {
            return Err(unclear());
        }
        let header = header.unwrap_or_else(|| named || looks_like_header(&rows));
        let names = if header { rows.into_iter().next() } else { None };
        match &names {
            Some(names) if names.len() != n_fields => {
                Err(ReadError::HeaderWidth { file: file.into(), names: names.len(), fields: n_fields })
            }
            _ => Ok(Self { delimiter, names, n_fields }),
        }
    }

    /// The columns, for messages and reports.
    pub(super) fn columns(&self) -> String {
        match &self.names {
            Some(names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            None => format!("1 to {}, without a header", self.n_fields),
        }
    }

    /// Where a column is, from 0.
    pub(super) fn find(&self, column: &Column, file: &str) -> Result<usize, ReadError> {
        let place = match column {
            Column::Number(number) => number.checked_sub(1).filter(|&at| at < self.n_fields),
            Column::Name(name) => {
                let same = |other: &String| other.trim().eq_ignore_ascii_case(name.trim());
                self.names.as_ref().and_then(|names| names.iter().position(same))
            }
        };
        place.ok_or_else(|| ReadError::NoColumn {
            file: file.into(),
            column: column.to_string(),
            found: self.columns(),
        })
    }

    /// A column by its name or its number, for messages.
    pub(super) fn label(&self, at: usize) -> String {
        match self.names.as_ref().and_then(|names| names.get(at)) {
            Some(name) => format!("column {} `{name}`", at + 1),
            None => format!("column {}", at + 1),
        }
    }
}

/// Which columns of a file hold what, from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picks {
    pub(super) user: usize,
    pub(super) item: usize,
    pub(super) value: Option<usize>,
    pub(super) time: Option<usize>,
}

impl Picks {
    pub(super) fn of(layout: &Layout, head: &Head, file: &str) -> Result<Self, ReadError> {
        let find = |column: &Column| head.find(column, file);
        let taken = [&layout.user, &layout.item].into_iter().flatten();
        let wanted = [&layout.value, &layout.time].into_iter().filter_map(|wanted| match wanted {
            Wanted::At(column) => Some(column),
            _ => None,
        });
        let taken: Vec<usize> = taken.chain(wanted).map(find).collect::<Result<_, _>>()?;
        let guess = |role: Role| role.guess(head, &taken);
        let must = |column: &Option<Column>, role: Role, name| match column {
            Some(column) => find(column),
            None => guess(role).ok_or_else(|| ReadError::UnclearColumn {
                file: file.into(),
                role: name,
                found: head.columns(),
            }),
        };
        let may = |wanted: &Wanted, role: Role| match wanted {
            Wanted::Absent => Ok(None),
            Wanted::At(column) => find(column).map(Some),
            Wanted::Recognised => Ok(guess(role)),
        };
        Ok(Self {
            user: must(&layout.user, Role::User, "user")?,
            item: must(&layout.item, Role::Item, "item")?,
            value: may(&layout.value, Role::Value)?,
            time: may(&layout.time, Role::Time)?,
        })
    }
}

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    User,
    Item,
    Value,
    Time,
}

impl Role {
    /// In the order of columns without a header.
    const ALL: [Self; 4] = [Self::User, Self::Item, Self::Value, Self::Time];

    /// Names of columns, without case, spaces and marks; an "id" at the end is left out too.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::User => &[
                "user",
                "u",
                "uid",
                "userindex",
                "username",
                "customer",
                "member",
                "reviewer",
                "person",
                "visitor",
                "viewer",
                "account",
                "client",
                "listener",
                "reader",
                "critic",
                "profile",
            ],
            Self::Item => &[
                "item",
                "i",
                "iid",
                "movie",
                "film",
                "product",
                "artist",
                "book",
                "isbn",
                "song",
                "track",
                "title",
                "asin",
                "parentasin",
                "article",
                "game",
                "app",
                "business",
                "show",
                "series",
                "anime",
                "recipe",
                "joke",
                "video",
                "location",
                "poi",
                "page",
                "sku",
            ],
            Self::Value => &[
                "rating",
                "ratings",
                "bookrating",
                "value",
                "score",
                "stars",
                "star",
                "overall",
                "weight",
                "count",
                "counts",
                "plays",
                "playcount",
                "strength",
                "preference",
                "quantity",
                "listens",
                "grade",
            ],
            Self::Time => &[
                "timestamp",
                "time",
                "date",
                "datetime",
                "ts",
                "unixtime",
                "unixreviewtime",
                "ratedat",
                "createdat",
                "when",
                "moment",
                "seenat",
                "eventtime",
            ],
        }
    }

    fn of(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        let stem = plain.strip_suffix("id").unwrap_or(&plain);
        Self::ALL.into_iter().find(|role| role.names().iter().any(|&known| known == plain || known == stem))
    }

    /// The column for a role, among those that are not taken: by name, or without a header by place.
    fn guess(self, head: &Head, taken: &[usize]) -> Option<usize> {
        let free = (0..head.n_fields).filter(|at| !taken.contains(at));
        match &head.names {
            Some(names) => {
                let known = |&at: &usize| Self::of(&names[at]) == Some(self);
                // "movieId" before "title", where both are there.
                let rank = |&at: &usize| {
                    self.names().iter().position(|&name| Some(name) == stem(&names[at]).as_deref())
                };
                free.filter(known).min_by_key(|at| rank(at).unwrap_or(usize::MAX))
            }
            None if head.n_fields > 4 || !taken.is_empty() => None,
            None => Some(self as usize).filter(|&at| at < head.n_fields),
        }
    }
}

fn stem(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    Some(plain.strip_suffix("id").map_or_else(|| plain.clone(), str::to_owned))
}

/// The delimiter that parts the most lines into the same number of fields, at least two; with the
/// lines in fields. An empty file is as good as one with commas.
fn recognise(sample: &[u8]) -> Result<Option<(Delimiter, Rows)>, ReadError> {
    let mut best = None;
    let mut most = (0, 0);
    for delimiter in CANDIDATES {
        let rows = rows(sample, delimiter)?;
        if rows.is_empty() {
            return Ok(Some((delimiter, rows)));
        }
        // Of two that part all lines alike, the one that finds all columns a record can have is right: the
        // other one stands inside a field.
        let found = agreeing(&rows).map(|(n_fields, lines)| (lines, n_fields.min(Role::ALL.len())));
        if let Some(found @ (_, 2..)) = found.filter(|&found| found > most) {
            (best, most) = (Some((delimiter, rows)), found);
        }
    }
    Ok(best)
}

/// The number of fields that most rows have, with their number; among equals the larger. Rows with
/// broken quotes have none.
fn agreeing(rows: &[Vec<String>]) -> Option<(usize, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    rows.iter().filter(|row| !row.is_empty()).for_each(|row| *counts.entry(row.len()).or_default() += 1);
    counts.into_iter().max_by_key(|&(_, lines)| lines)
}

/// The first lines in fields.
pub(super) fn rows(sample: &[u8], delimiter: Delimiter) -> Result<Rows, ReadError> {
    let mut lines = Lines::new(sample, "")?;
    lines.quote_fields(delimiter.quotes());
    let (mut rows, mut fields) = (Vec::new(), Fields::default());
    while let Some(line) = lines.next()? {
        if rows.len() == LINES {
            break;
        }
        if line.is_blank() {
            continue;
        }
        let n = if fields.split(line, delimiter).is_ok() { fields.len() } else { 0 };
        rows.push((0..n).map(|at| String::from_utf8_lossy(fields.get(line, at)).into_owned()).collect());
    }
    Ok(rows)
}

/// Whether a name is that of an id: `id`, or a known name of users or items.
pub(super) fn names_an_id(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("id") || matches!(Role::of(name), Some(Role::User | Role::Item))
}

fn first_line(sample: &[u8]) -> &[u8] {
    let mut lines = sample.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

/// A header has no number in it; it has a known name, or stands above numbers.
fn looks_like_header(rows: &[Vec<String>]) -> bool {
    let number = |field: &String| {
        parse_f32(field.replace(',', ".").as_bytes()).is_some() || parse_time(field.as_bytes()).is_some()
    };
    let Some(first) = rows.first() else { return false };
    if first.iter().any(number) {
        return false;
    }
    let known = first.iter().filter(|name| Role::of(name).is_some()).count() >= 2;
    known || rows.get(1).is_some_and(|second| second.iter().any(number))
}

/// Some bytes for a message.
pub(super) fn shorten(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(LONGEST) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
