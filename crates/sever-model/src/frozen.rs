//! Frozen answers: what was known of a reach at one moment, and from what.
//!
//! *What was known when* is part of the evidence: the answer of the first night is not corrected, it
//! stands beside the next one, and the difference is explained. A frozen answer holds the question,
//! the numbers, the way from the lower to the upper bound, the days, what was not covered, and the
//! digests of what it was made from. It never holds the id of a subject.
//!
//! Its digest is SHA-256 over the canonical JSON (RFC 8785) of everything but the digest, so that
//! anybody can make it again, and a changed figure is found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{EventTime, WallTime, counted};

/// The version of the shape.
pub const FROZEN_VERSION: u32 = 1;

/// An answer that no longer changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// [`FROZEN_VERSION`].
    pub version: u32,
    /// When it was answered.
    pub at: WallTime,
    /// What was asked.
    pub question: Question,
    /// The numbers.
    pub figures: Figures,
    /// The way from the lower to the upper bound.
    pub steps: Vec<FrozenStep>,
    /// Day by day, in order.
    pub by_day: Vec<FrozenDay>,
    /// Distinct people by field.
    pub by_field: BTreeMap<String, u64>,
    /// Distinct people by what was asked for.
    pub by_endpoint: BTreeMap<String, u64>,
    /// What the logs cover and what they do not, a sentence each.
    pub coverage: Vec<String>,
    /// What it was made from.
    pub inputs: Inputs,
    /// See [`Frozen::digest_of`].
    pub digest: String,
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Whose reach: kind and id.
    pub things: Vec<(String, String)>,
    /// Only uses judged so.
    pub judged: Option<String>,
    /// Only uses from then on.
    pub from: Option<EventTime>,
    /// Only uses before then.
    pub to: Option<EventTime>,
}

/// The numbers of an answer. Four of them must not be confused: views, people, people × fields, and
/// what was kept by whoever asked, which no log says and so is not here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Requests that were answered.
    pub views: u64,
    /// Distinct people, at least.
    pub at_least: u64,
    /// Distinct people, at most; nothing where that is unknown.
    pub at_most: Option<u64>,
    /// Distinct pairs of a person and a field; nothing where no log says which fields were in answers.
    pub people_by_field: Option<u64>,
    /// Of the people, members by the register.
    pub members: u64,
    /// Of the people, those who are not.
    pub others: u64,
    /// Named and deleted before the use.
    pub deleted: u64,
    /// Named and never given out: nobody's data.
    pub nonexistent: u64,
    /// Named and perhaps younger than the register.
    pub younger: u64,
    /// Requests.
    pub attempted: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those of which the log does not say.
    pub outcome_unknown: u64,
    /// Answers that do not say whose data they gave.
    pub unsaid: u64,
    /// People who were counted and not named.
    pub unnamed: u64,
    /// Distinct network addresses; nothing where they were not looked at.
    pub addresses: Option<u64>,
    /// The first request.
    pub first: Option<EventTime>,
    /// The last.
    pub last: Option<EventTime>,
}

/// One level of the bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenStep {
    /// What it adds.
    pub what: String,
    /// How many people.
    pub adds: u64,
    /// How many there are with it.
    pub total: u64,
}

/// One day, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenDay {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Requests answered, or of unknown outcome.
    pub requests: u64,
    /// Distinct people of that day.
    pub people: u64,
    /// Those touched for the first time.
    pub new: u64,
}

/// What an answer was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The number of the lake's commit.
    pub commit: u64,
    /// The segments that counted: `day=2025-04-14/scan-1-0.parquet`.
    pub segments: BTreeSet<String>,
    /// How many bytes of each log were read.
    pub logs: BTreeMap<String, u64>,
    /// What told who exists and who is a member.
    pub register: Option<String>,
    /// The tables that name people who are only in an answer: digest by endpoint.
    pub resolvers: BTreeMap<String, String>,
    /// The tables that name whom an export held: digest by reference.
    pub subject_sets: BTreeMap<String, String>,
    /// An independent count of requests that caps the upper bound.
    pub cap: Option<Cap>,
    /// The program that answered.
    pub program: String,
}

