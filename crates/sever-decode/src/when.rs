//! The shapes in which logs write an instant.
//!
//! Text without an offset is read in the zone that is given, and is no instant without one: guessing
//! UTC would move a departure by hours.

use sever_model::port::Reason;
use sever_model::{EventTime, LocalTimes, Zone};

use crate::json::{Found, Value};
use crate::search::{cut_at, until};

/// Seconds at the end of the year 9999. A larger number counts milliseconds, one a thousand times
/// larger microseconds, and so on: tokens that never end carry just this number of seconds, and
/// milliseconds of it are January 1978, before any log.
const SECS_MAX: u64 = 253_402_300_799;

/// As long as an instant is written, with a fraction and an offset.
const WRITTEN_BYTES: usize = 40;

/// Reads an instant from a slot that holds text or a number.
pub(crate) fn instant(found: &Found<'_>, slot: usize, zone: Option<&Zone>) -> Option<EventTime> {
    match found.value(slot) {
        Value::Unsigned(number) => Some(epoch(number)),
        Value::Float(number) if number >= 0.0 => epoch_float(number),
        Value::Text { .. } | Value::Copied { .. } => instant_text(found.text(slot), zone),
        _ => None,
    }
}

/// When a record says that it was: the first of the slots that holds anything. A record that does
/// not say gives [`EventTime::MIN`], which a row may carry.
///
/// # Errors
/// When what stands there is no instant.
pub(crate) fn said(
    found: &Found<'_>,
    name: &'static str,
    slots: &[usize],
    zone: Option<&Zone>,
) -> Result<EventTime, Reason> {
    match slots.iter().find(|slot| found.has(**slot)) {
        Some(slot) => instant(found, *slot, zone).ok_or_else(|| Reason::Invalid(name, found.shown(*slot))),
        None => Ok(EventTime::MIN),
    }
}

/// Of a record whose time cannot be read, all the rest is still shown: the time to show it by, and
/// what is to be returned once it was.
pub(crate) fn or_untimed(said: Result<EventTime, Reason>) -> (EventTime, Result<(), Reason>) {
    match said {
        Ok(at) => (at, Ok(())),
        Err(reason) => (EventTime::MIN, Err(reason)),
    }
}

/// The two together, for vendors whose times are UTC; some who keep their records on write them
/// without saying so.
pub(crate) fn said_or_not(found: &Found<'_>, name: &'static str, slots: &[usize]) -> (EventTime, Result<(), Reason>) {
    or_untimed(said(found, name, slots, Some(&Zone::UTC)))
}

/// Reads an instant from text: RFC 3339, an epoch number, a local date-time, or the common log format.
pub(crate) fn instant_text(text: &str, zone: Option<&Zone>) -> Option<EventTime> {
    if text.len() != 10
        && let Some(at) = EventTime::read(text)
    {
        return Some(at);
    }
    if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        if let Ok(number) = text.parse::<u64>() {
            return Some(epoch(number));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return text.parse::<f64>().ok().and_then(epoch_float);
        }
        // No other shape begins with a year.
        if text.as_bytes().get(4) == Some(&b'-') {
            return zone?.local(text).ok();
        }
    }
    common_log(text).or_else(|| aws(text)).or_else(|| zone?.local(text).ok())
}

/// Whether a text is a date and time that only lacks a zone.
pub(crate) fn is_local(text: &str) -> bool {
    Zone::UTC.local(text).is_ok()
}

