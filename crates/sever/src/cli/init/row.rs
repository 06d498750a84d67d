//! One mapped row of an export, as one line: what would be believed if the proposal stood.

use serde_json::Value;
use sever_model::{Bound, Record};

/// A record's kind, its fields that say something, and since when until when it was true.
pub(super) fn row(record: &Record) -> String {
    let mut line = record.fact.kind().word().to_owned();
    // Every fact is an enum's variant with one struct in it: `{"account": {…}}`.
    let fields = serde_json::to_value(&record.fact).ok();
    let fields = fields.as_ref().and_then(Value::as_object).and_then(|fact| fact.values().next()?.as_object().cloned());
    for (field, value) in fields.into_iter().flatten() {
        let text = words(&value);
        if !text.is_empty() {
            line.push_str(&format!(" {field}={text}"));
        }
    }
    for (word, bound) in [("from", record.valid.from), ("until", record.valid.to)] {
        match bound {
            Bound::Unbounded => {}
            Bound::At(at) => line.push_str(&format!(" {word}={at}")),
            Bound::Between(earliest, latest) => line.push_str(&format!(" {word}={earliest}..{latest}")),
        }
    }
    crate::render::plain(&line).into_owned()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(","),
        Value::Object(fields) => fields.values().map(words).collect::<Vec<_>>().join(":"),
        other => other.to_string(),
    }
}
