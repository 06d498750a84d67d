//! A register's rows from CSV.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use csv::ByteRecord;
use sever_model::port::{Reason, Reject};

use super::build::{Intake, Subject};
use super::{RegisterError, RegisterInput, columns};

/// Longest header read, in bytes.
const HEADER_BYTES_MAX: u64 = 64 << 10;

/// Reads the table, and says which columns were read.
pub(super) fn read(input: &RegisterInput, intake: &mut Intake<'_>) -> Result<[Option<String>; 4], RegisterError> {
    let path = &input.path;
    let failed = |error| RegisterError::File { path: path.clone(), error };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    let delimiter = delimiter(path).map_err(failed)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .buffer_capacity(1 << 20)
        .from_path(path)
        .map_err(|error| input_error(path, &error))?;
    let header: Vec<String> = {
        let header = reader.byte_headers().map_err(|error| input_error(path, &error))?;
        header.iter().map(|name| String::from_utf8_lossy(name).trim_matches(['\u{feff}', ' ']).to_owned()).collect()
    };
    let found = input.columns.find(&header);
    let at = found.map_err(|(what, hint)| RegisterError::Input { path: path.clone(), what, hint })?;
    let names = at.map(|at| at.and_then(|at| header.get(at).cloned()));
    let kinds = names.last().is_some_and(|name| name.as_deref().is_some_and(columns::holds_kinds));

    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(names),
            Err(error) => return Err(input_error(path, &error)),
        }
        match subject(&record, &header, &at, kinds, input) {
            Ok(subject) => intake.take(&subject)?,
            Err(reason) => intake.reject(|| {
                let place = record.position();
                let length = record.as_slice().len() + record.len();
                Reject {
                    offset: place.map_or(0, csv::Position::byte),
                    line: place.map(csv::Position::line),
                    bytes: length as u64,
                    reason,
                }
            }),
        }
        intake.progress(record.position().map_or(0, csv::Position::byte), bytes);
    }
}

fn subject<'a>(
    record: &'a ByteRecord,
    header: &[String],
    at: &[Option<usize>; 4],
    kinds: bool,
    input: &RegisterInput,
) -> Result<Subject<'a>, Reason> {
    if record.len() != header.len() {
        return Err(Reason::Syntax(format!("{} fields where the header has {}", record.len(), header.len())));
    }
    let [id, created, deleted, member] = at.map(|at| at.and_then(|at| record.get(at)).unwrap_or_default());
    let id = id.trim_ascii();
    if id.is_empty() {
        return Err(Reason::Missing("id"));
    }
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8);
    text(id)?;
    Ok(Subject {
        id,
        created: columns::created(text(created)?, &input.zone)?,
        deleted: columns::deleted(text(deleted)?, &input.zone)?,
        member: columns::member(text(member)?, kinds)?,
    })
}

/// The delimiter that the header has most of.
fn delimiter(path: &Path) -> std::io::Result<u8> {
    let mut head = Vec::new();
    File::open(path)?.take(HEADER_BYTES_MAX).read_to_end(&mut head)?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    Ok([b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b','))
}

fn input_error(path: &Path, error: &csv::Error) -> RegisterError {
    RegisterError::Input { path: path.to_owned(), what: error.to_string(), hint: None }
}
