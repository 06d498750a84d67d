//! Event time, wall time, and intervals whose ends may be uncertain.
//!
//! Two clocks never mix: [`EventTime`] is when something happened according to a record,
//! [`WallTime`] is when we came to know it. Both count microseconds since the Unix epoch, UTC.
//! An interval is half open, `[from, to)`, and either end may lie between two observations.

mod local;

use std::fmt;

pub use local::LocalTimes;
use serde::{Deserialize, Serialize};

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

/// When something happened, as a record says: microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

/// When we came to know something: microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

/// A length of time in microseconds; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span(i64);

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text has none of the accepted shapes.
    #[error("`{0}` is not a time (expected RFC 3339, such as `2026-09-30T17:00:00Z`)")]
    Shape(String),
    /// The zone is not in the time zone database.
    #[error("`{0}` is not a time zone (expected an IANA name, such as `Asia/Seoul`)")]
    Zone(String),
}

/// A time zone by its IANA name, for turning dates and local times into instants.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(jiff::tz::TimeZone);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// A span of whole seconds.
    pub const fn secs(secs: i64) -> Span {
        Span(secs.saturating_mul(MICROS))
    }
    /// A span of days of 24 hours.
    pub const fn days(days: i64) -> Span {
        Span::secs(days.saturating_mul(86_400))
    }
    /// The length in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// Both together.
    pub const fn plus(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
    /// This one without the other.
    pub const fn minus(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
    /// A span of microseconds.
    pub const fn from_micros(micros: i64) -> Span {
        Span(micros)
    }
    /// The length in whole seconds, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(MICROS)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Span {
    /// The two largest units: `209 d 4 h`, `2 m 5 s`, `0.25 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let secs = micros / MICROS as u64;
        let pair = |f: &mut fmt::Formatter<'_>, big: u64, b: &str, small: u64, s: &str| {
            if small == 0 { write!(f, "{sign}{big} {b}") } else { write!(f, "{sign}{big} {b} {small} {s}") }
        };
        match secs {
            0 if micros == 0 => write!(f, "0 s"),
            0 => write!(f, "{sign}{} s", micros as f64 / MICROS as f64),
            1..60 => write!(f, "{sign}{secs} s"),
            60..3_600 => pair(f, secs / 60, "m", secs % 60, "s"),
            3_600..86_400 => pair(f, secs / 3_600, "h", secs % 3_600 / 60, "m"),
            _ => pair(f, secs / 86_400, "d", secs % 86_400 / 3_600, "h"),
        }
    }
}

macro_rules! clock {
    ($name:ident) => {
        impl $name {
            /// Before every time.
            pub const MIN: $name = $name(i64::MIN);
            /// After every time.
            pub const MAX: $name = $name(i64::MAX);
            /// A time from microseconds since the Unix epoch.
            pub const fn from_micros(micros: i64) -> $name {
                $name(micros)
            }
            /// A time from seconds since the Unix epoch.
            pub const fn from_secs(secs: i64) -> $name {
                $name(secs.saturating_mul(MICROS))
            }
            /// Microseconds since the Unix epoch.
            pub const fn micros(self) -> i64 {
                self.0
            }
            /// This time moved by `span`, held at the ends of time.
            pub const fn plus(self, span: Span) -> $name {
                $name(self.0.saturating_add(span.0))
            }
            /// This time moved back by `span`, held at the ends of time.
            pub const fn minus(self, span: Span) -> $name {
                $name(self.0.saturating_sub(span.0))
            }
            /// How long after `earlier` this time is.
            pub const fn since(self, earlier: $name) -> Span {
                Span(self.0.saturating_sub(earlier.0))
            }
            /// Whole days since the Unix epoch, UTC.
            pub const fn day(self) -> i64 {
                self.0.div_euclid(86_400 * MICROS)
            }
            /// Parses RFC 3339, or a bare date read as midnight UTC.
            ///
            /// # Errors
            /// [`TimeError::Shape`] when the text is neither.
            pub fn parse(text: &str) -> Result<$name, TimeError> {
                $name::read(text).ok_or_else(|| TimeError::Shape(text.to_owned()))
            }
            /// The same where many shapes are tried, and what one of them says of a text is not asked.
            pub fn read(text: &str) -> Option<$name> {
                parse_rfc3339(text.as_bytes()).or_else(|| parse_slow(text)).map($name)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl fmt::Display for $name {
            /// RFC 3339 in UTC, with only the fraction that there is.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match jiff::Timestamp::from_microsecond(self.0) {
                    Ok(at) => write!(f, "{at}"),
                    Err(_) if self.0 < 0 => f.write_str("the beginning"),
                    Err(_) => f.write_str("the end of time"),
                }
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                match text.as_ref() {
                    "the beginning" => Ok($name::MIN),
                    "the end of time" => Ok($name::MAX),
                    text => $name::parse(text).map_err(serde::de::Error::custom),
                }
            }
        }
    };
}
clock!(EventTime);
clock!(WallTime);

