//! Lists of objects: `[{"id": "1", "type": "User"}, …]`, read one by one without holding them all.
//!
//! A slot wanted as [`super::Want::Json`] holds such a list as it is written; a [`Reader`] of its own reads
//! each element, all of them in one walk. Bounded by the record that the list stands in.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Found, Reader};

impl Reader {
    /// Reads each element of a list, as [`each_element`] tells them apart; how many there are. What is no
    /// object, or cannot be read, is passed over.
    pub fn each(&mut self, list: &str, each: &mut dyn FnMut(&Found<'_>)) -> usize {
        let list = list.trim_start();
        let mut count = 0;
        // What stands in a record is no deeper than that.
        if list.starts_with('[') {
            let mut json = serde_json::Deserializer::from_str(list);
            let walk = Objects { reader: self, list, count: &mut count, each };
            if walk.deserialize(&mut json).is_ok() {
                return count;
            }
        }
        // From the element on that could not be read: those behind it may be sound.
        let (read, mut at) = (count, 0);
        each_element(list, &mut |element| {
            if at >= read
                && let Ok(found) = self.read(element.as_bytes())
            {
                each(&found);
            }
            at += 1;
        });
        at
    }
}

/// The elements of a list, each read on the way.
struct Objects<'r, 'e> {
    reader: &'r mut Reader,
    list: &'r str,
    count: &'r mut usize,
    each: &'e mut dyn FnMut(&Found<'_>),
}

impl<'de> DeserializeSeed<'de> for Objects<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(is_object) = list.next_element_seed(Object { reader: &mut *self.reader, list: self.list })? {
            *self.count += 1;
            if is_object {
                (self.each)(&self.reader.settled(self.list));
            }
        }
        Ok(())
    }
}

/// One element, if it is an object.
struct Object<'r> {
    reader: &'r mut Reader,
    list: &'r str,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        self.reader.walk_map(self.list, map)?;
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

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
