//! From bytes to a model: named sections, each number checked before it is used.

use super::format::{self, Entry, Header, check_sum, check_zero, header, parse_table};
use super::origin::Origin;
use super::{Checkpoint, Element, LoadError, LoadFault, Persist};

/// The sections of a saved model, checked as a whole, for a model to take its numbers from.
///
/// All sections lie inside the bytes, and the checksum of one holds before a number of it is handed out; what the numbers
/// *mean* is checked here one by one: a model says how many entries it expects and below what its indices must be, and gets
/// an error that names section, place, found and expected. Memory is taken only for entries that are
/// there.
///
/// A model that can answer from a mapped file takes its large sections by [`numbers`](Self::numbers) and
/// [`seen_or_mapped`](Self::seen_or_mapped): where [`is_checked`](Self::is_checked) says no, nobody has looked at those, and
/// the model bounds what they say where it uses it.
#[derive(Debug)]
pub struct SectionReader<'a> {
    header: Header,
    sections: Vec<Section<'a>>,
    pub(super) origin: Origin,
}

/// One section: what the table says of it, and its bytes.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) entry: Entry,
    bytes: &'a [u8],
}

impl<'a> Section<'a> {
    /// A section whose checksum holds.
    pub(super) fn new(entry: Entry, bytes: &'a [u8]) -> Result<Self, LoadError> {
        let section = Self { entry, bytes };
        section.check()?;
        Ok(section)
    }

    /// Whether its checksum holds.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        check_sum(&self.entry.name, self.entry.offset, self.bytes, self.entry.checksum)
    }
}

impl<'a> SectionReader<'a> {
    /// Checks a whole file in memory: header, section table, checksums, zeros between. One pass over
    /// the bytes; nothing is copied.
    ///
    /// # Errors
    /// [`LoadError`] for anything that is not a complete, undamaged file.
    pub fn new(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let reader = Self::unread(bytes, Origin::Memory)?;
        reader.check()?;
        Ok(reader)
    }

    /// The same without the checksums of the sections: of these nothing is read.
    pub(super) fn unread(bytes: &'a [u8], origin: Origin) -> Result<Self, LoadError> {
        let header = Header::parse(&bytes[..bytes.len().min(header::SIZE)])?;
        check_length(&header, bytes.len() as u64)?;
        let table_end = header::SIZE + header.table_size();
        // The length of the file is right, so a table that does not fit in it is a lie of the header.
        let table = bytes.get(header::SIZE..table_end).ok_or_else(|| header.too_many_sections())?;
        let mut end = table_end;
        let mut sections = Vec::with_capacity(header.sections);
        for entry in parse_table(&header, table)? {
            let (begin, gap) = (entry.offset as usize, end);
            end = entry.end() as usize;
            check_zero(&entry.name, gap as u64, &bytes[gap..begin])?;
            sections.push(Section { entry, bytes: &bytes[begin..end] });
        }
        Ok(Self { header, sections, origin })
    }

    pub(super) fn of(header: Header, sections: Vec<Section<'a>>) -> Self {
        Self { header, sections, origin: Origin::Memory }
    }

