//! The build's first half on disk: 256 files of unsorted entries, by the first byte of their
//! fingerprints, each small enough to be sorted in memory.
//!
//! Bounded: a 64 KiB buffer per file.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::RegisterError;

const PARTITIONS: usize = 256;
const BUFFER_BYTES: usize = 64 << 10;
/// Prefix and word; the minute of deletion follows where the word says so.
const FIXED_BYTES: usize = 16;
/// Ids are spread evenly by a keyed hash, so that only one id repeated without end fills a file.
const PARTITION_BYTES_MAX: u64 = 256 << 20;

/// One row of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The first 104 bits of the fingerprint.
    pub(super) prefix: u128,
    pub(super) word: u32,
    /// The minute of deletion; 0 for none.
    pub(super) deleted: u32,
}

/// The files, being written; the folder is removed with it.
pub(super) struct Spill {
    dir: PathBuf,
    files: Vec<(File, Vec<u8>, u64)>,
}

impl Spill {
    /// Makes the folder beside the register that is being built.
    pub(super) fn create(dir: PathBuf) -> Result<Spill, RegisterError> {
        fs::create_dir_all(&dir).map_err(|error| RegisterError::File { path: dir.clone(), error })?;
        let mut files = Vec::with_capacity(PARTITIONS);
        for number in 0..PARTITIONS {
            let path = partition(&dir, number);
            let file = File::create(&path).map_err(|error| RegisterError::File { path, error })?;
            files.push((file, Vec::with_capacity(BUFFER_BYTES), 0));
        }
        Ok(Spill { dir, files })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), RegisterError> {
        let number = (row.prefix >> 96) as usize;
        let Some((file, buffer, written)) = self.files.get_mut(number) else { return Ok(()) };
        let rest = row.prefix.to_le_bytes();
        buffer.extend_from_slice(rest.get(..12).unwrap_or_default());
        buffer.extend_from_slice(&row.word.to_le_bytes());
        if row.deleted != 0 {
            buffer.extend_from_slice(&row.deleted.to_le_bytes());
        }
        if buffer.len() > BUFFER_BYTES - FIXED_BYTES - 4 {
            let path = || partition(&self.dir, number);
            file.write_all(buffer).map_err(|error| RegisterError::File { path: path(), error })?;
            *written += buffer.len() as u64;
            buffer.clear();
            if *written > PARTITION_BYTES_MAX {
                let what = "one id is repeated many million times, or there are over four thousand million".to_owned();
                return Err(RegisterError::Input { path: self.dir.clone(), what, hint: None });
            }
        }
        Ok(())
    }

    /// Hands over the rows of each file, unsorted, files in order of their fingerprints; each is removed
    /// once it is read, so that the disk never holds everything twice.
    pub(super) fn drain(
        mut self,
        each: &mut dyn FnMut(&mut Vec<Row>) -> Result<(), RegisterError>,
    ) -> Result<(), RegisterError> {
        let mut rows = Vec::new();
        for (number, (mut file, buffer, _)) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let path = partition(&self.dir, number);
            let failed = |error| RegisterError::File { path: path.clone(), error };
            file.write_all(&buffer).map_err(failed)?;
            drop((file, buffer));
            let bytes = fs::read(&path).map_err(failed)?;
            fs::remove_file(&path).map_err(failed)?;
            rows.clear();
            parse(&bytes, number, &mut rows);
            drop(bytes);
            each(&mut rows)?;
        }
        Ok(())
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.files.clear();
        // What cannot be removed is only space, and the next build uses the same folder.
        drop(fs::remove_dir_all(&self.dir));
    }
}

fn parse(mut bytes: &[u8], number: usize, rows: &mut Vec<Row>) {
    while let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED_BYTES>() {
        let packed = u128::from_le_bytes(*fixed);
        let word = (packed >> 96) as u32;
        let prefix = (number as u128) << 96 | (packed & ((1 << 96) - 1));
        bytes = rest;
        let mut deleted = 0;
        if super::format::unpack(word).2
            && let Some((minute, rest)) = bytes.split_first_chunk::<4>()
        {
            deleted = u32::from_le_bytes(*minute);
            bytes = rest;
        }
        rows.push(Row { prefix, word, deleted });
    }
}

fn partition(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("{number:02x}"))
}
