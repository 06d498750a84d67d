//! Instants as logs write them, read by the places of their digits; microseconds since the Unix epoch.

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// `2025-07-10T11:54:42.123456+02:00`, with a blank for the `T`, without the fraction, with the offset after
/// a blank, with a name for it or none; or `10/Jul/2025:11:54:42 +0200`.
pub(super) fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.get(2) == Some(&b'/') {
        return common(bytes);
    }
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let day = days(four(bytes, 0)?, two(bytes, 5)?, two(bytes, 8)?);
    let mut micros = seconds(day, bytes, 11)? * 1_000_000;
    let mut rest = bytes.get(19..)?;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let mut unit = 100_000;
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
        let count = digits.map(|digit| (micros, unit) = (micros + i64::from(digit - b'0') * unit, unit / 10)).count();
        rest = fraction.get(count..)?;
    }
    Some(micros - offset(rest.trim_ascii_start()) * 1_000_000)
}

/// `Jul 10 11:54:42`, of this year.
pub(super) fn syslog(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let month = month(bytes.get(..3)?)?;
    let day = two(bytes, 4).or_else(|| bytes.get(5).map(|digit| i64::from(digit.wrapping_sub(b'0'))))?;
    Some(seconds(days(2025, month, day), bytes, 7)? * 1_000_000)
}

fn common(bytes: &[u8]) -> Option<i64> {
    let day = days(four(bytes, 7)?, month(bytes.get(3..6)?)?, two(bytes, 0)?);
    Some((seconds(day, bytes, 12)? - offset(bytes.get(21..)?)) * 1_000_000)
}

fn seconds(days: i64, bytes: &[u8], at: usize) -> Option<i64> {
    Some(days * 86_400 + two(bytes, at)? * 3_600 + two(bytes, at + 3)? * 60 + two(bytes, at + 6)?)
}

/// Seconds east of UTC; none where there is only a name, or nothing.
fn offset(text: &[u8]) -> i64 {
    let sign = match text.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let minutes = if text.get(3) == Some(&b':') { two(text, 4) } else { two(text, 3) };
    sign * (two(text, 1).unwrap_or(0) * 3_600 + minutes.unwrap_or(0) * 60)
}

fn month(name: &[u8]) -> Option<i64> {
    MONTHS.iter().position(|month| *month == name).map(|at| at as i64 + 1)
}

fn two(bytes: &[u8], at: usize) -> Option<i64> {
    match bytes.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    }
}

fn four(bytes: &[u8], at: usize) -> Option<i64> {
    Some(two(bytes, at)? * 100 + two(bytes, at + 2)?)
}

/// Days since the Unix epoch: 400-year eras of 146,097 days, years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}
