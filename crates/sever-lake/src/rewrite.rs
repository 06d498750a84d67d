//! Forgetting: rows that are past their time go, and names are put out of those that stay.
//!
//! A segment that holds nothing of what is asked stays as it is. All others are written anew, and one
//! commit puts them in the old ones' place; the old ones are removed at once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use sever_model::EventTime;

use crate::change::{Remove, commit, prune};
use crate::commit::{Commit, Segment};
use crate::hold::refuse;
use crate::reader::read_segment;
use crate::segment::{Names, SegmentWriter};
use crate::storage::Storage;
use crate::{LakeError, UseRow};

/// What is to be forgotten.
#[derive(Debug, Clone, Default)]
pub struct Rewrite {
    /// Rows of uses before then go.
    pub before: Option<EventTime>,
    /// Codes of subjects, and what stands for them from now on.
    pub subjects: HashMap<Box<str>, Box<str>>,
    /// Accounts and people by id, and what stands for them from now on.
    pub names: HashMap<Box<str>, Box<str>>,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// They went.
    pub dropped: u64,
    /// A name was put out of them.
    pub changed: u64,
    /// They stay as they were.
    pub kept: u64,
}

/// Counts what a rewriting would do, and does it where `write` says so.
///
/// # Errors
/// When a hold stops it, or a segment cannot be read or written; the lake is then as it was.
pub fn rewrite(dir: &Path, what: &Rewrite, write: Write) -> Result<Rewritten, LakeError> {
    let storage = crate::storage::of(dir)?;
    rewrite_in(&*storage, what, write)
}

pub(crate) fn rewrite_in(storage: &dyn Storage, what: &Rewrite, write: Write) -> Result<Rewritten, LakeError> {
    let now = Commit::newest(storage)?;
    if write == Write::Now {
        refuse(storage, &now.holds)?;
    }
    let mut total = Rewritten::default();
    let mut touched = HashSet::new();
    for segment in &now.segments {
        let mut here = Rewritten::default();
        each(storage, segment, what, &mut here, &mut |_| Ok(()))?;
        if here.dropped + here.changed > 0 {
            touched.insert(segment.file.clone());
        }
        total.dropped += here.dropped;
        total.changed += here.changed;
        total.kept += here.kept;
    }
    if write == Write::Now && !touched.is_empty() {
        forget(storage, what, &touched)?;
    }
    Ok(total)
}

/// Writes the segments anew that hold something of what is asked; what a commit that came meanwhile
/// brought is looked at, too.
fn forget(storage: &dyn Storage, what: &Rewrite, touched: &HashSet<String>) -> Result<(), LakeError> {
    let mut names = Names::of(&format!("forget-{:016x}", rand::random::<u64>()));
    let mut known: HashMap<String, Option<Segment>> = HashMap::new();
    let mut seen: HashSet<String> = HashSet::new();
    let newest = commit(storage, &mut |next| {
        refuse(storage, &next.holds)?;
        let mut kept = Vec::with_capacity(next.segments.len());
        for segment in std::mem::take(&mut next.segments) {
            if !touched.contains(&segment.file) && !seen.insert(segment.file.clone()) {
                kept.push(segment);
                continue;
            }
            if let Some(written) = known.get(&segment.file) {
                kept.extend(written.clone());
                continue;
            }
            let mut counts = Rewritten::default();
            let mut writer = SegmentWriter::create(storage, segment.day, None)?;
            each(storage, &segment, what, &mut counts, &mut |row| writer.push(row))?;
            let written = writer.seal(storage, &mut names)?;
            known.insert(segment.file.clone(), written.clone());
            kept.extend(written);
        }
        next.segments = kept;
        next.run = "forget".to_owned();
        Ok(())
    })?;
    prune(storage, &newest, Remove::Now)
}

/// Whether a rewriting is done, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is done.
    Now,
    /// It is only counted.
    DryRun,
}

/// The codes of the subjects that the lake's rows name.
///
/// # Errors
/// When a segment cannot be read.
pub fn subjects(dir: &Path) -> Result<HashSet<Box<str>>, LakeError> {
    let storage = crate::storage::of(dir)?;
    let mut subjects = HashSet::new();
    for segment in Commit::newest(&*storage)?.segments {
        read_segment(&*storage, &segment, &mut |row| {
            for code in row.data_subjects.iter().copied().chain([row.token_subject]).filter(|code| !code.is_empty()) {
                if !subjects.contains(code) {
                    subjects.insert(Box::from(code));
                }
            }
            Ok(())
        })?;
    }
    Ok(subjects)
}

fn each(
    storage: &dyn Storage,
    segment: &Segment,
    what: &Rewrite,
    counts: &mut Rewritten,
    keep: &mut dyn FnMut(&UseRow<'_>) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    read_segment(storage, segment, &mut |row| {
        if what.before.is_some_and(|before| row.time < before) {
            counts.dropped += 1;
            return Ok(());
        }
        let codes: Vec<&str> = row.data_subjects.iter().map(|code| what.subject(code)).collect();
        let next = UseRow {
            account: what.name(row.account),
            person: what.name(row.person),
            token_subject: what.subject(row.token_subject),
            data_subjects: &codes,
            ..*row
        };
        let changed = next != *row;
        counts.changed += u64::from(changed);
        counts.kept += u64::from(!changed);
        keep(&next)
    })
}

impl Rewrite {
    fn subject<'a>(&'a self, code: &'a str) -> &'a str {
        self.subjects.get(code).map_or(code, AsRef::as_ref)
    }

    fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.get(name).map_or(name, AsRef::as_ref)
    }
}
