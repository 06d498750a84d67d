//! Lines of syslog: RFC 3164 with and without its priority, RFC 5424, and RFC 3339 times before both.

use sever_model::EventTime;

use super::{Each, Envelope, Inner, Outer};
use crate::when;

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "syslog",
    title: "syslog",
    about: "Lines of RFC 3164 (`<34>Jul 10 11:54:42 host app[7]: …`, with or without the priority, or with an RFC \
3339 time) and of RFC 5424 with its structured data, one a line or each after the number of its bytes (RFC 6587). The \
record is what follows the header, without `@cee:`. Times of RFC 3164 have no year: they are not taken. Formats that \
read lines of syslog themselves get the whole line.",
    open,
};

/// A line's header, and its message.
pub(super) struct Line<'a> {
    /// The instant, where the header gives a whole one.
    pub time: Option<EventTime>,
    pub host: &'a str,
    pub program: &'a str,
    pub process: &'a str,
    pub message: &'a str,
    /// Everything from the host on.
    pub from_host: &'a str,
}

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let Some(line) = Line::parse(outer.text) else { return false };
    let message = line.message.strip_prefix("@cee:").unwrap_or(line.message).trim_start();
    let Line { time, host, program, process, .. } = line;
    each(Inner { text: message, time, host, program, process });
    true
}

impl Line<'_> {
    /// Reads a line of any of the kinds.
    pub(super) fn parse(line: &str) -> Option<Line<'_>> {
        let (priority, rest) = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((number, rest)) if number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()) => (true, rest),
            _ => (false, line),
        };
        if let Some(rest) = rest.strip_prefix("1 ").filter(|_| priority) {
            return Line::new(rest);
        }
        let (time, from_host) = if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            let (time, rest) = rest.split_once(' ')?;
            (Some(EventTime::parse(time).ok().filter(|_| time.contains('T'))?), rest)
        } else {
            // `Jul  1 11:54:42`: always fifteen bytes.
            when::month_index(rest.get(..3)?)?;
            let clock = rest.get(..15)?.as_bytes();
            if clock.get(9) != Some(&b':') || clock.get(12) != Some(&b':') {
                return None;
            }
            (None, rest.get(15..)?.strip_prefix(' ')?)
        };
        let (host, tagged) = from_host.split_once(' ')?;
        let (tag, message) = tagged.split_once(':')?;
        let (program, process) = tag.strip_suffix(']').and_then(|tag| tag.split_once('[')).unwrap_or((tag, ""));
        if program.is_empty() || !is_name(program) || !is_name(host) {
            return None;
        }
        Some(Line { time, host, program, process, message: message.trim_start(), from_host })
    }

    /// RFC 5424, after its version.
    fn new(rest: &str) -> Option<Line<'_>> {
        let (time, from_host) = rest.split_once(' ')?;
        let mut parts = from_host.splitn(5, ' ');
        let mut word = || parts.next().map(|word| if word == "-" { "" } else { word });
        let (host, program, process, _kind) = (word()?, word()?, word()?, word()?);
        let message = after_structured(parts.next().unwrap_or("-"))?.trim_start();
        let message = message.strip_prefix('\u{feff}').unwrap_or(message);
        let at = if time == "-" { None } else { Some(EventTime::parse(time).ok()?) };
        Some(Line { time: at, host, program, process, message, from_host })
    }
}

/// Whether a text may be the name of a host, program or process.
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:/@()".contains(&byte))
}

/// What follows the structured data: `-`, or `[id name="value"]` one after another, in which `\"`,
/// `\\` and `\]` are escaped.
fn after_structured(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest);
    }
    let (mut open, mut quoted, mut escaped) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if open => quoted = !quoted,
            _ if quoted => {}
            b'[' if !open => open = true,
            b']' if open => open = false,
            _ if open => {}
            b' ' if at > 0 => return text.get(at..),
            _ => return None,
        }
    }
    (!open && !text.is_empty()).then_some("")
}
