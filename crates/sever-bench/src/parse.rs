//! The floor of decoding: the same bytes, split into records and each parsed into what it holds, borrowed,
//! and nothing else: no event, no mapping, no interning, no place of a record, no count of what is wrong.
//!
//! It is what any reader must do who needs the fields of such a log, done the straightforward fast way, once:
//!
//! - **Records.** Lines by `memchr`, each checked to be UTF-8. Elements of an array of JSON are told apart
//!   first, as a stream of them must be. Records of CSV by the `csv` crate.
//! - **JSON.** A record is walked once by `serde_json`; each member's value goes into the field that its name
//!   stands for, its text borrowed (one with escapes copied), its number read. This is what a derived struct
//!   does, for formats whose records are of many shapes: the struct that `serde` derives for the fields that
//!   are read of Teleport takes 7 % longer. It reads every member, wanted or not, so that a reader of a few
//!   fields of long records can be faster.
//! - **Time.** The first text of a record that is written as an instant, or as the format writes one, is read
//!   as one: digits at their places, no search, no zone looked up.
//! - **Languages within.** Where a format keeps its fields in a text of another language ([`WITHIN`]), that
//!   text is parsed too, once: JSON as above, XML into `quick-xml`'s events, a message of PostgreSQL into
//!   pgaudit's columns and the statement's words, other messages into words.
//! - **Lines of words.** A word ends at a blank, but that one in quotation marks or brackets ends with these;
//!   `key=value` is a key and a value. All are borrowed into a list that is kept from line to line.

mod json;
mod text;
mod time;

use json::Record;
use text::Words;

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

/// How some bytes are parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    kind: Kind,
    within: &'static [(&'static str, Language)],
}

/// A language that texts of a record are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// JSON or XML, as it begins.
    Data,
    /// A message of PostgreSQL's server.
    Postgres,
    /// Words.
    Words,
}

use Language::{Data, Postgres, Words as InWords};

/// Which texts hold a language that the format's fields stand in, by the key of their member or the number of
/// their column.
type Within = &'static [(&'static str, Language)];

const WITHIN: &[(&str, Within)] = &[
    (
        "adfs",
        &[("EventData", Data), ("param2", Data), ("Message", Data), ("message", Data), ("Data", Data), ("#text", Data)],
    ),
    ("entra", &[("properties", Data), ("InitiatedBy", Data), ("TargetResources", Data), ("Status", Data)]),
    ("keycloak", &[("message", InWords)]),
    ("kubernetes-audit", &[("log", Data)]),
    ("m365", &[("AuditData", Data)]),
    ("okta", &[("target", Data)]),
    ("postgres-csv", &[("13", Postgres)]),
    ("postgres-json", &[("message", Postgres)]),
    ("windows-security", &[("EventData", Data)]),
];

impl Shape {
    /// How the bytes of a format are parsed, told from how they begin.
    pub(crate) fn of(bytes: &[u8], csv: bool, format: &str) -> Shape {
        let within = WITHIN.iter().find(|(of, _)| *of == format).map_or(&[][..], |(_, within)| within);
        Shape { kind: Kind::of(bytes, csv), within }
    }

    /// What is parsed, in a word.
    pub(crate) fn name(self) -> &'static str {
        match self.kind {
            Kind::JsonLines => "lines",
            Kind::JsonArrays => "array",
            Kind::Csv => "csv",
            Kind::Lines => "words",
        }
    }
}

impl Kind {
    fn of(bytes: &[u8], csv: bool) -> Kind {
        let begin = bytes.trim_ascii_start();
        let line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match begin.first() {
            _ if csv => Kind::Csv,
            Some(b'{') if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok() && !wraps(line) => {
                Kind::JsonLines
            }
            Some(b'{' | b'[') => Kind::JsonArrays,
            _ => Kind::Lines,
        }
    }
}

/// Whether an object wraps an array of records.
fn wraps(line: &[u8]) -> bool {
    line.starts_with(b"{\"Records\"")
}

/// Parses all of it; how many fields there were, and nothing of it is optimised away.
pub(crate) fn parse(bytes: &[u8], shape: Shape) -> u64 {
    match shape.kind {
        Kind::JsonLines => {
            let mut record = Record::new(shape.within);
            lines(bytes).map(|line| record.read(line)).sum()
        }
        Kind::JsonArrays => json::elements(bytes, &mut Record::new(shape.within)),
        Kind::Csv => csv(bytes, shape.within),
        Kind::Lines => {
            let mut words = Words::default();
            lines(bytes).map(|line| words.read_line(line)).sum()
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let mut begin = 0;
    let ends = memchr::memchr_iter(b'\n', bytes);
    let lines = ends.filter_map(move |end| bytes.get(std::mem::replace(&mut begin, end + 1)..end));
    lines.map(|line| std::str::from_utf8(line).unwrap_or(""))
}

fn csv(bytes: &[u8], within: Within) -> u64 {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let column = within.first().and_then(|(column, _)| column.parse().ok());
    let mut record = csv::StringRecord::new();
    let mut fields = 0;
    while reader.read_record(&mut record).unwrap_or(false) {
        fields += record.len() as u64;
        std::hint::black_box(record.iter().find_map(time::instant));
        if let Some(message) = column.and_then(|column: usize| record.get(column)) {
            fields += text::postgres(message);
        }
    }
    fields
}
