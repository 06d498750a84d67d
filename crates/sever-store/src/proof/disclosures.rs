//! What opens the commitments: a line of JSON each, beside the log and never in it.
//!
//! `departures.jsonl` holds the ids of departures, `disclosures.jsonl` everything else. A line that was
//! cut off is no line; it belonged to nothing that was acknowledged.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::disk::{Disk, replace};
use super::error::ProofError;
use super::statement::{DEPARTURE, Disclosure};

/// What of the disclosures is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erase {
    /// A departure: its id and all that was disclosed of it.
    Departure(String),
    /// One field of a departure.
    Field {
        /// The departure.
        departure: String,
        /// The field.
        field: String,
    },
    /// Everything, of any departure, in which one of these texts stands as a word of its own.
    Person(Vec<String>),
}

impl Erase {
    /// Whether it is about one departure, and that is this one.
    pub(crate) fn is_of(&self, id: &str) -> bool {
        match self {
            Erase::Departure(departure) | Erase::Field { departure, .. } => departure == id,
            Erase::Person(_) => false,
        }
    }
}

/// The file of departures' ids.
pub(crate) fn departures(dir: &Path) -> PathBuf {
    dir.join("departures.jsonl")
}

/// The file of everything else.
pub(crate) fn values(dir: &Path) -> PathBuf {
    dir.join("disclosures.jsonl")
}

/// Reads a file of disclosures; one that is not there holds none.
pub(crate) fn read(path: &Path) -> Result<Vec<Disclosure>, ProofError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ProofError::File { path: path.to_owned(), error }),
    };
    let whole = text.rfind('\n').and_then(|at| text.get(..=at)).unwrap_or_default();
    let lines = whole.lines().enumerate().map(|(at, line)| {
        let what = |error| format!("line {}: {error}", at + 1);
        serde_json::from_str(line).map_err(|error| ProofError::Damaged { path: path.to_owned(), what: what(error) })
    });
    lines.collect()
}

/// Adds disclosures to a file.
pub(crate) fn append(disk: &dyn Disk, path: &Path, added: &[Disclosure]) -> Result<(), ProofError> {
    if added.is_empty() {
        return Ok(());
    }
    let failed = |error| ProofError::File { path: path.to_owned(), error };
    let text = text(added).map_err(|error| failed(error.into()))?;
    mend(disk, path).and_then(|()| disk.append(path, text.as_bytes())).map_err(failed)
}

/// Keeps only some; how many went. Nothing is written where none goes.
pub(crate) fn retain(disk: &dyn Disk, path: &Path, keep: impl Fn(&Disclosure) -> bool) -> Result<u64, ProofError> {
    let failed = |error| ProofError::File { path: path.to_owned(), error };
    let all = read(path)?;
    let count = all.len();
    let kept: Vec<Disclosure> = all.into_iter().filter(keep).collect();
    let gone = (count - kept.len()) as u64;
    if gone > 0 {
        let text = text(&kept).map_err(|error| failed(error.into()))?;
        replace(disk, path, text.as_bytes()).map_err(failed)?;
    }
    Ok(gone)
}

/// Lines of disclosures.
pub(crate) fn text(disclosures: &[Disclosure]) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for disclosure in disclosures {
        text.push_str(&serde_json::to_string(disclosure)?);
        text.push('\n');
    }
    Ok(text)
}

/// Takes off a last line that was cut off.
fn mend(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] {
        return Ok(());
    }
    let bytes = fs::read(path)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    disk.truncate(path, whole as u64)
}

/// Whether one of these texts stands in a value as a word of its own.
pub(crate) fn names(value: &str, texts: &[String]) -> bool {
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    texts.iter().filter(|text| !text.trim().is_empty()).any(|text| {
        value.match_indices(text.as_str()).any(|(at, found)| {
            let before = value.get(..at).and_then(|before| before.chars().next_back());
            let after = value.get(at + found.len()..).and_then(|after| after.chars().next());
            alone(before) && alone(after)
        })
    })
}

/// Whether a disclosure is of a departure's id.
pub(crate) fn is_departure(disclosure: &Disclosure) -> bool {
    disclosure.field == DEPARTURE
}
