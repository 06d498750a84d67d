//! The subject register: who is, was or never was a customer, for tens of millions of ids.
//!
//! One file, mapped into memory, about 14.5 bytes an id:
//!
//! ```text
//! header      128 bytes     magic, version, counts, complete_until, checksums
//! entries     14 bytes each 80 bits of the id's fingerprint; created in minutes; member? deleted?
//! buckets     4 bytes each  2^k + 1 ranks: where the ids begin whose fingerprints begin with these k bits
//! deletions   8 bytes each  rank and minute, for those that were deleted
//! ```
//!
//! Looking an id up is one fingerprint, one bucket of about eight entries and a comparison. Entries
//! are sorted by fingerprint, so an id's rank is its position: dense, and free.
//!
//! # How exact it is
//!
//! Ids are told apart by the first `k` bits of their keyed 128-bit fingerprint (the bucket) and the
//! next 80. With 37.5 million ids `k` is 22: an id that was never given out is taken for a known one
//! with probability 37.5e6 / 2^102, about 7e-24, and the chance that any two registered ids are
//! confused is about 1e-16. Nobody without the key can look for either.
//!
//! Times are kept to the minute, in the direction that accuses nobody: created is rounded down and
//! deleted up. They end in the year 4011.

mod build;
mod columns;
mod csv_input;
mod format;
mod parquet_input;
mod spill;

use std::cmp::Ordering;
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use sever_model::{EventTime, Fingerprint, FingerprintKey, Lookup, SubjectRegister};

pub use build::{BuildReport, RegisterInput};
pub use columns::Columns;
use format::{ENTRY_BYTES, Header, Layout, Place};

/// Why a register could not be built or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A file cannot be read or written.
    #[error("cannot use `{}`: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The input is no table that ids can be read from.
    #[error("`{}`: {what}", .path.display())]
    Input {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The register is damaged, cut short, or of another version.
    #[error("`{}` is no register that can be read: {what}", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl RegisterError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RegisterError::Input { hint, .. } => hint.clone(),
            RegisterError::Damaged { .. } => Some("delete it; the next `sever sync` builds it again".to_owned()),
            RegisterError::File { .. } => None,
        }
    }
}

/// An opened register.
#[derive(Debug)]
pub struct Register {
    path: PathBuf,
    map: Mmap,
    header: Header,
    layout: Layout,
    key: FingerprintKey,
}

impl Register {
    /// Opens a register, checking all but its entries: see [`Register::verify`].
    ///
    /// # Errors
    /// When it cannot be read, is damaged or cut short, or was built under another key.
    pub fn open(path: &Path, key: FingerprintKey) -> Result<Register, RegisterError> {
        let file = File::open(path).map_err(|error| RegisterError::File { path: path.to_owned(), error })?;
        let map = map(&file).map_err(|error| RegisterError::File { path: path.to_owned(), error })?;
        let damaged = |what| RegisterError::Damaged { path: path.to_owned(), what };
        let header = Header::parse(&map, &key).map_err(damaged)?;
        let layout = Layout::of(&header).filter(|layout| layout.end == map.len());
        let layout = layout.ok_or_else(|| damaged("its length is not what its header says"))?;
        let register = Register { path: path.to_owned(), map, header, layout, key };
        if !register.buckets_are_sound() {
            return Err(damaged("its index is not in order"));
        }
        Ok(register)
    }

    /// What its header says.
    pub fn meta(&self) -> &RegisterMeta {
        &self.header.meta
    }

    /// Reads the whole file and compares it with its checksum.
    ///
    /// # Errors
    /// When a bit has changed.
    pub fn verify(&self) -> Result<(), RegisterError> {
        let body = self.map.get(format::HEADER_BYTES..).unwrap_or_default();
        if format::digest(body) != self.header.body_digest {
            let what = "its content does not match its checksum";
            return Err(RegisterError::Damaged { path: self.path.clone(), what });
        }
        Ok(())
    }

    /// Ranks must rise to the number of ids: then no bucket can reach out of the entries.
    fn buckets_are_sound(&self) -> bool {
        let buckets = self.map.get(self.layout.buckets.clone()).unwrap_or_default();
        let ranks = buckets.chunks_exact(4).map(format::u32_of);
        let mut before = 0;
        for rank in ranks {
            if rank < before {
                return false;
            }
            before = rank;
        }
        u64::from(before) == self.header.meta.ids
    }

    /// The rank of an id, and the word of its entry.
    fn find(&self, place: Place) -> Option<(u32, u32)> {
        let at = self.layout.buckets.start + 4 * place.bucket as usize;
        let (from, to) = (self.map.get(at..at + 4)?, self.map.get(at + 4..at + 8)?);
        let (from, to) = (format::u32_of(from), format::u32_of(to));
        let start = self.layout.entries.start + from as usize * ENTRY_BYTES;
        let entries = self.map.get(start..start + (to - from) as usize * ENTRY_BYTES)?;
        for (rank, entry) in (from..to).zip(entries.chunks_exact(ENTRY_BYTES)) {
            match format::remainder_of(entry).cmp(&place.remainder) {
                Ordering::Less => {}
                Ordering::Equal => return Some((rank, format::word_of(entry))),
                // Entries are sorted within their bucket.
                Ordering::Greater => return None,
            }
        }
        None
    }

    fn deleted(&self, rank: u32) -> Option<EventTime> {
        let table = self.map.get(self.layout.deletions.clone())?;
        let (mut from, mut to) = (0, table.len() / 8);
        while from < to {
            let middle = (from + to) / 2;
            let row = table.get(middle * 8..middle * 8 + 8)?;
            match format::u32_of(row).cmp(&rank) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Some(format::time(format::u32_of(row.get(4..)?))),
            }
        }
        None
    }
}

impl SubjectRegister for Register {
    fn lookup(&self, id: &str) -> Lookup {
        self.lookup_fingerprint(self.key.fingerprint(id.as_bytes()))
    }

    fn lookup_fingerprint(&self, fingerprint: Fingerprint) -> Lookup {
        let place = format::place(format::prefix(fingerprint), self.header.bits);
        let Some((dense, word)) = self.find(place) else { return Lookup::Never };
        let (created, member, is_deleted) = format::unpack(word);
        let deleted = if is_deleted { self.deleted(dense) } else { None };
        Lookup::Known { dense, created, deleted, member }
    }

    fn complete_until(&self) -> EventTime {
        self.header.meta.complete_until
    }

    fn len(&self) -> u64 {
        self.header.meta.ids
    }
}

/// What a register says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterMeta {
    /// Distinct ids.
    pub ids: u64,
    /// Those that are members.
    pub members: u64,
    /// Those that were deleted.
    pub deleted: u64,
    /// Rows that repeated an id; of those the earliest created counts.
    pub duplicates: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Until when it is complete.
    pub complete_until: EventTime,
}

/// Maps a register.
#[allow(unsafe_code)] // The file is private to the data directory and replaced by rename only, never
// written in place, so that the mapped bytes do not change; a file cut short by hand ends the
// process and cannot be misread.
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: see above; the map is read-only and only ever read as bytes.
    unsafe { Mmap::map(file) }
}

#[cfg(test)]
mod tests;