impl WallTime {
    /// The same instant as an event time: for judging "as of now".
    pub const fn as_event(self) -> EventTime {
        EventTime(self.0)
    }
}

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone(jiff::tz::TimeZone::UTC);

    /// A zone by its IANA name (`Asia/Seoul`), from the bundled database.
    ///
    /// # Errors
    /// [`TimeError::Zone`] when there is none of that name.
    pub fn named(name: &str) -> Result<Zone, TimeError> {
        jiff::tz::TimeZone::get(name).map(Zone).map_err(|_| TimeError::Zone(name.to_owned()))
    }

    /// Its IANA name.
    pub fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// The instant a date begins in this zone.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when `date` is not `YYYY-MM-DD`.
    pub fn start_of(&self, date: &str) -> Result<EventTime, TimeError> {
        self.day_start(date, 0)
    }

    /// The instant a date ends in this zone, which is when the next one begins.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when `date` is not `YYYY-MM-DD`.
    pub fn end_of(&self, date: &str) -> Result<EventTime, TimeError> {
        self.day_start(date, 1)
    }

    /// Reads RFC 3339, or a local date-time (`2026-09-30 17:00:00`) as of this zone.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when the text is neither.
    pub fn local(&self, text: &str) -> Result<EventTime, TimeError> {
        if let Some(micros) = parse_rfc3339(text.as_bytes()) {
            return Ok(EventTime(micros));
        }
        if *self == Zone::UTC
            && let Some(micros) = parse_local(text.as_bytes())
        {
            return Ok(EventTime(micros));
        }
        let shape = || TimeError::Shape(text.to_owned());
        let civil: jiff::civil::DateTime = text.trim().parse().map_err(|_| shape())?;
        let zoned = civil.to_zoned_datetime(self.0.clone()).map_err(|_| shape())?;
        Ok(EventTime(zoned.timestamp().as_microsecond()))
    }

    /// The instant of a local date-time that was written with this zone's abbreviation (`CEST`), which
    /// tells the two hours apart when clocks are set back.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when the text is no local date-time, or this zone is not called so then.
    pub fn local_called(&self, text: &str, abbreviation: &str) -> Result<EventTime, TimeError> {
        let shape = || TimeError::Shape(format!("{text} {abbreviation}"));
        let civil: jiff::civil::DateTime = text.trim().parse().map_err(|_| shape())?;
        let ways = self.0.to_ambiguous_timestamp(civil);
        let called = |at: &jiff::Timestamp| self.0.to_offset_info(*at).abbreviation() == abbreviation;
        let at = [ways.earlier(), ways.later()].into_iter().flatten().find(called).ok_or_else(shape)?;
        Ok(EventTime(at.as_microsecond()))
    }

    /// An instant as a clock on a wall of this zone shows it: `2026-09-30 17:00:00 KST`.
    pub fn shown(&self, at: EventTime) -> String {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.micros()) else { return at.to_string() };
        let (local, called) = (self.0.to_datetime(instant), self.0.to_offset_info(instant));
        let (date, time) = (local.date(), local.time().with().subsec_nanosecond(0).build());
        let time = time.map_or_else(|_| local.time().to_string(), |time| time.to_string());
        format!("{date} {time} {}", called.abbreviation())
    }

    fn day_start(&self, date: &str, days: i64) -> Result<EventTime, TimeError> {
        let shape = || TimeError::Shape(date.to_owned());
        let civil: jiff::civil::Date = date.trim().parse().map_err(|_| shape())?;
        let span = jiff::Span::new().try_days(days).map_err(|_| shape())?;
        let day = civil.checked_add(span).map_err(|_| shape())?;
        let zoned = day.to_zoned_datetime(self.0.clone()).map_err(|_| shape())?;
        Ok(EventTime(zoned.timestamp().as_microsecond()))
    }
}

