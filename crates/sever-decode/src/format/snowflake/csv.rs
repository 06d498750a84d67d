//! Rows of CSV, made into the JSON that the other exports are: one reader then does for both.
//!
//! A value with a line break in it would need another framing: its row is a reject. What is not UTF-8
//! is repaired, for whoever tries to sign in chooses the name that is logged.

use sever_model::port::Reason;

/// Most columns that are read: the view has about twenty.
const COLUMNS_MAX: usize = 256;

/// A table whose header has been met.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    json: String,
}

/// What a line is.
pub(super) enum Line<'a> {
    Header,
    Row(&'a [u8]),
}

/// Whether a line is LOGIN_HISTORY's header.
pub(super) fn is_header(line: &str) -> bool {
    let has = |column: &str| line.split(',').any(|it| it.trim().trim_matches('"').eq_ignore_ascii_case(column));
    has("EVENT_TIMESTAMP") && has("EVENT_TYPE") && has("USER_NAME")
}

impl Table {
    /// Reads a line.
    ///
    /// # Errors
    /// When no header came before it, or it has more values than that.
    pub fn read(&mut self, line: &[u8]) -> Result<Line<'_>, Reason> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        if is_header(text) {
            self.columns = values(text).into_iter().take(COLUMNS_MAX).collect();
            return Ok(Line::Header);
        }
        if self.columns.is_empty() {
            return Err(Reason::Syntax("not JSON".to_owned()));
        }
        let values = values(text);
        if values.len() > self.columns.len() {
            return Err(Reason::Syntax("more values than columns".to_owned()));
        }
        if values.len() < self.columns.len() {
            return Err(Reason::Truncated);
        }
        self.json.clear();
        for (column, value) in self.columns.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
            self.json.push(if self.json.is_empty() { '{' } else { ',' });
            // Text is written as JSON text without fail.
            self.json.push_str(&serde_json::to_string(column).unwrap_or_default());
            self.json.push(':');
            self.json.push_str(&serde_json::to_string(value).unwrap_or_default());
        }
        self.json.push_str(if self.json.is_empty() { "{}" } else { "}" });
        Ok(Line::Row(self.json.as_bytes()))
    }
}

/// The values of a line, without their quotation marks.
fn values(line: &str) -> Vec<String> {
    let (mut values, mut value, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                value.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => values.push(std::mem::take(&mut value)),
            other => value.push(other),
        }
    }
    values.push(value);
    values
}
