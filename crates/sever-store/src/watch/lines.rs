//! A file of lines that only grows, each durable once it is added.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// A file of lines.
pub struct Lines {
    file: File,
    bytes: u64,
}

impl Lines {
    /// Opens the file, making it at need, and reads the lines in it. A last one that is not whole is cut
    /// off.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: &Path) -> io::Result<(Lines, Vec<String>)> {
        let mut file = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(whole);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Ok((Lines { file, bytes: whole as u64 }, lines))
    }

    /// Adds a line, and makes it durable.
    ///
    /// # Errors
    /// When it cannot be written. The file is then cut to what it was.
    pub fn append(&mut self, line: &str) -> io::Result<()> {
        self.append_all(std::iter::once(line))
    }

    /// Adds lines, and makes them durable together.
    ///
    /// # Errors
    /// As [`Lines::append`].
    pub fn append_all<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        self.bytes_of(text.as_bytes())
    }

    /// Adds bytes, and makes them durable.
    ///
    /// # Errors
    /// As [`Lines::append`].
    pub fn bytes_of(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.bytes)?;
            self.file.seek(SeekFrom::Start(self.bytes))?;
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// How long the file is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}
