//! One value as text: for reading, and for programs.

use std::borrow::Cow;

use serde_json::Value;

use super::{Align, plain};

/// How absence is shown for reading.
pub(super) const ABSENT: &str = "–";

/// For reading: a dash for absence, thousands separated where the column holds quantities.
pub(super) fn readable(value: &Value, align: Align) -> String {
    match value {
        Value::Null => ABSENT.to_owned(),
        Value::String(text) if text.is_empty() => ABSENT.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) if align == Align::Right => thousands(&number.to_string()),
        Value::Array(values) if values.is_empty() => ABSENT.to_owned(),
        Value::Array(values) => values.iter().map(|value| readable(value, Align::Left)).collect::<Vec<_>>().join(", "),
        Value::String(text) if is_instant(text) => to_the_second(text),
        other => plain(&exact(other)).into_owned(),
    }
}

/// Whether it is an instant as we write them: `2026-09-30T17:00:00.123456Z`.
fn is_instant(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        0..=18 => byte.is_ascii_digit(),
        _ => byte.is_ascii_digit() || matches!(byte, b'.' | b'Z'),
    };
    text.len() >= 20 && text.ends_with('Z') && text.bytes().enumerate().all(shape)
}

/// An instant for reading: fractions of a second are for programs.
fn to_the_second(text: &str) -> String {
    text.split_once('.').map_or_else(|| text.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

/// For programs: empty for absence, numbers bare, lists joined by `;`, objects as JSON.
pub(super) fn exact(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(values) if values.iter().all(|value| !value.is_array() && !value.is_object()) => {
            Cow::Owned(values.iter().map(exact).collect::<Vec<_>>().join(";"))
        }
        other => Cow::Owned(other.to_string()),
    }
}

/// `1234567.5` as `1,234,567.5`.
pub(super) fn thousands(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.find(['.', 'e', 'E']).map_or((digits, ""), |at| digits.split_at(at));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}
