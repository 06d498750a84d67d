//! Reading the fields of a JSON record in one walk, without allocation.
//!
//! A [`Plan`] says which paths are wanted and gives each a slot; a [`Reader`] walks a frame once
//! along the plan and fills the slots, and everything that is not wanted is skipped. All JSON formats
//! stand on this, so that depth, encoding and doubled keys are judged in one place:
//!
//! - nesting past the limit is refused before anything is read;
//! - of a wanted field that stands twice the last counts, as in nearly every parser and so probably
//!   in the verifier that was shown the token, and the record is counted: it should not happen;
//! - `\xHH` escapes (nginx writes them unless told `escape=json`) and bytes that are not UTF-8 are
//!   repaired where the record is whole otherwise, and counted. Refusing such a record would let a
//!   client hide its request by the user agent it sends; what is too deep or too long is refused for all that, and counted.

mod elements;
mod pairs;
mod plan;
mod slots;

use serde::de::{DeserializeSeed, MapAccess};
use sever_model::port::Reason;

pub(crate) use elements::each_element;
pub(crate) use pairs::{Members, Text, each_pair, member, pair, pairs, written};
pub(crate) use plan::{Column, Plan, Want};
pub(crate) use slots::{Bits, Slots, Value, bit};

/// Longest value shown in a report.
const SHOWN_CHARS: usize = 60;

/// Walks frames along a plan.
#[derive(Debug)]
pub(crate) struct Reader {
    plan: Plan,
    slots: Slots,
    depth_max: usize,
    repaired: String,
    /// Frames in which a wanted field stands twice.
    pub doubled: u64,
    /// Frames that were not UTF-8.
    pub utf8_repairs: u64,
    /// Frames with `\xHH` escapes.
    pub escape_repairs: u64,
}

/// The wanted fields of one frame.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    input: &'a str,
    slots: &'a Slots,
    /// The slot that is called the first.
    first: usize,
}

impl Reader {
    pub fn new(plan: Plan, depth_max: usize) -> Reader {
        let slots = Slots::new(plan.len());
        Reader { plan, slots, depth_max, repaired: String::new(), doubled: 0, utf8_repairs: 0, escape_repairs: 0 }
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.plan.len()
    }

    /// Reads one record.
    pub fn read<'a>(&'a mut self, frame: &'a [u8]) -> Result<Found<'a>, Reason> {
        if too_deep(frame, self.depth_max) {
            return Err(Reason::TooDeep);
        }
        match std::str::from_utf8(frame) {
            Ok(text) => self.read_part(text),
            Err(_) => self.read_repaired(frame, Reason::NotUtf8),
        }
    }

    /// Reads an object that stands in a record as it is written, and so nests no deeper than that.
    pub fn read_part<'a>(&'a mut self, object: &'a str) -> Result<Found<'a>, Reason> {
        match walk(object, &self.plan, &mut self.slots) {
            Ok(()) => {
                self.doubled += u64::from(self.slots.is_doubled());
                Ok(Found { input: object, slots: &self.slots, first: 0 })
            }
            Err(failed) => self.read_repaired(object.as_bytes(), failed),
        }
    }

    /// The record that was read last, again: it was sound, and not repaired.
    pub fn again<'a>(&'a self, frame: &'a str) -> Found<'a> {
        Found { input: frame, slots: &self.slots, first: 0 }
    }

    /// Walks one object of a document.
    fn walk_map<'de, A: MapAccess<'de>>(&mut self, document: &str, map: A) -> Result<(), A::Error> {
        self.slots.clear();
        self.plan.walk(document, &mut self.slots).map(map)
    }

    /// What the walk of an object of a document found.
    fn settled<'a>(&'a mut self, document: &'a str) -> Found<'a> {
        self.slots.settle(document, &self.plan);
        self.doubled += u64::from(self.slots.is_doubled());
        Found { input: document, slots: &self.slots, first: 0 }
    }

    /// Begins a row: what is no JSON, read as if it were an object of texts.
    pub fn begin_row(&mut self) {
        self.slots.clear();
    }

    /// Takes the text of a column.
    pub fn put_in_row(&mut self, column: Column, text: &str) {
        self.plan.put(column, text, &mut self.slots);
    }

