//! Reads judged uses back, skipping row groups that cannot hold what is asked for.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use sever_model::{EventTime, Stage};

use crate::LakeError;
use crate::manifest::Manifest;
use crate::row::{NO_COUNT, NUMBERS, Pivot, TEXTS, UseRow, judgement, outcome, stage};

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
type Retracted = HashSet<(Box<str>, u64, &'static str)>;

/// Hands over every row that counts and is wanted, segment by segment.
///
/// # Errors
/// When a file of the lake is missing or damaged: what it held is then unknown, and no answer is
/// better than a wrong one.
pub fn read(dir: &Path, filter: &Filter, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<u64, LakeError> {
    let mut rows = 0;
    for segment in Manifest::load(dir)?.segments {
        let path = dir.join(&segment.file);
        let file = File::open(&path).map_err(|error| LakeError::File { path: path.clone(), error })?;
        let damaged = |error: ParquetError| LakeError::Damaged { path: path.clone(), what: error.to_string() };
        let reader = SerializedFileReader::new(file).map_err(damaged)?;
        let mut retracted = Retracted::new();
        for at in 0..if segment.retracted > 0 { reader.num_row_groups() } else { 0 } {
            let group = reader.get_row_group(at).map_err(damaged)?;
            Columns::read(&*group).map_err(damaged)?.each(|row| {
                if row.stage == Stage::Retracted {
                    retracted.insert((row.source.into(), row.offset, said(row)));
                }
            });
        }
        let stands = |row: &UseRow<'_>| {
            row.stage != Stage::Retracted
                && (retracted.is_empty() || !retracted.contains(&(row.source.into(), row.offset, said(row))))
        };
        for at in 0..reader.num_row_groups() {
            if !may_hold(reader.metadata().row_group(at), filter) {
                continue;
            }
            let group = reader.get_row_group(at).map_err(damaged)?;
            let columns = Columns::read(&*group).map_err(damaged)?;
            rows += columns.each(|row| {
                if segment.sources.contains(row.source) && wanted(row, filter) && stands(row) {
                    each(row);
                }
            });
        }
    }
    Ok(rows)
}

/// Hands over every row of one segment, those taken back and those that take them back too.
pub(crate) fn read_all(path: &Path, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<(), LakeError> {
    let file = File::open(path).map_err(|error| LakeError::File { path: path.to_owned(), error })?;
    let damaged = |error: ParquetError| LakeError::Damaged { path: path.to_owned(), what: error.to_string() };
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at).map_err(damaged)?;
        Columns::read(&*group).map_err(damaged)?.each(&mut *each);
    }
    Ok(())
}

