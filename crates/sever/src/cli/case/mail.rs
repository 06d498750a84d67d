//! E-mails as they were received (RFC 5322, MIME): who wrote when about what, and the ids in them.
//!
//! A stranger wrote it: nothing in it is believed but that it came. What looks like an id is one only
//! where the register or the lake knows it; in an attached list every entry is meant as one.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders};
use sever_model::WallTime;

/// Words of a text that are looked up.
const WORDS_MAX: usize = 100_000;
/// Characters of an id.
const ID_CHARS: std::ops::RangeInclusive<usize> = 3..=128;
/// A bare number in a sentence is a count below this many digits.
const DIGITS_MIN: usize = 5;

/// An e-mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mail {
    /// Whom it says that it is from.
    pub(super) from: String,
    /// What it says that it is about.
    pub(super) subject: String,
    /// When it says that it was written.
    pub(super) date: Option<WallTime>,
    /// Words of its text that may be ids.
    pub(super) words: BTreeSet<String>,
    /// Ids of its attached lists, as they stand there.
    pub(super) listed: BTreeSet<String>,
}

impl Mail {
    /// Reads an e-mail; nothing where it is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Mail> {
        let message = MessageParser::default().parse(bytes)?;
        if message.headers().is_empty() || (message.from().is_none() && message.date().is_none()) {
            return None;
        }
        let from = message.from().and_then(|from| from.first()).and_then(|from| from.address());
        let mut mail = Mail {
            from: line(from.unwrap_or("nobody named")),
            subject: line(message.subject().unwrap_or_default()),
            date: message.date().and_then(|date| WallTime::read(&date.to_rfc3339())),
            ..Mail::default()
        };
        for at in 0..message.text_body_count() {
            if let Some(text) = message.body_text(at) {
                words(&text, &mut mail.words);
            }
        }
        for part in message.attachments() {
            let text =
                part.text_contents().map_or_else(|| String::from_utf8_lossy(part.contents()), |text| text.into());
            let is_list = part.is_content_type("text", "csv")
                || part.attachment_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(".csv"));
            match is_list {
                true => mail.listed.extend(listed(&text)),
                false if part.is_text() => words(&text, &mut mail.words),
                false => {}
            }
        }
        Some(mail)
    }
}

/// The words of a text that may be ids.
fn words(text: &str, into: &mut BTreeSet<String>) {
    let apart = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':' | '/' | '+' | '#'));
    for word in text.split(apart) {
        let word = word.trim_matches(['-', '_', '.', ':', '/', '+', '#']);
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        if ID_CHARS.contains(&word.len()) && (!digits || word.len() >= DIGITS_MIN) && into.len() < WORDS_MAX {
            into.insert(word.to_owned());
        }
    }
}

/// The ids of a list: its column `id`, else its first.
fn listed(text: &str) -> Vec<String> {
    let mut table =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut column = 0;
    let mut ids = Vec::new();
    for (at, record) in table.records().flatten().enumerate() {
        if at == 0
            && let Some(found) = record.iter().position(|name| {
                let name = name.trim_start_matches('\u{feff}').to_ascii_lowercase();
                name == "id" || name.ends_with("_id") || name.ends_with(" id")
            })
        {
            column = found;
            continue;
        }
        ids.extend(record.get(column).filter(|id| !id.is_empty()).map(str::to_owned));
        if ids.len() >= WORDS_MAX {
            break;
        }
    }
    ids
}

/// Text of a header on one line, without what is no text.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