    /// Whether all checksums hold.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        self.sections.iter().try_for_each(Section::check)
    }

    /// Whether [`numbers`](Self::numbers) and [`seen_or_mapped`](Self::seen_or_mapped) are read and checked before they
    /// are handed out: always, but for a file that is opened by `persist::map`.
    pub fn is_checked(&self) -> bool {
        self.origin.is_checked()
    }

    /// The model's name.
    pub fn kind(&self) -> &str {
        &self.header.kind
    }

    /// The version of the model's sections, from 1 to [`Persist::VERSION`].
    pub fn version(&self) -> u32 {
        self.header.version
    }

    /// The model itself.
    ///
    /// # Errors
    /// [`LoadFault::Kind`] for another model's file, [`LoadFault::Version`] for one from the future,
    /// and whatever the model finds wrong.
    pub fn model<M: Persist>(&self) -> Result<M, LoadError> {
        if self.kind() != M::KIND {
            return Err(LoadFault::Kind { found: self.kind().to_owned(), expected: M::KIND }.into());
        }
        if !(1..=M::VERSION).contains(&self.version()) {
            let (kind, found, newest) = (self.kind().to_owned(), self.version(), M::VERSION);
            return Err(LoadFault::Version { kind, found, newest }.into());
        }
        M::read_sections(self)
    }

    /// What ties the model to a log of events beside it, if it was saved with that.
    ///
    /// # Errors
    /// [`LoadFault::Length`] and [`LoadFault::Element`] when it is something else.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, LoadError> {
        Checkpoint::of(self)
    }

    /// The names of the sections, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| &section.entry.name[..])
    }

    /// Whether there is a section of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// How many entries a section has.
    ///
    /// # Errors
    /// [`LoadFault::MissingSection`].
    pub fn count(&self, name: &str) -> Result<usize, LoadError> {
        self.section(name).map(|section| section.entry.count())
    }

    /// The bytes of a section, as they are; they begin at a multiple of 64 in the file.
    ///
    /// # Errors
    /// [`LoadFault::MissingSection`], [`Checksum`](LoadFault::Checksum).
    pub fn bytes(&self, name: &str) -> Result<&'a [u8], LoadError> {
        self.read(self.section(name)?)
    }

    /// The numbers of a section. `shape` says how many there must be: their product, so that
    /// `&[n_users, factors]` stands for one row of factors per user. Floats are finite.
    ///
    /// # Errors
    /// [`LoadFault::MissingSection`], [`Element`](LoadFault::Element), [`Length`](LoadFault::Length),
    /// [`Checksum`](LoadFault::Checksum) or [`Value`](LoadFault::Value).
    pub fn values<T: Element>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, LoadError> {
        let values = T::decode(self.read(self.section_of::<T>(name, shape)?)?);
        self.check_sound(name, &values)?;
        Ok(values)
    }

    pub(super) fn check_sound<T: Element>(&self, name: &str, values: &[T]) -> Result<(), LoadError> {
        match values.iter().position(|value| !value.is_sound()) {
            None => Ok(()),
            Some(at) => Err(self.invalid(name, at, format!("{:?}", values[at]), "a finite number")),
        }
    }

    /// A section of exactly `N` numbers, such as a shape.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub fn array<T: Element, const N: usize>(&self, name: &str) -> Result<[T; N], LoadError> {
        let values: Vec<T> = self.values(name, &[N])?;
        // The length has just been checked.
        Ok(std::array::from_fn(|at| values[at]))
    }

    /// Indices, each below `below`.
    ///
    /// # Errors
    /// As [`values`](Self::values), and [`LoadFault::Value`] for the first that is not below.
    pub fn indices<Ix>(&self, name: &str, shape: &[usize], below: u32) -> Result<Vec<Ix>, LoadError>
    where
        Ix: Element + Into<usize>,
    {
        let values: Vec<Ix> = self.values(name, shape)?;
        match values.iter().position(|&value| value.into() >= below as usize) {
            None => Ok(values),
            Some(at) => {
                let found: usize = values[at].into();
                Err(self.invalid(name, at, found, format!("below {below}")))
            }
        }
    }

    /// The offsets of `rows` compressed rows: `rows + 1` numbers that begin at 0 and never fall. The
    /// last is the number of entries of what they point into; give it as its shape.
    ///
    /// # Errors
    /// As [`values`](Self::values), and [`LoadFault::Value`] for the first offset that falls.
    pub fn offsets(&self, name: &str, rows: usize) -> Result<Vec<usize>, LoadError> {
        let offsets: Vec<usize> = self.values(name, &[rows.saturating_add(1)])?;
        if offsets[0] != 0 {
            return Err(self.invalid(name, 0, offsets[0], "0"));
        }
        match offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            None => Ok(offsets),
            Some(at) => Err(self.invalid(name, at + 1, offsets[at + 1], format!("at least {}", offsets[at]))),
        }
    }

    /// The two sections of [`Sections::put_strings`](super::Sections::put_strings); `n` texts, or as
    /// many as there are.
    ///
    /// # Errors
    /// As [`offsets`](Self::offsets), and [`LoadFault::Value`] for what is not UTF-8.
    pub fn strings(&self, name: &str, n: Option<usize>) -> Result<Vec<String>, LoadError> {
        let (offsets_name, utf8_name) = (format!("{name}.offsets"), format!("{name}.utf8"));
        let n = n.map_or_else(|| self.count(&offsets_name).map(|count| count.saturating_sub(1)), Ok)?;
        let offsets = self.offsets(&offsets_name, n)?;
        let utf8: Vec<u8> = self.values(&utf8_name, &[offsets[n]])?;
        let text = |row: usize| {
            let range = offsets[row]..offsets[row + 1];
            str::from_utf8(&utf8[range.clone()]).map(str::to_owned).map_err(|error| {
                let at = range.start + error.valid_up_to();
                self.invalid(&utf8_name, at, format!("text {row}"), "UTF-8")
            })
        };
        (0..n).map(text).collect()
    }

    /// The error for an entry that a model finds wrong; `at` counts entries from 0.
    pub fn invalid(
        &self,
        section: &str,
        at: usize,
        found: impl ToString,
        expected: impl ToString,
    ) -> LoadError {
        let offset = self.section(section).map_or(0, |section| section.entry.byte_of(at));
        let (section, found, expected) = (section.to_owned(), found.to_string(), expected.to_string());
        LoadFault::Value { section, at, offset, found, expected }.into()
    }

    /// The bytes of a section whose checksum holds: it was looked at before, but for those of a mapped file.
    fn read(&self, section: &Section<'a>) -> Result<&'a [u8], LoadError> {
        if self.origin.is_map() {
            section.check()?;
        }
        Ok(section.bytes)
    }

    /// The section, if it holds as many such numbers.
    pub(super) fn section_of<T: Element>(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<&Section<'a>, LoadError> {
        let section = self.section(name)?;
        let entry = &section.entry;
        if entry.element != T::TYPE {
            let (section, offset) = (name.to_owned(), entry.offset);
            let (found, expected) = (entry.element, T::TYPE);
            return Err(LoadFault::Element { section, offset, found, expected }.into());
        }
        entry.check_count(shape)?;
        Ok(section)
    }

    fn section(&self, name: &str) -> Result<&Section<'a>, LoadError> {
        let section = self.sections.iter().find(|section| section.entry.name == name);
        section.ok_or_else(|| LoadFault::MissingSection { section: name.to_owned() }.into())
    }
}

