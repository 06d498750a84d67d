//! What an issuer handed to the gate, as a log of JSON lines: durable before it is acknowledged.
//!
//! One folder for each issuer's log, one file a day, one line for each record, as the issuer said it. So the
//! same files are a log that `scan` reads. Each line ends with a sum over itself and all lines before:
//!
//! ```text
//! {"jti":"a7…","sub":"m7","exp":1775005200,"sever_sum":"91c0…"}
//!                                          └ keyed, over the line before it was added and the sum before
//! ```
//!
//! A line that was changed, lost or put in between is found where it stands, a file that is missing where the
//! next begins, and what is missing from the end by `head`, which says how far the log had come. A line that
//! breaks off at the very end was never acknowledged: it is cut off.
//!
//! Bounded: a line is at most [`LINE_BYTES_MAX`] long; nothing is held but the last sum. Files are kept until
//! [`IssuedLog::drop_before`] is told otherwise.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, FingerprintKey};

use crate::StoreError;

/// Longest line.
const LINE_BYTES_MAX: usize = 1 << 20;
/// Damages that are told one by one.
const DAMAGES_TOLD: usize = 20;
/// What a line's sum is written as.
const SUM: (&str, &str) = (",\"sever_sum\":\"", "\"}");
const SUM_DIGITS: usize = 16;
const SECS_PER_DAY: i64 = 86_400;

/// The log of one issuer's issuances.
#[derive(Debug)]
pub struct IssuedLog {
    dir: PathBuf,
    key: FingerprintKey,
    /// The day's file, and how long it is.
    file: Option<(String, File, u64)>,
    chain: u64,
    since: Option<EventTime>,
    _lock: File,
}

/// What was found when a log was opened.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct IssuedFound {
    /// Lines that were read.
    pub lines: u64,
    /// Bytes of a last line that broke off and was never acknowledged; they were cut off.
    pub torn_bytes: u64,
    /// What is wrong with it, the first few places: lines may be lost.
    pub damages: Vec<String>,
    /// Since when the log is kept without a loss, where that is remembered.
    pub since: Option<EventTime>,
}

/// How far a log had come. Written after it, so that it never says too much.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Head {
    file: String,
    bytes: u64,
    since: Option<EventTime>,
}

impl IssuedLog {
    /// Opens a log, making it on first use, and hands on every line in it.
    ///
    /// # Errors
    /// When it cannot be used, or another process has it open.
    pub fn open(
        dir: &Path,
        key: FingerprintKey,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(IssuedLog, IssuedFound), StoreError> {
        let failed = |error| StoreError::File { path: dir.to_owned(), error };
        fs::create_dir_all(dir).map_err(failed)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| failed(io::Error::other(format!("another process has it open: {error}"))))?;
        let head = fs::read(dir.join("head")).ok().and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
        let head = head.unwrap_or_default();
        let mut found = IssuedFound { since: head.since, ..IssuedFound::default() };
        let mut chain = None;
        let files = days(dir).map_err(failed)?;
        for (at, name) in files.iter().enumerate() {
            let last = at + 1 == files.len();
            read(&dir.join(name), &key, &mut chain, last, &mut found, each).map_err(failed)?;
        }
        let there = if head.file.is_empty() { 0 } else { length(&dir.join(&head.file)) };
        if there < head.bytes {
            let (file, missing) = (&head.file, head.bytes - there);
            damage(&mut found, || format!("{file}: {missing} bytes are missing from its end"));
        }
        let log = IssuedLog {
            dir: dir.to_owned(),
            key,
            file: None,
            chain: chain.unwrap_or(0),
            since: head.since,
            _lock: lock,
        };
        Ok((log, found))
    }

