//! Lines of a file that may be anything, with their places, in bounded memory.
//!
//! A line longer than the limit is skipped without being held. A read that fails (a cut-off gzip
//! member, say) ends the lines and is told by [`Lines::broken`].

use std::io::{ErrorKind, Read};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// A window over a file, from which lines are taken.
pub(crate) struct Lines {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    start: usize,
    /// Offset in the decompressed file of `buffer[start]`.
    offset: u64,
    line: u64,
    line_max: usize,
    ended: bool,
    broken: Option<String>,
}

/// Where a line, or a record of several, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Bytes from the beginning of the decompressed file.
    pub(crate) offset: u64,
    /// From 1.
    pub(crate) line: u64,
    /// Length in bytes, its line end included.
    pub(crate) bytes: u64,
}

/// What a line is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// So many bytes, the newline included.
    Whole(usize),
    /// So many bytes, and then the file ends.
    Last(usize),
    /// Longer than the limit.
    TooLong,
    /// There is no more.
    Nothing,
}

impl Lines {
    /// Lines of at most `line_max` bytes.
    pub(crate) fn new(input: Box<dyn Read>, line_max: usize) -> Lines {
        Lines { input, buffer: Vec::new(), start: 0, offset: 0, line: 1, line_max, ended: false, broken: None }
    }

    /// Looks at the line that begins `from` bytes after the window's start.
    pub(crate) fn find(&mut self, from: usize) -> Found {
        let mut searched = from;
        loop {
            let held = self.buffer.len().saturating_sub(self.start);
            let unsearched = self.buffer.get(self.start + searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unsearched) {
                let count = searched + at + 1 - from;
                return if count > self.line_max { Found::TooLong } else { Found::Whole(count) };
            }
            searched = held.max(from);
            if searched - from >= self.line_max {
                return Found::TooLong;
            }
            if !self.fill() {
                return if searched == from { Found::Nothing } else { Found::Last(searched - from) };
            }
        }
    }

    /// The first `count` bytes of the window.
    pub(crate) fn bytes(&self, count: usize) -> &[u8] {
        self.buffer.get(self.start..self.start + count).unwrap_or_default()
    }

    /// How many bytes the window holds.
    pub(crate) fn held(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// Moves the window past `count` bytes that were found, and says where they stood.
    pub(crate) fn take(&mut self, count: usize) -> Place {
        let newlines = memchr::memchr_iter(b'\n', self.bytes(count)).count() as u64;
        let place = Place { offset: self.offset, line: self.line, bytes: count as u64 };
        self.start += count;
        self.offset += count as u64;
        self.line += newlines;
        place
    }

    /// Moves the window past a line that is too long.
    pub(crate) fn skip_line(&mut self) -> Place {
        let mut place = Place { offset: self.offset, line: self.line, bytes: 0 };
        loop {
            let held = self.buffer.get(self.start..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', held);
            let count = newline.map_or(held.len(), |at| at + 1);
            place.bytes += self.take(count).bytes;
            if newline.is_some() || !self.fill() {
                return place;
            }
        }
    }

    /// Where the window stands.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Why reading ended early, if it did.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK, 0);
        let got = loop {
            match self.input.read(self.buffer.get_mut(held..).unwrap_or_default()) {
                Ok(got) => break got,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken = Some(error.to_string());
                    break 0;
                }
            }
        };
        self.buffer.truncate(held + got);
        self.ended = got == 0;
        got > 0
    }
}

#[cfg(test)]
mod tests;
