//! A table for a terminal: no borders, no noise, coverage on the screen, the most important line last.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table};

use super::cell::readable;
use super::{Align, Sheet, Style, Tone, not_covered, plain};

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
    let header = sheet.columns.iter().map(|column| {
        let name = plain(&column.name).replace('_', " ").to_uppercase();
        aligned(Cell::new(name), column.align).add_attribute(Attribute::Dim)
    });
    table.set_header(header.collect::<Vec<_>>());
    for row in &sheet.rows {
        let cells = sheet.columns.iter().zip(row).map(|(column, value)| {
            let text = readable(value, column.align);
            let tone = Tone::of(&text).filter(|_| column.align == Align::Word);
            toned(aligned(Cell::new(text), column.align), tone)
        });
        table.add_row(cells.collect::<Vec<_>>());
    }
    for (at, column) in sheet.columns.iter().enumerate() {
        if let Some(laid) = table.column_mut(at) {
            laid.set_padding((0, if at + 1 == sheet.columns.len() { 0 } else { 2 }));
            // Ids must stay whole, so that a double click takes all of one.
            if column.align != Align::Text {
                laid.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table
}

fn aligned(cell: Cell, align: Align) -> Cell {
    cell.set_alignment(if align == Align::Right { CellAlignment::Right } else { CellAlignment::Left })
}

fn toned(cell: Cell, tone: Option<Tone>) -> Cell {
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
