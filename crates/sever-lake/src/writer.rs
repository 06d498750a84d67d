//! Keeps judged uses: a segment for each day, made to count by one commit.
//!
//! Rows wait by day, in memory, until their day is full, the run is committed, or all that wait
//! together is too much. What a run wrote counts once [`LakeWriter::commit`] has made a commit of it,
//! and with it how far each log was read: killed at any point, what was not committed is as if it
//! had never been read.
//!
//! Bounded by: [`OPEN_BYTES_MAX`] of rows that wait, [`DAYS_MAX`] days of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use sever_model::FingerprintKey;

use crate::change::{Remove, Replaced, commit, prune};
use crate::commit::{Commit, Offset, Segment};
use crate::compact::compact_full;
use crate::dictionary::DictionaryWriter;
use crate::index::IndexWriter;
use crate::row::UseRow;
use crate::rows::Rows;
use crate::segment::{GROUP_ROWS, Names, SEGMENT_ROWS, SegmentWriter};
use crate::storage::{Put, Storage};
use crate::{LakeError, file_error, subject};

/// Memory of the rows that wait, of all days together.
const OPEN_BYTES_MAX: usize = 192 << 20;
/// Days of one run. More say that the times of a log are wrong.
const DAYS_MAX: usize = 36_525;
/// The folder of saved states.
const CHECKPOINTS: &str = "checkpoints";

/// Writes the uses of one scan, or of whoever follows logs.
pub struct LakeWriter {
    storage: Arc<dyn Storage>,
    run: String,
    names: Names,
    replaced: BTreeSet<String>,
    rows: u64,
    open: BTreeMap<i64, Rows>,
    open_bytes: usize,
    days: BTreeSet<i64>,
    sealed: Vec<Segment>,
    offsets: BTreeMap<String, Offset>,
    checkpoint: Option<String>,
    key: FingerprintKey,
    dictionary: Option<DictionaryWriter>,
    index: Option<Arc<IndexWriter>>,
    codes: Codes,
}

/// The codes of one row's subjects.
#[derive(Default)]
struct Codes {
    text: String,
    ends: Vec<usize>,
}

