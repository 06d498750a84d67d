//! One file being read: decompressed, decoded, and how far the merge has got in it.

use std::io::Read;

use sever_decode::{Accounting, LogStream};
use sever_model::port::EventSink;
use sever_model::{Batch, EventTime, Limits, Row, Symbols};

use super::{LogInput, LogReport};
use crate::{EngineError, Progress};

pub(super) struct Cursor {
    input: LogInput,
    state: State,
    batch: Batch,
    /// The first row not yet handed out.
    row: usize,
    /// The latest time handed out or waiting: the file's place in the order.
    reached: EventTime,
    first: Option<EventTime>,
    last: Option<EventTime>,
    accounting: Accounting,
    broken: Option<String>,
}

enum State {
    /// Not opened, or closed again after a look at its first record.
    Waiting,
    Open(Box<dyn Read>, Box<LogStream>),
    Done,
}

/// Puts a decoder's rows into a batch.
struct Sink<'a> {
    batch: &'a mut Batch,
    symbols: &'a mut Symbols,
}

impl EventSink for Sink<'_> {
    fn push(&mut self, row: &Row<'_>) {
        self.batch.push(row, self.symbols);
    }
}

impl Cursor {
    pub(super) fn new(input: LogInput) -> Cursor {
        Cursor {
            input,
            state: State::Waiting,
            batch: Batch::new(),
            row: 0,
            reached: EventTime::MIN,
            first: None,
            last: None,
            accounting: Accounting::default(),
            broken: None,
        }
    }

    /// The time of the first event. A small file stays open; a larger one is closed again, so that
    /// a thousand of them need not be held at once.
    pub(super) fn peek(
        &mut self,
        chunk: &mut [u8],
        symbols: &mut Symbols,
        limits: &Limits,
    ) -> Result<Option<EventTime>, EngineError> {
        self.start(limits)?;
        self.fill(chunk, symbols, &mut crate::Quiet);
        let time = self.head();
        if !matches!(self.state, State::Done) {
            self.state = State::Waiting;
            self.batch = Batch::new();
            self.reached = EventTime::MIN;
        }
        Ok(time)
    }

    /// Opens the file, if it is not open, and decodes its first rows.
    pub(super) fn open(
        &mut self,
        chunk: &mut [u8],
        symbols: &mut Symbols,
        limits: &Limits,
        progress: &mut dyn Progress,
    ) -> Result<(), EngineError> {
        if matches!(self.state, State::Waiting) {
            self.start(limits)?;
            self.fill(chunk, symbols, progress);
            self.head();
        }
        Ok(())
    }

    /// Hands out the rows from where it stands for as long as `within` allows, at least one.
    pub(super) fn advance(&mut self, within: impl Fn(EventTime) -> bool) -> (usize, usize) {
        let from = self.row;
        let times = self.batch.times();
        while let Some(time) = times.get(self.row) {
            let reached = self.reached.max(*time);
            if self.row > from && !within(reached) {
                break;
            }
            self.reached = reached;
            self.row += 1;
        }
        (from, self.row)
    }

    /// Decodes more where the batch is used up, and says what time the next row has.
    pub(super) fn refill(
        &mut self,
        chunk: &mut [u8],
        symbols: &mut Symbols,
        _limits: &Limits,
        progress: &mut dyn Progress,
    ) -> Result<Option<EventTime>, EngineError> {
        if self.row >= self.batch.len() {
            self.fill(chunk, symbols, progress);
        }
        Ok(self.head())
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(super) fn report(&self) -> LogReport {
        let accounting = match &self.state {
            State::Open(_, stream) => stream.accounting().clone(),
            _ => self.accounting.clone(),
        };
        LogReport {
            source: self.input.source.clone(),
            accounting,
            first: self.first,
            last: self.last,
            broken: self.broken.clone(),
        }
    }

    /// The place in the order of the next row.
    fn head(&self) -> Option<EventTime> {
        self.batch.times().get(self.row).map(|time| self.reached.max(*time))
    }

    fn start(&mut self, limits: &Limits) -> Result<(), EngineError> {
        let named = || self.input.source.id.to_string();
        let reader = (self.input.open)().map_err(|error| EngineError::Read { path: named(), error })?;
        let stream = LogStream::of(self.input.format, self.input.mapping.as_ref(), limits);
        let stream = stream.map_err(|error| EngineError::Mapping { log: named(), what: error.to_string() })?;
        self.state = State::Open(reader, Box::new(stream));
        (self.first, self.last) = (None, None);
        Ok(())
    }

    /// Decodes until there are rows or the file ends. A read that fails ends the file and is told.
    fn fill(&mut self, chunk: &mut [u8], symbols: &mut Symbols, progress: &mut dyn Progress) {
        self.batch.clear();
        self.row = 0;
        while self.batch.is_empty() {
            let State::Open(reader, stream) = &mut self.state else { break };
            let mut sink = Sink { batch: &mut self.batch, symbols };
            let read = reader.read(chunk);
            if let Ok(count @ 1..) = read {
                progress.advance(count as u64);
                stream.feed(chunk.get(..count).unwrap_or_default(), &mut sink);
                continue;
            }
            if let Err(error) = read {
                if error.kind() == std::io::ErrorKind::Interrupted {
                    continue;
                }
                self.broken = Some(error.to_string());
            }
            stream.finish(&mut sink);
            self.accounting = stream.accounting().clone();
            self.state = State::Done;
        }
        let times = self.batch.times();
        let first = self.first.into_iter().chain(times.iter().copied()).min();
        let last = self.last.into_iter().chain(times.iter().copied()).max();
        (self.first, self.last) = (first, last);
    }
}
