//! A record as an envelope sees it: its text, and its members where it is a JSON object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde_json::value::RawValue;
use sever_model::EventTime;

use crate::when;

/// Members that are looked at; an envelope has far fewer.
const MEMBERS_MAX: usize = 256;

/// An outer record. Members that stand twice count by the last, as everywhere.
pub(crate) struct Outer<'a> {
    /// The whole of it.
    pub text: &'a str,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Outer<'a> {
    /// Reads the members, if it has any.
    pub fn of(text: &'a str) -> Outer<'a> {
        let members = if text.trim_start().starts_with('{') { members(text) } else { Vec::new() };
        Outer { text, members }
    }

    /// A member as the JSON it is written in; `null` is absence.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let found = self.members.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, raw)| raw.get()).filter(|raw| *raw != "null")
    }

    /// Whether a member of that name is written, be it `null`.
    pub fn members_named(&self, name: &str) -> bool {
        self.members.iter().any(|(found, _)| found == name)
    }

    /// Whether there is such a member.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member that is an object or a list, as JSON.
    pub fn object(&self, name: &str) -> Option<&'a str> {
        self.raw(name).filter(|raw| raw.starts_with('{'))
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(text)
    }

    /// A member that is text or a number, as text; empty where there is none.
    pub fn word(&self, name: &str) -> Cow<'a, str> {
        let raw = self.raw(name).unwrap_or("");
        if raw.starts_with(['{', '[']) { Cow::Borrowed("") } else { text(raw).unwrap_or(Cow::Borrowed(raw)) }
    }

    /// A member read as an instant.
    pub fn time(&self, name: &str) -> Option<EventTime> {
        when::instant_text(&self.word(name), None)
    }

    /// Whether every member's name is one of these; of no members, it is not.
    pub fn only(&self, names: &[&str]) -> bool {
        !self.members.is_empty() && self.members.iter().all(|(found, _)| names.contains(&found.as_ref()))
    }

    /// The members of an object that stands under a name.
    pub fn inside(&self, name: &str) -> Option<Outer<'a>> {
        self.object(name).map(Outer::of)
    }

    /// The elements of a list that stands under a name; none where it is no list.
    pub fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).map(elements).unwrap_or_default()
    }
}

/// The elements of a list.
pub(super) fn elements(raw: &str) -> Vec<&RawValue> {
    if raw.starts_with('[') { serde_json::from_str(raw).unwrap_or_default() } else { Vec::new() }
}

/// A JSON string's text.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    owned(raw).map(Cow::Owned)
}

/// A JSON value of this type.
pub(super) fn owned<T: DeserializeOwned>(raw: &str) -> Option<T> {
    serde_json::from_str(raw).ok()
}

fn members(text: &str) -> Vec<(Cow<'_, str>, &RawValue)> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_map(Members);
    // What is no sound object has no members: it is in no envelope.
    if json.end().is_err() { Vec::new() } else { read.unwrap_or_default() }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let value = map.next_value::<&'de RawValue>()?;
            if members.len() < MEMBERS_MAX {
                members.push((name.0, value));
            }
        }
        Ok(members)
    }
}

/// A name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'de>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
