//! CSV records with their places.
//!
//! They are split here and not by a CSV crate because places, limits and recovery matter more than
//! dialects: a quote that is never closed costs its own line, not the rest of the file, and a line of
//! 100 MB is skipped without being held. The tests hold the splitter to the `csv` crate's reading of
//! well-formed input.

use sever_model::port::Reason;

use crate::columns::Mapping;
use crate::lines::{Found, Lines, Place};
use crate::row::{COLUMNS_MAX, Cells};

/// Lines that one quoted record may span before its quote is held to be a slip.
const RECORD_LINES_MAX: usize = 200;

/// What comes next in a CSV file.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// A record; whether its line was ended.
    Record(Place, bool),
    /// An empty line.
    Blank,
    Bad(Place, Reason),
    End,
}

/// A header's names, and what stands between them.
pub(crate) struct Header {
    pub(crate) names: Vec<String>,
    pub(crate) delimiter: u8,
}

/// One record's fields, in one text.
#[derive(Default)]
pub(crate) struct CsvRecord {
    text: String,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
    /// Where a quote was open when the file ended.
    pub(crate) unclosed_at_end: Option<u64>,
}

impl CsvRecord {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn field(&self, at: usize) -> Option<&str> {
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        self.text.get(start..*self.ends.get(at)?)
    }

    pub(crate) fn blank_after(&self, width: usize) -> bool {
        (width..self.len()).all(|at| self.field(at).is_none_or(|field| field.trim().is_empty()))
    }

    pub(crate) fn cells(&self, mapping: &Mapping) -> Result<Cells<'_>, Reason> {
        let mut cells = [""; COLUMNS_MAX];
        for (slot, place) in cells.iter_mut().zip(mapping.places()) {
            *slot = place.and_then(|at| self.field(at)).unwrap_or("");
        }
        Ok(cells)
    }

    /// Takes the next record.
    pub(crate) fn next(&mut self, lines: &mut Lines, delimiter: u8) -> Next {
        let (first, ended) = match lines.find(0) {
            Found::Nothing => return Next::End,
            Found::TooLong => return Next::Bad(lines.skip_line(), Reason::TooLong),
            Found::Whole(count) => (count, true),
            Found::Last(count) => (count, false),
        };
        let (count, ended) = match quoted_length(lines, first, ended, delimiter) {
            Some(found) => found,
            None => {
                if !matches!(lines.find(first), Found::Whole(_) | Found::TooLong) || !ended {
                    self.unclosed_at_end = Some(lines.line());
                }
                return Next::Bad(lines.take(first), Reason::Syntax("a quote is opened and never closed".to_owned()));
            }
        };
        let bytes = lines.bytes(count);
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            lines.take(count);
            return Next::Blank;
        }
        let read = std::str::from_utf8(line).map(|line| self.split(line, delimiter));
        let place = lines.take(count);
        match read {
            // Spreadsheets export the empty rows below a table, too.
            Ok(()) if self.blank_after(0) => Next::Blank,
            Ok(()) => Next::Record(place, ended),
            Err(_) => Next::Bad(place, Reason::NotUtf8),
        }
    }

    /// Splits a whole record. A quote counts only at a field's beginning, as spreadsheets write it.
    fn split(&mut self, line: &str, delimiter: u8) {
        self.text.clear();
        self.ends.clear();
        let bytes = line.as_bytes();
        if memchr::memchr(b'"', bytes).is_none() {
            let mut start = 0;
            for end in memchr::memchr_iter(delimiter, bytes).chain([bytes.len()]) {
                self.text.push_str(line.get(start..end).unwrap_or_default());
                self.ends.push(self.text.len());
                start = end + 1;
            }
            return;
        }
        let mut rest = line;
        loop {
            let after = match rest.strip_prefix('"') {
                Some(quoted) => self.unquote(quoted),
                None => rest,
            };
            let end = memchr::memchr(delimiter, after.as_bytes());
            self.text.push_str(after.get(..end.unwrap_or(after.len())).unwrap_or_default());
            self.ends.push(self.text.len());
            match end {
                Some(end) => rest = after.get(end + 1..).unwrap_or_default(),
                None => return,
            }
        }
    }

    /// Takes the inside of a quoted field, and gives what follows its closing quote.
    fn unquote<'a>(&mut self, quoted: &'a str) -> &'a str {
        let mut rest = quoted;
        while let Some(at) = memchr::memchr(b'"', rest.as_bytes()) {
            self.text.push_str(rest.get(..at).unwrap_or_default());
            rest = rest.get(at + 1..).unwrap_or_default();
            match rest.strip_prefix('"') {
                Some(after) => {
                    self.text.push('"');
                    rest = after;
                }
                None => return rest,
            }
        }
        self.text.push_str(rest);
        ""
    }
}

