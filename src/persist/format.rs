//! The places of the bytes. `docs/format.md` says the same in words; a test holds the two together.

use super::{ElementType, LoadError, LoadFault};

/// Not ASCII, so that the file is not taken for text; a line feed, so that a transfer in text mode
/// shows.
pub(super) const MAGIC: [u8; 8] = *b"\x89FOLDIN\n";
/// The newest format this library writes, and the only one it reads.
pub(super) const FORMAT: u32 = 1;
/// Sections begin at multiples of this: a cache line, and the widest vector register.
pub(super) const ALIGN: u64 = 64;
/// More than any model needs, few enough to look through in a row.
pub(super) const MAX_SECTIONS: usize = 1024;

pub(super) mod header {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const FORMAT: usize = 8;
    pub(crate) const VERSION: usize = 12;
    pub(crate) const FILE_LENGTH: usize = 16;
    pub(crate) const SECTIONS: usize = 24;
    pub(crate) const TABLE_CHECKSUM: usize = 28;
    pub(crate) const KIND: usize = 32;
    pub(crate) const KIND_SIZE: usize = 24;
    pub(crate) const ZERO: usize = 56;
    pub(crate) const CHECKSUM: usize = 60;
}

pub(super) mod entry {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const NAME: usize = 0;
    pub(crate) const NAME_SIZE: usize = 32;
    pub(crate) const OFFSET: usize = 32;
    pub(crate) const LENGTH: usize = 40;
    pub(crate) const ELEMENT: usize = 48;
    pub(crate) const CHECKSUM: usize = 52;
    pub(crate) const ZERO: usize = 56;
}

/// The next multiple of [`ALIGN`], if there is one.
pub(super) fn align(offset: u64) -> Option<u64> {
    offset.checked_next_multiple_of(ALIGN)
}

/// Whether a name can stand in a field of `size` bytes.
pub(super) fn is_name(name: &str, size: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=size).contains(&name.len()) && name.bytes().all(allowed)
}

/// The first bytes of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub version: u32,
    pub file_length: u64,
    pub sections: usize,
    pub table_checksum: u32,
    pub kind: String,
}

/// One row of the section table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub name: String,
    /// Where the section begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
    pub element: ElementType,
    pub checksum: u32,
}

impl Header {
    pub(super) fn to_bytes(&self) -> [u8; header::SIZE] {
        let mut out = [0; header::SIZE];
        put(&mut out, header::MAGIC, &MAGIC);
        put(&mut out, header::FORMAT, &FORMAT.to_le_bytes());
        put(&mut out, header::VERSION, &self.version.to_le_bytes());
        put(&mut out, header::FILE_LENGTH, &self.file_length.to_le_bytes());
        put(&mut out, header::SECTIONS, &(self.sections as u32).to_le_bytes());
        put(&mut out, header::TABLE_CHECKSUM, &self.table_checksum.to_le_bytes());
        put(&mut out, header::KIND, self.kind.as_bytes());
        let checksum = crc32fast::hash(&out[..header::CHECKSUM]);
        put(&mut out, header::CHECKSUM, &checksum.to_le_bytes());
        out
    }

    /// Reads and checks what can be checked without the rest of the file. `found` is shorter than a
    /// header only if the file is.
    pub(super) fn parse(found: &[u8]) -> Result<Self, LoadError> {
        check_magic(found)?;
        let Some(bytes) = found.get(..header::SIZE) else {
            let expected = header::SIZE as u64;
            return Err(LoadFault::FileLength { found: found.len() as u64, expected }.into());
        };
        check_sum("header", 0, &bytes[..header::CHECKSUM], u32_at(bytes, header::CHECKSUM))?;
        let format = u32_at(bytes, header::FORMAT);
        if format != FORMAT {
            return Err(LoadFault::Format { found: format, newest: FORMAT }.into());
        }
        check_zero("header", header::ZERO as u64, &bytes[header::ZERO..header::CHECKSUM])?;
        let sections = u32_at(bytes, header::SECTIONS);
        if sections as usize > MAX_SECTIONS {
            let expected = format!("at most {MAX_SECTIONS}");
            return Err(layout(
                "header",
                header::SECTIONS as u64,
                "the number of sections",
                sections,
                expected,
            ));
        }
        Ok(Self {
            version: u32_at(bytes, header::VERSION),
            file_length: u64_at(bytes, header::FILE_LENGTH),
            sections: sections as usize,
            table_checksum: u32_at(bytes, header::TABLE_CHECKSUM),
            kind: name_at("header", 0, bytes, header::KIND, header::KIND_SIZE)?,
        })
    }

