//! A commit: everything that counts, at one moment.
//!
//! Each is a whole picture and never changes. The next one gets the next number, which only one writer
//! can have: who comes second looks at what the first one did and tries again. What is not in the
//! newest commit does not count, so that a crash at any point leaves the lake as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sever_model::FingerprintKey;

use crate::hold::{Hold, Lowered};
use crate::storage::{Put, Storage};
use crate::{LakeError, file_error};

/// The folder that commits lie in.
pub(crate) const FOLDER: &str = "commits";
/// What the layout is called that this program writes.
const FORMAT: u32 = 1;
/// What lakes had before they had commits.
const OLD: &str = "manifest.json";
/// How often a commit is looked for again that was pruned between the look and the reading.
const LOOKS_MAX: usize = 5;

/// Everything that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub format: u32,
    /// 1 is the first; 0 stands for a lake without any.
    pub number: u64,
    /// What made it.
    pub run: String,
    /// The segments, whose rows all count.
    pub segments: Vec<Segment>,
    /// How far each log was read, by the source's id.
    #[serde(default)]
    pub offsets: BTreeMap<String, Offset>,
    /// The file with the saved state of whoever follows the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// While there is one, nothing is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// How long uses were last said to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_for_days: Option<i64>,
    /// Whenever that became shorter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowered: Vec<Lowered>,
}

/// The rows of one day that were written together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// The file's name in the lake.
    pub file: String,
    /// Days since the Unix epoch, UTC.
    pub day: i64,
    /// How many rows it holds.
    pub rows: u64,
    /// How many of them take an earlier row of the day back.
    #[serde(default)]
    pub retracted: u64,
    /// The file's size.
    pub bytes: u64,
    /// Where each row group ends in the file, and last the file itself, with the CRC-32 of the bytes
    /// from the end before.
    pub pieces: Vec<(u64, u32)>,
    /// The logs that its rows stand in, by the source's id.
    pub sources: BTreeSet<String>,
    /// The first and the last time, in microseconds since the Unix epoch.
    pub first: i64,
    pub last: i64,
}

/// How far a log is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// So many bytes.
    pub bytes: u64,
    /// What tells the file from another of the same name: see [`Offset::identity`].
    pub identity: String,
}

impl Offset {
    /// Bytes at a file's beginning that identify it. Enough for a few records with their times.
    pub const HEAD_BYTES: usize = 1024;

    /// What identifies a file: how long its beginning was when it was looked at, at most
    /// [`Offset::HEAD_BYTES`], and its fingerprint. A file that grew still begins with as many bytes of
    /// the same fingerprint; one that was rotated or written anew does not.
    pub fn identity(head: &[u8], key: &FingerprintKey) -> String {
        let head = head.get(..Offset::HEAD_BYTES).unwrap_or(head);
        format!("head-{}-{:032x}", head.len(), key.fingerprint(head).0)
    }

    /// Whether this is a file that begins so.
    pub fn is_of(&self, head: &[u8], key: &FingerprintKey) -> bool {
        let length = self.identity.split('-').nth(1).and_then(|length| length.parse().ok());
        length.and_then(|length| head.get(..length)).is_some_and(|head| Offset::identity(head, key) == self.identity)
    }
}

/// A commit as it is written, with what shows that it is whole.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    crc32: u32,
    #[serde(borrow)]
    commit: &'a RawValue,
}

impl Commit {
    /// The newest commit of a lake; an empty one where there is none.
    pub(crate) fn newest(storage: &dyn Storage) -> Result<Commit, LakeError> {
        let mut looks = 0;
        loop {
            let numbers = numbers(storage)?;
            let Some(newest) = numbers.last() else {
                return match storage.open(OLD) {
                    Ok(_) => Err(LakeError::OldLayout { path: storage.place(OLD) }),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(Commit::empty()),
                    Err(error) => Err(file_error(storage.place(OLD), error)),
                };
            };
            looks += 1;
            match Commit::load(storage, *newest) {
                Err(LakeError::File { error, .. }) if error.kind() == ErrorKind::NotFound && looks < LOOKS_MAX => {}
                loaded => return loaded,
            }
        }
    }

