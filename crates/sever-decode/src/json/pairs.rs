//! Lists of pairs: `[{"name": "role", "value": "admin"}, …]`, as many vendors write what a record adds.
//!
//! A slot wanted as [`super::Want::Json`] holds such a list as it is written; here it is read, without
//! a limit of its own: the record it stands in has one, for length and for depth.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
            let mut json = serde_json::Deserializer::from_str(list);
            // Where it breaks off, what stood before was visited.
            json.deserialize_seq(Pairs { keys, each }).ok();
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
        while let Some((Text(key), value)) = map.next_entry()? {
            match members.iter_mut().find(|(known, _)| *known == key) {
                Some((_, place)) => *place = value,
                None => members.push((key, value)),
            }
        }
        Ok(Members(members))
    }
}

/// Visits the pairs of a list.
struct Pairs<'k, 'e> {
    keys: (&'k str, &'k str),
    each: &'e mut dyn FnMut(&str, &str),
}

impl<'de> Visitor<'de> for Pairs<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(found) = list.next_element_seed(Pair { keys: self.keys })? {
            if let [Some((_, name)), Some((_, value))] = found {
                (self.each)(&written(name.get()), &written(value.get()));
            }
        }
        Ok(())
    }
}

/// A member, by its key.
type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// One element of a list: its name and value; neither where it is no object.
struct Pair<'k> {
    keys: (&'k str, &'k str),
}

impl<'de> DeserializeSeed<'de> for Pair<'_> {
    type Value = [Option<Member<'de>>; 2];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_> {
    type Value = [Option<Member<'de>>; 2];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None, None];
        while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &RawValue>()? {
            for (place, wanted) in found.iter_mut().zip([self.keys.0, self.keys.1]) {
                // The key as it is asked for goes before one in another case; of two that are the same the last.
                let counts = match place {
                    None => key.eq_ignore_ascii_case(wanted),
                    Some((known, _)) => key == *known || key == wanted,
                };
                if counts {
                    *place = Some((key.clone(), value));
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok([None, None])
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok([None, None])
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok([None, None])
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok([None, None])
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok([None, None])
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok([None, None])
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok([None, None])
    }
}

/// A text, borrowed where it has no escapes.
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_str(ReadText)
    }
}

struct ReadText;

impl<'de> Visitor<'de> for ReadText {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
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