/// A number since the Unix epoch, in seconds, milli-, micro- or nanoseconds by its size.
pub(crate) fn epoch(number: u64) -> EventTime {
    let micros = match number {
        0..=SECS_MAX => number.saturating_mul(1_000_000),
        _ if number / 1_000 <= SECS_MAX => number.saturating_mul(1_000),
        _ if number / 1_000_000 <= SECS_MAX => number,
        _ => number / 1_000,
    };
    EventTime::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The same with a fraction: seconds, or milliseconds where it is large.
fn epoch_float(number: f64) -> Option<EventTime> {
    let scale = if number <= SECS_MAX as f64 { 1_000_000.0 } else { 1_000.0 };
    let micros = (number * scale).round();
    // A cast saturates: what lies past the end of time is the end of time.
    micros.is_finite().then_some(EventTime::from_micros(micros as i64))
}

/// `10/Oct/2023:13:55:36 -0700`, as nginx and Apache write it.
pub(crate) fn common_log(text: &str) -> Option<EventTime> {
    if let Some(
        [d1, d2, b'/', n1, n2, n3, b'/', year @ .., b':', h1, h2, b':', m1, m2, b':', s1, s2, b' ', o1, o2, o3, o4, o5],
    ) = text.as_bytes().first_chunk::<26>().filter(|_| text.len() == 26)
    {
        let month = month_index(std::str::from_utf8(&[*n1, *n2, *n3]).ok()?)? + 1;
        let ([y1, y2, y3, y4], [a, b]) = (year, two(month));
        let written = [
            *y1, *y2, *y3, *y4, b'-', a, b, b'-', *d1, *d2, b'T', *h1, *h2, b':', *m1, *m2, b':', *s1, *s2, *o1, *o2,
            *o3, *o4, *o5,
        ];
        return EventTime::read(std::str::from_utf8(&written).ok()?);
    }
    let (date, rest) = cut_at(text, b':')?;
    let (day, date) = cut_at(date, b'/')?;
    let (month, year) = cut_at(date, b'/')?;
    let (clock, offset) = cut_at(rest, b' ')?;
    written(until(year, b'/'), month, day, &[clock, offset])
}

/// `Jul 10, 2023, 12:09:47 PM` or `Jul 10, 2023 12:09:47 PM`, UTC, as CloudTrail writes what Java
/// formatted.
pub(crate) fn aws(text: &str) -> Option<EventTime> {
    let mut parts = text.split([' ', ',', '\u{202f}']).filter(|part| !part.is_empty());
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (clock, half) = (parts.next()?, parts.next()?);
    let (hour, rest) = clock.split_once(':')?;
    let hour: u32 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    let hour = two(hour as u8);
    written(year, month, day, &[std::str::from_utf8(&hour).ok()?, ":", rest, "Z"])
}

/// `Jul 10 11:54:42` of RFC 3164, with the year from elsewhere.
pub(crate) fn syslog(text: &str, year: i16, times: &mut LocalTimes) -> Option<EventTime> {
    let (month, rest) = cut_at(text, b' ')?;
    let (day, rest) = cut_at(rest.trim_ascii_start(), b' ')?;
    let clock = until(rest.trim_ascii_start(), b' ');
    let month = month_index(month)? + 1;
    let day: u8 = day.parse().ok()?;
    let (century, year) = (u8::try_from(year / 100).ok()?, u8::try_from(year % 100).ok()?);
    let [[y1, y2], [y3, y4], [m1, m2], [d1, d2]] = [century, year, month, day].map(two);
    let date = [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' '];
    let mut local = Written::of(std::str::from_utf8(&date).ok()?)?;
    local.push(clock)?;
    // More digits than two were cut off.
    times.read(local.text()).ok().filter(|_| day < 100 && century < 100)
}

/// A month's number from its English abbreviation, from 0.
pub(crate) fn month_index(month: &str) -> Option<u8> {
    Some(match month.as_bytes() {
        b"Jan" => 0,
        b"Feb" => 1,
        b"Mar" => 2,
        b"Apr" => 3,
        b"May" => 4,
        b"Jun" => 5,
        b"Jul" => 6,
        b"Aug" => 7,
        b"Sep" => 8,
        b"Oct" => 9,
        b"Nov" => 10,
        b"Dec" => 11,
        _ => return None,
    })
}

/// The instant of a date with a month's name, a clock and an offset.
fn written(year: &str, month: &str, day: &str, clock: &[&str]) -> Option<EventTime> {
    let day: u8 = day.parse().ok()?;
    let [[m1, m2], [d1, d2]] = [month_index(month)? + 1, day].map(two);
    let mut text = Written::of(year)?;
    text.push(std::str::from_utf8(&[b'-', m1, m2, b'-', d1, d2, b'T']).ok()?)?;
    for part in clock {
        text.push(part)?;
    }
    EventTime::read(text.text()).filter(|_| day < 100)
}

/// The last two digits of a number.
fn two(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

/// A time that is put together in its place, for this is done for every record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    bytes: [u8; WRITTEN_BYTES],
    len: usize,
}

impl Written {
    const EMPTY: Written = Written { bytes: [0; WRITTEN_BYTES], len: 0 };

    /// A text; nothing where it is longer than any time.
    pub fn of(text: &str) -> Option<Written> {
        let mut written = Written::EMPTY;
        written.push(text)?;
        Some(written)
    }

    /// Adds a part; nothing where all would be longer than any time.
    pub fn push(&mut self, part: &str) -> Option<()> {
        let end = self.len + part.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(part.as_bytes());
        self.len = end;
        Some(())
    }

    pub fn text(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests;
