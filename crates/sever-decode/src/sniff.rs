//! Which format a file is in, told from its head.
//!
//! Each format says how sure it is, from 0 to 100, and why. Formats with names of their own beat the
//! general one: `json-lines` never says more than 20. What a log is carried in ([`crate::envelope`]) is
//! opened before the formats are asked.

use serde_json::Value;
use sever_model::Limits;

use crate::envelope::peel::{Peeled, shape};
use crate::framing::{Framer, Piece};
use crate::{Envelope, FORMATS, Format, Framing};

/// Bytes of a sample that are looked at.
const SAMPLE_BYTES: usize = 256 << 10;
/// Records of a sample that are looked at.
const SAMPLE_RECORDS: usize = 200;

/// A format that a file may be in.
#[derive(Debug)]
pub struct Sniffed {
    /// The format.
    pub format: &'static Format,
    /// How sure that is, from 1 to 100.
    pub score: u8,
    /// Why.
    pub why: String,
    /// What its records are carried in, from the outermost.
    pub envelopes: Vec<&'static Envelope>,
}

impl Sniffed {
    /// What it is, in words: `okta in a Splunk export`.
    pub fn what(&self) -> String {
        named(self.format, &self.envelopes)
    }
}

/// A format in envelopes, in words.
pub fn named(format: &Format, envelopes: &[&Envelope]) -> String {
    let mut what = format.id.to_owned();
    for envelope in envelopes.iter().rev() {
        what.push_str(" in ");
        what.push_str(envelope.title);
    }
    what
}

/// Which formats a file may be in, the likeliest first. `sample` is the head of the decompressed
/// file ([`crate::head`]); its last line may be cut.
pub fn sniff(sample: &[u8]) -> Vec<Sniffed> {
    let peeled = Peeled::of(sample);
    let sniff = |format: &'static Format| {
        let (depth, scored) = peeled.best(format);
        let (score, why) = scored.filter(|(score, _)| *score > 0)?;
        Some(Sniffed { format, score, why, envelopes: peeled.chain(depth).to_vec() })
    };
    let mut sniffed: Vec<Sniffed> = FORMATS.iter().filter_map(sniff).collect();
    sniffed.sort_by_key(|sniffed| std::cmp::Reverse(sniffed.score));
    sniffed
}

/// The head of a log, as lines and as JSON records.
pub(crate) struct Sample {
    pub lines: Vec<String>,
    pub records: Vec<Value>,
}

impl Sample {
    pub fn of(head: &[u8]) -> Sample {
        let cut = head.len() > SAMPLE_BYTES;
        let head = head.get(..SAMPLE_BYTES.min(head.len())).unwrap_or_default();
        let lines = frames(head, Framing::Lines, cut);
        let records = frames(head, Framing::Json, cut);
        Sample {
            lines: lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect(),
            // What is no JSON stands as null, so that shares are of all records.
            records: records.iter().map(|frame| serde_json::from_slice(frame).unwrap_or(Value::Null)).collect(),
        }
    }

    /// Of the records that envelopes held.
    pub fn of_records<'a>(records: impl Iterator<Item = &'a str>) -> Sample {
        Sample::of_lines(records.map(str::to_owned).collect())
    }

    /// Of records, each a line.
    pub fn of_lines(lines: Vec<String>) -> Sample {
        let records = lines.iter().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
        Sample { lines, records }
    }

    /// The share of records that are so.
    pub fn share(&self, is: impl Fn(&Value) -> bool) -> f64 {
        share(self.records.iter().filter(|record| is(record)).count(), self.records.len())
    }

    /// The share of lines that are so.
    pub fn line_share(&self, is: impl Fn(&str) -> bool) -> f64 {
        share(self.lines.iter().filter(|line| is(line)).count(), self.lines.len())
    }
}

/// Whether a record has something at a dotted path, whatever the case of its keys.
pub(crate) fn has(record: &Value, path: &str) -> bool {
    at(record, path).is_some()
}

/// The text at a dotted path, whatever the case of its keys; empty where there is none.
pub(crate) fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    at(record, path).and_then(Value::as_str).unwrap_or("")
}

fn at<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |value: &'a Value, key: &str| {
        let members = value.as_object()?;
        members.get(key).or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, it)| it))
    };
    path.split('.').try_fold(record, step).filter(|value| !value.is_null())
}

fn share(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// The first records. The last one is left out where others stand before it, for it may be cut.
fn frames(head: &[u8], framing: Framing, cut: bool) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut framer = Framer::new(shape(framing, head, false), Limits::default().frame_bytes_max);
    let mut each = |piece: Piece<'_>| {
        if let Piece::Frame(_, frame) = piece
            && frames.len() < SAMPLE_RECORDS
        {
            frames.push(frame.to_vec());
        }
    };
    framer.feed(head, &mut each);
    if !cut {
        framer.finish(&mut each);
        if frames.len() > 1 && !head.ends_with(b"\n") && !head.ends_with(b"]") && !head.ends_with(b"}") {
            frames.pop();
        }
    }
    frames
}

#[cfg(test)]
mod tests;
