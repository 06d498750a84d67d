//! What a watch keeps: its state, what it has yet to tell, and what was pushed to it.
//!
//! ```text
//! data_dir/watch/
//!   lock                  held while a watch runs
//!   checkpoint-<n>.json   all of the state; the newest whole one counts        by rename
//!   journal-<n>.jsonl     what was judged since, a line a commit                append only
//!   outbox.jsonl          what is to be told to whom, and what was taken        append only, rewritten at start
//!   status.json           how the watch stands                                  by rename
//! ```
//!
//! A line counts once its line end is durable: what a crash or a full disk left of one is cut off.

mod lines;
mod outbox;
mod signer;
mod spool;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use lines::Lines;
pub use outbox::{Outbox, Outgoing};
pub use signer::EventKey;
pub use spool::{Spool, SpoolError};

/// The state of a watch.
pub struct WatchState {
    dir: PathBuf,
    number: u64,
    journal: Lines,
    /// Held for as long as this is.
    _lock: File,
}

/// What there was.
#[derive(Debug, Default)]
pub struct Kept {
    /// The newest checkpoint.
    pub checkpoint: Option<Vec<u8>>,
    /// The lines since.
    pub journal: Vec<String>,
}

impl WatchState {
    /// Opens the state of a data directory's watch.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] while another watch runs; what the file system gives otherwise.
    pub fn open(data_dir: &Path) -> io::Result<(WatchState, Kept)> {
        let dir = data_dir.join("watch");
        fs::create_dir_all(&dir)?;
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            fs::TryLockError::Error(error) => error,
        })?;
        let number = newest(&dir)?;
        let checkpoint = match number {
            0 => None,
            number => Some(fs::read(checkpoint_path(&dir, number))?),
        };
        let (journal, lines) = Lines::open(&journal_path(&dir, number))?;
        let state = WatchState { dir, number, journal, _lock: lock };
        state.remove_others()?;
        Ok((state, Kept { checkpoint, journal: lines }))
    }

    /// What is durable now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_back(&mut self) -> io::Result<Kept> {
        let checkpoint = match self.number {
            0 => None,
            number => Some(fs::read(checkpoint_path(&self.dir, number))?),
        };
        let (journal, lines) = Lines::open(&journal_path(&self.dir, self.number))?;
        self.journal = journal;
        Ok(Kept { checkpoint, journal: lines })
    }

    /// Makes a line of the journal durable.
    ///
    /// # Errors
    /// When it cannot be written; the journal is then as it was, and the same can be tried again.
    pub fn append(&mut self, line: &str) -> io::Result<()> {
        self.journal.append(line)
    }

    /// Makes all of the state durable; the journal begins anew.
    ///
    /// # Errors
    /// When it cannot be written; what there was counts then as before.
    pub fn checkpoint(&mut self, state: &[u8]) -> io::Result<()> {
        let number = self.number + 1;
        // The journal first, so that a checkpoint that counts has one.
        let path = journal_path(&self.dir, number);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (journal, _) = Lines::open(&path)?;
        replace(&checkpoint_path(&self.dir, number), state)?;
        (self.journal, self.number) = (journal, number);
        self.remove_others()
    }

    /// Says how the watch stands, for whoever asks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn status(&self, status: &[u8]) -> io::Result<()> {
        let (path, next) = (self.dir.join("status.json"), self.dir.join("status.json.next"));
        fs::write(&next, status)?;
        fs::rename(next, path)
    }

    /// How the watch of a data directory stood when it last said so.
    ///
    /// # Errors
    /// When it never did, or it cannot be read.
    pub fn last_status(data_dir: &Path) -> io::Result<Vec<u8>> {
        fs::read(data_dir.join("watch/status.json"))
    }

    /// Where its outbox lies.
    pub fn outbox_path(&self) -> PathBuf {
        self.dir.join("outbox.jsonl")
    }

    fn remove_others(&self) -> io::Result<()> {
        for (number, path) in numbered(&self.dir)? {
            if number != self.number {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn checkpoint_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("checkpoint-{number}.json"))
}

fn journal_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("journal-{number}.jsonl"))
}

/// The newest checkpoint's number; 0 where there is none.
fn newest(dir: &Path) -> io::Result<u64> {
    let checkpoints = numbered(dir)?.into_iter().filter(|(number, path)| *path == checkpoint_path(dir, *number));
    Ok(checkpoints.map(|(number, _)| number).max().unwrap_or(0))
}

/// The numbered files, whole or not.
fn numbered(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        let rest = name.strip_prefix("checkpoint-").or_else(|| name.strip_prefix("journal-"));
        let number = rest.and_then(|rest| rest.split('.').next()).and_then(|digits| digits.parse().ok());
        found.extend(number.map(|number| (number, dir.join(name))));
    }
    Ok(found)
}

/// Writes a file beside its place and moves it there, so that a crash leaves all of it or none.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut file = File::create(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}
