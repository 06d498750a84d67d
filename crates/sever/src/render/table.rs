//! A table for a terminal: no borders, no noise, coverage on the screen, the most important line last.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table};

use serde_json::Value;

use super::cell::readable;
use super::{Align, Column, Sheet, Style, Tone, not_covered, plain};

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet, style: &Style) -> io::Result<()> {
    if !sheet.title.is_empty() {
        writeln!(out, "{}", style.paint(&plain(&sheet.title), Tone::Strong))?;
        writeln!(out)?;
    }
    if !sheet.rows.is_empty() {
        for line in laid_out(sheet, style).lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        if !not_covered(&sheet.coverage).is_empty() || !sheet.notes.is_empty() {
            writeln!(out)?;
        }
    }
    write_tail(out, sheet, style)
}

/// What was not covered, then the notes.
pub(super) fn write_tail(out: &mut dyn Write, sheet: &Sheet, style: &Style) -> io::Result<()> {
    for line in not_covered(&sheet.coverage) {
        writeln!(out, "{}", style.paint(&plain(&line), Tone::Warn))?;
    }
    for note in sheet.notes.iter().flat_map(|note| note.lines()) {
        match note.strip_prefix("hint: ") {
            Some(hint) => writeln!(out, "{} {}", style.paint("hint:", Tone::Hint), plain(hint))?,
            None => writeln!(out, "{}", plain(note))?,
        }
    }
    Ok(())
}

fn laid_out(sheet: &Sheet, style: &Style) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    match style.color {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    if let Some(width) = style.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let shown = shown(sheet);
    let header = shown.iter().map(|(_, column, align)| {
        let name = plain(&column.name).replace('_', " ").to_uppercase();
        aligned(Cell::new(name), *align).add_attribute(Attribute::Dim)
    });
    table.set_header(header.collect::<Vec<_>>());
    for row in &sheet.rows {
        let cells = shown.iter().map(|(at, _, align)| {
            let text = readable(row.get(*at).unwrap_or(&Value::Null), *align);
            toned(Cell::new(&text), Tone::of(&text), *align)
        });
        table.add_row(cells.collect::<Vec<_>>());
    }
    for (at, (_, _, align)) in shown.iter().enumerate() {
        if let Some(laid) = table.column_mut(at) {
            laid.set_padding((0, if at + 1 == shown.len() { 0 } else { 2 }));
            // Ids must stay whole, so that a double click takes all of one.
            if *align != Align::Text {
                laid.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table
}

/// The columns that are shown: each one's place in the rows, and how it is laid out.
fn shown(sheet: &Sheet) -> Vec<(usize, &Column, Align)> {
    let brief = |column: &Column| sheet.brief.is_empty() || sheet.brief.contains(&&*column.name);
    let places = sheet.columns.iter().enumerate().filter(|(_, column)| brief(column));
    places.map(|(at, column)| (at, column, layout(sheet, at, column.align))).collect()
}

/// How a column's values suggest that it be laid out.
pub(super) fn layout(sheet: &Sheet, at: usize, asked: Align) -> Align {
    if asked != Align::Auto {
        return asked;
    }
    let (mut numbers, mut words, mut sentences) = (false, false, false);
    for value in sheet.rows.iter().filter_map(|row| row.get(at)) {
        match value {
            Value::Null => {}
            Value::Number(_) => numbers = true,
            Value::String(text) if text.is_empty() => {}
            Value::String(text) if !text.contains(' ') => words = true,
            Value::Bool(_) => words = true,
            Value::String(_) | Value::Array(_) | Value::Object(_) => sentences = true,
        }
    }
    match (sentences, numbers && !words) {
        (true, _) => Align::Text,
        (false, true) => Align::Right,
        (false, false) => Align::Left,
    }
}

fn aligned(cell: Cell, align: Align) -> Cell {
    cell.set_alignment(if align == Align::Right { CellAlignment::Right } else { CellAlignment::Left })
}

fn toned(cell: Cell, tone: Option<Tone>, align: Align) -> Cell {
    let cell = aligned(cell, align);
    match tone {
        Some(Tone::Bad) => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Some(Tone::Warn) => cell.fg(Color::Yellow),
        Some(Tone::Good) => cell.fg(Color::Green),
        Some(Tone::Hint) => cell.fg(Color::Cyan),
        Some(Tone::Strong) => cell.add_attribute(Attribute::Bold),
        Some(Tone::Dim) => cell.add_attribute(Attribute::Dim),
        None => cell,
    }
}