    /// Writes lines, each one JSON object, to the file of that day. Durable once [`IssuedLog::sync`] has said so.
    ///
    /// # Errors
    /// When they cannot be written whole: then none of them stands there.
    pub fn append<'a>(&mut self, day: i64, lines: impl Iterator<Item = &'a [u8]>) -> Result<(), StoreError> {
        let mut chain = self.chain;
        let mut text = Vec::new();
        for line in lines {
            chain = sum(&self.key, chain, line);
            let body = line.strip_suffix(b"}").unwrap_or(line);
            text.extend_from_slice(body);
            text.extend_from_slice(format!("{}{chain:016x}{}\n", SUM.0, SUM.1).as_bytes());
        }
        let path = self.dir.clone();
        let failed = |error| StoreError::File { path: path.clone(), error };
        let (_, file, length) = self.of_day(day).map_err(failed)?;
        if let Err(error) = file.write_all(&text) {
            // What stands half-way there must not be followed by other lines.
            file.set_len(*length).map_err(failed)?;
            return Err(failed(error));
        }
        *length += text.len() as u64;
        self.chain = chain;
        Ok(())
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// When that cannot be said of it.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let failed = |error| StoreError::File { path: self.dir.clone(), error };
        let Some((name, file, bytes)) = &self.file else { return Ok(()) };
        file.sync_data().map_err(failed)?;
        self.write_head(&Head { file: name.clone(), bytes: *bytes, since: self.since })
    }

    fn write_head(&self, head: &Head) -> Result<(), StoreError> {
        let failed = |error| StoreError::File { path: self.dir.clone(), error };
        let text = serde_json::to_vec(head).map_err(|error| failed(io::Error::other(error)))?;
        // Not made durable itself: after a power cut it may say less than there is, and never more.
        let new = self.dir.join("head.new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, self.dir.join("head"))).map_err(failed)
    }

    /// Sets all that there is aside, for it is damaged: the files are kept under another name, and the log begins
    /// anew at this instant.
    ///
    /// # Errors
    /// When they cannot be renamed.
    pub fn set_aside(&mut self, since: EventTime) -> Result<(), StoreError> {
        let failed = |error| StoreError::File { path: self.dir.clone(), error };
        (self.file, self.chain) = (None, 0);
        for name in days(&self.dir).map_err(failed)? {
            let aside = format!("{name}.damaged-{}", since.micros());
            fs::rename(self.dir.join(&name), self.dir.join(aside)).map_err(failed)?;
        }
        self.since = Some(since);
        self.write_head(&Head { since: self.since, ..Head::default() })
    }

    /// Removes the files of days before this one: how many.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn drop_before(&mut self, day: i64) -> Result<usize, StoreError> {
        let failed = |error| StoreError::File { path: self.dir.clone(), error };
        let keep = file_of(day);
        let old: Vec<String> = days(&self.dir).map_err(failed)?.into_iter().filter(|name| *name < keep).collect();
        for name in &old {
            fs::remove_file(self.dir.join(name)).map_err(failed)?;
        }
        Ok(old.len())
    }

    fn of_day(&mut self, day: i64) -> io::Result<&mut (String, File, u64)> {
        let name = file_of(day);
        // A clock that was set back must not write into a file that others follow.
        let current = self.file.as_ref().is_some_and(|(current, ..)| *current >= name);
        if !current {
            let newest = days(&self.dir)?.pop().filter(|newest| *newest > name).unwrap_or(name);
            let path = self.dir.join(&newest);
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
            let length = file.metadata()?.len();
            // The file's name must be as durable as what stands in it.
            File::open(&self.dir)?.sync_all()?;
            self.file = Some((newest, file, length));
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("no file"))
    }
}

/// The name of a day's file.
fn file_of(day: i64) -> String {
    let text = EventTime::from_secs(day.saturating_mul(SECS_PER_DAY)).to_string();
    format!("{}.jsonl", text.get(..10).unwrap_or(&text))
}

/// The files of a log, oldest first.
fn days(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".jsonl") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

fn sum(key: &FingerprintKey, before: u64, line: &[u8]) -> u64 {
    let mut bytes = before.to_be_bytes().to_vec();
    bytes.extend_from_slice(line);
    key.hash64(&bytes)
}

fn damage(found: &mut IssuedFound, what: impl FnOnce() -> String) {
    if found.damages.len() < DAMAGES_TOLD {
        found.damages.push(what());
    }
}

/// Reads one file on from the sum so far. After a damage it goes on from what the next line says.
fn read(
    path: &Path,
    key: &FingerprintKey,
    chain: &mut Option<u64>,
    last: bool,
    found: &mut IssuedFound,
    each: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut line, mut number, mut good) = (Vec::new(), 0u64, 0u64);
    loop {
        line.clear();
        let read = io::Read::take(&mut reader, LINE_BYTES_MAX as u64 * 2).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        if line.last() != Some(&b'\n') && last {
            found.torn_bytes = length(path) - good;
            return OpenOptions::new().write(true).open(path)?.set_len(good);
        }
        good += read as u64;
        let Some((body, said)) = taken_apart(line.trim_ascii_end()) else {
            damage(found, || format!("{name}: line {number} is no line of this log"));
            continue;
        };
        // Of the first file the lines before are gone on purpose: its first sum is believed.
        if chain.is_some_and(|before| sum(key, before, &body) != said) {
            damage(found, || format!("{name}: line {number} does not follow from those before"));
        }
        *chain = Some(said);
        found.lines += 1;
        each(&line);
    }
}

/// A line as the issuer said it, and its sum.
fn taken_apart(line: &[u8]) -> Option<(Vec<u8>, u64)> {
    let line = line.strip_suffix(SUM.1.as_bytes())?;
    let (rest, digits) = line.split_at_checked(line.len().checked_sub(SUM_DIGITS)?)?;
    let body = rest.strip_suffix(SUM.0.as_bytes())?;
    let said = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(([body, b"}"].concat(), said))
}

#[cfg(test)]
mod tests;
