//! Times of a play: whole milliseconds, so that a log's text and the truth agree to the last digit.
//!
//! Every play happens in one zone whose offset is fixed for the dates that matter to it; local dates
//! are turned into instants by that offset, or by the zone's rules where summer time comes into it
//! ([`sever_model::Zone`]).

use std::io::Write;

use sever_model::EventTime;

/// Milliseconds since the Unix epoch, UTC.
pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1_000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;
pub(crate) const DAY: Ms = 24 * HOUR;

/// An instant written as RFC 3339; the plays write only ones that parse.
pub(crate) fn at(text: &str) -> Ms {
    EventTime::parse(text).map_or(0, |time| time.micros() / 1_000)
}

/// The same instant as the model has it.
pub(crate) fn event(ms: Ms) -> EventTime {
    EventTime::from_micros(ms * 1_000)
}

/// Year, month and day of an instant, UTC.
///
/// Source: the era-based inverse of the proleptic Gregorian day count.
pub(crate) fn civil(ms: Ms) -> (i64, u32, u32) {
    let days = ms.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Day of the week of an instant, UTC: 0 is Monday.
pub(crate) fn weekday(ms: Ms) -> i64 {
    (ms.div_euclid(DAY) + 3).rem_euclid(7)
}

/// `YYYY-MM-DD`, UTC.
pub(crate) fn date(ms: Ms) -> String {
    let (year, month, day) = civil(ms);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Writes `YYYY-MM-DDTHH:MM:SS.mmmZ`, without allocation: it is in every line of every log.
pub(crate) fn push_stamp(into: &mut Vec<u8>, ms: Ms) {
    let (year, month, day) = civil(ms);
    let of_day = ms.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day / MINUTE % 60, of_day / SECOND % 60);
    digits(into, year as u64, 4);
    for (mark, value) in
        [(b'-', i64::from(month)), (b'-', i64::from(day)), (b'T', hour), (b':', minute), (b':', second)]
    {
        into.push(mark);
        digits(into, value as u64, 2);
    }
    into.push(b'.');
    digits(into, (of_day % SECOND) as u64, 3);
    into.push(b'Z');
}

/// The same as text.
pub(crate) fn stamp(ms: Ms) -> String {
    let mut text = Vec::with_capacity(24);
    push_stamp(&mut text, ms);
    String::from_utf8_lossy(&text).into_owned()
}

/// A number in decimal.
pub(crate) fn push_number(into: &mut Vec<u8>, number: i64) {
    // Writing to a vector cannot fail.
    write!(into, "{number}").unwrap_or_default();
}

fn digits(into: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        into.push(b'0' + (number / 10u64.pow(place) % 10) as u8);
    }
}