    /// Bytes of the section table, which follows the header.
    pub(super) fn table_size(&self) -> usize {
        self.sections * entry::SIZE
    }
}

impl Entry {
    pub(super) fn to_bytes(&self) -> [u8; entry::SIZE] {
        let mut out = [0; entry::SIZE];
        put(&mut out, entry::NAME, self.name.as_bytes());
        put(&mut out, entry::OFFSET, &self.offset.to_le_bytes());
        put(&mut out, entry::LENGTH, &self.length.to_le_bytes());
        put(&mut out, entry::ELEMENT, &self.element.code().to_le_bytes());
        put(&mut out, entry::CHECKSUM, &self.checksum.to_le_bytes());
        out
    }

    /// `at` is where the row stands in the file, `bytes` has its size.
    fn parse(bytes: &[u8], at: u64) -> Result<Self, LoadError> {
        let name = name_at("section table", at, bytes, entry::NAME, entry::NAME_SIZE)?;
        check_zero("section table", at + entry::ZERO as u64, &bytes[entry::ZERO..])?;
        let code = u32_at(bytes, entry::ELEMENT);
        let length = u64_at(bytes, entry::LENGTH);
        let Some(element) = ElementType::from_code(code) else {
            let expected = format!("1 to {}", ElementType::ALL.len());
            return Err(layout(&name, at + entry::ELEMENT as u64, "the type of the entries", code, expected));
        };
        if !length.is_multiple_of(element.size() as u64) {
            let expected = format!("a multiple of {}", element.size());
            return Err(layout(&name, at + entry::LENGTH as u64, "the length", length, expected));
        }
        let (offset, checksum) = (u64_at(bytes, entry::OFFSET), u32_at(bytes, entry::CHECKSUM));
        Ok(Self { name, offset, length, element, checksum })
    }

    /// Where the section ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// Reads the section table and checks that the sections fill the file in order: each begins at the
/// first aligned byte after the one before, and the last ends the file. So none overlap and every
/// byte is in the header, the table, a section or the zeros between.
pub(super) fn parse_table(header: &Header, table: &[u8]) -> Result<Vec<Entry>, LoadError> {
    check_sum("section table", header::SIZE as u64, table, header.table_checksum)?;
    let mut end = (header::SIZE + table.len()) as u64;
    let mut entries: Vec<Entry> = Vec::with_capacity(header.sections);
    for (row, bytes) in table.chunks_exact(entry::SIZE).enumerate() {
        let at = (header::SIZE + row * entry::SIZE) as u64;
        let entry = Entry::parse(bytes, at)?;
        end = check_place(&entry, at, end, header.file_length)?;
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(LoadFault::DuplicateSection { section: entry.name }.into());
        }
        entries.push(entry);
    }
    if end != header.file_length {
        let at = header::FILE_LENGTH as u64;
        return Err(layout("header", at, "the length of the file", header.file_length, end));
    }
    Ok(entries)
}

/// Where the section ends, if it stands where it must and inside the file.
fn check_place(entry: &Entry, at: u64, end: u64, file_length: u64) -> Result<u64, LoadError> {
    if align(end) != Some(entry.offset) {
        let expected = align(end).map_or_else(|| "inside the file".into(), |offset| offset.to_string());
        return Err(layout(&entry.name, at + entry::OFFSET as u64, "the offset", entry.offset, expected));
    }
    match entry.offset.checked_add(entry.length) {
        Some(end) if end <= file_length => Ok(end),
        _ => {
            let expected = format!("at most {}", file_length.saturating_sub(entry.offset));
            Err(layout(&entry.name, at + entry::LENGTH as u64, "the length", entry.length, expected))
        }
    }
}

pub(super) fn check_sum(part: &str, offset: u64, bytes: &[u8], expected: u32) -> Result<(), LoadError> {
    let found = crc32fast::hash(bytes);
    if found == expected {
        return Ok(());
    }
    Err(LoadFault::Checksum { part: part.to_owned(), offset, found, expected }.into())
}

/// `offset` is where `bytes` begin in the file.
pub(super) fn check_zero(part: &str, offset: u64, bytes: &[u8]) -> Result<(), LoadError> {
    match bytes.iter().position(|&byte| byte != 0) {
        None => Ok(()),
        Some(at) => Err(layout(part, offset + at as u64, "an unused byte", bytes[at], 0)),
    }
}

