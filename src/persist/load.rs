//! Loading: from a file, a stream or bytes to a model, or only to what the file says of itself.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::format::{Entry, Header, header, parse_table};
use super::ids::{self, is_metadata};
use super::reader::{Section, check_length};
use super::{ElementType, LoadError, LoadFault, Metadata, Persist, PersistId, Saved, SectionReader};

/// The whole file as bytes. What it takes is the length of the file, and that only when the header
/// states the same.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    let (mut file, header, mut bytes) = open(path)?;
    let out_of_memory = |_| LoadFault::io("make room for the file")(io::ErrorKind::OutOfMemory.into());
    let length = usize::try_from(header.file_length).map_err(|_| out_of_memory(()))?;
    bytes.try_reserve_exact(length.saturating_sub(bytes.len())).map_err(|_| out_of_memory(()))?;
    read_rest(&mut file, &header, &mut bytes)?;
    Ok(bytes)
}

/// A whole stream as bytes. No more is read than the header states and one byte, and no more memory
/// taken than about twice what arrives.
pub(super) fn read_stream(mut from: impl Read) -> Result<Vec<u8>, LoadError> {
    let (header, mut bytes) = read_header(&mut from)?;
    read_rest(&mut from, &header, &mut bytes)?;
    Ok(bytes)
}

/// The file, its header, and the bytes read so far.
pub(super) fn open(path: &Path) -> Result<(File, Header, Vec<u8>), LoadError> {
    let mut file = File::open(path).map_err(LoadFault::io("open it"))?;
    let (header, bytes) = read_header(&mut file)?;
    let found = file.metadata().map_err(LoadFault::io("look at it"))?.len();
    check_length(&header, found)?;
    Ok((file, header, bytes))
}

fn read_header(from: &mut impl Read) -> Result<(Header, Vec<u8>), LoadError> {
    let mut bytes = Vec::with_capacity(header::SIZE);
    from.take(header::SIZE as u64).read_to_end(&mut bytes).map_err(LoadFault::io("read the header"))?;
    Ok((Header::parse(&bytes)?, bytes))
}

fn read_rest(from: &mut impl Read, header: &Header, bytes: &mut Vec<u8>) -> Result<(), LoadError> {
    let rest = header.file_length.saturating_sub(bytes.len() as u64);
    from.take(rest.saturating_add(1)).read_to_end(bytes).map_err(LoadFault::io("read"))?;
    check_length(header, bytes.len() as u64)
}

pub(super) fn saved<M, U, I>(bytes: &[u8]) -> Result<Saved<M, U, I>, LoadError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    let from = SectionReader::new(bytes)?;
    let model: M = from.model()?;
    let ids = ids::ids(&from, (model.n_users(), model.n_items()))?;
    Ok(Saved { model, ids, metadata: ids::metadata(&from)?, checkpoint: from.checkpoint()? })
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Summary {
    /// The model's name.
    pub kind: String,
    /// The version of the model's sections.
    pub version: u32,
    /// The length of the file in bytes.
    pub file_length: u64,
    /// The sections, in the order of the file.
    pub sections: Vec<SectionSummary>,
    /// What was put beside the model.
    pub metadata: Metadata,
}

/// What a file says of one section.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SectionSummary {
    /// The name.
    pub name: String,
    /// The type of the entries.
    pub element: ElementType,
    /// How many entries there are.
    pub entries: u64,
    /// Where the section begins in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (version {}), {} bytes", self.kind, self.version, self.file_length)?;
        for section in &self.sections {
            let SectionSummary { name, element, entries, offset, length } = section;
            writeln!(f, "  {name:<32} {entries:>12} x {element:<3} {length:>14} bytes at {offset}")?;
        }
        for (name, value) in &self.metadata {
            writeln!(f, "  {name} = {value}")?;
        }
        Ok(())
    }
}

/// Reads header, section table and metadata, and no more.
pub(super) fn summary(path: &Path) -> Result<Summary, LoadError> {
    let (mut file, header, _) = open(path)?;
    let mut table = Vec::new();
    let size = header.table_size() as u64;
    (&mut file).take(size).read_to_end(&mut table).map_err(LoadFault::io("read the section table"))?;
    if table.len() as u64 != size {
        return Err(header.too_many_sections());
    }
    let entries = parse_table(&header, &table)?;
    let metadata = metadata(&mut file, &header, &entries)?;
    let sections = entries.into_iter().map(Entry::summary).collect();
    let Header { kind, version, file_length, .. } = header;
    Ok(Summary { kind, version, file_length, sections, metadata })
}

fn metadata(file: &mut File, header: &Header, entries: &[Entry]) -> Result<Metadata, LoadError> {
    let failed = LoadFault::io("read the metadata");
    let mut parts = Vec::new();
    for entry in entries.iter().filter(|entry| is_metadata(&entry.name)) {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(entry.offset)).map_err(&failed)?;
        file.take(entry.length).read_to_end(&mut bytes).map_err(&failed)?;
        parts.push((entry.clone(), bytes));
    }
    let sections = parts.iter().map(|(entry, bytes)| Section::new(entry.clone(), bytes));
    let sections = sections.collect::<Result<Vec<_>, _>>()?;
    ids::metadata(&SectionReader::of(header.clone(), sections))
}

impl Entry {
    fn summary(self) -> SectionSummary {
        let entries = self.count() as u64;
        let Self { name, offset, length, element, .. } = self;
        SectionSummary { name, element, entries, offset, length }
    }
}
