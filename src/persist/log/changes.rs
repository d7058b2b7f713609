//! From changes to the payload of a record, and back.

use super::id::array;
use super::{LogError, LogFault, LogId};
use crate::data::{Change, Event};

const ADD: u8 = 1;
const REPLACE: u8 = 2;
const REMOVE: u8 = 3;
const REMOVE_USER: u8 = 4;
const REMOVE_ITEM: u8 = 5;
/// Added to the kind of an event that has a time.
const TIMED: u8 = 16;

/// Adds the bytes of all changes to `out`.
pub(super) fn put_changes<U: LogId, I: LogId>(
    changes: &[Change<U, I>],
    out: &mut Vec<u8>,
) -> Result<(), LogError> {
    for (at, change) in changes.iter().enumerate() {
        match change {
            Change::Add(event) => put_event(ADD, event, at, out)?,
            Change::Replace(event) => put_event(REPLACE, event, at, out)?,
            Change::Remove { user, item } => {
                out.push(REMOVE);
                user.put(out);
                item.put(out);
            }
            Change::RemoveUser { user } => {
                out.push(REMOVE_USER);
                user.put(out);
            }
            Change::RemoveItem { item } => {
                out.push(REMOVE_ITEM);
                item.put(out);
            }
        }
    }
    Ok(())
}

fn put_event<U: LogId, I: LogId>(
    kind: u8,
    event: &Event<U, I>,
    change: usize,
    out: &mut Vec<u8>,
) -> Result<(), LogError> {
    let value = event.value;
    if !value.is_finite() {
        return Err(LogFault::Value { change, value }.into());
    }
    out.push(if event.time.is_some() { kind + TIMED } else { kind });
    event.user.put(out);
    event.item.put(out);
    out.extend_from_slice(&value.to_le_bytes());
    if let Some(time) = event.time {
        out.extend_from_slice(&time.to_le_bytes());
    }
    Ok(())
}

/// Takes `n` changes, which must be all there is. Room is made as they come.
pub(super) fn take_changes<U: LogId, I: LogId>(
    mut from: &[u8],
    n: u32,
    sequence: u64,
) -> Result<Vec<Change<U, I>>, LogError> {
    let mut changes = Vec::new();
    let wrong = |change| LogError::from(LogFault::Content { sequence, change });
    for _ in 0..n {
        changes.push(take_change(&mut from).ok_or_else(|| wrong(changes.len()))?);
    }
    if from.is_empty() { Ok(changes) } else { Err(wrong(changes.len())) }
}

fn take_change<U: LogId, I: LogId>(from: &mut &[u8]) -> Option<Change<U, I>> {
    let [kind] = array(from)?;
    Some(match kind {
        ADD => Change::Add(take_event(from, false)?),
        REPLACE => Change::Replace(take_event(from, false)?),
        REMOVE => Change::Remove { user: U::take(from)?, item: I::take(from)? },
        REMOVE_USER => Change::RemoveUser { user: U::take(from)? },
        REMOVE_ITEM => Change::RemoveItem { item: I::take(from)? },
        _ if kind == ADD + TIMED => Change::Add(take_event(from, true)?),
        _ if kind == REPLACE + TIMED => Change::Replace(take_event(from, true)?),
        _ => return None,
    })
}

fn take_event<U: LogId, I: LogId>(from: &mut &[u8], timed: bool) -> Option<Event<U, I>> {
    let (user, item) = (U::take(from)?, I::take(from)?);
    let value = f32::from_le_bytes(array(from)?);
    let time = if timed { Some(i64::from_le_bytes(array(from)?)) } else { None };
    value.is_finite().then_some(Event { user, item, value, time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::document::table;

    fn samples() -> Vec<Change<u32, String>> {
        let event = |time| Event { user: 7, item: "b".to_owned(), value: 1.5, time };
        let (user, item) = (7, "b".to_owned());
        vec![
            Change::Add(event(None)),
            Change::Replace(event(None)),
            Change::Remove { user, item: item.clone() },
            Change::RemoveUser { user },
            Change::RemoveItem { item },
            Change::Add(event(Some(-2))),
            Change::Replace(event(Some(3))),
        ]
    }

    fn bytes(changes: &[Change<u32, String>]) -> Vec<u8> {
        let mut out = Vec::new();
        put_changes(changes, &mut out).unwrap();
        out
    }

    #[test]
    fn each_kind_of_change_is_as_in_the_document() {
        let (user, item, value) = ([7, 0, 0, 0], [1, b'b'], [0, 0, 0xc0, 0x3f]);
        let rows = table("Changes");
        assert_eq!(rows.len(), samples().len());
        for (row, change) in rows.iter().zip(samples()) {
            let time = if row[1].starts_with("add") { -2i64 } else { 3 };
            let mut expected = vec![row[0].parse().unwrap()];
            for field in row[2].split(", ") {
                match field {
                    "user" => expected.extend(user),
                    "item" => expected.extend(item),
                    "value" => expected.extend(value),
                    "time" => expected.extend(time.to_le_bytes()),
                    other => panic!("{other}"),
                }
            }
            assert_eq!(bytes(&[change]), expected, "{}", row[1]);
        }
    }

    #[test]
    fn changes_come_back_whole_or_not_at_all() {
        let all = bytes(&samples());
        assert_eq!(take_changes::<u32, String>(&all, 7, 1).unwrap(), samples());
        let at = |bytes: &[u8], n| match take_changes::<u32, String>(bytes, n, 5).unwrap_err().into_fault() {
            LogFault::Content { sequence: 5, change } => change,
            other => panic!("{other}"),
        };
        assert_eq!(at(&all, 6), 6);
        assert_eq!(at(&all, 8), 7);
        assert_eq!(at(&all, u32::MAX), 7);
        for n in 0..all.len() {
            assert!(at(&all[..n], 7) < 7);
        }
        for kind in (0..=255u8).filter(|kind| ![1, 2, 3, 4, 5, 17, 18].contains(kind)) {
            assert_eq!(at(&[kind; 40], 1), 0);
        }
    }

    #[test]
    fn values_are_finite_on_both_ways() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let event = Event { user: 7u32, item: 8u32, value, time: None };
            let good = Change::RemoveUser { user: 1 };
            let error = put_changes(&[good, Change::Add(event)], &mut Vec::new()).unwrap_err();
            assert!(matches!(error.fault(), LogFault::Value { change: 1, .. }), "{error}");
            let bytes = [&[1, 7, 0, 0, 0, 8, 0, 0, 0][..], &value.to_le_bytes()].concat();
            assert!(take_changes::<u32, u32>(&bytes, 1, 1).is_err());
        }
    }
}
