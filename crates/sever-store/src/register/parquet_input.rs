//! A register's rows from Parquet, column by column, without Arrow.
//!
//! Ids may be text or integers, times timestamps, dates, integers or text, membership booleans,
//! integers or text. Nested and repeated columns are passed over.

use std::borrow::Cow;
use std::fs::File;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use sever_model::EventTime;
use sever_model::port::{Reason, Reject};

use super::build::{Intake, Subject};
use super::{RegisterError, RegisterInput, columns};

/// Rows read at once.
const BATCH_ROWS: usize = 8_192;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Reads the table, and says which columns were read.
pub(super) fn read(input: &RegisterInput, intake: &mut Intake<'_>) -> Result<[Option<String>; 4], RegisterError> {
    let path = &input.path;
    let broken = |error: ParquetError| RegisterError::Input { path: path.clone(), what: error.to_string(), hint: None };
    let file = File::open(path).map_err(|error| RegisterError::File { path: path.clone(), error })?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let flat = |column: &ColumnDescriptor| column.max_rep_level() == 0 && column.path().parts().len() == 1;
    let header: Vec<String> = schema
        .columns()
        .iter()
        .map(|column| if flat(column) { column.name().to_owned() } else { String::new() })
        .collect();
    let found = input.columns.find(&header);
    let at = found.map_err(|(what, hint)| RegisterError::Input { path: path.clone(), what, hint })?;
    let names = at.map(|at| at.and_then(|at| header.get(at).cloned()));
    let kinds = names.last().is_some_and(|name| name.as_deref().is_some_and(columns::holds_kinds));
    let total = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);

    let mut row = 0;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(broken)?;
        let mut columns = Vec::new();
        for at in at {
            columns.push(at.map(|at| Column::open(&*group, at)).transpose().map_err(broken)?);
        }
        let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        while left > 0 {
            let batch = left.min(BATCH_ROWS);
            for column in columns.iter_mut().flatten() {
                column.read(batch).map_err(broken)?;
            }
            for at in 0..batch {
                row += 1;
                let cell =
                    |column: usize| columns.get(column).and_then(Option::as_ref).map_or(Cell::Absent, |it| it.cell(at));
                match take(cell, kinds, input, intake) {
                    Ok(done) => done?,
                    Err(reason) => intake.reject(|| Reject { offset: 0, line: Some(row), bytes: 0, reason }),
                }
                intake.progress(row, total);
            }
            left -= batch;
        }
    }
    Ok(names)
}

/// Takes one row; a row that cannot be read is the outer error.
fn take<'a>(
    cell: impl Fn(usize) -> Cell<'a>,
    kinds: bool,
    input: &RegisterInput,
    intake: &mut Intake<'_>,
) -> Result<Result<(), RegisterError>, Reason> {
    let id = match cell(0) {
        Cell::Absent | Cell::Bool(_) | Cell::Time(_) => return Err(Reason::Missing("id")),
        Cell::Number(number) => Cow::Owned(number.to_string().into_bytes()),
        Cell::Text(text) => Cow::Borrowed(text?.trim().as_bytes()),
    };
    if id.is_empty() {
        return Err(Reason::Missing("id"));
    }
    let time = |cell: Cell<'a>, read: fn(&str, &sever_model::Zone) -> Result<Option<EventTime>, Reason>| match cell {
        Cell::Absent | Cell::Bool(_) => Ok(None),
        Cell::Number(number) => Ok(Some(columns::since_epoch(number))),
        Cell::Time(time) => Ok(Some(time)),
        Cell::Text(text) => read(text?, &input.zone),
    };
    let member = match cell(3) {
        Cell::Absent | Cell::Time(_) => true,
        Cell::Bool(member) => member,
        Cell::Number(number) => number != 0,
        Cell::Text(text) => columns::member(text?, kinds)?,
    };
    let (created, deleted) = (time(cell(1), columns::created)?, time(cell(2), columns::deleted)?);
    Ok(intake.take(&Subject { id: &id, created, deleted, member }))
}

/// One value.
enum Cell<'a> {
    Absent,
    Bool(bool),
    Number(i64),
    Time(EventTime),
    Text(Result<&'a str, Reason>),
}

/// How integers of a column are to be read.
#[derive(Clone, Copy)]
enum Meaning {
    Number,
    Millis,
    Micros,
    Nanos,
    Days,
}

