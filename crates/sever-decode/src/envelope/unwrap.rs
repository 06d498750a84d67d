//! Opens the records of a stream that is in envelopes.

use sever_model::EventTime;
use sever_model::port::{Note, Reason};

use super::syslog::{Line, is_name};
use super::{Envelope, Inner, Outer};

/// The envelopes of a stream, from the outermost.
#[derive(Debug, Default)]
pub(crate) struct Unwrap {
    chain: Vec<&'static Envelope>,
    /// Whether what is inside is to be lines of syslog.
    lines: Lines,
    frame_max: usize,
    /// Outer records that were not UTF-8.
    utf8_repairs: u64,
    line: String,
}

/// What the format wants of a line of syslog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lines {
    /// What follows the header, or whatever there is.
    #[default]
    Payload,
    /// The line with its header.
    Whole,
}

/// Takes an inner record with its envelope's time, or why there is none.
pub(crate) type Take<'a> = &'a mut dyn FnMut(Result<(&[u8], Option<EventTime>), Reason>);

impl Unwrap {
    pub fn new(chain: Vec<&'static Envelope>, lines: Lines, frame_max: usize) -> Unwrap {
        Unwrap { chain, lines, frame_max, utf8_repairs: 0, line: String::new() }
    }

    pub fn chain(&self) -> &[&'static Envelope] {
        &self.chain
    }

    /// Opens an outer record.
    pub fn open(&mut self, frame: &[u8], take: Take<'_>) {
        let text = String::from_utf8_lossy(frame);
        self.utf8_repairs += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
        let Unwrap { chain, lines, frame_max, line, .. } = self;
        let mut opened = false;
        each(chain, &Inner::of(&text, None), &mut |inner, depth| {
            opened |= depth > 0;
            let whole = *lines == Lines::Whole && depth > 0;
            let record = if whole && as_line(&inner, line) { line.as_str() } else { inner.text };
            if record.len() > *frame_max {
                take(Err(Reason::TooLong));
            } else if depth == 0 {
                // It is in no envelope of this stream: as it is.
                take(Ok((frame, None)));
            } else if !record.trim_ascii().is_empty() {
                take(Ok((record.as_bytes(), inner.time)));
            }
        });
    }

    pub fn notes(&self) -> Option<Note> {
        (self.utf8_repairs > 0).then_some(Note { what: "repaired", of: "utf-8", count: self.utf8_repairs })
    }
}

/// Hands on what a record holds, opened by one envelope after another; how many of them it was in.
/// Recursion ends with the chain, which is short.
pub(super) fn each(chain: &[&Envelope], outer: &Inner<'_>, take: &mut dyn FnMut(Inner<'_>, usize)) {
    let Some((first, rest)) = chain.split_first() else { return take(*outer, 0) };
    let opened = first.open(&Outer::of(outer.text.trim_ascii()), &mut |inner| {
        // Names live as long as the record that they stand in, which is not as long as the outer's.
        let inner = Inner { text: inner.text, ..inner }.within(outer);
        each(rest, &inner, &mut |inner, depth| take(inner, depth + 1));
    });
    if !opened {
        take(*outer, 0);
    }
}

/// Makes a line of syslog of a record, and says whether it did: with the program that the envelope
/// names, or, where it names none, of a record that is such a line with a time that has no year.
///
/// INVARIANT: what a program writes is never taken for the header of another's line where the
/// envelope knows which program it was.
pub(super) fn as_line(inner: &Inner<'_>, line: &mut String) -> bool {
    let Some(time) = inner.time else { return false };
    line.clear();
    if inner.program.is_empty() {
        let own = Line::parse(inner.text).filter(|own| own.time.is_none());
        let Some(own) = own else { return false };
        line.push_str(&format!("{time} {}", own.from_host));
        return true;
    }
    let named = |text| if !str::is_empty(text) && is_name(text) { text } else { "-" };
    let process = if inner.process.is_empty() { String::new() } else { format!("[{}]", named(inner.process)) };
    line.push_str(&format!("{time} {} {}{process}: {}", named(inner.host), named(inner.program), inner.text));
    true
}
