//! Writes the uses of one scan as a segment.
//!
//! Rows are buffered by column, 65,536 at a time, in one arena per column; a segment counts only
//! once [`LakeWriter::finish`] has put it into the manifest.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use sever_model::{FingerprintKey, Stage};

use crate::dictionary::DictionaryWriter;
use crate::manifest::{Manifest, Segment};
use crate::row::{NO_COUNT, NUMBERS, TEXTS, UseRow, outcome_word, reason, schema, stage_word};
use crate::{LakeError, subject};

/// Rows in a group: what one read brings into memory.
const GROUP_ROWS: usize = 65_536;

/// Writes the uses of one scan.
pub struct LakeWriter {
    dir: PathBuf,
    name: String,
    writer: SerializedFileWriter<File>,
    sources: BTreeSet<String>,
    rows: u64,
    retracted: u64,
    numbers: [Vec<i64>; NUMBERS],
    /// The text columns, `subject_ref` and `data_subjects`.
    texts: Vec<Texts>,
    /// How many values of `data_subjects` each buffered row has.
    subject_counts: Vec<u32>,
    key: FingerprintKey,
    dictionary: Option<DictionaryWriter>,
    /// Scratch.
    code: String,
}

/// Texts of one column, end to end.
#[derive(Default)]
struct Texts {
    arena: String,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.push_with(|arena| arena.push_str(text));
    }

    /// Adds what `write` appends.
    fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.arena);
        self.ends.push(self.arena.len());
    }

    /// The values as the writer takes them, sharing one allocation; empties the column.
    fn take(&mut self) -> Vec<ByteArray> {
        let arena = Bytes::from(std::mem::take(&mut self.arena).into_bytes());
        let mut start = 0;
        let values = self.ends.drain(..).map(|end| {
            let value = ByteArray::from(arena.slice(start..end));
            start = end;
            value
        });
        values.collect()
    }
}

