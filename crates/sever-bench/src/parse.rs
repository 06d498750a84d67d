//! The floor of decoding: the same bytes, split into records and each parsed, and nothing else.
//!
//! - JSON: every key and value of a record is visited once, texts borrowed and numbers read, and none is
//!   kept. Elements of an array are told apart first, as a stream of them must be.
//! - CSV: split into records and fields by the `csv` crate.
//! - Lines: checked to be text, and split at line ends, blanks and quotation marks: less than any reader of
//!   such a log can do.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JSON, one record a line.
    JsonLines,
    /// JSON, arrays of records.
    JsonArrays,
    /// CSV.
    Csv,
    /// Text, one record a line.
    Lines,
}

impl Kind {
    /// What some bytes are, by how they begin.
    pub(crate) fn of(bytes: &[u8], csv: bool) -> Kind {
        let begin = bytes.trim_ascii_start();
        let line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match begin.first() {
            _ if csv => Kind::Csv,
            Some(b'{') if serde_json::from_slice::<Walked>(line).is_ok() && !wraps(line) => Kind::JsonLines,
            Some(b'{' | b'[') => Kind::JsonArrays,
            _ => Kind::Lines,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::JsonLines => "lines",
            Kind::JsonArrays => "array",
            Kind::Csv => "csv",
            Kind::Lines => "words",
        }
    }
}

/// Whether an object wraps an array of records.
fn wraps(line: &[u8]) -> bool {
    line.starts_with(b"{\"Records\"")
}

/// Parses all of it; a sum over all values, so that none is optimised away.
pub(crate) fn parse(bytes: &[u8], kind: Kind) -> u64 {
    match kind {
        Kind::JsonLines => lines(bytes).map(|line| walked(serde_json::from_slice(line))).sum(),
        Kind::JsonArrays => {
            let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Elements>();
            documents.map_while(|document| document.ok()).map(|elements| elements.0).sum()
        }
        Kind::Csv => csv(bytes),
        Kind::Lines => lines(bytes).map(words).sum(),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    memchr::memchr_iter(b'\n', bytes).filter_map(move |end| bytes.get(std::mem::replace(&mut begin, end + 1)..end))
}

fn words(line: &[u8]) -> u64 {
    let Ok(line) = std::str::from_utf8(line) else { return 0 };
    let mut begin = 0;
    let mut sum = 0;
    for end in memchr::memchr2_iter(b' ', b'"', line.as_bytes()) {
        sum += (end - begin) as u64;
        begin = end + 1;
    }
    sum + 1
}

fn csv(bytes: &[u8]) -> u64 {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut sum = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        sum += record.iter().map(|field| field.len() as u64).sum::<u64>();
    }
    sum
}

fn walked(result: serde_json::Result<Walked>) -> u64 {
    result.map_or(0, |walked| walked.0)
}

/// A value of which every part was visited.
struct Walked(u64);

impl<'de> Deserialize<'de> for Walked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Walked, D::Error> {
        deserializer.deserialize_any(Walk).map(Walked)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some((key, value)) = map.next_entry::<Walked, Walked>()? {
            sum = sum.wrapping_add(key.0).wrapping_add(value.0);
        }
        Ok(sum)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some(value) = list.next_element::<Walked>()? {
            sum = sum.wrapping_add(value.0);
        }
        Ok(sum)
    }

    fn visit_str<E>(self, text: &str) -> Result<u64, E> {
        Ok(text.len() as u64)
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E>(self, number: i64) -> Result<u64, E> {
        Ok(number as u64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<u64, E> {
        Ok(number as u64)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<u64, E> {
        Ok(u64::from(truth))
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(1)
    }
}

/// The elements of an array, or of the arrays of an object: told apart, then each walked.
struct Elements(u64);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Elements, D::Error> {
        deserializer.deserialize_any(EachElement).map(Elements)
    }
}

struct EachElement;

impl<'de> Visitor<'de> for EachElement {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, or an object with one")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some((key, elements)) = map.next_entry::<Walked, Elements>()? {
            sum = sum.wrapping_add(key.0).wrapping_add(elements.0);
        }
        Ok(sum)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some(element) = list.next_element::<&RawValue>()? {
            sum = sum.wrapping_add(walked(serde_json::from_str(element.get())));
        }
        Ok(sum)
    }

    fn visit_str<E>(self, text: &str) -> Result<u64, E> {
        Ok(text.len() as u64)
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_f64<E>(self, number: f64) -> Result<u64, E> {
        Ok(number as u64)
    }

    fn visit_i64<E>(self, number: i64) -> Result<u64, E> {
        Ok(number as u64)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<u64, E> {
        Ok(u64::from(truth))
    }

    fn visit_unit<E>(self) -> Result<u64, E> {
        Ok(1)
    }
}
