//! A table for a terminal: no borders, no noise, coverage on the screen, the most important line last.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table};

use serde_json::Value;

use super::cell::{ABSENT, readable};
use super::{Align, Column, Sheet, Style, Tone, not_covered, plain};

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet, style: &Style) -> io::Result<()> {
    if !sheet.title.is_empty() {
        writeln!(out, "{}", style.paint(&plain(&sheet.title), Tone::Strong))?;
        writeln!(out)?;
    }
    if !sheet.rows.is_empty() {
        for line in laid_out(sheet, style) {
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

/// Text so wide at the most is not broken where there is room: a name, a state.
const WHOLE_MAX: usize = 24;
/// The same, where there is none.
const WHOLE_MAX_TIGHT: usize = 12;
/// A sentence squeezed below this is unreadable: it goes beneath its row.
const SENTENCE_MIN: usize = 36;
/// How far a sentence beneath its row is indented.
const INDENT: usize = 4;

/// A column as it will be shown.
struct Shown<'a> {
    /// Its place in the rows.
    at: usize,
    column: &'a Column,
    align: Align,
    /// The longest of its values, in characters.
    width: usize,
}

impl Shown<'_> {
    /// Whether it may be broken into lines.
    fn is_long(&self, whole_max: usize) -> bool {
        self.align == Align::Text && self.width > whole_max
    }

    /// Its width with the space after it, its header on one line or a word a line.
    fn needs(&self, tight: bool) -> usize {
        let header = self.header();
        let words = header.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        self.width.max(if tight { words } else { header.chars().count() }) + 2
    }

    fn header(&self) -> String {
        plain(&self.column.name).replace('_', " ").to_uppercase()
    }

    fn text(&self, row: &[Value]) -> String {
        readable(row.get(self.at).unwrap_or(&Value::Null), self.align)
    }
}

/// The lines of the table. Where the terminal leaves too little room for its sentences, each stands
/// beneath its row, over the whole width.
fn laid_out(sheet: &Sheet, style: &Style) -> Vec<String> {
    let shown = shown(sheet);
    let Some(width) = style.width.map(usize::from) else {
        return table(sheet, &shown, WHOLE_MAX, false, style).lines().collect();
    };
    let needs = |whole_max: usize, tight: bool| -> usize {
        shown.iter().filter(|shown| !shown.is_long(whole_max)).map(|shown| shown.needs(tight)).sum()
    };
    let tight = needs(WHOLE_MAX, false) > width;
    let whole_max = if needs(WHOLE_MAX, tight) > width { WHOLE_MAX_TIGHT } else { WHOLE_MAX };
    let room = width.saturating_sub(needs(whole_max, tight));
    let long = shown.iter().filter(|shown| shown.is_long(whole_max)).count();
    if long == 0 || long == shown.len() || room >= long * SENTENCE_MIN {
        return table(sheet, &shown, whole_max, tight, style).lines().collect();
    }
    let (long, short): (Vec<Shown<'_>>, Vec<Shown<'_>>) = shown.into_iter().partition(|it| it.is_long(whole_max));
    let table = table(sheet, &short, whole_max, tight, style);
    let mut lines: Vec<String> = table.lines().collect();
    // Nothing in the rows breaks: the lines that are more than they are the header's.
    let rows = lines.split_off(lines.len().saturating_sub(sheet.rows.len()));
    for (line, row) in rows.into_iter().zip(&sheet.rows) {
        lines.push(line);
        for shown in &long {
            let text = shown.text(row);
            if text == ABSENT {
                continue;
            }
            let label = if long.len() > 1 { format!("{}: ", shown.header().to_lowercase()) } else { String::new() };
            lines.extend(wrapped(&format!("{label}{text}"), width));
        }
    }
    lines
}

/// A sentence as indented lines.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut table = Table::new();
    let width = u16::try_from(width.saturating_sub(INDENT)).unwrap_or(u16::MAX);
    table.load_style(comfy_table::presets::NOTHING);
    table.force_no_tty().set_width(width).set_content_arrangement(ContentArrangement::Dynamic).add_row([text]);
    if let Some(only) = table.column_mut(0) {
        only.set_padding((0, 0));
    }
    table.lines().map(|line| format!("{}{}", " ".repeat(INDENT), line.trim_end())).collect()
}

fn table(sheet: &Sheet, shown: &[Shown<'_>], whole_max: usize, tight: bool, style: &Style) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    match style.color {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    if let Some(width) = style.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let header = shown.iter().map(|shown| {
        // Where room is short, headers of two words stand on two lines.
        let name = if tight { shown.header().replace(' ', "\n") } else { shown.header() };
        aligned(Cell::new(name), shown.align).add_attribute(Attribute::Dim)
    });
    table.set_header(header.collect::<Vec<_>>());
    for row in &sheet.rows {
        let cells = shown.iter().map(|shown| {
            let text = shown.text(row);
            toned(Cell::new(&text), Tone::of(&text), shown.align)
        });
        table.add_row(cells.collect::<Vec<_>>());
    }
    for (at, column) in shown.iter().enumerate() {
        if let Some(laid) = table.column_mut(at) {
            laid.set_padding((0, if at + 1 == shown.len() { 0 } else { 2 }));
            // Ids must stay whole, so that a double click takes all of one.
            if !column.is_long(whole_max) {
                laid.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table
}

/// The columns that are shown, with how each is laid out.
fn shown(sheet: &Sheet) -> Vec<Shown<'_>> {
    let brief = |column: &Column| sheet.brief.is_empty() || sheet.brief.contains(&&*column.name);
    let places = sheet.columns.iter().enumerate().filter(|(_, column)| brief(column));
    let shown = places.map(|(at, column)| {
        let align = layout(sheet, at, column.align);
        let widths = sheet.rows.iter().filter_map(|row| row.get(at)).map(|it| readable(it, align).chars().count());
        Shown { at, column, align, width: widths.max().unwrap_or(0) }
    });
    shown.collect()
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