/// How sure we are that something holds at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It does not hold.
    No,
    /// It may hold: the instant lies within an uncertain end.
    Possible,
    /// It holds.
    Yes,
}

/// One end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// No end that we know of: before we looked, or still so.
    #[default]
    Unbounded,
    /// Exactly then.
    At(EventTime),
    /// Some time after the first and no later than the second, as between two snapshots.
    Between(EventTime, EventTime),
}

/// When a fact was true: `[from, to)`, each end possibly open or uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Valid {
    /// The first instant.
    pub from: Bound,
    /// The first instant after.
    pub to: Bound,
}

impl Valid {
    /// Always.
    pub const ALWAYS: Valid = Valid { from: Bound::Unbounded, to: Bound::Unbounded };

    /// From an instant on.
    pub const fn since(from: EventTime) -> Valid {
        Valid { from: Bound::At(from), to: Bound::Unbounded }
    }

    /// `[from, to)`.
    pub const fn between(from: EventTime, to: EventTime) -> Valid {
        Valid { from: Bound::At(from), to: Bound::At(to) }
    }

    /// Whether the interval holds the instant.
    pub fn at(&self, at: EventTime) -> Certainty {
        let begun = match self.from {
            Bound::Unbounded => Certainty::Yes,
            Bound::At(from) => sure(at >= from),
            Bound::Between(_, latest) if at >= latest => Certainty::Yes,
            Bound::Between(earliest, _) if at >= earliest => Certainty::Possible,
            Bound::Between(..) => Certainty::No,
        };
        begun.min(match self.ended(at) {
            Certainty::Yes => Certainty::No,
            Certainty::Possible => Certainty::Possible,
            Certainty::No => Certainty::Yes,
        })
    }

    /// Whether the interval has ended by the instant.
    pub fn ended(&self, at: EventTime) -> Certainty {
        match self.to {
            Bound::Unbounded => Certainty::No,
            Bound::At(to) => sure(at >= to),
            Bound::Between(_, latest) if at >= latest => Certainty::Yes,
            Bound::Between(earliest, _) if at >= earliest => Certainty::Possible,
            Bound::Between(..) => Certainty::No,
        }
    }

    /// The first instant at which it may hold.
    pub fn earliest_start(&self) -> EventTime {
        match self.from {
            Bound::Unbounded => EventTime::MIN,
            Bound::At(at) | Bound::Between(at, _) => at,
        }
    }

    /// The first instant at which it may have ended; [`EventTime::MAX`] when open.
    pub fn earliest_end(&self) -> EventTime {
        match self.to {
            Bound::Unbounded => EventTime::MAX,
            Bound::At(at) | Bound::Between(at, _) => at,
        }
    }

    /// The instant by which it has ended for sure; [`EventTime::MAX`] when open.
    pub fn latest_end(&self) -> EventTime {
        match self.to {
            Bound::Unbounded => EventTime::MAX,
            Bound::At(at) | Bound::Between(_, at) => at,
        }
    }

    /// Whether the two intervals may share an instant.
    pub fn overlaps(&self, other: &Valid) -> bool {
        self.earliest_start() < other.latest_end() && other.earliest_start() < self.latest_end()
    }