fn said(row: &UseRow<'_>) -> &'static str {
    row.judgement.map_or("", |judgement| judgement.word())
}

fn wanted(row: &UseRow<'_>, filter: &Filter) -> bool {
    filter.from.is_none_or(|from| row.time >= from)
        && filter.to.is_none_or(|to| row.time < to)
        && filter.thing.as_ref().is_none_or(|(pivot, value)| pivot.of(row) == value)
}

/// Whether a group's statistics leave room for a wanted row.
fn may_hold(group: &RowGroupMetaData, filter: &Filter) -> bool {
    if let Some(Statistics::Int64(times)) = group.column(0).statistics() {
        let after = |from: EventTime| times.max_opt().is_none_or(|max| *max >= from.micros());
        let before = |to: EventTime| times.min_opt().is_none_or(|min| *min < to.micros());
        if !filter.from.is_none_or(after) || !filter.to.is_none_or(before) {
            return false;
        }
    }
    // A network's addresses do not stand between the bounds of its name.
    let Some((pivot, value)) = filter.thing.as_ref().filter(|(pivot, _)| *pivot != Pivot::Network) else { return true };
    let column = group.columns().iter().find(|column| column.column_descr().name() == pivot.column());
    let Some(Statistics::ByteArray(texts)) = column.and_then(|column| column.statistics()) else { return true };
    // Statistics may be cut short, which keeps them bounds: min only gets smaller, max larger.
    let (min, max) = (texts.min_bytes_opt(), texts.max_bytes_opt());
    min.is_none_or(|min| min <= value.as_bytes()) && max.is_none_or(|max| max >= value.as_bytes())
}

/// One row group, in columns.
struct Columns {
    numbers: Vec<Vec<i64>>,
    /// The text columns and `subject_ref`.
    texts: Vec<Vec<ByteArray>>,
    subjects: Vec<ByteArray>,
    /// Where each row's subjects begin; one longer than the rows.
    starts: Vec<usize>,
}

impl Columns {
    fn read(group: &dyn RowGroupReader) -> Result<Columns, ParquetError> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut columns = Columns { numbers: Vec::new(), texts: Vec::new(), subjects: Vec::new(), starts: vec![0] };
        for at in 0..NUMBERS {
            let mut values = Vec::with_capacity(rows);
            let mut reader = get_typed_column_reader::<Int64Type>(group.get_column_reader(at)?);
            while reader.read_records(rows - values.len().min(rows), None, None, &mut values)?.0 > 0 {}
            columns.numbers.push(values);
        }
        for at in NUMBERS..NUMBERS + TEXTS.len() + 1 {
            let mut values = Vec::with_capacity(rows);
            let mut reader = get_typed_column_reader::<ByteArrayType>(group.get_column_reader(at)?);
            while reader.read_records(rows - values.len().min(rows), None, None, &mut values)?.0 > 0 {}
            columns.texts.push(values);
        }
        let (mut defined, mut repeated) = (Vec::new(), Vec::new());
        let column = group.get_column_reader(NUMBERS + TEXTS.len() + 1)?;
        let mut reader = get_typed_column_reader::<ByteArrayType>(column);
        while reader.read_records(rows, Some(&mut defined), Some(&mut repeated), &mut columns.subjects)?.0 > 0 {}
        let mut values = 0;
        for (at, (defined, repeated)) in defined.iter().zip(&repeated).enumerate() {
            if *repeated == 0 && at > 0 {
                columns.starts.push(values);
            }
            values += usize::from(*defined > 0);
        }
        columns.starts.push(values);
        Ok(columns)
    }

    /// Hands over each row; how many there were.
    fn each(&self, mut each: impl FnMut(&UseRow<'_>)) -> u64 {
        let times = self.numbers.first().map_or(&[][..], Vec::as_slice);
        let mut subjects: Vec<&str> = Vec::new();
        for (at, time) in times.iter().enumerate() {
            let text = |column: usize| {
                let value = self.texts.get(column).and_then(|values| values.get(at));
                value.and_then(|value| std::str::from_utf8(value.data()).ok()).unwrap_or("")
            };
            let number = |column: usize| self.numbers.get(column).and_then(|values| values.get(at)).copied();
            let range = self.starts.get(at).copied().unwrap_or(0)..self.starts.get(at + 1).copied().unwrap_or(0);
            let values = self.subjects.get(range).unwrap_or_default().iter();
            subjects.clear();
            subjects.extend(values.filter_map(|value| std::str::from_utf8(value.data()).ok()));
            each(&UseRow {
                time: EventTime::from_micros(*time),
                kind: text(0),
                outcome: outcome(text(1)),
                judgement: judgement(text(2), text(3)),
                stage: stage(text(4)),
                source: text(5),
                offset: number(1).and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0),
                issuer: text(6),
                key_id: text(7),
                credential: text(8),
                session: text(9),
                token_subject: text(10),
                account: text(11),
                person: text(12),
                source_ip: text(13),
                user_agent: text(14),
                resource: text(15),
                fields: text(16),
                data_subjects: &subjects,
                subject_count: number(2).filter(|count| *count != NO_COUNT).and_then(|count| u64::try_from(count).ok()),
                subject_ref: text(17),
            });
        }
        times.len() as u64
    }
}
