//! Lists of pairs: `[{"name": "role", "value": "admin"}, …]`, as many vendors write what a record adds.
//!
//! A slot wanted as [`super::Want::Json`] holds such a list as it is written; here it is read, without
//! a limit of its own: the record it stands in has one, for length and for depth.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// The value of the first pair of that name; nothing where there is none, or the list cannot be read.
///
/// `list` is the JSON of the list; `keys` are those of name and value, whatever their case. A value
/// that is a list gives its elements, separated by commas; one that is an object gives its JSON.
pub(crate) fn pair(list: &str, keys: (&str, &str), name: &str) -> Option<String> {
    let mut found = None;
    each_pair(list, keys, &mut |of, value| {
        if found.is_none() && of.eq_ignore_ascii_case(name) {
            found = Some(value.to_owned());
        }
    });
    found
}

/// The same of several names, in one reading; empty where there is none.
pub(crate) fn pairs<const N: usize>(list: &str, keys: (&str, &str), names: [&str; N]) -> [String; N] {
    let mut found = [const { None }; N];
    each_pair(list, keys, &mut |of, value| {
        for (place, _) in found.iter_mut().zip(names).filter(|(_, name)| of.eq_ignore_ascii_case(name)) {
            place.get_or_insert_with(|| value.to_owned());
        }
    });
    found.map(Option::unwrap_or_default)
}

/// Visits every pair of a list, or of an object whose members are the pairs.
pub(crate) fn each_pair(list: &str, keys: (&str, &str), each: &mut dyn FnMut(&str, &str)) {
    match list.trim_ascii_start().as_bytes().first() {
        Some(b'[') => {
            for element in serde_json::from_str::<Vec<Element<'_>>>(list).unwrap_or_default() {
                if let (Some(name), Some(value)) = (element.0.member(keys.0), element.0.member(keys.1)) {
                    each(&written(name), &written(value));
                }
            }
        }
        Some(b'{') => {
            for (name, value) in serde_json::from_str::<Members<'_>>(list).map(|of| of.0).unwrap_or_default() {
                each(&name, &written(value.get()));
            }
        }
        _ => {}
    }
}

/// The members of an object, each as it is written; of one that stands twice the last counts.
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// A member as it is written.
    pub fn exact(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, it)| it.get())
    }

    /// A member, whatever the case of its key.
    fn member(&self, key: &str) -> Option<&'a str> {
        let any_case = || self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, it)| it.get());
        self.exact(key).or_else(any_case)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        deserializer.deserialize_map(ReadMembers)
    }
}

struct ReadMembers;

impl<'de> Visitor<'de> for ReadMembers {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(8);
        while let Some((Key(key), value)) = map.next_entry()? {
            match members.iter_mut().find(|(known, _)| *known == key) {
                Some((_, place)) => *place = value,
                None => members.push((key, value)),
            }
        }
        Ok(Members(members))
    }
}

/// An element of a list: its members, and none where it is no object.
struct Element<'a>(Members<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Element<'a>, D::Error> {
        deserializer.deserialize_any(ReadElement)
    }
}

struct ReadElement;

impl<'de> Visitor<'de> for ReadElement {
    type Value = Element<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element<'de>, A::Error> {
        ReadMembers.visit_map(map).map(Element)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Element<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element(Members(Vec::new())))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }

    fn visit_unit<E: Error>(self) -> Result<Element<'de>, E> {
        Ok(Element(Members(Vec::new())))
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<'a>, D::Error> {
        deserializer.deserialize_str(ReadKey)
    }
}

struct ReadKey;

impl<'de> Visitor<'de> for ReadKey {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

/// A member of an object, whatever the case of its key.
pub(crate) fn member<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members.get(key).or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, it)| it))
}

/// A value as text.
pub(crate) fn written(json: &str) -> Cow<'_, str> {
    // Most are texts without escapes, and stand there as they are.
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if memchr::memchr(b'\\', text.as_bytes()).is_none() => Cow::Borrowed(text),
        _ => Cow::Owned(serde_json::from_str(json).map(text_of).unwrap_or_default()),
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(elements) => elements.into_iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
