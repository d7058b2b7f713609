//! Logs on a disk in memory that fails wherever it can, and logs whose bytes were changed.

mod arbitrary;
mod damage;
mod disk_fails;
mod opening;
mod world;

use std::path::Path;

use super::bytes::{Header, head};
use super::journal::Journal;
use super::{Checkpoint, LogError, LogReport};
use crate::persist::disk::memory::Memory;

const NAMES: [&str; 2] = ["u32", "u64"];
const LOG: &str = "log";

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint { model: 7, sequence }
}

fn header(sequence: u64) -> Header {
    Header { names: NAMES, from: checkpoint(sequence) }
}

fn create(disk: &Memory, sequence: u64) -> Result<Journal<Memory>, LogError> {
    Journal::create(disk.clone(), Path::new(LOG), header(sequence), false)
}

fn open(disk: &Memory, sequence: u64) -> Result<(Journal<Memory>, LogReport), LogError> {
    Journal::open(disk.clone(), Path::new(LOG), NAMES, checkpoint(sequence), false)
}

/// A payload of so many bytes that differs from the others.
fn payload(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (seed * 31 + at * 7 + 1) as u8).collect()
}

fn append(journal: &mut Journal<Memory>, payload: &[u8]) -> Result<u64, LogError> {
    let mut record = [&[0; head::SIZE][..], payload].concat();
    journal.append(&mut record, 1)
}

/// All records, with their numbers.
fn read(journal: &mut Journal<Memory>) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
    let mut walk = journal.walk()?;
    let mut all = Vec::new();
    loop {
        let mut payload = Vec::new();
        match walk.next(|bytes| payload.extend_from_slice(bytes)).map_err(|stop| stop.at(walk.position()))? {
            Some(head) => all.push((head.sequence, payload)),
            None => return Ok(all),
        }
    }
}

/// The same on a disk that works.
fn records(journal: &mut Journal<Memory>) -> Vec<(u64, Vec<u8>)> {
    read(journal).unwrap()
}
