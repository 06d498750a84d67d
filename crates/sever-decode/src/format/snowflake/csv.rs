//! Rows of CSV, read into the fields that the other exports have as members of an object.
//!
//! A value with a line break in it would need another framing: its row is a reject. What is not UTF-8
//! is repaired, for whoever tries to sign in chooses the name that is logged.

use sever_model::port::Reason;

use crate::format::repaired;
use crate::json::{Column, Found, Reader};
use crate::search::nearest;

/// Most columns that are read: the view has about twenty.
const COLUMNS_MAX: usize = 256;

/// A table whose header has been met.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What they stand for.
    columns: Vec<Column>,
    /// Kept from row to row, so that reading one allocates nothing.
    values: Vec<String>,
}

/// Whether a line is LOGIN_HISTORY's header.
pub(super) fn is_header(line: &str) -> bool {
    // No row begins like a column's name but where its first value is a name: most are told here.
    let begins = line.trim_start().trim_start_matches('"').as_bytes().first();
    if !begins.is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let has = |column: &str| line.split(',').any(|it| it.trim().trim_matches('"').eq_ignore_ascii_case(column));
    has("EVENT_TIMESTAMP") && has("EVENT_TYPE") && has("USER_NAME")
}

impl Table {
    /// Reads a line; nothing of a header.
    ///
    /// # Errors
    /// When no header came before it, or it has more values than that.
    pub fn read<'r>(&mut self, line: &[u8], reader: &'r mut Reader) -> Result<Option<Found<'r>>, Reason> {
        let text = repaired(line);
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        if is_header(text) {
            let count = values(text, &mut self.values).min(COLUMNS_MAX);
            self.columns = self.values.iter().take(count).map(|name| reader.column(name)).collect();
            return Ok(None);
        }
        if self.columns.is_empty() {
            return Err(Reason::Syntax("not JSON".to_owned()));
        }
        let count = values(text, &mut self.values);
        if count > self.columns.len() {
            return Err(Reason::Syntax("more values than columns".to_owned()));
        }
        if count < self.columns.len() {
            return Err(Reason::Truncated);
        }
        reader.begin_row();
        for (column, value) in self.columns.iter().zip(&self.values).filter(|(_, value)| !value.is_empty()) {
            reader.put_in_row(*column, value);
        }
        Ok(Some(reader.end_row()))
    }
}

/// The values of a line, without their quotation marks, written over those of another: how many.
fn values(line: &str, values: &mut Vec<String>) -> usize {
    let (mut count, mut quoted, mut rest) = (0, false, line);
    begin(values, count);
    let tells = |byte| matches!(byte, b'"' | b',');
    while let Some(at) = nearest(rest.as_bytes(), tells, |far| memchr::memchr2(b'"', b',', far)) {
        let (Some(before), Some(after)) = (rest.get(..at), rest.get(at + 1..)) else { break };
        let is_mark = rest.as_bytes().get(at) == Some(&b'"');
        rest = after;
        if let Some(value) = values.get_mut(count) {
            value.push_str(before);
            if quoted && !is_mark {
                value.push(',');
            } else if quoted && let Some(doubled) = rest.strip_prefix('"') {
                value.push('"');
                rest = doubled;
                continue;
            }
        }
        if is_mark {
            quoted = !quoted;
        } else if !quoted {
            count += 1;
            begin(values, count);
        }
    }
    if let Some(value) = values.get_mut(count) {
        value.push_str(rest);
    }
    count + 1
}

/// Empties the n-th value, which is made if need be.
fn begin(values: &mut Vec<String>, at: usize) {
    match values.get_mut(at) {
        Some(value) => value.clear(),
        None => values.push(String::new()),
    }
}