impl LakeWriter {
    /// Begins a segment named after the run. `sources` are the log files that the scan reads: what
    /// earlier segments hold of them no longer counts once this one is finished. Subjects are kept by
    /// code under `key`, their ids in the dictionary, where there is one.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub fn create(
        dir: &Path,
        run: &str,
        sources: impl IntoIterator<Item = String>,
        key: FingerprintKey,
        dictionary: Option<DictionaryWriter>,
    ) -> Result<LakeWriter, LakeError> {
        let file = |path: &Path| {
            let path = path.to_owned();
            move |error| LakeError::File { path, error }
        };
        fs::create_dir_all(dir).map_err(file(dir))?;
        let name = format!("{run}.parquet");
        let path = dir.join(format!("{name}.next"));
        let broken = |error: ParquetError| LakeError::Damaged { path: path.clone(), what: error.to_string() };
        let schema = Arc::new(parse_message_type(&schema()).map_err(broken)?);
        let level = ZstdLevel::try_new(1).map_err(broken)?;
        let properties = Arc::new(WriterProperties::builder().set_compression(Compression::ZSTD(level)).build());
        let out = File::create(&path).map_err(file(&path))?;
        let writer = SerializedFileWriter::new(out, schema, properties).map_err(broken)?;
        Ok(LakeWriter {
            dir: dir.to_owned(),
            name,
            writer,
            sources: sources.into_iter().collect(),
            rows: 0,
            retracted: 0,
            numbers: Default::default(),
            texts: (0..TEXTS.len() + 2).map(|_| Texts::default()).collect(),
            subject_counts: Vec::new(),
            key,
            dictionary,
            code: String::new(),
        })
    }

    /// Keeps one use. A row of [`Stage::Retracted`] takes back the earlier row of the same place and
    /// judgement; readers see neither.
    ///
    /// # Errors
    /// When a full group cannot be written.
    pub fn push(&mut self, row: &UseRow<'_>) -> Result<(), LakeError> {
        for id in row.data_subjects.iter().copied().chain([row.token_subject]) {
            if let Some(dictionary) = &mut self.dictionary {
                dictionary.keep(&self.key, id)?;
            }
        }
        let mut code = std::mem::take(&mut self.code);
        code.clear();
        subject::write(&self.key, row.token_subject, &mut code);
        let subjects = row.data_subjects.len();
        if let Some(column) = self.texts.last_mut() {
            for id in row.data_subjects {
                column.push_with(|text| subject::write(&self.key, id, text));
            }
        }
        let kept = self.keep(&UseRow { token_subject: &code, data_subjects: &[], ..*row }, subjects);
        self.code = code;
        kept
    }

    /// Keeps a row as it was read, its subjects being codes already.
    pub(crate) fn push_read(&mut self, row: &UseRow<'_>) -> Result<(), LakeError> {
        if let Some(column) = self.texts.last_mut() {
            row.data_subjects.iter().for_each(|code| column.push(code));
        }
        self.keep(row, row.data_subjects.len())
    }

    /// Keeps all of a row but its subjects, of which so many have been kept.
    fn keep(&mut self, row: &UseRow<'_>, subjects: usize) -> Result<(), LakeError> {
        let count = row.subject_count.map_or(NO_COUNT, |count| i64::try_from(count).unwrap_or(i64::MAX));
        let offset = i64::try_from(row.offset).unwrap_or(i64::MAX);
        for (column, number) in self.numbers.iter_mut().zip([row.time.micros(), offset, count]) {
            column.push(number);
        }
        let reason = reason(row.judgement);
        let texts = [
            row.kind,
            outcome_word(row.outcome),
            row.judgement.map_or("", |judgement| judgement.word()),
            &reason,
            stage_word(row.stage),
            row.source,
            row.issuer,
            row.key_id,
            row.credential,
            row.session,
            row.token_subject,
            row.account,
            row.person,
            row.source_ip,
            row.user_agent,
            row.resource,
            row.fields,
            row.subject_ref,
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text);
        }
        self.subject_counts.push(subjects as u32);
        self.rows += 1;
        self.retracted += u64::from(row.stage == Stage::Retracted);
        if self.subject_counts.len() >= GROUP_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// How many uses have been kept.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Seals the segment and makes it count.
    ///
    /// # Errors
    /// When it cannot be written; the lake is then as it was.
    pub fn finish(mut self) -> Result<(), LakeError> {
        self.flush()?;
        // Before the segment counts: a code in it has its id then.
        if let Some(dictionary) = self.dictionary.take() {
            dictionary.finish()?;
        }
        let (next, path) = (self.dir.join(format!("{}.next", self.name)), self.dir.join(&self.name));
        let file = |path: &Path| {
            let path = path.to_owned();
            move |error| LakeError::File { path, error }
        };
        let out = self
            .writer
            .into_inner()
            .map_err(|error| LakeError::Damaged { path: next.clone(), what: error.to_string() })?;
        out.sync_all().map_err(file(&next))?;
        fs::rename(&next, &path).map_err(file(&path))?;
        let mut manifest = Manifest::load(&self.dir)?;
        let (rows, retracted) = (self.rows, self.retracted);
        let dropped = manifest.add(Segment { file: self.name, rows, retracted, sources: self.sources });
        manifest.save(&self.dir)?;
        for old in dropped {
            let old = self.dir.join(old);
            fs::remove_file(&old).map_err(file(&old))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        if self.subject_counts.is_empty() {
            return Ok(());
        }
        self.group().map_err(|error| LakeError::Damaged { path: self.dir.join(&self.name), what: error.to_string() })
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.numbers {
            if let Some(mut writer) = group.next_column()? {
                writer.typed::<Int64Type>().write_batch(column, None, None)?;
                writer.close()?;
            }
            column.clear();
        }
        let last = self.texts.len().saturating_sub(1);
        for (at, column) in self.texts.iter_mut().enumerate() {
            let values = column.take();
            let Some(mut writer) = group.next_column()? else { continue };
            let typed = writer.typed::<ByteArrayType>();
            if at == last {
                let (defined, repeated) = levels(&self.subject_counts);
                typed.write_batch(&values, Some(&defined), Some(&repeated))?;
            } else {
                typed.write_batch(&values, None, None)?;
            }
            writer.close()?;
        }
        self.subject_counts.clear();
        group.close().map(|_| ())
    }
}

/// Definition and repetition levels of a repeated column.
///
/// Source: the Dremel encoding as the Parquet format describes it: an empty list is one entry of
/// definition 0; a list's first value repeats at 0, the others at 1.
fn levels(counts: &[u32]) -> (Vec<i16>, Vec<i16>) {
    let mut levels = (Vec::new(), Vec::new());
    for count in counts {
        for at in 0..(*count).max(1) {
            levels.0.push(i16::from(*count > 0));
            levels.1.push(i16::from(at > 0));
        }
    }
    levels
}
