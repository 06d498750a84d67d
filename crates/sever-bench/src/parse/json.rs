//! Records of JSON into the fields that their members' names stand for.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Language, Within, Words, text, time};

/// The fields of one record: one for each name that the members of a log's records have, at whatever depth.
pub(super) struct Record<'a> {
    fields: Fields,
    values: Vec<Value<'a>>,
    /// Those of the records that stand in texts of these.
    fields_within: Fields,
    /// Texts that had escapes.
    copied: String,
    time: Option<i64>,
    /// Which members hold another language.
    within: Within,
}

/// Which field a name stands for, as a derived struct finds it; a new name makes a new one.
type Fields = HashMap<Box<str>, usize, foldhash::fast::FixedState>;

/// A member's value, or an element of a list that is one.
#[derive(Clone, Copy)]
#[expect(dead_code, reason = "what is read of a record, which nobody looks at here")]
enum Value<'a> {
    Text(&'a str),
    /// Its place among the copied.
    Copied(u32, u32),
    Whole(u64),
    Negative(i64),
    Broken(f64),
    Truth(bool),
    Null,
}

impl<'a> Record<'a> {
    pub fn new(within: Within) -> Record<'a> {
        Record::of(Fields::default(), within)
    }

    fn of(fields: Fields, within: Within) -> Record<'a> {
        let values = vec![Value::Null; fields.len()];
        Record { fields, values, fields_within: Fields::default(), copied: String::new(), time: None, within }
    }

    /// Reads one record in place of the last. How many fields there are.
    pub fn read(&mut self, record: &'a str) -> u64 {
        self.values.fill(Value::Null);
        self.copied.clear();
        self.time = None;
        let mut json = serde_json::Deserializer::from_str(record);
        if (Walk { record: self, key: "" }).deserialize(&mut json).is_err() {
            return 0;
        }
        black_box(&*self).values.len() as u64
    }

    fn put(&mut self, key: &'a str, value: Value<'a>) {
        match self.fields.get(key) {
            Some(field) => {
                if let Some(place) = self.values.get_mut(*field) {
                    *place = value;
                }
            }
            None => {
                self.fields.insert(key.into(), self.values.len());
                self.values.push(value);
            }
        }
    }

    /// What every text is looked at for.
    fn met(&mut self, key: &str, text: &str) {
        if self.time.is_none() {
            self.time = time::instant(text);
        }
        let Some((_, language)) = self.within.iter().find(|(of, _)| *of == key) else { return };
        match language {
            Language::Postgres => drop(black_box(text::postgres(text))),
            Language::Words => drop(black_box(Words::default().read(text))),
            Language::Data if text.starts_with(['{', '[']) => {
                let mut record = Record::of(std::mem::take(&mut self.fields_within), &[]);
                black_box(record.read(text));
                self.fields_within = record.fields;
            }
            Language::Data => {
                if let Some(xml) = memchr::memchr(b'<', text.as_bytes()).and_then(|at| text.get(at..)) {
                    xml_events(xml);
                }
            }
        }
    }
}

/// An XML document's events, and those of the one that a text of it holds escaped.
fn xml_events(xml: &str) {
    use quick_xml::escape::resolve_predefined_entity;
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    // Where nothing is escaped, a text is borrowed.
    let mut unescaped = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return,
            Ok(Event::Start(start) | Event::Empty(start)) => drop(black_box(start.try_get_attribute("Name"))),
            Ok(Event::Text(text)) => {
                let text = black_box(text.decode()).unwrap_or_default();
                if !unescaped.is_empty() {
                    unescaped.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(entity)) => {
                let name = entity.decode().unwrap_or_default();
                unescaped.push_str(resolve_predefined_entity(&name).unwrap_or(""));
            }
            Ok(Event::End(_)) if unescaped.starts_with('<') => xml_events(&std::mem::take(&mut unescaped)),
            Ok(Event::End(_)) => unescaped.clear(),
            Ok(event) => drop(black_box(event)),
        }
    }
}

/// The elements of the arrays of some documents: told apart, then each read. How many values they have.
pub(super) fn elements<'a>(bytes: &'a [u8], record: &mut Record<'a>) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    let mut json = serde_json::Deserializer::from_str(text);
    let mut values = 0;
    let mut each = |element| values += record.read(element);
    // The end is an error, too: there is no further document.
    while (Elements { each: &mut each }).deserialize(&mut json).is_ok() {}
    values
}

struct Walk<'r, 'a> {
    record: &'r mut Record<'a>,
    key: &'a str,
}

impl<'a> DeserializeSeed<'a> for Walk<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            map.next_value_seed(Walk { record: self.record, key })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk { record: self.record, key: self.key })?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.record.met(self.key, text);
        self.record.put(self.key, Value::Text(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.record.met(self.key, text);
        let start = self.record.copied.len() as u32;
        self.record.copied.push_str(text);
        let end = self.record.copied.len() as u32;
        self.record.put(self.key, Value::Copied(start, end));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.record.put(self.key, Value::Whole(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.record.put(self.key, Value::Negative(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.record.put(self.key, Value::Broken(number));
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.record.put(self.key, Value::Truth(truth));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.record.put(self.key, Value::Null);
        Ok(())
    }
}

/// A key; one with escapes is none that anybody asks for.
struct Key<'a>(&'a str);

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
        Ok(Key(key))
    }

    fn visit_str<E>(self, _key: &str) -> Result<Key<'de>, E> {
        Ok(Key(""))
    }
}

/// The elements of an array, or of the arrays of an object, or an object that has none.
struct Elements<'e, 'a> {
    each: &'e mut dyn FnMut(&'a str),
}

impl<'a> DeserializeSeed<'a> for Elements<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Elements<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, or an object with one")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            if key == "Records" {
                map.next_value_seed(Elements { each: &mut *self.each })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<&RawValue>()? {
            (self.each)(element.get());
        }
        Ok(())
    }
}