impl LakeWriter {
    /// Begins a run. `sources` are the logs that it reads from their beginning: what the lake holds of
    /// them no longer counts once this run is first committed; none of them for a run that goes on
    /// where another stopped. Subjects are kept by code under `key`, their ids in the dictionary,
    /// where there is one.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub fn create(
        dir: &Path,
        run: &str,
        sources: impl IntoIterator<Item = String>,
        key: FingerprintKey,
        dictionary: Option<DictionaryWriter>,
    ) -> Result<LakeWriter, LakeError> {
        LakeWriter::create_in(crate::storage::of(dir)?, run, sources, key, dictionary)
    }

    pub(crate) fn create_in(
        storage: Arc<dyn Storage>,
        run: &str,
        sources: impl IntoIterator<Item = String>,
        key: FingerprintKey,
        dictionary: Option<DictionaryWriter>,
    ) -> Result<LakeWriter, LakeError> {
        // A lake that cannot be used says so before hours are spent on it.
        Commit::newest(&*storage)?;
        Ok(LakeWriter {
            storage,
            run: run.to_owned(),
            names: Names::of(run),
            replaced: sources.into_iter().collect(),
            rows: 0,
            open: BTreeMap::new(),
            open_bytes: 0,
            days: BTreeSet::new(),
            sealed: Vec::new(),
            offsets: BTreeMap::new(),
            checkpoint: None,
            key,
            dictionary,
            index: None,
            codes: Codes::default(),
        })
    }

    /// The same, with the rows going into the index as they are written.
    #[must_use]
    pub fn with_index(mut self, index: Option<IndexWriter>) -> LakeWriter {
        self.index = index.map(Arc::new);
        self
    }

    /// Keeps one use. A row of [`sever_model::Stage::Retracted`] takes back the earlier row of the same place and
    /// judgement; readers see neither.
    ///
    /// # Errors
    /// When a full segment cannot be written.
    pub fn push(&mut self, row: &UseRow<'_>) -> Result<(), LakeError> {
        let Codes { text, ends } = &mut self.codes;
        text.clear();
        ends.clear();
        for id in [row.token_subject].iter().chain(row.data_subjects).copied() {
            if let Some(dictionary) = &mut self.dictionary {
                dictionary.keep(&self.key, id)?;
            }
            subject::write(&self.key, id, text);
            ends.push(text.len());
        }
        let mut start = 0;
        let mut codes = ends.iter().map(|end| text.get(std::mem::replace(&mut start, *end)..*end).unwrap_or(""));
        let token_subject = codes.next().unwrap_or("");
        let day = row.time.day();
        let open = self.open.entry(day).or_default();
        let before = open.bytes();
        open.push(&UseRow { token_subject, data_subjects: &[], ..*row }, codes);
        self.open_bytes += open.bytes() - before;
        let full = open.len() >= SEGMENT_ROWS;
        self.rows += 1;
        if full {
            self.seal(day)?;
        } else if self.open_bytes >= OPEN_BYTES_MAX {
            let largest = self.open.iter().max_by_key(|(_, rows)| rows.bytes()).map(|(day, _)| *day);
            largest.map_or(Ok(()), |day| self.seal(day))?;
        }
        Ok(())
    }

    /// How many uses have been kept.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How far a log is read: counts with the next commit.
    pub fn read_to(&mut self, source: &str, offset: Offset) {
        self.offsets.insert(source.to_owned(), offset);
    }

    /// Keeps the state of whoever follows the logs: counts with the next commit.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn checkpoint(&mut self, state: &[u8]) -> Result<(), LakeError> {
        loop {
            let name = format!("{CHECKPOINTS}/{}", self.names.next());
            let put = self.storage.create(&name, state);
            if put.map_err(|error| file_error(self.storage.place(&name), error))? == Put::Done {
                self.checkpoint = Some(name);
                return Ok(());
            }
        }
    }

    /// Makes what was kept so far count, all of it or nothing. The run goes on.
    ///
    /// # Errors
    /// When it cannot be written; the lake is then as it was.
    pub fn commit(&mut self) -> Result<(), LakeError> {
        while let Some(day) = self.open.keys().next().copied() {
            self.seal(day)?;
        }
        // Before the segments count: a code in them has its id then.
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.sync()?;
        }
        let LakeWriter { storage, run, names, replaced, sealed, offsets, checkpoint, .. } = self;
        let mut rewritten = Replaced::default();
        let newest = commit(&**storage, &mut |next| {
            rewritten.supersede(&**storage, next, replaced, names)?;
            next.run.clone_from(run);
            next.segments.extend(sealed.iter().cloned());
            next.offsets.extend(offsets.clone());
            if checkpoint.is_some() {
                next.checkpoint.clone_from(checkpoint);
            }
            Ok(())
        })?;
        let days = self.sealed.drain(..).map(|segment| segment.day).collect();
        self.replaced.clear();
        self.offsets.clear();
        self.checkpoint = None;
        prune(&*self.storage, &newest, Remove::AfterGrace)?;
        match compact_full(&*self.storage, &days) {
            // Somebody else changes these days; the next commit finds them as full.
            Err(LakeError::Busy { .. }) => Ok(()),
            done => done,
        }
    }

    /// Makes all that was kept count.
    ///
    /// # Errors
    /// As [`LakeWriter::commit`].
    pub fn finish(mut self) -> Result<(), LakeError> {
        self.commit()
    }

    /// Writes what waits of a day: a log with many rows in a segment of its own, so that reading it
    /// again costs no other log's; the others together.
    fn seal(&mut self, day: i64) -> Result<(), LakeError> {
        let Some(rows) = self.open.remove(&day) else { return Ok(()) };
        self.open_bytes -= rows.bytes();
        self.days.insert(day);
        if self.days.len() > DAYS_MAX {
            return Err(LakeError::Days { max: DAYS_MAX });
        }
        for order in parts(&rows) {
            let mut writer = SegmentWriter::create(&*self.storage, day, self.index.as_ref())?;
            writer.rows(&rows, &order)?;
            self.sealed.extend(writer.seal(&*self.storage, &mut self.names)?);
        }
        Ok(())
    }
}

impl Drop for LakeWriter {
    /// Takes back what a run wrote that ends without a commit: on a full disk it would keep it full.
    fn drop(&mut self) {
        if self.sealed.is_empty() {
            return;
        }
        // A commit that said it failed may stand all the same. Where that cannot be told, or a hold
        // stops every deletion, sweeping sees to it later.
        let Ok(newest) = Commit::newest(&*self.storage) else { return };
        let named: BTreeSet<&str> = newest.files().collect();
        if newest.holds.is_empty() && !self.sealed.iter().any(|segment| named.contains(segment.file.as_str())) {
            for segment in &self.sealed {
                self.storage.remove(&segment.file).ok();
            }
        }
    }
}

/// The sorted rows of each segment.
fn parts(rows: &Rows) -> Vec<Vec<u32>> {
    let order = rows.sorted();
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for at in &order {
        *sizes.entry(log(rows.source(*at))).or_default() += 1;
    }
    let mut large: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    if sizes.len() > 1 {
        large.extend(sizes.into_iter().filter(|(_, rows)| *rows >= GROUP_ROWS).map(|(log, _)| (log, Vec::new())));
    }
    let mut others = Vec::new();
    if large.is_empty() {
        others = order;
    } else {
        for at in order {
            large.get_mut(log(rows.source(at))).unwrap_or(&mut others).push(at);
        }
    }
    large.into_values().chain([others]).filter(|order| !order.is_empty()).collect()
}

/// The log that a file belongs to: where there are several, its source is `log/file`.
pub(crate) fn log(source: &str) -> &str {
    source.split('/').next().unwrap_or(source)
}
