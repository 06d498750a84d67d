//! Lists of objects: `[{"id": "1", "type": "User"}, …]`, read one by one without holding them all.
//!
//! A slot wanted as [`super::Want::Json`] holds such a list as it is written; a [`super::Reader`] of
//! its own reads each element. Bounded by the record that the list stands in.

use std::fmt;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Visits each element of a list, as the JSON it is written in, up to the first that cannot be read.
///
/// What is no list is its own only element. A list that was written into a text, as tables that hold
/// only texts have them, is read as one.
pub(crate) fn each_element(list: &str, each: &mut dyn FnMut(&str)) {
    let list = list.trim_start();
    if list.starts_with('"') {
        let Ok(text) = serde_json::from_str::<String>(list) else { return };
        if text.trim_start().starts_with(['[', '{']) {
            each_element(&text, each);
        }
        return;
    }
    if !list.starts_with('[') {
        if !list.is_empty() {
            each(list);
        }
        return;
    }
    let mut json = serde_json::Deserializer::from_str(list);
    // Where it breaks off, what stood before was visited: the record itself was read whole.
    drop(Elements { each }.deserialize(&mut json));
}

struct Elements<'e> {
    each: &'e mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element_seed(Written)? {
            (self.each)(element);
        }
        Ok(())
    }
}

/// One element, as it is written.
struct Written;

impl<'de> DeserializeSeed<'de> for Written {
    type Value = &'de str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'de str, D::Error> {
        <&RawValue>::deserialize(deserializer).map(RawValue::get)
    }
}
