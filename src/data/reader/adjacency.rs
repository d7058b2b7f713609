//! One line per user: `user item item ...`.

use std::hash::Hash;
use std::io::Read;
use std::str::FromStr;

use super::super::intake::Intake;
use super::super::report::{Fault, Reason, SourceReport};
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
            let value = match gate.weigh(1.0) {
                Ok(value) => value,
                Err((reason, expected)) => {
                    gate.refuse(fault(line.number, "value", b"1", reason, expected))?;
                    continue;
                }
            };
            let (user_ix, item_ix) = (users.index(user), items.index(item));
            match (user_ix, item_ix) {
                (Ok(user), Ok(item)) => pile.push(user, item, value, None),
                (Err(NoId::Full(error)), _) | (_, Err(NoId::Full(error))) => return Err(error.into()),
                (Err(NoId::Field(reason, expected)), _) => {
                    gate.refuse(fault(line.number, "user", user, reason, expected.into()))?;
                }
                (_, Err(NoId::Field(reason, expected))) => {
                    gate.refuse(fault(line.number, "item", item, reason, expected.into()))?;
                }
            }
        }
    }
    Ok(gate.report)
}

#[cold]
fn fault(line: u64, field: &str, found: &[u8], reason: Reason, expected: String) -> Fault {
    Fault { line, reason, field: field.into(), found: format!("`{}`", shorten(found)), expected }
}
