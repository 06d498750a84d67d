//! Reads judged uses back, skipping row groups that cannot hold what is asked for.

use std::collections::HashSet;
use std::path::Path;

use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::statistics::Statistics;
use sever_model::{EventTime, Stage};

use crate::LakeError;
use crate::commit::{Commit, Segment};
use crate::row::{NUMBERS, Pivot, TEXTS, UseRow};
use crate::segment::{self, broken};
use crate::storage::{self, Storage};

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those with this value at this pivot.
    pub thing: Option<(Pivot, String)>,
    /// Only those from then on.
    pub from: Option<EventTime>,
    /// Only those before then.
    pub to: Option<EventTime>,
}

/// Rows that are taken back: their place and judgement.
pub(crate) type Retracted = HashSet<(Box<str>, u64, &'static str)>;

/// Hands over every row that counts and is wanted, segment by segment. Returns how many were looked at.
///
/// # Errors
/// When a file of the lake is missing or damaged: what it held is then unknown, and no answer is
/// better than a wrong one.
pub fn read(dir: &Path, filter: &Filter, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<u64, LakeError> {
    read_in(&*storage::of(dir)?, filter, each)
}

pub(crate) fn read_in(
    storage: &dyn Storage,
    filter: &Filter,
    each: &mut dyn FnMut(&UseRow<'_>),
) -> Result<u64, LakeError> {
    read_of(storage, &Commit::newest(storage)?, filter, each)
}

/// The same of one commit.
pub(crate) fn read_of(
    storage: &dyn Storage,
    commit: &Commit,
    filter: &Filter,
    each: &mut dyn FnMut(&UseRow<'_>),
) -> Result<u64, LakeError> {
    let mut rows = 0;
    for day in commit.segments.chunk_by(|a, b| a.day == b.day) {
        if !day.iter().any(|segment| in_time(segment.first, segment.last, filter)) {
            continue;
        }
        let retracted = taken_back(storage, day)?;
        let stands = |row: &UseRow<'_>| {
            row.stage != Stage::Retracted
                && (retracted.is_empty() || !retracted.contains(&(row.source.into(), row.offset, said(row))))
        };
        for segment in day.iter().filter(|segment| in_time(segment.first, segment.last, filter)) {
            rows += groups(storage, segment, filter, &mut |row| {
                if wanted(row, filter) && stands(row) {
                    each(row);
                }
                Ok(())
            })?;
        }
    }
    Ok(rows)
}

/// What rows of these segments take back.
pub(crate) fn taken_back(storage: &dyn Storage, day: &[Segment]) -> Result<Retracted, LakeError> {
    let mut retracted = Retracted::new();
    for segment in day.iter().filter(|segment| segment.retracted > 0) {
        read_segment(storage, segment, &mut |row| {
            if row.stage == Stage::Retracted {
                retracted.insert((row.source.into(), row.offset, said(row)));
            }
            Ok(())
        })?;
    }
    Ok(retracted)
}

/// Hands over every row of one segment, those taken back and those that take them back too.
pub(crate) fn read_segment(
    storage: &dyn Storage,
    segment: &Segment,
    each: &mut dyn FnMut(&UseRow<'_>) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    groups(storage, segment, &Filter::default(), each).map(|_| ())
}

/// Hands over the rows of those row groups that hold something wanted, and says how many they were.
fn groups(
    storage: &dyn Storage,
    segment: &Segment,
    filter: &Filter,
    each: &mut dyn FnMut(&UseRow<'_>) -> Result<(), LakeError>,
) -> Result<u64, LakeError> {
    let damaged = |error: ParquetError| broken(storage.place(&segment.file), error);
    let reader = segment::open(storage, segment)?;
    let mut rows = 0;
    for at in 0..reader.num_row_groups() {
        if !may_hold(reader.metadata().row_group(at), filter) {
            continue;
        }
        let group = reader.get_row_group(at).map_err(damaged)?;
        if holds(&*group, filter).map_err(damaged)? {
            rows += Columns::read(&*group).map_err(damaged)?.each(each)?;
        }
    }
    Ok(rows)
}

pub(crate) fn said(row: &UseRow<'_>) -> &'static str {
    row.judgement.map_or("", |judgement| judgement.word())
}

fn wanted(row: &UseRow<'_>, filter: &Filter) -> bool {
    filter.from.is_none_or(|from| row.time >= from)
        && filter.to.is_none_or(|to| row.time < to)
        && filter.thing.as_ref().is_none_or(|(pivot, value)| pivot.of(row) == value)
}

/// Whether something between these times, in microseconds, can be wanted.
fn in_time(first: i64, last: i64, filter: &Filter) -> bool {
    filter.from.is_none_or(|from| last >= from.micros()) && filter.to.is_none_or(|to| first < to.micros())
}

/// Whether a group's statistics leave room for a wanted row.
fn may_hold(group: &RowGroupMetaData, filter: &Filter) -> bool {
    if let Some(Statistics::Int64(times)) = group.column(0).statistics() {
        let (first, last) = (times.min_opt(), times.max_opt());
        if !in_time(first.copied().unwrap_or(i64::MIN), last.copied().unwrap_or(i64::MAX), filter) {
            return false;
        }
    }
    // A network's addresses do not stand between the bounds of its name.
    let Some((pivot, value)) = filter.thing.as_ref().filter(|(pivot, _)| *pivot != Pivot::Network) else { return true };
    let column = group.columns().iter().find(|column| column.column_path().string() == pivot.column());
    let Some(Statistics::ByteArray(texts)) = column.and_then(|column| column.statistics()) else { return true };
    // Statistics may be cut short, which keeps them bounds: min only gets smaller, max larger.
    let (min, max) = (texts.min_bytes_opt(), texts.max_bytes_opt());
    min.is_none_or(|min| min <= value.as_bytes()) && max.is_none_or(|max| max >= value.as_bytes())
}

/// Whether a group has the thing that is wanted: its one column tells, before the others are read.
fn holds(group: &dyn RowGroupReader, filter: &Filter) -> Result<bool, ParquetError> {
    let Some((pivot, value)) = &filter.thing else { return Ok(true) };
    let Some(at) = TEXTS.iter().position(|column| *column == pivot.column()) else { return Ok(true) };
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let mut values = Vec::with_capacity(rows);
    let mut reader = get_typed_column_reader::<ByteArrayType>(group.get_column_reader(NUMBERS + at)?);
    all(rows, None, None, &mut reader, &mut values)?;
    Ok(values.iter().any(|found| match pivot {
        Pivot::Network => found.data().starts_with(value.as_bytes()),
        _ => found.data() == value.as_bytes(),
    }))
}

/// One row group, in columns.
struct Columns {
    times: Vec<i64>,
    offsets: Vec<i64>,
    counts: Vec<Option<i64>>,
    texts: Vec<Vec<ByteArray>>,
    subjects: Vec<ByteArray>,
    /// Where each row's subjects begin; one longer than the rows.
    starts: Vec<usize>,
}

impl Columns {
    fn read(group: &dyn RowGroupReader) -> Result<Columns, ParquetError> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let numbers = |at: usize, defined: Option<&mut Vec<i16>>| {
            let mut values = Vec::with_capacity(rows);
            let mut reader = get_typed_column_reader::<Int64Type>(group.get_column_reader(at)?);
            all(rows, defined, None, &mut reader, &mut values)?;
            Ok::<_, ParquetError>(values)
        };
        let (times, offsets) = (numbers(0, None)?, numbers(1, None)?);
        let mut defined = Vec::with_capacity(rows);
        let mut counted = numbers(2, Some(&mut defined))?.into_iter();
        let counts = defined.iter().map(|defined| if *defined > 0 { counted.next() } else { None }).collect();
        let mut texts = Vec::with_capacity(TEXTS.len());
        for at in NUMBERS..NUMBERS + TEXTS.len() {
            let mut values = Vec::with_capacity(rows);
            let mut reader = get_typed_column_reader::<ByteArrayType>(group.get_column_reader(at)?);
            all(rows, None, None, &mut reader, &mut values)?;
            texts.push(values);
        }
        let (mut defined, mut repeated, mut subjects) = (Vec::new(), Vec::new(), Vec::new());
        let mut reader = get_typed_column_reader::<ByteArrayType>(group.get_column_reader(NUMBERS + TEXTS.len())?);
        all(rows, Some(&mut defined), Some(&mut repeated), &mut reader, &mut subjects)?;
        let (mut starts, mut values) = (vec![0], 0);
        for (at, (defined, repeated)) in defined.iter().zip(&repeated).enumerate() {
            if *repeated == 0 && at > 0 {
                starts.push(values);
            }
            values += usize::from(*defined > 0);
        }
        starts.push(values);
        Ok(Columns { times, offsets, counts, texts, subjects, starts })
    }

    /// Hands over each row; how many there were.
    fn each(&self, each: &mut dyn FnMut(&UseRow<'_>) -> Result<(), LakeError>) -> Result<u64, LakeError> {
        let mut subjects: Vec<&str> = Vec::new();
        for (at, time) in self.times.iter().enumerate() {
            let mut texts = [""; TEXTS.len()];
            for (into, values) in texts.iter_mut().zip(&self.texts) {
                *into = values.get(at).map_or("", text);
            }
            let range = self.starts.get(at).copied().unwrap_or(0)..self.starts.get(at + 1).copied().unwrap_or(0);
            subjects.clear();
            subjects.extend(self.subjects.get(range).unwrap_or_default().iter().map(text));
            let offset = self.offsets.get(at).copied().unwrap_or(0);
            let row = UseRow::of(*time, offset, self.counts.get(at).copied().flatten(), &texts);
            each(&UseRow { data_subjects: &subjects, ..row })?;
        }
        Ok(self.times.len() as u64)
    }
}

fn text(value: &ByteArray) -> &str {
    str::from_utf8(value.data()).unwrap_or("")
}

/// Reads all the records of a column: one call may end with a page.
fn all<T: DataType>(
    rows: usize,
    mut defined: Option<&mut Vec<i16>>,
    mut repeated: Option<&mut Vec<i16>>,
    reader: &mut ColumnReaderImpl<T>,
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let mut read = 0;
    while read < rows {
        let defined = defined.as_deref_mut();
        let (records, ..) = reader.read_records(rows - read, defined, repeated.as_deref_mut(), values)?;
        if records == 0 {
            return Err(ParquetError::EOF("a column has fewer rows than its group".to_owned()));
        }
        read += records;
    }
    Ok(())
}
