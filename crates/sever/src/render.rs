//! What a command found, written in the format that was asked for.
//!
//! A command makes one [`Sheet`]: columns and rows, or findings, with the coverage they rest on and
//! the notes that end them. [`write`] writes it; [`aside`] writes to stderr what the format has no
//! place for, so that coverage is never lost. Nothing here decides anything.
//!
//! ```text
//!                 ┌─ table      a terminal: title, rows, what was not covered, notes; the last matters most
//!                 ├─ tsv, csv   rows only, for cut, sort and spreadsheets; coverage goes to stderr
//! Sheet ──write──►├─ json       one object: version, kind, rows, coverage, notes, exit
//!                 ├─ jsonl      a row a line, then one line with the rest of that object
//!                 ├─ markdown   for tickets
//!                 └─ sarif, ocsf  findings only, for other tools
//! ```
//!
//! Ids, names and log text come from strangers: whatever reaches a terminal goes through [`plain`].

mod cell;
mod coverage;
mod delimited;
mod finding;
mod json;
mod markdown;
mod ocsf;
mod sarif;
mod style;
mod table;

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::Value;
use sever_model::{Coverage, Finding, Meta};

use crate::exit::Exit;
use crate::hint::Failure;

pub use coverage::not_covered;
pub use delimited::Lines;
pub use finding::finding_page;
pub use style::{ColorChoice, Style, Tone, plain};

/// A format that a sheet can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// Tab-separated, for pipes.
    Tsv,
    /// One object with coverage in it.
    Json,
    /// A row a line, coverage last.
    Jsonl,
    /// Comma-separated, for spreadsheets.
    Csv,
    /// For tickets and wikis.
    Markdown,
    /// SARIF 2.1.0; findings only.
    Sarif,
    /// OCSF Detection Findings (class 2004), one a line; findings only.
    Ocsf,
}

impl Format {
    /// The format when none is asked for.
    pub const fn default_for(is_terminal: bool) -> Format {
        if is_terminal { Format::Table } else { Format::Tsv }
    }

    /// Its name, as the flag takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Tsv => "tsv",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Markdown => "markdown",
            Format::Sarif => "sarif",
            Format::Ocsf => "ocsf",
        }
    }
}

/// How a column is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// As its values suggest: quantities to the right, sentences wrapped, the rest to the left.
    #[default]
    Auto,
    /// Ids, times and words: to the left, never broken.
    Left,
    /// Quantities: to the right, in tables with thousands separators.
    Right,
    /// Sentences: to the left, wrapped where the terminal is too narrow.
    Text,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name: lower case, words joined by `_`, as in JSON.
    pub name: Cow<'static, str>,
    /// How it is laid out.
    pub align: Align,
}

impl Column {
    /// A column of this name, laid out as its values suggest.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Column {
        Column { name: name.into(), align: Align::Auto }
    }

    /// Laid out this way.
    pub fn align(self, align: Align) -> Column {
        Column { align, ..self }
    }
}

/// What a command found.
#[derive(Debug, Default)]
pub struct Sheet {
    /// What the rows are: `people`, `findings`, `events` …
    pub kind: &'static str,
    /// One line above the table; may be empty.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The columns that a table shows, where it does not show all.
    pub brief: Vec<&'static str>,
    /// The rows, each as long as `columns`; `null` is absence.
    pub rows: Vec<Vec<Value>>,
    /// The findings, where the rows are of findings: JSON, SARIF and OCSF hold them whole.
    pub findings: Vec<Finding>,
    /// The detectors that were asked, whether they spoke or not: SARIF's rules, and what OCSF says
    /// of a finding's detector.
    pub rules: Vec<&'static Meta>,
    /// What was seen, and what was not.
    pub coverage: Coverage,
    /// Figures of the whole, for JSON: `summary`.
    pub summary: serde_json::Map<String, Value>,
    /// What was judged and what could not be; the most important last.
    pub notes: Vec<String>,
    /// What the run came to, for JSON and SARIF; empty where the command does not say.
    pub exits: Vec<Exit>,
}

impl Sheet {
    /// An empty sheet of this kind, with a title (which may be empty) and columns of these names.
    pub fn new(kind: &'static str, title: impl Into<String>, columns: &[&'static str]) -> Sheet {
        let columns = columns.iter().map(|name| Column::new(*name)).collect();
        Sheet { kind, title: title.into(), columns, ..Sheet::default() }
    }

    /// With only these columns in tables.
    pub fn brief(mut self, columns: &[&'static str]) -> Sheet {
        self.brief = columns.to_vec();
        self
    }

    /// Refuses a format that this kind of sheet has no meaning in.
    ///
    /// # Errors
    /// A usage error, for SARIF or OCSF of anything but findings.
    pub fn fits(&self, format: Format) -> Result<(), Failure> {
        match format {
            Format::Sarif | Format::Ocsf if self.kind != "findings" => {
                Err(Failure::usage(format!("`{}` holds findings only, and this is {}", format.name(), self.kind))
                    .hint("use `--format json`; `sever check`, `sever scan` and `sever findings` print findings"))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a sheet.
///
/// # Errors
/// When `out` cannot be written, or the format does not fit ([`Sheet::fits`] says so earlier and
/// better).
pub fn write(out: &mut dyn Write, sheet: &Sheet, format: Format, style: &Style) -> io::Result<()> {
    sheet.fits(format).map_err(io::Error::other)?;
    match format {
        Format::Table => table::write(out, sheet, style),
        Format::Tsv | Format::Csv => {
            let mut lines = Lines::begin(out, sheet.columns.clone(), format)?;
            sheet.rows.iter().try_for_each(|row| lines.row(row))
        }
        Format::Json => json::write(out, sheet),
        Format::Jsonl => json::write_lines(out, sheet),
        Format::Markdown => markdown::write(out, sheet),
        Format::Sarif => sarif::write(out, sheet),
        Format::Ocsf => ocsf::write(out, sheet),
    }
}

/// Writes to stderr what the format has no place for: coverage and notes beside bare rows.
///
/// # Errors
/// When `err` cannot be written.
pub fn aside(err: &mut dyn Write, sheet: &Sheet, format: Format, style: &Style) -> io::Result<()> {
    match format {
        Format::Tsv | Format::Csv | Format::Ocsf => table::write_tail(err, sheet, style),
        Format::Table | Format::Json | Format::Jsonl | Format::Markdown | Format::Sarif => Ok(()),
    }
}

#[cfg(test)]
mod tests;
