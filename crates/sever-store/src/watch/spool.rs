//! Where records are kept that were pushed: a folder of numbered files, which is followed like any log.
//!
//! What [`Spool::append`] has taken is durable, so that whoever pushed it may forget it. Bounded: past
//! its limit the oldest files that have been judged are removed, and where that is not enough nothing
//! more is taken.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Lines;

/// Bytes of one file.
const FILE_BYTES: u64 = 64 << 20;
/// Batches whose key is remembered.
const BATCHES_MAX: usize = 10_000;

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// What is there has yet to be judged.
    #[error("{0} bytes wait to be judged, which is the limit")]
    Full(u64),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// A folder of records.
pub struct Spool {
    dir: PathBuf,
    bytes_max: u64,
    number: u64,
    file: Lines,
    /// Earlier files and their sizes.
    earlier: VecDeque<(PathBuf, u64)>,
    /// Files that have been judged, and whose judging no crash can undo.
    judged: HashSet<String>,
    keys: Lines,
    batches: VecDeque<String>,
    seen: HashSet<String>,
}

impl Spool {
    /// Opens the spool of a folder, making it at need.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(dir: &Path, bytes_max: u64) -> io::Result<Spool> {
        fs::create_dir_all(dir)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".log")).and_then(|it| it.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        let number = numbers.pop().unwrap_or(1);
        let mut earlier = VecDeque::new();
        for number in numbers {
            let path = path_of(dir, number);
            let bytes = fs::metadata(&path)?.len();
            earlier.push_back((path, bytes));
        }
        let (file, _) = Lines::open(&path_of(dir, number))?;
        let (keys, batches) = Lines::open(&dir.join(".batches"))?;
        let batches: VecDeque<String> = batches.into_iter().rev().take(BATCHES_MAX).rev().collect();
        let seen = batches.iter().cloned().collect();
        let dir = dir.to_owned();
        Ok(Spool { dir, bytes_max, number, file, earlier, judged: HashSet::new(), keys, batches, seen })
    }

    /// Whether a batch of this key has been taken.
    pub fn has(&self, key: &str) -> bool {
        self.seen.contains(key)
    }

    /// Takes whole lines, and says once they are durable. A key is that of the batch, by which it is known
    /// when it comes again.
    ///
    /// # Errors
    /// When it is full, or the disk is: nothing is then taken.
    pub fn append(&mut self, lines: &[u8], key: Option<&str>) -> Result<(), SpoolError> {
        self.make_room(lines.len() as u64)?;
        if self.file.bytes() > 0 && self.file.bytes() + lines.len() as u64 > FILE_BYTES {
            let next = Lines::open(&path_of(&self.dir, self.number + 1))?.0;
            self.earlier.push_back((path_of(&self.dir, self.number), self.file.bytes()));
            (self.file, self.number) = (next, self.number + 1);
        }
        self.file.bytes_of(lines)?;
        if let Some(key) = key {
            // What is not remembered here is only taken twice where it comes twice.
            self.keys.append(key)?;
            self.seen.insert(key.to_owned());
            self.batches.push_back(key.to_owned());
            if self.batches.len() > BATCHES_MAX
                && let Some(old) = self.batches.pop_front()
            {
                self.seen.remove(&old);
            }
        }
        Ok(())
    }

    /// Says which files have been judged whole, by name, such that a crash does not undo it.
    pub fn judged(&mut self, names: HashSet<String>) {
        self.judged = names;
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> u64 {
        self.file.bytes() + self.earlier.iter().map(|(_, bytes)| bytes).sum::<u64>()
    }

    fn make_room(&mut self, more: u64) -> Result<(), SpoolError> {
        while self.bytes() + more > self.bytes_max {
            let is_judged = |path: &Path| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| self.judged.contains(name))
            };
            match self.earlier.front() {
                Some((path, _)) if is_judged(path) => fs::remove_file(path)?,
                _ => return Err(SpoolError::Full(self.bytes())),
            }
            self.earlier.pop_front();
        }
        Ok(())
    }
}

fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.log"))
}