    /// The row that was begun.
    pub fn end_row(&mut self) -> Found<'_> {
        self.doubled += u64::from(self.slots.is_doubled());
        Found { input: "", slots: &self.slots, first: 0 }
    }

    /// Which column of that name is wanted.
    pub fn column(&self, name: &str) -> Column {
        self.plan.column(name)
    }

    /// A second try for a record whose only fault is how a client's text was written into it.
    #[cold]
    fn read_repaired<'a>(&'a mut self, frame: &[u8], failed: Reason) -> Result<Found<'a>, Reason> {
        let encoded = matches!(failed, Reason::NotUtf8);
        let escaped = memchr::memmem::find(frame, b"\\x").is_some();
        if !encoded && !escaped {
            return Err(failed);
        }
        // Text and binary are told apart by the first byte: a repaired record must look like one.
        if frame.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(failed);
        }
        self.repaired = String::from_utf8_lossy(frame).into_owned();
        if escaped {
            self.repaired = with_unicode_escapes(&self.repaired);
        }
        walk(&self.repaired, &self.plan, &mut self.slots).map_err(|_| failed)?;
        self.doubled += u64::from(self.slots.is_doubled());
        self.utf8_repairs += u64::from(encoded);
        self.escape_repairs += u64::from(escaped);
        Ok(Found { input: &self.repaired, slots: &self.slots, first: 0 })
    }
}

impl<'a> Found<'a> {
    /// The same with its slots counted from this one on: of a plan for several things at once, one of them.
    pub fn counted_from(self, first: usize) -> Found<'a> {
        Found { first: self.first + first, ..self }
    }

    /// What a slot holds.
    pub fn value(&self, slot: usize) -> Value {
        self.slots.value(self.first + slot)
    }

    /// A slot's text; empty where it has none, or holds something that is no text.
    #[inline]
    pub fn text(&self, slot: usize) -> &'a str {
        self.slots.text(self.first + slot, self.input)
    }

    /// What a slot holds, as text for a report.
    pub fn shown(&self, slot: usize) -> String {
        let text = match self.value(slot) {
            Value::Unsigned(number) => number.to_string(),
            Value::Signed(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Other => "{…}".to_owned(),
            Value::Absent | Value::Text { .. } | Value::Copied { .. } => self.text(slot).to_owned(),
        };
        let short: String = text.chars().take(SHOWN_CHARS).collect();
        if short.len() < text.len() { short + "…" } else { short }
    }

    /// Whether any of some slots holds anything.
    pub fn has_any(&self, of: Bits) -> bool {
        debug_assert_eq!(self.first, 0, "bits are those of a whole plan");
        self.slots.has_any(of)
    }

    /// Whether the record has the field, whatever it holds; `null` is absence.
    pub fn has(&self, slot: usize) -> bool {
        !matches!(self.value(slot), Value::Absent)
    }

    /// The texts of a slot that may hold several, in the record's order.
    pub fn texts(&self, slot: usize) -> impl Iterator<Item = &'a str> {
        self.slots.texts(self.first + slot, self.input)
    }

    /// Whether a slot holds more than one.
    pub fn has_several(&self, slot: usize) -> bool {
        self.slots.has_several(self.first + slot)
    }

    /// The first of the slots that has text.
    pub fn first(&self, slots: &[usize]) -> &'a str {
        slots.iter().map(|slot| self.text(*slot)).find(|text| !text.is_empty()).unwrap_or("")
    }
}

fn walk(text: &str, plan: &Plan, slots: &mut Slots) -> Result<(), Reason> {
    slots.clear();
    let mut json = serde_json::Deserializer::from_str(text);
    let result = plan.walk(text, slots).deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = result {
        return Err(reason(&error, text));
    }
    slots.settle(text, plan);
    Ok(())
}

#[cold]
fn reason(error: &serde_json::Error, text: &str) -> Reason {
    if error.is_eof() {
        return Reason::Truncated;
    }
    if error.is_data() {
        return Reason::Syntax("not a JSON object".to_owned());
    }
    let what = error.to_string();
    if what.starts_with("recursion limit") {
        return Reason::TooDeep;
    }
    // Something else than JSON is better said so than by what the parser expected at its first byte.
    if !text.trim_start().starts_with(['{', '[', '"']) && error.column() <= 2 {
        return Reason::Syntax("not JSON".to_owned());
    }
    let what = what.split(" at line ").next().unwrap_or("not JSON");
    Reason::Syntax(format!("{what} at byte {}", error.column()))
}

/// Whether the JSON nests deeper than the limit.
///
/// A record with fewer openers than the limit cannot, and counting them costs next to nothing; only
/// one with more is looked at byte by byte.
fn too_deep(frame: &[u8], depth_max: usize) -> bool {
    // `{` is `[` with bit 5 set. Counted by the hundred in bytes, which the compiler makes vectors of.
    let count = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>();
    let openers: usize = frame.chunks(128).map(|bytes| usize::from(count(bytes))).sum();
    openers > depth_max && deepest(frame) > depth_max
}

fn deepest(frame: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in frame {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Writes `\xHH` as `\u00HH`; any other escape stays.
fn with_unicode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        out.push(char);
        if char != '\\' {
            continue;
        }
        match chars.next() {
            Some('x') => out.push_str("u00"),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests;
