//! What is known beside the ratings: the times beside the split, the tables of users and items.

use std::fs;
use std::path::Path;

use foldin::data::{AttributeRecord, AttributesBuilder, IdMap, Ids};

use compare_ours::Split;

/// Seconds since 1970 of the training and of the test events, from the file beside the split.
pub fn times(split: &Split, path: &str) -> Result<(Vec<i64>, Vec<i64>), String> {
    let path = Path::new(path).with_extension("times");
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let mut times: Vec<_> = words.map(i64::from).collect();
    let (n_train, n_test) = (split.train.values.len(), split.test.values.len());
    if times.len() != n_train + n_test {
        return Err(format!(
            "{}: {} times found, {} expected",
            path.display(),
            times.len(),
            n_train + n_test
        ));
    }
    let test = times.split_off(n_train);
    Ok((times, test))
}

/// The numbers of the split as ids.
pub fn numbered(split: &Split) -> Result<Ids<u32, u32>, String> {
    let numbers = |n: u32| {
        let mut map = IdMap::new();
        for id in 0..n {
            map.insert(id).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(map)
    };
    Ok(Ids { users: numbers(split.n_users)?, items: numbers(split.n_items)? })
}

/// A table of the harness: what its fields hold is left to the crate to recognise.
pub fn attributes<R>(
    builder: AttributesBuilder<R, u32>,
    path: &str,
) -> Result<AttributesBuilder<R, u32>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().ok_or(format!("{path} is empty"))?;
    let mut records = Vec::new();
    for fields in lines {
        let id: u32 = fields[0].parse().map_err(|_| format!("{path}: `{}`, a number expected", fields[0]))?;
        let known = head.iter().zip(&fields).skip(1);
        records.push((
            id,
            known.fold(AttributeRecord::new(), |record, (name, value)| record.with(*name, *value)),
        ));
    }
    builder.add(path, records).map_err(|error| error.to_string())
}
