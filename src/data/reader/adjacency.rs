//! One line per user: `user item item ...`.

use std::hash::Hash;
use std::io::Read;
use std::str::FromStr;

use super::super::intake::Intake;
use super::super::report::{Fault, SourceReport};
use super::error::ReadError;
use super::intern::{Interner, NoId};
use super::layout::Encoding;
use super::lines::Lines;
use super::sniff::shorten;

/// Every pair is a record of value 1. A user without items is no record.
pub(super) fn read<U, I>(
    lines: &mut Lines<impl Read>,
    encoding: Encoding,
    intake: Intake<'_, U, I>,
) -> Result<SourceReport, ReadError>
where
    U: FromStr + Hash + Eq,
    I: FromStr + Hash + Eq,
{
    let Intake { users, items, pile, mut gate } = intake;
    gate.report.layout = Some("one line per user: user item item ...".into());
    let mut users = Interner::new(users, encoding);
    let mut items = Interner::new(items, encoding);
    while let Some(line) = lines.next()? {
        let mut words = line.bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let Some(user) = words.next() else { continue };
        for item in words {
            gate.report.records += 1;
            let value = gate.weigh(1.0);
            let pair = users.index(user).map_err(|problem| ("user", user, problem));
            let pair = pair
                .and_then(|user| Ok((user, items.index(item).map_err(|problem| ("item", item, problem))?)));
            let (field, found, reason, expected) = match (value, pair) {
                (Ok(value), Ok((user, item))) => {
                    pile.push(user, item, value, None);
                    continue;
                }
                (_, Err((_, _, NoId::Full(error)))) => return Err(error.into()),
                (_, Err((field, found, NoId::Field(reason, expected)))) => {
                    (field, shorten(found), reason, expected.into())
                }
                (Err((reason, expected)), _) => ("value", "1".into(), reason, expected),
            };
            let found = format!("`{found}`");
            gate.refuse(Fault { line: line.number, reason, field: field.into(), found, expected })?;
        }
    }
    Ok(gate.report)
}
