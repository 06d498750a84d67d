//! Lines, messages and statements into words.

use std::hint::black_box;

use super::time;

/// The words of one text, borrowed.
#[derive(Default)]
pub(super) struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    /// Reads a line: its time, and its words. How many there are.
    pub fn read_line(&mut self, line: &'a str) -> u64 {
        let bytes = line.as_bytes();
        let rest = match bytes.first() {
            // `Jul 10 11:54:42 …`
            Some(b'A'..=b'Z') => {
                black_box(time::syslog(line));
                line.get(15..).unwrap_or("")
            }
            // `2025-07-10T11:54:42.123456+02:00 …`, or seconds in hexadecimal digits and a fraction.
            _ => {
                let end = memchr::memchr(b' ', bytes).unwrap_or(bytes.len());
                let (word, rest) = line.split_at_checked(end).unwrap_or((line, ""));
                if time::instant(word).map(black_box).is_none() {
                    black_box(word.get(..8).and_then(|secs| u64::from_str_radix(secs, 16).ok()));
                }
                rest
            }
        };
        self.read(rest) + 1
    }

    /// Reads the words of a text. How many there are.
    pub fn read(&mut self, text: &'a str) -> u64 {
        self.0.clear();
        self.split(text);
        black_box(&self.0).len() as u64
    }

    fn split(&mut self, text: &'a str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            let closing = match first {
                b' ' | b'=' | b',' => {
                    at += 1;
                    continue;
                }
                b'"' => b'"',
                b'\'' => b'\'',
                b'[' => b']',
                _ => 0,
            };
            let from = at + usize::from(closing != 0);
            let rest = bytes.get(from..).unwrap_or_default();
            let len = match closing {
                0 => rest.iter().position(|byte| matches!(byte, b' ' | b'=')),
                mark => memchr::memchr(mark, rest),
            };
            let len = len.unwrap_or(rest.len());
            let word = text.get(from..from + len).unwrap_or("");
            match closing {
                b']' => {
                    black_box(time::instant(word));
                    self.0.push(word);
                }
                // A request: method, path, protocol.
                b'"' if word.ends_with("HTTP/1.1") || word.ends_with("HTTP/2.0") => self.0.extend(word.split(' ')),
                _ => self.0.push(word),
            }
            at = from + len + 1;
        }
    }
}

/// A message of PostgreSQL: a statement, pgaudit's columns and the statement in them, or words. How many
/// fields there are.
pub(super) fn postgres(message: &str) -> u64 {
    if let Some(audited) = message.strip_prefix("AUDIT: ") {
        return audit(audited);
    }
    let is_statement = ["statement: ", "execute ", "duration: "].iter().any(|begin| message.starts_with(begin));
    let colon = if is_statement { memchr::memchr(b':', message.as_bytes()) } else { None };
    match colon.and_then(|at| message.get(at + 1..)) {
        Some(rest) => statement(rest),
        None => Words::default().read(message),
    }
}

/// `SESSION,1,1,READ,SELECT,TABLE,public.customers,"select …",<none>,7`.
fn audit(text: &str) -> u64 {
    let mut columns = Vec::with_capacity(10);
    let mut rest = text;
    loop {
        let quoted = rest.strip_prefix('"');
        let from = quoted.unwrap_or(rest);
        let end = match quoted {
            // A mark within is doubled.
            Some(_) => memchr::memmem::find(from.as_bytes(), b"\",").or_else(|| from.len().checked_sub(1)),
            None => memchr::memchr(b',', from.as_bytes()),
        };
        let end = end.unwrap_or(from.len());
        columns.push(from.get(..end).unwrap_or(""));
        match from.get(end + 1 + usize::from(quoted.is_some())..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    let words = columns.get(7).map_or(0, |written| statement(written));
    black_box(&columns).len() as u64 + words
}

/// The words of a statement, outside of strings and comments. How many there are.
fn statement(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut words = Vec::with_capacity(32);
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let len = match first {
            b'\'' | b'"' => memchr::memchr(*first, rest.get(1..).unwrap_or_default()).map_or(rest.len(), |end| end + 2),
            b'-' if rest.starts_with(b"--") => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            b'/' if rest.starts_with(b"/*") => memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2),
            byte if is_word(*byte) => {
                let len = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                words.push(rest.get(..len).unwrap_or_default());
                len
            }
            _ => 1,
        };
        at += len;
    }
    black_box(&words).len() as u64
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$') || !byte.is_ascii()
}