/// One column of a row group, a batch at a time.
struct Column {
    reader: ColumnReader,
    meaning: Meaning,
    optional: bool,
    levels: Vec<i16>,
    /// Where each row's value stands in `values`; nothing where it is null.
    places: Vec<Option<usize>>,
    values: Values,
}

#[derive(Default)]
struct Values {
    bools: Vec<bool>,
    numbers: Vec<i64>,
    texts: Vec<ByteArray>,
}

impl Column {
    fn open(group: &dyn RowGroupReader, at: usize) -> Result<Column, ParquetError> {
        let descriptor = group.metadata().column(at).column_descr_ptr();
        Ok(Column {
            reader: group.get_column_reader(at)?,
            meaning: meaning(&descriptor),
            optional: descriptor.max_def_level() > 0,
            levels: Vec::new(),
            places: Vec::new(),
            values: Values::default(),
        })
    }

    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.levels.clear();
        let Values { bools, numbers, texts } = &mut self.values;
        bools.clear();
        numbers.clear();
        texts.clear();
        let mut read = 0;
        while read < rows {
            let (want, levels) = (rows - read, Some(&mut self.levels));
            let got = match &mut self.reader {
                ColumnReader::BoolColumnReader(reader) => reader.read_records(want, levels, None, bools)?.0,
                ColumnReader::Int64ColumnReader(reader) => reader.read_records(want, levels, None, numbers)?.0,
                ColumnReader::Int32ColumnReader(reader) => {
                    let mut narrow = Vec::with_capacity(want);
                    let got = reader.read_records(want, levels, None, &mut narrow)?.0;
                    numbers.extend(narrow.into_iter().map(i64::from));
                    got
                }
                ColumnReader::ByteArrayColumnReader(reader) => reader.read_records(want, levels, None, texts)?.0,
                ColumnReader::Int96ColumnReader(reader) => {
                    let mut wide = Vec::with_capacity(want);
                    let got = reader.read_records(want, levels, None, &mut wide)?.0;
                    numbers.extend(wide.iter().map(parquet::data_type::Int96::to_micros));
                    got
                }
                _ => {
                    let what = "a column is of a type that is no id, time or yes-or-no";
                    return Err(ParquetError::General(what.to_owned()));
                }
            };
            if got == 0 {
                return Err(ParquetError::EOF("a column is shorter than its row group".to_owned()));
            }
            read += got;
        }
        let mut next = 0;
        self.places.clear();
        for at in 0..rows {
            let present = !self.optional || self.levels.get(at).is_some_and(|level| *level > 0);
            self.places.push(present.then_some(next));
            next += usize::from(present);
        }
        Ok(())
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        let Some(at) = self.places.get(row).copied().flatten() else { return Cell::Absent };
        if let Some(text) = self.values.texts.get(at) {
            return Cell::Text(std::str::from_utf8(text.data()).map_err(|_| Reason::NotUtf8));
        }
        if let Some(yes) = self.values.bools.get(at) {
            return Cell::Bool(*yes);
        }
        let Some(number) = self.values.numbers.get(at).copied() else { return Cell::Absent };
        let micros = match self.meaning {
            Meaning::Number => return Cell::Number(number),
            Meaning::Millis => number.saturating_mul(1_000),
            Meaning::Micros => number,
            Meaning::Nanos => number.div_euclid(1_000),
            Meaning::Days => number.saturating_mul(MICROS_PER_DAY),
        };
        Cell::Time(EventTime::from_micros(micros))
    }
}

fn meaning(column: &ColumnDescriptor) -> Meaning {
    if column.physical_type() == parquet::basic::Type::INT96 {
        return Meaning::Micros;
    }
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(it)), _) => match it.unit {
            TimeUnit::MILLIS => Meaning::Millis,
            TimeUnit::MICROS => Meaning::Micros,
            TimeUnit::NANOS => Meaning::Nanos,
        },
        (Some(LogicalType::Date), _) | (_, ConvertedType::DATE) => Meaning::Days,
        (_, ConvertedType::TIMESTAMP_MILLIS) => Meaning::Millis,
        (_, ConvertedType::TIMESTAMP_MICROS) => Meaning::Micros,
        _ => Meaning::Number,
    }
}