    fn empty() -> Commit {
        Commit {
            format: FORMAT,
            number: 0,
            run: String::new(),
            segments: Vec::new(),
            offsets: BTreeMap::new(),
            checkpoint: None,
            holds: Vec::new(),
            kept_for_days: None,
            lowered: Vec::new(),
        }
    }

    /// Reads a commit.
    pub(crate) fn load(storage: &dyn Storage, number: u64) -> Result<Commit, LakeError> {
        let name = name(number);
        let path = storage.place(&name);
        let failed = |error| file_error(path.clone(), error);
        let file = storage.open(&name).map_err(failed)?;
        let bytes = file.read(0..file.size()).map_err(failed)?;
        let damaged = |what: String| LakeError::Commit { path: path.clone(), what };
        let written: Written<'_> = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if crc32fast::hash(written.commit.get().as_bytes()) != written.crc32 {
            return Err(damaged("it was changed since it was written".to_owned()));
        }
        let format: Format = serde_json::from_str(written.commit.get()).map_err(|error| damaged(error.to_string()))?;
        if format.format != FORMAT {
            return Err(LakeError::Newer { path, format: format.format });
        }
        let commit: Commit = serde_json::from_str(written.commit.get()).map_err(|error| damaged(error.to_string()))?;
        if commit.number != number {
            return Err(damaged(format!("it says that it is number {}", commit.number)));
        }
        Ok(commit)
    }

    /// Makes this the newest commit, where none of its number is there yet.
    pub(crate) fn publish(&self, storage: &dyn Storage) -> Result<Put, LakeError> {
        let name = name(self.number);
        let damaged =
            |error: serde_json::Error| LakeError::Commit { path: storage.place(&name), what: error.to_string() };
        let commit = serde_json::value::to_raw_value(self).map_err(damaged)?;
        let written = Written { crc32: crc32fast::hash(commit.get().as_bytes()), commit: &commit };
        let bytes = serde_json::to_vec(&written).map_err(damaged)?;
        storage.create(&name, &bytes).map_err(|error| file_error(storage.place(&name), error))
    }

    /// The files that must be there for it to be read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| &segment.file).chain(&self.checkpoint).map(String::as_str)
    }
}

/// What is looked at before the rest: another layout may hold anything else.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The numbers of the commits that there are, in order.
pub(crate) fn numbers(storage: &dyn Storage) -> Result<Vec<u64>, LakeError> {
    let listed = storage.list(FOLDER).map_err(|error| file_error(storage.place(FOLDER), error))?;
    let mut numbers: Vec<u64> = listed.iter().filter_map(|listed| number(&listed.name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number of the commit of that name.
pub(crate) fn number(name: &str) -> Option<u64> {
    name.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".json")?.parse().ok()
}

/// The name of a commit: its number in 20 digits, so that names sort as numbers do.
pub(crate) fn name(number: u64) -> String {
    format!("{FOLDER}/{number:020}.json")
}

#[cfg(test)]
mod tests {
    //! A file is known again when it has grown, and not when another has its name.

    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        let key = FingerprintKey::new([7; 16]);
        let offset = Offset { bytes: 5, identity: Offset::identity(b"first", &key) };
        assert!(offset.is_of(b"first", &key) && offset.is_of(b"first and more", &key));
        assert!(!offset.is_of(b"fir", &key) && !offset.is_of(b"other and more", &key));
        let long = vec![b'a'; 2 * Offset::HEAD_BYTES];
        let offset = Offset { bytes: 5, identity: Offset::identity(&long, &key) };
        assert!(offset.is_of(&long[..Offset::HEAD_BYTES], &key) && !offset.is_of(b"aaa", &key));
    }
}
