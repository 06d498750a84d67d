//! What is to be told to whom: kept until it was taken, at least once each, in order per finding.
//!
//! An entry is known by finding, revision and receiver, so that what is put again after a crash is put
//! once. Whom it was taken by is remembered for as long as the finding may be put again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sever_model::{FindingId, WallTime};

use super::Lines;

/// Entries that may wait at once for all receivers.
const WAITING_MAX: usize = 200_000;

/// One thing to tell one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The finding.
    pub finding: FindingId,
    /// Its revision.
    pub revision: u32,
    /// The receiver's name.
    pub to: String,
    /// What is told: a JSON document.
    pub body: String,
    /// When it was put here.
    pub put: WallTime,
}

/// The outbox.
pub struct Outbox {
    path: PathBuf,
    lines: Lines,
    /// What waits, in the order it was put.
    waiting: BTreeMap<u64, Outgoing>,
    next: u64,
    /// The newest revision that was put, for each finding and receiver.
    known: BTreeMap<(FindingId, String), u32>,
    dropped: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Put(Outgoing),
    /// It was put before, and is taken.
    Known(FindingId, String, u32),
    Taken(FindingId, String, u32),
}

impl Outbox {
    /// Opens the outbox of a file, and writes it anew without what is done with.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: &Path) -> io::Result<Outbox> {
        let (lines, kept) = Lines::open(path)?;
        let mut outbox = Outbox {
            path: path.to_owned(),
            lines,
            waiting: BTreeMap::new(),
            next: 0,
            known: BTreeMap::new(),
            dropped: 0,
        };
        for line in kept {
            // A line that does not read is no line of ours: what it was cannot be told.
            let line = serde_json::from_str(&line).map_err(io::Error::other)?;
            outbox.take(line);
        }
        outbox.rewrite()?;
        Ok(outbox)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Put(entry) => {
                self.known.insert((entry.finding.clone(), entry.to.clone()), entry.revision);
                self.waiting.insert(self.next, entry);
                self.next += 1;
            }
            Line::Known(finding, to, revision) => {
                self.known.insert((finding, to), revision);
            }
            Line::Taken(finding, to, revision) => {
                self.waiting.retain(|_, it| (&it.finding, &it.to, it.revision) != (&finding, &to, revision));
            }
        }
    }

    /// Whether this revision, or a later one, was put for this receiver.
    pub fn has(&self, finding: &FindingId, revision: u32, to: &str) -> bool {
        self.known.get(&(finding.clone(), to.to_owned())).is_some_and(|known| *known >= revision)
    }

    /// Puts entries, all of them durable or none; those that it has are passed over.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put(&mut self, entries: Vec<Outgoing>) -> io::Result<()> {
        let mut entries: Vec<Outgoing> =
            entries.into_iter().filter(|it| !self.has(&it.finding, it.revision, &it.to)).collect();
        let room = WAITING_MAX.saturating_sub(self.waiting.len());
        self.dropped += entries.len().saturating_sub(room) as u64;
        entries.truncate(room);
        let lines: Result<Vec<String>, _> =
            entries.iter().map(|entry| serde_json::to_string(&Line::Put(entry.clone()))).collect();
        let lines = lines.map_err(io::Error::other)?;
        if !lines.is_empty() {
            self.lines.append_all(lines.iter().map(String::as_str))?;
        }
        entries.into_iter().for_each(|entry| self.take(Line::Put(entry)));
        Ok(())
    }

    /// What waits for a receiver and may be told now: the oldest of each finding.
    pub fn due(&self, to: &str) -> Vec<(u64, &Outgoing)> {
        let mut seen = BTreeSet::new();
        let of = self.waiting.iter().filter(|(_, entry)| entry.to == to);
        of.filter(|(_, entry)| seen.insert(&entry.finding)).map(|(number, entry)| (*number, entry)).collect()
    }

    /// Notes that an entry was taken.
    ///
    /// # Errors
    /// When it cannot be written: it is then told once more after the next start.
    pub fn taken(&mut self, number: u64) -> io::Result<()> {
        let Some(entry) = self.waiting.remove(&number) else { return Ok(()) };
        let line = serde_json::to_string(&Line::Taken(entry.finding, entry.to, entry.revision));
        self.lines.append(&line.map_err(io::Error::other)?)
    }

    /// How many wait for a receiver, and since when the oldest does.
    pub fn waiting(&self, to: &str) -> (usize, Option<WallTime>) {
        let mut of = self.waiting.values().filter(|entry| entry.to == to);
        let oldest = of.next().map(|entry| entry.put);
        (usize::from(oldest.is_some()) + of.count(), oldest)
    }

    /// The receivers that something was ever put for.
    pub fn receivers(&self) -> BTreeSet<String> {
        self.known.keys().map(|(_, to)| to.clone()).collect()
    }

    /// How many entries did not fit.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let mut text = String::new();
        let mut add = |line: &Line| -> io::Result<()> {
            text.push_str(&serde_json::to_string(line).map_err(io::Error::other)?);
            text.push('\n');
            Ok(())
        };
        for ((finding, to), revision) in &self.known {
            add(&Line::Known(finding.clone(), to.clone(), *revision))?;
        }
        for entry in self.waiting.values() {
            add(&Line::Put(entry.clone()))?;
        }
        super::replace(&self.path, text.as_bytes())?;
        self.lines = Lines::open(&self.path)?.0;
        Ok(())
    }
}
