//! Markdown, for tickets and wikis.

use std::io::{self, Write};

use super::cell::readable;
use super::table::layout;
use super::{Align, Sheet, not_covered, plain};

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    if !sheet.title.is_empty() {
        writeln!(out, "## {}\n", escaped(&plain(&sheet.title)))?;
    }
    if !sheet.rows.is_empty() {
        let names = sheet.columns.iter().map(|column| escaped(&column.name.replace('_', " ")));
        write_row(out, names)?;
        let layouts = sheet.columns.iter().enumerate().map(|(at, column)| layout(sheet, at, column.align));
        let layouts: Vec<Align> = layouts.collect();
        let rules = layouts.iter().map(|align| if *align == Align::Right { "---:" } else { "---" });
        write_row(out, rules.map(str::to_owned))?;
        for row in &sheet.rows {
            let cells = layouts.iter().zip(row);
            write_row(out, cells.map(|(align, value)| escaped(&readable(value, *align))))?;
        }
        writeln!(out)?;
    }
    let uncovered = not_covered(&sheet.coverage);
    for line in &uncovered {
        writeln!(out, "- {}", escaped(&plain(line)))?;
    }
    if !uncovered.is_empty() {
        writeln!(out)?;
    }
    for note in &sheet.notes {
        writeln!(out, "{}\n", note.lines().map(|line| escaped(&plain(line))).collect::<Vec<_>>().join("  \n"))?;
    }
    Ok(())
}

fn write_row(out: &mut dyn Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Text that is shown as it is: no links, images, HTML or table cells of its own making. Backticks
/// stay, for our own messages quote in them.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // Entities would be read as what they stand for, and a bare address would become a link.
    for char in text.replace('&', "&amp;").replace("://", ":&#47;&#47;").chars() {
        match char {
            '<' => safe.push_str("&lt;"),
            '|' | '[' | ']' | '*' | '\\' | '~' => {
                safe.push('\\');
                safe.push(char);
            }
            _ => safe.push(char),
        }
    }
    safe
}