/// How many bytes the record takes whose first line is `first` bytes long, and whether its last line
/// is ended; `None` where a quote in it is never closed.
///
/// A quote that closes in a later line must be followed by the end of its field; one that is not
/// belongs to another field, and the first was a slip.
fn quoted_length(lines: &mut Lines, first: usize, ended: bool, delimiter: u8) -> Option<(usize, bool)> {
    let mut quotes = Quotes { delimiter, open: false, slipped: false };
    quotes.pass(lines.bytes(first));
    let (mut count, mut ended) = (first, ended);
    for _ in 0..RECORD_LINES_MAX {
        if !quotes.open {
            return Some((count, ended));
        }
        let more = match lines.find(count) {
            Found::Whole(more) => more,
            Found::Last(more) => {
                ended = false;
                more
            }
            Found::TooLong | Found::Nothing => return None,
        };
        quotes.slipped = false;
        let whole = lines.bytes(count + more);
        quotes.pass(whole.get(count..).unwrap_or_default());
        if quotes.slipped {
            return None;
        }
        count += more;
    }
    (!quotes.open).then_some((count, ended))
}

/// Whether a quoted field is open.
struct Quotes {
    delimiter: u8,
    open: bool,
    /// Whether a quote closed and text of the same field followed it.
    slipped: bool,
}

impl Quotes {
    fn pass(&mut self, line: &[u8]) {
        if !self.open && memchr::memchr(b'"', line).is_none() {
            return;
        }
        let mut at = 0;
        let mut field_start = !self.open;
        while let Some(byte) = line.get(at) {
            if self.open {
                let Some(found) = memchr::memchr(b'"', line.get(at..).unwrap_or_default()) else { return };
                let next = line.get(at + found + 1).copied();
                if next == Some(b'"') {
                    at += found + 2;
                } else {
                    self.open = false;
                    self.slipped |= !next.is_none_or(|next| next == self.delimiter || matches!(next, b'\r' | b'\n'));
                    at += found + 1;
                }
                field_start = false;
                continue;
            }
            self.open = field_start && *byte == b'"';
            field_start = *byte == self.delimiter;
            at += 1;
        }
    }
}

/// The first line that is not blank, as a header.
pub(crate) fn next_header(lines: &mut Lines, record: &mut CsvRecord) -> Option<(Place, Header)> {
    loop {
        let delimiter = match lines.find(0) {
            Found::Whole(count) | Found::Last(count) => delimiter_of(lines.bytes(count)),
            Found::TooLong => {
                lines.skip_line();
                continue;
            }
            Found::Nothing => return None,
        };
        match record.next(lines, delimiter) {
            Next::Record(place, _) => return Some((place, Header { names: header_names(record), delimiter })),
            Next::End => return None,
            Next::Blank | Next::Bad(..) => {}
        }
    }
}

fn header_names(record: &CsvRecord) -> Vec<String> {
    let field = |at| record.field(at).unwrap_or_default().trim().trim_start_matches('\u{feff}').to_owned();
    (0..record.len()).map(field).collect()
}

/// The delimiter that a header has most of.
fn delimiter_of(header: &[u8]) -> u8 {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, header).count();
    let best = [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|delimiter| count(*delimiter));
    best.unwrap_or(b',')
}

#[cfg(test)]
mod tests;
