//! Which files make which listing, of what instant.
//!
//! A date in a file's name (`2025-01-31`, `20250131`, `2025-01`) makes it a snapshot of the **end** of
//! that day (or month) in the source's zone, for an export made during a day speaks of that day.
//! Files of the same date are parts of one listing. Files without a date are parts of one listing
//! too, whose instant is the youngest one's modification time: copying files without keeping their
//! times moves it, which is why a name with a date is better. What is hidden is left out, but for `.ssh`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sever_model::EventTime;
use sever_model::port::{ListingRef, SourceError};
use sha2::{Digest, Sha256};

use crate::SourceSettings;

/// How deep folders are read.
const DEPTH_MAX: usize = 6;

/// Files that make one listing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    /// What tells it apart.
    pub(crate) name: String,
    /// The instant it speaks of.
    pub(crate) at: EventTime,
    /// Its files, sorted.
    pub(crate) paths: Vec<PathBuf>,
}

/// All listings of a source's files, oldest first.
pub(crate) fn parts(settings: &SourceSettings) -> Result<Vec<Parts>, SourceError> {
    let paths = expand(settings)?;
    let mut listings: Vec<(Option<String>, Parts)> = Vec::new();
    for path in paths {
        if !path.is_file() {
            return Err(failed(settings, &path, "a pipe or device, not a file"));
        }
        let date = date_in(&file_name(&path));
        let at = match &date {
            Some(date) => settings.zone.end_of(date).map_err(|error| failed(settings, &path, &error.to_string()))?,
            None => modified(&path).map_err(|error| failed(settings, &path, &error.to_string()))?,
        };
        match listings.iter_mut().find(|(known, _)| *known == date) {
            Some((_, parts)) => {
                parts.at = parts.at.max(at);
                parts.paths.push(path);
            }
            None => listings.push((date, Parts { name: String::new(), at, paths: vec![path] })),
        }
    }
    listings.sort_by_key(|(_, parts)| parts.at);
    Ok(listings.into_iter().map(|(_, parts)| named(parts)).collect())
}

/// The listings with the digests of their content and of what reads them.
pub(crate) fn listings(settings: &SourceSettings, kind: &str) -> Result<Vec<ListingRef>, SourceError> {
    let mut refs = Vec::new();
    for parts in parts(settings)? {
        let mut digest = Sha256::new();
        let how =
            format!("{kind}\n{}\n{:?}\n{}\n{:?}\n", settings.system, settings.zone, settings.complete, settings.map);
        digest.update(how.as_bytes());
        for path in &parts.paths {
            digest.update(format!("{}\n", file_name(path)).as_bytes());
            let read = File::open(path).and_then(|file| hash(file, &mut digest));
            read.map_err(|error| failed(settings, path, &error.to_string()))?;
        }
        refs.push(ListingRef { name: parts.name, at: parts.at, digest: hex(&digest.finalize()) });
    }
    Ok(refs)
}

/// The files of one listing.
pub(crate) fn parts_of(settings: &SourceSettings, listing: &ListingRef) -> Result<Parts, SourceError> {
    let found = parts(settings)?.into_iter().find(|parts| parts.name == listing.name && parts.at == listing.at);
    found.ok_or_else(|| SourceError {
        source_id: settings.id.clone(),
        what: format!("`{}` is no longer there, or has changed while it was read", listing.name),
        hint: Some("run it again".to_owned()),
    })
}

