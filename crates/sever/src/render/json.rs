//! JSON: version 1 of our own shapes.
//!
//! `json` is one object: `{"version":1, "kind", "title", "rows":[…], "coverage", "summary", "notes",
//! "exit"}`, a row a line so that it can be searched. `jsonl` is a row a line, and last that object
//! without `rows`: a reader knows it by its `version`. A row is an object of the sheet's columns; of
//! findings, the whole finding.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use sever_model::Finding;

use super::{Column, Sheet, not_covered};
use crate::exit::{self, Exit};

/// The version of the shapes.
const VERSION: u32 = 1;

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    // The rows are written one by one: there may be millions.
    let text = frame(sheet).to_string();
    out.write_all(text.strip_suffix('}').unwrap_or(&text).as_bytes())?;
    out.write_all(b",\"rows\":[")?;
    let mut first = true;
    each_row(sheet, &mut |row| {
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        out.write_all(row)
    })?;
    out.write_all(if first { b"]}\n" } else { b"\n]}\n" })
}

pub(super) fn write_lines(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    each_row(sheet, &mut |row| {
        out.write_all(row)?;
        out.write_all(b"\n")
    })?;
    writeln!(out, "{}", frame(sheet))
}

/// Everything but the rows.
fn frame(sheet: &Sheet) -> Value {
    let mut frame = json!({ "version": VERSION, "kind": sheet.kind });
    let exits = if sheet.exits.is_empty() { Vec::new() } else { exit::all(&sheet.exits) };
    let exits: Vec<Value> = exits.into_iter().map(exit_value).collect();
    let members = [
        ("title", Value::from(sheet.title.as_str())),
        ("summary", Value::Object(sheet.summary.clone())),
        ("coverage", coverage(sheet)),
        ("notes", Value::from(sheet.notes.clone())),
        ("exit", Value::Array(exits)),
    ];
    let empty = [json!(""), json!({}), json!([])];
    if let Some(object) = frame.as_object_mut() {
        let told = members.into_iter().filter(|(_, value)| !empty.contains(value));
        object.extend(told.map(|(name, value)| (name.to_owned(), value)));
    }
    frame
}

pub(super) fn coverage(sheet: &Sheet) -> Value {
    json!({
        "whole": !sheet.coverage.lines.is_empty() && sheet.coverage.is_whole(),
        "lines": sheet.coverage.lines,
        "not_covered": not_covered(&sheet.coverage),
    })
}

fn exit_value(exit: Exit) -> Value {
    json!({ "code": exit.code(), "means": exit.words() })
}

fn each_row(sheet: &Sheet, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut line = Vec::new();
    let mut give = |row: &dyn erased::Row| {
        line.clear();
        row.write(&mut line)?;
        each(&line)
    };
    if sheet.findings.is_empty() {
        return sheet.rows.iter().try_for_each(|row| give(&Object::of(&sheet.columns, row)));
    }
    sheet.findings.iter().try_for_each(|finding| give(&Whole(finding)))
}

/// The two shapes of a row behind one call.
mod erased {
    use std::io;

    pub(super) trait Row {
        fn write(&self, out: &mut Vec<u8>) -> io::Result<()>;
    }

    impl<T: serde::Serialize> Row for T {
        fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
            Ok(serde_json::to_writer(out, self)?)
        }
    }
}

/// A row as an object of its columns, absent values left out.
pub(super) struct Object<'a> {
    columns: &'a [Column],
    row: &'a [Value],
}

impl<'a> Object<'a> {
    pub(super) fn of(columns: &'a [Column], row: &'a [Value]) -> Object<'a> {
        Object { columns, row }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, value) in self.columns.iter().zip(self.row) {
            if !value.is_null() {
                map.serialize_entry(&column.name, value)?;
            }
        }
        map.end()
    }
}

/// A finding with its sentence.
pub(super) struct Whole<'a>(pub(super) &'a Finding);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Shape<'a> {
            sentence: String,
            #[serde(flatten)]
            finding: &'a Finding,
        }
        Shape { sentence: self.0.sentence(), finding: self.0 }.serialize(serializer)
    }
}