/// An independent count of requests: a load balancer's, a bill's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// There were no more than so many in all.
    pub requests_at_most: u64,
    /// One request gives no more people's data than this.
    pub people_per_request: u64,
    /// Where the count comes from.
    pub source: String,
}

/// What is different between two answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// Numbers that moved.
    pub moved: Vec<Moved>,
    /// Inputs that changed.
    pub changed: Vec<Moved>,
    /// Why, as far as the inputs tell.
    pub why: Vec<String>,
}

/// Something that was so and is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What.
    pub what: String,
    /// How it was.
    pub was: String,
    /// How it is.
    pub is: String,
}

/// Why a file is no frozen answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrozenError {
    /// It is something else, or of another version.
    #[error("it is no frozen answer: {0}")]
    Shape(String),
    /// Its digest is not that of what it says.
    #[error("it was changed since it was frozen: its digest is {is}, and it says {says}")]
    Changed {
        /// The digest of what it says.
        is: String,
        /// The digest that it gives.
        says: String,
    },
}

impl Frozen {
    /// The answer with its digest.
    pub fn sealed(self) -> Frozen {
        Frozen { digest: self.digest_of(), ..self }
    }

    /// Reads a frozen answer, and holds it against its digest.
    ///
    /// # Errors
    /// When it is none, or was changed.
    pub fn parse(bytes: &[u8]) -> Result<Frozen, FrozenError> {
        let frozen: Frozen = serde_json::from_slice(bytes).map_err(|error| FrozenError::Shape(error.to_string()))?;
        if frozen.version != FROZEN_VERSION {
            return Err(FrozenError::Shape(format!("its version is {}, not {FROZEN_VERSION}", frozen.version)));
        }
        let is = frozen.digest_of();
        if is.is_empty() || is != frozen.digest {
            return Err(FrozenError::Changed { is, says: frozen.digest });
        }
        Ok(frozen)
    }

    /// SHA-256, in hexadecimal, of everything but the digest as canonical JSON (RFC 8785). Empty where
    /// it has no canonical form: one that holds only texts and whole numbers has one.
    pub fn digest_of(&self) -> String {
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else { return String::new() };
        members.remove("digest");
        let bytes = serde_json_canonicalizer::to_vec(&members).unwrap_or_default();
        if bytes.is_empty() { String::new() } else { hex(&Sha256::digest(&bytes)) }
    }

    /// What moved from this answer to a later one, and why.
    pub fn differences(&self, later: &Frozen) -> Differences {
        let mut differences = Differences { moved: moved(&self.figures, &later.figures), ..Differences::default() };
        let why = &mut differences.why;
        if self.question != later.question {
            why.push("another question was asked: these are not two versions of one answer".to_owned());
        }
        let (was, is) = (&self.inputs, &later.inputs);
        logs(was, is, &mut differences.changed);
        days(was, is, &mut differences);
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        if was.register != is.register {
            differences.changed.push(change("register", &text(&was.register), &text(&is.register)));
            differences.why.push("another register tells who exists and who is a member".to_owned());
        }
        tables("resolver", &was.resolvers, &is.resolvers, &mut differences);
        tables("subject set", &was.subject_sets, &is.subject_sets, &mut differences);
        if was.cap != is.cap {
            let said = |cap: &Option<Cap>| cap.as_ref().map_or_else(|| "none".to_owned(), Cap::to_string);
            differences.changed.push(change("requests at most", &said(&was.cap), &said(&is.cap)));
            differences.why.push("another independent count of requests caps the upper bound".to_owned());
        }
        if was.program != is.program {
            differences.changed.push(change("program", &was.program, &is.program));
            differences.why.push("another version of this program answered".to_owned());
        }
        if differences.why.is_empty() && !differences.moved.is_empty() {
            differences.why.push("no input that is kept track of changed, and yet the numbers did".to_owned());
        }
        differences
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cap { requests_at_most, people_per_request, source } = self;
        write!(f, "{requests_at_most} of at most {} each, by {source}", counted(*people_per_request, "person"))
    }
}

