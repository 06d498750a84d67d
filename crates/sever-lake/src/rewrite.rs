//! Forgetting: rows that are past their time go, and names are put out of those that stay.
//!
//! A segment that holds nothing of what is asked stays as it is. Any other is written anew and takes
//! the old one's place in the manifest by one rename, so that a crash leaves one of the two.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use sever_model::{EventTime, FingerprintKey};

use crate::manifest::{Manifest, Segment};
use crate::reader::read_all;
use crate::{LakeError, LakeWriter, UseRow};

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
/// When a segment cannot be read or written; those done by then stay done.
pub fn rewrite(dir: &Path, key: FingerprintKey, what: &Rewrite, write: Write) -> Result<Rewritten, LakeError> {
    let mut total = Rewritten::default();
    for segment in Manifest::load(dir)?.segments {
        let mut here = Rewritten::default();
        each(dir, &segment, what, &mut here, &mut |_| Ok(()))?;
        if write == Write::Now && here.dropped + here.changed > 0 {
            let stem = segment.file.trim_end_matches(".parquet");
            let (run, round) = stem.rsplit_once("-r").unwrap_or((stem, "0"));
            let next = format!("{run}-r{}", round.parse::<u64>().unwrap_or(0) + 1);
            let mut writer = LakeWriter::create(dir, &next, segment.sources.iter().cloned(), key, None)?;
            each(dir, &segment, what, &mut Rewritten::default(), &mut |row| writer.push_read(row))?;
            writer.finish()?;
        }
        total.dropped += here.dropped;
        total.changed += here.changed;
        total.kept += here.kept;
    }
    Ok(total)
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
    let mut subjects = HashSet::new();
    for segment in Manifest::load(dir)?.segments {
        read_all(&dir.join(&segment.file), &mut |row| {
            for code in row.data_subjects.iter().copied().chain([row.token_subject]).filter(|code| !code.is_empty()) {
                if !subjects.contains(code) {
                    subjects.insert(Box::from(code));
                }
            }
        })?;
    }
    Ok(subjects)
}

fn each(
    dir: &Path,
    segment: &Segment,
    what: &Rewrite,
    counts: &mut Rewritten,
    keep: &mut dyn FnMut(&UseRow<'_>) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let mut result = Ok(());
    read_all(&dir.join(&segment.file), &mut |row| {
        if result.is_err() || !segment.sources.contains(row.source) {
            return; // a later scan has read that log again
        }
        if what.before.is_some_and(|before| row.time < before) {
            counts.dropped += 1;
            return;
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
        result = keep(&next);
    })?;
    result
}

impl Rewrite {
    fn subject<'a>(&'a self, code: &'a str) -> &'a str {
        self.subjects.get(code).map_or(code, AsRef::as_ref)
    }

    fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.get(name).map_or(name, AsRef::as_ref)
    }
}
