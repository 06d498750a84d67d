//! Dates and times as people's exports write them.
//!
//! `03/04/2026` may be either of two days. Which one it is, the file itself mostly says: one date in
//! it whose first or second number is over 12 decides for all. Where none does, the row is rejected
//! and the user is asked; nothing is guessed. Numbers that a spreadsheet made of dates are named as
//! such.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use sever_model::{EventTime, Zone};

/// What a text says about time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum When {
    /// A day, as `YYYY-MM-DD`.
    Day(String),
    /// An instant.
    Instant(EventTime),
}

/// Which of day and month comes first in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// `30/09/2026`.
    DayFirst,
    /// `09/30/2026`.
    MonthFirst,
    /// Nothing in the file tells.
    Unknown,
    /// The file has both.
    Mixed,
}

/// Texts whose instants are remembered: exports repeat their days a million times.
const REMEMBERED_MAX: usize = 10_000;

/// The first and the last instant that a text may mean.
type Span = Option<(EventTime, EventTime)>;

/// How one listing's dates are read.
pub(crate) struct Dates<'a> {
    zone: &'a Zone,
    order: OnceCell<Order>,
    /// Looks at all dates of the listing; asked at most once, at the first date that needs it.
    scan: Box<dyn Fn() -> Order + 'a>,
    remembered: RefCell<HashMap<Box<str>, Span>>,
}

/// Why a text is no date, for a person.
pub(crate) type Bad = String;

impl<'a> Dates<'a> {
    /// Dates in this zone, whose order `scan` finds.
    pub(crate) fn new(zone: &'a Zone, given: Option<Order>, scan: Box<dyn Fn() -> Order + 'a>) -> Dates<'a> {
        let order = given.map_or_else(OnceCell::new, OnceCell::from);
        Dates { zone, order, scan, remembered: RefCell::default() }
    }

    /// Whether a date was met that the listing does not make plain.
    pub(crate) fn undecided(&self) -> bool {
        matches!(self.order.get(), Some(Order::Unknown | Order::Mixed))
    }

    /// Reads a text; an empty one and an open end (year 9000 and later, all zeros) are nothing.
    pub(crate) fn read(&self, text: &str) -> Result<Option<When>, Bad> {
        self.read_in(text, self.zone)
    }

    /// The same, with local times as of another zone.
    pub(crate) fn read_in(&self, text: &str, zone: &Zone) -> Result<Option<When>, Bad> {
        let text = text.trim();
        if text.is_empty() || is_null(text) {
            return Ok(None);
        }
        if let Some(when) = iso(text, zone) {
            return Ok(when);
        }
        let (date, time) = split_time(text);
        if let Some((a, b, year, separator)) = numbers(date) {
            let (day, month) = self.day_and_month(a, b, separator, text)?;
            return on((year, month, day), time, text, zone);
        }
        if let Some((year, month, day)) = with_month_name(date) {
            return on((year, month, day), time, text, zone);
        }
        Err(why_not(text))
    }

    /// The first instant that the text may mean: a day's start.
    pub(crate) fn start(&self, text: &str) -> Result<Option<EventTime>, Bad> {
        Ok(self.span(text)?.map(|(start, _)| start))
    }

    /// The instant by which what the text means is over: a day's end.
    pub(crate) fn end(&self, text: &str) -> Result<Option<EventTime>, Bad> {
        Ok(self.span(text)?.map(|(_, end)| end))
    }

    fn span(&self, text: &str) -> Result<Span, Bad> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(span) = self.remembered.borrow().get(text) {
            return Ok(*span);
        }
        let day = |text: &str| Ok((self.zone.start_of(text)?, self.zone.end_of(text)?));
        let span = match self.read(text)? {
            None => None,
            Some(When::Instant(at)) => Some((at, at)),
            Some(When::Day(date)) => Some(day(&date).map_err(|error: sever_model::TimeError| error.to_string())?),
        };
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() < REMEMBERED_MAX {
            remembered.insert(text.into(), span);
        }
        Ok(span)
    }

    fn day_and_month(&self, a: u16, b: u16, separator: char, text: &str) -> Result<(u16, u16), Bad> {
        // With dots the day comes first wherever dots are used.
        if separator == '.' || a > 12 {
            return Ok((a, b));
        }
        if b > 12 {
            return Ok((b, a));
        }
        match self.order.get_or_init(|| (self.scan)()) {
            Order::DayFirst => Ok((a, b)),
            Order::MonthFirst => Ok((b, a)),
            _ if a == b => Ok((a, b)),
            Order::Unknown => Err(format!("{text} (day or month first? nothing in the file tells)")),
            Order::Mixed => Err(format!("{text} (day or month first? the file has both)")),
        }
    }
}

impl Order {
    /// Reads the user's word.
    pub(crate) fn named(word: &str) -> Option<Order> {
        match word.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
            "day-first" | "dmy" | "dd/mm/yyyy" => Some(Order::DayFirst),
            "month-first" | "mdy" | "mm/dd/yyyy" => Some(Order::MonthFirst),
            _ => None,
        }
    }

    /// What one more date of the same file says about the order of all.
    pub(crate) fn learn(self, text: &str) -> Order {
        let (date, _) = split_time(text.trim());
        let told = match numbers(date) {
            Some((a, b, _, separator)) if separator != '.' && a > 12 && b <= 12 => Order::DayFirst,
            Some((a, b, _, separator)) if separator != '.' && b > 12 && a <= 12 => Order::MonthFirst,
            _ => return self,
        };
        match self {
            Order::Unknown => told,
            same if same == told => same,
            _ => Order::Mixed,
        }
    }
}

