//! A line in fields.

use memchr::{memchr, memchr_iter};

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
        for at in memchr_iter(delimiter, line) {
            self.push(line, start, at);
            start = at + 1;
        }
        self.push(line, start, line.len());
    }

    fn split_colons(&mut self, line: &[u8]) {
        let mut start = 0;
        for at in memchr_iter(b':', line) {
            if at >= start && line.get(at + 1) == Some(&b':') {
                self.push(line, start, at);
                start = at + 2;
            }
        }
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
