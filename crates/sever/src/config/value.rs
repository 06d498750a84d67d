//! One setting's value: from text to what it means, or why not and what would do.

use sever_model::{ClaimSet, EventTime, Span, Zone};

use super::Known;
use super::schema::Kind;
use crate::hint::{did_you_mean, nearest_or_all};

/// What is wrong with a value, and the cure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) hint: Option<String>,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, hint: Option<String>) -> Wrong {
        Wrong { what: what.into(), hint }
    }
}

/// Checks a value that is no table against its kind.
pub(super) fn check(kind: &Kind, name: &str, value: &toml::Value, known: &Known<'_>) -> Result<(), Wrong> {
    let expected = || Wrong::new(format!("`{name}` must be {}, not {}", kind.expected(), shape(value)), None);
    let text = text(value);
    match kind {
        Kind::Bool => value.as_bool().map(drop).ok_or_else(expected),
        Kind::Count => value.as_integer().filter(|count| *count >= 0).map(drop).ok_or_else(expected),
        Kind::Share => share(value).map(drop).ok_or_else(expected),
        Kind::Texts => texts(value).map(drop).ok_or_else(expected),
        Kind::Claims => claims(&texts(value).ok_or_else(expected)?).map(drop),
        Kind::Text => text.map(drop).ok_or_else(expected),
        Kind::Path | Kind::Glob => match text.ok_or_else(expected)?.as_str() {
            "" => Err(Wrong::new(format!("`{name}` is empty"), None)),
            _ => Ok(()),
        },
        Kind::Zone => zone(&text.ok_or_else(expected)?).map(drop),
        Kind::Duration => duration(name, &text.ok_or_else(expected)?).map(drop),
        Kind::Time => time(&Zone::UTC, &text.ok_or_else(expected)?).map(drop),
        Kind::Day => day(&Zone::UTC, name, &text.ok_or_else(expected)?).map(drop),
        Kind::Word(words) => one_of(name, &text.ok_or_else(expected)?, words),
        Kind::Id(registry) => id(registry.noun(), &text.ok_or_else(expected)?, registry.ids(known)),
        // Tables are walked by the reader, which reports what is none.
        Kind::Columns | Kind::Open | Kind::Detectors | Kind::Table(_) | Kind::Tables(_) => Err(expected()),
    }
}

/// Text, or a date or time that was written without quotes.
pub(super) fn text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Datetime(at) => Some(at.to_string()),
        _ => None,
    }
}

pub(super) fn texts(value: &toml::Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn share(value: &toml::Value) -> Option<f64> {
    let whole = value.as_integer().filter(|whole| matches!(whole, 0 | 1)).map(|whole| whole as f64);
    value.as_float().or(whole).filter(|share| (0.0..=1.0).contains(share))
}

/// `200ms`, `90s`, `2m`, `1h`, `30d`.
pub(super) fn duration(name: &str, text: &str) -> Result<Span, Wrong> {
    let wrong = || {
        let hint = "a whole number and one of ms, s, m, h, d: \"200ms\", \"90s\", \"2m\", \"1h\", \"30d\"";
        Wrong::new(format!("`{name}`: `{text}` is not a length of time"), Some(hint.to_owned()))
    };
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let millis = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    // A thousand years is longer than anything that is meant, and far from the end of time.
    let whole = number.parse::<i64>().ok().and_then(|number| number.checked_mul(millis));
    let whole = whole.filter(|millis| *millis <= 1_000 * 366 * 86_400_000);
    whole.map(|millis| Span::from_micros(millis * 1_000)).ok_or_else(wrong)
}

/// A zone by its IANA name; a misspelt one with the nearest.
pub(super) fn zone(name: &str) -> Result<Zone, Wrong> {
    Zone::named(name).map_err(|error| {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
        let by_city =
            names.iter().find(|known| known.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(&city)));
        let hint = match by_city {
            Some(found) => Some(format!("did you mean `{found}`?")),
            None => did_you_mean(name, names.iter().map(String::as_str)),
        };
        Wrong::new(error.to_string(), hint)
    })
}

/// An instant: RFC 3339, a local time in the zone, or a date, which is its beginning there.
pub(super) fn time(zone: &Zone, text: &str) -> Result<EventTime, Wrong> {
    let date = zone.start_of(text).ok().filter(|_| text.trim().len() == 10);
    date.map_or_else(|| zone.local(text), Ok).map_err(|error| Wrong::new(error.to_string(), None))
}

/// The end of a day in the zone.
pub(super) fn day(zone: &Zone, name: &str, text: &str) -> Result<EventTime, Wrong> {
    let wrong = || Wrong::new(format!("`{name}`: `{text}` is not a day (expected `YYYY-MM-DD`)"), None);
    zone.end_of(text).ok().filter(|_| text.trim().len() == 10).ok_or_else(wrong)
}

pub(super) fn claims(names: &[String]) -> Result<ClaimSet, Wrong> {
    let mut set = ClaimSet::NONE;
    for name in names {
        let all: Vec<&str> = ClaimSet::names().collect();
        let unknown = || Wrong::new(format!("`{name}` is not a claim"), nearest_or_all(name, &all));
        set = set.with(ClaimSet::named(name).ok_or_else(unknown)?);
    }
    Ok(set)
}

fn one_of(name: &str, text: &str, words: &[&str]) -> Result<(), Wrong> {
    if words.contains(&text) {
        return Ok(());
    }
    Err(Wrong::new(format!("`{text}` is no `{name}`"), nearest_or_all(text, words)))
}

/// Where the caller gave no ids, any will do.
pub(super) fn id(noun: &str, text: &str, known: &[&str]) -> Result<(), Wrong> {
    if known.is_empty() || known.contains(&text) {
        return Ok(());
    }
    Err(Wrong::new(format!("there is no {noun} `{text}`"), nearest_or_all(text, known)))
}

/// What a value is, in words.
pub(super) fn shape(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("the text `{text}`"),
        toml::Value::Integer(number) => format!("the number {number}"),
        toml::Value::Float(number) => format!("the number {number}"),
        toml::Value::Boolean(value) => format!("{value}"),
        toml::Value::Datetime(at) => format!("the time {at}"),
        toml::Value::Array(_) => "a list".to_owned(),
        toml::Value::Table(_) => "a table".to_owned(),
    }
}
