//! Segments: Parquet files of rows of one day, each row group with a checksum in the commit.
//!
//! Everything that writes rows writes them here, and everything that reads them reads them here.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{ChunkReader, Length, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};
use sever_model::EventTime;

use crate::commit::Segment;
use crate::index::{IndexWriter, RunBuilder};
use crate::row::{SCHEMA, TEXTS, UseRow};
use crate::rows::Rows;
use crate::storage::{Put, Storage, Stored};
use crate::{LakeError, file_error};

/// Rows in a group: what one read brings into memory.
pub(crate) const GROUP_ROWS: usize = 65_536;
/// Rows of a segment, at most: what is sorted together, in memory.
pub(crate) const SEGMENT_ROWS: usize = 8 * GROUP_ROWS;
/// Columns that seldom say the same twice, which a dictionary would only cost.
const VARIED: [&str; 3] = ["actor.user.credential_uid", "actor.session.uid", "data_subjects.list.element"];

/// A file on its way: what it left on this machine goes with it, whatever became of it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Published, it is there no more; one that cannot be removed now is swept later.
        std::fs::remove_file(&self.0).ok();
    }
}

/// Writes one segment.
pub(crate) struct SegmentWriter {
    scratch: Scratch,
    writer: SerializedFileWriter<Summed>,
    /// What the index will hold of it.
    run: Option<(RunBuilder, Arc<IndexWriter>)>,
    segment: Segment,
    /// Rows of the next group, where they come one by one.
    open: Rows,
}

impl SegmentWriter {
    /// Begins a segment of that day, which goes into the index, too, where one is at hand.
    pub(crate) fn create(
        storage: &dyn Storage,
        day: i64,
        index: Option<&Arc<IndexWriter>>,
    ) -> Result<SegmentWriter, LakeError> {
        let folder = folder(day);
        let scratch = storage.scratch(&format!("{folder}/segment"));
        let scratch = Scratch(scratch.map_err(|error| file_error(storage.place(&folder), error))?);
        let broken = |error: ParquetError| broken(scratch.0.clone(), error);
        let out = File::create(&scratch.0).map_err(|error| file_error(scratch.0.clone(), error))?;
        let out = Summed { file: out, sum: crc32fast::Hasher::new() };
        let (schema, properties) = layout().map_err(broken)?;
        let writer = SerializedFileWriter::new(out, schema, properties).map_err(broken)?;
        let segment = Segment {
            file: folder,
            day,
            rows: 0,
            retracted: 0,
            bytes: 0,
            pieces: Vec::new(),
            sources: Default::default(),
            first: i64::MAX,
            last: i64::MIN,
        };
        let run = index.map(|index| (RunBuilder::new(day), index.clone()));
        Ok(SegmentWriter { scratch, writer, run, segment, open: Rows::default() })
    }

    /// Adds rows, as sorted.
    pub(crate) fn rows(&mut self, rows: &Rows, order: &[u32]) -> Result<(), LakeError> {
        for group in order.chunks(GROUP_ROWS) {
            self.group(rows, group)?;
        }
        Ok(())
    }

    /// Adds a row that sorts after those before it.
    pub(crate) fn push(&mut self, row: &UseRow<'_>) -> Result<(), LakeError> {
        self.open.push(row, row.data_subjects.iter().copied());
        if self.open.len() >= GROUP_ROWS { self.close_group() } else { Ok(()) }
    }

    fn close_group(&mut self) -> Result<(), LakeError> {
        let rows = std::mem::take(&mut self.open);
        let order: Vec<u32> = (0..rows.len() as u32).collect();
        self.group(&rows, &order)
    }