/// Whether the file has the length that its header states.
pub(super) fn check_length(header: &Header, found: u64) -> Result<(), LoadError> {
    if found == header.file_length {
        return Ok(());
    }
    Err(LoadFault::FileLength { found, expected: header.file_length }.into())
}

impl Header {
    pub(super) fn too_many_sections(&self) -> LoadError {
        let expected = (self.file_length.saturating_sub(header::SIZE as u64)) / format::entry::SIZE as u64;
        LoadFault::Layout {
            part: "header".to_owned(),
            offset: header::SECTIONS as u64,
            field: "the number of sections",
            found: self.sections.to_string(),
            expected: format!("at most {expected}"),
        }
        .into()
    }
}

impl Entry {
    /// Where an entry stands in the file.
    fn byte_of(&self, at: usize) -> u64 {
        (at as u64).saturating_mul(self.element.size() as u64).saturating_add(self.offset)
    }

    pub(super) fn count(&self) -> usize {
        self.length as usize / self.element.size()
    }

    fn check_count(&self, shape: &[usize]) -> Result<(), LoadError> {
        let product = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        if product == Some(self.count()) {
            return Ok(());
        }
        let factors: Vec<String> = shape.iter().map(usize::to_string).collect();
        let (section, offset) = (self.name.clone(), self.offset);
        let (found, expected) = (self.count() as u64, factors.join(" x "));
        Err(LoadFault::Length { section, offset, found, expected }.into())
    }
}
