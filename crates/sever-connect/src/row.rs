//! One row of an export, by our columns.

use sever_model::port::Reason;
use sever_model::{Bound, EventTime, SystemId, Valid, Zone};

use crate::Column;
use crate::dates::{Dates, When};
use crate::lines::Place;

/// The most columns that any provider knows.
pub(crate) const COLUMNS_MAX: usize = 24;

/// A row's texts by our columns.
pub(crate) type Cells<'a> = [&'a str; COLUMNS_MAX];

/// Longest piece of a bad value that is shown.
const SHOWN_MAX: usize = 60;

/// One row.
pub(crate) struct Row<'a> {
    pub(crate) cells: Cells<'a>,
    pub(crate) place: Place,
    pub(crate) dates: &'a Dates<'a>,
}

impl<'a> Row<'a> {
    /// The text of a column, empty where it has none.
    pub(crate) fn text(&self, column: &Column) -> &'a str {
        let text = self.cells.get(column.at).map_or("", |cell| cell.trim());
        if matches!(text, "null" | "NULL" | "\\N") { "" } else { text }
    }

    /// The text of a column, where it has any.
    pub(crate) fn some(&self, column: &Column) -> Option<&'a str> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    /// The text of a column, owned, where it has any.
    pub(crate) fn owned(&self, column: &Column) -> Option<String> {
        self.some(column).map(str::to_owned)
    }

    /// The text of a column that the row cannot do without.
    pub(crate) fn need(&self, column: &Column) -> Result<&'a str, Reason> {
        self.some(column).ok_or(Reason::Missing(column.name))
    }

    /// The time in a column; a day stands for its beginning.
    pub(crate) fn start(&self, column: &Column) -> Result<Option<EventTime>, Reason> {
        self.dates.start(self.text(column)).map_err(|bad| Reason::Invalid(column.name, bad))
    }

    /// The time in a column; a day stands for its end.
    pub(crate) fn end(&self, column: &Column) -> Result<Option<EventTime>, Reason> {
        self.dates.end(self.text(column)).map_err(|bad| Reason::Invalid(column.name, bad))
    }

    /// What a column says about time, a local time being one of the zone.
    pub(crate) fn when(&self, column: &Column, zone: &Zone) -> Result<Option<When>, Reason> {
        self.dates.read_in(self.text(column), zone).map_err(|bad| Reason::Invalid(column.name, bad))
    }

    /// The interval between two columns.
    pub(crate) fn valid(&self, from: &Column, to: &Column) -> Result<Valid, Reason> {
        let (start, end) = (self.start(from)?, self.end(to)?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            let what = format!("{} (before its `{}`)", self.text(to), from.name);
            return Err(Reason::Invalid(to.name, what));
        }
        let bound = |at: Option<EventTime>| at.map_or(Bound::Unbounded, Bound::At);
        Ok(Valid { from: bound(start), to: bound(end) })
    }

    /// The e-mail addresses in a column, lower case.
    pub(crate) fn emails(&self, column: &Column) -> Vec<String> {
        let parts = self.text(column).split([';', ',', ' ', '|']).filter(|part| part.contains('@'));
        let mut emails: Vec<String> = Vec::new();
        for email in parts.map(|part| part.trim().to_lowercase()) {
            if !emails.contains(&email) {
                emails.push(email);
            }
        }
        emails
    }

    /// The row's value of a column as one of a few words, or a reject.
    pub(crate) fn word<T: Copy>(&self, column: &Column, words: &[(&str, T)], absent: T) -> Result<T, Reason> {
        let Some(text) = self.some(column) else { return Ok(absent) };
        if let Some((_, value)) = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
            return Ok(*value);
        }
        let wanted = crate::columns::normal(text);
        let found = words.iter().find(|(word, _)| *word == wanted).map(|(_, value)| *value);
        found.ok_or_else(|| Reason::Invalid(column.name, shortened(text)))
    }
}

/// A value cut to what a message can hold.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A native name as the system's own: `system/name`, unless it is written so already.
pub(crate) fn scoped(system: &SystemId, native: &str) -> Box<str> {
    let rest = native.strip_prefix(system.as_str());
    if rest.is_some_and(|rest| rest.starts_with('/')) { native.into() } else { format!("{system}/{native}").into() }
}

/// An id that may be another system's: taken as it is if it names one, else the source's own.
pub(crate) fn id_of_any(system: &SystemId, text: &str) -> Box<str> {
    if text.contains('/') { text.into() } else { format!("{system}/{text}").into() }
}

/// A number and its noun: `1 row`, `2 rows`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
