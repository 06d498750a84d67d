//! Keeps the runs in step with the lake's segments.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sever_model::Fingerprint;

use super::build::RunBuilder;
use super::run::{Run, Size};
use super::{Day, Index, Numbering};
use crate::commit::{Commit, Segment};
use crate::reader::{read_of, read_segment};
use crate::storage::{self, Storage};
use crate::{Filter, LakeError, UseRow};

/// The lake's segments, as the index sees them.
pub trait Segments {
    /// Those that count, in the order in which they were written.
    fn segments(&self) -> Vec<SegmentOf>;

    /// Hands over every row of one, subjects by code.
    ///
    /// # Errors
    /// When it cannot be read.
    fn rows(&self, name: &str, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<(), LakeError>;
}

/// The segments of a lake's newest commit.
pub(crate) struct LakeSegments {
    storage: Arc<dyn Storage>,
    commit: Commit,
}

impl LakeSegments {
    pub(crate) fn newest(dir: &Path) -> Result<LakeSegments, LakeError> {
        let storage = storage::of(dir)?;
        let commit = Commit::newest(&*storage)?;
        Ok(LakeSegments { storage, commit })
    }

    /// Hands over every row that counts and is wanted.
    pub(crate) fn read(&self, filter: &Filter, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<u64, LakeError> {
        read_of(&*self.storage, &self.commit, filter, each)
    }
}

impl Segments for LakeSegments {
    fn segments(&self) -> Vec<SegmentOf> {
        let of = |segment: &Segment| SegmentOf {
            name: segment.file.clone(),
            day: segment.day,
            takes_back: segment.retracted > 0,
        };
        self.commit.segments.iter().map(of).collect()
    }

