//! How a lake changes: one commit at a time, and what nothing counts any more is removed after a while.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;

use sever_model::{Span, WallTime};

use crate::commit::{self, Commit, Segment};
use crate::reader::read_segment;
use crate::segment::{Names, SegmentWriter};
use crate::storage::{Put, Storage};
use crate::{LakeError, file_error};

/// How often a commit is tried that others come before.
const RACES_MAX: usize = 50;
/// How long what a commit replaced stays readable to those who read it: longer than any question takes.
const GRACE: Span = Span::secs(600);

/// Makes a commit of what `change` makes of the newest one; again, of a newer one, where another
/// writer came first.
pub(crate) fn commit(
    storage: &dyn Storage,
    change: &mut dyn FnMut(&mut Commit) -> Result<(), LakeError>,
) -> Result<Commit, LakeError> {
    for _ in 0..RACES_MAX {
        let mut next = Commit::newest(storage)?;
        next.number += 1;
        change(&mut next)?;
        next.segments.sort_by(|a, b| (a.day, &a.file).cmp(&(b.day, &b.file)));
        if next.publish(storage)? == Put::Done {
            return Ok(next);
        }
    }
    Err(LakeError::Busy { path: storage.place(commit::FOLDER) })
}

/// When files go that no longer count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remove {
    /// Once nobody reads them any more.
    AfterGrace,
    /// At once: they hold what must be forgotten.
    Now,
}

/// Removes older commits, and the files that only they name; under a hold only commits whose files all
/// count in the next one.
///
/// Times are those that the storage gives its files, so that only its own clock is asked.
pub(crate) fn prune(storage: &dyn Storage, newest: &Commit, when: Remove) -> Result<(), LakeError> {
    let listed = storage.list(commit::FOLDER).map_err(|error| file_error(storage.place(commit::FOLDER), error))?;
    let numbered = listed.iter().filter_map(|file| Some((commit::number(&file.name)?, file.modified)));
    let mut commits: Vec<(u64, WallTime)> = numbered.filter(|(number, _)| *number <= newest.number).collect();
    commits.sort_unstable();
    let Some((_, now)) = commits.last().copied() else { return Ok(()) };
    for pair in commits.windows(2) {
        let [(number, _), (next, replaced)] = pair else { continue };
        if when == Remove::AfterGrace && now.since(*replaced) <= GRACE {
            return Ok(());
        }
        let Some(before) = there(Commit::load(storage, *number))? else { continue };
        let after = if *next == newest.number { Some(newest.clone()) } else { there(Commit::load(storage, *next))? };
        // Where another process prunes too, the rest is its.
        let Some(after) = after else { return Ok(()) };
        // What went from one commit to the next never comes back: a name is given once.
        let kept: BTreeSet<&str> = after.files().collect();
        let gone: Vec<&str> = before.files().filter(|file| !kept.contains(file)).collect();
        if !gone.is_empty() && !Commit::newest(storage)?.holds.is_empty() {
            continue;
        }
        // The commit goes last: killed before, this is done again.
        for name in gone.into_iter().chain([commit::name(*number).as_str()]) {
            storage.remove(name).map_err(|error| file_error(storage.place(name), error))?;
        }
    }
    Ok(())
}

/// What was read, where it is still there.
fn there<T>(read: Result<T, LakeError>) -> Result<Option<T>, LakeError> {
    match read {
        Err(LakeError::File { error, .. }) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Segments that others take the place of.
#[derive(Default)]
pub(crate) struct Replaced {
    /// By the old segment's file: kept for a commit that is tried again.
    written: HashMap<String, Option<Segment>>,
}

impl Replaced {
    /// Takes out of a commit what it holds of these logs. A segment that speaks of others, too, is
    /// written anew without them.
    pub(crate) fn supersede(
        &mut self,
        storage: &dyn Storage,
        next: &mut Commit,
        sources: &BTreeSet<String>,
        names: &mut Names,
    ) -> Result<(), LakeError> {
        let mut kept = Vec::with_capacity(next.segments.len());
        for segment in std::mem::take(&mut next.segments) {
            if segment.sources.is_disjoint(sources) {
                kept.push(segment);
            } else if !segment.sources.is_subset(sources) {
                kept.extend(self.without(storage, &segment, sources, names)?);
            }
        }
        next.segments = kept;
        next.offsets.retain(|source, _| !sources.contains(source));
        Ok(())
    }

    fn without(
        &mut self,
        storage: &dyn Storage,
        segment: &Segment,
        sources: &BTreeSet<String>,
        names: &mut Names,
    ) -> Result<Option<Segment>, LakeError> {
        if let Some(written) = self.written.get(&segment.file) {
            return Ok(written.clone());
        }
        let mut writer = SegmentWriter::create(storage, segment.day, None)?;
        read_segment(storage, segment, &mut |row| {
            if sources.contains(row.source) { Ok(()) } else { writer.push(row) }
        })?;
        let written = writer.seal(storage, names)?;
        self.written.insert(segment.file.clone(), written.clone());
        Ok(written)
    }
}

#[cfg(test)]
pub(crate) mod tests;