/// Shapes that begin with the year, which are never ambiguous; `Some(None)` is an open end.
fn iso(text: &str, zone: &Zone) -> Option<Option<When>> {
    let bytes = text.as_bytes();
    if bytes.len() == 8 && bytes.iter().all(u8::is_ascii_digit) {
        let part = |from, to| text.get(from..to).and_then(|part| part.parse().ok());
        return day(part(0, 4)?, part(4, 6)?, part(6, 8)?);
    }
    let separator = bytes.get(4).filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let head = text.get(..10)?;
    let mut parts = head.split(char::from(*separator));
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    let rest = text.get(10..)?;
    // Workday writes a date with the offset of its data centre: `2026-09-30-07:00`.
    let offset = rest.len() == 6 && rest.starts_with(['-', '+']) || rest == "Z";
    if rest.is_empty() || offset {
        return day(year.parse().ok()?, month.parse().ok()?, of_month.parse().ok()?);
    }
    if year.parse::<u16>().ok()? >= 9000 {
        return Some(None);
    }
    let plain = format!("{year}-{month}-{of_month}{rest}");
    zone.local(&plain).ok().map(|at| Some(When::Instant(at)))
}

/// The day, or the instant on it.
fn on(date: (u16, u16, u16), time: Option<&str>, text: &str, zone: &Zone) -> Result<Option<When>, Bad> {
    let Some(read) = day(date.0, date.1, date.2) else { return Err(why_not(text)) };
    let (Some(When::Day(day)), Some(time)) = (&read, time) else { return Ok(read) };
    let clock = clock(time).ok_or_else(|| why_not(text))?;
    let at = zone.local(&format!("{day}T{clock}")).map_err(|_| why_not(text))?;
    Ok(Some(When::Instant(at)))
}

/// Words and marks for "nothing".
pub(crate) fn is_null(text: &str) -> bool {
    matches!(text, "-" | "\\N" | "null" | "NULL" | "None" | "N/A" | "n/a" | "#N/A" | "NaN")
        || text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-' | b'/'))
}

/// `Some(None)` for an open end, `None` for no such day.
fn day(year: u16, month: u16, of_month: u16) -> Option<Option<When>> {
    if year >= 9000 {
        return Some(None);
    }
    let (month, of_month) = (i8::try_from(month).ok()?, i8::try_from(of_month).ok()?);
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, month, of_month).ok()?;
    (1900..2200).contains(&year).then(|| Some(When::Day(date.to_string())))
}

/// A date and the time after it, where there is one.
fn split_time(text: &str) -> (&str, Option<&str>) {
    match text.split_once([' ', 'T']) {
        Some((date, time)) if time.contains(':') && date.contains(['/', '.', '-']) => (date, Some(time.trim())),
        _ => (text, None),
    }
}

/// `a/b/year` and the separator; two-digit years are not read, for nobody knows the century.
fn numbers(date: &str) -> Option<(u16, u16, u16, char)> {
    let separator = date.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = date.split(separator);
    let (a, b, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || a.len() > 2 || b.len() > 2 {
        return None;
    }
    Some((a.parse().ok()?, b.parse().ok()?, year.parse().ok()?, separator))
}

/// `30-Sep-2026`, `Sep 30, 2026`, `30 September 2026`: year, month, day.
fn with_month_name(date: &str) -> Option<(u16, u16, u16)> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<&str> = date.split([' ', '-', ',', '/']).filter(|part| !part.is_empty()).collect();
    let [first, second, year] = parts.as_slice() else { return None };
    let month_of = |word: &str| {
        let word = word.to_ascii_lowercase();
        let short = word.get(..3)?;
        MONTHS.iter().position(|month| *month == short).map(|at| at as u16 + 1)
    };
    let year = year.parse().ok().filter(|year| *year >= 1000)?;
    match (first.parse::<u16>(), second.parse::<u16>()) {
        (Ok(day), Err(_)) => Some((year, month_of(second)?, day)),
        (Err(_), Ok(day)) => Some((year, month_of(first)?, day)),
        _ => None,
    }
}

/// `17:00`, `17:00:00`, `5:00 PM` as `17:00:00`.
fn clock(time: &str) -> Option<String> {
    let upper = time.trim().to_ascii_uppercase();
    let (digits, half) = match (upper.strip_suffix("PM"), upper.strip_suffix("AM")) {
        (Some(digits), _) => (digits, Some(12)),
        (_, Some(digits)) => (digits, Some(0)),
        _ => (upper.as_str(), None),
    };
    let mut parts = digits.trim().split(':').map(str::parse::<u8>);
    let hour = parts.next()?.ok()?;
    let (minute, second) = (parts.next()?.ok()?, parts.next().unwrap_or(Ok(0)).ok()?);
    let hour = half.map_or(hour, |half| hour % 12 + half);
    Some(format!("{hour:02}:{minute:02}:{second:02}"))
}

fn why_not(text: &str) -> Bad {
    match text.parse::<f64>() {
        Ok(serial) if (20_000.0..80_000.0).contains(&serial) => {
            format!("{text} (a spreadsheet's day number; format the column as a date and export again)")
        }
        _ => text.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests;