    fn rows(&self, name: &str, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<(), LakeError> {
        for segment in self.commit.segments.iter().filter(|segment| segment.file == name) {
            read_segment(&*self.storage, segment, &mut |row| {
                each(row);
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// A segment: rows of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentOf {
    /// The file's name in the lake.
    pub name: String,
    /// Since the Unix epoch.
    pub day: i64,
    /// Whether rows of it take back others.
    pub takes_back: bool,
}

impl SegmentOf {
    fn run(&self, dir: &Path) -> PathBuf {
        run_path(dir, &self.name)
    }
}

/// Where the run of a segment lies.
pub(super) fn run_path(dir: &Path, segment: &str) -> PathBuf {
    dir.join(segment).with_extension("run")
}

impl Index {
    /// Opens an index for these segments. A day of which a run is missing or cannot be read is
    /// answered from its rows.
    ///
    /// # Errors
    /// When the numbers of subjects cannot be read.
    pub fn open(dir: &Path, segments: &dyn Segments) -> Result<Index, LakeError> {
        let numbering = Numbering::open(dir)?;
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        for segment in segments.segments() {
            let day = days.entry(segment.day).or_default();
            match Run::open(&segment.run(dir)) {
                Ok(run) if run.head.subjects <= u64::from(numbering.len()) => day.runs.push(run),
                _ => day.from_rows = true,
            }
            day.from_rows |= segment.takes_back;
        }
        Ok(Index { numbering, days })
    }

    /// Makes the runs that are missing, and sweeps those of segments that no longer count. Returns
    /// how many were made; `None` where another process is at it, which then does so.
    ///
    /// # Errors
    /// When a segment cannot be read, or a run cannot be written.
    pub fn update(dir: &Path, segments: &dyn Segments) -> Result<Option<usize>, LakeError> {
        let Some(_lock) = lock(dir)? else { return Ok(None) };
        let segments_now = segments.segments();
        let wanted: HashSet<PathBuf> = segments_now.iter().map(|segment| segment.run(dir)).collect();
        let mut numbering = Numbering::create(dir)?;
        for path in runs_below(dir)? {
            // A run whose numbers are not the numbering's says nothing.
            let sound = || Run::open(&path).is_ok_and(|run| run.head.subjects <= u64::from(numbering.len()));
            if !wanted.contains(&path) || !sound() {
                fs::remove_file(&path).map_err(|error| LakeError::File { path: path.clone(), error })?;
            }
        }
        let mut made = 0;
        for segment in segments_now.iter().filter(|segment| !segment.takes_back) {
            let path = segment.run(dir);
            if path.exists() {
                continue;
            }
            let mut builder = RunBuilder::new(segment.day);
            let mut failed = None;
            segments.rows(&segment.name, &mut |row| {
                if failed.is_none() {
                    failed = builder.row(row, &mut numbering).err();
                }
            })?;
            match failed {
                Some(error) => return Err(error),
                None => save(builder, &mut numbering, &path)?,
            }
            made += 1;
        }
        Ok(Some(made))
    }

    /// Puts a subject out of the numbers: what they are kept by there becomes `instead`. The runs of the
    /// lake's rows, from which the subject must be gone already, are brought up to date first. Whether
    /// there was such a subject.
    ///
    /// # Errors
    /// As [`Index::update`]; or when another process is at the index.
    pub fn forget(
        dir: &Path,
        segments: &dyn Segments,
        who: Fingerprint,
        instead: Fingerprint,
    ) -> Result<bool, LakeError> {
        if Index::update(dir, segments)?.is_none() {
            return Err(LakeError::Busy { path: dir.to_owned() });
        }
        let Some(_lock) = lock(dir)? else { return Err(LakeError::Busy { path: dir.to_owned() }) };
        Numbering::create(dir)?.forget(who, instead)
    }

    /// What it takes.
    pub fn size(&self) -> Size {
        let mut size = Size::default();
        self.days.values().flat_map(|day| &day.runs).for_each(|run| run.size(&mut size));
        size
    }

    /// Compares every run with its checksums; how many there are.
    ///
    /// # Errors
    /// When a bit has changed.
    pub fn verify(&self) -> Result<usize, LakeError> {
        let mut count = 0;
        for run in self.days.values().flat_map(|day| &day.runs) {
            run.verify()?;
            count += 1;
        }
        Ok(count)
    }
}

/// Puts segments into the index while they are written.
#[derive(Debug)]
pub struct IndexWriter {
    dir: PathBuf,
    numbering: Mutex<Numbering>,
    _lock: File,
}

impl IndexWriter {
    /// Opens an index for writing; nothing where another process writes it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(dir: &Path) -> Result<Option<IndexWriter>, LakeError> {
        let Some(lock) = lock(dir)? else { return Ok(None) };
        let numbering = Mutex::new(Numbering::create(dir)?);
        Ok(Some(IndexWriter { dir: dir.to_owned(), numbering, _lock: lock }))
    }

    /// The numbers that its runs use.
    pub fn numbering(&self) -> MutexGuard<'_, Numbering> {
        self.numbering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the run of a segment, which counts once the segment does.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, run: RunBuilder, segment: &str) -> Result<(), LakeError> {
        save(run, &mut self.numbering(), &run_path(&self.dir, segment))
    }
}

/// Puts a run in place, the numbers that it uses first.
pub(super) fn save(builder: RunBuilder, numbering: &mut Numbering, path: &Path) -> Result<(), LakeError> {
    let bytes = builder.finish(numbering);
    numbering.commit()?;
    let next = path.with_extension("run.next");
    let failed = |error| LakeError::File { path: path.to_owned(), error };
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    let mut file = File::create(&next).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&next, path).map_err(failed)
}

/// The right to write, until it is dropped.
pub(super) fn lock(dir: &Path) -> Result<Option<File>, LakeError> {
    let path = dir.join("lock");
    let failed = |error| LakeError::File { path: path.clone(), error };
    fs::create_dir_all(dir).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What the files of an index take; 0 where there is none.
///
/// # Errors
/// When they cannot be looked at.
pub fn bytes(dir: &Path) -> Result<u64, LakeError> {
    if !dir.exists() {
        return Ok(0);
    }
    let size = |path: &PathBuf| {
        fs::metadata(path).map(|file| file.len()).map_err(|error| LakeError::File { path: path.clone(), error })
    };
    let beside = ["subjects", "subjects.table"].map(|name| dir.join(name));
    let files = runs_below(dir)?.into_iter().chain(beside.into_iter().filter(|path| path.exists()));
    files.map(|path| size(&path)).sum()
}

fn runs_below(dir: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut runs = Vec::new();
    for folder in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
        runs.extend(entries(&folder)?.into_iter().filter(|path| {
            path.extension().is_some_and(|ending| ending == "run" || ending == "next") //
        }));
    }
    Ok(runs)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let failed = |error: io::Error| LakeError::File { path: dir.to_owned(), error };
    fs::read_dir(dir).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}
