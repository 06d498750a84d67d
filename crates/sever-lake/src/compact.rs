//! Compaction: a day's small segments become few, and what was taken back goes.
//!
//! Nothing is said anew: the rows that counted count, in other files. Segments of one log stay its
//! own, as the writer keeps them, so that reading the log again costs no other's. A segment that is
//! large enough is left alone, unless something in it was taken back.
//!
//! Bounded by: the rows of one segment in memory at a time.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use sever_model::{Span, Stage, WallTime};

use crate::change::{Remove, commit, prune};
use crate::commit::{Commit, FOLDER, Segment, name, numbers};
use crate::reader::{Retracted, read_segment, said, taken_back};
use crate::rows::Rows;
use crate::segment::{Names, SEGMENT_ROWS, SegmentWriter};
use crate::storage::Storage;
use crate::writer::log;
use crate::{LakeError, file_error};

/// Small segments that a day may have before a commit merges them.
const SMALL_MAX: usize = 16;
/// With so many, two are one too many.
const FEW: usize = 2;
/// A segment with fewer rows is small.
const SMALL_ROWS: u64 = SEGMENT_ROWS as u64 / 2;
/// How long a file that no commit names may belong to a run that is not done.
const UNNAMED: Span = Span::secs(86_400);

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Days that it looked at and changed.
    pub days: u64,
    /// Segments before, on those days.
    pub before: u64,
    /// Segments after.
    pub after: u64,
    /// Rows that went: taken back, and those that took them back.
    pub dropped: u64,
    /// Files of runs that were never committed, which were removed.
    pub swept: u64,
}

/// Merges the small segments of every day, drops what was taken back, and removes the files of runs
/// that ended without a commit. `now` is by the clock of whatever keeps the lake.
///
/// # Errors
/// When the lake cannot be read or written; it is then as it was.
pub fn compact(dir: &Path, now: WallTime) -> Result<Compacted, LakeError> {
    let storage = crate::storage::of(dir)?;
    let days = Commit::newest(&*storage)?.segments.iter().map(|segment| segment.day).collect();
    let mut compacted = compact_days(&*storage, &days, FEW)?;
    compacted.swept = sweep(&*storage, now)?;
    Ok(compacted)
}

/// The same, without being asked, for those of these days that have too many small segments.
pub(crate) fn compact_full(storage: &dyn Storage, days: &BTreeSet<i64>) -> Result<(), LakeError> {
    compact_days(storage, days, SMALL_MAX).map(|_| ())
}

/// Compacts those of these days that have so many small segments; where so many are [`FEW`], those, too,
/// in which something was taken back.
pub(crate) fn compact_days(storage: &dyn Storage, days: &BTreeSet<i64>, few: usize) -> Result<Compacted, LakeError> {
    let newest = Commit::newest(storage)?;
    let mut names = Names::of(&format!("compact-{:016x}", rand::random::<u64>()));
    let (mut total, mut old, mut new) = (Compacted::default(), HashSet::new(), Vec::new());
    for day in newest.segments.chunk_by(|a, b| a.day == b.day) {
        let small = day.iter().filter(|segment| segment.rows < SMALL_ROWS).count();
        let due = small >= few || (few == FEW && day.iter().any(|segment| segment.retracted > 0));
        if !due || !day.first().is_some_and(|segment| days.contains(&segment.day)) {
            continue;
        }
        // What a hold keeps stays in its rows, with the words that take it back.
        let back = if newest.holds.is_empty() { taken_back(storage, day)? } else { Retracted::new() };
        let bins = bins(day, few, !back.is_empty());
        let written = new.len();
        for bin in &bins {
            old.extend(bin.iter().map(|segment| segment.file.clone()));
            total.before += bin.len() as u64;
            total.dropped += merge(storage, bin, &back, &mut names, &mut new)?;
        }
        total.days += u64::from(!bins.is_empty());
        total.after += (new.len() - written) as u64;
    }
    if old.is_empty() {
        return Ok(total);
    }
    let held = !newest.holds.is_empty();
    let newest = commit(storage, &mut |next| {
        let there = next.segments.iter().filter(|segment| old.contains(&segment.file)).count();
        // A hold, or a word that takes something back, may have come meanwhile.
        if there < old.len() || held == next.holds.is_empty() {
            return Err(LakeError::Busy { path: storage.place(FOLDER) });
        }
        next.segments.retain(|segment| !old.contains(&segment.file));
        next.segments.extend(new.iter().cloned());
        "compact".clone_into(&mut next.run);
        Ok(())
    })?;
    prune(storage, &newest, Remove::AfterGrace)?;
    Ok(total)
}

