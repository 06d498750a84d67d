//! Colour, width, and text made safe for a terminal.
//!
//! Colour repeats what a word has said and is never the only sign. It is off where `NO_COLOR` is
//! set, where the terminal is dumb, and where there is none.

use std::borrow::Cow;
use std::io::IsTerminal;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Open, critical, failed.
    Bad,
    /// Unknown, partly, medium.
    Warn,
    /// Closed, whole.
    Good,
    /// What to do next.
    Hint,
    /// Titles.
    Strong,
    /// Of little weight.
    Dim,
}

/// The narrowest terminal that tables are fitted to.
const WIDTH_MIN: u16 = 40;

/// How to write for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// Columns of the terminal; none where lines may be of any length.
    pub width: Option<u16>,
}

impl Style {
    /// Without colour or width.
    pub const PLAIN: Style = Style { color: false, width: None };

    /// With or without colour, for a terminal so wide.
    pub const fn new(color: bool, width: Option<u16>) -> Style {
        Style { color, width }
    }

    /// For stdout as it is.
    pub fn stdout(choice: ColorChoice) -> Style {
        let terminal = std::io::stdout().is_terminal();
        let asked = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = asked.or_else(|| comfy_table::Table::new().width()).filter(|_| terminal);
        // Some terminals say 0; a table squeezed below this is worse than one that the terminal breaks.
        let width = width.filter(|width| *width >= WIDTH_MIN);
        Style { color: choice.on(terminal, &variable), width }
    }

    /// The text in the colour of a tone, where colour is on.
    pub fn paint<'a>(&self, text: &'a str, tone: Tone) -> Cow<'a, str> {
        if !self.color {
            return Cow::Borrowed(text);
        }
        let code = match tone {
            Tone::Bad => "1;31",
            Tone::Warn => "33",
            Tone::Good => "32",
            Tone::Hint => "36",
            Tone::Strong => "1",
            Tone::Dim => "2",
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}

impl ColorChoice {
    /// Whether to colour, on a terminal or not, in this environment.
    pub fn on(self, terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
        // Source: no-color.org: any value but the empty one counts.
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !refused && !dumb,
        }
    }
}

impl Tone {
    /// The tone of a word that has one.
    pub fn of(word: &str) -> Option<Tone> {
        let tone = match word.to_ascii_lowercase().as_str() {
            "critical" | "high" | "open" | "✗" | "failed" | "braked" | "missed" | "never-issued" | "mismatch" => {
                Tone::Bad
            }
            "medium" | "unknown" | "partly" | "possible" | "provisional" | "unjudgeable" | "ask" | "expired" => {
                Tone::Warn
            }
            "closed" | "whole" | "seen" | "ok" | "✓" | "issued" | "done" => Tone::Good,
            "low" | "info" | "retracted" | "off" => Tone::Dim,
            _ => return None,
        };
        Some(tone)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The text with everything escaped that could move a cursor, ring a bell, break a line or reverse
/// the reading order: control characters, and the bidirectional and invisible format characters
/// (Unicode TR 36, "Trojan Source").
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(unsafe_char) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if unsafe_char(char) {
            safe.extend(char.escape_default());
        } else {
            safe.push(char);
        }
    }
    Cow::Owned(safe)
}

fn unsafe_char(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
