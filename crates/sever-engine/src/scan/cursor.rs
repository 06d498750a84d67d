//! One file being read: decompressed, decoded, and how far the merge has got in it.
//!
//! A reader that says [`io::ErrorKind::WouldBlock`] is of a file that is still being written: it is
//! asked again later. Such a file may be one that was read before, up to some row: those before it are
//! decoded again, for what later ones may need of them, and not handed out.

use std::io::{self, Read};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sever_decode::{Accounting, LogStream};
use sever_model::port::EventSink;
use sever_model::{Batch, EventTime, Limits, Row, Symbols};

use super::{LogInput, LogReport};
use crate::{EngineError, Progress};

pub(crate) struct Cursor {
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
    place: Place,
    /// Rows yet to be decoded again without being handed out.
    skip: u64,
    /// Bytes fed to the stream.
    fed: u64,
    idle: bool,
    /// When the rows at hand were read.
    arrived: Duration,
    now: Duration,
}

/// How far a file that is being written has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Rows handed out.
    pub(crate) rows: u64,
    /// After how many bytes it was decided how it is read, where that was before its head was whole.
    pub(crate) decided: Option<u64>,
    /// Records that begin before this are another's, and not handed out.
    pub(crate) from: u64,
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
    /// Rows that were handed out before.
    skip: &'a mut u64,
    from: u64,
    reached: &'a mut EventTime,
}

impl EventSink for Sink<'_> {
    fn push(&mut self, row: &Row<'_>) {
        if row.offset < self.from {
            return;
        }
        if *self.skip > 0 {
            *self.skip -= 1;
            *self.reached = (*self.reached).max(row.time);
            return;
        }
        self.batch.push(row, self.symbols);
    }
}

impl Cursor {
    pub(crate) fn new(input: LogInput) -> Cursor {
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
            place: Place::default(),
            skip: 0,
            fed: 0,
            idle: true,
            arrived: Duration::ZERO,
            now: Duration::ZERO,
        }
    }

    /// Of a file that was read up to a place before.
    pub(crate) fn from(input: LogInput, place: Place) -> Cursor {
        Cursor { skip: place.rows, place, ..Cursor::new(input) }
    }

    /// How far it has been read.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether it has nothing now and may have more.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle && !matches!(self.state, State::Done)
    }

    /// Whether all of it has been handed out.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done) && self.row >= self.batch.len()
    }

    /// The latest time handed out: its place in the order.
    pub(crate) fn reached(&self) -> EventTime {
        self.reached
    }

    /// When the rows at hand were read.
    pub(crate) fn arrived(&self) -> Duration {
        self.arrived
    }

    /// Says what time it is, for what is read from now on.
    pub(crate) fn tick(&mut self, now: Duration) {
        self.now = now;
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
            self.place = Place::default();
            self.fed = 0;
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
    pub(super) fn advance(&mut self, mut within: impl FnMut(EventTime) -> bool) -> (usize, usize) {
        let from = self.row;
        let times = self.batch.times();
        while let Some(time) = times.get(self.row) {
            let reached = self.reached.max(*time);
            if self.row > from && !within(reached) {
                break;
            }
            self.reached = reached;
            self.row += 1;
            self.place.rows += 1;
        }
        (from, self.row)
    }

    /// Decodes more where the batch is used up, and says what time the next row has.
    pub(super) fn refill(
        &mut self,
        chunk: &mut [u8],
        symbols: &mut Symbols,
        limits: &Limits,
        progress: &mut dyn Progress,
    ) -> Result<Option<EventTime>, EngineError> {
        if self.row >= self.batch.len() {
            if matches!(self.state, State::Waiting) {
                self.start(limits)?;
            }
            self.fill(chunk, symbols, progress);
        }
        Ok(self.head())
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(crate) fn report(&self) -> LogReport {
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

    /// Decodes until there are rows, or there is nothing more now, or the file ends. A read that fails
    /// ends the file and is told.
    fn fill(&mut self, chunk: &mut [u8], symbols: &mut Symbols, progress: &mut dyn Progress) {
        self.batch.clear();
        self.row = 0;
        self.idle = false;
        let Cursor { state, batch, skip, reached, place, fed, .. } = self;
        while batch.is_empty() {
            let State::Open(reader, stream) = state else { break };
            let mut sink = Sink { batch, symbols, skip, from: place.from, reached };
            // Where it was decided early how to read it, it is decided there again.
            let room = place.decided.and_then(|at| usize::try_from(at.checked_sub(*fed)?).ok());
            let room = room.filter(|room| *room > 0).map_or(chunk.len(), |room| room.min(chunk.len()));
            let read = reader.read(chunk.get_mut(..room).unwrap_or_default());
            if let Ok(count @ 1..) = read {
                progress.advance(count as u64);
                stream.feed(chunk.get(..count).unwrap_or_default(), &mut sink);
                *fed += count as u64;
                if place.decided == Some(*fed) {
                    stream.decide(&mut sink);
                }
                continue;
            }
            if let Err(error) = read {
                match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => {
                        if stream.decide(&mut sink) {
                            place.decided = Some(*fed);
                        }
                        self.idle = batch.is_empty();
                        break;
                    }
                    _ => self.broken = Some(error.to_string()),
                }
            }
            stream.finish(&mut sink);
            self.accounting = stream.accounting().clone();
            *state = State::Done;
        }
        self.arrived = self.now;
        if self.batch.is_empty() && matches!(self.state, State::Done) {
            self.batch = Batch::new();
        }
        let times = self.batch.times();
        let first = self.first.into_iter().chain(times.iter().copied()).min();
        let last = self.last.into_iter().chain(times.iter().copied()).max();
        (self.first, self.last) = (first, last);
    }
}