/// Logs that are told one by one.
const LOGS_TOLD: usize = 5;

/// The logs that were read further, or not at all: each of a few, else all together.
fn logs(was: &Inputs, is: &Inputs, into: &mut Vec<Moved>) {
    let read = |inputs: &Inputs, log: &String| {
        inputs.logs.get(log).map_or_else(|| "not read".to_owned(), |bytes| counted(*bytes, "byte"))
    };
    let all: BTreeSet<&String> = was.logs.keys().chain(is.logs.keys()).collect();
    let other: Vec<&String> = all.into_iter().filter(|log| was.logs.get(*log) != is.logs.get(*log)).collect();
    if other.len() <= LOGS_TOLD {
        into.extend(other.into_iter().map(|log| change(&format!("log {log}"), &read(was, log), &read(is, log))));
        return;
    }
    let sum = |inputs: &Inputs| {
        let logs = counted(inputs.logs.len() as u64, "log");
        format!("{logs}, {}", counted(inputs.logs.values().sum(), "byte"))
    };
    into.push(change("logs", &sum(was), &sum(is)));
}

/// The days whose rows are others now: new ones come from logs, known ones were judged again.
fn days(was: &Inputs, is: &Inputs, into: &mut Differences) {
    let by_day = |inputs: &Inputs| {
        let mut days: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for segment in &inputs.segments {
            let (day, file) = segment.split_once('/').unwrap_or(("", segment));
            days.entry(day.trim_start_matches("day=").to_owned()).or_default().insert(file.to_owned());
        }
        days
    };
    let (before, after) = (by_day(was), by_day(is));
    let new: Vec<&String> = after.keys().filter(|day| !before.contains_key(*day)).collect();
    let gone: Vec<&String> = before.keys().filter(|day| !after.contains_key(*day)).collect();
    let again: Vec<&String> = after
        .iter()
        .filter(|(day, files)| before.get(*day).is_some_and(|were| were != *files))
        .map(|it| it.0)
        .collect();
    if was.commit != is.commit {
        into.changed.push(change("lake commit", &was.commit.to_string(), &is.commit.to_string()));
    }
    for (days, which, why) in [
        (new, "new", "more logs were read"),
        (gone, "gone", "uses are no longer kept: retention or erasure"),
        (again, "other rows", "uses were judged again or added: another judgement, or more of that day's logs"),
    ] {
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            let span = format!("{}, {first} to {last}", counted(days.len() as u64, "day"));
            into.changed.push(change("days of the lake", "", &format!("{which}: {span}")));
            into.why.push(format!("{why} ({span})"));
        }
    }
}

fn tables(what: &str, was: &BTreeMap<String, String>, is: &BTreeMap<String, String>, into: &mut Differences) {
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let none = "none".to_owned();
    let before = into.changed.len();
    for name in names {
        let (before, after) = (was.get(name).unwrap_or(&none), is.get(name).unwrap_or(&none));
        if before != after {
            into.changed.push(change(&format!("{what} {name}"), before, after));
        }
    }
    if into.changed.len() > before {
        into.why.push(format!("another {what} names people in answers"));
    }
}

fn change(what: &str, was: &str, is: &str) -> Moved {
    Moved { what: what.to_owned(), was: was.to_owned(), is: is.to_owned() }
}

/// Every figure that moved, in the order of the figures.
fn moved(was: &Figures, is: &Figures) -> Vec<Moved> {
    let members = |figures: &Figures| match serde_json::to_value(figures) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let (was, is) = (members(was), members(is));
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "unknown".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let differ = is.iter().filter(|(name, value)| was.get(*name) != Some(value));
    differ.map(|(name, value)| change(&name.replace('_', " "), &text(was.get(name)), &text(Some(value)))).collect()
}

/// SHA-256 of bytes in hexadecimal, as inputs are told apart by.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string never fails.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests;
