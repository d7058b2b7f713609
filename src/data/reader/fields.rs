//! A line in fields.

use memchr::memchr;

use super::layout::Delimiter;
use super::lines::Line;

/// Where a field is: in the line, or, if it had doubled quotes, in the scratch memory.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
    in_scratch: bool,
}

/// The fields of one line after the other; the memory is reused.
#[derive(Debug, Default)]
pub(super) struct Fields {
    spans: Vec<Span>,
    scratch: Vec<u8>,
}

/// A quoted field that is not as RFC 4180 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BrokenQuotes {
    /// The field, from 0.
    pub(super) field: usize,
    pub(super) expected: &'static str,
}

impl Fields {
    /// Parts a line. The fields are only good with the same line.
    #[inline]
    pub(super) fn split(&mut self, line: Line<'_>, delimiter: Delimiter) -> Result<(), BrokenQuotes> {
        self.spans.clear();
        match delimiter {
            Delimiter::DoubleColon => self.split_colons(line.bytes),
            Delimiter::Byte(byte) if line.quoted && memchr(b'"', line.bytes).is_some() => {
                return self.split_quoted(line.bytes, byte);
            }
            Delimiter::Byte(byte) => self.split_byte(line.bytes, byte),
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// A field without the quotes, or without the spaces around it; empty beyond the last.
    #[inline]
    pub(super) fn get<'a>(&'a self, line: Line<'a>, field: usize) -> &'a [u8] {
        match self.spans.get(field) {
            None => &[],
            Some(span) if span.in_scratch => &self.scratch[span.start as usize..span.end as usize],
            Some(span) => &line.bytes[span.start as usize..span.end as usize],
        }
    }

    /// Keeps a field that is not quoted, without the spaces around it.
    #[inline]
    fn push(&mut self, line: &[u8], mut start: usize, mut end: usize) {
        while start < end && line[start] == b' ' {
            start += 1;
        }
        while start < end && line[end - 1] == b' ' {
            end -= 1;
        }
        self.spans.push(Span { start: start as u32, end: end as u32, in_scratch: false });
    }

    fn split_byte(&mut self, line: &[u8], delimiter: u8) {
        let mut start = 0;
        each(delimiter, line, |at| {
            self.push(line, start, at);
            start = at + 1;
        });
        self.push(line, start, line.len());
    }

    fn split_colons(&mut self, line: &[u8]) {
        // Behind the colon before, if that one is not used up.
        let (mut start, mut second) = (0, usize::MAX);
        each(b':', line, |at| {
            if at == second {
                self.push(line, start, at - 1);
                (start, second) = (at + 1, usize::MAX);
            } else {
                second = at + 1;
            }
        });
        self.push(line, start, line.len());
    }

    fn split_quoted(&mut self, line: &[u8], delimiter: u8) -> Result<(), BrokenQuotes> {
        self.scratch.clear();
        let mut start = 0;
        loop {
            let text = start + line[start..].iter().take_while(|&&b| b == b' ' && b != delimiter).count();
            let end = if line.get(text) == Some(&b'"') {
                self.unquote(line, text + 1, delimiter)?
            } else {
                let end = memchr(delimiter, &line[start..]).map_or(line.len(), |at| start + at);
                self.push(line, start, end);
                end
            };
            if end >= line.len() {
                return Ok(());
            }
            start = end + 1;
        }
    }

    /// Keeps the quoted field whose text begins at `start`, and says where its delimiter is.
    fn unquote(&mut self, line: &[u8], start: usize, delimiter: u8) -> Result<usize, BrokenQuotes> {
        let broken = |fields: &Self, expected| BrokenQuotes { field: fields.spans.len(), expected };
        let (mut from, kept) = (start, self.scratch.len());
        loop {
            let Some(at) = memchr(b'"', &line[from..]) else {
                return Err(broken(self, "a closing quote"));
            };
            let quote = from + at;
            if line.get(quote + 1) == Some(&b'"') {
                self.scratch.extend_from_slice(&line[from..=quote]);
                from = quote + 2;
                continue;
            }
            let span = if self.scratch.len() > kept {
                self.scratch.extend_from_slice(&line[from..quote]);
                Span { start: kept as u32, end: self.scratch.len() as u32, in_scratch: true }
            } else {
                Span { start: start as u32, end: quote as u32, in_scratch: false }
            };
            self.spans.push(span);
            let after = &line[quote + 1..];
            let spaces = after.iter().take_while(|&&b| b == b' ' && b != delimiter).count();
            let end = quote + 1 + spaces;
            if end < line.len() && line[end] != delimiter {
                self.spans.pop();
                return Err(broken(self, "a delimiter or the line end after the closing quote"));
            }
            return Ok(end);
        }
    }
}

/// Calls `hit` with each position of a byte, eight bytes at a time: fields of ratings files are too
/// short for a search call per field to pay.
#[inline]
fn each(byte: u8, line: &[u8], mut hit: impl FnMut(usize)) {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let pattern = u64::from_le_bytes([byte; 8]);
    let (words, rest) = line.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // Equal bytes become 0, and bytes that are 0 become 0x80: no carry leaves its byte.
        let unequal = u64::from_le_bytes(*word) ^ pattern;
        let mut equal = !(((unequal & LOW) + LOW) | unequal | LOW);
        while equal != 0 {
            hit(at * 8 + equal.trailing_zeros() as usize / 8);
            equal &= equal - 1;
        }
    }
    let done = words.len() * 8;
    rest.iter().enumerate().filter(|&(_, &other)| other == byte).for_each(|(at, _)| hit(done + at));
}