    /// Writes a row group.
    fn group(&mut self, rows: &Rows, order: &[u32]) -> Result<(), LakeError> {
        let Some((first, last)) = rows.span(order) else { return Ok(()) };
        let segment = &mut self.segment;
        segment.first = segment.first.min(first);
        segment.last = segment.last.max(last);
        segment.rows += order.len() as u64;
        segment.retracted += order.iter().filter(|at| rows.takes_back(**at)).count() as u64;
        let mut before = "";
        for at in order {
            let source = rows.source(*at);
            if source != before && !segment.sources.contains(source) {
                segment.sources.insert(source.to_owned());
            }
            before = source;
        }
        if let Some((run, index)) = &mut self.run {
            let mut numbering = index.numbering();
            rows.each(order, |row| run.row(row, &mut numbering))?;
        }
        let written = write_group(&mut self.writer, rows, order).and_then(|()| Ok(self.writer.flush()?));
        written.map_err(|error| broken(self.scratch.0.clone(), error))?;
        let end = self.writer.bytes_written() as u64;
        self.segment.pieces.push((end, self.writer.inner_mut().take()));
        Ok(())
    }

    /// Seals the segment under the first free name of the run's: its files are durable, and count once
    /// a commit names them. Nothing where it has no rows.
    pub(crate) fn seal(mut self, storage: &dyn Storage, names: &mut Names) -> Result<Option<Segment>, LakeError> {
        if self.open.len() > 0 {
            self.close_group()?;
        }
        let SegmentWriter { scratch, writer, run, mut segment, .. } = self;
        if segment.rows == 0 {
            return Ok(None);
        }
        let mut out = writer.into_inner().map_err(|error| broken(scratch.0.clone(), error))?;
        let failed = |error| file_error(scratch.0.clone(), error);
        segment.bytes = out.file.metadata().map_err(failed)?.len();
        segment.pieces.push((segment.bytes, out.take()));
        drop(out);
        let folder = std::mem::take(&mut segment.file);
        loop {
            segment.file = format!("{folder}/{}.parquet", names.next());
            let put = storage.publish(&scratch.0, &segment.file);
            if put.map_err(|error| file_error(storage.place(&segment.file), error))? == Put::Done {
                break;
            }
        }
        // A day with rows that take back others is answered from its rows.
        if let Some((run, index)) = run.filter(|_| segment.retracted == 0) {
            index.save(run, &segment.file)?;
        }
        Ok(Some(segment))
    }
}

/// The names of a run's segments: the run's, and a number.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    run: String,
    next: u64,
}

impl Names {
    pub(crate) fn of(run: &str) -> Names {
        Names { run: run.to_owned(), next: 0 }
    }

    pub(crate) fn next(&mut self) -> String {
        self.next += 1;
        format!("{}-{}", self.run, self.next - 1)
    }
}

/// The folder of a day.
fn folder(day: i64) -> String {
    let at = EventTime::from_micros(day.saturating_mul(86_400_000_000)).to_string();
    format!("day={}", at.split('T').next().unwrap_or(&at).replace(' ', "-"))
}

/// The schema, and how its columns are written.
fn layout() -> Result<(TypePtr, WriterPropertiesPtr), ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(None);
    for column in VARIED {
        let path = ColumnPath::from(column.split('.').map(str::to_owned).collect::<Vec<_>>());
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    Ok((Arc::new(parse_message_type(SCHEMA)?), Arc::new(properties.build())))
}

fn write_group(writer: &mut SerializedFileWriter<Summed>, rows: &Rows, order: &[u32]) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let pick = |column: &[i64]| -> Vec<i64> {
        order.iter().map(|at| column.get(*at as usize).copied().unwrap_or_default()).collect()
    };
    for numbers in [pick(&rows.times), pick(&rows.offsets)] {
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(&numbers, None, None)?;
            column.close()?;
        }
    }
    if let Some(mut column) = group.next_column()? {
        let counts = || order.iter().map(|at| rows.counts.get(*at as usize).copied().flatten());
        let defined: Vec<i16> = counts().map(|count| i16::from(count.is_some())).collect();
        let counts: Vec<i64> = counts().flatten().collect();
        column.typed::<Int64Type>().write_batch(&counts, Some(&defined), None)?;
        column.close()?;
    }
    for at in 0..TEXTS.len() {
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(&rows.values(at, order), None, None)?;
            column.close()?;
        }
    }
    if let Some(mut column) = group.next_column()? {
        let (values, counts) = rows.subject_values(order);
        let (defined, repeated) = levels(&counts);
        column.typed::<ByteArrayType>().write_batch(&values, Some(&defined), Some(&repeated))?;
        column.close()?;
    }
    group.close().map(|_| ())
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

