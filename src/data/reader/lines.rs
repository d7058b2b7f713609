//! A file, line by line, in a buffer that is reused: nothing is allocated per line.

use std::io::Read;
use std::time::{Duration, Instant};

use memchr::{memchr, memrchr};

use super::error::ReadError;

/// How many bytes are asked for at a time; half of a second-level cache.
const BLOCK: usize = 1 << 18;
/// No line is longer: a bound for files that are no text.
const MAX_LINE: usize = 1 << 26;

/// One record's bytes, without the line end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    /// Where it begins, from 1.
    pub(super) number: u64,
    /// Whether a quote may be in it.
    pub(super) quoted: bool,
}

impl Line<'_> {
    #[inline]
    pub(super) fn is_blank(self) -> bool {
        self.bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    }
}

/// The lines of a file. With quotes, a record goes on over line ends inside a quoted field.
pub(super) struct Lines<R> {
    input: R,
    file: String,
    buffer: Vec<u8>,
    /// `buffer[start..end]` is read, but not yet handed out.
    start: usize,
    end: usize,
    ended: bool,
    /// The number of the next line.
    number: u64,
    /// The delimiter at which a quote opens a field; none where quotes mean nothing.
    delimiter: Option<u8>,
    /// Whether there is a quote in the buffer.
    quotes: bool,
    /// Time spent in the input.
    pub(super) reading: Duration,
}

impl<R: Read> Lines<R> {
    /// Opens the input and leaves a byte order mark out.
    pub(super) fn new(input: R, file: &str) -> Result<Self, ReadError> {
        let mut lines = Self {
            input,
            file: file.into(),
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            ended: false,
            number: 1,
            delimiter: None,
            quotes: false,
            reading: Duration::ZERO,
        };
        while !lines.ended && lines.end < BLOCK {
            lines.fill()?;
        }
        match lines.peek() {
            [0xEF, 0xBB, 0xBF, ..] => lines.start = 3,
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Err(ReadError::Utf16 { file: file.into() }),
            _ => {}
        }
        Ok(lines)
    }

    /// Quoted fields count from here on, where fields are parted by this byte.
    pub(super) fn quote_fields(&mut self, delimiter: Option<u8>) {
        self.delimiter = delimiter;
        self.quotes = delimiter.is_some() && memchr(b'"', self.peek()).is_some();
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The first bytes, in whole lines if any line ends in them.
    pub(super) fn peek(&self) -> &[u8] {
        let bytes = &self.buffer[self.start..self.end];
        let end = if self.ended { None } else { memrchr(b'\n', bytes) };
        &bytes[..end.map_or(bytes.len(), |at| at + 1)]
    }

    /// The next line; none at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        let (mut len, mut next) = match memchr(b'\n', &self.buffer[self.start..self.end]) {
            Some(len) => (len, len + 1),
            None => match self.find_end(0)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let number = self.number;
        self.number += 1;
        if self.quotes && memchr(b'"', &self.buffer[self.start..self.start + len]).is_some() {
            (len, next) = self.close_quotes(len, next)?;
        }
        let start = self.start;
        self.start += next;
        let bytes = &self.buffer[start..start + len];
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line { bytes, number, quoted: self.quotes }))
    }

    /// The length of the line that begins at `start`, and of the line with its end, where the first
    /// `seen` bytes are known to hold no end. None when nothing is left.
    #[cold]
    fn find_end(&mut self, seen: usize) -> Result<Option<(usize, usize)>, ReadError> {
        let mut seen = seen;
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start + seen..self.end]) {
                return Ok(Some((seen + at, seen + at + 1)));
            }
            seen = self.end - self.start;
            if self.ended {
                return Ok((seen > 0).then_some((seen, seen)));
            }
            self.fill()?;
        }
    }

    /// Extends a line of `len` bytes until no quoted field is open. Where a quote is never closed, the
    /// line stays as it is, and parting it into fields will say so.
    fn close_quotes(&mut self, len: usize, next: usize) -> Result<(usize, usize), ReadError> {
        let first = (len, next);
        let (mut len, mut next) = first;
        let (mut scanned, mut extra, mut state) = (0, 0, Quote::FieldStart);
        loop {
            let delimiter = self.delimiter.unwrap_or(b',');
            state = scan(state, delimiter, &self.buffer[self.start + scanned..self.start + len]);
            if state != Quote::Open {
                self.number += extra;
                return Ok((len, next));
            }
            if next == len {
                return Ok(first);
            }
            scanned = len;
            match self.find_end(next)? {
                Some((longer, after)) if longer > len => (len, next) = (longer, after),
                _ => return Ok(first),
            }
            extra += 1;
        }
    }

    /// Reads more, after what is there.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end > MAX_LINE {
            return Err(ReadError::LineTooLong {
                file: self.file.clone(),
                line: self.number,
                limit: MAX_LINE,
            });
        }
        if self.buffer.len() - self.end < BLOCK / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let begin = Instant::now();
        let read = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::Io { file: self.file.clone(), source }),
                Ok(read) => break read,
            }
        };
        self.reading += begin.elapsed();
        self.ended = read == 0;
        let new = self.end..(self.end + read).min(self.buffer.len());
        self.end = new.end;
        // Quotes in the part of a line that was there before are still in it.
        let from = if self.quotes { 0 } else { new.start };
        self.quotes = self.delimiter.is_some() && memchr(b'"', &self.buffer[from..self.end]).is_some();
        Ok(())
    }
}

/// Where in a record with quoted fields one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    FieldStart,
    Plain,
    /// Inside a quoted field.
    Open,
    /// After a quote inside a quoted field: its end, or the first of two.
    Closing,
}

fn scan(state: Quote, delimiter: u8, bytes: &[u8]) -> Quote {
    bytes.iter().fold(state, |state, &byte| match (state, byte) {
        (Quote::Open, b'"') => Quote::Closing,
        (Quote::Open, _) => Quote::Open,
        (Quote::Closing | Quote::FieldStart, b'"') => Quote::Open,
        (_, byte) if byte == delimiter => Quote::FieldStart,
        (Quote::FieldStart, b' ') => Quote::FieldStart,
        _ => Quote::Plain,
    })
}
