//! What kind of document a stream is, told from its head and then kept.
//!
//! Whoever writes a value inside a record must not be able to make the stream be cut elsewhere. So
//! the shape is read from structure alone: from the first byte, from the members of the first object,
//! and from where its line ends stand, which no JSON writer lets a value choose.

use super::page::{PAGES, Page};

/// How a stream's documents are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One record a line.
    Lines,
    /// CSV, whose quoted fields may hold line ends.
    Csv,
    /// One record a line, or arrays of records.
    Records,
    /// JSON values one after another, with line ends inside them or none between them.
    Values,
    /// Objects that keep their records under one of their members.
    Pages(&'static Page),
    /// Each record after the number of its bytes (RFC 6587).
    Counted,
}

impl Shape {
    /// The shape of a JSON log with this head.
    pub fn of_json(head: &[u8]) -> Shape {
        let rest = solid(head);
        if rest.first() != Some(&b'{') {
            return Shape::Records;
        }
        let Members { list, end } = Members::of(rest);
        if let Some(page) = PAGES.iter().find(|page| page.fits(rest, &list)) {
            return Shape::Pages(page);
        }
        // A pretty-printer ends the line after the opening bracket; nothing else writes a lone one.
        let after = rest.get(1..).unwrap_or_default();
        let pretty = after.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n');
        let next = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        let joined = next.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'{');
        if pretty || joined { Shape::Values } else { Shape::Records }
    }

    /// The shape of a log of lines with this head.
    pub fn of_lines(head: &[u8]) -> Shape {
        let head = solid(head);
        let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let counted = (1..=7).contains(&digits) && head.get(digits..).is_some_and(|rest| rest.starts_with(b" <"));
        if counted { Shape::Counted } else { Shape::Lines }
    }
}

/// What stands after a byte-order mark and blanks.
pub(crate) fn solid(head: &[u8]) -> &[u8] {
    head.strip_prefix(super::BOM).unwrap_or(head).trim_ascii_start()
}

/// The members of an object, as far as its head goes.
pub(super) struct Members<'a> {
    /// Each member's name, as written, and where its value begins.
    pub list: Vec<(&'a [u8], usize)>,
    /// Where what follows the object begins, if it ends here.
    pub end: Option<usize>,
}

impl<'a> Members<'a> {
    /// Of the object that the bytes begin with.
    pub fn of(bytes: &'a [u8]) -> Members<'a> {
        let mut members = Members { list: Vec::new(), end: None };
        let (mut depth, mut string, mut valued) = (0u32, None, false);
        let mut name: &[u8] = &[];
        let mut escaped = false;
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(from) = string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => {
                        if depth == 1 && !valued {
                            name = bytes.get(from..at).unwrap_or_default();
                        }
                        string = None;
                    }
                    // No writer ends a line in a string: what follows is not to be believed.
                    b'\n' => return members,
                    _ => {}
                }
                continue;
            }
            if depth == 1 && valued && !byte.is_ascii_whitespace() && !name.is_empty() {
                members.list.push((name, at));
                name = &[];
            }
            match byte {
                b'"' => string = Some(at + 1),
                b':' if depth == 1 => valued = true,
                b',' if depth == 1 => valued = false,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        members.end = Some(at + 1);
                        return members;
                    }
                }
                _ => {}
            }
        }
        members
    }
}