/// A file that sums up what is written to it.
struct Summed {
    file: File,
    sum: crc32fast::Hasher,
}

impl Summed {
    /// The sum of what was written since it was last taken.
    fn take(&mut self) -> u32 {
        std::mem::take(&mut self.sum).finalize()
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a segment: its end is looked at, and every group when it is read.
pub(crate) fn open(storage: &dyn Storage, segment: &Segment) -> Result<SerializedFileReader<Pieces>, LakeError> {
    SerializedFileReader::new(pieces(storage, segment)?).map_err(|error| broken(storage.place(&segment.file), error))
}

/// Holds every byte of a segment against its checksums.
pub(crate) fn verify(storage: &dyn Storage, segment: &Segment) -> Result<(), LakeError> {
    let pieces = pieces(storage, segment)?;
    let mut start = 0;
    for (end, _) in &segment.pieces {
        pieces.from(start).map_err(|error| broken(storage.place(&segment.file), error))?;
        start = *end;
    }
    Ok(())
}

fn pieces(storage: &dyn Storage, segment: &Segment) -> Result<Pieces, LakeError> {
    let path = storage.place(&segment.file);
    let file = storage.open(&segment.file).map_err(|error| file_error(path.clone(), error))?;
    if file.size() != segment.bytes {
        let what = format!("it has {} bytes where {} were written", file.size(), segment.bytes);
        return Err(LakeError::Damaged { path, what });
    }
    Ok(Pieces { file, ends: segment.pieces.clone(), last: Mutex::default() })
}

/// A segment's bytes, read a piece at a time, each held against its checksum.
pub(crate) struct Pieces {
    file: Arc<dyn Stored>,
    ends: Vec<(u64, u32)>,
    /// The piece read last, and where it begins. The lock is held while one is read.
    last: Mutex<Option<(u64, Bytes)>>,
}

impl Pieces {
    /// The bytes from there to the end of their piece.
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |begin: u64, bytes: &Bytes| start >= begin && start < begin + bytes.len() as u64;
        if let Some((begin, bytes)) = last.as_ref().filter(|(begin, bytes)| within(*begin, bytes)) {
            return Ok(bytes.slice((start - begin) as usize..));
        }
        let at = self.ends.partition_point(|(end, _)| *end <= start);
        let Some((end, sum)) = self.ends.get(at) else { return Err(ParquetError::EOF("past its end".to_owned())) };
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let bytes = self.file.read(begin..*end)?;
        if crc32fast::hash(&bytes) != *sum {
            let what = format!("the bytes from {begin} to {end} are not those that were written");
            return Err(ParquetError::General(what));
        }
        let wanted = bytes.slice((start - begin) as usize..);
        *last = Some((begin, bytes));
        Ok(wanted)
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.file.size()
    }
}

impl ChunkReader for Pieces {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        let short = || ParquetError::EOF("a column goes on past its row group".to_owned());
        if bytes.len() < length { Err(short()) } else { Ok(bytes.slice(..length)) }
    }
}

/// Why a segment could not be written or read.
pub(crate) fn broken(path: PathBuf, error: ParquetError) -> LakeError {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => file_error(path, *error),
            Err(error) => LakeError::Damaged { path, what: error.to_string() },
        },
        error => LakeError::Damaged { path, what: error.to_string() },
    }
}
