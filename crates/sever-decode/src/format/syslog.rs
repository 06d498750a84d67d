//! A line of syslog as files hold it, and the year that its time may lack.
//!
//! Shared by the formats of servers that log there: RFC 3339 times, or those of RFC 3164
//! (`Jul 10 11:54:42`), which have neither year nor zone. The turn of the year is seen by the month
//! falling back.

use sever_model::port::Reason;
use sever_model::{EventTime, LocalTimes};

use super::{Settings, shortened};
use crate::search::{cut, cut_at, until};
use crate::when;

/// A line's parts.
pub(super) struct Line<'a> {
    pub time: &'a str,
    pub host: &'a str,
    /// The program, without its process id.
    pub program: &'a str,
    pub message: &'a str,
}

impl Line<'_> {
    pub(super) fn parse(line: &str) -> Option<Line<'_>> {
        let line = match line.strip_prefix('<').and_then(|rest| cut_at(rest, b'>')) {
            Some((priority, rest)) if priority.bytes().all(|byte| byte.is_ascii_digit()) => rest,
            _ => line,
        };
        let (time, rest) = if line.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            cut_at(line, b' ')?
        } else {
            // `Jul  1 11:54:42`: always fifteen bytes.
            when::month_index(line.get(..3)?)?;
            (line.get(..15)?, line.get(15..)?.strip_prefix(' ')?)
        };
        let (host, rest) = cut_at(rest, b' ')?;
        let (tag, message) = cut(rest, ": ")?;
        Some(Line { time, host, program: until(tag, b'['), message })
    }
}

/// Reads the times of a log's lines, in their order.
pub(super) struct Clock {
    zone: Option<LocalTimes>,
    /// The year of the current line.
    year: Option<i16>,
    /// The month of the last line, from 0.
    month: u8,
    /// Whether that is the first month after a turn of the year.
    just_turned: bool,
}

impl Clock {
    /// One that begins in the year that the mapping names for the log's first line.
    pub(super) fn of(settings: &Settings) -> Clock {
        let year = settings.mapping.as_ref().and_then(|mapping| mapping.year);
        Clock { zone: settings.local_times(), year, month: 0, just_turned: false }
    }

    /// Passes a line whose time nobody asks for: only the first of another month can move the year.
    pub(super) fn pass(&mut self, text: &str) {
        let month = text.get(..3).and_then(when::month_index);
        if month.is_some() && month != Some(self.month) {
            // One that cannot be read moves nothing.
            self.time(text).ok();
        }
    }

    /// The instant of a line's time.
    pub(super) fn time(&mut self, text: &str) -> Result<EventTime, Reason> {
        if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            return EventTime::read(text).ok_or_else(|| Reason::Invalid("time", shortened(text)));
        }
        let year = self.year.ok_or(Reason::Missing("year"))?;
        let zone = self.zone.as_mut().ok_or(Reason::Missing("zone"))?;
        let month = text.get(..3).and_then(when::month_index);
        let month = month.ok_or_else(|| Reason::Invalid("time", shortened(text)))?;
        let mut read = |year| when::syslog(text, year, zone).ok_or_else(|| Reason::Invalid("time", shortened(text)));
        // Lines stand a little out of order: December right after the turn is still the old year's.
        if self.just_turned && month == 11 {
            return read(year.saturating_sub(1));
        }
        // Only a long fall is a new year.
        let turned = self.month >= month + 6;
        let year = if turned { year.saturating_add(1) } else { year };
        let at = read(year)?;
        self.just_turned = turned || (self.just_turned && month == self.month);
        (self.year, self.month) = (Some(year), month);
        Ok(at)
    }
}
