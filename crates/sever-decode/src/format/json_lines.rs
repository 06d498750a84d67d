//! `json-lines`: any log of JSON objects, by a mapping.
//!
//! The mapping is compiled once: its paths into a [`Plan`], its fields into rules. A record is then
//! walked once and nothing is allocated, unless it names more than [`SUBJECTS_INLINE`] subjects.
//! What a mapping can say is told in [`crate::mapping`].

use std::collections::BTreeMap;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::{Format, Settings, address, endpoint, http_outcome, repairs};
use crate::json::{Bits, Found, Plan, Reader, Value, Want, bit};
use crate::mapping::{Field, PATHS_MAX, Pick, keys};
use crate::search::cut_at;
use crate::sniff::Sample;
use crate::{Framing, Mapping, MappingError, when};

pub(super) const FORMAT: Format = Format {
    id: "json-lines",
    title: "JSON lines, mapped",
    about: "Any log of JSON objects: one a line, or the elements of an array. `[log.map]` says where each \
field of an event is: a dotted path, a list of paths of which the first present counts, a constant, or a path \
with translated values. Gateways, applications and issuers log this way, or can be told to; `sever init` \
proposes a mapping from a sample.\n\nWithout a mapping of `kind` every record is a use. A record whose kind is \
none of ours is counted as another kind of record. A claim that cannot be read is left out and counted: the \
record still counts, for whoever forges a token chooses its claims.",
    joins: "As the log allows. By token id where issuer and verifier both log it (`credential = \"jti\"`); by the \
token's SHA-256 where they log that; by session or parent otherwise. Log `kid`, `sub`, `iat` and `exp` on both \
sides, so that a copied id does not pass.",
    framing: Framing::Json,
    whole: &[],
    make: |settings| match &settings.mapping {
        Some(mapping) => decoder(mapping, settings),
        None => Err(MappingError::Needed("json-lines")),
    },
    score,
};

/// Subjects of one record that need no allocation.
const SUBJECTS_INLINE: usize = 16;

/// A decoder of JSON lines by this mapping.
pub(super) fn decoder(mapping: &Mapping, settings: &Settings) -> Result<Box<dyn Decoder + Send>, MappingError> {
    Ok(Box::new(JsonLines::compile(mapping, settings.zone.clone(), settings.json_depth_max)?))
}

