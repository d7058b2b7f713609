//! From a model to bytes: named sections of numbers, laid out and written in one go.

use std::borrow::Cow;
use std::io::Write;

use super::format::{self, Entry, Header, align, entry, header, is_name};
use super::{Element, ElementType, SaveError, SaveFault};
use crate::model::Seen;

/// Numbers are turned into bytes in pieces of this size: small enough for the second-level cache,
/// and one system call each.
const PIECE: usize = 64 * 1024;

/// What a model writes into: named sections of numbers, borrowed from it where it has them.
///
/// Nothing is copied or checked here; what is wrong shows when the file is written.
#[derive(Default)]
pub struct Sections<'a> {
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    name: String,
    values: Box<dyn Values + 'a>,
}

/// Where everything will stand.
pub(super) struct Layout {
    /// Header and section table.
    head: Vec<u8>,
    entries: Vec<Entry>,
}

impl Layout {
    pub(super) fn file_length(&self) -> u64 {
        self.entries.last().map_or(self.head.len() as u64, Entry::end)
    }
}

impl<'a> Sections<'a> {
    /// A section of numbers of the model, for example its factors. Names have 1 to 32 characters of
    /// `a-z 0-9 . _ -`; those that begin with `ids.`, `metadata.` and `live.` are the container's.
    pub fn put<T: Element>(&mut self, name: impl Into<String>, values: &'a [T]) {
        self.push(name.into(), Cow::Borrowed(values));
    }

    /// A section of numbers put together for the file, for example a shape.
    pub fn put_owned<T: Element>(&mut self, name: impl Into<String>, values: impl Into<Vec<T>>) {
        self.push(name.into(), Cow::Owned::<[T]>(values.into()));
    }

    /// Two sections, `NAME.offsets` and `NAME.utf8`: any texts.
    pub fn put_strings<'s>(&mut self, name: &str, texts: impl IntoIterator<Item = &'s str>) {
        let (mut offsets, mut utf8) = (vec![0u64], Vec::new());
        for text in texts {
            utf8.extend_from_slice(text.as_bytes());
            offsets.push(utf8.len() as u64);
        }
        self.put_owned(format!("{name}.offsets"), offsets);
        self.put_owned(format!("{name}.utf8"), utf8);
    }

    /// Two sections, `seen.offsets` and `seen.items`: who saw what.
    pub fn put_seen(&mut self, seen: &Seen) {
        let (offsets, items) = seen.to_parts();
        self.put_owned("seen.offsets", offsets);
        self.put_owned("seen.items", items);
    }

    fn push<T: Element>(&mut self, name: String, values: Cow<'a, [T]>) {
        self.sections.push(Section { name, values: Box::new(values) });
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| &section.name[..])
    }

    /// Checks everything and says where each byte will stand. Reads all numbers once.
    pub(super) fn layout(&self, kind: &str, version: u32) -> Result<Layout, SaveError> {
        self.check_names(kind)?;
        let entries = self.entries()?;
        Ok(Layout { head: head(kind, version, &entries), entries })
    }

    /// Writes the whole file. Reads all numbers again.
    pub(super) fn write(&self, layout: &Layout, to: &mut dyn Write) -> Result<(), SaveError> {
        let failed = SaveFault::io("write");
        to.write_all(&layout.head).map_err(&failed)?;
        let mut piece = vec![0; PIECE];
        let mut at = layout.head.len() as u64;
        for (section, entry) in self.sections.iter().zip(&layout.entries) {
            let zeros = [0; format::ALIGN as usize];
            to.write_all(&zeros[..(entry.offset - at) as usize]).map_err(&failed)?;
            pieces(&*section.values, &mut piece, |bytes| to.write_all(bytes)).map_err(&failed)?;
            at = entry.end();
        }
        to.flush().map_err(&failed)
    }

    fn check_names(&self, kind: &str) -> Result<(), SaveError> {
        if !is_name(kind, header::KIND_SIZE) {
            return Err(SaveFault::Name { name: kind.to_owned(), longest: header::KIND_SIZE }.into());
        }
        if self.sections.len() > format::MAX_SECTIONS {
            let (found, most) = (self.sections.len(), format::MAX_SECTIONS);
            return Err(SaveFault::TooManySections { found, most }.into());
        }
        for (at, section) in self.sections.iter().enumerate() {
            let name = section.name.clone();
            if !is_name(&name, entry::NAME_SIZE) {
                return Err(SaveFault::Name { name, longest: entry::NAME_SIZE }.into());
            }
            if self.sections[..at].iter().any(|other| other.name == name) {
                return Err(SaveFault::DuplicateSection { section: name }.into());
            }
        }
        Ok(())
    }

    /// The section table, with every checksum.
    fn entries(&self) -> Result<Vec<Entry>, SaveError> {
        let mut piece = vec![0; PIECE];
        let mut end = (header::SIZE + self.sections.len() * entry::SIZE) as u64;
        let mut entries = Vec::with_capacity(self.sections.len());
        for Section { name, values } in &self.sections {
            if let Some((at, found)) = values.unsound() {
                return Err(SaveFault::Value { section: name.clone(), at, found }.into());
            }
            entries.push(Entry {
                name: name.clone(),
                // Numbers that are in memory cannot reach the end of 64 bits.
                offset: align(end).unwrap_or(u64::MAX),
                length: (values.count() * values.element().size()) as u64,
                element: values.element(),
                checksum: values.checksum(&mut piece),
            });
            end = entries.last().map_or(end, Entry::end);
        }
        Ok(entries)
    }
}

/// Header and section table.
fn head(kind: &str, version: u32, entries: &[Entry]) -> Vec<u8> {
    let table: Vec<u8> = entries.iter().flat_map(Entry::to_bytes).collect();
    let header = Header {
        version,
        file_length: entries.last().map_or(header::SIZE as u64, Entry::end),
        sections: entries.len(),
        table_checksum: crc32fast::hash(&table),
        kind: kind.to_owned(),
    };
    [&header.to_bytes()[..], &table].concat()
}

/// Shows a section's bytes piece by piece.
fn pieces<E>(
    values: &(dyn Values + '_),
    piece: &mut [u8],
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let size = values.element().size();
    let step = piece.len() / size;
    for first in (0..values.count()).step_by(step) {
        let n = step.min(values.count() - first);
        let bytes = &mut piece[..n * size];
        values.encode(first, bytes);
        each(bytes)?;
    }
    Ok(())
}

/// The numbers of a section, whatever their type.
trait Values {
    fn element(&self) -> ElementType;
    fn count(&self) -> usize;
    /// Writes the entries from `first` on, as many as fit `out` exactly.
    fn encode(&self, first: usize, out: &mut [u8]);
    /// The first entry that may not stand in a file.
    fn unsound(&self) -> Option<(usize, String)>;
    fn checksum(&self, piece: &mut [u8]) -> u32;
}

impl<T: Element> Values for Cow<'_, [T]> {
    fn element(&self) -> ElementType {
        T::TYPE
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn encode(&self, first: usize, out: &mut [u8]) {
        T::encode(&self[first..], out);
    }

    fn unsound(&self) -> Option<(usize, String)> {
        let at = self.iter().position(|value| !value.is_sound())?;
        Some((at, format!("{:?}", self[at])))
    }

    fn checksum(&self, piece: &mut [u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let Ok(()) = pieces(self, piece, |bytes| {
            hasher.update(bytes);
            Ok::<(), std::convert::Infallible>(())
        });
        hasher.finalize()
    }
}