    /// The instant from which it holds for sure, where it has not ended; [`EventTime::MIN`] when open.
    pub fn latest_start(&self) -> EventTime {
        match self.from {
            Bound::Unbounded => EventTime::MIN,
            Bound::At(at) | Bound::Between(_, at) => at,
        }
    }

    /// The part common to both, or nothing where they cannot meet: as sure at every instant as the
    /// less sure of the two.
    pub fn meet(&self, other: &Valid) -> Option<Valid> {
        if !self.overlaps(other) {
            return None;
        }
        let from = (self.earliest_start().max(other.earliest_start()), self.latest_start().max(other.latest_start()));
        let to = (self.earliest_end().min(other.earliest_end()), self.latest_end().min(other.latest_end()));
        Some(Valid { from: Bound::of(from), to: Bound::of(to) })
    }

    /// The shortest interval that holds both: where they touch or overlap, as sure at every instant as
    /// the surer of the two.
    pub fn join(&self, other: &Valid) -> Valid {
        let from = (self.earliest_start().min(other.earliest_start()), self.latest_start().min(other.latest_start()));
        let to = (self.earliest_end().max(other.earliest_end()), self.latest_end().max(other.latest_end()));
        Valid { from: Bound::of(from), to: Bound::of(to) }
    }
}

impl Bound {
    /// The bound between two instants, the ends of time being no bound.
    const fn of((earliest, latest): (EventTime, EventTime)) -> Bound {
        match (earliest, latest) {
            (EventTime(i64::MIN), EventTime(i64::MIN)) | (EventTime(i64::MAX), EventTime(i64::MAX)) => Bound::Unbounded,
            (EventTime(a), EventTime(b)) if a == b => Bound::At(earliest),
            _ => Bound::Between(earliest, latest),
        }
    }
}

fn sure(holds: bool) -> Certainty {
    if holds { Certainty::Yes } else { Certainty::No }
}

/// RFC 3339 with `Z` or an offset, the one shape nearly every log has, without allocation.
///
/// Source: RFC 3339 §5.6; a space is accepted for `T`, up to nine fraction digits are read and
/// cut to microseconds.
fn parse_rfc3339(text: &[u8]) -> Option<i64> {
    let Civil { micros, rest, .. } = civil(text)?;
    let offset_secs = match rest {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let secs = hours * 3_600 + minutes * 60;
            if *sign == b'-' { -secs } else { secs }
        }
        _ => return None,
    };
    Some(micros - offset_secs * MICROS)
}

/// A local date and time with nothing behind it, as if of UTC; none that the calendar reads otherwise: a leap
/// second, or what lies before the epoch and would be rounded towards it.
fn parse_local(text: &[u8]) -> Option<i64> {
    let Civil { micros, second, rest } = civil(text)?;
    (rest.is_empty() && second < 60 && micros > 0).then_some(micros)
}

/// A date and time, and what stands behind.
struct Civil<'a> {
    /// Since the epoch, as if it were of UTC.
    micros: i64,
    second: i64,
    rest: &'a [u8],
}

fn civil(text: &[u8]) -> Option<Civil<'_>> {
    let (head, mut rest) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't' | b' ', h1, h2, b':', n1, n2, b':', s1, s2] = *head
    else {
        return None;
    };
    let (year, month, day) = (two(y1, y2)? * 100 + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 || count > 9 {
            return None;
        }
        let (digits, after) = fraction.split_at_checked(count)?;
        for place in 0..6 {
            micros = micros * 10 + digits.get(place).map_or(0, |b| i64::from(b - b'0'));
        }
        rest = after;
    }
    let secs = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Civil { micros: secs * MICROS + micros, second, rest })
}

/// The number that two digits write.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
}

/// Other readings of a time: a bare date.
fn parse_slow(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = Some(text.trim()).filter(|text| text.len() == 10)?.parse().ok()?;
    let zoned = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the Unix epoch of a proleptic Gregorian date.
///
/// Source: the standard era-based count (400-year eras of 146,097 days, years from March).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests;
