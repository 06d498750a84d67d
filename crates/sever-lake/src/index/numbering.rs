//! Subjects by number: each code that a run of the index names has one, in the order they were met.
//!
//! Two files, mapped into memory. `subjects` holds the fingerprints, 16 bytes each, a subject's number
//! being its place; it only grows. `subjects.table` finds the number of a fingerprint: open addressing,
//! 4 bytes a slot, at most [`FULL`] full. The table can be made from the fingerprints, and is whenever
//! its header does not say that it holds them all.
//!
//! Memory: 16 bytes a subject and 4 a slot, shared with the page cache.
//!
//! One process writes at a time; others read what was committed when they opened it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapMut};
use sever_model::Fingerprint;

use crate::LakeError;

/// The share of slots in use past which the table grows: of 16.
const FULL: u64 = 11;
/// Slots of the smallest table.
const SLOTS_MIN: u64 = 1 << 12;
const HEAD_BYTES: usize = 16;
const FINGERPRINT_BYTES: usize = 16;

/// The numbers of subjects.
#[derive(Debug)]
pub struct Numbering {
    dir: PathBuf,
    /// What was there when it was opened or last committed.
    kept: Option<Mmap>,
    /// Numbers in `kept`.
    kept_count: u32,
    /// Met since.
    fresh: Vec<u128>,
    table: Table,
}

#[derive(Debug)]
enum Table {
    Read(Option<Mmap>),
    Write(MmapMut),
}

impl Table {
    fn bytes(&self) -> &[u8] {
        match self {
            Table::Read(map) => map.as_deref().unwrap_or_default(),
            Table::Write(map) => map,
        }
    }
}

impl Numbering {
    /// Opens the numbering of a folder for reading.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn open(dir: &Path) -> Result<Numbering, LakeError> {
        let kept = map_if_there(&dir.join("subjects"))?;
        let kept_count = kept.as_ref().map_or(0, |map| (map.len() / FINGERPRINT_BYTES) as u32);
        let table = Table::Read(map_if_there(&dir.join("subjects.table"))?);
        Ok(Numbering { dir: dir.to_owned(), kept, kept_count, fresh: Vec::new(), table })
    }

    /// Opens it for giving numbers out. What an interrupted writer left half-written is cut off.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn create(dir: &Path) -> Result<Numbering, LakeError> {
        fs::create_dir_all(dir).map_err(|error| LakeError::File { path: dir.to_owned(), error })?;
        let mut numbering = Numbering::open(dir)?;
        let slots = slots_for(u64::from(numbering.kept_count));
        let table = numbering.table.bytes();
        let whole =
            table.len() as u64 >= HEAD_BYTES as u64 + 4 * slots && head(table) == u64::from(numbering.kept_count);
        match whole {
            true => numbering.table = Table::Write(map_mut(&dir.join("subjects.table"), None)?),
            false => numbering.rebuild(slots)?,
        }
        Ok(numbering)
    }

    /// How many have a number: numbers are below it.
    pub fn len(&self) -> u32 {
        self.kept_count + self.fresh.len() as u32
    }

    /// Whether nobody has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fingerprint of a number.
    pub fn fingerprint(&self, number: u32) -> Option<Fingerprint> {
        let stored = || {
            let at = number as usize * FINGERPRINT_BYTES;
            self.kept.as_ref()?.get(at..)?.first_chunk::<FINGERPRINT_BYTES>().map(|bytes| u128::from_le_bytes(*bytes))
        };
        let value = match number.checked_sub(self.kept_count) {
            Some(fresh) => self.fresh.get(fresh as usize).copied(),
            None => stored(),
        };
        value.map(Fingerprint)
    }

    /// The number of a fingerprint, if it has one.
    pub fn number(&self, fingerprint: Fingerprint) -> Option<u32> {
        self.find(fingerprint.0).ok()
    }

    /// The number of a fingerprint, a new one if it has none.
    ///
    /// # Errors
    /// When the table cannot grow.
    pub fn number_or_next(&mut self, fingerprint: Fingerprint) -> Result<u32, LakeError> {
        match self.find(fingerprint.0) {
            Ok(number) => Ok(number),
            Err(slot) => {
                let number = self.len();
                self.fresh.push(fingerprint.0);
                self.put(slot, number);
                if u64::from(self.len()) * 16 > slots_of(self.table.bytes()) * FULL {
                    self.rebuild(slots_of(self.table.bytes()) * 2)?;
                }
                Ok(number)
            }
        }
    }

    /// Makes what was given out durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn commit(&mut self) -> Result<(), LakeError> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let path = self.dir.join("subjects");
        let failed = |error| LakeError::File { path: path.clone(), error };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        // Half a fingerprint is what a full disk or a killed writer leaves.
        let whole = u64::from(self.kept_count) * FINGERPRINT_BYTES as u64;
        file.set_len(whole).map_err(failed)?;
        let mut out = io::BufWriter::with_capacity(1 << 20, &file);
        for value in &self.fresh {
            out.write_all(&value.to_le_bytes()).map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        drop(out);
        file.sync_all().map_err(failed)?;
        self.kept_count = self.len();
        self.fresh.clear();
        self.kept = map_if_there(&path)?;
        if let Table::Write(table) = &mut self.table {
            set_head(table, u64::from(self.kept_count));
            table.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Puts other bits in the place of a fingerprint: its subject is then nobody's.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget(&mut self, fingerprint: Fingerprint, instead: Fingerprint) -> Result<bool, LakeError> {
        let Some(number) = self.number(fingerprint) else { return Ok(false) };
        self.commit()?;
        let path = self.dir.join("subjects");
        let mut map = map_mut(&path, None)?;
        let at = number as usize * FINGERPRINT_BYTES;
        if let Some(place) = map.get_mut(at..at + FINGERPRINT_BYTES) {
            place.copy_from_slice(&instead.0.to_le_bytes());
        }
        map.flush().map_err(|error| LakeError::File { path: path.clone(), error })?;
        self.kept = map_if_there(&path)?;
        self.rebuild(slots_of(self.table.bytes()).max(SLOTS_MIN))?;
        Ok(true)
    }

    /// The number of a fingerprint, or the free slot where it would stand.
    fn find(&self, fingerprint: u128) -> Result<u32, u64> {
        let table = self.table.bytes();
        let slots = slots_of(table);
        if slots == 0 {
            return Err(0);
        }
        let mut slot = fingerprint as u64 & (slots - 1);
        // A table is never full; a damaged one ends the search.
        for _ in 0..slots {
            let at = HEAD_BYTES + slot as usize * 4;
            let held = table.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |bytes| u32::from_le_bytes(*bytes));
            match held.checked_sub(1) {
                None => return Err(slot),
                Some(number) if self.fingerprint(number).is_some_and(|at| at.0 == fingerprint) => return Ok(number),
                // Somebody else's, or what a killed writer gave out and never committed.
                Some(_) => slot = (slot + 1) & (slots - 1),
            }
        }
        Err(slot)
    }

    fn put(&mut self, slot: u64, number: u32) {
        if let Table::Write(table) = &mut self.table
            && let Some(place) = table.get_mut(HEAD_BYTES + slot as usize * 4..).and_then(<[u8]>::first_chunk_mut::<4>)
        {
            *place = (number + 1).to_le_bytes();
        }
    }

    /// Makes the table from the fingerprints.
    fn rebuild(&mut self, slots: u64) -> Result<(), LakeError> {
        let (path, next) = (self.dir.join("subjects.table"), self.dir.join("subjects.table.next"));
        let failed = |error| LakeError::File { path: path.clone(), error };
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        self.table = Table::Write(map_mut(&next, Some(HEAD_BYTES as u64 + 4 * slots))?);
        for number in 0..self.len() {
            if let Some(fingerprint) = self.fingerprint(number)
                && let Err(slot) = self.find(fingerprint.0)
            {
                self.put(slot, number);
            }
        }
        if let Table::Write(table) = &mut self.table {
            set_head(table, u64::from(self.kept_count));
        }
        fs::rename(&next, &path).map_err(failed)
    }
}