/// Opens a file, decompressing what is gzip or zstd by its first bytes.
pub(crate) fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic)?;
    let whole = std::io::Cursor::new(magic.clone()).chain(BufReader::with_capacity(256 << 10, file));
    Ok(match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

/// Reads a whole file of at most the limit's length; what breaks off is told beside what was read.
pub(crate) fn read_whole(path: &Path, bytes_max: u64) -> std::io::Result<(Vec<u8>, Option<String>)> {
    let mut bytes = Vec::new();
    let mut input = open(path)?.take(bytes_max + 1);
    let broken = input.read_to_end(&mut bytes).err().map(|error| error.to_string());
    if bytes.len() as u64 > bytes_max {
        return Err(std::io::Error::other(format!("longer than the limit of {bytes_max} bytes")));
    }
    Ok((bytes, broken))
}

/// A file's name without its folder, for messages.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The error that a file could not be read.
pub(crate) fn failed(settings: &SourceSettings, path: &Path, what: &str) -> SourceError {
    SourceError { source_id: settings.id.clone(), what: format!("{}: {what}", path.display()), hint: None }
}

/// A date in a file's name, as `YYYY-MM-DD`; of a month, its last day.
pub(crate) fn date_in(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    for at in 0..bytes.len() {
        // Only where a run of digits begins, so that no part of a longer number is taken.
        if !digit(at) || (at > 0 && digit(at - 1)) {
            continue;
        }
        let run = bytes.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
        let number = |from: usize, len: usize| name.get(at + from..at + from + len)?.parse::<i16>().ok();
        let separated = |from: usize| matches!(bytes.get(at + from), Some(b'-' | b'_' | b'.'));
        let two = |from: usize| digit(at + from) && digit(at + from + 1) && !digit(at + from + 2);
        let found = match run {
            8 => day(number(0, 4), number(4, 2), number(6, 2)),
            4 if separated(4) && two(5) && separated(7) && two(8) => day(number(0, 4), number(5, 2), number(8, 2)),
            4 if separated(4) && two(5) => month_end(number(0, 4), number(5, 2)),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn day(year: Option<i16>, month: Option<i16>, day: Option<i16>) -> Option<String> {
    let year = year.filter(|year| (1990..2100).contains(year))?;
    let date = jiff::civil::Date::new(year, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?).ok()?;
    Some(date.to_string())
}

fn month_end(year: Option<i16>, month: Option<i16>) -> Option<String> {
    let year = year.filter(|year| (1990..2100).contains(year))?;
    let date = jiff::civil::Date::new(year, i8::try_from(month?).ok()?, 1).ok()?;
    Some(date.last_of_month().to_string())
}

fn named(mut parts: Parts) -> Parts {
    let first = parts.paths.first().map(|path| file_name(path)).unwrap_or_default();
    let more = parts.paths.len().saturating_sub(1);
    parts.name = if more == 0 { first } else { format!("{first} and {more} more") };
    parts
}

/// Replaces folders by the files in them.
fn expand(settings: &SourceSettings) -> Result<Vec<PathBuf>, SourceError> {
    let mut paths = Vec::new();
    for path in &settings.paths {
        walk(path, 0, &mut paths).map_err(|error| failed(settings, path, &error.to_string()))?;
    }
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return Err(SourceError {
            source_id: settings.id.clone(),
            what: "no file is there to be read".to_owned(),
            hint: Some("check its `path` in the configuration".to_owned()),
        });
    }
    Ok(paths)
}

fn walk(path: &Path, depth: usize, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    if depth >= DEPTH_MAX {
        return Err(std::io::Error::other("folders are nested too deep"));
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Hidden things are editors' and systems' own, but for the folder in which SSH keeps keys.
        if !name.starts_with('.') || name == ".ssh" {
            walk(&entry.path(), depth + 1, into)?;
        }
    }
    Ok(())
}

fn modified(path: &Path) -> std::io::Result<EventTime> {
    let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(EventTime::from_micros(i64::try_from(since.as_micros()).unwrap_or(0)))
}

fn hash(mut file: File, digest: &mut Sha256) -> std::io::Result<()> {
    let mut chunk = vec![0; 256 << 10];
    loop {
        let got = file.read(&mut chunk)?;
        if got == 0 {
            return Ok(());
        }
        digest.update(chunk.get(..got).unwrap_or_default());
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests;
