//! LDIF entries (RFC 2849): folded lines, comments, base64 values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sever_model::port::Reason;

use crate::lines::{Found, Lines, Place};

/// Values of one entry beyond which it is rejected: a group of a million members has as many.
const VALUES_MAX: usize = 4_000_000;

/// Attributes whose values are bytes, and are read as such. Photos and the like are left out.
pub(crate) const BINARY: [&str; 4] = ["objectguid", "objectsid", "ms-ds-creatorsid", "usercertificate"];

/// One entry: attributes in lower case without their options, in the order of the file.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) values: Vec<(String, String)>,
    /// Values that are bytes, of the attributes that are known to be.
    pub(crate) binary: Vec<(String, Vec<u8>)>,
    /// Attributes given in part (`member;range=0-1499`), and up to which value; nothing is to the last.
    pub(crate) ranges: Vec<(String, Option<u64>)>,
}

impl Entry {
    /// An attribute's first value.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }

    /// All values of an attribute.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }

    /// The bytes of an attribute's values.
    pub(crate) fn bytes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.binary.iter().filter(move |(attribute, _)| attribute == name).map(|(_, value)| value.as_slice())
    }

    /// Whether an attribute has this value, in any case.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|held| held.eq_ignore_ascii_case(value))
    }
}

/// Reads entries one after another.
pub(crate) struct Entries {
    lines: Lines,
    /// Whether the last line read was ended.
    pub(crate) ended: bool,
}

impl Entries {
    pub(crate) fn new(lines: Lines) -> Entries {
        Entries { lines, ended: true }
    }

    pub(crate) fn line(&self) -> u64 {
        self.lines.line()
    }

    pub(crate) fn broken(&self) -> Option<&str> {
        self.lines.broken()
    }

    /// The next entry with its place; `None` at the end. `search:` and `result:` lines, which
    /// `ldapsearch` adds, come as an entry without a name.
    pub(crate) fn next(&mut self) -> Option<(Place, Result<Entry, Reason>)> {
        let mut whole: Option<Place> = None;
        let mut entry = Entry::default();
        let mut wrong = None;
        while let Some((place, line)) = self.unfolded() {
            let line = match line {
                Ok(line) if line.is_empty() && whole.is_none() => continue,
                Ok(line) if line.is_empty() => break,
                Ok(line) if line.starts_with('#') => continue,
                Ok(line) => line,
                Err(reason) => {
                    wrong.get_or_insert(reason);
                    String::new()
                }
            };
            match &mut whole {
                Some(whole) => whole.bytes = place.offset + place.bytes - whole.offset,
                None => whole = Some(place),
            }
            if line.is_empty() || (whole == Some(place) && line.starts_with("version:")) {
                // The version line belongs to the file, whatever stands next to it.
                if line.starts_with("version:") {
                    whole = None;
                }
                continue;
            }
            if entry.values.len() >= VALUES_MAX {
                wrong.get_or_insert(Reason::TooLong);
            } else if let Err(reason) = entry.take(&line) {
                wrong.get_or_insert(reason);
            }
        }
        let place = whole?;
        Some((place, wrong.map_or(Ok(entry), Err)))
    }

    /// A line with the folded ones after it.
    fn unfolded(&mut self) -> Option<(Place, Result<String, Reason>)> {
        let count = match self.lines.find(0) {
            Found::Nothing => return None,
            Found::TooLong => return Some((self.lines.skip_line(), Err(Reason::TooLong))),
            Found::Whole(count) => {
                self.ended = true;
                count
            }
            Found::Last(count) => {
                self.ended = false;
                count
            }
        };
        let mut bytes = trimmed(self.lines.bytes(count)).to_vec();
        let mut place = self.lines.take(count);
        while !bytes.is_empty() {
            let more = match self.lines.find(0) {
                Found::Whole(more) if self.lines.bytes(1) == b" " => more,
                Found::Last(more) if self.lines.bytes(1) == b" " => {
                    self.ended = false;
                    more
                }
                _ => break,
            };
            bytes.extend_from_slice(trimmed(self.lines.bytes(more)).get(1..).unwrap_or_default());
            place.bytes += self.lines.take(more).bytes;
        }
        Some((place, String::from_utf8(bytes).map_err(|_| Reason::NotUtf8)))
    }
}

impl Entry {
    fn take(&mut self, line: &str) -> Result<(), Reason> {
        // It ends one modification of a change record.
        if line == "-" {
            return Ok(());
        }
        let Some((name, rest)) = line.split_once(':') else {
            return Err(Reason::Syntax("a line without `:`".to_owned()));
        };
        // Options (`;lang-ko`, `;binary`) do not change what an attribute is; a range says what is missing.
        let mut options = name.split(';');
        let name = options.next().unwrap_or(name).trim().to_ascii_lowercase();
        if let Some((_, last)) = options.find_map(|option| option.strip_prefix("range=")?.split_once('-')) {
            let range = (name.clone(), last.trim().parse().ok());
            if !self.ranges.contains(&range) {
                self.ranges.push(range);
            }
        }
        let value = match rest.strip_prefix(':') {
            Some(coded) => {
                let bytes = STANDARD.decode(coded.trim()).map_err(|_| Reason::Invalid("base64", name.clone()))?;
                if BINARY.contains(&name.as_str()) {
                    self.binary.push((name, bytes));
                    return Ok(());
                }
                match String::from_utf8(bytes) {
                    Ok(text) => text,
                    // Photos and the like: binary by nature, and nothing we read.
                    Err(_) if name != "dn" => return Ok(()),
                    Err(_) => return Err(Reason::NotUtf8),
                }
            }
            // A URL to a value elsewhere is not followed.
            None if rest.starts_with('<') => return Ok(()),
            None => rest.trim_start_matches(' ').to_owned(),
        };
        if name == "dn" && self.dn.is_empty() {
            self.dn = value;
        } else {
            self.values.push((name, value));
        }
        Ok(())
    }
}

/// The parts of a distinguished name, first one first: attribute and value, lower case (RFC 4514,
/// with escapes undone as far as they are single characters).
pub(crate) fn first_part(dn: &str) -> Option<(String, String)> {
    let (name, rest) = dn.split_once('=')?;
    let mut value = String::new();
    let mut escaped = false;
    for c in rest.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            ',' | '+' if !escaped => break,
            other => {
                value.push(other);
                escaped = false;
            }
        }
    }
    Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// A distinguished name so that two ways of writing it compare equal.
pub(crate) fn normal_dn(dn: &str) -> String {
    let parts = dn.split(',').map(|part| match part.split_once('=') {
        Some((name, value)) => format!("{}={}", name.trim(), value.trim()),
        None => part.trim().to_owned(),
    });
    parts.collect::<Vec<_>>().join(",").to_lowercase()
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
