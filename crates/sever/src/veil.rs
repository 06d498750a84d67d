//! The veil: people who still work here are shown as pseudonyms.
//!
//! Every answer passes it on its way out. Each text in it, and each word of a longer one, is looked up
//! among the names that the last `sync` knew; one that gives a person away who is employed at this
//! moment is replaced. Leavers, programs and accounts of nobody keep their names: they are what is
//! asked about. `--reveal` lifts the veil, for a role that may, with a reason, and is recorded.
//!
//! It hides names from readers of answers; whoever may read the data directory or the sources can
//! read them there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::PathBuf;

use serde_json::Value;
use sever_model::{EventTime, Finding};
use sever_store::Store;

use crate::hint::Failure;
use crate::render::Sheet;

/// Longest name in words, as people's names go.
const WORDS_MAX: usize = 3;

/// Replaces the names of people who are employed.
pub struct Veil {
    dir: PathBuf,
    now: EventTime,
    opened: RefCell<Option<(tokio::runtime::Runtime, Store)>>,
}

impl Veil {
    /// The veil over one data directory, at this moment.
    pub fn new(dir: PathBuf, now: EventTime) -> Veil {
        Veil { dir, now, opened: RefCell::new(None) }
    }

    /// An answer without names.
    ///
    /// # Errors
    /// When the names cannot be looked up: then nothing may be shown.
    pub fn sheet(&self, sheet: &Sheet) -> Result<Sheet, Failure> {
        let findings = serde_json::to_value(&sheet.findings).map_err(anyhow::Error::from)?;
        let coverage = serde_json::to_value(&sheet.coverage).map_err(anyhow::Error::from)?;
        let mut all = serde_json::json!({
            "title": sheet.title, "rows": sheet.rows, "notes": sheet.notes, "summary": sheet.summary,
            "findings": findings, "coverage": coverage,
        });
        self.value(&mut all)?;
        let mut take = |member: &str| all.get_mut(member).map(Value::take).unwrap_or_default();
        Ok(Sheet {
            kind: sheet.kind,
            title: read(take("title"))?,
            columns: sheet.columns.clone(),
            brief: sheet.brief.clone(),
            rows: read(take("rows"))?,
            findings: read(take("findings"))?,
            rules: sheet.rules.clone(),
            coverage: read(take("coverage"))?,
            summary: read(take("summary"))?,
            notes: read(take("notes"))?,
            exits: sheet.exits.clone(),
        })
    }

    /// A finding without names.
    ///
    /// # Errors
    /// As [`Veil::sheet`].
    pub fn finding(&self, finding: &Finding) -> Result<Finding, Failure> {
        let mut value = serde_json::to_value(finding).map_err(anyhow::Error::from)?;
        self.value(&mut value)?;
        read(value)
    }

    /// A document without names.
    ///
    /// # Errors
    /// As [`Veil::sheet`].
    pub fn document(&self, value: &Value) -> Result<Value, Failure> {
        let mut value = value.clone();
        self.value(&mut value)?;
        Ok(value)
    }

    /// A text without names.
    ///
    /// # Errors
    /// As [`Veil::sheet`].
    pub fn text(&self, text: &str) -> Result<String, Failure> {
        let mut value = Value::String(text.to_owned());
        self.value(&mut value)?;
        read(value)
    }

    fn value(&self, value: &mut Value) -> Result<(), Failure> {
        let mut texts = BTreeSet::new();
        collect(value, &mut texts);
        let known = self.known(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
        if !known.is_empty() {
            replace(value, &known);
        }
        Ok(())
    }

    /// Those of the texts that give away somebody who is employed, with what stands for them.
    fn known(&self, texts: &[&str]) -> Result<HashMap<String, String>, Failure> {
        let mut opened = self.opened.borrow_mut();
        if opened.is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let store = runtime.block_on(Store::open(&self.dir)).map_err(|error| Failure::new(error.to_string()))?;
            *opened = Some((runtime, store));
        }
        let Some((runtime, store)) = opened.as_ref() else { return Ok(HashMap::new()) };
        let known = runtime.block_on(store.names(texts)).map_err(|error| Failure::new(error.to_string()))?;
        let employed = known.into_iter().filter(|(_, known)| known.until.is_none_or(|until| until > self.now));
        Ok(employed.map(|(text, known)| (text.to_owned(), known.pseudonym)).collect())
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
    Ok(serde_json::from_value(value).map_err(anyhow::Error::from)?)
}

/// Every text in a value that may be a name: whole, by word, and by a few words together.
fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
            into.extend(spans(text).filter_map(|span| Some(text.get(span)?.to_owned())));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, into)),
        Value::Object(members) => members.values().for_each(|member| collect(member, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace(value: &mut Value, known: &HashMap<String, String>) {
    match value {
        Value::String(text) => *text = replaced(text, known),
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace(element, known)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replaced(text: &str, known: &HashMap<String, String>) -> String {
    if let Some(pseudonym) = known.get(text) {
        return pseudonym.clone();
    }
    let mut out = String::new();
    let mut from = 0;
    // Longer spans come first at each place, so that a full name goes before a first name.
    for span in spans(text).filter(|span| !is_count(text, span)) {
        let Some(pseudonym) = text.get(span.clone()).and_then(|word| known.get(word)) else { continue };
        if span.start < from {
            continue;
        }
        out.push_str(text.get(from..span.start).unwrap_or_default());
        out.push_str(pseudonym);
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    said_once(&out, known)
}

/// Text in which nobody is called twice: `person-x (shop/person-x)`, of a login and an id, is the latter.
fn said_once(text: &str, known: &HashMap<String, String>) -> String {
    let bare = |word: &str| word.trim_matches('`').to_owned();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (") {
        let name = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
        let stands_for = bare(name);
        let same = after.split_once(')').filter(|(id, _)| {
            let id = bare(id);
            let is_one = id.strip_suffix(&stands_for).is_some_and(|of| of.is_empty() || of.ends_with('/'));
            is_one && known.values().any(|pseudonym| *pseudonym == stands_for)
        });
        match same {
            Some((id, after)) => {
                out.push_str(before.strip_suffix(name).unwrap_or(before));
                out.push_str(id);
                rest = after;
            }
            None => {
                out.push_str(before);
                out.push_str(" (");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A number in a sentence is a count, unless it is marked as an id.
fn is_count(text: &str, span: &Range<usize>) -> bool {
    let digits = text.get(span.clone()).is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let marked = text.get(..span.start).is_some_and(|before| before.ends_with(['`', '/']));
    digits && !marked
}

/// The places of words, and of up to [`WORDS_MAX`] of them with one space between, longest first.
fn spans(text: &str) -> impl Iterator<Item = Range<usize>> {
    let words = words(text);
    (0..words.len()).flat_map(move |at| {
        let mut here: Vec<Range<usize>> = Vec::new();
        for count in 0..WORDS_MAX {
            let (Some(first), Some(last)) = (words.get(at), words.get(at + count)) else { break };
            let together = count == 0 || last.start - words.get(at + count - 1).map_or(0, |word| word.end) == 1;
            if !together {
                break;
            }
            here.push(first.start..last.end);
        }
        here.reverse();
        here
    })
}

/// The places of words: runs of what logins, ids and addresses are written in.
fn words(text: &str) -> Vec<Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '/' | '+' | '\\' | '$' | '#');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_word(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let word = text.get(from..at).unwrap_or_default();
                let head = word.len() - word.trim_start_matches(['.', '-', '/']).len();
                let trimmed = word.trim_matches(['.', '-', '/']);
                if !trimmed.is_empty() {
                    words.push(from + head..from + head + trimmed.len());
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests;