/// Which segments of a day become one: as many as fit, of the same log, or all small ones together.
/// Where something was taken back, all are written anew.
fn bins(day: &[Segment], few: usize, all: bool) -> Vec<Vec<&Segment>> {
    let mut groups: BTreeMap<Option<&str>, Vec<&Segment>> = BTreeMap::new();
    for segment in day.iter().filter(|segment| all || segment.rows < SMALL_ROWS) {
        let logs: BTreeSet<&str> = segment.sources.iter().map(|source| log(source)).collect();
        let own = segment.rows >= crate::segment::GROUP_ROWS as u64 && logs.len() == 1;
        groups.entry(if own { logs.first().copied() } else { None }).or_default().push(segment);
    }
    let mut bins = Vec::new();
    for group in groups.into_values() {
        if !all && group.len() < few {
            continue;
        }
        let (mut bin, mut rows) = (Vec::new(), 0);
        for segment in group {
            if rows + segment.rows > SEGMENT_ROWS as u64 && !bin.is_empty() {
                bins.push(std::mem::take(&mut bin));
                rows = 0;
            }
            rows += segment.rows;
            bin.push(segment);
        }
        bins.push(bin);
    }
    bins.retain(|bin| bin.len() > 1 || all);
    bins
}

/// Writes segments as one, less what was taken back; how many rows went.
fn merge(
    storage: &dyn Storage,
    bin: &[&Segment],
    back: &Retracted,
    names: &mut Names,
    new: &mut Vec<Segment>,
) -> Result<u64, LakeError> {
    let (mut rows, mut dropped) = (Rows::default(), 0);
    for segment in bin {
        read_segment(storage, segment, &mut |row| {
            let gone = row.stage == Stage::Retracted || back.contains(&(row.source.into(), row.offset, said(row)));
            if gone && !back.is_empty() {
                dropped += 1;
            } else {
                rows.push(row, row.data_subjects.iter().copied());
            }
            Ok(())
        })?;
    }
    let Some(day) = bin.first().map(|segment| segment.day) else { return Ok(0) };
    let mut writer = SegmentWriter::create(storage, day, None)?;
    writer.rows(&rows, &rows.all_sorted())?;
    new.extend(writer.seal(storage, names)?);
    Ok(dropped)
}

/// Removes files that no commit names, and that are too old to belong to a run that goes on; how many.
fn sweep(storage: &dyn Storage, now: WallTime) -> Result<u64, LakeError> {
    let mut named: HashSet<String> = HashSet::new();
    let mut newest = None;
    for number in numbers(storage)? {
        let commit = Commit::load(storage, number)?;
        named.extend(commit.files().map(str::to_owned));
        named.insert(name(number));
        newest = Some(commit);
    }
    // What was never committed may still show something.
    if newest.is_none_or(|newest| !newest.holds.is_empty()) {
        return Ok(0);
    }
    let mut swept = 0;
    for file in storage.list("").map_err(|error| file_error(storage.place(""), error))? {
        let ours = ["day=", "commits/", "checkpoints/"].iter().any(|folder| file.name.starts_with(folder));
        // A commit that came since the look is newer than any that is looked at.
        if ours && !named.contains(&file.name) && now.since(file.modified) > UNNAMED {
            storage.remove(&file.name).map_err(|error| file_error(storage.place(&file.name), error))?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests;
