//! What a lake holds, without reading its rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sever_model::{EventTime, WallTime};

use crate::commit::{self, Commit, Offset};
use crate::hold::{Hold, Lowered};
use crate::{LakeError, file_error, segment};

/// A lake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The newest commit; 0 where there is none.
    pub number: u64,
    /// What made it.
    pub run: String,
    /// When it was made, by the clock of whatever keeps the lake.
    pub at: Option<WallTime>,
    /// Commits that still read.
    pub commits: u64,
    /// By day since the Unix epoch.
    pub days: BTreeMap<i64, DaySum>,
    /// How far each log is read, by the source's id.
    pub offsets: BTreeMap<String, Offset>,
    /// What stops every deletion.
    pub holds: Vec<Hold>,
    /// How long uses were last said to be kept, in days.
    pub kept_for_days: Option<i64>,
    /// Whenever that became shorter.
    pub lowered: Vec<Lowered>,
}

/// What a day holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaySum {
    /// Its segments.
    pub segments: u64,
    /// Their rows, and how many of those take an earlier one back.
    pub rows: u64,
    /// Of them, those that take an earlier one back.
    pub retracted: u64,
    /// Bytes of the segments.
    pub bytes: u64,
    /// The logs that they speak of.
    pub sources: u64,
    /// The first use.
    pub first: Option<EventTime>,
    /// The last.
    pub last: Option<EventTime>,
}

/// What a lake holds.
///
/// # Errors
/// When its newest commit cannot be read.
pub fn overview(dir: &Path) -> Result<Overview, LakeError> {
    let storage = crate::storage::of(dir)?;
    let commit = Commit::newest(&*storage)?;
    let listed = storage.list(commit::FOLDER).map_err(|error| file_error(storage.place(commit::FOLDER), error))?;
    let own = commit::name(commit.number);
    let mut days: BTreeMap<i64, DaySum> = BTreeMap::new();
    for of_day in commit.segments.chunk_by(|a, b| a.day == b.day) {
        let Some(day) = of_day.first().map(|segment| segment.day) else { continue };
        let mut sources: Vec<&String> = of_day.iter().flat_map(|segment| &segment.sources).collect();
        sources.sort_unstable();
        sources.dedup();
        let sum = |of: fn(&commit::Segment) -> u64| of_day.iter().map(of).sum();
        let day_sum = DaySum {
            segments: of_day.len() as u64,
            rows: sum(|segment| segment.rows),
            retracted: sum(|segment| segment.retracted),
            bytes: sum(|segment| segment.bytes),
            sources: sources.len() as u64,
            first: of_day.iter().map(|segment| EventTime::from_micros(segment.first)).min(),
            last: of_day.iter().map(|segment| EventTime::from_micros(segment.last)).max(),
        };
        days.insert(day, day_sum);
    }
    Ok(Overview {
        number: commit.number,
        at: listed.iter().find(|file| file.name == own).map(|file| file.modified),
        commits: listed.iter().filter(|file| commit::number(&file.name).is_some()).count() as u64,
        days,
        run: commit.run,
        offsets: commit.offsets,
        holds: commit.holds,
        kept_for_days: commit.kept_for_days,
        lowered: commit.lowered,
    })
}

/// The segments that count, as whoever else reads them finds them.
///
/// # Errors
/// When the newest commit cannot be read.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let storage = crate::storage::of(dir)?;
    let commit = Commit::newest(&*storage)?;
    Ok(commit.segments.iter().map(|segment| storage.place(&segment.file)).collect())
}

/// The state that whoever follows the logs last committed, beside the offsets it belongs to.
///
/// # Errors
/// When it, or the newest commit, cannot be read.
pub fn checkpoint(dir: &Path) -> Result<Option<Vec<u8>>, LakeError> {
    let storage = crate::storage::of(dir)?;
    let Some(name) = Commit::newest(&*storage)?.checkpoint else { return Ok(None) };
    let state = storage.open(&name).and_then(|file| file.read(0..file.size()));
    state.map(|state| Some(state.to_vec())).map_err(|error| file_error(storage.place(&name), error))
}

/// Reads every byte of what counts and holds it against its checksums; how many segments that were.
///
/// # Errors
/// For the first file that is not as it was written.
pub fn verify(dir: &Path) -> Result<u64, LakeError> {
    let storage = crate::storage::of(dir)?;
    let commit = Commit::newest(&*storage)?;
    for segment in &commit.segments {
        segment::verify(&*storage, segment)?;
    }
    Ok(commit.segments.len() as u64)
}