fn check_magic(found: &[u8]) -> Result<(), LoadError> {
    let begin = &found[..found.len().min(MAGIC.len())];
    if begin == &MAGIC[..begin.len()] && !begin.is_empty() {
        return Ok(());
    }
    Err(LoadFault::Magic { found: begin.to_vec(), expected: MAGIC }.into())
}

fn layout(
    part: &str,
    offset: u64,
    field: &'static str,
    found: impl ToString,
    expected: impl ToString,
) -> LoadError {
    let (part, found, expected) = (part.to_owned(), found.to_string(), expected.to_string());
    LoadFault::Layout { part, offset, field, found, expected }.into()
}

/// A name of at most `size` bytes at `at`, filled up with zeros; `start` is where `bytes` begin in
/// the file.
fn name_at(part: &str, start: u64, bytes: &[u8], at: usize, size: usize) -> Result<String, LoadError> {
    let field = &bytes[at..at + size];
    let length = field.iter().position(|&byte| byte == 0).unwrap_or(size);
    check_zero(part, start + (at + length) as u64, &field[length..])?;
    match str::from_utf8(&field[..length]) {
        Ok(name) if is_name(name, size) => Ok(name.to_owned()),
        _ => {
            let found = format!("\"{}\"", field[..length].escape_ascii());
            let expected = format!("1 to {size} characters of `a-z 0-9 . _ -`");
            Err(layout(part, start + at as u64, "the name", found, expected))
        }
    }
}

pub(super) fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::document::{DOCUMENT, check, table};

    #[test]
    fn the_document_states_the_header() {
        let fields = [
            (header::MAGIC, MAGIC.len(), "magic"),
            (header::FORMAT, 4, "format"),
            (header::VERSION, 4, "version"),
            (header::FILE_LENGTH, 8, "file length"),
            (header::SECTIONS, 4, "sections"),
            (header::TABLE_CHECKSUM, 4, "table checksum"),
            (header::KIND, header::KIND_SIZE, "kind"),
            (header::ZERO, 4, "zero"),
            (header::CHECKSUM, 4, "checksum"),
        ];
        check("Header", 0, header::SIZE, &fields);
        let meaning = |field| table("Header").into_iter().find(|row| row[2] == field).unwrap()[3];
        let magic: Vec<String> = MAGIC.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(meaning("magic").contains(&magic.join(" ")));
        assert!(meaning("format").ends_with(&format!("container, {FORMAT}")));
        assert!(meaning("sections").ends_with(&format!("at most {MAX_SECTIONS}")));
        assert!(meaning("checksum").contains(&format!("bytes 0 to {}", header::CHECKSUM - 1)));
        assert!(DOCUMENT.contains(&format!("first multiple of {ALIGN} ")));
        let names = format!("1 to {} (kind) or 1 to {} (section)", header::KIND_SIZE, entry::NAME_SIZE);
        assert!(DOCUMENT.contains(&names));
    }

    #[test]
    fn the_document_states_the_section_table() {
        let fields = [
            (entry::NAME, entry::NAME_SIZE, "name"),
            (entry::OFFSET, 8, "offset"),
            (entry::LENGTH, 8, "length"),
            (entry::ELEMENT, 4, "element"),
            (entry::CHECKSUM, 4, "checksum"),
            (entry::ZERO, 8, "zero"),
        ];
        check("Section table", 0, entry::SIZE, &fields);
    }

    #[test]
    fn the_document_states_the_element_types() {
        let code =
            ElementType::ALL.map(|(_, code, size, name)| [code.to_string(), size.to_string(), name.into()]);
        assert_eq!(table("Element types"), code);
    }

    #[test]
    fn header_and_entry_come_back() {
        let header = Header {
            version: 3,
            file_length: 0x1_0000_0001,
            sections: 1,
            table_checksum: 9,
            kind: "x".into(),
        };
        assert_eq!(Header::parse(&header.to_bytes()).unwrap(), header);
        let name = "n".repeat(entry::NAME_SIZE);
        let entry = Entry { name, offset: 128, length: 8, element: ElementType::F64, checksum: 7 };
        assert_eq!(Entry::parse(&entry.to_bytes(), 64).unwrap(), entry);
    }

    #[test]
    fn names() {
        for good in ["a", "biased-mf", "user_factors.0"] {
            assert!(is_name(good, 24), "{good}");
        }
        for bad in ["", "A", "a b", "ä", "a\0", &"a".repeat(25)] {
            assert!(!is_name(bad, 24), "{bad}");
        }
    }
}
