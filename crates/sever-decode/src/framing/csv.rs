//! Records of CSV, whose quoted fields may hold line ends, one by one from a stream.
//!
//! A record ends with a line that ends outside quotation marks. A field is quoted where its first byte
//! is a mark; within it a mark stands doubled. So a client's text, however it looks, holds no single
//! mark, and a mark where there can be none proves the file torn: in front of that place, whether we
//! were inside a field is unknown. Then both readings are followed until one of them meets a mark
//! where it cannot be, and what lies between is one broken record, up to the end of the record in
//! which that was settled.
//!
//! INVARIANT: nothing is read as a record whose beginning is not known to lie outside a field. To resume
//! at what looks like a record would let whoever chooses a text plant one in it.

use super::{Framer, Piece, State};
use crate::search::{nearest, place_of};

/// Where in a record the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Before a field's first byte.
    #[default]
    Start,
    /// In a field without marks.
    Plain,
    /// In a quoted field.
    Quoted,
    /// After a mark in a quoted field: its end, or the first of two.
    Mark,
}

impl At {
    /// Past this byte; nothing where it cannot stand here.
    fn past(self, byte: u8) -> Option<At> {
        match (self, byte) {
            (At::Quoted, b'"') => Some(At::Mark),
            (At::Quoted, _) => Some(At::Quoted),
            (At::Start | At::Mark, b'"') => Some(At::Quoted),
            (At::Plain, b'"') => None,
            (_, b',' | b'\n') => Some(At::Start),
            (At::Mark, b'\r') => Some(At::Plain),
            (At::Mark, _) => None,
            (At::Start | At::Plain, _) => Some(At::Plain),
        }
    }
}

/// The record that begins here: its bytes and lines, if it is whole and every mark stands where one can, as
/// nearly all are. What this passes, [`Record::read`] reads the same, byte by byte.
fn whole(bytes: &[u8]) -> Option<(usize, u64)> {
    let (mut quoted, mut closed, mut lines) = (false, None, 1);
    for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
        let after = at + 1;
        match (bytes.get(at), quoted) {
            (Some(b'\n'), false) => return Some((after, lines)),
            (Some(b'\n'), true) => lines += 1,
            (_, true) if matches!(bytes.get(after), Some(b'"' | b',' | b'\n' | b'\r')) => {
                (quoted, closed) = (false, Some(after));
            }
            (_, false) if at == 0 || closed == Some(at) || bytes.get(at - 1) == Some(&b',') => quoted = true,
            _ => return None,
        }
    }
    None
}

/// How far a record has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Record {
    at: At,
    /// The other reading, while both are possible.
    or: Option<At>,
    /// Whether a mark stood where there can be none.
    torn: bool,
}

impl Record {
    pub fn is_torn(self) -> bool {
        self.torn
    }

    /// Whether it stands in a quoted field, where no record ends.
    pub fn is_open(self) -> bool {
        self.at == At::Quoted
    }

    /// Reads on, to the record's end or that of the bytes: how many bytes, and whether it has ended.
    fn read(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // To the next byte that can change more than where in a field this is.
            let skipped = match (self.at, self.or) {
                (At::Quoted, None) => place_of(b'"', rest),
                (At::Start | At::Plain, None) => {
                    nearest(rest, |byte| matches!(byte, b'"' | b'\n'), |far| memchr::memchr2(b'"', b'\n', far))
                }
                _ => Some(0),
            };
            let text = rest.get(..skipped.unwrap_or(rest.len())).unwrap_or_default();
            if self.at != At::Quoted
                && let Some(last) = text.last()
            {
                self.at = if *last == b',' { At::Start } else { At::Plain };
            }
            at += text.len();
            let Some(byte) = bytes.get(at) else { return (bytes.len(), false) };
            at += 1;
            self.step(*byte);
            if *byte == b'\n' && self.at == At::Start && self.or.is_none() {
                return (at, true);
            }
        }
        (at, false)
    }

    /// Follows what readings there are past a byte.
    fn step(&mut self, byte: u8) {
        let or = self.or.and_then(|or| or.past(byte));
        (self.at, self.or) = match (self.at.past(byte), or) {
            (Some(at), Some(or)) if at != or => (at, Some(or)),
            (Some(at), _) | (None, Some(at)) => (at, None),
            // Torn just here: we were inside a field all along, or come into one by a stray mark.
            (None, None) => {
                self.torn = true;
                if byte == b'"' { (At::Mark, Some(At::Quoted)) } else { (At::Quoted, Some(At::Plain)) }
            }
        };
    }
}

impl Framer {
    pub(super) fn in_csv(&mut self, bytes: &[u8], mut record: Record, each: &mut dyn FnMut(Piece<'_>)) -> usize {
        if self.place.bytes == 0
            && let Some((used, lines)) = whole(bytes)
        {
            self.begin_frame();
            self.advance(used);
            self.place.bytes += used as u64;
            self.emit(bytes.get(..used).unwrap_or_default(), each);
            self.line += lines;
            return used;
        }
        let (used, ended) = record.read(bytes);
        let read = bytes.get(..used).unwrap_or_default();
        if !ended {
            self.hold(read);
            if record.torn {
                self.held = Vec::new();
            }
        } else {
            self.begin_frame();
            self.advance(used);
            self.place.bytes += used as u64;
            if record.torn {
                self.held.clear();
                let place = self.end_frame();
                each(Piece::Torn(place));
            } else {
                self.emit(read, each);
            }
            record = Record::default();
        }
        self.count_lines(read);
        self.state = State::Csv(record);
        used
    }
}
