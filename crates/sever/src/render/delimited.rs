//! Rows as lines: tab-separated, comma-separated, or a JSON object each. For long output, a command
//! can write rows as they come ([`Lines`]) and hold none of them.

use std::io::{self, Write};

use serde_json::Value;

use super::cell::exact;
use super::{Column, Format, json, plain};

/// Writes rows one at a time.
pub struct Lines<'a> {
    out: &'a mut dyn Write,
    columns: Vec<Column>,
    format: Format,
}

impl<'a> Lines<'a> {
    /// Begins, with a header line where the format has one.
    ///
    /// # Errors
    /// When `out` cannot be written, or the format is not one of lines (`tsv`, `csv`, `jsonl`).
    pub fn begin(out: &'a mut dyn Write, columns: Vec<Column>, format: Format) -> io::Result<Lines<'a>> {
        let mut lines = Lines { out, columns, format };
        match format {
            Format::Jsonl => {}
            Format::Tsv | Format::Csv => {
                let names: Vec<Value> = lines.columns.iter().map(|column| Value::from(&*column.name)).collect();
                lines.row(&names)?;
            }
            _ => return Err(io::Error::other("this format is not written row by row")),
        }
        Ok(lines)
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn row(&mut self, row: &[Value]) -> io::Result<()> {
        match self.format {
            Format::Csv => write_csv(self.out, row),
            Format::Jsonl => {
                serde_json::to_writer(&mut *self.out, &json::Object::of(&self.columns, row))?;
                writeln!(self.out)
            }
            _ => write_tsv(self.out, row),
        }
    }
}

/// Control characters, tabs and line ends are escaped, so that a line is a row and a tab a column.
fn write_tsv(out: &mut dyn Write, row: &[Value]) -> io::Result<()> {
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            out.write_all(b"\t")?;
        }
        out.write_all(plain(&exact(value)).as_bytes())?;
    }
    writeln!(out)
}

fn write_csv(out: &mut dyn Write, row: &[Value]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for value in row {
        let text = exact(value);
        if value.is_string() && is_formula(&text) {
            writer.write_field(format!("'{text}"))?;
        } else {
            writer.write_field(text.as_bytes())?;
        }
    }
    writer.write_record(None::<&[u8]>)?;
    writer.flush()
}

/// Whether a spreadsheet would run the text. What an attacker writes into a log ends up in an
/// analyst's spreadsheet; an id that merely begins with a dash must stay as it is.
///
/// Source: OWASP, CSV Injection; a call needs `(`, a DDE link `|` or `!`.
fn is_formula(text: &str) -> bool {
    text.starts_with('=') || (text.starts_with(['+', '-', '@', '\t', '\r']) && text.contains(['(', '|', '!']))
}
