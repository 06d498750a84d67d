//! An issuer's log, read as it grows.
//!
//! A plain file that is only added to, and now and then replaced by a new one of its name (rotation) or
//! emptied. Only whole lines are handed on. What is not there for a moment is looked for again; a file that
//! stays away makes its issuer silent, which the gate sees to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 1 << 20;
/// Longest line that is waited for; a longer one is handed on as it is.
const LINE_BYTES_MAX: usize = 4 << 20;

/// A log that is followed.
pub struct Followed {
    path: PathBuf,
    file: Option<(File, u64)>,
    offset: u64,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
}

impl Followed {
    /// A log, from its beginning.
    pub fn new(path: &Path) -> Followed {
        Followed { path: path.to_owned(), file: None, offset: 0, partial: Vec::new() }
    }

    /// The whole lines that have come since, up to a chunk of them; empty where there are none.
    ///
    /// # Errors
    /// When it cannot be read; the next look tries again.
    pub fn read_on(&mut self) -> io::Result<Vec<u8>> {
        if self.file.is_none() && !self.open()? {
            return Ok(Vec::new());
        }
        let read = self.read()?;
        if !read.is_empty() || !self.was_replaced()? {
            return Ok(self.whole(read));
        }
        // The old file has been read to its end; what broke off there is all there is of it.
        let mut rest = std::mem::take(&mut self.partial);
        if !rest.is_empty() {
            rest.push(b'\n');
        }
        self.file = None;
        Ok(rest)
    }

    fn open(&mut self) -> io::Result<bool> {
        match File::open(&self.path) {
            Ok(file) => {
                let inode = file.metadata()?.ino();
                self.file = Some((file, inode));
                self.offset = 0;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let Some((file, _)) = &mut self.file else { return Ok(Vec::new()) };
        if file.metadata()?.len() < self.offset {
            // Emptied in place: what is there now is new.
            file.seek(SeekFrom::Start(0))?;
            self.offset = 0;
            self.partial.clear();
        }
        let mut bytes = Vec::new();
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
        self.offset += read as u64;
        Ok(bytes)
    }

    fn was_replaced(&self) -> io::Result<bool> {
        let Some((_, inode)) = &self.file else { return Ok(false) };
        match std::fs::metadata(&self.path) {
            Ok(meta) => Ok(meta.ino() != *inode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Up to the last line's end; the rest waits.
    fn whole(&mut self, read: Vec<u8>) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(&read);
        if bytes.len() < LINE_BYTES_MAX {
            let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.partial = bytes.split_off(end);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
