//! The members of a JSON object, by the type that the interface documents.
//!
//! A member that is absent or null is nothing; one of another type is why the object is rejected, with
//! the member's name and what it held, shortened.

use serde_json::{Map, Value};
use sever_model::EventTime;
use sever_model::port::Reason;

use crate::row::shortened;

/// One object.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Fields<'a>, Reason> {
        value.as_object().map(Fields).ok_or_else(|| Reason::Syntax("not an object".to_owned()))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is such a member, and it is not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&'a str>, Reason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong(name, other)),
        }
    }

    /// A text, or a whole number as it is written: some interfaces write ids so. One that is too large to
    /// be read exactly is none.
    pub(crate) fn word(&self, name: &'static str) -> Result<Option<String>, Reason> {
        match self.get(name) {
            Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
            _ => Ok(self.text(name)?.map(str::to_owned)),
        }
    }

    pub(crate) fn need(&self, name: &'static str) -> Result<&'a str, Reason> {
        self.text(name)?.ok_or(Reason::Missing(name))
    }

    /// A text, owned; empty where there is none.
    pub(crate) fn owned(&self, name: &'static str) -> Result<String, Reason> {
        Ok(self.text(name)?.unwrap_or_default().to_owned())
    }

    /// True or false; some interfaces write them as texts.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Reason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(wrong(name, other)),
        }
    }

    /// An instant in RFC 3339; what interfaces write for *never* (year 1, the epoch) is nothing.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<EventTime>, Reason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let at = EventTime::parse(text).map_err(|_| Reason::Invalid(name, shortened(text)))?;
        Ok(Some(at).filter(|at| at.micros() > 0))
    }

    /// Milliseconds since the epoch, as a number or a text; nothing and less are *never*.
    pub(crate) fn millis(&self, name: &'static str) -> Result<Option<EventTime>, Reason> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        let micros = number.and_then(|millis| millis.checked_mul(1_000)).ok_or_else(|| wrong(name, value))?;
        Ok(Some(EventTime::from_micros(micros)).filter(|at| at.micros() > 0))
    }

    /// An array; empty where there is none.
    pub(crate) fn list(&self, name: &'static str) -> Result<&'a [Value], Reason> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(wrong(name, other)),
        }
    }

    /// An array of objects.
    pub(crate) fn objects(&self, name: &'static str) -> Result<Vec<Fields<'a>>, Reason> {
        self.list(name)?.iter().map(|value| value.as_object().map(Fields).ok_or_else(|| wrong(name, value))).collect()
    }

    /// An array of texts.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<&'a str>, Reason> {
        self.list(name)?.iter().map(|value| value.as_str().ok_or_else(|| wrong(name, value))).collect()
    }

    /// An object.
    pub(crate) fn object(&self, name: &'static str) -> Result<Option<Fields<'a>>, Reason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Fields(members))),
            Some(other) => Err(wrong(name, other)),
        }
    }
}

fn wrong(name: &'static str, value: &Value) -> Reason {
    Reason::Invalid(name, shortened(&value.to_string()))
}