/// The method and path of a whole request line (`GET /orders HTTP/1.1`); else no method, and the text.
fn request_line(text: &str) -> (&str, &str) {
    let parts = cut_at(text, b' ').and_then(|(method, rest)| Some((method, cut_at(rest, b' ')?)));
    match parts {
        Some((method, (path, version))) if version.starts_with("HTTP/") => (method, path),
        _ => ("", text),
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let objects = sample.share(|record| record.is_object());
    (objects >= 0.5).then(|| ((objects * 20.0) as u8, "JSON objects".to_owned()))
}

struct JsonLines {
    reader: Reader,
    rules: Rules,
    tally: Tally,
}

/// The compiled mapping.
struct Rules {
    time: Rule,
    kind: Option<Rule>,
    outcome: Option<Rule>,
    texts: Vec<Rule>,
    times: Vec<Rule>,
    counts: Vec<Rule>,
    subjects: Option<Rule>,
    zone: Option<Zone>,
}

/// Where one field is found, compiled.
struct Rule {
    field: Field,
    /// Its slots, the first that has a value counts.
    slots: Vec<usize>,
    /// The same as bits; all there are where one has none.
    bits: Bits,
    constant: Box<str>,
    values: BTreeMap<Box<str>, Box<str>>,
    default: Option<Box<str>>,
}

/// What was met and gone on from, by field.
#[derive(Default)]
struct Tally {
    absent: [u64; Field::ALL.len()],
    unreadable: [u64; Field::ALL.len()],
}

const KINDS: &str = "issued, used, authenticated, changed, read or heartbeat";
const OUTCOMES: &str = "answered, refused or unknown";

impl JsonLines {
    fn compile(mapping: &Mapping, zone: Option<Zone>, depth_max: usize) -> Result<JsonLines, MappingError> {
        let mut paths = Vec::new();
        let mut rules = BTreeMap::new();
        for (field, pick) in mapping.picks() {
            rules.insert(field, Rule::compile(field, pick, &mut paths)?);
        }
        if paths.len() > PATHS_MAX {
            return Err(MappingError::TooMany(paths.len()));
        }
        let time = rules.remove(&Field::Time).ok_or(MappingError::Lacks("time"))?;
        let (kind, outcome) = (rules.remove(&Field::Kind), rules.remove(&Field::Outcome));
        let subjects = rules.remove(&Field::DataSubjects);
        let (mut texts, mut times, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (field, rule) in rules {
            let list = match field {
                field if field.is_time() => &mut times,
                field if field.is_count() => &mut counts,
                _ => &mut texts,
            };
            list.push(rule);
        }
        let reader = Reader::new(Plan::new(paths), depth_max);
        let rules = Rules { time, kind, outcome, texts, times, counts, subjects, zone };
        Ok(JsonLines { reader, rules, tally: Tally::default() })
    }
}

impl Decoder for JsonLines {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let JsonLines { reader, rules, tally } = self;
        let found = reader.read(frame)?;
        let kind = rules.kind(&found)?;
        let time = rules.time(&found)?;
        let mut row = Row::new(time, kind, offset);
        if let Some(rule) = &rules.outcome {
            row.outcome = outcome(rule, &found);
        }
        let mut method = "";
        for rule in &rules.texts {
            let text = rule.text(&found);
            if text.is_empty() {
                tally.note(rule, &found);
            }
            match rule.field {
                Field::Resource => {
                    let (asked, path) = request_line(text);
                    (method, row.resource) = (asked, endpoint(path));
                }
                Field::SourceIp => row.source_ip = address(text),
                field => field.put(&mut row, text),
            }
        }
        if row.action.is_empty() {
            row.action = method;
        }
        for rule in &rules.times {
            let said = || rule.slots.iter().find_map(|slot| when::instant(&found, *slot, rules.zone.as_ref()));
            let at = if found.has_any(rule.bits) { said() } else { None };
            if at.is_none() {
                tally.note(rule, &found);
            }
            match rule.field {
                Field::IssuedAt => row.issued_at = at,
                Field::ExpiresAt => row.expires_at = at,
                _ => row.idle_since = at,
            }
        }
        for rule in &rules.counts {
            let said = || rule.slots.iter().find_map(|slot| count(&found, *slot));
            let number = if found.has_any(rule.bits) { said() } else { None };
            if number.is_none() {
                tally.note(rule, &found);
            }
            match rule.field {
                Field::SubjectCount => row.subject_count = number,
                _ => row.sequence = number,
            }
        }
        let Some(rule) = &rules.subjects else {
            out.push(&row);
            return Ok(());
        };
        let said = |slot: &&usize| !found.text(**slot).is_empty() || found.has_several(**slot);
        let slot = if found.has_any(rule.bits) { rule.slots.iter().find(said) } else { None };
        let Some(slot) = slot else {
            tally.note(rule, &found);
            out.push(&row);
            return Ok(());
        };
        with_subjects(found.texts(*slot), |subjects| {
            out.push(&Row { data_subjects: subjects, ..row });
        });
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = repairs(&self.reader);
        for (at, field) in Field::ALL.into_iter().enumerate() {
            let mut add = |what, count: Option<&u64>| {
                if let Some(count @ 1..) = count.copied() {
                    notes.push(Note { what, of: field.name(), count });
                }
            };
            add("absent", self.tally.absent.get(at));
            add("unreadable", self.tally.unreadable.get(at));
        }
        notes
    }
}

/// Lends the subjects as a slice; a few of them without allocation.
fn with_subjects<'a>(mut subjects: impl Iterator<Item = &'a str>, then: impl FnOnce(&[&'a str])) {
    let mut few = [""; SUBJECTS_INLINE];
    let mut count = 0;
    for (place, subject) in few.iter_mut().zip(&mut subjects) {
        *place = subject;
        count += 1;
    }
    match subjects.next() {
        None => then(few.get(..count).unwrap_or_default()),
        Some(next) => {
            let mut many = few.to_vec();
            many.push(next);
            many.extend(subjects);
            then(&many);
        }
    }
}

impl Rules {
    fn kind(&self, found: &Found<'_>) -> Result<EventKind, Reason> {
        let Some(rule) = &self.kind else { return Ok(EventKind::Used) };
        let word = rule.text(found);
        // A mapping is checked when it is compiled: what is no kind here is the log's own word.
        kind(word).or_else(|| kind(rule.default.as_deref()?)).ok_or(Reason::Unrelated)
    }

    fn time(&self, found: &Found<'_>) -> Result<EventTime, Reason> {
        let zone = self.zone.as_ref();
        if let Some(time) = self.time.slots.iter().find_map(|slot| when::instant(found, *slot, zone)) {
            return Ok(time);
        }
        match self.time.slots.iter().find(|slot| found.has(**slot)) {
            Some(slot) if zone.is_none() && when::is_local(found.text(*slot)) => {
                Err(Reason::Invalid("time", format!("{} (of an unknown zone)", found.shown(*slot))))
            }
            Some(slot) => Err(Reason::Invalid("time", found.shown(*slot))),
            // It may be that of an envelope; otherwise the record is rejected.
            None => Ok(EventTime::MIN),
        }
    }
}

impl Rule {
    fn compile(field: Field, pick: &Pick, paths: &mut Vec<(Vec<String>, Want)>) -> Result<Rule, MappingError> {
        let want = match field {
            Field::Audience => Want::Joined(' '),
            Field::Fields => Want::Joined(','),
            Field::DataSubjects => Want::Many,
            Field::Outcome => Want::Raw,
            field if field.is_time() || field.is_count() => Want::Raw,
            _ => Want::Text,
        };
        if pick.constant.is_some() && !(field.is_text() || matches!(field, Field::Kind | Field::Outcome)) {
            return Err(MappingError::Constant(field.name()));
        }
        for ours in pick.values.values().chain(&pick.constant).chain(&pick.default) {
            check(field, ours)?;
        }
        let mut slots = Vec::new();
        for path in &pick.paths {
            slots.push(paths.len());
            paths.push((keys(field, path)?, want));
        }
        let boxed = |text: &String| text.as_str().into();
        Ok(Rule {
            field,
            bits: slots.iter().map(|slot| bit(*slot)).try_fold(0, |bits, bit| Some(bits | bit?)).unwrap_or(Bits::MAX),
            slots,
            constant: pick.constant.as_ref().map_or_else(Box::default, boxed),
            values: pick.values.iter().map(|(theirs, ours)| (boxed(theirs), boxed(ours))).collect(),
            default: pick.default.as_ref().map(boxed),
        })
    }

    /// The field's text in a record, translated; empty where it has none.
    fn text<'a>(&'a self, found: &Found<'a>) -> &'a str {
        let slots = if found.has_any(self.bits) { self.slots.as_slice() } else { &[] };
        for slot in slots {
            let text = found.text(*slot);
            if !text.is_empty() {
                return if self.values.is_empty() { text } else { self.translated(text) };
            }
        }
        if self.constant.is_empty() { self.default.as_deref().unwrap_or("") } else { &self.constant }
    }

    fn translated<'a>(&'a self, text: &'a str) -> &'a str {
        self.values.get(text).or(self.default.as_ref()).map_or(text, |ours| ours)
    }
}

impl Tally {
    /// Notes a field that gave nothing: the record lacks it, or holds what cannot be read.
    fn note(&mut self, rule: &Rule, found: &Found<'_>) {
        let is_said = |slot: &usize| {
            !matches!(found.value(*slot), Value::Absent | Value::Text { len: 0, .. } | Value::Copied { len: 0, .. })
        };
        let counts = if found.has_any(rule.bits) && rule.slots.iter().any(is_said) {
            &mut self.unreadable
        } else {
            &mut self.absent
        };
        if let Some(count) = counts.get_mut(rule.field as usize) {
            *count += 1;
        }
    }
}

/// Checks that a kind or outcome of the mapping is one.
fn check(field: Field, ours: &str) -> Result<(), MappingError> {
    let wrong = |field, expected| Err(MappingError::Value { field, value: ours.to_owned(), expected });
    match field {
        Field::Kind if kind(ours).is_none() => wrong("kind", KINDS),
        Field::Outcome if outcome_word(ours).is_none() => wrong("outcome", OUTCOMES),
        _ => Ok(()),
    }
}

fn kind(word: &str) -> Option<EventKind> {
    Some(match word {
        "issued" => EventKind::Issued,
        "used" => EventKind::Used,
        "authenticated" => EventKind::Authenticated,
        "changed" => EventKind::Changed,
        "read" => EventKind::Read,
        "heartbeat" => EventKind::Heartbeat,
        _ => return None,
    })
}

fn outcome(rule: &Rule, found: &Found<'_>) -> Outcome {
    for slot in &rule.slots {
        match found.value(*slot) {
            Value::Unsigned(status) if rule.values.is_empty() => return http_outcome(status),
            Value::Unsigned(status) => return said(rule, &status.to_string()),
            Value::Bool(truth) => return said(rule, if truth { "true" } else { "false" }),
            Value::Text { len: 1.., .. } | Value::Copied { len: 1.., .. } => return said(rule, found.text(*slot)),
            _ => {}
        }
    }
    let rest = if rule.constant.is_empty() { rule.default.as_deref() } else { Some(&*rule.constant) };
    rest.and_then(outcome_word).unwrap_or_default()
}

/// What a word or number of the log says of the outcome.
fn said(rule: &Rule, word: &str) -> Outcome {
    let known = rule.values.get(word).and_then(|ours| outcome_word(ours));
    let known = known.or_else(|| outcome_word(word)).or_else(|| word.parse().ok().map(http_outcome));
    known.or_else(|| rule.default.as_deref().and_then(outcome_word)).unwrap_or_default()
}

/// The outcome that a common word stands for.
pub(crate) fn outcome_word(word: &str) -> Option<Outcome> {
    const ANSWERED: [&str; 11] = [
        "answered",
        "success",
        "succeeded",
        "successful",
        "ok",
        "true",
        "allow",
        "allowed",
        "granted",
        "accepted",
        "completed",
    ];
    const REFUSED: [&str; 14] = [
        "refused",
        "failure",
        "failed",
        "fail",
        "error",
        "denied",
        "deny",
        "false",
        "rejected",
        "blocked",
        "unauthorized",
        "forbidden",
        "timeout",
        "invalid",
    ];
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    if ANSWERED.iter().any(is) {
        Some(Outcome::Answered)
    } else if REFUSED.iter().any(is) {
        Some(Outcome::Refused)
    } else {
        word.eq_ignore_ascii_case("unknown").then_some(Outcome::Unknown)
    }
}

fn count(found: &Found<'_>, slot: usize) -> Option<u64> {
    match found.value(slot) {
        Value::Unsigned(number) => Some(number),
        Value::Float(number) if number >= 0.0 && number.fract() == 0.0 => Some(number as u64),
        _ => found.text(slot).parse().ok(),
    }
}
