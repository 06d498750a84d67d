//! Members of JSON answers, by pointer (RFC 6901): `/owner/login`.

use serde_json::Value;
use sever_model::EventTime;
use sever_model::port::Reason;

use crate::row::shortened;

/// The text at a pointer, where there is one that is not empty.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The same, owned.
pub(crate) fn owned(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).map(str::to_owned)
}

/// The text at a pointer that the answer cannot do without.
pub(crate) fn need<'a>(value: &'a Value, pointer: &'static str) -> Result<&'a str, Reason> {
    text(value, pointer).ok_or(Reason::Missing(name_of(pointer)))
}

/// An id at a pointer: a number or a text.
pub(crate) fn id(value: &Value, pointer: &'static str) -> Result<String, Reason> {
    match value.pointer(pointer) {
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => need(value, pointer).map(str::to_owned),
    }
}

/// Whether there is a `true` at a pointer.
pub(crate) fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The elements at a pointer; none where there is no array.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts at a pointer, which may be one or several.
pub(crate) fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    match value.pointer(pointer) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The time at a pointer: RFC 3339, or seconds since the epoch.
pub(crate) fn time(value: &Value, pointer: &'static str) -> Result<Option<EventTime>, Reason> {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_i64().map(EventTime::from_secs)),
        Some(Value::String(text)) => when(name_of(pointer), text),
        Some(other) => Err(Reason::Invalid(name_of(pointer), shortened(&other.to_string()))),
    }
}

/// A time as text; empty, it is none.
pub(crate) fn when(field: &'static str, text: &str) -> Result<Option<EventTime>, Reason> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    EventTime::parse(text).map(Some).map_err(|_| Reason::Invalid(field, shortened(text)))
}

fn name_of(pointer: &'static str) -> &'static str {
    pointer.rsplit('/').next().unwrap_or(pointer)
}