fn slots_for(count: u64) -> u64 {
    (count * 16 / FULL + 1).next_power_of_two().max(SLOTS_MIN)
}

/// Slots of a table: the largest power of two that it has room for.
fn slots_of(table: &[u8]) -> u64 {
    let room = table.len().saturating_sub(HEAD_BYTES) as u64 / 4;
    room.checked_ilog2().map_or(0, |bits| 1 << bits)
}

/// How many committed numbers a table says that it holds.
fn head(table: &[u8]) -> u64 {
    table.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn set_head(table: &mut MmapMut, count: u64) {
    if let Some(place) = table.first_chunk_mut::<8>() {
        *place = count.to_le_bytes();
    }
}

fn map_if_there(path: &Path) -> Result<Option<Mmap>, LakeError> {
    match File::open(path).and_then(|file| map(&file)) {
        Ok(map) => Ok(Some(map)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LakeError::File { path: path.to_owned(), error }),
    }
}

#[allow(unsafe_code)] // The file is private to the data directory; its committed part never changes
// but for a forgotten fingerprint, whose bytes are read as whichever of the two.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: see above; the map is only ever read as bytes.
    unsafe { Mmap::map(file) }
}

/// Maps a file for writing, made with this length where one is given.
#[allow(unsafe_code)] // One process writes (the lake's lock), by atomic words of its own slots; readers
// take a slot that they see half-written for another number, which the fingerprint then denies.
fn map_mut(path: &Path, length: Option<u64>) -> Result<MmapMut, LakeError> {
    let failed = |error| LakeError::File { path: path.to_owned(), error };
    let file = OpenOptions::new().read(true).write(true).create(length.is_some()).truncate(false).open(path);
    let file = file.map_err(failed)?;
    if let Some(length) = length {
        file.set_len(length).map_err(failed)?;
    }
    // SAFETY: see above; the map is only ever read and written as bytes.
    unsafe { MmapMut::map_mut(&file) }.map_err(failed)
}
