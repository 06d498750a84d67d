//! Rows of CSV, read into the fields that the other exports have as members of an object.
//!
//! A value with a line break in it would need another framing: its row is a reject. What is not UTF-8
//! is repaired, for whoever tries to sign in chooses the name that is logged.

use sever_model::port::Reason;

use crate::format::columns::Columns;
use crate::format::repaired;
use crate::json::{Column, Found, Reader};

/// Most columns that are read: the view has about twenty.
const COLUMNS_MAX: usize = 256;

/// A table whose header has been met.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What they stand for.
    header: Vec<Column>,
    columns: Columns,
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
            let names = self.columns.split(text);
            self.header = (0..names.len().min(COLUMNS_MAX)).map(|at| reader.column(names.at(at))).collect();
            return Ok(None);
        }
        if self.header.is_empty() {
            return Err(Reason::Syntax("not JSON".to_owned()));
        }
        let values = self.columns.split(text);
        if values.len() > self.header.len() {
            return Err(Reason::Syntax("more values than columns".to_owned()));
        }
        if values.len() < self.header.len() {
            return Err(Reason::Truncated);
        }
        reader.begin_row();
        for (at, column) in self.header.iter().enumerate() {
            let value = values.at(at);
            if !value.is_empty() {
                reader.put_in_row(*column, value);
            }
        }
        Ok(Some(reader.end_row()))
    }
}
