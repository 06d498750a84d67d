//! Decoding a log into something that can be compared.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sever_decode::{Accounting, Format, LogStream, Mapping};
use sever_model::port::EventSink;
use sever_model::{EventTime, Limits, Row};

/// Events as JSON objects, absent fields left out; those without a time, which are rejected, too.
#[derive(Default)]
pub struct Events(pub Vec<Value>);

impl EventSink for Events {
    fn push(&mut self, row: &Row<'_>) {
        self.0.push(event(row));
    }

    fn untimed(&mut self, row: &Row<'_>) {
        self.0.push(event(row));
    }
}

/// Decodes a whole log, pushed in chunks of this many bytes.
pub fn decode(
    format: &'static Format,
    mapping: Option<&Mapping>,
    log: &[u8],
    chunk: usize,
) -> (Vec<Value>, Accounting) {
    decode_within(format, mapping, log, chunk, &Limits::default())
}

/// The same within other limits.
pub fn decode_within(
    format: &'static Format,
    mapping: Option<&Mapping>,
    log: &[u8],
    chunk: usize,
    limits: &Limits,
) -> (Vec<Value>, Accounting) {
    let stream = LogStream::of(format, mapping, limits);
    let mut stream = stream.unwrap_or_else(|error| panic!("{}: {error}", format.id));
    let mut events = Events::default();
    for part in log.chunks(chunk) {
        stream.feed(part, &mut events);
    }
    stream.finish(&mut events);
    (events.0, stream.accounting().clone())
}

fn event(row: &Row<'_>) -> Value {
    let mut event = Map::new();
    let mut put = |field: &str, value: Value| {
        if value != json!("") && value != json!([]) && value != Value::Null {
            event.insert(field.to_owned(), value);
        }
    };
    let time = |at: Option<EventTime>| at.map_or(Value::Null, |at| json!(at.to_string()));
    put("time", time(Some(row.time).filter(|at| *at != EventTime::MIN)));
    put("kind", json!(row.kind));
    put("outcome", json!(row.outcome));
    put("actor", json!(row.actor));
    put("account", json!(row.account));
    put("action", json!(row.action));
    put("issuer", json!(row.issuer));
    put("token_type", json!(row.token_type));
    put("audience", json!(row.audience));
    put("client", json!(row.client));
    put("key_id", json!(row.key_id));
    put("credential", json!(row.credential));
    put("session", json!(row.session));
    put("parent", json!(row.parent));
    put("token_subject", json!(row.token_subject));
    put("issued_at", time(row.issued_at));
    put("expires_at", time(row.expires_at));
    put("data_subjects", json!(row.data_subjects));
    put("subject_count", json!(row.subject_count));
    put("subject_ref", json!(row.subject_ref));
    put("fields", json!(row.fields));
    put("resource", json!(row.resource));
    put("source_ip", json!(row.source_ip));
    put("user_agent", json!(row.user_agent));
    put("node", json!(row.node));
    put("sequence", json!(row.sequence));
    put("idle_since", time(row.idle_since));
    put("offset", json!(row.offset));
    Value::Object(event)
}

/// An accounting with every reject, one to a line.
pub fn summary(accounting: &Accounting) -> String {
    let rejects: Vec<String> = accounting
        .kept
        .iter()
        .map(|reject| {
            json!({
                "offset": reject.offset, "line": reject.line, "bytes": reject.bytes,
                "reason": reject.reason.to_string(),
            })
            .to_string()
        })
        .collect();
    let notes: Vec<String> =
        accounting.notes.iter().map(|note| format!("{} {}: {}", note.what, note.of, note.count)).collect();
    let counts = json!({
        "bytes": accounting.bytes, "frames": accounting.frames, "events": accounting.events,
        "event_bytes": accounting.event_bytes, "rejected_bytes": accounting.rejected_bytes,
        "blank_bytes": accounting.blank_bytes, "by_reason": accounting.by_reason, "notes": notes,
    });
    let rejects = if rejects.is_empty() { String::new() } else { format!("\n  {}\n", rejects.join(",\n  ")) };
    format!("{{\"counts\": {counts},\n\"rejects\": [{rejects}]}}\n")
}

/// What is in a folder, by name.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

/// A file's name.
pub fn name(path: &Path) -> String {
    path.file_name().expect("a file name").to_string_lossy().into_owned()
}

/// A file beside a log: its name up to the first dot, and this ending.
pub fn beside(log: &Path, ending: &str) -> PathBuf {
    let stem = name(log);
    let stem = stem.split('.').next().unwrap_or(&stem);
    log.with_file_name(format!("{stem}.{ending}"))
}

/// The logs of a folder: all but what is expected of them.
pub fn logs(folder: &Path) -> Vec<PathBuf> {
    let ours = [".events.jsonl", ".summary.json", ".map.toml"];
    entries(folder).into_iter().filter(|path| !ours.iter().any(|ending| name(path).ends_with(ending))).collect()
}
