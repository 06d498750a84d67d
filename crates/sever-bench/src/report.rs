//! A measurement, and how it is shown.

use serde::Serialize;

/// One measurement against its bar.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    /// What it is measured against: another way of doing it, or the limit itself.
    beside: String,
    beside_value: f64,
    /// `value` over `beside_value`.
    ratio: f64,
    /// The most that the ratio may be.
    bar: f64,
    holds: bool,
}

impl Row {
    /// A measurement beside another one: at most `bar` times it.
    pub(crate) fn against(
        name: &str,
        value: f64,
        unit: &'static str,
        beside: &str,
        beside_value: f64,
        bar: f64,
    ) -> Row {
        let ratio = if beside_value > 0.0 { value / beside_value } else { f64::MAX };
        let name = name.to_owned();
        // Not a number holds no bar.
        Row { name, value, unit, beside: beside.to_owned(), beside_value, ratio, bar, holds: ratio <= bar }
    }

    /// A measurement with a limit.
    pub(crate) fn limit(name: &str, value: f64, unit: &'static str, limit: f64) -> Row {
        Row::against(name, value, unit, "limit", limit, 1.0)
    }

    /// Whether the bar holds.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }
}

/// The rows as a table.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = |cell: &dyn Fn(&Row) -> String, least: usize| {
        rows.iter().map(|row| cell(row).chars().count()).chain([least]).max().unwrap_or(least)
    };
    let name = width(&|row| row.name.clone(), 4);
    let beside = width(&|row| row.beside.clone(), 6);
    let mut text = format!(
        "{:name$}  {:>12} {:6}  {:beside$}  {:>12}  {:>6}  {:>5}\n",
        "what", "value", "unit", "beside", "value", "ratio", "bar"
    );
    for row in rows {
        let verdict = if row.holds { "holds" } else { "DOES NOT HOLD" };
        text.push_str(&format!(
            "{:name$}  {:>12} {:6}  {:beside$}  {:>12}  {:>6.2}  {:>5.2}  {verdict}\n",
            row.name,
            number(row.value),
            row.unit,
            row.beside,
            number(row.beside_value),
            row.ratio,
            row.bar,
        ));
    }
    text
}

/// Three significant digits, or whole.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..1.0 => format!("{value:.3}"),
        1.0..100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}
